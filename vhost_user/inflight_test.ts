/** A back end that dies at any store into its records, and what they say when they lie. */

import assert from "node:assert/strict";
import {
  INFLIGHT_DESC_PACKED,
  INFLIGHT_DESC_PACKED_SIZE,
  INFLIGHT_REGION_PACKED,
} from "../generated/layout/vhost_user.ts";
import { Arena } from "../runtime/arena.ts";
import { PeerError } from "../runtime/errors.ts";
import { GuestMemory } from "../runtime/memory.ts";
import {
  allocateQueue,
  createDeviceQueue,
  createDriverQueue,
  type DeviceQueue,
  type DriverPosition,
  type DriverQueue,
  type QueueFormat,
  type QueueLayout,
  type QueuePosition,
} from "../runtime/queue.ts";
import { recordsSize } from "./inflight.ts";
import { packedPosition } from "./inflight_packed.ts";
import { splitPosition } from "./inflight_split.ts";
import { recordInflight } from "./records.ts";

const MEMORY = 16 << 10;
const SIZES = { split: 8, packed: 5 };
/** Requests and their answers lie here, 16 bytes each, in turns. */
const DATA = 12 << 10;
const TURNS = 128;

/** Numbers that look random and are the same in each run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed * 2654435761 >>> 0;
  return (below) => {
    state = Math.imul(state ^ state >>> 15, state | 1) + 0x6d2b79f5 >>> 0;
    return ((state ^ state >>> 14) >>> 0) % below;
  };
}

/** Calls `before` before each store into the buffer that `work` makes through a DataView. */
function watchStores(buffer: ArrayBuffer, before: () => void, work: () => void): void {
  let watching = true; // not while `before` works
  const { setUint8, setUint16, setUint32, setBigUint64 } = DataView.prototype;
  const originals = { setUint8, setUint16, setUint32, setBigUint64 };
  for (const [name, original] of Object.entries(originals)) {
    Object.assign(DataView.prototype, {
      [name](this: DataView, ...args: unknown[]) {
        if (watching && this.buffer === buffer) {
          watching = false;
          before();
          watching = true;
        }
        Reflect.apply(original, this, args);
      },
    });
  }
  try {
    work();
  } finally {
    Object.assign(DataView.prototype, originals);
  }
}

/** A machine: its memory, the records, and both ends of its one queue. */
class Machine {
  readonly memory: GuestMemory;
  readonly driver: DriverQueue;
  readonly sent: Map<number, number>;
  queue!: DeviceQueue;

  constructor(
    readonly bytes: Uint8Array<ArrayBuffer>,
    readonly records: Uint8Array<ArrayBuffer>,
    readonly layout: QueueLayout,
    readonly inOrder: boolean,
    arena?: Arena,
    position?: DriverPosition,
    sent: Iterable<[number, number]> = [],
  ) {
    this.memory = arena?.memory ?? GuestMemory.of(bytes, 0);
    const options = {
      ...(arena === undefined ? {} : { arena }),
      ...(position === undefined ? {} : { position }),
    };
    this.driver = createDriverQueue(this.memory, layout, this.features, options);
    this.sent = new Map(sent);
  }

  static make(format: QueueFormat, inOrder: boolean): Machine {
    const bytes = new Uint8Array(MEMORY);
    const arena = new Arena(GuestMemory.of(bytes, 0), 0, DATA);
    const layout = allocateQueue(arena, 0, SIZES[format], format);
    const records = new Uint8Array(recordsSize(layout.size, format));
    return new Machine(bytes, records, layout, inOrder, arena);
  }

  get features() {
    return { eventIdx: false, indirect: true, inOrder: this.inOrder, notificationData: false };
  }

  /** The same machine, as another one has it after its back end died; `driver` is where its driver stood. */
  afterDeath(driver: DriverPosition): Machine {
    const { bytes, records, layout, inOrder, sent } = this;
    return new Machine(bytes.slice(), records.slice(), layout, inOrder, undefined, driver, sent);
  }

  /** Where a back end finds the ring; undefined for its beginning. */
  recover(records: Uint8Array): QueuePosition | undefined {
    const { layout, memory, bytes } = this;
    if (layout.format === "packed") return packedPosition(records, layout, memory);
    const used = bytes[layout.device + 2]! | bytes[layout.device + 3]! << 8;
    return splitPosition(records, used, layout, memory);
  }

  /** A back end starts. */
  start(): void {
    const { memory, layout, records, inOrder } = this;
    const position = this.recover(records);
    const options = position === undefined ? {} : { position };
    this.queue = createDeviceQueue(memory, layout, this.features, options);
    recordInflight(this.queue, records, layout, memory, inOrder);
  }

