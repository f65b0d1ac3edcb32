/**
 * The example of a reference page: both sides in one thread, one request or event.
 *
 * @module
 */

import type { DeviceModel } from "../model.ts";
import { takesRoom } from "./driver_requests.ts";
import type { CaseView, MessagesView } from "./messages.ts";
import type { QueueView } from "./queues.ts";
import { type CaseSample, Samples } from "./samples/samples.ts";
import { literal, type Sample } from "./samples/values.ts";
import type { DeviceView } from "./wire.ts";

interface Picked {
  readonly queue: QueueView;
  readonly set: MessagesView;
  readonly one: CaseView;
  readonly sample: CaseSample;
}

/** Columns of a line. */
const LINE = 100;

/** A sample as TypeScript, long runs of bytes as zeroes. */
function exampleLiteral(value: Sample): string {
  return literal(value).replace(/\bpattern\b/g, "new Uint8Array").replace(
    /Uint8Array\.of\(([^)]*)\)/g,
    (text, bytes: string) => {
      const { length } = bytes.split(",");
      return length > 8 ? `new Uint8Array(${length})` : text;
    },
  );
}

/** Lines of TypeScript, without the imports, as `deno fmt` leaves them. */
export function exampleText(device: DeviceModel, view: DeviceView): string[] {
  const needed = device.oneFeatureOf.slice(0, 1);
  const offered = new Set([
    ...device.features.filter(({ by }) => by.includes("runtime")).map(({ key }) => key),
    ...needed,
  ]);
  const samples = new Samples(device, offered, offered);
  const asked = pick(device, view, samples, (queue) => queue.request || queue.transmit);
  const sent = pick(device, view, samples, (queue) => queue.receive);
  const { prefix } = view;
  return [
    `const device = new ${prefix}Device({`,
    ...configLines(view, samples),
    ...(needed.length === 0
      ? []
      : [`  features: [${needed.map((key) => `"${key}"`).join(", ")}],`]),
    ...(asked === undefined ? [] : handlerLines(asked)),
    "});",
    ...(sent === undefined
      ? [`await using driver = await ${prefix}Driver.open(loopback(device));`]
      : [
        `await using driver = await ${prefix}Driver.open(loopback(device), {`,
        `  ${listenerText(sent)}`,
        "});",
      ]),
    ...(asked === undefined ? [] : callLines(asked)),
    ...(sent === undefined ? [] : sendLines(sent)),
  ];
}

/** The first message that needs no feature and passes its checks. */
function pick(
  device: DeviceModel,
  view: DeviceView,
  samples: Samples,
  wanted: (queue: QueueView) => boolean,
): Picked | undefined {
  for (const queue of view.queues.filter(wanted)) {
    if (device.queues.find(({ name }) => name === queue.name)!.when.length > 0) continue;
    for (const set of queue.sets) {
      const model = device.messages.find(({ name }) => name === set.name)!;
      const tags = new Set(model.tags.map((tag) => tag.name));
      for (const one of set.cases) {
        if (one.model.feature.length > 0) continue;
        const sample = samples.ofCase(one.model, tags);
        if (sample.refused === null) return { queue, set, one, sample };
      }
    }
  }
  return undefined;
}

function configLines(view: DeviceView, samples: Samples): string[] {
  const { config } = view;
  if (config === null) return [];
  const { window } = config;
  const hidden = new Set<string>([
    ...window?.select.map(({ property }) => property) ?? [],
    ...(window === null ? [] : [window.sizeProperty, window.valueProperty]),
    ...config.writables.map(({ property }) => property),
    ...config.properties.filter(({ optional }) => optional).map(({ property }) => property),
  ]);
  const shown = Object.entries(samples.config).filter(([name]) => !hidden.has(name));
  return [
    ...put("  config: ", Object.fromEntries(shown), ","),
    ...(window === null ? [] : ["  window: () => undefined,"]),
  ];
}

