/**
 * How the driver takes out what the device fills parked buffers with.
 *
 * @module
 */

import type { CaseView, PartView } from "./messages.ts";
import type { QueueView } from "./queues.ts";
import { ownSession } from "./text.ts";
import type { DeviceView } from "./wire.ts";

/** Bytes of a parked buffer for messages of any size, when the user does not say. */
const BUFFER_SIZE = 4096;

/** A queue that the device fills. */
export function receivedText(view: DeviceView, queue: QueueView): object {
  const [set] = queue.sets;
  const whole = set?.cases[0]?.writable;
  return {
    ...queue,
    set,
    tagged: set?.tagged ?? false,
    tag: set?.tag ?? "",
    tagSize: set?.tagSize ?? 0,
    cases: (set?.cases ?? []).map((one) => eventText(view, queue, one)),
    session: view.session,
    defaultSize: set?.cases.every(({ model }) => model.writable.size !== null) === true
      ? Math.max(...set.cases.map(({ model }) => model.writable.size ?? 0))
      : BUFFER_SIZE,
    mergesGate: queue.merges === null ? "" : ownSession(queue.merges.gate),
    mergesRead: queue.merges === null || whole === undefined ? "" : readText(whole),
  };
}

/** Where the driver finds the user's handlers, or what stands in front of them. */
export function eventsFrom(view: DeviceView): string {
  return view.behaviours.driver.length === 0 ? "this.#options" : "this.#events";
}

/** What a handler of events gets. */
export function eventText(view: DeviceView, queue: QueueView, one: CaseView): object {
  const { writable } = one;
  const [payload] = writable.payloads;
  const told = writable.type !== null;
  const walked = payload !== undefined && !writable.plain;
  const parameters = [
    ...(told ? [`value: ${writable.type}`] : []),
    ...(payload === undefined ? [] : [`${payload.local}: Uint8Array`]),
    ...(queue.many ? ["queue: number"] : []),
  ];
  const args = [
    ...(told ? ["value"] : []),
    ...(payload === undefined ? [] : ["data"]),
    ...(queue.many ? ["item"] : []),
  ];
  return {
    ...one,
    gate: ownSession(one.gate),
    from: eventsFrom(view),
    parameters: parameters.join(", "),
    args: args.join(", "),
    checks: one.checks.map((check) => ({
      ...check,
      fails: ownSession(check.fails),
      refusal: ownSession(check.refusal),
      refuse: told ? "d.refuse" : "Decoder.of(bytes).refuse",
    })),
    told,
    read: readText(writable),
    hasData: payload !== undefined,
    walked,
    dataFrom: walked ? "ranges[0], ranges[1]" : ownSession(writable.headSize ?? "0"),
  };
}

/** The expression that reads a message from `d`. */
function readText(part: PartView): string {
  if (part.type === null) return "undefined";
  const ranges = part.payloads.length > 0 && !part.plain ? "ranges" : "[]";
  if (!part.hasPooled) return `decode${part.name}(d, this.#s, ${ranges})`;
  const size = ownSession(part.headSize ?? "0");
  const read = part.asksSession
    ? `(view, at, into) => read${part.name}(view, at, into, this.#s)`
    : `read${part.name}`;
  return `d.struct(${size}, ${read}, empty${part.name}(), "${part.name}")`;
}
