/**
 * What templates print of features.
 *
 * @module
 */

import type { Alternatives, DeviceModel, FeatureModel } from "../model.ts";
import { propertyName, shortName } from "../names.ts";
import { serveName } from "./behaviours.ts";
import { sectionDoc } from "./docs.ts";

/** One feature. */
export interface FeatureView {
  readonly name: string;
  readonly key: string;
  readonly bit: number;
  readonly doc: string;
  /** Sets of constants that it needs, and that it should go with, each as the members of an array. */
  readonly requires: string;
  readonly wanted: string;
  /** Constants of the features without which it is in force by itself; null when it never is. */
  readonly implied: string | null;
  /** Condition on the device's `options` under which it is offered; "false" for legacy ones. */
  readonly offered: string;
  /** Condition on the set `offered` that must hold too; empty when there is none. */
  readonly company: string;
  readonly companyText: string;
  readonly option: boolean;
  readonly legacy: boolean;
  readonly mandatory: boolean;
  readonly modern: boolean;
  readonly fieldsNegotiated: boolean;
  /** Features that it gives way to, by their keys; and by their constants, as members of an array. */
  readonly excludes: readonly string[];
  readonly excluded: string;
}

/** Views of a device's features. */
export function featureViews(device: DeviceModel): FeatureView[] {
  return device.features.map((feature) => ({
    name: feature.name,
    key: feature.key,
    bit: feature.bit,
    doc: sectionDoc(feature.doc, device.section),
    requires: setsText(device, feature.requires),
    wanted: setsText(device, feature.wants),
    implied: feature.impliedWithout?.map((key) => constantOf(device, key)).join(", ") ?? null,
    offered: offeredText(device, feature),
    company: feature.offeredWith.map((all) =>
      all.map((key) => `hasBit(offered, ${constantOf(device, key)})`).join(" && ")
    ).join(" || "),
    companyText: feature.offeredWith.map((all) => all.join(" and ")).join(" or "),
    option: feature.by.includes("option"),
    legacy: feature.legacy,
    mandatory: feature.mandatory,
    modern: feature.modern,
    fieldsNegotiated: feature.fieldsNegotiated,
    excludes: feature.excludes,
    excluded: feature.excludes.map((key) => constantOf(device, key)).join(", "),
  }));
}

function constantOf(device: DeviceModel, key: string): string {
  return device.features.find((each) => each.key === key)?.name ?? key;
}

function setsText(device: DeviceModel, alternatives: Alternatives): string {
  return alternatives.map((all) => `[${all.map((key) => constantOf(device, key)).join(", ")}]`)
    .join(
      ", ",
    );
}

function offeredText(device: DeviceModel, feature: FeatureModel): string {
  const conditions = feature.by.flatMap((by): string[] => {
    switch (by) {
      case "legacy":
        return ["false"];
      case "runtime":
        return [];
      case "option":
        return [`chosen.has("${feature.key}")`];
      case "config":
        return [
          anyOf(feature.configFields.map((name) => `config.${propertyName(name)} !== undefined`)),
        ];
      case "handler":
        return handlersTexts(device, feature.handlers.flatMap((name) => handlers(device, name)));
    }
  });
  return conditions.length === 0 ? "true" : conditions.join(" && ");
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 1 ? conditions[0]! : `(${conditions.join(" || ")})`;
}

/** Conditions under which something answers each of these messages: a handler, or a behaviour. */
function handlersTexts(device: DeviceModel, messages: readonly string[]): string[] {
  const names = messages.map((message) => {
    const [set = "", one] = message.split(".");
    return `options.${propertyName(one ?? shortName(set, device.name))} !== undefined`;
  });
  const servers = device.behaviours.filter((one) => one.device?.serves !== undefined);
  const serverOf = (message: string) =>
    servers.find((one) => one.device?.serves?.includes(message) === true);
  return [
    ...names.filter((_, at) => serverOf(messages[at]!) === undefined),
    ...servers.flatMap((server) => {
      const served = names.filter((_, at) => serverOf(messages[at]!) === server);
      if (served.length === 0) return [];
      const all = served.join(" && ");
      const given = served.length === 1 ? all : `(${all})`;
      return [`(${serveName(server.name)}(options) || ${given})`];
    }),
  ];
}

/** The messages of `set.case`, of a set, or of a queue, as far as a device has handlers for them. */
function handlers(device: DeviceModel, name: string): string[] {
  const [setName = "", caseName] = name.split(".");
  const carriers = device.queues.filter((each) =>
    each.messages.some((set) => set.name === setName)
  );
  if (carriers.length > 0 && carriers.every(({ queue }) => queue.role === "receive")) return [];
  const queue = device.queues.find((each) => each.name === setName);
  if (caseName !== undefined || queue === undefined) return [name];
  if (queue.queue.role === "receive") return [];
  return queue.messages.flatMap((set) =>
    set.cases.map((one) => set.tagged ? `${set.name}.${one.name}` : set.name)
  );
}
