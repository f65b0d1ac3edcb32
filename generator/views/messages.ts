/**
 * What templates print of messages: the objects that handlers and callers see, and how each part
 * is read and written.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { isEvent } from "../event.ts";
import type { CaseModel, DeviceModel, MessagesModel } from "../model.ts";
import { className, propertyName, shortName } from "../names.ts";
import { IN_DEVICE, IN_DRIVER, IN_RECEIVER, IN_SENDER, Operands } from "./checks.ts";
import { sectionDoc } from "./docs.ts";
import { CaseParts, type PartView, type StatusView } from "./parts.ts";
import { PartNames } from "./part_names.ts";
import { pathOf } from "./paths.ts";
import { scalarText } from "./scalars.ts";
import type { Scope } from "./scope.ts";

export type { PartView, PayloadView, StatusView } from "./parts.ts";

/** A request, answer or event. */
export interface CaseView {
  readonly name: string;
  readonly handler: string;
  /** Name of the option that takes the event, on the driver's side. */
  readonly on: string;
  readonly pascal: string;
  readonly doc: string;
  /** Its tags, by constants where there are any; the standard's one first. */
  readonly tags: readonly string[];
  readonly readable: PartView;
  readonly writable: PartView;
  readonly status: StatusView | null;
  /** What its receiver demands of it. */
  readonly checks: readonly CheckView[];
  /** What its sender demands of itself. */
  readonly demands: readonly CheckView[];
  /** Condition in the session `s` without which there is no such request; empty when always. */
  readonly gate: string;
  readonly model: CaseModel;
}

/** A check that is made before a handler runs, or a message is sent. */
export interface CheckView {
  readonly doc: string;
  /** True when the message fails it. */
  readonly fails: string;
  /** How a device refuses it. */
  readonly status: string;
  /** What is thrown instead of sending it, or what a driver refuses it with. */
  readonly refusal: string;
  /** Property whose elements are checked one by one. */
  readonly elements: string | null;
}

/** A set of messages. */
export interface MessagesView {
  readonly name: string;
  readonly pascal: string;
  readonly doc: string;
  readonly tagged: boolean;
  /** What requests are answered with that no case stands for; null where they get no answer. */
  readonly refusals: { readonly unknown: string; readonly malformed: string } | null;
  /** Bytes that hold all tag fields. */
  readonly tagSize: number;
  /** The tag as one number, from `view`. */
  readonly tag: string;
  /** How a message starts a session: the condition for each byte order, and the bytes that it looks at. */
  readonly starts: { readonly little: string; readonly big: string; readonly size: number } | null;
  readonly cases: readonly CaseView[];
}

/** Names of options that drivers have beside those of events. */
const RESERVED_EVENTS: ReadonlySet<string> = new Set(["onError"]);

/** The views of all messages of a device. */
export function messageViews(scope: Scope, device: DeviceModel): MessagesView[] {
  const names = new PartNames(scope);
  return device.messages.map((set) => messagesView(scope, device, set, names));
}

function messagesView(
  scope: Scope,
  device: DeviceModel,
  set: MessagesModel,
  names: PartNames,
): MessagesView {
  const role = device.queues.find((each) => each.messages.includes(set))?.queue.role ?? "request";
  const parts = new Map(set.cases.map((one) => {
    const name = partName(device, set, one);
    return [one, new CaseParts(scope, set, one, role, name)] as const;
  }));
  const named = names.ofSet(device, set, parts);
  return {
    name: set.name,
    pascal: className(shortName(set.name, device.name)),
    doc: sectionDoc(set.doc, set.section),
    tagged: set.tagged,
    refusals: refusalsOf(scope, set),
    tagSize: Math.max(0, ...set.tags.map((tag) => (tag.offset ?? 0) + (tag.size ?? 0))),
    tag: tagText(set),
    starts: startsView(scope, set),
    cases: set.cases.map((one) => {
      const { readable, writable } = named.get(one)!;
      return caseView(scope, device, set, one, parts.get(one)!, readable, writable);
    }),
  };
}

/** The field is read in both orders: it is the session's own that is wanted. */
function startsView(scope: Scope, { starts }: MessagesModel): MessagesView["starts"] {
  if (starts === null) return null;
  const { offset, size } = starts.field;
  const bits = 8 * (size ?? 0);
  const value = `${scope.prefix + starts.enum.typeName}.${starts.member}`;
  return {
    little: `request.getUint${bits}(${offset}, true) === ${value}`,
    big: `request.getUint${bits}(${offset}, false) === ${value}`,
    size: (offset ?? 0) + (size ?? 0),
  };
}

function refusalsOf(scope: Scope, { status }: MessagesModel): MessagesView["refusals"] {
  if (status === null) return null;
  const type = scope.prefix + status.enum.typeName;
  return { unknown: `${type}.${status.unknown}`, malformed: `${type}.${status.malformed}` };
}

