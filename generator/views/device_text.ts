/**
 * The last step before the device template: flags and names that only its text needs.
 *
 * @module
 */

import type { ConfigView, WritableView } from "./config.ts";
import type { CaseView, MessagesView, PartView, PayloadView, StatusView } from "./messages.ts";
import type { QueueView } from "./queues.ts";
import type { DeviceView } from "./wire.ts";

/** Private bytes that a chain has for fixed parts unless it is told otherwise. */
const FIXED_BYTES = 64;

/** What the device template prints. */
export function deviceText(view: DeviceView): object {
  const served = view.queues.filter((queue) => !queue.receive);
  const sets = unique(served.flatMap((queue) => queue.sets));
  const received = view.queues.filter((queue) => queue.receive);
  const sends = received.flatMap((queue) =>
    queue.sets.flatMap((set) => set.cases.map((one) => sendText(queue, set, one)))
  );
  return {
    ...view,
    config: view.config === null ? null : configText(view.config),
    features: view.features.map((one) => ({
      ...one,
      condition: one.offered === "true" ? "" : one.offered,
    })),
    optionKeys: view.features.filter((one) => one.option).map((one) => `"${one.key}"`).join(" | "),
    handlers: sets.flatMap((set) => {
      const many = served.some((queue) => queue.many && queue.sets.includes(set));
      return set.cases.map((one) => handlerText(view, set, one, many));
    }),
    sets: sets.map((set) => {
      const many = served.some((queue) => queue.many && queue.sets.includes(set));
      return setText(view, set, many);
    }),
    served: served.map((queue) => servedText(queue)),
    received: received.map((queue) => ({ ...queue, available: `${queue.property}Available` })),
    sends,
    noData: view.config?.window !== undefined && view.config.window !== null ||
      sends.some((one) => one.data === NO_DATA && !one.stream),
    writables: (view.config?.writables ?? []).filter((one) => !one.windowed).map(writableText),
    hasWrites: (view.config?.writables.length ?? 0) > 0,
    ...windowText(view.config),
    ...offeredText(view),
    ...parkedText(view, received),
    settings: view.config === null ? "undefined" : "this.#settings",
    pools: unique(
      sets.flatMap((set) => set.cases).filter((one) => one.readable.hasPooled).map((one) =>
        one.readable.type ?? ""
      ),
    ).map((type) => ({ type, poolName: poolName(type) })),
  };
}

function writableText(one: WritableView): object {
  return {
    ...one,
    refused: one.refuses,
    usesView: one.refuses !== "" || one.clears !== null,
    put: one.set.replace("(0, ", `(${one.offset}, `),
  };
}

function windowText(config: ConfigView | null): object {
  const window = config?.window ?? null;
  if (config === null || window === null) {
    return { windowParameters: "", windowArguments: "", windowTouches: "", windowEnd: 0 };
  }
  const selects = config.writables.filter((one) => one.windowed);
  return {
    windowParameters: window.select.map(({ local }) => `${local}: number`).join(", "),
    windowArguments: selects.map((one) => one.get).join(", "),
    windowTouches: selects.map((one) => `touches(${one.offset}, ${one.size})`).join(" || "),
    windowEnd: window.valueOffset + window.valueSize,
  };
}

function offeredText(view: DeviceView): object {
  const offerable = view.features.filter((one) => !one.legacy);
  const accepts = [
    ...offerable.filter((one) => one.mandatory).map(({ name }) =>
      `(!hasBit(this.offered, ${name}) || hasBit(features, ${name}))`
    ),
    ...view.choices,
  ];
  const uses = (word: string) => offerable.some((one) => one.offered.includes(word));
  return {
    offerable: offerable.length > 0,
    offersConfig: uses("config."),
    offeredParameter:
      offerable.length > 0 && (uses("config.") || uses("options.") || uses("chosen."))
        ? "options"
        : "_options",
    companies: offerable.filter((one) => one.company !== ""),
    refusals: accepts.length > 0,
    accepts: accepts.join(" && "),
  };
}

