/**
 * What the layout template prints: constants and offsets, nothing that needs a runtime.
 *
 * @module
 */

import type { Alternatives, FieldModel, LayoutModel, MessagesModel } from "../model.ts";
import { constantName, propertyName } from "../names.ts";
import { commentText, sectionDoc } from "./docs.ts";
import { type ConstantView, constantViews, type EnumView, enumViews } from "./wire.ts";

/** A layout without a device, ready to print. */
export interface LayoutView {
  readonly title: string;
  readonly doc: string;
  readonly source: string;
  readonly constants: readonly ConstantView[];
  readonly features: readonly { name: string; bit: number; doc: string }[];
  readonly enums: readonly EnumView[];
  readonly structs: readonly OffsetsView[];
  readonly registers: readonly RegistersView[];
}

/** Where the fields of a struct, or of one part of a message, lie. */
export interface OffsetsView {
  readonly constant: string;
  readonly name: string;
  readonly doc: string;
  /** Bytes; null when that varies. */
  readonly size: number | null;
  readonly fields: readonly { property: string; offset: number; doc: string }[];
  readonly bits: readonly { property: string; shift: number; mask: string; doc: string }[];
}

/** A register file. */
export interface RegistersView {
  readonly constant: string;
  readonly doc: string;
  readonly registers: readonly {
    name: string;
    offset: string;
    size: number;
    access: string;
    doc: string;
  }[];
}

/** The view of a layout. */
export function layoutView(layout: LayoutModel): LayoutView {
  return {
    title: layout.title,
    doc: sectionDoc(layout.doc, layout.section),
    source: layout.source,
    constants: constantViews(layout),
    features: layout.features.map(({ name, bit, doc }) => ({ name, bit, doc: commentText(doc) })),
    enums: enumViews(layout, ""),
    structs: [
      ...layout.structs.map((struct) => ({
        constant: constantName(struct.name),
        name: `struct ${struct.name}`,
        doc: sectionDoc(struct.doc, struct.section),
        size: struct.size,
        ...offsets(struct.fields),
      })),
      ...layout.messages.flatMap(partViews),
    ],
    registers: layout.registers.map((file) => ({
      constant: constantName(`${layout.name}_${file.name}`),
      doc: sectionDoc(file.doc, file.section),
      registers: file.registers.map(({ name, offset, size, access, doc, when }) => ({
        name: /^[A-Z]/.test(name) ? name : propertyName(name),
        offset: hex(offset),
        size,
        access,
        doc: commentText(when === undefined ? doc : `${doc} (with ${when} only)`),
      })),
    })),
  };
}

/** The fields that all messages of a set start with, in each part. */
function partViews(set: MessagesModel): OffsetsView[] {
  return (["readable", "writable"] as const).flatMap((direction) => {
    const lists = set.cases.map((one) => one[direction].fields);
    const first = lists[0] ?? [];
    const count = first.findIndex((field, at) =>
      lists.some((fields) => fields[at]?.name !== field.name)
    );
    const common = count < 0 ? first : first.slice(0, count);
    if (common.length === 0) return [];
    return [{
      constant: `${constantName(set.name)}_${direction.toUpperCase()}`,
      name: `the ${direction} part of ${set.name}`,
      doc: sectionDoc(set.doc, set.section),
      size: null,
      ...offsets(common),
    }];
  });
}

function offsets(fields: readonly FieldModel[]): Pick<OffsetsView, "fields" | "bits"> {
  const placed = fields.filter((field) => field.offset !== null);
  return {
    fields: placed.map((field) => ({
      property: propertyName(field.name),
      offset: field.offset ?? 0,
      doc: commentText(field.doc === "" ? typeText(field) : `${field.doc}; ${typeText(field)}`) +
        gateText(field.when),
    })),
    bits: placed.flatMap(bitViews),
  };
}

function bitViews({ field }: FieldModel): OffsetsView["bits"] {
  if (field.kind !== "bits") return [];
  let shift = 0;
  return Object.entries(field.fields).flatMap(([name, { width, doc = "", reserved }]) => {
    const view = {
      property: propertyName(name),
      shift,
      mask: hex(2 ** width - 1),
      doc: commentText(doc === "" ? name : doc),
    };
    shift += width;
    return reserved === undefined ? [view] : [];
  });
}

function typeText({ field, struct, size }: FieldModel): string {
  switch (field.kind) {
    case "scalar":
    case "bits":
      return field.type;
    case "struct":
      return `struct ${field.struct}`;
    case "array":
      return struct === null ? `array` : `array of struct ${struct.name}`;
    default:
      return size === null ? "bytes" : `${size} bytes`;
  }
}

function gateText(when: Alternatives): string {
  if (when.length === 0) return "";
  return ` (with ${when.map((all) => all.join(" and ")).join(" or ")} only)`;
}

function hex(value: number): string {
  return value < 10 ? String(value) : `0x${value.toString(16)}`;
}
