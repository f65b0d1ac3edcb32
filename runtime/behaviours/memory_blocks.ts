/**
 * Blocks of a memory device: which are plugged, and what may be done to them (VIRTIO 1.4, 5.15.6).
 * The memory itself stays with the user, whose handlers only see requests that can be served.
 *
 * @module
 */

import { DeviceBehaviour, type Handler, type Names } from "../behaviour.ts";
import { integer, list, refuseField } from "../snapshot.ts";
import { isPromise } from "../values.ts";

/** The device's enumerations. */
export interface MemoryBlocksCodes {
  /** How a request went. */
  readonly responseType: Names<"ACK" | "NACK" | "BUSY" | "ERROR">;
  /** State of a range of blocks. */
  readonly state: Names<"PLUGGED" | "UNPLUGGED" | "MIXED">;
}

/** What blocks use of their device. */
export interface MemoryBlocksHost {
  /** The configuration. */
  readonly settings: {
    readonly blockSize: bigint;
    readonly addr: bigint;
    readonly regionSize: bigint;
    readonly pluggedSize: bigint;
    readonly requestedSize: bigint;
  };
  /** Changes the configuration. */
  configure(changes: { pluggedSize: bigint }): void;
}

/** Blocks that a request names. */
export interface MemoryBlocksRequest {
  /** Guest address of the first one. */
  readonly addr: bigint;
  /** How many there are. */
  readonly nbBlocks: number;
}

/** How a request went, perhaps later. */
export type MemoryBlocksAnswer = number | Promise<number>;

/** Handlers of the user that blocks stand in front of. */
export interface MemoryBlocksUser {
  /** Makes unplugged blocks plugged; blocks are plugged without it too. */
  readonly plug?: Handler<[request: MemoryBlocksRequest], MemoryBlocksAnswer> | undefined;
  /** Makes plugged blocks unplugged. */
  readonly unplug?: Handler<[request: MemoryBlocksRequest], MemoryBlocksAnswer> | undefined;
  /** Makes all blocks unplugged. */
  readonly unplugAll?: Handler<[], MemoryBlocksAnswer> | undefined;
}

/** The handlers that take the place of the user's. */
export interface MemoryBlocksHandlers {
  /** Plugs blocks that are all unplugged. */
  readonly plug: (request: MemoryBlocksRequest) => MemoryBlocksAnswer;
  /** Unplugs blocks that are all plugged. */
  readonly unplug: (request: MemoryBlocksRequest) => MemoryBlocksAnswer;
  /** Unplugs every block. */
  readonly unplugAll: () => MemoryBlocksAnswer;
  /** Tells whether blocks are plugged. */
  readonly state: (request: MemoryBlocksRequest) => number | { state: { type: number } };
}

/** Consecutive blocks, the last one not included. */
interface Range {
  readonly first: number;
  readonly end: number;
}

const BLOCKS_MAX = 1 << 28;

/**
 * The blocks of one device. They keep their state over a reset of the device; a reset of the whole
 * system is told by {@linkcode MemoryBlocks.unplugAll} (VIRTIO 1.4, 5.15.5.2 and 5.15.6.2).
 */
export class MemoryBlocks extends DeviceBehaviour {
  readonly #host: MemoryBlocksHost;
  readonly #codes: MemoryBlocksCodes;
  readonly #addr: bigint;
  readonly #blockSize: bigint;
  readonly #map: Uint8Array; // 1 for each block that is plugged
  #busy = false; // a handler of the user changes blocks

  /** RangeError when there are more than 2^28 blocks, or some that are plugged already. */
  constructor(host: MemoryBlocksHost, codes: MemoryBlocksCodes) {
    super();
    const { addr, regionSize, blockSize, pluggedSize } = host.settings;
    const blocks = Number(regionSize / blockSize);
    if (blocks > BLOCKS_MAX || pluggedSize !== 0n) {
      const found = `${blocks} of them, ${pluggedSize} bytes plugged`;
      throw new RangeError(`Cannot keep the blocks of a region: ${found}`);
    }
    this.#host = host;
    this.#codes = codes;
    this.#addr = addr;
    this.#blockSize = blockSize;
    this.#map = new Uint8Array(blocks);
  }

  /** How many blocks there are. */
  get count(): number {
    return this.#map.length;
  }

  /** Whether a block is plugged; false also where there is none. */
  isPlugged(block: number): boolean {
    return this.#map[block] === 1;
  }

