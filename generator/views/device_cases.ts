/**
 * How the device serves one request: the type of its handler, and the text around the call.
 *
 * @module
 */

import { propertyName } from "../names.ts";
import type { CaseView, MessagesView, PartView } from "./messages.ts";
import { refuseText, type SetPlace, type StatusLayout } from "./device_sets.ts";
import { lessText, notText, sumText } from "./text.ts";

/** A handler: its arguments, and what it may answer. */
export function handlerText(one: CaseView, many: boolean, pulled: boolean): object {
  const parameters = [
    ...(one.readable.type === null ? [] : [`request: ${one.readable.type}`]),
    ...one.readable.payloads.map(({ local }) => `${local}: ReadableBytes`),
    ...one.writable.payloads.map(({ local }) => `${local}: WritableBytes`),
    ...(many ? ["queue: number"] : []),
    ...(asksRoom(one) ? ["room: number"] : []),
  ].join(", ");
  const answer = answerType(one);
  return {
    ...one,
    room: asksRoom(one),
    type: pulled ? `(${parameters}) => void` : `(${parameters}) => ${answer} | Promise<${answer}>`,
  };
}

/** Whether nothing but the handler says how long the answer is. */
export function asksRoom({ writable }: CaseView): boolean {
  return writable.type !== null && writable.payloads.length === 0 && writable.area === null;
}

/** What a handler returns. */
export function answerType({ writable, status }: CaseView): string {
  if (status === null) return writable.type ?? "void";
  if (writable.type === null) return status.type;
  return `${status.type} | (${writable.type} & { readonly ${status.property}?: ${status.type} })`;
}

/** What surrounds a case in its set. */
export interface CasePlace extends SetPlace {
  readonly set: MessagesView;
  readonly layout: StatusLayout;
  /** Function that answers a request of the case after an error. */
  readonly fail: string;
  /** It differs from that of the set: the case catches its errors itself. */
  readonly guarded: boolean;
  /** Bytes of the writable part that were checked already. */
  readonly checked: number;
}

/** The text of one case. */
export function caseText(one: CaseView, place: CasePlace): object {
  const { set, layout, many, pulled, keys } = place;
  const { readable, writable, status } = one;
  const refuse = (answer: string) => refuseText(layout, answer);
  const finish = finishText(one, layout);
  const shut = notText(one.gate);
  const text = {
    ...one,
    refusedUnknown: refuse(status?.unknown ?? "0"),
    refusedMalformed: pulled ? "" : refuse(status?.malformed ?? "0"),
    shut,
    unanswered: set.refusals === null && status !== null && shut !== "",
    least: layout.least > place.checked ? layout.least : 0,
    needs: neededText(one, layout.least),
    fail: place.fail,
    guarded: place.guarded && !pulled,
    pulled,
    push: layout.push,
    kept: layout.kept,
    written: writable.payloads.map(({ local }) => local).join(", "),
    turn: turnText(one, keys),
    checks: one.checks.map((check) => ({ ...check, refused: refuse(check.status) })),
    finish: pulled ? "" : finish("answer"),
    finishLate: pulled ? "" : finish("late"),
    lateName: /\blate\b/.test(finish("late")) ? "late" : "",
    args: [
      ...(readable.type === null ? [] : ["request"]),
      ...readable.payloads.map(({ local }) => local),
      ...writable.payloads.map(({ local }) => local),
      ...(many ? ["this.#plan.item(queue.index)"] : []),
      ...(asksRoom(one) ? [lessText("chain.writableLength", String(writable.trailerSize))] : []),
    ].join(", "),
    readFixed: !set.tagged && readable.plain && !readable.bare,
    pool: readable.hasPooled,
    queueMark: many ? "" : "_",
    headMark: readable.hasPooled ? "" : "_",
    poolName: poolName(readable.name),
    readS: readable.asksSession ? ", s" : "",
    walked: !readable.plain && readable.exists,
    short: readable.plain && readable.exists && readable.headSize !== "0",
    hasRanges: readable.payloads.length > 0,
    readPayloads: readable.payloads.map((each, index) => ({
      ...each,
      first: index === 0,
      from: readable.plain ? readable.headSize : `ranges[${2 * index}]!`,
      size: readable.plain
        ? lessText("chain.readableLength", readable.headSize ?? "0")
        : `ranges[${2 * index + 1}]! - ranges[${2 * index}]!`,
    })),
    writePayloads: writePayloads(writable),
  };
  return { ...text, usesSession: usesSession(one, [text.needs, text.writePayloads]) };
}

/** The value of the field by which a request takes its turn; empty where it has none. */
function turnText({ model, readable }: CaseView, keys: readonly string[]): string {
  const key = model.readable.fields.find(({ name, field, derived }) =>
    keys.includes(name) && !derived && !("reserved" in field)
  );
  return key === undefined || readable.type === null ? "" : `request.${propertyName(key.name)}`;
}

