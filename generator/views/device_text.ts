/**
 * The last step before the device template: flags and names that only its text needs.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { constantField } from "../constant_field.ts";
import type { CaseModel } from "../model.ts";
import type { ConfigView, WritableView } from "./config.ts";
import { handlerText, poolName } from "./device_cases.ts";
import { scalarText } from "./scalars.ts";
import { type SetPlace, setText } from "./device_sets.ts";
import type { CaseView, MessagesView } from "./messages.ts";
import type { QueueView } from "./queues.ts";
import { allText, lowerFirst, notText, ownSession, sumText, unique } from "./text.ts";
import type { DeviceView } from "./wire.ts";

/** What the device template prints. */
export function deviceText(view: DeviceView): object {
  const served = view.queues.filter((queue) => !queue.receive);
  const sets = unique(served.flatMap((queue) => queue.sets)).map((set) => ({
    set,
    many: served.some((queue) => queue.many && queue.sets.includes(set)),
    pulled: served.some((queue) => queue.pull && queue.sets.includes(set)),
  }));
  const received = view.queues.filter((queue) => queue.receive);
  const parked = view.queues.filter((queue) => queue.receive || queue.pull);
  const waiting = served.filter(({ waits }) => waits);
  const inTurn = served.filter(({ turns }) => turns !== null);
  const sends = received.flatMap((queue) =>
    queue.sets.flatMap((set) => set.cases.map((one) => sendText(queue, one)))
  );
  const handlers = sets.flatMap(({ set, many, pulled }) =>
    set.cases.map((one) => handlerText(one, many, pulled))
  );
  const pooled = sets.flatMap(({ set }) => set.cases).filter((one) => one.readable.hasPooled);
  return {
    ...view,
    ...behavioursText(view),
    regions: view.regions.map((one) => ({
      ...one,
      shut: notText(one.gate.replace(/\bs\./g, "this.#offers.")),
    })),
    config: view.config === null ? null : configText(view.config),
    features: view.features.map((one) => ({
      ...one,
      condition: one.offered === "true" ? "" : one.offered,
    })),
    optionKeys: view.features.filter((one) => one.option).map((one) => `"${one.key}"`).join(" | "),
    handlers,
    answers: sets.some(({ pulled }) => !pulled),
    sets: sets.map(({ set, many, pulled }) =>
      setText(set, {
        many,
        pulled,
        ordered: view.ordered,
        keys: keysOf(set, inTurn),
        lines: linesOf(set, view),
      })
    ),
    starts: sets.map(({ set }) => set.starts).find((one) => one !== null) ?? null,
    served: served.map(servedText),
    received: received.map((queue) => ({ ...queue, available: `${queue.property}Available` })),
    sends,
    noData: (view.config?.window ?? null) !== null ||
      sends.some((one) => one.data === NO_DATA && !one.stream),
    settings: view.config === null ? "undefined" : "this.#settings",
    sessionMore: `${view.strict ? ", options.strict" : ""}${
      view.ordered ? ", this.#littleEndian" : ""
    }${view.legacy ? ", this.legacy" : ""}`,
    pools: unique(pooled.map((one) => one.readable.type ?? "")).map((type) => ({
      type,
      poolName: poolName(type),
    })),
    startedQueues: parked.length + inTurn.length > 0,
    keptQueues: parked.length + inTurn.length + waiting.length > 0,
    parkedQueues: parked.length > 0,
    parkedKinds: kindsText(parked),
    turns: inTurn.length > 0,
    turnKinds: kindsText(inTurn),
    waits: waiting.length > 0,
    waitKinds: kindsText(waiting),
    ...writablesText(view),
    ...windowText(view.config),
    ...offeredText(view),
  };
}

/** How the device makes its behaviours; with any of them, handlers pass through a record. */
function behavioursText(view: DeviceView): object {
  return {
    side: "device",
    Side: "Device",
    handlersFrom: view.behaviours.device.length === 0 ? "" : "handlers.",
    behaviours: view.behaviours.device.map((one) => ({
      ...one,
      condition: allText(
        one.gate.replace(/\bs\./g, "this.#offers."),
        one.serve === "" ? "" : `${one.serve}(options)`,
      ),
      open: one.gate === ""
        ? ""
        : `, (features) => ${one.gate.replace(/\bs\./g, `${view.local}Gates(features).`)}`,
    })),
  };
}

function configText(config: ConfigView): object {
  const ranges = config.writables.map(({ offset, size }) =>
    `{ offset: ${offset}, length: ${size} }`
  );
  return { ...config, ranges: ranges.join(", "), writable: ranges.length > 0 };
}

