/**
 * What templates print of one field: its property, and the statements that read and write it.
 *
 * Statements speak of fixed names: `view`, `at`, `into`, `value` at constant offsets; a decoder
 * `d`, an encoder `e`, a session `s` and `value` where a layout is walked.
 *
 * @module
 */

import type { FieldModel } from "../model.ts";
import { localName } from "../names.ts";
import type { Bounded, FieldView } from "./field.ts";
import { arrayView, bytesView, payloadView } from "./field_bytes.ts";
import { sequenceView, structFieldView, unionView } from "./field_groups.ts";
import { bitsView, scalarView } from "./field_scalars.ts";
import type { Scope } from "./scope.ts";
import { hasTwoPlaces, isGated } from "./shape.ts";
import type { Siblings } from "./siblings.ts";

/** Where a payload lies that its gate shuts out. */
const EMPTY_RANGE = "ranges.push(d.position, d.position);";

/** The view of a field among its siblings. */
export function fieldView(scope: Scope, field: FieldModel, siblings: Siblings): FieldView {
  const at = field.offset === null ? "at" : offsetText(field.offset);
  const bare = bareView(scope, field, siblings, at, siblings.bounds);
  if (hasTwoPlaces(field)) return movedView(bare);
  if (!isGated(field)) return bare;
  const gate = scope.fieldGate(field);
  return {
    ...bare,
    properties: bare.properties.map((each) => ({ ...each, optional: true })),
    decodes: gatedDecodes(bare, gate),
    encodes: bare.encodes.length === 0 ? [] : [`if (${gate}) {`, ...bare.encodes, "}"],
  };
}

/** What has one place by the text and another where it is deployed, read at either into one property. */
function movedView(bare: FieldView): FieldView {
  const [, local, expression] = /^const (\w+) = (.*);$/s.exec(bare.decodes[0]!)!;
  return {
    ...bare,
    early: {
      decodes: [`const ${local}ByText = s.strict ? ${expression} : undefined;`],
      encodes: ["if (s.strict) {", ...bare.encodes, "}"],
    },
    decodes: [`const ${local} = ${local}ByText ?? ${expression};`],
    encodes: ["if (!s.strict) {", ...bare.encodes, "}"],
  };
}

/** The view of a configuration field: it has its place whatever its gate says, which decides about the property only. */
export function configFieldView(scope: Scope, field: FieldModel, siblings: Siblings): FieldView {
  const view = bareView(scope, field, siblings, "at", "written");
  return isGated(field)
    ? { ...view, properties: view.properties.map((each) => ({ ...each, optional: true })) }
    : view;
}

/** `at`, or `at + 4`. */
function offsetText(offset: number): string {
  return offset === 0 ? "at" : `at + ${offset}`;
}

function bareView(
  scope: Scope,
  model: FieldModel,
  siblings: Siblings,
  at: string,
  bounds: Bounded,
): FieldView {
  const { field } = model;
  switch (field.kind) {
    case "scalar":
      return scalarView(scope, model, field, siblings, at, bounds);
    case "bits":
      return bitsView(scope, model, field, at);
    case "bytes":
      return bytesView(model, field, siblings, at);
    case "payload":
      return payloadView(model, field, siblings);
    case "array":
      return arrayView(scope, model, field, siblings);
    case "struct":
      return structFieldView(scope, model, field, siblings, at);
    case "union":
      return unionView(scope, model, field, siblings);
    case "sequence":
      return sequenceView(model, field, siblings);
  }
}

/** Reads of a field that may not be there: its locals are undefined then. */
function gatedDecodes(bare: FieldView, gate: string): string[] {
  const [first = ""] = bare.decodes;
  const [, local, expression] = /^const (\w+) = (.*);$/s.exec(first) ?? [];
  const locals = bare.properties.map((each) => localName(each.property));
  if (bare.decodes.length === 1 && local !== undefined && locals.length <= 1) {
    const absent = locals.length === 0 ? "0" : "undefined";
    return [`const ${local} = ${grouped(gate)} ? ${expression} : ${absent};`];
  }
  return [
    ...bare.properties.map((each, i) => `let ${locals[i]}: ${each.type} | undefined = undefined;`),
    `if (${gate}) {`,
    ...bare.decodes.map((line) =>
      locals.reduce((text, each) => text.replace(`const ${each} = `, `${each} = `), line)
    ),
    // Payloads are counted by place: one that is not there has an empty one.
    ...(first.startsWith("ranges.") ? ["} else {", EMPTY_RANGE] : []),
    "}",
  ];
}

function grouped(gate: string): string {
  return gate.includes(" || ") ? `(${gate})` : gate;
}
