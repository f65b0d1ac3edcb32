/**
 * How the driver puts each request of a queue into memory, and takes its answer out.
 *
 * A request has a slot: the plain head of its readable part, then the head and the trailer of its
 * writable part. What has no size beforehand is encoded apart, and payload stays with the caller.
 *
 * @module
 */

import type { CaseView, PartView } from "./messages.ts";
import type { QueueView } from "./queues.ts";
import { moreText, sumText, unique } from "./text.ts";
import type { DeviceView } from "./wire.ts";

/** The class of one queue of requests. */
export function queueClass(view: DeviceView, queue: QueueView) {
  const ends = new Map<string, EndText>();
  const cases = queue.sets.flatMap((set) => set.cases).map((one) => {
    const end = endText(one);
    const key = JSON.stringify({ ...end, pascal: "" });
    if (!ends.has(key)) ends.set(key, end);
    return requestText(one, [...ends.keys()].indexOf(key));
  });
  const all = [...ends.values()];
  const hasAnswer = all.some((end) => end.structured);
  return {
    ...queue,
    type: view.prefix + queue.pascal,
    session: view.session,
    cases,
    ends: all.map((end, kind) => ({ ...end, kind, hasAnswer })),
    slotSize: unique(cases.map((text) => text.slotSize)).join(", "),
    hasStatus: all.some((end) => end.status !== null),
    hasEncoder: cases.some((text) => text.walked),
    hasAnswer,
    hasRequests: cases.some((text) => text.keepsRequest),
    hasTold: cases.some((text) => text.told.length > 0),
    hasData: cases.some((text) => text.fetches),
    hasRooms: cases.some((text) => text.room),
    asksConfig: cases.some((text) => text.asksConfig),
    config: view.config?.type ?? "",
    hasShort: all.some((end) => !end.silent),
    usesSession: cases.some((text) => text.usesS) || all.some((end) => end.usesSession),
    slotParameter: cases.some((text) => /\bs\./.test(text.slotSize)) ? "s" : "_s",
  };
}

/** Whether only the caller knows how long the answer may be. */
export function takesRoom({ writable }: CaseView): boolean {
  return writable.exists && writable.headSize === null && writable.area === null;
}

/** What to say of the parameter for it. */
export function roomDoc(one: CaseView): string {
  if (!takesRoom(one)) return "";
  const status = one.status === null ? "" : ", its status included";
  const least = leastRoom(one);
  return `; \`room\` is how many bytes the answer may take${status}${
    least === 0 ? "" : `: ${least} or more`
  }`;
}

/** Fewest bytes that an answer can have whose length only the caller knows; 0 for others. */
function leastRoom(one: CaseView): number {
  return takesRoom(one) ? one.model.writable.minSize : 0;
}

/** Sizes of the pieces that a request has in its slot. */
function places({ readable, writable }: CaseView) {
  const walked = readable.exists && !readable.plain;
  const room = writable.exists && writable.headSize === null;
  return {
    walked,
    room,
    readSize: walked || !readable.exists ? "0" : readable.headSize ?? "0",
    writeSize: room ? "0" : writable.headSize ?? "0",
    trailer: room ? 0 : writable.trailerSize,
  };
}

/** How a request is put into memory. */
function requestText(one: CaseView, kind: number) {
  const { readable, writable } = one;
  const { walked, room, readSize, writeSize, trailer } = places(one);
  const parameters = parameterTexts(one);
  const gates = [...readable.payloads, ...writable.payloads].map(({ gate }) => gate);
  const area = writable.area ?? "room";
  const demands = one.demands.map(({ fails }) => fails);
  const spoken = [readSize, writeSize, ...gates, ...demands, ...(room ? [area] : [])].join(" ");
  return {
    ...one,
    doc: one.doc + roomDoc(one),
    refuses: readable.type !== null,
    kind,
    walked,
    room,
    area,
    areaKnown: writable.area !== null,
    leastRoom: leastRoom(one),
    told: writable.told,
    fetches: writable.payloads.length > 0,
    keepsRequest: writable.decodesRequest,
    parameters: parameters.map(([name, type]) => `${name}: ${type}`).join(", "),
    comma: parameters.length === 0 ? "" : ", ",
    names: parameters.map(([name]) => name).join(", "),
    resultType: resultType(one),
    descriptors: descriptorCount(one, walked, room),
    slotSize: sumText(readSize, writeSize, String(trailer)),
    writes: plainWrites(one, walked),
    encodes: walked ? encodeText(one) : "",
    readPayloads: readable.payloads,
    pieces: walked ? readable.payloads : [],
    plainPayloads: walked ? [] : readable.payloads,
    readHead: !walked && readSize !== "0",
    readSize,
    writePayloads: writable.payloads,
    writeHead: writeSize !== "0",
    writeSize,
    writeAt: sumText("address", readSize),
    hasTrailer: trailer > 0,
    trailerAt: sumText("address", readSize, writeSize),
    trailerSize: trailer,
    usesAddress: (!walked && readSize !== "0") || writeSize !== "0" || trailer > 0,
    usesS: walked || readable.asksSession || /\bs\./.test(spoken),
    asksConfig: one.demands.some(({ fails }) => fails.includes("this.#config()")),
  };
}

type EndText = ReturnType<typeof endText>;