/** Whether the text of a case speaks of the session. */
function usesSession({ readable, gate, checks }: CaseView, sizes: readonly unknown[]): boolean {
  const body = [
    gate,
    readable.plain ? readable.headSize ?? "" : "",
    ...checks.map((check) => check.fails),
    JSON.stringify(sizes),
  ];
  return (!readable.plain && readable.exists) || readable.asksSession ||
    body.some((text) => /\bs\./.test(text));
}

/** `BlockReq` → `blockReqs`. */
export function poolName(type: string): string {
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}s`;
}

/** Arguments that ending a request needs beside the answer, with their types. */
function keptParameters({ readable, writable }: CaseView): (readonly [string, string])[] {
  return [
    ...(writable.encodesRequest ? [["request", readable.type ?? "unknown"] as const] : []),
    ...writable.payloads.map(({ local }) => [local, "WritableBytes"] as const),
  ];
}

/** The call that ends a request, for the name of the answer. */
function finishText(one: CaseView, layout: StatusLayout): (answer: string) => string {
  const { status, writable } = one;
  const written = writtenText(writable);
  if (writable.type !== null) {
    const more = keptParameters(one).map(([name]) => `, ${name}`).join("");
    return (answer) => `this.#${finishName(one)}(queue, head, chain, ${answer}${more})`;
  }
  if (status === null) return () => `${layout.push}, ${written})`;
  const more = layout.counts && written !== "0" ? `, ${written}` : "";
  return (answer) => `this.#${layout.name}(queue, head, chain, ${answer}${more})`;
}

function finishName({ pascal }: CaseView): string {
  return `finish${pascal}`;
}

/** The function that encodes the answer of a case; null where there is nothing but a status. */
export function finisherText(one: CaseView, layout: StatusLayout): object | null {
  const { writable, status } = one;
  if (writable.type === null) return null;
  const written = writtenText(writable);
  const lengths = writable.payloads.map(({ property, local }) => `${property}: ${local}.written`);
  const filled = one.model.used === "filled";
  const more = writable.surplus || filled
    ? `, ${written}, true`
    : written === "0"
    ? ""
    : `, ${written}`;
  return {
    name: finishName(one),
    type: answerType(one),
    parameters: keptParameters(one).map(([name, type]) => `, ${name}: ${type}`).join(""),
    hasStatus: status !== null,
    refused: refuseText(layout, "answer"),
    encode: `encode${writable.name}(e, ${
      status === null
        ? "answer"
        : `{ ...answer, ${status.property}: answer.${status.property} ?? ${status.ok} }`
    }, this.#s${writable.asksLengths ? `, { ${lengths.join(", ")} }` : ""}${
      writable.encodesRequest ? ", request" : ""
    }${writable.tags.map(([, literal]) => `, ${literal}`).join("")})`,
    bytes: `answerBytes(chain, e, ${writable.trailerSize}${more})`,
    filled,
    push: layout.push,
    used: sumText("e.length", written),
  };
}

/** The room that an answer takes at least, as far as it is known before the handler runs; empty when that was checked already. */
export function neededText({ writable }: CaseView, checked: number): string {
  if (writable.headSize === null) return "";
  const payloads = writable.payloads.flatMap(({ length, gate }) => {
    if (length === null) return [];
    return [gate === "" ? length : `(${gate} ? ${length} : 0)`];
  });
  const fixed = [writable.headSize, String(writable.trailerSize)].filter((text) => text !== "0");
  if (payloads.length > 0 || !fixed.every((text) => /^\d+$/.test(text))) {
    return [...fixed, ...payloads].join(" + ");
  }
  const sum = fixed.reduce((total, text) => total + Number(text), 0);
  return sum > checked ? String(sum) : "";
}

/** Writable payloads one behind the other, from the end of the fields before them. */
function writePayloads(part: PartView): object[] {
  let from = part.headSize ?? "0";
  return part.payloads.map((each, index) => {
    const start = from;
    const rest = lessText("chain.writableLength", start, String(part.trailerSize));
    const length = each.length ?? rest;
    from = sumText(start, `${each.local}.length`);
    return {
      ...each,
      first: index === 0,
      from: start,
      size: each.gate === "" ? length : `(${each.gate}) ? ${length} : 0`,
    };
  });
}

/** Bytes of payload that were written, as the answer counts them. */
function writtenText(part: PartView): string {
  const last = part.payloads.at(-1);
  if (last === undefined) return "0";
  const before = part.payloads.slice(0, -1).map(({ local }) => `${local}.length`);
  return [...before, `${last.local}.written`].join(" + ");
}
