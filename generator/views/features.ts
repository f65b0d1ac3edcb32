/**
 * What templates print of features.
 *
 * @module
 */

import type { Alternatives, DeviceModel, FeatureModel } from "../model.ts";
import { propertyName, shortName } from "../names.ts";
import { sectionDoc } from "./docs.ts";

/** One feature. */
export interface FeatureView {
  readonly name: string;
  readonly key: string;
  readonly bit: number;
  readonly doc: string;
  /** Sets of constants, as the members of an array. */
  readonly requires: string;
  /** Condition on the device's `options` under which it is offered; "false" for legacy ones. */
  readonly offered: string;
  /** Condition on the set `offered` that must hold too; empty when there is none. */
  readonly company: string;
  readonly companyText: string;
  readonly option: boolean;
  readonly legacy: boolean;
  readonly mandatory: boolean;
  /** Another feature that excludes it comes first. */
  readonly loses: boolean;
  /** Features that it does not go with, by their keys. */
  readonly excludes: readonly string[];
}

/** Views of a device's features. */
export function featureViews(device: DeviceModel): FeatureView[] {
  return device.features.map((feature) => ({
    name: feature.name,
    key: feature.key,
    bit: feature.bit,
    doc: sectionDoc(feature.doc, device.section),
    requires: setsText(device, feature.requires),
    offered: offeredText(device, feature),
    company: feature.offeredWith.map((all) =>
      all.map((key) => `hasBit(offered, ${constantOf(device, key)})`).join(" && ")
    ).join(" || "),
    companyText: feature.offeredWith.map((all) => all.join(" and ")).join(" or "),
    option: feature.by.includes("option"),
    legacy: feature.legacy,
    mandatory: feature.mandatory,
    excludes: feature.excludes,
    loses: device.features.some((other) => other.excludes.includes(feature.key)),
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
        return feature.handlers.flatMap((name) => handlerText(device, name));
    }
  });
  return conditions.length === 0 ? "true" : conditions.join(" && ");
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 1 ? conditions[0]! : `(${conditions.join(" || ")})`;
}

/** `set.case`, or a queue's name: whether the device has what serves it. */
function handlerText(device: DeviceModel, name: string): string[] {
  const [setName = "", caseName] = name.split(".");
  const carriers = device.queues.filter((each) =>
    each.messages.some((set) => set.name === setName)
  );
  if (carriers.length > 0 && carriers.every(({ queue }) => queue.role === "receive")) return [];
  const queue = device.queues.find((each) => each.name === setName);
  if (caseName === undefined && queue !== undefined) {
    if (queue.queue.role === "receive") return [];
    return queue.messages.flatMap((set) =>
      set.cases.map((one) =>
        `options.${
          propertyName(set.tagged ? one.name : shortName(set.name, device.name))
        } !== undefined`
      )
    );
  }
  return [`options.${propertyName(caseName ?? shortName(setName, device.name))} !== undefined`];
}
