/**
 * Pass: configuration fields are known, wherever something takes its value from one.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { parksOf } from "../parks.ts";
import { type Draft, entries } from "./draft.ts";
import { fieldAt, holdsNumber, pathName } from "./fields.ts";
import { describedFields } from "./walk.ts";

/** Reports references to fields that the configuration space does not have, or that are no numbers. */
export function configFieldsReferenced(draft: Draft): void {
  const fields = draft.config?.fields ?? [];
  const known = fields.map((field) => field.name);
  for (const { path, field } of numbersNamed(draft)) {
    const found = fieldAt(fields, field);
    if (found === undefined) {
      if (draft.broken.has(fields) && typeof field !== "string") continue;
      draft.unknown("V033", path, pathName(field), "a configuration field", known);
    } else holdsNumber(draft, path, field, found);
  }
  for (const { path, name } of fieldsNamed(draft)) {
    if (known.includes(name)) continue;
    draft.unknown("V033", path, name, "a configuration field", known);
  }
}

/** What must be a field, of whatever kind. */
function* fieldsNamed(draft: Draft): Generator<{ path: string; name: string }> {
  const config = draft.device?.config;
  for (const [i, name] of (config?.notifies ?? []).entries()) {
    yield { path: `config.notifies[${i}]`, name };
  }
  for (const key of ["silent", "fixed"] as const) {
    for (const [i, name] of (config?.[key] ?? []).entries()) {
      yield { path: `config.${key}[${i}]`, name };
    }
  }
  if (config?.window === undefined) return;
  const { select, size, value } = config.window;
  for (const [i, name] of select.entries()) yield { path: `config.window.select[${i}]`, name };
  yield { path: "config.window.size", name: size };
  yield { path: "config.window.value", name: value };
}

interface Named {
  readonly path: string;
  readonly field: dsl.Path;
}

/** What must be a field that holds a number. */
function* numbersNamed(draft: Draft): Generator<Named> {
  for (const { path, field } of describedFields(draft)) yield* ofField(path, field);
  for (const [name, queue] of entries(draft.device?.queues)) {
    for (const key of ["index", "strictIndex", "count"] as const) {
      yield* ofObject(`queues.${name}.${key}`, queue[key]);
    }
    for (const { path, length } of parksOf(queue)) {
      const place = path === "parks" ? path : `${path}.length`;
      yield* ofObject(`queues.${name}.${place}`, length);
    }
  }
  for (const [i, { field, while: other }] of (draft.device?.config?.noLess ?? []).entries()) {
    yield { path: `config.noLess[${i}].field`, field };
    yield { path: `config.noLess[${i}].while`, field: other };
  }
  yield* ofChecks("config", draft.device?.config?.checks);
  for (const [set, messages] of entries(draft.description.messages)) {
    yield* ofChecks(`messages.${set}`, messages.checks);
    for (const [name, one] of entries(messages.cases)) {
      yield* ofChecks(`messages.${set}.cases.${name}`, one.checks);
    }
  }
}

function* ofField(path: string, field: dsl.Field): Generator<Named> {
  if ("length" in field) yield* ofObject(`${path}.length`, field.length);
  if ("max" in field) yield* ofObject(`${path}.max`, field.max);
  if ("driverWrites" in field && typeof field.driverWrites === "object") {
    const { clears } = field.driverWrites;
    if (clears !== undefined) yield { path: `${path}.driverWrites.clears`, field: clears };
  }
}

function* ofObject(path: string, value: unknown): Generator<Named> {
  if (typeof value === "object" && value !== null && "config" in value) {
    yield { path: `${path}.config`, field: value.config as dsl.Path };
  }
}

type AnyCheck = Pick<dsl.Check, "of" | keyof dsl.Comparison>;

function* ofChecks(path: string, checks: readonly AnyCheck[] | undefined): Generator<Named> {
  for (const [i, check] of (checks ?? []).entries()) {
    for (const { path: place, operand } of operandsOf(`${path}.checks[${i}]`, check)) {
      if (typeof operand === "object" && "config" in operand) {
        yield { path: `${place}.config`, field: operand.config };
      }
    }
  }
}

/** Keys of a check that hold operands: the value, and what it is compared with. */
export const COMPARISONS = [
  "atMost",
  "atLeast",
  "equals",
  "differs",
  "multipleOf",
  "clear",
  "within",
] as const satisfies readonly (keyof dsl.Comparison)[];

/** Every operand of a check, also inside of arithmetic. */
export function* operandsOf(
  path: string,
  check: AnyCheck,
): Generator<{ path: string; operand: dsl.Operand }> {
  for (const key of ["of", ...COMPARISONS] as const) {
    const operand = check[key];
    if (operand !== undefined) yield* deep(`${path}.${key}`, operand);
  }
}

function* deep(
  path: string,
  operand: dsl.Operand,
): Generator<{ path: string; operand: dsl.Operand }> {
  yield { path, operand };
  if (typeof operand === "number") return;
  if ("lowestBit" in operand) return yield* deep(`${path}.lowestBit`, operand.lowestBit);
  if ("masked" in operand) return yield* deep(`${path}.masked[0]`, operand.masked[0]);
  if ("quotient" in operand) return yield* deep(`${path}.quotient[0]`, operand.quotient[0]);
  const key = (["sum", "product", "bit"] as const).find((each) => each in operand);
  if (key === undefined) return;
  const parts = (operand as Record<string, readonly dsl.Operand[]>)[key]!;
  for (const [i, part] of parts.entries()) yield* deep(`${path}.${key}[${i}]`, part);
}
