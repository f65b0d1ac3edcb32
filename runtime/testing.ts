/**
 * A hostile peer: the other side of a queue, free to write anything into the ring.
 *
 * Point it at your own device or driver: enable a queue, run every attack of {@linkcode driverAttacks} or
 * {@linkcode deviceAttacks} against it, notify, and check that it refuses the queue and goes on living.
 *
 * @module
 */

import {
  DESC_F_AVAIL,
  DESC_F_INDIRECT,
  DESC_F_NEXT,
  DESC_F_USED,
  DESC_F_WRITE,
  DESCRIPTOR_BYTES,
} from "./layout.ts";
import { TABLE_MAX } from "./indirect.ts";
import type { GuestMemory } from "./memory.ts";
import type { QueueFormat, QueueLayout } from "./queue.ts";
import { ringSizes } from "./ring_sizes.ts";

/** A descriptor to write; what is left out is a readable element of 16 bytes in the peer's own buffer. */
export interface RawDescriptor {
  /** Guest address, any 64 bits. */
  readonly address?: number | bigint;
  /** Bytes, any 32 bits. */
  readonly length?: number;
  /** Flags but those that say whose turn a packed descriptor is. */
  readonly flags?: number;
  /** Split ring: next descriptor; packed ring: buffer id. */
  readonly next?: number;
  /** Packed ring: whether the flags say "available" (true when not given), or neither. */
  readonly available?: boolean;
}

/** The other side of a queue in its first lap, with raw access to the ring. */
export class HostilePeer {
  /** Where the ring is. */
  readonly layout: QueueLayout;
  /** Guest address of memory that is the peer's own: 4096 bytes at least. */
  readonly buffer: number;
  readonly #memory: GuestMemory;
  readonly #desc: DataView;
  readonly #driver: DataView;
  readonly #device: DataView;

  /** The peer of a queue that lies at `layout`, with 4096 bytes of its own at `buffer`. */
  constructor(memory: GuestMemory, layout: QueueLayout, buffer: number) {
    const sizes = ringSizes(layout.format, layout.size);
    this.layout = layout;
    this.buffer = buffer;
    this.#memory = memory;
    this.#desc = dataView(memory, layout.desc, sizes.desc.size);
    this.#driver = dataView(memory, layout.driver, sizes.driver.size);
    this.#device = dataView(memory, layout.device, sizes.device.size);
  }

  /** Writes a descriptor of the ring. */
  describe(at: number, raw: RawDescriptor): void {
    const turn = this.layout.format === "packed" && raw.available !== false ? DESC_F_AVAIL : 0;
    this.#put(this.#desc, at, raw, turn);
  }

  /** Writes a descriptor of a table that lies at `table`. */
  describeIn(table: number, at: number, raw: RawDescriptor): void {
    const view = dataView(this.#memory, table + at * DESCRIPTOR_BYTES, DESCRIPTOR_BYTES);
    this.#put(view, 0, raw, 0);
  }

  /** Split ring: puts a head into a slot of the available ring. */
  offer(slot: number, head: number): void {
    this.#driver.setUint16(4 + 2 * slot, head, true);
  }

  /** Split ring: sets the available index. */
  setAvail(index: number): void {
    this.#driver.setUint16(2, index, true);
  }

  /** Split ring: fills a slot of the used ring. */
  use(slot: number, id: number, length: number): void {
    this.#device.setUint32(4 + 8 * slot, id, true);
    this.#device.setUint32(8 + 8 * slot, length, true);
  }

  /** Split ring: sets the used index. */
  setUsed(index: number): void {
    this.#device.setUint16(2, index, true);
  }

  /** Packed ring: writes a used descriptor of the first lap. */
  usePacked(at: number, id: number, length: number): void {
    const flags = DESC_F_AVAIL | DESC_F_USED | DESC_F_WRITE;
    this.#desc.setUint32(at * 16 + 8, length, true);
    this.#desc.setUint16(at * 16 + 12, id, true);
    this.#desc.setUint16(at * 16 + 14, flags, true);
  }

  /** Fills the driver's flags and event fields with 16-bit values. */
  setDriverEvents(flags: number, event: number): void {
    if (this.layout.format === "packed") {
      this.#driver.setUint16(0, event, true);
      this.#driver.setUint16(2, flags, true);
    } else {
      this.#driver.setUint16(0, flags, true);
      this.#driver.setUint16(4 + 2 * this.layout.size, event, true);
    }
  }

  /** Fills the device's flags and event fields with 16-bit values. */
  setDeviceEvents(flags: number, event: number): void {
    if (this.layout.format === "packed") {
      this.#device.setUint16(0, event, true);
      this.#device.setUint16(2, flags, true);
    } else {
      this.#device.setUint16(0, flags, true);
      this.#device.setUint16(4 + 8 * this.layout.size, event, true);
    }
  }

  /** Makes the chain available that starts at descriptor 0, as the first of the queue. */
  submit(): void {
    if (this.layout.format === "packed") return; // its flags say so
    this.offer(0, 0);
    this.setAvail(1);
  }

  #put(view: DataView, at: number, raw: RawDescriptor, turn: number): void {
    const flags = (raw.flags ?? 0) | turn;
    const packed = this.layout.format === "packed";
    view.setBigUint64(at * 16, BigInt.asUintN(64, BigInt(raw.address ?? this.buffer)), true);
    view.setUint32(at * 16 + 8, raw.length ?? 16, true);
    view.setUint16(at * 16 + (packed ? 12 : 14), raw.next ?? 0, true);
    view.setUint16(at * 16 + (packed ? 14 : 12), flags, true);
  }
}

