/**
 * What the loopback test of a device prints: every request, event, status and feature once.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { CaseModel, DeviceModel, MessagesModel } from "../model.ts";
import { takesRoom } from "./driver_requests.ts";
import type { CaseView, MessagesView } from "./messages.ts";
import { pathOf } from "./paths.ts";
import type { QueueView } from "./queues.ts";
import { type CaseSample, Samples } from "./samples/samples.ts";
import { literal, type Sample } from "./samples/values.ts";
import type { DeviceView } from "./wire.ts";

/** What the loopback test template prints. */
export function testText(device: DeviceModel, view: DeviceView): object {
  const all = device.features.filter((one) => !one.legacy).map((one) => one.key);
  const chosen = all.filter((key) =>
    view.features.find((one) => one.key === key)!.excludes.length === 0
  );
  const quiet = new Set(chosen.filter((key) => !spoils(device, key)));
  const context = { device, view, offered: quiet };
  const { config } = new Samples(device, quiet, quiet);
  const served = view.queues.filter((queue) => queue.request || queue.transmit);
  const received = view.queues.filter((queue) => queue.receive);
  const pulls = perCase(view.queues.filter((queue) => queue.pull)).map(({ queue, set, one }) => ({
    ...requestText(context, queue, set, one),
    queue,
    message: pulledText(sampleOf(context, set, one)),
  }));
  const requests = perCase(served).map(({ queue, set, one }) =>
    requestText(context, queue, set, one)
  );
  const events = perCase(received).map(({ queue, set, one }) =>
    eventText(context, queue, set, one)
  );
  const options = device.features.filter((one) => one.by.includes("option")).map((one) => one.key);
  return {
    ...view,
    config: view.config,
    configText: configText(view, config),
    shownConfig: configText(view, config),
    optionText: list(options.filter((key) => quiet.has(key))),
    allOptionText: list(options.filter((key) => chosen.includes(key))),
    hasOptions: options.length > 0,
    chosen: view.features.filter((one) => chosen.includes(one.key)),
    hasData:
      [...requests, ...events].some((one) =>
        one.readable.payloads.length + one.writable.payloads.length > 0 ||
        `${one.args}${one.seen}${"answer" in one ? one.answer : ""}`.includes("pattern(")
      ) || literal(config).includes("pattern("),
    handlers: [...requests, ...pulls],
    requests,
    pulls,
    waits: events.length + pulls.length > 0,
    events,
    writables: (view.config?.writables ?? []).filter((one) => !one.windowed && one.clears === null)
      .map((one) => ({ ...one, value: writtenValue(config[one.property]) })),
    statuses: statusTexts(requests),
    change: changeText(device, view, config),
  };
}

interface Context {
  readonly device: DeviceModel;
  readonly view: DeviceView;
  readonly offered: ReadonlySet<string>;
}

function perCase(queues: readonly QueueView[]) {
  return queues.flatMap((queue) =>
    queue.sets.flatMap((set) => set.cases.map((one) => ({ queue, set, one })))
  );
}

/** Whether offering the feature makes some request always fail, as read-only does with writes. */
function spoils(device: DeviceModel, key: string): boolean {
  return device.messages.some((set) =>
    set.cases.some((one) =>
      one.checks.some((check) =>
        check.of === undefined && check.offered !== undefined &&
        JSON.stringify(check.offered).includes(`"${key}"`)
      )
    )
  );
}

/** The features to negotiate for a case: all but those without which it exists, and what needs or wants those. */
function featuresFor({ device, offered }: Context, one: CaseModel): ReadonlySet<string> {
  const kept = new Set(offered);
  for (const all of one.unless) for (const key of all) kept.delete(key);
  for (let before = -1; before !== kept.size;) {
    before = kept.size;
    for (const feature of device.features) {
      const met = [feature.requires, feature.wants].every((sets) =>
        sets.length === 0 || sets.some((all) => all.every((key) => kept.has(key)))
      );
      if (!met) kept.delete(feature.key);
    }
  }
  return kept;
}

function sampleOf(
  context: Context,
  set: MessagesView,
  one: CaseView,
): CaseSample & { readonly features: string } {
  const { device, offered } = context;
  const model = device.messages.find((each) => each.name === set.name) as MessagesModel;
  const negotiated = featuresFor(context, one.model);
  const tags = new Set(model.tags.map((tag) => tag.name));
  const sample = new Samples(device, negotiated, offered).ofCase(one.model, tags);
  const features = device.features.length === 0
    ? ""
    : `features: [${[...negotiated].map((key) => `"${key}"`).join(", ")}], `;
  return { ...sample, features };
}

function requestText(context: Context, queue: QueueView, set: MessagesView, one: CaseView) {
  const sample = sampleOf(context, set, one);
  const { readable, writable, status } = one;
  const reads = readable.payloads.map((each) => ({
    ...each,
    bytes: sample.payloads[each.name] ?? 0,
  }));
  const writes = writable.payloads.map((each) => ({
    ...each,
    bytes: sample.payloads[each.name] ?? 0,
  }));
  const args = [
    ...(readable.type === null ? [] : [literal(sample.request)]),
    ...reads.map(({ bytes }) => `pattern(${bytes})`),
    ...writes.map(({ local }) => local),
    ...writable.told.map(() => "2"),
    ...(takesRoom(one) ? [String(sample.room)] : []),
  ];
  const seen = [
    `"${one.handler}"`,
    ...(readable.type === null ? [] : [literal(sample.seen)]),
    ...reads.map(({ bytes }) => `pattern(${bytes})`),
    ...writes.map(({ bytes }) => String(bytes)),
    ...(queue.many ? ["0"] : []),
  ];
  return {
    ...one,
    device: context.view.name,
    prefix: context.view.prefix,
    features: sample.features,
    parameters: [
      ...(readable.type === null ? [] : ["request"]),
      ...[...readable.payloads, ...writable.payloads].map(({ local }) => local),
      ...(queue.many ? ["queue"] : []),
    ].join(", "),
    notes: [
      `"${one.handler}"`,
      ...(readable.type === null ? [] : ["structuredClone(request)"]),
      ...readable.payloads.map(({ local }) => `${local}.bytes()`),
      ...writable.payloads.map(({ local }) => `${local}.length`),
      ...(queue.many ? ["queue"] : []),
    ].join(", "),
    reads,
    writes,
    args: args.join(", "),
    seen: sample.refused === null ? `[${seen.join(", ")}]` : "",
    passes: sample.refused === null,
    fails: sample.refused === null && status !== null,
    answer: answerText(one, sample),
    expected: expectedText(one, sample, writes),
    refusal: sample.refused === null || status === null ? "" : `${status.type}.${sample.refused}`,
    statusOnly: status !== null && writable.type === null,
  };
}

