/**
 * How structs, unions and sequences are printed where they are a field.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { FieldModel, StructModel } from "../model.ts";
import { localName, propertyName } from "../names.ts";
import { type FieldView, NOTHING, property } from "./field.ts";
import type { Scope } from "./scope.ts";
import { fillsArea, isGated, structShape } from "./shape.ts";
import type { Reference, Siblings } from "./siblings.ts";

/** Calls that read and write one struct where a layout is walked. */
export function structText(
  scope: Scope,
  struct: StructModel,
  field: string,
  value: string,
  outer: Reference = { decode: "", encode: "" },
  session = ", s",
): Reference {
  const type = scope.structType(struct.name);
  const shape = structShape(scope, struct);
  if (shape === "fixed") {
    return {
      decode: `d.struct(${struct.size}, read${type}, empty${type}(), "${field}")`,
      encode: `e.struct(${struct.size}, write${type}, ${value})`,
    };
  }
  if (shape === "grown") {
    const size = scope.sessionSize(struct);
    return {
      decode: `d.struct(${size}, read${type}, empty${type}(), "${field}")`,
      encode: `e.struct(${size}, write${type}, ${value})`,
    };
  }
  return {
    decode: `decode${type}(d${session}${outer.decode})`,
    encode: `encode${type}(e, ${value}${session}${outer.encode})`,
  };
}

/** The view of a struct in one property. */
export function structFieldView(
  scope: Scope,
  model: FieldModel,
  field: dsl.StructField,
  siblings: Siblings,
  at: string,
): FieldView {
  const struct = scope.struct(field.struct);
  const type = scope.structType(struct.name);
  const key = propertyName(model.name);
  const shape = structShape(scope, struct);
  const empty = shape === "walked" ? "undefined" : `empty${type}()`;
  const given = isGated(model) && shape !== "walked" ? `value.${key} ?? ${empty}` : `value.${key}`;
  const text = structText(scope, struct, model.name, given, siblings.outerText(struct));
  const size = shape === "grown" ? `, ${scope.sessionSize(struct)}` : "";
  const encodes = isGated(model) && shape === "walked"
    ? [`if (value.${key} !== undefined) ${text.encode};`]
    : [text.encode + ";"];
  return {
    ...NOTHING,
    properties: [property(model, type, empty)],
    reads: [`read${type}(view, ${at}, into.${key}${size});`],
    writes: [`write${type}(view, ${at}, ${given}${size});`],
    decodes: [`const ${localName(key)} = ${text.decode};`],
    encodes,
  };
}

/** A union has a type and functions of its own, printed beside its struct. */
export function unionView(
  scope: Scope,
  model: FieldModel,
  field: dsl.Union,
  siblings: Siblings,
): FieldView {
  if (typeof field.by === "object" && "state" in field.by) {
    return rawUnionView(scope, model, field);
  }
  const type = siblings.unionType(model);
  const key = propertyName(model.name);
  const local = localName(key);
  const outer = siblings.outerOf(model);
  const tag = siblings.selectorText(model);
  const late = siblings.isLate(model);
  const slot = `d.slot(${field.size}, "${model.name}")`;
  const area = late ? `${local}Slot` : field.size === undefined ? "d" : slot;
  const decode = `const ${local} = decode${type}(${area}, ${tag}, s${outer.decode});`;
  const encode = `encode${type}(e, value.${key}, s${outer.encode});`;
  return {
    ...NOTHING,
    properties: [property(model, type, "undefined")],
    decodes: [late ? `const ${local}Slot = ${slot};` : decode],
    late: late ? [decode] : [],
    encodes: [isGated(model) ? `if (value.${key} !== undefined) ${encode}` : encode],
  };
}

/** A union that something outside the message selects stays as bytes, for which each struct has functions. */
function rawUnionView(scope: Scope, model: FieldModel, { size }: dsl.Union): FieldView {
  const { name } = model;
  for (const { struct } of model.arms) if (struct !== null) scope.called.add(struct.name);
  const key = propertyName(name);
  const value = isGated(model) ? `value.${key} ?? new Uint8Array(${size ?? 0})` : `value.${key}`;
  return {
    ...NOTHING,
    properties: [property(model, "Uint8Array", `new Uint8Array(${size ?? 0})`)],
    decodes: [`const ${localName(key)} = d.bytes(${size ?? "d.remaining"}, "${name}");`],
    encodes: [`e.bytesOf(${value}, "${name}"${size === undefined ? "" : `, ${size}`});`],
  };
}

/** The elements of a sequence have a type and functions of their own, printed beside its struct. */
export function sequenceView(
  model: FieldModel,
  field: dsl.Sequence,
  siblings: Siblings,
): FieldView {
  const type = siblings.unionType(model);
  const key = propertyName(model.name);
  const value = isGated(model) ? `value.${key} ?? []` : `value.${key}`;
  const length = siblings.length(model, field.length ?? "rest");
  const outer = siblings.outerOf(model);
  const whole = length.count === "d.remaining";
  const fixed = fillsArea(field);
  const area = fixed && field.end !== undefined ? `, ${length.encoded}` : "";
  const put = `encode${type}List(e, ${value}, s${outer.encode}${area});`;
  return {
    ...NOTHING,
    properties: [property(model, `readonly ${type}[]`, "[]")],
    decodes: [
      `const ${localName(key)} = decode${type}List(${
        whole ? "d" : `d.slot(${length.count}, "${model.name}")`
      }, s${outer.decode});`,
    ],
    encodes: fixed
      ? [
        `const ${localName(key)}At = e.length;`,
        put,
        `e.pad(${localName(key)}At, ${length.encoded}, "${model.name}");`,
      ]
      : [put],
  };
}