function parkedText(view: DeviceView, received: readonly QueueView[]): object {
  void view;
  return {
    parkedQueues: received.length > 0,
    parkedKinds: received.map(({ kind }) => `this.#plan.kind(queue.index) === ${kind}`).join(
      " || ",
    ),
  };
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

function configText(config: ConfigView): object {
  return {
    ...config,
    ranges: config.writables.map(({ offset, size }) => `{ offset: ${offset}, length: ${size} }`)
      .join(", "),
  };
}

/** Type of a handler: its arguments, and what it may answer. */
function handlerText(view: DeviceView, set: MessagesView, one: CaseView, many: boolean): object {
  const parameters = [
    ...(one.readable.type === null ? [] : [`request: ${one.readable.type}`]),
    ...one.readable.payloads.map(({ local }) => `${local}: ReadableBytes`),
    ...one.writable.payloads.map(({ local }) => `${local}: WritableBytes`),
    ...(many ? ["queue: number"] : []),
  ];
  void view;
  void set;
  return {
    ...one,
    type: `(${parameters.join(", ")}) => ${answerType(one)} | Promise<${answerType(one)}>`,
  };
}

function answerType(one: CaseView): string {
  const { writable, status } = one;
  if (status === null) return writable.type ?? "void";
  if (writable.type === null) return status.type;
  return `${status.type} | (${writable.type} & { readonly ${status.property}?: ${status.type} })`;
}

function setText(view: DeviceView, set: MessagesView, many: boolean): object {
  const status = setStatus(set);
  const statuses = statusLayouts(set);
  const fixed = Math.max(set.tagSize, ...set.cases.map((one) => numericHead(one.readable)));
  return {
    ...set,
    fixed,
    large: fixed > FIXED_BYTES,
    ...refusalText(status),
    answers: statuses.map((each) => ({
      ...each,
      set: set.pascal,
      byte: each.status !== null && each.status.size === 1,
      end: each.status === null ? 0 : each.status.offset + each.status.size,
      trailing: each.status?.trailing ?? false,
      counts: each.status?.trailing === true && !each.surplus,
    })),
    untagged: set.tagged ? null : set.cases[0],
    answerName: answerName(set, status),
    least: status === null ? 0 : status.offset + status.size,
    cases: set.cases.map((one) => caseText(view, set, one, many)),
    branches: branches(set),
  };
}

/** One place of a status among a set's answers; null for answers without one. */
interface StatusLayout {
  readonly name: string;
  readonly status: StatusView | null;
  readonly surplus: boolean;
}

/** What a request is answered with that no case stands for: only where all answers have one status. */
function setStatus(set: MessagesView): StatusView | null {
  const layouts = statusLayouts(set);
  return layouts.length === 1 ? layouts[0]!.status : null;
}

/** The different places that a status has in a set; the first is named after the set alone. */
function statusLayouts(set: MessagesView): StatusLayout[] {
  const layouts = new Map<string, StatusLayout>();
  for (const one of set.cases) {
    const key = layoutKey(one.status);
    if (layouts.has(key)) continue;
    const name = layouts.size === 0 ? `answer${set.pascal}` : `answer${set.pascal}${one.pascal}`;
    layouts.set(key, { name, status: one.status, surplus: one.writable.surplus });
  }
  if (layouts.size > 1 && !layouts.has(layoutKey(null))) {
    layouts.set(layoutKey(null), { name: `drop${set.pascal}`, status: null, surplus: false });
  }
  return [...layouts.values()];
}

function answerName(set: MessagesView, status: StatusView | null): string {
  const key = layoutKey(status);
  return statusLayouts(set).find((each) => layoutKey(each.status) === key)!.name;
}

function layoutKey(status: StatusView | null): string {
  return status === null ? "" : `${status.trailing} ${status.offset} ${status.size}`;
}

/** The cases of a tag; where several have the same one, the first whose features are there. */
function branches(set: MessagesView): object[] {
  const byTag = new Map<number, CaseView[]>();
  for (const one of set.cases) {
    for (const tag of one.tags) byTag.set(tag, [...(byTag.get(tag) ?? []), one]);
  }
  const merged = new Map<string, { tags: number[]; cases: CaseView[] }>();
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
      gate: one.gate.replace(/\bs\./g, "this.#s."),
    })),
    handler: cases.at(-1)!.handler,
  }));
}

function refusalText(status: StatusView | null): object {
  return {
    malformed: status?.malformed ?? "0",
    unknown: status?.unknown ?? "0",
    failed: status?.failed ?? "0",
  };
}