/** Name of a case after the device's prefix; with its set's where another set has one of that name. */
function partName(device: DeviceModel, set: MessagesModel, one: CaseModel): string {
  const name = set.tagged ? one.name : shortName(set.name, device.name);
  const ambiguous = set.tagged &&
    device.messages.some((other) =>
      other !== set && other.tagged && other.cases.some((each) => each.name === one.name)
    );
  return ambiguous ? `${shortName(set.name, device.name)}_${name}` : name;
}

function caseView(
  scope: Scope,
  device: DeviceModel,
  set: MessagesModel,
  one: CaseModel,
  parts: CaseParts,
  readable: PartView,
  writable: PartView,
): CaseView {
  const name = partName(device, set, one);
  const pascal = className(name);
  const on = `on${pascal}`;
  const status = parts.status();
  return {
    name,
    handler: propertyName(name),
    on: RESERVED_EVENTS.has(on) ? `on${className(shortName(set.name, device.name))}${pascal}` : on,
    pascal,
    doc: sectionDoc(one.doc, one.section),
    tags: [one.tags, ...one.legacyTags.map((tag) => [tag, ...one.tags.slice(1)])]
      .map((tags) => tagLiteral(scope, set, tags)),
    readable,
    writable,
    status,
    checks: checkViews(scope, device, one, parts, status),
    demands: demandViews(scope, device, one, parts),
    gate: scope.gateText(one.feature, one.unless),
    model: one,
  };
}

function checkViews(
  scope: Scope,
  device: DeviceModel,
  one: CaseModel,
  { readable, writable }: CaseParts,
  status: StatusView | null,
): CheckView[] {
  const place = isEvent(one) ? IN_RECEIVER : IN_DEVICE;
  const operands = new Operands(scope, device, [readable, writable], place);
  return one.checks.flatMap((check) => {
    if (check.otherwise === undefined && check.dropped === undefined) return [];
    const doc = sectionDoc(check.doc, check.section ?? check.dropped ?? one.section);
    return [{
      doc,
      fails: operands.failsText(check),
      status: status === null ? "0" : `${status.type}.${check.otherwise}`,
      refusal: refusedText(one, check, doc, operands),
      elements: check.each === undefined ? null : propertyName(check.each),
    }];
  });
}

/** Arguments with which a driver refuses an event: what it is about, what was wanted, and what was there. */
function refusedText(one: CaseModel, { of }: dsl.Check, doc: string, operands: Operands): string {
  const names: string[] = [];
  JSON.stringify(of, (key, value) => {
    if (key === "field" || key === "length") names.push(pathOf(value as dsl.Path).join("."));
    return value;
  });
  const literals = [names[0] ?? one.name, `as in the rule: ${doc}`].map((text) =>
    JSON.stringify(text)
  );
  return [...literals, of === undefined ? "0" : operands.valueText(of)].join(", ");
}

function demandViews(
  scope: Scope,
  device: DeviceModel,
  one: CaseModel,
  { readable, writable }: CaseParts,
): CheckView[] {
  const place = isEvent(one) ? IN_SENDER : IN_DRIVER;
  const operands = new Operands(scope, device, [readable, writable], place);
  return one.checks.flatMap((check) => {
    const section = check.driver ?? check.device;
    if (section === undefined) return [];
    const doc = sectionDoc(check.doc, section);
    return [{
      doc,
      fails: operands.failsText(check),
      status: "",
      refusal: JSON.stringify(`Cannot send ${one.name}: it breaks the rule: ${doc}`),
      elements: check.each === undefined ? null : propertyName(check.each),
    }];
  });
}

/** All tag fields as one number: the first is the most significant. */
function tagText(set: MessagesModel): string {
  return set.tags.map((tag, index) => {
    const text = scalarText((tag.field as dsl.Scalar).type, "number").get(String(tag.offset ?? 0));
    const below = bitsBelow(set, index);
    return below === 0 ? text : `${text} * ${2 ** below}`;
  }).join(" + ");
}

function bitsBelow(set: MessagesModel, index: number): number {
  return set.tags.slice(index + 1).reduce((bits, each) => bits + 8 * (each.size ?? 0), 0);
}

/** The tag of a case: the constant where the set has one tag field, else all of them in one number. */
function tagLiteral(scope: Scope, set: MessagesModel, tags: readonly number[]): string {
  if (set.tags.length === 1) {
    return scope.valueText((set.tags[0]!.field as dsl.Scalar).enum, tags[0] ?? 0);
  }
  const whole = set.tags.reduce((sum, _, at) => sum + (tags[at] ?? 0) * 2 ** bitsBelow(set, at), 0);
  return `0x${whole.toString(16).padStart(4, "0")}`;
}
