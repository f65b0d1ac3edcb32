/**
 * The last step before the driver template: how each request is put into memory and its answer
 * taken out.
 *
 * A request has a slot: the plain head of its readable part, then the head and the trailer of its
 * writable part. What has no size beforehand is encoded apart, and payload stays with the caller.
 *
 * @module
 */

import type { CaseView, PartView } from "./messages.ts";
import type { QueueView } from "./queues.ts";
import { constantOf } from "./siblings.ts";
import type { DeviceView } from "./wire.ts";

/** What the driver template prints. */
export function driverText(view: DeviceView): object {
  const asked = view.queues.filter((queue) => queue.request || queue.transmit);
  const received = view.queues.filter((queue) => queue.receive);
  const pulled = view.queues.filter((queue) => queue.pull);
  const offerable = view.features.filter((one) => !one.legacy);
  const settable = (view.config?.writables ?? []).filter((one) => !one.windowed);
  const classes = [...asked, ...pulled].map((queue) => queueClass(view, queue));
  const classed = (queue: QueueView) => ({
    ...queue,
    type: view.prefix + queue.pascal,
    takesSession: classes.find((each) => each.name === queue.name)!.usesSession,
  });
  const merging = view.config === null ? null : constantOf(view.config.type);
  const configLocal = view.config === null ? "" : lowerFirst(view.config.type);
  return {
    ...view,
    config: view.config === null ? null : { ...view.config, sizeName: `${merging}_SIZE` },
    configLocal,
    planConfig: view.config === null ? "undefined" : "config",
    asks: asked.length + pulled.length > 0,
    shorts: classes.some((each) => each.cases.some((text) => !text.silent)),
    windowSize: view.config?.window?.sizeProperty ?? "",
    leftOut: view.features.filter((one) => one.loses).map((one) => `"${one.key}"`).join(", "),
    windowParameters: (view.config?.window?.select ?? []).map(({ local }) => `${local}: number`)
      .join(", "),
    windowWrites: (view.config?.window?.select ?? []).map(({ local, offset }) => ({
      local,
      offset,
    })),
    keys: offerable.map((one) => `"${one.key}"`).join(" | "),
    offerable,
    queueClasses: classes,
    asked: asked.map(classed),
    pulled: pulled.map(classed),
    methods: asked.flatMap((queue) =>
      queue.sets.flatMap((set) => set.cases.map((one) => methodText(queue, one)))
    ),
    received: received.map((queue) => receivedText(view, queue)),
    hasReceived: received.length > 0,
    events: received.flatMap((queue) =>
      queue.sets.flatMap((set) => set.cases.map((one) => eventText(queue, one)))
    ),
    writables: settable,
    settings: view.config === null ? "undefined" : "this.#config",
  };
}

/** The class of one queue of requests. */
function queueClass(view: DeviceView, queue: QueueView) {
  const cases = queue.sets.flatMap((set) => set.cases.map((one) => ({ set, one })));
  const texts = cases.map(({ one }, kind) => requestText(view, queue, one, kind));
  const uses = (test: (text: ReturnType<typeof requestText>) => boolean) => texts.some(test);
  return {
    ...queue,
    type: view.prefix + queue.pascal,
    session: view.session,
    cases: texts.map((text) => ({
      ...text,
      hasAnswer: uses((each) => each.structured || each.room && each.status !== null),
    })),
    slotSize: [...new Set(texts.map((text) => text.slotSize))].join(", "),
    hasStatus: uses((text) => text.status !== null),
    hasEncoder: uses((text) => text.walked),
    hasAnswer: uses((text) => text.structured || text.room && text.status !== null),
    hasRequests: uses((text) => text.keepsRequest),
    hasData: uses((text) => text.fetches.length > 0),
    hasRooms: uses((text) => text.room),
    usesSession: uses((text) => text.usesSession),
    slotParameter: uses((text) => /\bs\./.test(text.slotSize)) ? "s" : "_s",
  };
}

