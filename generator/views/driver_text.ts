/**
 * The last step before the driver template: flags and names that only its text needs.
 *
 * @module
 */

import { eventsFrom, eventText, receivedText } from "./driver_events.ts";
import { parameterTexts, queueClass, resultType, roomDoc } from "./driver_requests.ts";
import type { CaseView } from "./messages.ts";
import { constantOf } from "./paths.ts";
import type { QueueView } from "./queues.ts";
import { allText, lowerFirst, notText, ownSession } from "./text.ts";
import type { DeviceView } from "./wire.ts";

/** What the driver template prints. */
export function driverText(view: DeviceView): object {
  const asked = view.queues.filter((queue) => queue.request || queue.transmit);
  const received = view.queues.filter((queue) => queue.receive);
  const pulled = view.queues.filter((queue) => queue.pull);
  const classes = [...asked, ...pulled].map((queue) => queueClass(view, queue));
  const classed = (queue: QueueView) => ({
    ...queue,
    type: view.prefix + queue.pascal,
    takesSession: classes.find((each) => each.name === queue.name)!.usesSession,
    asksConfig: classes.find((each) => each.name === queue.name)!.asksConfig,
  });
  return {
    ...view,
    ...behavioursText(view),
    regionNames: view.regions.map(({ property }) => `"${property}"`).join(" | "),
    regionsGated: view.regions.some(({ gate }) => gate !== ""),
    ...configText(view),
    ...featuresText(view),
    asks: asked.length + pulled.length > 0,
    shorts: classes.some((each) => each.hasShort),
    queueClasses: classes,
    asked: asked.map(classed),
    askedKinds: asked.map(({ kind }) => `kind === ${kind}`).join(" || "),
    lengths: view.queues.filter(({ lengths }) => lengths !== ""),
    pulled: pulled.map((queue) => ({ ...classed(queue), ...pulledText(queue) })),
    methods: asked.flatMap((queue) =>
      queue.sets.flatMap((set) => set.cases.map((one) => methodText(queue, one)))
    ),
    received: received.map((queue) => receivedText(view, queue)),
    hasReceived: received.length > 0,
    fills: received.length + pulled.length > 0,
    sizedBuffers: received.some((queue) => queue.parks.includes("config.")),
    events: received.flatMap((queue) =>
      queue.sets.flatMap((set) => set.cases.map((one) => eventText(view, queue, one)))
    ),
    sessionMore: `${view.strict ? ", options.strict" : ""}${
      view.ordered ? `, options.byteOrder !== "big"` : ""
    }${view.legacy ? ", this.legacy" : ""}`,
  };
}

/** How the driver makes its behaviours; with any of them, events pass through a record. */
function behavioursText(view: DeviceView): object {
  const behaviours = view.behaviours.driver;
  const events = view.queues.flatMap((queue) => {
    if (queue.pull) return [`on${queue.pascal}`];
    return queue.receive ? queue.sets.flatMap((set) => set.cases.map(({ on }) => on)) : [];
  });
  return {
    side: "driver",
    Side: "Driver",
    handlersFrom: eventsFrom(view),
    eventKeys: events.map((name) => `"${name}"`).join(" | ") || "never",
    eventNames: events,
    behaviours: behaviours.map((one) => ({
      ...one,
      condition: allText(
        ownSession(one.gate),
        one.serve === "" ? "" : `${one.serve}(options)`,
      ),
    })),
  };
}

function configText({ config }: DeviceView): object {
  const writables = (config?.writables ?? []).filter((one) => !one.windowed);
  const select = config?.window?.select ?? [];
  return {
    config: config === null ? null : { ...config, sizeName: `${constantOf(config.type)}_SIZE` },
    configLocal: config === null ? "" : lowerFirst(config.type),
    planConfig: config === null ? "undefined" : "config",
    settings: config === null ? "undefined" : "this.#config",
    windowSize: config?.window?.sizeProperty ?? "",
    windowParameters: select.map(({ local }) => `${local}: number`).join(", "),
    windowWrites: select.map(({ local, offset }) => ({ local, offset })),
    writables,
    earlies: writables.filter((one) => one.early),
  };
}

function featuresText({ features }: DeviceView): object {
  const offerable = features.filter((one) => !one.legacy);
  return {
    keys: offerable.map((one) => `"${one.key}"`).join(" | "),
    offerable,
    mandatory: offerable.filter((one) => one.mandatory).map(({ name }) => name).join(", "),
    unread: offerable.filter((one) => one.fieldsNegotiated).map(({ name }) => name).join(", "),
    rivals: offerable.flatMap((one) => one.excludes.map((other) => `["${one.key}", "${other}"]`))
      .join(", "),
  };
}

/** A method of the driver that stands for one of a queue's. */
function methodText(queue: QueueView, one: CaseView): object {
  const parameters = parameterTexts(one);
  return {
    ...one,
    doc: one.doc + roomDoc(one),
    refuses: one.readable.type !== null,
    queue: queue.property,
    item: queue.many ? "options?.queue ?? 0" : "0",
    parameters: [
      ...parameters.map(([name, type]) => `${name}: ${type}`),
      `options?: { ${queue.many ? "readonly queue?: number; " : ""}readonly signal?: AbortSignal }`,
    ].join(", "),
    names: [...parameters.map(([name]) => name), "options?.signal"].join(", "),
    resultType: resultType(one),
    shutText: notText(ownSession(one.gate)),
  };
}

/** What the user supplies when the device asks: the only argument of the message, or all of them. */
function pulledText(queue: QueueView): object {
  const [one] = queue.sets[0]?.cases ?? [];
  const parameters = one === undefined ? [] : parameterTexts(one);
  const single = parameters.length === 1;
  return {
    message: single ? parameters[0]![1] : `readonly [${parameters.map(([, type]) => type)}]`,
    submit: `submit${one?.pascal ?? ""}`,
    spread: single ? "message" : "...message",
  };
}
