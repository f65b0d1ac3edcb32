/**
 * What templates print of administration commands: capabilities and types of resource objects, each
 * with the layout of its data.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type {
  AdministeredModel,
  DeviceModel,
  FieldModel,
  ObjectModel,
  WithinModel,
} from "../model.ts";
import { className, propertyName } from "../names.ts";
import { commentText, sectionDoc } from "./docs.ts";
import { structText } from "./field_groups.ts";
import { scalarText } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { Siblings } from "./siblings.ts";
import { allText, shiftedText } from "./text.ts";

/** A number with the layout of its data. */
interface LayoutView {
  readonly property: string;
  readonly doc: string;
  /** Type of its values. */
  readonly type: string;
  /** The number, by its constant. */
  readonly number: string;
  /** Reads a value from the decoder `d`. */
  readonly decode: string;
  /** Writes `value` to the encoder `e`. */
  readonly encode: string;
}

/** A capability. */
interface CapabilityView extends LayoutView {
  /** Whether what the `driver` uses is within what the `device` has; empty for bytes. */
  readonly allows: string;
}

/** A type of resource objects. */
interface ObjectView extends LayoutView {
  /** Property of the capability that limits them. */
  readonly of: string;
  /** How many there can be, by what the `driver` set of it. */
  readonly limit: string;
  /** Status of a number beyond the limit; empty for the usual one. */
  readonly full: string;
  /** Numbers of capabilities, with commas between them. */
  readonly requires: string;
  /** The capability that must have it, and what; null for none. */
  readonly within: { readonly of: string; readonly text: string } | null;
  /** Property that differs between objects; empty for none. */
  readonly unique: string;
  /** Objects that `value` needs, each as text. */
  readonly needs: readonly string[];
}

/** What the driver administers. */
export interface AdminView {
  readonly doc: string;
  readonly capabilities: readonly CapabilityView[];
  readonly objects: readonly ObjectView[];
}

/** The view of a device's administration; null when it has none. */
export function adminView(scope: Scope, { adminQueue }: DeviceModel): AdminView | null {
  if (adminQueue === null) return null;
  return {
    doc: sectionDoc(adminQueue.doc, adminQueue.section),
    capabilities: adminQueue.capabilities.map((one) => ({
      ...layoutView(scope, one),
      allows: one.struct === null ? "" : withinText(scope, one.struct, "driver", "device"),
    })),
    objects: adminQueue.objects.map((one) => objectView(scope, one)),
  };
}

function layoutView(scope: Scope, { name, constant, struct }: AdministeredModel): LayoutView {
  const base = {
    property: propertyName(name),
    doc: `\`${constant.name}\`: ${commentText(constant.doc)}`,
    number: numberText(scope, constant.name),
  };
  if (struct === null) {
    const decode = `d.bytes(d.remaining, "${name}")`;
    return { ...base, type: "Uint8Array", decode, encode: `e.bytesOf(value, "${name}")` };
  }
  const type = scope.structType(struct.name);
  return { ...base, type, ...structText(scope, struct, name, "value", undefined, "") };
}

function objectView(scope: Scope, one: ObjectModel): ObjectView {
  const { limit, requires, within, needs } = one;
  const limits = limit.by.map((field) => {
    const model = limit.of.struct?.fields.find(({ name }) => name === field);
    return countText(model, `driver.${propertyName(field)}`);
  });
  return {
    ...layoutView(scope, one),
    of: propertyName(limit.of.name),
    limit: limits.length === 1 ? limits[0]! : `Math.min(${limits.join(", ")})`,
    full: limit.otherwise === "ENOSPC" ? "" : limit.otherwise,
    requires: requires.map(({ constant }) => numberText(scope, constant.name)).join(", "),
    within: within === null
      ? null
      : { of: propertyName(within.of.name), text: capableText(scope, within) },
    unique: one.unique === null ? "" : propertyName(one.unique),
    needs: needs.map(({ field, type }) => {
      const model = one.struct?.fields.find(({ name }) => name === field);
      const id = countText(model, `value.${propertyName(field)}`);
      return `{ type: ${numberText(scope, type.constant.name)}, id: ${id} }`;
    }),
  };
}

/** A constant as a member of its enumeration, where it has one. */
function numberText(scope: Scope, constant: string): string {
  const found = scope.module.enums.find(({ members }) =>
    members.some(({ name }) => name === constant)
  );
  return found === undefined ? constant : scope.valueText(found.name, scope.tagValue(constant));
}