/** One way to break the rules. */
export interface Attack {
  /** What is wrong, in a few words. */
  readonly name: string;
  /** The format that it concerns; both when not given. */
  readonly format?: QueueFormat;
  /** Field that the PeerError names. */
  readonly field: string;
  /** Whether VIRTIO_F_INDIRECT_DESC is negotiated; true when not given. */
  readonly indirect?: boolean;
  /** Does it, on a queue of at least 4 entries, untouched until then but for what the attack says it needs. */
  run(peer: HostilePeer): void;
}

const IN_TABLE = { address: 0, length: 16, flags: DESC_F_INDIRECT };

/** What a driver may do to a device; none of it gives a buffer. The device finds it at its next pop. */
export const driverAttacks: readonly Attack[] = [
  attack("available index ahead of the ring", "avail.idx", "split", (peer) => {
    peer.setAvail(peer.layout.size + 1);
  }),
  attack("available index behind ours", "avail.idx", "split", (peer) => peer.setAvail(0xffff)),
  attack("head beyond the table", "avail.ring", "split", (peer) => {
    peer.offer(0, peer.layout.size);
    peer.setAvail(1);
  }),
  attack("next beyond the table", "next", "split", (peer) => {
    peer.describe(0, { flags: DESC_F_NEXT, next: peer.layout.size });
    peer.submit();
  }),
  attack("descriptor that is its own next", "next", "split", (peer) => {
    peer.describe(0, { flags: DESC_F_NEXT, next: 0 });
    peer.submit();
  }),
  attack("loop over two descriptors", "next", "split", (peer) => {
    peer.describe(0, { flags: DESC_F_NEXT, next: 1 });
    peer.describe(1, { flags: DESC_F_NEXT, next: 0 });
    peer.submit();
  }),
  attack("list without an end", "flags", "packed", (peer) => {
    for (let at = 0; at < peer.layout.size; at++) peer.describe(at, { flags: DESC_F_NEXT });
  }),
  attack("list whose second descriptor is not available", "flags", "packed", (peer) => {
    peer.describe(0, { flags: DESC_F_NEXT });
    peer.describe(1, { available: false });
  }),
  attack("indirect descriptor within a list", "flags", "packed", (peer) => {
    peer.describe(0, { flags: DESC_F_NEXT });
    peer.describe(1, { ...IN_TABLE, address: peer.buffer });
  }),
  attack("indirect without the feature", "flags", undefined, (peer) => {
    peer.describe(0, { ...IN_TABLE, address: peer.buffer });
    peer.describeIn(peer.buffer, 0, {});
    peer.submit();
  }, false),
  attack("indirect and next together", "flags", undefined, (peer) => {
    peer.describe(0, { ...IN_TABLE, address: peer.buffer, flags: DESC_F_INDIRECT | DESC_F_NEXT });
    peer.describeIn(peer.buffer, 0, {});
    peer.submit();
  }),
  attack("indirect table in an indirect table", "flags", "split", (peer) => {
    peer.describe(0, { ...IN_TABLE, address: peer.buffer });
    peer.describeIn(peer.buffer, 0, { ...IN_TABLE, address: peer.buffer });
    peer.submit();
  }),
  ...[0, 15, 17].map((length) =>
    attack(`indirect table of ${length} bytes`, "indirect table", undefined, (peer) => {
      peer.describe(0, { ...IN_TABLE, address: peer.buffer, length });
      peer.describeIn(peer.buffer, 0, {});
      peer.submit();
    })
  ),
  attack("indirect table outside memory", "indirect table", undefined, (peer) => {
    peer.describe(0, { ...IN_TABLE, address: 2 ** 52 });
    peer.submit();
  }),
  attack("next beyond the indirect table", "next", "split", (peer) => {
    peer.describe(0, { ...IN_TABLE, address: peer.buffer });
    peer.describeIn(peer.buffer, 0, { flags: DESC_F_NEXT, next: 1 });
    peer.describeIn(peer.buffer, 1, {});
    peer.submit();
  }),
  attack("loop in an indirect table", "next", "split", (peer) => {
    peer.describe(0, { ...IN_TABLE, address: peer.buffer });
    peer.describeIn(peer.buffer, 0, { flags: DESC_F_NEXT, next: 0 });
    peer.submit();
  }),
  attack("indirect table longer than devices take", "indirect table", "packed", (peer) => {
    const length = (Math.max(peer.layout.size, TABLE_MAX) + 1) * DESCRIPTOR_BYTES;
    peer.describe(0, { ...IN_TABLE, address: peer.buffer, length });
  }),
  attack("element outside memory", "addr", undefined, (peer) => {
    peer.describe(0, { address: 2 ** 52 });
    peer.submit();
  }),
  attack("element that ends outside memory", "addr", undefined, (peer) => {
    peer.describe(0, { length: 0xffffffff });
    peer.submit();
  }),
  attack("element that wraps around 2^64", "addr", undefined, (peer) => {
    peer.describe(0, { address: -8n });
    peer.submit();
  }),
  attack("element of no bytes", "len", undefined, (peer) => {
    peer.describe(0, { length: 0 });
    peer.submit();
  }),
  attack("element of no bytes at the end of a chain", "len", undefined, (peer) => {
    peer.describe(0, { flags: DESC_F_NEXT, next: 1 });
    peer.describe(1, { length: 0 });
    peer.submit();
  }),
  attack("readable element after a writable one", "flags", undefined, (peer) => {
    peer.describe(0, { flags: DESC_F_WRITE | DESC_F_NEXT, next: 1 });
    peer.describe(1, {});
    peer.submit();
  }),
  secondInTable("readable element after a writable one", "flags", {}),
  secondInTable("element outside memory", "addr", { address: 2 ** 52, flags: DESC_F_WRITE }),
  secondInTable("element that ends outside memory", "addr", {
    length: 1 << 20,
    flags: DESC_F_WRITE,
  }),
  secondInTable("element of no bytes", "len", { length: 0, flags: DESC_F_WRITE }),
];