/** What the handler returns. */
function answerText({ writable, status }: CaseView, sample: CaseSample): string {
  if (writable.type !== null) return literal(sample.answer);
  return status === null ? "" : status.ok;
}

/** What the driver's promise holds. */
function expectedText(
  { writable, status, model }: CaseView,
  sample: CaseSample,
  writes: readonly { readonly property: string; readonly bytes: number }[],
): string {
  if (writable.type === null && status === null) {
    return writes.length > 0
      ? String(writes.reduce((sum, { bytes }) => sum + bytes, 0))
      : "undefined";
  }
  const members = Object.entries(sample.answer).map(([name, value]) =>
    `${name}: ${literal(value)}`
  );
  if (status !== null) members.push(`${status.property}: ${status.ok}`);
  const last = writes.at(-1);
  if (last !== undefined && (writable.trailerSize === 0 || model.used === "filled")) {
    members.push(`${last.property}: pattern(${last.bytes})`);
  }
  return `{ ${members.join(", ")} }`;
}

/** What the driver gives when the device asks. */
function pulledText({ request }: CaseSample): string {
  return literal(request);
}

function eventText(context: Context, queue: QueueView, set: MessagesView, one: CaseView) {
  const sample = sampleOf(context, set, one);
  const { writable } = one;
  const [payload] = writable.payloads;
  const data = payload === undefined ? [] : [`pattern(${sample.payloads[payload.name] ?? 0})`];
  const value = writable.type === null ? [] : [literal(sample.answer)];
  return {
    ...one,
    device: context.view.name,
    prefix: context.view.prefix,
    features: sample.features,
    parameters: [
      ...(writable.type === null ? [] : ["value"]),
      ...(payload === undefined ? [] : ["data"]),
      ...(queue.many ? ["queue"] : []),
    ].join(", "),
    notes: [
      ...(writable.type === null ? [] : ["value"]),
      ...(payload === undefined ? [] : ["data.slice()"]),
      ...(queue.many ? ["queue"] : []),
    ].join(", "),
    args: [...value, ...data].join(", "),
    stream: writable.bare && payload !== undefined,
    seen: [...value, ...data, ...(queue.many ? ["0"] : [])].join(", "),
    merged: queue.merges === null ? "" : queue.merges.property,
  };
}

/** For each status enumeration one request that can carry all of its members. */
function statusTexts(requests: readonly ReturnType<typeof requestText>[]) {
  const done = new Set<string>();
  return requests.filter((one) => {
    const type = one.status?.type ?? "";
    if (!one.statusOnly || !one.passes || done.has(type)) return false;
    done.add(type);
    return true;
  }).map((one) => ({ ...one, type: one.status!.type, property: one.status!.property }));
}

/** The configuration as a device is given it: without what it does not set. */
function configText(view: DeviceView, config: Readonly<Record<string, Sample>>): string {
  const hidden = (view.config?.window?.select.map(({ property }) => property) ?? [])
    .concat(view.config?.window?.sizeProperty ?? []);
  const shown = Object.entries(config).filter(([name]) => !hidden.includes(name));
  return literal(Object.fromEntries(shown));
}

/** A numeric field to change at run time, and its new value. */
function changeText(
  device: DeviceModel,
  view: DeviceView,
  config: Readonly<Record<string, Sample>>,
) {
  if (view.config === null || view.config.window !== null) return null;
  const written = new Set(view.config.writables.map(({ property }) => property));
  const { fixed = [], checks = [] } = device.config!.description;
  const bound = new Set(fixed);
  JSON.stringify(checks, (key, value) => {
    if (key === "config") bound.add(pathOf(value)[0]!);
    return value;
  });
  for (const { name, field } of device.config?.fields ?? []) {
    const property = view.config.properties.find((each) =>
      each.doc === device.config!.fields.find((one) => one.name === name)!.doc
    )?.property;
    if (
      property === undefined || bound.has(name) || written.has(property) ||
      field.kind !== "scalar" ||
      field.enum !== undefined || isBounded(field)
    ) continue;
    const value = config[property];
    if (typeof value === "number") return { property, value: literal(value === 0 ? 1 : value - 1) };
    if (typeof value === "bigint") return { property, value: literal(value - 1n) };
  }
  return null;
}

function isBounded({ min, max, multipleOf, powerOfTwo, oneOf }: dsl.Scalar): boolean {
  return [min, max, multipleOf, powerOfTwo, oneOf].some((bound) => bound !== undefined);
}

function writtenValue(value: Sample | undefined): string {
  return typeof value === "bigint" ? `${value}n` : String(value ?? 1);
}

function list(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(", ");
}