function requestText(view: DeviceView, queue: QueueView, one: CaseView, kind: number) {
  const { readable, writable, status } = one;
  const walked = readable.exists && !readable.plain;
  const structured = writable.type !== null;
  const room = writable.exists && writable.headSize === null;
  const readSize = walked || !readable.exists ? "0" : readable.headSize ?? "0";
  const writeSize = room ? "0" : writable.headSize ?? "0";
  const trailer = room ? 0 : writable.trailerSize;
  const silent = status === null && !structured;
  const keepsRequest = writable.asksRequest || payloadLengths(writable);
  const counted = silent && writable.payloads.length > 0;
  const parameters = parameterTexts(one, room);
  const session = `${writeSize} ${readSize}`;
  const text = {
    ...one,
    kind,
    queue: queue.name,
    walked,
    structured,
    room,
    silent,
    counted,
    keepsRequest,
    parameters: parameters.map(([name, type]) => `${name}: ${type}`).join(", "),
    comma: parameters.length === 0 ? "" : ", ",
    names: parameters.map(([name]) => name).join(", "),
    descriptors: descriptorCount(one, walked, room),
    readSize,
    answerAt: sumText("at", readSize),
    slotSize: sumText(readSize, writeSize, String(trailer)),
    writes: plainWrites(one, walked),
    encodes: walked ? encodeText(one) : "",
    readPayloads: readable.payloads,
    pieces: walked ? readable.payloads : [],
    plainPayloads: walked ? [] : readable.payloads,
    readHead: !walked && readSize !== "0",
    writePayloads: writable.payloads,
    writeHead: writeSize !== "0",
    writeSize,
    answerOffset: sumText(readSize),
    trailerSize: trailer,
    hasTrailer: trailer > 0,
    trailerAt: sumText("address", readSize, writeSize),
    writeAt: sumText("address", readSize),
    fetches: writable.payloads.map(({ local, property }) => ({ local, property })),
    whole: writable.trailerSize > 0,
    expected: trailer > 0
      ? sumText(
        writeSize,
        String(trailer),
        ...(writable.payloads.length > 0 ? ["lengthOf(this.#data[slot]!)"] : []),
      )
      : room
      ? (writable.trailerSize > 0 ? "area.length" : "0")
      : statusEnd(one, writeSize),
    leading: structured && !room && status !== null && !status.trailing
      ? status.offset + status.size
      : 0,
    answerPlus: plusText(readSize),
    answerSize: sumText(writeSize, String(trailer)),
    restOnly: trailer === 0 && writable.payloads.length === 1,
    restFrom: writeSize,
    restResult: trailer > 0 || writable.payloads.length === 0 || silent
      ? ""
      : restResult(one, writeSize),
    statusOnly: status !== null && !structured && !room,
    statusPlus: status === null ? "" : plusText(readSize, status.trailing ? writeSize : "0"),
    statusGet: status === null ? "" : status.getAt,
    answerType: structured ? writable.resultType : "undefined",
    queueIndex: "this.ring.index",
    resultType: resultType(one, counted),
    decode: structured
      ? `decode${writable.name}(Decoder.of(bytes), this.#s, []${
        writable.asksRequest ? `, this.#requests[slot] as ${readable.type}` : ""
      })`
      : "undefined",
    endUsesS: /\bs\./.test(`${writeSize}${readSize}`),
    usesAddress: (!walked && readSize !== "0") || writeSize !== "0" || trailer > 0,
    usesSession: structured || walked || /\bs\./.test(session) || readable.asksSession ||
      [...readable.payloads, ...writable.payloads].some((each) => /\bs\./.test(each.gate)),
    usesS: /\bs\./.test(session) || readable.asksSession || walked ||
      [...readable.payloads, ...writable.payloads].some((each) => /\bs\./.test(each.gate)),
  };
  return text;
}

/** Bytes that must have been written for there to be an answer. */
function statusEnd({ status, writable }: CaseView, writeSize: string): string {
  if (writable.type !== null) return writeSize;
  return status === null ? "0" : String(status.offset + status.size);
}

/** The last payload, as far as it was written, as a member of the answer. */
function restResult({ writable }: CaseView, writeSize: string): string {
  const last = writable.payloads.length - 1;
  const before = Array.from({ length: last }, (_, at) => `data[${at}]!.length`);
  const from = sumText(writeSize, ...before);
  return `, ${
    writable.payloads[last]!.property
  }: data[${last}]!.subarray(0, Math.max(0, this.length - (${from})))`;
}

function plusText(...texts: readonly string[]): string {
  const sum = sumText(...texts);
  return sum === "0" ? "" : ` + ${sum}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function payloadLengths(part: PartView): boolean {
  return part.payloads.some((each) => each.length !== null && each.length.includes("request."));
}

/** Parameters of a request's methods: its fields, its payloads, how much may come back. */
function parameterTexts(one: CaseView, room: boolean): (readonly [string, string])[] {
  const { readable, writable } = one;
  return [
    ...(readable.type === null ? [] : [["request", readable.type] as const]),
    ...readable.payloads.map(({ local }) => [local, "Uint8Array"] as const),
    ...writable.payloads.map(({ local }) => [local, "Uint8Array"] as const),
    ...(room ? [["room", "number"] as const] : []),
  ];
}

function descriptorCount({ readable, writable }: CaseView, walked: boolean, room: boolean): number {
  const read = readable.exists
    ? (walked ? 1 + 2 * readable.payloads.length : 1 + readable.payloads.length)
    : 0;
  const write = writable.exists
    ? (room ? 1 : 1 + writable.payloads.length + (writable.trailerSize > 0 ? 1 : 0))
    : 0;
  return Math.max(1, read + write);
}

function plainWrites({ readable }: CaseView, walked: boolean): string {
  if (walked || !readable.hasWrite) return "";
  const value = readable.type === null ? "" : ", request";
  const tags = readable.tags.map(([, literal]) => `, ${literal}`).join("");
  return `write${readable.name}(view, at${value}${tags}${readable.asksSession ? ", s" : ""});`;
}