/** What may be wrong with the second element of an indirect table, after one that the device writes. */
function secondInTable(name: string, field: string, second: RawDescriptor): Attack {
  return attack(`${name} in an indirect table`, field, undefined, (peer) => {
    peer.describe(0, { ...IN_TABLE, address: peer.buffer, length: 2 * DESCRIPTOR_BYTES });
    peer.describeIn(peer.buffer, 0, { flags: DESC_F_WRITE | DESC_F_NEXT, next: 1 });
    peer.describeIn(peer.buffer, 1, second);
    peer.submit();
  });
}

/**
 * What a device may do to a driver that has added exactly one buffer, of 16 writable bytes, and kicked. The driver
 * finds it at its next collect. (The driver's first buffer has head or id 0.)
 */
export const deviceAttacks: readonly Attack[] = [
  attack("used index ahead of what is available", "used.idx", "split", (peer) => peer.setUsed(2)),
  attack("used index behind ours", "used.idx", "split", (peer) => peer.setUsed(0xffff)),
  attack("id beyond the table", "used.id", "split", (peer) => {
    peer.use(0, 0xffffffff, 0);
    peer.setUsed(1);
  }),
  attack("id that is not pending", "used.id", "split", (peer) => {
    peer.use(0, 1, 0);
    peer.setUsed(1);
  }),
  attack("length beyond the writable bytes", "used.len", "split", (peer) => {
    peer.use(0, 0, 17);
    peer.setUsed(1);
  }),
  attack("id beyond the ring", "id", "packed", (peer) => peer.usePacked(0, 0xffff, 0)),
  attack("id that is not pending", "id", "packed", (peer) => peer.usePacked(0, 1, 0)),
  attack("length beyond the writable bytes", "used.len", "packed", (peer) => {
    peer.usePacked(0, 0, 0xffffffff);
  }),
];

function attack(
  name: string,
  field: string,
  format: QueueFormat | undefined,
  run: (peer: HostilePeer) => void,
  indirect = true,
): Attack {
  return { name, field, indirect, run, ...(format === undefined ? {} : { format }) };
}

function dataView(memory: GuestMemory, address: number, length: number): DataView {
  const view = memory.view(address, length);
  if (view === undefined) throw new RangeError(`Cannot reach ${length} bytes at ${address}`);
  return new DataView(view.buffer, view.byteOffset, view.length);
}