/** How an answer is taken out; requests with equal answers share it. */
function endText(one: CaseView) {
  const { writable, status, pascal } = one;
  const { room, readSize, writeSize, trailer } = places(one);
  const structured = writable.type !== null;
  const filled = one.model.used === "filled";
  const frame = status === null ? 0 : status.trailing ? trailer : status.offset + status.size;
  const statusAt = sumText(
    "slots.offsetOf(slot)",
    readSize,
    status?.trailing === true ? writeSize : "0",
  );
  const blank = structured && status !== null && !status.trailing ? blankText(one) : null;
  const rest = restText(writable, writeSize, trailer, filled);
  const decode = `decode${writable.name}(Decoder.of(bytes), this.#s, []${
    writable.decodesRequest ? `, this.#requests[slot] as ${one.readable.type}` : ""
  }${writable.told.map((_, at) => `, this.#told[slot]![${at}]!`).join("")})`;
  const text = {
    pascal,
    structured,
    silent: status === null && !structured,
    counted: status === null && !structured && writable.payloads.length > 0,
    room,
    whole: writable.trailerSize > 0,
    status: status === null ? null : { property: status.property, ok: status.ok },
    fetches: writable.payloads.length > 0,
    discards: !structured && writable.payloads.length > 0 && status?.discards === true,
    ignores: structured && status?.discards === true,
    rest: rest.from,
    restResult: status === null && !structured ? "" : rest.result,
    expected: expectedText(one, filled),
    failedAt: room ? `this.length <= ${frame}` : `this.length < ${expectedText(one, filled)}`,
    answerPlus: moreText(readSize),
    answerSize: sumText(writeSize, String(trailer)),
    statusGet: status?.getAt(statusAt) ?? "",
    statusEnd: frame,
    blank: blank ?? "",
    blankGet: status?.getAt("0") ?? "",
    answerType: structured ? writable.resultType : "undefined",
    decode,
  };
  const lines = text.silent
    ? text.rest
    : `${text.expected} ${
      structured && !room ? text.answerPlus + text.answerSize : ""
    } ${text.rest} ${structured ? "" : statusAt}`;
  const endUsesS = /\bs\./.test(lines);
  return { ...text, endUsesS, usesSession: structured || endUsesS };
}

/** Bytes that must have been written for there to be an answer. */
function expectedText(one: CaseView, filled: boolean): string {
  const { status, writable } = one;
  const { room, writeSize, trailer } = places(one);
  if (room) return writable.trailerSize > 0 ? "area.length" : "0";
  if (trailer > 0) {
    const data = writable.payloads.length > 0 && !filled ? ["lengthOf(this.#data[slot]!)"] : [];
    return sumText(writeSize, String(trailer), ...data);
  }
  if (writable.type !== null) return writeSize;
  return status === null ? "0" : String(status.offset + status.size);
}

/** An answer of which the device filled in nothing but the status; null where there is no such thing. */
function blankText({ writable, status }: CaseView): string | null {
  const needed = writable.properties.filter((each) => !each.optional);
  if (needed.some(({ zero }) => zero === "undefined")) return null;
  return [...needed.map(({ property, zero }) => `${property}: ${zero}`), status!.property]
    .map((member) => member === status!.property ? `${member}: status` : member).join(", ");
}

/** The only or last payload, as far as it was written, as a member of the answer. */
function restText(part: PartView, writeSize: string, trailer: number, filled: boolean) {
  const last = part.payloads.at(-1);
  if (last === undefined || trailer > 0 && !filled) return { from: "", result: "" };
  const at = part.payloads.length - 1;
  const before = Array.from({ length: at }, (_, i) => `data[${i}]!.length`);
  const from = sumText(writeSize, String(trailer), ...before);
  const written = from === "0" ? "this.length" : `Math.max(0, this.length - (${from}))`;
  return { from: written, result: `, ${last.property}: data[${at}]!.subarray(0, ${written})` };
}

/** Parameters of a request's methods: its fields, its payloads, what is known of other messages, how much may come back. */
export function parameterTexts(one: CaseView): (readonly [string, string])[] {
  const { readable, writable } = one;
  return [
    ...(readable.type === null ? [] : [["request", readable.type] as const]),
    ...[...readable.payloads, ...writable.payloads].map(({ local }) =>
      [local, "Uint8Array"] as const
    ),
    ...writable.told.map((name) => [name, "number"] as const),
    ...(takesRoom(one) ? [["room", "number"] as const] : []),
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
  const tags = tagArguments(readable);
  return `write${readable.name}(view, at${value}${tags}${readable.asksSession ? ", s" : ""});`;
}

function encodeText({ readable }: CaseView): string {
  const lengths = readable.payloads.map(({ property, local }) => `${property}: ${local}.length`);
  const value = readable.type === null ? "{}" : "request";
  const more = readable.asksLengths ? `, { ${lengths.join(", ")} }` : "";
  return `encode${readable.name}(e, ${value}, s${more}${tagArguments(readable)});`;
}

function tagArguments(part: PartView): string {
  return part.tags.map(([, literal]) => `, ${literal}`).join("");
}

/** What the promise of a request holds. */
export function resultType(one: CaseView): string {
  const { writable, status } = one;
  const last = writable.payloads.at(-1);
  if (status === null && writable.type === null) return last === undefined ? "void" : "number";
  const { trailer } = places(one);
  const told = last !== undefined && (trailer === 0 || one.model.used === "filled");
  const parts = [
    ...(writable.type === null ? [] : [writable.type]),
    ...(status === null ? [] : [`{ readonly ${status.property}: number }`]),
    ...(told ? [`{ readonly ${last.property}: Uint8Array }`] : []),
  ];
  return parts.join(" & ");
}