/** A value between two texts: in one line where it fits, else with a line for each property. */
function put(before: string, value: Sample, after: string): string[] {
  const line = before + exampleLiteral(value) + after;
  if (line.length <= LINE || typeof value !== "object" || value instanceof Uint8Array) {
    return [line];
  }
  const indent = before.match(/^ */)![0] + "  ";
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const items = Array.isArray(value)
    ? value.flatMap((each: Sample) => put(indent, each, ","))
    : Object.entries(value).flatMap(([name, each]) => put(`${indent}${name}: `, each, ","));
  return [before + open, ...items, `${indent.slice(2)}${close}${after}`];
}

function handlerLines({ one, sample }: Picked): string[] {
  const { readable, writable, status } = one;
  const names = [
    ...(readable.type === null ? [] : ["request"]),
    ...[...readable.payloads, ...writable.payloads].map(({ local }) => local),
  ];
  const answer = writable.type !== null
    ? put("    return ", sample.answer, ";")
    : status === null
    ? []
    : [`    return ${status.ok};`];
  return [
    `  ${one.handler}: (${names.join(", ")}) => {`,
    `    console.log("the device is asked"${names.map((name) => `, ${name}`).join("")});`,
    ...writable.payloads.map(({ local }) =>
      `    ${local}.write(new Uint8Array(${local}.length).fill(1));`
    ),
    ...answer,
    "  },",
  ];
}

function callLines({ one, sample }: Picked): string[] {
  const { readable, writable } = one;
  const bytes = (name: string) => `new Uint8Array(${payloadBytes(one, sample, name)})`;
  const others = [
    ...readable.payloads.map(({ name }) => bytes(name)),
    ...writable.payloads.map(({ name }) => bytes(name)),
    ...(takesRoom(one) ? [String(sample.room)] : []),
  ];
  const silent = one.status === null && writable.type === null && writable.payloads.length === 0;
  const call = `${silent ? "" : "const answer = "}await driver.${one.handler}`;
  const shown = silent ? [] : [`console.log("it answers", answer);`];
  const request = readable.type === null ? undefined : sample.request;
  return [...callText(call, "request", request, others), ...shown];
}

/** Bytes of a payload: one unit where the checks want whole ones. */
function payloadBytes(one: CaseView, sample: CaseSample, name: string): number {
  const unit = one.model.checks.find(({ of, multipleOf }) =>
    typeof of === "object" && "length" in of && of.length === name && multipleOf !== undefined
  )?.multipleOf;
  return typeof unit === "number" ? unit : sample.payloads[name] ?? 0;
}

/** A call; what does not fit into its line gets a name of its own. */
function callText(
  call: string,
  name: string,
  value: Sample | undefined,
  others: readonly string[],
): string[] {
  const line = `${call}(${
    [...(value === undefined ? [] : [exampleLiteral(value)]), ...others].join(", ")
  });`;
  if (value === undefined || line.length <= LINE) return [line];
  const args = [name, ...others];
  const short = `${call}(${args.join(", ")});`;
  const called = short.length <= LINE
    ? [short]
    : [`${call}(`, ...args.map((each) => `  ${each},`), ");"];
  return [...put(`const ${name} = `, value, " as const;"), ...called];
}

function listenerText({ one }: Picked): string {
  const names = [
    ...(one.writable.type === null ? [] : ["value"]),
    ...(one.writable.payloads.length === 0 ? [] : ["data"]),
  ];
  const shown = names.map((name) => `, ${name}`).join("");
  return `on${one.pascal}: (${names.join(", ")}) => console.log("the device tells"${shown}),`;
}

function sendLines({ one, sample }: Picked): string[] {
  const value = one.writable.type === null ? undefined : sample.answer;
  const data = one.writable.payloads.length === 0 ? [] : ["Uint8Array.of(1, 2, 3)"];
  return callText(`device.send${one.pascal}`, "value", value, data);
}
