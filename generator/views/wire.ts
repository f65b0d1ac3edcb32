/**
 * Everything that the templates of one device print.
 *
 * @module
 */

import type { Alternatives, DeviceModel, EnumModel, ModuleModel, StructModel } from "../model.ts";
import { className, constantName, propertyName } from "../names.ts";
import { type AdminView, adminView } from "./admin.ts";
import { type BehaviourViews, behaviourViews } from "./behaviours.ts";
import { type ConfigView, configView } from "./config.ts";
import { commentText, numberText, sectionDoc } from "./docs.ts";
import { type FeatureView, featureViews } from "./features.ts";
import { type MessagesView, messageViews } from "./messages.ts";
import { type QueueView, queueViews } from "./queues.ts";
import { gateProperty, Scope } from "./scope.ts";
import { isGated } from "./shape.ts";
import { type StructView, structViews } from "./structs.ts";

/** A named number. */
export interface ConstantView {
  readonly name: string;
  readonly value: string;
  readonly doc: string;
}

/** An enumeration. */
export interface EnumView {
  readonly type: string;
  readonly doc: string;
  readonly members: readonly {
    readonly member: string;
    readonly value: string;
    readonly doc: string;
  }[];
}

/** A size that the session keeps. */
export interface SessionSizeView {
  readonly property: string;
  readonly name: string;
  readonly doc: string;
  readonly text: string;
}

/** A device, ready to print. */
export interface DeviceView {
  readonly name: string;
  readonly prefix: string;
  /** The prefix as the start of a function's name. */
  readonly local: string;
  readonly id: number;
  readonly title: string;
  readonly doc: string;
  /** ` (VIRTIO 1.4, 5.2)`, or nothing for a device that is not in the standard. */
  readonly standard: string;
  readonly source: string;
  readonly infoName: string;
  readonly features: readonly FeatureView[];
  readonly enums: readonly EnumView[];
  readonly constants: readonly ConstantView[];
  readonly structs: readonly StructView[];
  readonly gates: readonly {
    readonly property: string;
    readonly name: string;
    /** Condition on the set `features`. */
    readonly text: string;
  }[];
  readonly sizes: readonly SessionSizeView[];
  readonly grown: readonly SessionSizeView[];
  readonly config: ConfigView | null;
  readonly messages: readonly MessagesView[];
  readonly queues: readonly QueueView[];
  /** What the driver administers; null when the type has nothing of that kind. */
  readonly adminQueue: AdminView | null;
  readonly behaviours: BehaviourViews;
  /** The memory that it shares; `gate` is a condition on the gates `s`, empty when always. */
  readonly regions: readonly {
    readonly property: string;
    readonly id: number;
    readonly doc: string;
    readonly gate: string;
  }[];
  readonly session: string;
  /** Some field has the byte order of the session. */
  readonly ordered: boolean;
  /** Some field or tag differs in the strict layout. */
  readonly strict: boolean;
  /** Some field may be absent over a legacy interface. */
  readonly legacy: boolean;
  /** Conditions on the set \`features\` beyond prerequisites. */
  readonly choices: readonly string[];
}

/** The view of a device. */
export function deviceView(device: DeviceModel): DeviceView {
  const scope = new Scope(device);
  const messages = messageViews(scope, device);
  const config = configView(scope, device);
  const queues = queueViews(scope, device, messages);
  const behaviours = behaviourViews(scope, device, queues);
  const adminQueue = adminView(scope, device);
  const structs = structViews(scope, device);
  const regions = device.sharedMemory.map(({ name, id, doc, when }) => ({
    property: propertyName(name),
    id,
    doc: commentText(doc),
    gate: scope.gateText(when, []),
  }));
  const grown = [...scope.grown].map((struct) => grownView(scope, struct));
  return {
    name: device.name,
    prefix: device.prefix,
    local: propertyName(device.prefix),
    id: device.id,
    title: device.title,
    doc: sectionDoc(device.doc, device.section),
    standard: /^[0-9]/.test(device.section) ? ` (VIRTIO 1.4, ${device.section})` : "",
    source: device.source,
    infoName: infoName(device),
    features: featureViews(device),
    enums: enumViews(device, device.prefix),
    constants: constantViews(device),
    structs,
    gates: gateViews(scope, device),
    sizes: sizeViews(scope, device),
    grown,
    config,
    messages,
    queues,
    adminQueue,
    behaviours,
    regions,
    session: `${device.prefix}Session`,
    ordered: scope.ordered,
    strict: scope.strict,
    legacy: scope.legacy,
    choices: choiceTexts(device),
  };
}

/** Sets of features of which one must be there. */
function choiceTexts(device: DeviceModel): string[] {
  const has = (key: string) =>
    `hasBit(features, ${device.features.find((one) => one.key === key)?.name ?? key})`;
  return device.oneFeatureOf.length === 0 ? [] : [`(${device.oneFeatureOf.map(has).join(" || ")})`];
}

/** Views of a module's enumerations. */
export function enumViews(module: ModuleModel, prefix: string): EnumView[] {
  return module.enums.map((one: EnumModel) => ({
    type: prefix + one.typeName,
    doc: sectionDoc(one.doc, one.section),
    members: one.members.map(({ name, member, value, doc, when }) => ({
      member: /^[A-Za-z_]/.test(member) ? member : `"${member}"`,
      value: numberText(value),
      doc: `\`${name}\`${doc === "" ? "" : `: ${commentText(doc)}`}${withText(when)}`,
    })),
  }));
}

/** `; with ALARM`, for what only exists with features. */
function withText(when: Alternatives): string {
  return when.length === 0 ? "" : `; with ${when.map((all) => all.join(" and ")).join(" or ")}`;
}

/** Views of a module's loose constants. */
export function constantViews(module: ModuleModel): ConstantView[] {
  return module.constants.map(({ name, value, doc }) => ({
    name,
    value: numberText(value),
    doc: doc === "" ? `\`${name}\`` : commentText(doc),
  }));
}

/** Name of the constant with what the runtime knows of a device. */
function infoName({ name }: DeviceModel): string {
  return `${constantName(name)}_INFO`;
}

function gateViews(scope: Scope, device: DeviceModel) {
  const has = (name: string) => `hasBit(features, ${name})`;
  return device.features.filter(({ key }) => scope.gates.has(key)).map((feature) => ({
    property: gateProperty(feature.key),
    name: feature.name,
    text: feature.impliedWithout === null
      ? has(feature.name)
      : `inForce(features, ${feature.name}, ${infoName(device)}.features)`,
  }));
}

function sizeViews(scope: Scope, device: DeviceModel): SessionSizeView[] {
  return [...scope.sizes].map((name) => {
    const field = device.config?.fields.find((each) => each.name === name);
    const text = `config.${propertyName(name)}`;
    return {
      property: scope.sizeProperty(name),
      name,
      doc: commentText(field?.doc ?? name),
      text: field !== undefined && isGated(field) ? `${text} ?? 0` : text,
    };
  });
}

/** The size of a growing struct: where its last open group ends. */
function grownView(scope: Scope, struct: StructModel): SessionSizeView {
  let text = "0";
  for (const field of struct.fields) {
    const end = String((field.offset ?? 0) + (field.size ?? 0));
    text = isGated(field) ? `${scope.fieldGate(field)} ? ${end} : ${text}` : end;
  }
  return {
    property: `${propertyName(struct.name)}Size`,
    name: struct.name,
    doc: className(struct.name),
    text,
  };
}
