/**
 * What a generated driver makes of the vectors.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../runtime/driver.ts";
import { PeerError } from "../runtime/errors.ts";
import type { DeviceQueue } from "../runtime/queue.ts";
import type { RingKind } from "./device_trial.ts";
import { HandDevice } from "./driver_bench.ts";
import { parseHex } from "./hex.ts";
import {
  deviceOptions,
  featureBits,
  type Message,
  messageOf,
  messagesOf,
  statusProperty,
  type Subject,
} from "./subjects.ts";
import { fieldsOf, readableOf, type Vector } from "./vectors.ts";

type Methods = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;

/** A driver that is open on a device played by hand, and what its handlers were told. */
interface Opened {
  readonly hand: HandDevice;
  readonly driver: Driver;
  readonly events: { readonly message: string; readonly args: unknown[] }[];
  readonly errors: unknown[];
}

/** Opens a driver on what the vector says of the device; `more` are further options. */
async function open(
  subject: Subject,
  vector: Vector,
  ring: RingKind,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Opened> {
  const { description } = subject;
  const features = featureBits(subject, vector, ring);
  const config = subject.makeDevice(deviceOptions(subject, vector, () => 0)).config.bytes.slice();
  const hand = new HandDevice(description.id, features, config);
  const events: Opened["events"] = [];
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const options: Record<string, unknown> = { onError, ...more };
  if (vector.order !== undefined) options.byteOrder = vector.order;
  if (vector.strict === true) options.strict = true;
  for (const message of messagesOf(description)) {
    if (message.queue.role !== "receive") continue;
    options[message.event] = (...args: unknown[]) => {
      events.push({ message: message.name, args: structuredClone(args) });
    };
  }
  const driver = await subject.openDriver(hand, options);
  assert.equal(driver.features, features, "the driver accepted other features");
  return { hand, driver, events, errors };
}

/** What the device finds in the next buffer of a queue, maybe the only one, and writes into it. */
function answer(queue: DeviceQueue, vector: Vector, used: number, only = false): Uint8Array {
  const { bytes, written } = parseHex(vector.writable ?? "");
  const head = queue.pop();
  assert.ok(head >= 0, "the driver put nothing into the queue");
  if (only) assert.equal(queue.pop(), -1, "the driver put two buffers into the queue");
  const chain = queue.chain(head);
  const readable = chain.readable(0, chain.readableLength).bytes();
  assert.equal(chain.writableLength, bytes.length, "length of the writable part");
  bytes.forEach((byte, at) => written[at] === 1 && chain.writeByte(at, byte));
  queue.push(head, used);
  queue.publish();
  return readable;
}

/** Requests and what the driver sends: exactly the bytes of the vector, and its values back. */
export async function tryCall(subject: Subject, vector: Vector, ring: RingKind): Promise<void> {
  const message = messageOf(subject, vector);
  const { hand, driver } = await open(subject, vector, ring);
  const room = parseHex(vector.writable ?? "").bytes.length;
  const used = vector.used ?? room;
  const call = () => callDriver(driver, message, vector);
  try {
    const { readable, payloads, result } = await call()(hand, used);
    assert.deepEqual(readable, readableOf(vector), "the bytes that the device reads");
    if (vector.refused === "handler") {
      await assert.rejects(result, PeerError);
    } else {
      const counted = message.queue.used === "ignored" ? room : used;
      checkResult(message, vector, payloads, await result, counted);
    }
    if (!hasAnswer(message, vector)) return;
    const { result: unanswered } = await call()(hand, 0);
    if (mayBeEmpty(message)) await unanswered;
    else await assert.rejects(unanswered, PeerError, "an answer of no bytes");
    const whole = used === room && vector.statusAt === undefined;
    if (!whole || message.case?.used === "filled" || statusProperty(message) === undefined) return;
    const { result: cut } = await call()(hand, used - 1);
    await assert.rejects(cut, PeerError, "an answer without its last byte, the status");
  } finally {
    await driver.close();
  }
}

interface Called {
  readonly readable: Uint8Array;
  readonly payloads: readonly Uint8Array[];
  readonly result: Promise<unknown>;
}

/** Calls the vector's method; once the device answers with a used length, what it read and what the driver makes of it. */
function callDriver(
  driver: Driver,
  message: Message,
  vector: Vector,
): (hand: HandDevice, used: number) => Promise<Called> {
  return (hand, used) => {
    const { values = {} } = vector;
    const args: unknown[] = values.request === undefined ? [] : [fieldsOf(values.request)];
    const payloads = (values.payloads ?? []).map(({ hex, writable }) => {
      const { bytes } = parseHex(hex);
      return writable === true ? new Uint8Array(bytes.length) : bytes;
    });
    args.push(...payloads);
    args.push(...Object.values(values.given ?? {}));
    if (values.room !== undefined) args.push(values.room);
    args.push({ queue: vector.item ?? 0 });
    return new Promise((resolve, reject) => {
      hand.onKick = (queue) => {
        try {
          assert.equal(queue.index, vector.queue, "the queue");
          const readable = answer(queue, vector, used);
          resolve({ readable, payloads, result });
        } catch (error) {
          reject(error);
        }
      };
      const result = (driver as unknown as Methods)[message.method]!(...args);
      result.catch(reject); // before the device was asked; afterwards nobody listens here
    });
  };
}

/** Whether the answer is arrays and nothing else, of as many elements as the device has put there. */
function mayBeEmpty({ set, case: one }: Message): boolean {
  const fields = Object.values({ ...set.writable, ...one?.writable });
  return fields.every((field) => field?.kind === "array" && field.length === "rest");
}

/** Whether the answer has values, beside payloads. */
function hasAnswer(message: Message, { values = {} }: Vector): boolean {
  return statusProperty(message) !== undefined || values.answer !== undefined;
}

/** The values of the answer, and the payloads in the memory that was given. */
function checkResult(
  message: Message,
  vector: Vector,
  payloads: readonly Uint8Array[],
  result: unknown,
  used: number,
): void {
  const { values = {} } = vector;
  const patterns = (values.payloads ?? []).map(({ hex }) => parseHex(hex).bytes);
  patterns.forEach((bytes, at) => assert.deepEqual(payloads[at], bytes, "a payload"));
  const property = statusProperty(message);
  if (!hasAnswer(message, vector)) {
    assert.equal(result, vector.writable === undefined ? undefined : used);
    return;
  }
  const fields = { ...(result as Record<string, unknown>) };
  for (const { name, hex, writable } of values.payloads ?? []) {
    if (writable !== true || !(name in fields)) continue;
    const { bytes, written } = parseHex(hex);
    const end = written.indexOf(0);
    assert.deepEqual(fields[name], end < 0 ? bytes : bytes.slice(0, end), name);
    delete fields[name];
  }
  if (values.answer === undefined) {
    for (const name of Object.keys(fields).filter((name) => name !== property)) {
      assert.ok(isZero(fields[name]), `${name} of an answer that is a status alone`);
      delete fields[name];
    }
  }
  const status = property === undefined ? {} : { [property]: values.status };
  assert.deepEqual(fields, { ...fieldsOf(values.answer), ...status });
}

/** Whether a value is what zeroes are, at any depth. */
function isZero(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).every(isZero);
  return value === 0 || value === 0n || value === "";
}