/** A number of objects, also where the field is a bigint. */
function countText(model: FieldModel | undefined, text: string): string {
  return isWide(model) ? `Number(${text})` : text;
}

function isWide(model: FieldModel | undefined): boolean {
  const field = model?.field;
  return field?.kind === "scalar" && scalarText(field.type, field.as).type === "bigint";
}

/**
 * Whether what the driver uses is within what the device has (VIRTIO 1.4, 2.12.1.2): numbers are
 * limits, unless they stand for something; of bits there are no others; each element of a list is
 * within one of the device's.
 */
function withinText(
  scope: Scope,
  struct: { readonly name: string; readonly fields: readonly FieldModel[] },
  driver: string,
  device: string,
): string {
  const siblings = new Siblings(scope, className(struct.name), struct.fields);
  const texts = siblings.flat.filter((model) => !siblings.isHidden(model)).map((model) =>
    fieldWithin(scope, model, driver, device)
  );
  return allText(...texts) || "true";
}

function fieldWithin(scope: Scope, model: FieldModel, driver: string, device: string): string {
  const { field, struct } = model;
  const key = propertyName(model.name);
  const [one, other] = [`${driver}.${key}`, `${device}.${key}`];
  switch (field.kind) {
    case "scalar":
      return scalarWithin(scope, field, one, other);
    case "bits":
      return allText(
        ...Object.entries(field.fields).filter(([, { reserved }]) => reserved === undefined)
          .map(([name, bit]) => {
            const sign = bit.enum === undefined ? "<=" : "===";
            return `${driver}.${propertyName(name)} ${sign} ${device}.${propertyName(name)}`;
          }),
      );
    case "bytes":
      if (field.reserved !== undefined) return "";
      if (field.text === "list") return `${one}.every((one) => ${other}.includes(one))`;
      return field.text === undefined
        ? `!bytesHaveOtherBits(${one}, ${other})`
        : `${one} === ${other}`;
    case "struct":
      return withinText(scope, struct!, one, other);
    case "array": {
      if (typeof field.of === "string") return `${one}.every((one) => ${other}.includes(one))`;
      const inner = struct === null
        ? "!bytesHaveOtherBits(one, other)"
        : withinText(scope, struct, "one", "other");
      return `${one}.every((one) => ${other}.some((other) => ${inner}))`;
    }
    default:
      return ""; // what alternatives allow is for the user of the device to say
  }
}

/** Whether a value is within one of a field: it is no more than this, the same, or bits of it. */
function scalarWithin(scope: Scope, field: dsl.Scalar, one: string, other: string): string {
  if (isMask(scope, field)) return `!hasOtherBits(${one}, ${other})`;
  return `${one} ${field.enum === undefined ? "<=" : "==="} ${other}`;
}

/** What the capability must have of an object: text about the `driver` and the `value`. */
function capableText(scope: Scope, { list, fields }: WithinModel): string {
  const entry = list === null ? "driver" : "one";
  const texts = fields.map(({ path, field, by }) =>
    pairWithin(
      scope,
      field,
      by,
      ["value", ...path.map(propertyName)].join("."),
      `${entry}.${propertyName(by.name)}`,
    )
  );
  const all = allText(...texts);
  return list === null ? all : `driver.${propertyName(list.name)}.some((one) => ${all})`;
}

/** A number that stands for something is among those of a list, or has its bit; 0 may stand for nothing. */
function pairWithin(
  scope: Scope,
  model: FieldModel,
  by: FieldModel,
  value: string,
  has: string,
): string {
  if (by.field.kind === "array") return `${has}.includes(${value})`;
  const [field, other] = [model.field as dsl.Scalar, by.field as dsl.Scalar];
  if (other.bitsOf === undefined || isMask(scope, field)) {
    return scalarWithin(scope, other, value, has);
  }
  const { enum: name, from } = typeof other.bitsOf === "string"
    ? { enum: other.bitsOf, from: 0 }
    : other.bitsOf;
  const bit = shiftedText(countText(model, value), -from);
  const text = `hasBit(${isWide(by) ? has : `BigInt(${has})`}, ${bit})`;
  const none = scope.enumeration(name).members.every((member) => member.value !== 0);
  return none ? `(${value} === ${isWide(model) ? "0n" : "0"} || ${text})` : text;
}

/** Whether the bits of a field have meanings of their own. */
function isMask(scope: Scope, field: dsl.Scalar): boolean {
  return field.bitsOf !== undefined ||
    field.enum !== undefined && scope.enumeration(field.enum).as !== "values";
}