  /** The driver sends a number, in one readable element or several; false when there is no room. */
  send(number: number, elements: number): boolean {
    const at = DATA + 16 * (number % TURNS);
    new DataView(this.bytes.buffer).setBigUint64(at, BigInt(number), true);
    const { driver } = this;
    for (let part = 0; part < elements; part++) {
      driver.readable(at + part, part === elements - 1 ? 8 - part : 1);
    }
    driver.writable(at + 8, 8);
    const id = driver.add();
    driver.publish();
    if (id >= 0) this.sent.set(id, number);
    return id >= 0;
  }

  /** The driver takes all answers. */
  collect(): void {
    const view = new DataView(this.bytes.buffer);
    for (let id = this.driver.collect(); id >= 0; id = this.driver.collect()) {
      const number = this.sent.get(id);
      assert.ok(number !== undefined, `the buffer ${id} is used a second time`);
      this.sent.delete(id);
      const at = DATA + 16 * (number % TURNS);
      assert.equal(Number(view.getBigUint64(at + 8, true)), number + 1);
    }
    assert.equal(this.driver.broken, undefined);
  }

  /** The device answers a number with the next one. */
  answer(head: number): void {
    const chain = this.queue.chain(head);
    const bytes = new Uint8Array(8);
    chain.read(0, bytes, 0, 8);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, view.getBigUint64(0, true) + 1n, true);
    chain.write(0, bytes, 0, 8);
    this.queue.push(head, 8);
  }
}

/** Another back end takes over where one died: each request is answered once, even when that dies as well. */
function takeOver(machine: Machine, eager: boolean, dies: boolean): void {
  if (eager) {
    machine.collect();
    for (let number = 1000; machine.send(number, number % 3 + 1); number++);
  }
  // Whoever dies while it takes over leaves what it found.
  const { records, driver } = machine;
  const others: Uint8Array[] = [];
  const copy = records.slice();
  let found: QueuePosition | undefined;
  watchStores(copy.buffer, () => others.push(copy.slice()), () => found = machine.recover(copy));
  if (found !== undefined) {
    for (const other of others) assert.deepEqual(machine.recover(other), found);
  }
  machine.start();
  const { queue } = machine;
  for (let round = 0; round < 2; round++) {
    const position = driver.position();
    const die = () => {
      if (dies) takeOver(machine.afterDeath(position), false, false);
    };
    watchStores(records.buffer, die, () => {
      for (let head = queue.pop(); head >= 0; head = queue.pop()) machine.answer(head);
      queue.publish();
    });
    machine.collect();
    assert.equal(queue.broken, undefined);
    assert.deepEqual([...machine.sent], []);
    assert.equal(driver.pending, 0);
    // The records are whole, and nothing is left in flight.
    assert.deepEqual(machine.recover(records.slice())?.inflight ?? [], []);
    for (let number = 2000; machine.send(number, number % 3 + 1); number++);
  }
}

/** A back end works, and dies before each store into its records and after each step; how often. */
function live(machine: Machine, random: (below: number) => number): number {
  machine.start();
  const { queue, driver } = machine;
  const pending: number[] = [];
  let position = driver.position();
  let deaths = 0;
  const die = () => {
    const dies = ++deaths % 16 === 0;
    for (const eager of [false, true]) takeOver(machine.afterDeath(position), eager, dies);
  };
  const step = (work: () => void) => {
    watchStores(machine.records.buffer, die, work);
    die();
  };
  for (let number = 0; number < 40; number++) {
    machine.send(number, 1 + random(3));
    if (random(3) === 0) machine.collect();
    position = driver.position();
    if (random(4) > 0) {
      step(() => {
        const head = queue.pop();
        if (head >= 0) pending.push(head);
      });
    }
    while (pending.length > random(4)) {
      const [head] = pending.splice(random(pending.length), 1);
      step(() => machine.answer(head!));
    }
    if (random(3) === 0) step(() => queue.publish());
  }
  assert.equal(queue.broken, undefined);
  return deaths;
}

for (const format of ["split", "packed"] as const) {
  for (const inOrder of [false, true]) {
    const ring = `${format} ring${inOrder ? ", in order" : ""}`;
    Deno.test(`each buffer is completed once, wherever a back end dies: ${ring}`, () => {
      let deaths = 0;
      for (let seed = 1; seed <= 3; seed++) {
        deaths += live(Machine.make(format, inOrder), randomOf(seed));
      }
      assert.ok(deaths > 500, `${deaths} deaths`);
    });
  }
}

/** A machine with a packed ring, and three buffers in flight, all with indirect tables, of five. */
function busy(): Machine {
  const machine = Machine.make("packed", false);
  machine.start();
  for (const [number, elements] of [[1, 1], [2, 3], [3, 1]] as const) {
    machine.send(number, elements);
    assert.ok(machine.queue.pop() >= 0);
  }
  return machine;
}