/** `LampReq` → `lampReqs`. */
function poolName(type: string): string {
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}s`;
}

function numericHead(part: PartView): number {
  return part.plain && part.headSize !== null && /^\d+$/.test(part.headSize)
    ? Number(part.headSize)
    : 0;
}

function caseText(view: DeviceView, set: MessagesView, one: CaseView, many: boolean): object {
  const { readable, writable, status } = one;
  const args = [
    ...(readable.type === null ? [] : ["request"]),
    ...readable.payloads.map(({ local }) => local),
    ...writable.payloads.map(({ local }) => local),
    ...(many ? ["this.#plan.item(queue.index)"] : []),
  ].join(", ");
  const numeric = numericHead(readable) > 0 || readable.headSize === "0";
  const { checks } = one;
  const body = [
    ...checks.map((check) => check.fails),
    one.gate,
    readable.headSize ?? "",
    writable.headSize ?? "",
    ...[...readable.payloads, ...writable.payloads].map((each) =>
      `${each.length ?? ""}${each.gate}`
    ),
  ].join(" ");
  const written = writtenText(writable);
  const kept = writable.type === null ? [] : [
    ...(writable.asksRequest ? [`request: ${readable.type}`] : []),
    ...writable.payloads.map(({ local }) => `${local}: WritableBytes`),
  ];
  const finish = finishText(set, one, kept.map((each) => each.split(":")[0] ?? ""), written);
  return {
    ...one,
    ...refusalText(status),
    set: set.pascal,
    answerName: answerName(set, status),
    least: status === null ? 0 : status.offset + status.size,
    checks: checks.map((check) => ({ ...check, answerName: answerName(set, status) })),
    trailing: status?.trailing ?? false,
    finish: finish("answer"),
    finishLate: finish("late"),
    lateName: finish("late").includes("late") ? "late" : "",
    finishParameters: kept.map((each) => `, ${each}`).join(""),
    writtenArgument: writable.surplus
      ? `, ${written}, true`
      : written === "0"
      ? ""
      : `, ${written}`,
    answerType: answerType(one),
    answerValue: status === null
      ? "answer"
      : `{ ...answer, ${status.property}: answer.${status.property} ?? ${status.ok} }`,
    args,
    structured: writable.type !== null,
    hasStatus: status !== null,
    usesSession: /\bs\./.test(body) || (!readable.plain && readable.exists) || writable.asksSession,
    readFixed: !set.tagged && readable.plain && !readable.bare,
    numericHead: numeric,
    pool: readable.hasPooled,
    poolName: poolName(readable.name),
    readS: readable.asksSession ? ", s" : "",
    walked: !readable.plain && readable.exists,
    readPayloads: readable.payloads.map((each, index) => ({
      ...each,
      from: readable.plain ? readable.headSize : `ranges[${2 * index}]!`,
      size: readable.plain
        ? lessText("chain.readableLength", readable.headSize ?? "0")
        : `ranges[${2 * index + 1}]! - ranges[${2 * index}]!`,
      first: index === 0,
    })),
    writePayloads: writePayloads(writable),
    trailer: writable.trailerSize,
    encodeS: ", this.#s",
    requestArgument: writable.asksRequest ? ", request" : "",
    requestParameter: writable.asksRequest ? `, request: ${readable.type}` : "",
    session: view.session,
  };
}

/** The call that ends a request, for the name of the answer. */
function finishText(set: MessagesView, one: CaseView, kept: readonly string[], written: string) {
  const { status, writable, pascal } = one;
  if (writable.type !== null) {
    const more = kept.map((each) => `, ${each}`).join("");
    return (answer: string) => `this.#finish${pascal}(queue, head, chain, ${answer}${more})`;
  }
  if (status === null) {
    return () => `queue.push(head, ${written})`;
  }
  const more = status.trailing && written !== "0" && !writable.surplus ? `, ${written}` : "";
  const name = answerName(set, status);
  return (answer: string) => `this.#${name}(queue, head, chain, ${answer}${more})`;
}

/** Text that can stand behind a minus. */
function operand(text: string): string {
  return /^[\w.]+$/.test(text) ? text : `(${text})`;
}

/** A difference, without what is zero. */
function lessText(from: string, ...texts: readonly string[]): string {
  return [from, ...texts.filter((text) => text !== "0").map(operand)].join(" - ");
}

/** Writable payloads one behind the other, from the end of the fields before them. */
function writePayloads(part: PartView): object[] {
  let from = part.headSize ?? "0";
  return part.payloads.map((each: PayloadView, index) => {
    const start = from;
    const rest = lessText("chain.writableLength", start, String(part.trailerSize));
    const length = each.length === null ? rest : each.length;
    const gated = each.gate === "" ? length : `(${each.gate}) ? ${length} : 0`;
    from = `${start} + ${each.local}.length`;
    return { ...each, from: start, size: gated, first: index === 0 };
  });
}

/** Bytes of payload that were written, as the answer counts them. */
function writtenText(part: PartView): string {
  const last = part.payloads.at(-1);
  if (last === undefined) return "0";
  const before = part.payloads.slice(0, -1).map(({ local }) => `${local}.length`);
  return [...before, `${last.local}.written`].join(" + ");
}

function servedText(queue: QueueView): object {
  const [first, second] = queue.sets;
  return {
    ...queue,
    first: first?.pascal ?? "",
    second: second?.pascal ?? "",
    mixed: queue.sets.length > 1,
    one: queue.sets.length === 1,
  };
}

/** Name of the empty array that stands for no data. */
const NO_DATA = "NO_DATA";

function sendText(queue: QueueView, set: MessagesView, one: CaseView) {
  const { writable } = one;
  const [payload] = writable.payloads;
  void set;
  const parameters = [
    ...(writable.type === null ? [] : [`value: ${writable.type}`]),
    ...(payload === undefined ? [] : [`${payload.local}: Uint8Array`]),
    ...(queue.many ? ["queue = 0"] : []),
  ];
  return {
    ...one,
    queue,
    item: queue.many ? "queue" : "0",
    parameters: parameters.join(", "),
    data: payload?.local ?? NO_DATA,
    stream: writable.bare && payload !== undefined,
    value: writable.type === null ? "{}" : "value",
    name: writable.name,
    merges: queue.merges,
    gated: queue.merges === null
      ? "1"
      : `this.#s.${queue.merges.gate.replace(/^s\./, "")} ? Infinity : 1`,
  };
}
