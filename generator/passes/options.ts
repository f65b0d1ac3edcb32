/**
 * Pass: options apply where they stand.
 *
 * @module
 */

import type { FieldModel } from "../model.ts";
import { type Draft, entries } from "./draft.ts";
import { fieldAt, places, type Scope } from "./fields.ts";
import { isStateful, scalarSize, takesRest } from "./sizes.ts";
import { describedRecords } from "./walk.ts";

/** Reports options that mean nothing at their place. */
export function optionsApply(draft: Draft): void {
  for (const { model, scope } of places(draft)) {
    const options = [...misplaced(model, scope), ...misplacedByText(draft, model, scope)];
    for (const [option, expected] of options) {
      draft.report("V063", `${model.path}.${option}`, "an option without a meaning here", expected);
    }
  }
  bodiesPlaced(draft);
}

/** Options of a field that do not apply, each with what would. */
function* misplaced({ field }: FieldModel, scope: Scope): Generator<[string, string]> {
  if ("driverWrites" in field && scope.of !== "config") {
    yield ["driverWrites", "fields of the configuration space"];
  }
  if (field.kind === "scalar") {
    if (field.tag === true && (scope.of === "config" || scope.of === "arm")) {
      yield ["tag", "fields of messages, or of structs in them"];
    }
    if (field.as !== undefined && scalarSize(field.type) < 8) yield ["as", "fields of 64 bits"];
    for (const option of ["reset", "zeroWithout"] as const) {
      if (field[option] !== undefined && field.driverWrites === undefined) {
        yield [option, "fields that the driver writes"];
      }
    }
    if (field.echoes !== undefined && scope.of !== "writable") {
      yield ["echoes", "fields of an answer"];
    }
    if (field.value !== undefined && (field.tag ?? field.reserved) !== undefined) {
      yield ["value", "fields without another meaning"];
    }
  }
  if (field.kind === "array") {
    if (field.stride !== undefined && typeof field.of !== "object") {
      yield ["stride", "arrays of structs or bytes"];
    }
    const scalar = typeof field.of === "string";
    if (field.enum !== undefined && !scalar) yield ["enum", "arrays of numbers"];
    if (field.as !== undefined && !(typeof field.of === "string" && scalarSize(field.of) === 8)) {
      yield ["as", "arrays of numbers of 64 bits"];
    }
    if (field.max !== undefined && typeof field.length === "number") {
      yield ["max", "arrays whose length varies"];
    }
  }
  if (field.kind === "bytes" && field.reserved !== undefined && field.text !== undefined) {
    yield ["text", "bytes with a meaning"];
  }
  if (field.kind === "payload" && scope.of === "config") {
    yield ["kind", "messages: bytes() makes a copy"];
  }
  if (field.kind === "union" && isStateful(field) && scope.of === "config") {
    yield ["by", "unions in structs and messages"];
  }
}

/** Bytes that the text has elsewhere are always there, and so is what they are put before. */
function* misplacedByText(
  draft: Draft,
  model: FieldModel,
  scope: Scope,
): Generator<[string, string]> {
  const { field } = model;
  if (field.kind !== "bytes" || field.strictBefore === undefined) return;
  const grows = [...draft.structs.values()].some((one) => one.grows && one.fields === scope.fields);
  if (scope.of === "config" || grows) {
    yield ["strictBefore", "fields of messages, or of structs that do not grow"];
  }
  const gated = [model.when, model.unless, model.legacyWhen].some((gate) => gate.length > 0);
  if (gated || field.strict === false || field.reserved !== undefined) {
    yield ["strictBefore", "bytes with a meaning that are always there"];
  }
  const { root = scope.at } = fieldAt(scope.fields, field.strictBefore) ?? {};
  const passed = scope.fields.slice(root, scope.at + 1);
  if (passed.some((one) => one.field.kind === "payload" || takesRest(one.field, one))) {
    yield ["strictBefore", "a place before all payload, and before what takes the rest"];
  }
}

/** `body()` stands at most once in each part of a set that has cases. */
function bodiesPlaced(draft: Draft): void {
  for (const { path, fields } of describedRecords(draft)) {
    const bodies = entries(fields).filter(([, field]) => field.kind === "body");
    const set = path.match(/^messages\.([^.]+)\.(readable|writable)$/)?.[1];
    const cases = set === undefined ? undefined : draft.description.messages?.[set]?.cases;
    for (const [i, [name]] of bodies.entries()) {
      if (cases !== undefined && i === 0) continue;
      const found = cases === undefined ? "body() where no cases are" : "a second body()";
      draft.report("V063", `${path}.${name}`, found, "one body() in each part of a set with cases");
    }
  }
}