const D = INFLIGHT_DESC_PACKED;
const R = INFLIGHT_REGION_PACKED;
const LIES: readonly [where: number | undefined, at: number, value: number, found: RegExp][] = [
  [undefined, R.usedIdx, 5, /^Cannot take up the ring: queue 0, used_idx must be less than 5/],
  [undefined, R.oldUsedIdx, 0xffff, /used_idx must be less than 5/],
  [undefined, R.usedWrapCounter, 2, /wrap counter of 0 or 1, found 0 and 2/],
  [undefined, R.oldUsedWrapCounter, 2, /wrap counter of 0 or 1/],
  [undefined, R.oldFreeHead, 4, /num at 0 must be 5 records in all, found 4/],
  [undefined, R.oldFreeHead, 7, /num at 0 must be 5 records in all, found 3/],
  [0, D.num, 0, /num at 0 must be more than 0, found 0/],
  [0, D.num, 2, /last at 0 must be 1, found 0/],
  [0, D.num, 0xffff, /next at 0 must be a record of this buffer alone, found 3/],
  [0, D.last, 1, /last at 0 must be 0, found 1/],
  [0, D.inflight, 0, /num at 0 must be 5 records in all/],
  [0, D.inflight, 2, /num at 0 must be 5 records in all/],
  [0, D.flags, 1, /flags at 0 must be NEXT in all but the last, found 1/],
  [0, D.addr + 6, 0xffff, /addr at 0 must be less than 2\^53, found more/],
  [1, D.addr, 0x7ff8, /addr at 1 must be inside guest memory, found 32760/],
  [1, D.len, 8, /len at 1 must be a table of 1 to 5 descriptors, found 8 bytes/],
  [1, D.len, 0, /len at 1 must be a table of 1 to 5 descriptors, found 0 bytes/],
  [1, D.len, 96, /len at 1 must be a table of 1 to 5 descriptors, found 96 bytes/],
  [3, D.next, 3, /num at 0 must be 5 records in all/],
];

Deno.test("records of a packed ring that lie are refused", () => {
  assert.equal(busy().recover(busy().records)!.inflight.length, 3);
  for (const [where, at, value, found] of LIES) {
    const machine = busy();
    const offset = where === undefined ? at : R.desc + INFLIGHT_DESC_PACKED_SIZE * where + at;
    new DataView(machine.records.buffer).setUint16(offset, value, true);
    assert.throws(
      () => machine.recover(machine.records),
      (error) => error instanceof PeerError && found.test(error.message),
      `${where} ${at} ${value}`,
    );
  }
});

Deno.test("records of a packed ring that are noise are refused, or name buffers that are checked", () => {
  const random = randomOf(1);
  let refused = 0;
  for (let count = 0; count < 3000; count++) {
    const machine = busy();
    const { records, layout, memory } = machine;
    for (let lies = 1 + random(3); lies > 0; lies--) {
      const at = 12 + random(R.desc + 5 * INFLIGHT_DESC_PACKED_SIZE - 12);
      records[at] = random(2) === 0 ? random(256) : random(8);
    }
    try {
      const position = machine.recover(records)!;
      machine.queue = createDeviceQueue(memory, layout, machine.features, { position });
      recordInflight(machine.queue, records, layout, memory, false);
      for (let head = machine.queue.pop(); head >= 0; head = machine.queue.pop()) {
        machine.queue.push(head, 0);
      }
      machine.queue.publish();
      assert.deepEqual(machine.recover(records)!.inflight, []);
    } catch (error) {
      assert.ok(error instanceof PeerError || error instanceof RangeError, `${error}`);
      refused++;
    }
  }
  assert.ok(refused > 300 && refused < 2700, `${refused} refused`);
});

Deno.test("a packed ring is not recorded when it goes on with buffers that the records do not know", () => {
  const machine = busy();
  const { layout, memory, records } = machine;
  machine.queue.stop();
  const position = machine.queue.position();
  records.fill(0);
  machine.queue = createDeviceQueue(memory, layout, machine.features, { position });
  recordInflight(machine.queue, records, layout, memory, false);
  for (let head = machine.queue.pop(); head >= 0; head = machine.queue.pop()) machine.answer(head);
  machine.queue.publish();
  machine.collect();
  assert.deepEqual([...machine.sent], []);
  assert.equal(machine.recover(records), undefined);
});

Deno.test("buffers that are pushed after a ring stopped stay in flight", () => {
  for (const format of ["split", "packed"] as const) {
    const machine = Machine.make(format, false);
    machine.start();
    machine.send(1, 1);
    const head = machine.queue.pop();
    machine.queue.stop();
    machine.queue.push(head, 0);
    machine.queue.publish();
    assert.equal(machine.recover(machine.records)!.inflight.length, 1);
  }
});