  /** The plugged blocks as ranges of guest memory, in ascending order. */
  get plugged(): { readonly addr: bigint; readonly length: bigint }[] {
    return this.#ranges().map(({ first, end }) => ({
      addr: this.#addr + BigInt(first) * this.#blockSize,
      length: BigInt(end - first) * this.#blockSize,
    }));
  }

  /** Unplugs all blocks, without asking anyone: what the system's reset does. */
  unplugAll(): void {
    this.#set({ first: 0, end: this.count }, 0);
  }

  /** The handlers that stand in front of the user's. */
  handlers({ plug, unplug, unplugAll }: MemoryBlocksUser): MemoryBlocksHandlers {
    const { ACK, NACK, ERROR } = this.#codes.responseType;
    const change = (
      handler: Handler<[request: MemoryBlocksRequest], MemoryBlocksAnswer> | undefined,
      to: 0 | 1,
    ) =>
    (request: MemoryBlocksRequest) => {
      const range = this.#range(request);
      if (range.end > this.count || this.#part(range).includes(to)) return ERROR;
      if (to === 1 && !this.#wants(range)) return NACK;
      return this.#change(range, to, () => handler?.(request) ?? ACK);
    };
    return {
      plug: change(plug, 1),
      unplug: change(unplug, 0),
      unplugAll: () => this.#change({ first: 0, end: this.count }, 0, () => unplugAll?.() ?? ACK),
      state: (request) => {
        const range = this.#range(request);
        return range.end > this.count ? ERROR : { state: { type: this.#state(range) } };
      },
    };
  }

  /** No block changes; the configuration tells of them, also where it was to be another. */
  override reset(): void {
    this.#tell();
  }

  /** The plugged blocks: the first of each range, and how many there are. */
  override save(): unknown {
    return this.#ranges().map(({ first, end }) => [first, end - first]);
  }

  /**
   * Takes back what {@linkcode MemoryBlocks.save} gave, from untrusted data, behind the
   * configuration; TypeError or RangeError naming the field.
   */
  override restore(state: unknown, path: string): void {
    const map = new Uint8Array(this.count);
    let [free, plugged] = [0, 0];
    for (const [at, saved] of list(state, path).entries()) {
      const [first, length] = list(saved, `${path}[${at}]`);
      const from = integer(first, `${path}[${at}][0]`, this.count);
      const end = from + integer(length, `${path}[${at}][1]`, this.count);
      if (from < free || end > this.count) {
        refuseField(`${path}[${at}]`, `blocks from ${free} to ${this.count}`, `${from} to ${end}`);
      }
      map.fill(1, from, end);
      plugged += end - from;
      free = end;
    }
    const { addr, blockSize, pluggedSize, regionSize } = this.#host.settings;
    if (addr !== this.#addr || blockSize !== this.#blockSize) {
      const wanted = `blocks of ${this.#blockSize} bytes from ${this.#addr} on`;
      refuseField("config", wanted, `${blockSize} bytes from ${addr} on`);
    }
    if (BigInt(this.count) !== regionSize / blockSize) {
      refuseField("config", `a region of ${this.count} blocks`, regionSize / blockSize);
    }
    if (BigInt(plugged) * blockSize !== pluggedSize) {
      refuseField(path, `${pluggedSize} bytes, as in the configuration`, `${plugged} blocks`);
    }
    this.#map.set(map);
  }

  #range({ addr, nbBlocks }: MemoryBlocksRequest): Range {
    const first = Number((addr - this.#addr) / this.#blockSize);
    return { first, end: first + nbBlocks };
  }

  /**
   * Whether so much is to be plugged. The introduction (VIRTIO 1.4, 5.15) refuses to plug once
   * plugged_size has reached requested_size; QEMU and this already do when it would get past it.
   */
  #wants({ first, end }: Range): boolean {
    const { pluggedSize, requestedSize } = this.#host.settings;
    return pluggedSize + BigInt(end - first) * this.#blockSize <= requestedSize;
  }

  #part({ first, end }: Range): Uint8Array {
    return this.#map.subarray(first, end);
  }

  /** One change after the other: the driver can try again what comes meanwhile. */
  #change(range: Range, to: 0 | 1, ask: () => MemoryBlocksAnswer): MemoryBlocksAnswer {
    if (this.#busy) return this.#codes.responseType.BUSY;
    const answer = ask();
    if (!isPromise(answer)) return this.#changed(range, to, answer);
    this.#busy = true;
    return Promise.resolve(answer)
      .finally(() => this.#busy = false)
      .then((late) => this.#changed(range, to, late));
  }

  #changed(range: Range, to: 0 | 1, answer: number): number {
    if (answer === this.#codes.responseType.ACK) this.#set(range, to);
    return answer;
  }

  #set(range: Range, to: 0 | 1): void {
    this.#part(range).fill(to);
    this.#tell();
  }

  /** Says in the configuration how much is plugged. */
  #tell(): void {
    const blocks = this.#ranges().reduce((sum, { first, end }) => sum + end - first, 0);
    this.#host.configure({ pluggedSize: BigInt(blocks) * this.#blockSize });
  }

  #state(range: Range): number {
    const { PLUGGED, UNPLUGGED, MIXED } = this.#codes.state;
    const part = this.#part(range);
    if (!part.includes(0)) return PLUGGED;
    return part.includes(1) ? MIXED : UNPLUGGED;
  }

  #ranges(): Range[] {
    const ranges: Range[] = [];
    for (let first = this.#map.indexOf(1); first >= 0;) {
      const free = this.#map.indexOf(0, first);
      const end = free < 0 ? this.count : free;
      ranges.push({ first, end });
      first = this.#map.indexOf(1, end);
    }
    return ranges;
  }
}
