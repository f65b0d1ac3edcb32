/**
 * How the device tells the requests of a set apart, and what it answers where no handler can.
 *
 * @module
 */

import { caseText, finisherText, neededText } from "./device_cases.ts";
import type { CaseView, MessagesView, PartView, StatusView } from "./messages.ts";
import { lowerFirst, ownSession, unique } from "./text.ts";

/** One place that a status has among a set's answers; without a status, buffers go back unanswered. */
export interface StatusLayout {
  /** What tells it apart. */
  readonly key: string;
  /** The function that answers with nothing but a status. */
  readonly name: string;
  readonly status: StatusView | null;
  /** Fewest bytes that hold the status. */
  readonly least: number;
  /** The function counts the bytes written before the status. */
  readonly counts: boolean;
  /** What lies between data and status is left alone. */
  readonly surplus: boolean;
  /** Where the payloads of requests are kept, behind which is what is left alone; else empty. */
  readonly kept: string;
  /** Text for the bytes of the answer, where all of them are written whatever the status; else empty. */
  readonly whole: string;
  /** The used length says how much was filled. */
  readonly filled: boolean;
  /** The call that gives a buffer back, up to the number of bytes written. */
  readonly push: string;
}

/** What surrounds a set in its device. */
export interface SetPlace {
  /** Several queues carry it. */
  readonly many: boolean;
  /** Its buffers go back when the device wants news. */
  readonly pulled: boolean;
  /** Its first bytes tell the byte order. */
  readonly ordered: boolean;
  /** Fields by which requests take turns. */
  readonly keys: readonly string[];
  /** The behaviour that puts answers in lines, and the numbers by which it does. */
  readonly lines: { readonly name: string; readonly by: string } | null;
}

/** The call that answers a request with a status alone. */
export function refuseText(layout: StatusLayout, status: string): string {
  return layout.status === null
    ? `${layout.push}, 0)`
    : `this.#${layout.name}(queue, head, chain, ${status})`;
}

/** The text of a set. */
export function setText(set: MessagesView, place: SetPlace): object {
  const { ordered, pulled, lines } = place;
  const push = lines === null ? "queue.push(head" : `this.${lines.name}.push(queue, head`;
  const layouts = layoutsOf(set, push);
  const common = commonLayout(set, layouts, push);
  const universal = common.status !== null &&
    layouts.every((each) => each === common || each.whole !== "" && common.whole !== "");
  const fails = failsOf(set, layouts, common);
  const fixed = Math.max(set.tagSize, ...set.cases.map((one) => numericHead(one.readable)));
  const echoes = layouts.some(({ status }) => (status?.echoes.length ?? 0) > 0);
  const answers = layouts.filter((each) => each.status !== null)
    .map((each) => answerText(each, echoes ? fixed : 0, !universal && each === common));
  const composed = Math.max(0, ...answers.map(({ composedEnd }) => composedEnd));
  return {
    ...set,
    fixed,
    ordered,
    pulled,
    push,
    lines,
    least: universal ? common.least : 0,
    ensured: Math.max(composed, set.tagged ? fixed : 0),
    ensures: composed > 0 || fixed > FIXED_BYTES,
    clears: echoes || lines !== null,
    refusedUnknown: refuseText(common, set.refusals?.unknown ?? "0"),
    refusedMalformed: refuseText(common, set.refusals?.malformed ?? "0"),
    answers,
    kept: layouts.some(({ kept }) => kept !== "") ? keptName(set) : "",
    fails: unique(fails.values()),
    fail: set.pascal,
    untagged: set.tagged ? null : set.cases[0],
    branches: branches(set),
    cases: set.cases.map((one) => {
      const { name } = fails.get(one)!;
      return caseText(one, {
        ...place,
        set,
        layout: layoutFor(layouts, one, push),
        fail: name,
        guarded: name !== set.pascal,
        checked: universal ? common.least : 0,
      });
    }),
    finishers: set.cases.flatMap((one) => finisherText(one, layoutFor(layouts, one, push)) ?? []),
  };
}

/** Private bytes that a chain has for fixed parts unless it is told otherwise. */
const FIXED_BYTES = 64;

function numericHead(part: PartView): number {
  return part.plain && part.headSize !== null && /^\d+$/.test(part.headSize)
    ? Number(part.headSize)
    : 0;
}

/**
 * The different places that a status has in a set; the first is named after the set alone. Of
 * answers that are written whole the shortest comes first.
 */
function layoutsOf(set: MessagesView, push: string): StatusLayout[] {
  const layouts = new Map<string, StatusLayout>();
  const length = (one: CaseView) => {
    const text = wholeText(one);
    return /\D/.test(text) ? Infinity : Number(text);
  };
  for (const one of set.cases.toSorted((a, b) => Math.sign(length(a) - length(b)) || 0)) {
    const key = layoutKey(one);
    if (layouts.has(key)) continue;
    const { status, writable, model } = one;
    const filled = model.used === "filled";
    const alike = set.cases.filter((other) => layoutKey(other) === key);
    layouts.set(key, {
      key,
      name: `answer${set.pascal}${layouts.size === 0 ? "" : one.pascal}`,
      status,
      least: status === null ? 0 : status.trailing ? status.frame : status.offset + status.size,
      counts: status !== null && (filled || !writable.surplus) &&
        alike.some((other) => other.writable.payloads.length > 0),
      surplus: writable.surplus || filled,
      kept: writable.surplus && !filled && status?.trailing === true ? keptName(set) : "",
      whole: wholeText(one),
      filled,
      push,
    });
  }
  return [...layouts.values()];
}