/** What the driver may write outside of a window. */
function writablesText(view: DeviceView): object {
  const all = view.config?.writables ?? [];
  const writables = all.filter((one) => !one.windowed);
  return {
    writables: writables.map(writableText),
    hasWrites: all.length > 0,
    resets: writables.filter((one) => one.reset !== "").map((one) => ({
      ...one,
      put: one.setAt("value"),
    })),
    zeroed: writables.filter((one) => one.zeroed !== "").map((one) => ({
      ...one,
      zero: one.type === "bigint" ? "0n" : "0",
      put: one.setAt(one.type === "bigint" ? "0n" : "0"),
    })),
    sizing: view.sizes.length > 0,
  };
}

function writableText(one: WritableView): object {
  const conditions = [
    ...(one.until ? ["(this.getStatus() & Status.DRIVER_OK) !== 0"] : []),
    ...(one.refuses === "" ? [] : [one.refuses]),
  ];
  return {
    ...one,
    refused: conditions.join(" || "),
    usesView: conditions.length > 0 || one.clears !== null,
    zero: one.type === "bigint" ? "0n" : "0",
    put: one.setAt("value"),
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
    windowKept: selects.map((one) => ({ offset: one.offset, end: one.offset + one.size })),
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
    offeredParameter: uses("config.") || uses("options.") || uses("chosen.")
      ? "options"
      : "_options",
    companies: offerable.filter((one) => one.company !== ""),
    refusals: accepts.length > 0,
    accepts: accepts.join(" && "),
  };
}

/** Whether the queue is of one of these families. */
function kindsText(queues: readonly QueueView[]): string {
  return queues.map(({ kind }) => `this.#plan.kind(queue.index) === ${kind}`).join(" || ");
}

/** Fields by which requests of a set take turns. */
function keysOf(set: MessagesView, inTurn: readonly QueueView[]): string[] {
  return inTurn.flatMap(({ turns, sets }) =>
    typeof turns === "object" && turns !== null && sets.includes(set) ? [turns.key] : []
  );
}

/** Who puts the answers of a set in lines; null where they go back as they come. */
function linesOf(set: MessagesView, view: DeviceView): SetPlace["lines"] {
  const found = view.behaviours.device.find(({ lines }) => lines?.of === set.name);
  return found === undefined ? null : { name: found.name, by: found.lines!.by };
}

function servedText(queue: QueueView): object {
  const [first, second] = queue.sets;
  return {
    ...queue,
    first: first?.pascal ?? "",
    second: second?.pascal ?? "",
    mixed: queue.sets.length > 1,
    oneByOne: queue.turns === "queue",
    handler: first?.cases[0]?.handler ?? "",
  };
}

/** Name of the empty array that stands for no data. */
const NO_DATA = "NO_DATA";

/** A method that sends an event or data to the driver. */
function sendText(queue: QueueView, one: CaseView) {
  const { writable } = one;
  const [payload] = writable.payloads;
  const content = [
    ...(writable.type === null ? [] : [`value: ${writable.type}`]),
    ...(payload === undefined ? [] : [`${payload.local}: Uint8Array`]),
  ];
  const parameters = [...content, ...(queue.many ? ["queue = 0"] : [])];
  const data = payload?.local ?? NO_DATA;
  const lengths = payload === undefined ? "" : `${payload.property}: ${payload.local}.length`;
  const more = `, this.#s${writable.asksLengths ? `, { ${lengths} }` : ""}${
    writable.tags.map(([, literal]) => `, ${literal}`).join("")
  }`;
  return {
    ...one,
    queue,
    item: queue.many ? "queue" : "0",
    parameters: parameters.join(", "),
    data,
    stream: writable.bare && payload !== undefined,
    encode: `encode${writable.name}(e, ${writable.type === null ? "{}" : "value"}${more})`,
    shut: ownSession(one.gate),
    demandsSession: one.demands.some(({ fails }) => /\bs\./.test(fails)),
    demandedParameters: content.join(", "),
    demanded: content.map((parameter) => parameter.split(":")[0]).join(", "),
    merges: queue.merges === null ? null : { count: countText(one.model, queue.merges.path) },
    most: queue.merges === null ? "1" : `${ownSession(queue.merges.gate)} ? Infinity : 1`,
    room: payload === undefined || writable.headSize === null ? null : {
      name: `${lowerFirst(one.pascal)}Room`,
      parameters: queue.many ? "queue = 0" : "",
      fixed: ownSession(sumText(writable.headSize, String(writable.trailerSize))),
    },
  };
}

/** Puts the number of buffers where it stands in a message that is written already. */
function countText({ writable }: CaseModel, path: readonly string[]): string {
  const { field, at } = constantField(writable.fields, path)!;
  const text = scalarText((field.field as dsl.Scalar).type, "number");
  return ownSession(`e.${text.set(`${at}`, "buffers", field.name)}`);
}
