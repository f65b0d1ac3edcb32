/**
 * What a generated device makes of the vectors.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ReadableBytes, WritableBytes } from "../runtime/cursor.ts";
import { DeviceBench, type Pieces, UNWRITTEN, type Used } from "./device_bench.ts";
import { parseHex } from "./hex.ts";
import { cuts, whole } from "./pieces.ts";
import {
  deviceOptions,
  featureBits,
  type Handler,
  type Message,
  messageOf,
  statusProperty,
  type Subject,
} from "./subjects.ts";
import { type EDGES, fieldsOf, type Outcome, readableOf, type Vector } from "./vectors.ts";

/** The ring under a trial. */
export interface RingKind {
  readonly packed: boolean;
  readonly indirect: boolean;
}

/** One device for one vector. */
class DeviceTrial {
  readonly bench: DeviceBench;
  readonly message: Message;
  readonly vector: Vector;
  /** How often a handler ran. */
  calls = 0;
  /** Whether handlers look at what they get: not for a message of the wrong length. */
  checking = true;
  /** Whether handlers answer in a later task. */
  late = false;
  /** What a handler found wrong: the device takes it for an error of the handler. */
  found: unknown = undefined;

  constructor(subject: Subject, vector: Vector, ring: RingKind) {
    this.message = messageOf(subject, vector);
    this.vector = vector;
    const handler: Handler = (message, args) => {
      try {
        return this.#handle(message, args);
      } catch (error) {
        this.found = error;
        throw error;
      }
    };
    const device = subject.makeDevice(deviceOptions(subject, vector, handler));
    this.bench = new DeviceBench(device, featureBits(subject, vector, ring), vector.queue!);
  }

  /** Whether the device keeps the message until it wants the next one. */
  get pulls(): boolean {
    return this.message.queue.role === "pull";
  }

  /** What becomes of a buffer. One that the device keeps comes back once it asks for the next. */
  async serve(pieces: Pieces): Promise<Used> {
    if (!this.pulls) return await this.bench.serve(pieces);
    const { bench } = this;
    bench.clear();
    bench.add(pieces);
    bench.kick();
    assert.equal(bench.collect(), undefined, "the device did not keep the buffer");
    const device = bench.device as unknown as Record<string, () => boolean>;
    const pull = () => device[`pull${this.message.queueName}`]!();
    assert.equal(pull(), true, "the device kept no buffer");
    assert.equal(pull(), false, "the device kept a buffer that it gave back");
    return bench.collect() ?? assert.fail("the device gave no buffer back");
  }

  #handle(message: Message, args: readonly unknown[]): unknown {
    this.calls++;
    assert.equal(message.name, this.vector.message, "another handler");
    const { values = {} } = this.vector;
    const rest = [...args];
    const request = structuredClone(values.request === undefined ? undefined : rest.shift());
    if (this.checking && values.request !== undefined) {
      assert.deepEqual(request, fieldsOf(values.request));
    }
    for (const { name, hex, writable } of values.payloads ?? []) {
      this.#payload(name, hex, writable === true, rest.shift());
    }
    if (values.room !== undefined) assert.equal(typeof rest.pop(), "number", "the room");
    if (rest.length > 0) assert.deepEqual(rest, [this.vector.item ?? 0], "the queue");
    return this.late ? Promise.resolve(this.#answer()) : this.#answer();
  }

  #payload(name: string, hex: string, writable: boolean, cursor: unknown): void {
    const { bytes, written } = parseHex(hex);
    if (!writable) {
      assert.ok(cursor instanceof ReadableBytes, name);
      if (this.checking) assert.deepEqual(cursor.bytes(), bytes, name);
      return;
    }
    assert.ok(cursor instanceof WritableBytes, name);
    const end = written.indexOf(0);
    const filled = end < 0 ? bytes : bytes.subarray(0, end);
    if (this.checking) assert.equal(cursor.write(filled), filled.length, name);
    else cursor.write(filled.subarray(0, cursor.length));
  }

  #answer(): unknown {
    const { answer, status } = this.vector.values ?? {};
    if (answer === undefined) return status;
    const property = statusProperty(this.message);
    return { ...fieldsOf(answer), ...(property === undefined ? {} : { [property]: status }) };
  }
}

/** Requests and what the driver sends: served however they are cut, and answered to the byte. */
export async function tryRequest(subject: Subject, vector: Vector, ring: RingKind): Promise<void> {
  const trial = new DeviceTrial(subject, vector, ring);
  const readable = readableOf(vector);
  const { bytes: expected, written } = parseHex(vector.writable ?? "");
  expected.forEach((_, at) => written[at] === 0 && (expected[at] = UNWRITTEN));
  const length = vector.refused === "empty" ? 0 : vector.used ?? expected.length;
  const calls = vector.refused === undefined || vector.refused === "handler" ? 1 : 0;
  const attempt = async (pieces: ReturnType<typeof whole>) => {
    trial.calls = 0;
    const used = await trial.serve(pieces);
    if (trial.found !== undefined) throw trial.found;
    assert.equal(trial.calls, calls, "handlers that ran");
    assert.deepEqual(used, { length, bytes: expected });
  };
  for (const pieces of cuts(readable, expected.length)) await attempt(pieces);
  trial.late = !trial.pulls;
  await attempt(whole(readable, expected.length));
  trial.bench.check();
  assert.deepEqual(trial.bench.errors.filter((error) => !isPeerError(error)), [], "reported");
}