function layoutKey(one: CaseView): string {
  const { status, writable, model } = one;
  if (status === null) return "";
  const { trailing, offset, size, frame, echoes } = status;
  const place = [trailing, offset, size, frame, echoes, writable.surplus, model.used];
  return JSON.stringify([...place, wholeText(one)]);
}

/** The bytes of an answer that is written whole and has nothing in front of its status; empty for others. */
function wholeText(one: CaseView): string {
  const { status } = one;
  return status?.whole === true && !status.trailing ? ownSession(neededText(one, 0)) : "";
}

function layoutFor(layouts: readonly StatusLayout[], one: CaseView, push: string): StatusLayout {
  const key = layoutKey(one);
  return layouts.find((each) => each.key === key) ?? { ...NO_STATUS, push };
}

const NO_STATUS: Omit<StatusLayout, "push"> = {
  key: "",
  name: "",
  status: null,
  least: 0,
  counts: false,
  surplus: false,
  kept: "",
  whole: "",
  filled: false,
};

/** What a request is answered with that no case stands for: only where all answers that have a status have one. */
function commonLayout(
  set: MessagesView,
  layouts: readonly StatusLayout[],
  push: string,
): StatusLayout {
  const [first, ...others] = layouts.filter(({ status }) => status !== null);
  const none = { ...NO_STATUS, push };
  if (set.refusals === null || first === undefined) return none;
  return others.every((each) => placeKey(each) === placeKey(first)) ? first : none;
}

/** Where the status stands, whatever is around it. */
function placeKey({ status }: StatusLayout): string {
  return status === null ? "" : [status.trailing, status.offset, status.size].join();
}

interface Fail {
  readonly name: string;
  readonly malformed: string;
  readonly failed: string;
  readonly one: boolean;
  readonly chainMark: string;
}

/** How each case's errors are answered; most cases share the set's way. */
function failsOf(
  set: MessagesView,
  layouts: readonly StatusLayout[],
  common: StatusLayout,
): Map<CaseView, Fail> {
  const known = new Map<string, Fail>();
  const add = (key: string, name: string, layout: StatusLayout, status: StatusView | null) => {
    const malformed = refuseText(layout, status?.malformed ?? "0");
    const failed = refuseText(layout, status?.failed ?? "0");
    const chainMark = malformed.includes("chain") ? "" : "_";
    known.set(key, { name, malformed, failed, one: malformed === failed, chainMark });
  };
  const keyOf = ({ name }: StatusLayout, status: StatusView | null) =>
    status === null ? "" : `${name} ${status.malformed} ${status.failed}`;
  add(keyOf(common, common.status), set.pascal, common, common.status);
  const fails = new Map<CaseView, Fail>();
  for (const one of set.cases) {
    const layout = layoutFor(layouts, one, common.push);
    const key = keyOf(layout, one.status);
    if (!known.has(key)) add(key, `${set.pascal}${one.pascal}`, layout, one.status);
    fails.set(one, known.get(key)!);
  }
  const shared = known.values().next().value!;
  if (![...fails.values()].includes(shared)) fails.set(NO_CASE, shared);
  return fails;
}

/** Name of the field that has the payloads of a set's requests, by their numbers. */
function keptName({ pascal }: MessagesView): string {
  return `${lowerFirst(pascal)}Payloads`;
}

/** Stands for requests that no case does. */
const NO_CASE = {} as CaseView;

/** The function that answers with nothing but a status. */
function answerText(layout: StatusLayout, base: number, guarded: boolean) {
  const status = layout.status!;
  const byte = status.trailing && status.frame === 1;
  return {
    ...layout,
    guarded,
    byte,
    base,
    end: base + status.frame,
    frame: status.frame,
    trailing: status.trailing,
    composedEnd: byte ? 0 : base + status.frame,
    set: status.setAt(String(base)),
    echoes: status.echoes.map(({ from, to, length }) => ({
      to: base + to,
      from,
      end: from + length,
    })),
  };
}

/** The cases of a tag; where several have the same one, the first whose features are there. */
function branches(set: MessagesView): object[] {
  const byTag = new Map<string, CaseView[]>();
  for (const one of set.cases) {
    for (const tag of one.tags) byTag.set(tag, [...(byTag.get(tag) ?? []), one]);
  }
  const merged = new Map<string, { tags: string[]; cases: CaseView[] }>();
  for (const [tag, cases] of byTag) {
    const key = cases.map((one) => one.name).join();
    const branch = merged.get(key) ?? { tags: [], cases };
    branch.tags.push(tag);
    merged.set(key, branch);
  }
  return [...merged.values()].map(({ tags, cases }) => ({
    tags,
    gated: cases.slice(0, -1).map((one) => ({
      handler: one.handler,
      gate: ownSession(one.gate),
    })),
    handler: cases.at(-1)!.handler,
  }));
}
