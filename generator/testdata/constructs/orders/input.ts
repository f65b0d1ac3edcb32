/** Q8: requests are served in order, those of a queue or those with the same key, however long a handler takes. */

import assert from "node:assert/strict";
import { Status } from "../../../../runtime/contract.ts";
import type { Device as DeviceSide } from "../../../../runtime/device.ts";
import { LOOPBACK_FACILITIES } from "../../../../runtime/loopback.ts";
import type { Transport } from "../../../../runtime/transport.ts";
import { type Device, u8 } from "../../../../spec/dsl.ts";
import { answered, call, construct, get, type Sides, type Vector } from "../construct.ts";

const request = {
  doc: "A request",
  readable: { line: u8("Line"), id: u8("Which") },
  ...answered,
} as const;

/** The device. */
export const device: Device = construct("orders", {
  messages: { first: request, second: request },
  queues: {
    inq: { doc: "In order", role: "request", carries: "first", index: 0, order: "queue" },
    byq: {
      doc: "In order for each line",
      role: "request",
      carries: "second",
      index: 1,
      order: { key: "line" },
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "in order",
    section: "none",
    message: "first",
    queue: 0,
    features: [],
    readable: "0100",
    writable: "00",
    values: { request: { line: 1, id: 0 }, status: 0 },
  },
  {
    name: "by line",
    section: "none",
    message: "second",
    queue: 1,
    features: [],
    readable: "0200",
    writable: "00",
    values: { request: { line: 2, id: 0 }, status: 0 },
  },
];

interface Ask {
  readonly line: number;
  readonly id: number;
}

/** Handlers that answer when they are told to, but those of line 9 at once. */
function slow() {
  const begun: number[] = [];
  const ids: number[] = [];
  const open: ((status: number) => void)[] = [];
  const ask = ({ line, id }: Ask): number | Promise<number> => {
    begun.push(line);
    ids.push(id);
    if (line === 9) return 0;
    const { promise, resolve } = Promise.withResolvers<number>();
    open.push(resolve);
    return promise;
  };
  /** Answers the oldest request that waits, and lets all come of it that may. */
  const answer = async () => {
    open.shift()!(0);
    await settled();
  };
  return { begun, ids, open, answer, options: { first: ask, second: ask } };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Requests of all lines, counted from 0; nobody need care when they fail. */
function ask(driver: object, method: string, lines: readonly number[]): Promise<unknown>[] {
  const answers = lines.map((line, id) => Promise.resolve(call(driver, method, { line, id })));
  for (const answer of answers) answer.catch(() => {});
  return answers;
}

/** Each aspect with devices of its own. */
export async function run(sides: Sides): Promise<void> {
  await oneByOne(sides);
  await byKey(sides);
  await suspended(sides);
  await reset(sides);
  await restored(sides);
}

async function oneByOne({ makeDevice, openDriver }: Sides): Promise<void> {
  const { begun, answer, options } = slow();
  const device = makeDevice(options);
  await using driver = await openDriver(device);
  const answers = ask(driver, "first", [1, 2, 9, 9, 3]);
  await settled();
  assert.deepEqual(begun, [1], "nothing is begun before the first is answered");
  assert.equal(device.idle, false);
  await answer();
  assert.deepEqual(begun, [1, 2]);
  await answer();
  assert.deepEqual(begun, [1, 2, 9, 9, 3], "what is answered at once holds nothing up");
  await answer();
  await Promise.all(answers);
  assert.equal(device.idle, true);
}

async function byKey({ makeDevice, openDriver }: Sides): Promise<void> {
  const { begun, open, answer, options } = slow();
  await using driver = await openDriver(makeDevice(options));
  const answers = ask(driver, "second", [1, 2, 1, 9, 2, 1]);
  await settled();
  assert.deepEqual(begun, [1, 2, 9], "other lines go on");
  await answer();
  assert.deepEqual(begun, [1, 2, 9, 1], "the oldest of its line");
  open.shift()!(0);
  open.shift()!(0);
  await settled();
  assert.deepEqual(begun.slice(4).sort(), [1, 2]);
  await answer();
  await answer();
  await Promise.all(answers);
}

/** What is held back does not keep the device from being suspended, and goes on once it is resumed. */
async function suspended({ makeDevice, openDriver }: Sides): Promise<void> {
  const { begun, answer, options } = slow();
  const device = makeDevice(options);
  await using driver = await openDriver(device);
  const answers = ask(driver, "first", [1, 2]);
  await settled();
  device.setStatus(device.getStatus() | Status.SUSPEND);
  assert.equal(device.getStatus() & Status.SUSPEND, 0, "one request was begun");
  await answer();
  assert.equal(device.getStatus() & Status.SUSPEND, Status.SUSPEND);
  assert.deepEqual(begun, [1]);
  device.setStatus(device.getStatus() & ~Status.SUSPEND | Status.DRIVER_OK);
  await settled();
  assert.deepEqual(begun, [1, 2]);
  await answer();
  await Promise.all(answers);
}

/** A reset forgets what waits; an answer that comes afterwards frees nothing. */
async function reset({ makeDevice, openDriver }: Sides): Promise<void> {
  const { begun, answer, options } = slow();
  await using driver = await openDriver(makeDevice(options));
  const answers = ask(driver, "second", [1, 1]);
  await settled();
  const [queue] = get(driver, "byq") as { ring: object }[];
  await call(driver, "resetQueue", queue!.ring);
  for (const one of answers) await assert.rejects(one, { name: "RequestAborted" });
  const after = ask(driver, "second", [1, 1]);
  await settled();
  assert.deepEqual(begun, [1, 1]);
  await answer();
  assert.deepEqual(begun, [1, 1], "the answer was for the queue before");
  await answer();
  assert.deepEqual(begun, [1, 1, 1]);
  await answer();
  await Promise.all(after);
}

/** What was begun and what was held back is served again, in its order. */
async function restored({ makeDevice, openDriver }: Sides): Promise<void> {
  const first = slow();
  const device = makeDevice(first.options);
  await using driver = await openDriver(device, { ring: { packed: false } });
  // What was answered last is used again first: buffers come in another order than the ring's.
  const before = ask(driver, "second", [1, 2, 3, 4]);
  await settled();
  while (first.open.length > 0) await first.answer();
  await Promise.all(before);
  const answers = ask(driver, "second", [5, 5, 6, 5, 6, 5]);
  await settled();
  const saved: unknown = JSON.parse(JSON.stringify(device.save()));
  const second = slow();
  const other = makeDevice(second.options);
  const transport = get(driver, "transport") as Transport;
  device.stop();
  bindTo(transport, other);
  other.restore(saved);
  await settled();
  while (second.open.length > 0) await second.answer();
  await Promise.all(answers);
  assert.deepEqual(second.ids.filter((_, at) => second.begun[at] === 5), [0, 1, 3, 5]);
  assert.deepEqual(second.ids.filter((_, at) => second.begun[at] === 6), [2, 4]);
}

/** Puts another device behind a transport whose driver knows nothing of it. */
function bindTo(transport: Transport, device: DeviceSide): void {
  const { memory } = transport;
  device.bind({
    memory,
    facilities: LOOPBACK_FACILITIES,
    notifyQueue: (index) => transport.onQueueNotify(index),
    notifyConfig: () => transport.onConfigNotify(),
  });
  transport.notify = (index) => device.notify(index);
  transport.getStatus = () => Promise.resolve(device.getStatus());
  transport.setStatus = (status) => Promise.resolve(device.setStatus(status));
}