/** A part that is one byte too short or too long. */
export async function tryEdge(
  subject: Subject,
  vector: Vector,
  ring: RingKind,
  edge: typeof EDGES[number],
): Promise<void> {
  const trial = new DeviceTrial(subject, vector, ring);
  trial.checking = false;
  const readable = readableOf(vector);
  const room = parseHex(vector.writable ?? "").bytes.length;
  const by = edge.endsWith("-1") ? -1 : 1;
  const pieces = edge.startsWith("writable")
    ? whole(readable, room + by)
    : whole(resized(readable, by), room);
  checkOutcome(trial, vector.edges![edge]!, await trial.serve(pieces));
  trial.bench.check();
  assert.deepEqual(trial.bench.errors.filter((error) => !isPeerError(error)), [], "reported");
}

function checkOutcome(trial: DeviceTrial, outcome: Outcome, used: Used): void {
  assert.equal(trial.calls, outcome === "served" ? 1 : 0, "handlers that ran");
  const room = used.bytes.length;
  if (outcome === "empty") {
    assert.deepEqual(used, { length: 0, bytes: new Uint8Array(room).fill(UNWRITTEN) });
  } else if (typeof outcome === "number") {
    const at = trial.vector.statusAt ?? room - 1;
    const width = outcome > 0xff ? 4 : 1;
    const status = used.bytes.slice(at, at + width);
    assert.equal(status.reduceRight((sum, byte) => sum * 256 + byte, 0), outcome, "the status");
    assert.ok(used.length > 0, "a status that is not counted");
  }
}

function resized(bytes: Uint8Array, by: number): Uint8Array {
  const result = new Uint8Array(Math.max(0, bytes.length + by));
  result.set(bytes.subarray(0, result.length));
  return result;
}

function isPeerError(error: unknown): boolean {
  return error instanceof Error && error.name === "PeerError";
}

/** What a device sends: put into parked buffers however they are cut. */
export function trySend(subject: Subject, vector: Vector, ring: RingKind): void {
  const trial = new DeviceTrial(subject, vector, ring);
  const { bench, message } = trial;
  const { bytes } = parseHex(vector.writable ?? "");
  const { values = {}, buffers = [bytes.length] } = vector;
  const method = `send${message.method.charAt(0).toUpperCase()}${message.method.slice(1)}`;
  const args: unknown[] = values.request === undefined ? [] : [fieldsOf(values.request)];
  for (const { hex } of values.payloads ?? []) args.push(parseHex(hex).bytes);
  args.push(vector.item ?? 0);
  const isStream = message.queue.used === "length" && values.request === undefined;
  const send = () => {
    const device = bench.device as unknown as Record<string, (...args: unknown[]) => unknown>;
    return device[method]!(...args);
  };
  assert.equal(send(), isStream ? 0 : false, "no buffer is parked");
  for (const { writable } of cuts(NOTHING, bytes.length)) {
    bench.clear();
    const parked = buffers.length > 1 ? buffers.map((length) => [length]) : [writable];
    for (const each of parked) bench.add({ readable: [], writable: each });
    bench.kick();
    assert.equal(send(), isStream ? bytes.length : true);
    let from = 0;
    for (const length of buffers) {
      assert.deepEqual(bench.collect(), { length, bytes: bytes.slice(from, from += length) });
    }
  }
  if (buffers.length === 1) tryRoom(bench, bytes, send, isStream);
  bench.check();
}

const NOTHING = new Uint8Array(0);

/** A parked buffer of one byte more, then one that is a byte too small. */
function tryRoom(bench: DeviceBench, bytes: Uint8Array, send: () => unknown, stream: boolean) {
  bench.clear();
  bench.add({ readable: [], writable: [bytes.length + 1] });
  bench.kick();
  assert.equal(send(), stream ? bytes.length : true);
  const rest = Uint8Array.of(...bytes, UNWRITTEN);
  assert.deepEqual(bench.collect(), { length: bytes.length, bytes: rest });
  if (bytes.length < 2) return;
  bench.clear();
  bench.add({ readable: [], writable: [bytes.length - 1] });
  bench.kick();
  assert.equal(send(), stream ? bytes.length - 1 : false);
  const used = bench.collect();
  if (stream) assert.deepEqual(used, { length: bytes.length - 1, bytes: bytes.slice(0, -1) });
  else assert.equal(used, undefined, "a message that does not fit was sent");
}