function encodeText({ readable }: CaseView): string {
  const lengths = readable.payloads.map(({ property, local }) => `${property}: ${local}.length`);
  const value = readable.type === null ? "{}" : "request";
  const more = readable.asksLengths ? `, { ${lengths.join(", ")} }` : "";
  return `encode${readable.name}(e, ${value}, s${more});`;
}

/** What the promise of a request holds. */
function resultType(one: CaseView, counted: boolean): string {
  const { writable, status } = one;
  if (counted) return "number";
  const parts = [
    ...(writable.type === null ? [] : [writable.type]),
    ...(status === null ? [] : [`{ readonly ${status.property}: number }`]),
    ...(writable.trailerSize === 0 && writable.payloads.length > 0
      ? [`{ readonly ${writable.payloads.at(-1)!.property}: Uint8Array }`]
      : []),
  ];
  return parts.length === 0 ? "void" : parts.join(" & ");
}

/** A sum without what is zero. */
function sumText(...texts: readonly string[]): string {
  const kept = texts.filter((text) => text !== "0" && text !== "");
  return kept.length === 0 ? "0" : kept.join(" + ");
}

/** A method of the driver that stands for one of a queue's. */
function methodText(queue: QueueView, one: CaseView): object {
  const room = one.writable.exists && one.writable.headSize === null;
  const counted = one.status === null && one.writable.type === null &&
    one.writable.payloads.length > 0;
  const parameters = parameterTexts(one, room);
  const names = [...parameters.map(([name]) => name), "options?.signal"];
  return {
    ...one,
    queue: queue.property,
    item: queue.many ? "options?.queue ?? 0" : "0",
    parameters: [
      ...parameters.map(([name, type]) => `${name}: ${type}`),
      `options?: { ${queue.many ? "readonly queue?: number; " : ""}readonly signal?: AbortSignal }`,
    ].join(", "),
    names: names.join(", "),
    resultType: resultType(one, counted),
    shutText: shutText(sessionText(one.gate)),
  };
}

/** Bytes of a parked buffer when neither the device nor the user says. */
const BUFFER_SIZE = 4096;

/** The opposite of a condition; nothing for none. */
function shutText(gate: string): string {
  if (gate === "") return "";
  const inner = /^!\(([^()]*)\)$/.exec(gate);
  return inner === null ? `!(${gate})` : inner[1]!;
}

/** Bytes that hold a message: its own size, or the usual one where it has none. */
function bufferSize({ headSize, payloads }: PartView): number {
  const fixed = payloads.length === 0 && headSize !== null && /^\d+$/.test(headSize);
  return fixed ? Number(headSize) : BUFFER_SIZE;
}

/** A queue that the device fills. */
function receivedText(view: DeviceView, queue: QueueView): object {
  const [set] = queue.sets;
  const cases = (set?.cases ?? []).map((one) => eventText(queue, one));
  const whole = set?.cases[0]?.writable;
  return {
    ...queue,
    set,
    tagged: set?.tagged ?? false,
    tag: set?.tag ?? "",
    tagSize: set?.tagSize ?? 0,
    cases,
    session: view.session,
    defaultSize: Math.max(0, ...(set?.cases ?? []).map(({ writable }) => bufferSize(writable))),
    mergesGate: queue.merges === null ? "" : queue.merges.gate.replace(/\bs\./g, "this.#s."),
    mergesRead: queue.merges === null || whole === undefined ? "" : readText(whole),
  };
}

/** What a handler of events gets. */
function eventText(queue: QueueView, one: CaseView): object {
  const { writable } = one;
  const [payload] = writable.payloads;
  const parameters = [
    ...(writable.type === null ? [] : [`value: ${writable.type}`]),
    ...(payload === undefined ? [] : [`${payload.local}: Uint8Array`]),
    ...(queue.many ? ["queue: number"] : []),
  ];
  const args = [
    ...(writable.type === null ? [] : ["value"]),
    ...(payload === undefined ? [] : ["data"]),
    ...(queue.many ? ["item"] : []),
  ];
  return {
    ...one,
    on: `on${one.pascal}`,
    parameters: parameters.join(", "),
    args: args.join(", "),
    told: writable.type !== null,
    read: readText(writable),
    hasData: payload !== undefined,
    dataFrom: sessionText(writable.headSize ?? "0"),
    tags: one.tags,
  };
}

/** The expression that reads a message from \`d\`. */
function readText(part: PartView): string {
  if (part.type === null) return "undefined";
  if (!part.hasPooled) return `decode${part.name}(d, this.#s, [])`;
  const size = sessionText(part.headSize ?? "0");
  const read = part.asksSession
    ? `(view, at, into) => read${part.name}(view, at, into, this.#s)`
    : `read${part.name}`;
  return `d.struct(${size}, ${read}, empty${part.name}(), "${part.name}")`;
}

function sessionText(text: string): string {
  return text.replace(/\bs\./g, "this.#s.");
}