/** What the device pulls: in its queue from the start, and again whenever it was given back; never twice. */
export async function trySupply(subject: Subject, vector: Vector, ring: RingKind): Promise<void> {
  const { queueName } = messageOf(subject, vector);
  const supply = () => fieldsOf(vector.values?.request);
  const { hand, driver } = await open(subject, vector, ring, { [`on${queueName}`]: supply });
  try {
    const queue = hand.queues.get(vector.queue!);
    assert.ok(queue !== undefined, "the driver did not enable the queue");
    for (let round = 0; round < 40; round++) {
      assert.deepEqual(
        answer(queue, vector, 0, true),
        readableOf(vector),
        "the bytes that it reads",
      );
      for (let turn = 0; turn < 20; turn++) await undefined;
    }
  } finally {
    await driver.close();
  }
}

/** What the device sends: handed to its handler and no other, and the buffer is parked again. */
export async function tryEvent(subject: Subject, vector: Vector, ring: RingKind): Promise<void> {
  const { hand, driver, events, errors } = await open(subject, vector, ring);
  const { bytes } = parseHex(vector.writable ?? "");
  const queue = hand.queues.get(vector.queue!);
  assert.ok(queue !== undefined, "the driver did not enable the queue");
  const { values = {}, buffers = [vector.used ?? bytes.length] } = vector;
  const expected: unknown[] = values.request === undefined ? [] : [fieldsOf(values.request)];
  for (const { hex } of values.payloads ?? []) expected.push(parseHex(hex).bytes);
  const counts = { events: 0, errors: 0 };
  const deliver = async (lengths: readonly number[], outcome: string) => {
    send(queue, bytes, lengths);
    for (let turn = 0; turn < 20; turn++) await undefined;
    if (outcome === "event") counts.errors++;
    else counts.events++;
    assert.deepEqual({ events: events.length, errors: errors.length }, counts, outcome);
  };
  try {
    for (let round = 0; round < 40; round++) {
      await deliver(buffers, vector.refused === "event" ? "event" : "served");
      if (vector.refused === "event") continue;
      const { message, args } = events.at(-1)!;
      assert.equal(message, vector.message);
      assert.deepEqual(args.slice(0, expected.length), expected);
      const rest = args.slice(expected.length);
      if (rest.length > 0) assert.deepEqual(rest, [vector.item ?? 0], "the queue");
    }
    const short = vector.edges?.["writable-1"];
    if (short !== undefined) await deliver([bytes.length - 1], String(short));
    for (const error of errors) assert.ok(error instanceof PeerError, String(error));
  } finally {
    await driver.close();
  }
}

/** Writes a message over parked buffers. */
function send(queue: DeviceQueue, bytes: Uint8Array, lengths: readonly number[]): void {
  let from = 0;
  for (const length of lengths) {
    const head = queue.pop();
    assert.ok(head >= 0, "no buffer is parked");
    queue.chain(head).write(0, bytes, from, length);
    queue.push(head, length);
    from += length;
  }
  queue.publish();
}
