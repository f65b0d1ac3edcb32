/**
 * The configuration of samples, with room for every request.
 *
 * @module
 */

import type * as dsl from "../../../spec/types.ts";
import type { DeviceModel, FieldModel } from "../../model.ts";
import { keyOf, lengthOf, pathOf } from "../paths.ts";
import { scalarText } from "../scalars.ts";
import type { Scope } from "../scope.ts";
import { textBytes, TEXTS, type Values } from "./values.ts";

/** Bytes for self-describing elements where the configuration says how many. */
const SEQUENCE_BYTES = 64;
/** A bound of requests: above the number of any thing and the bytes of all payloads in a sample. */
const ROOM = 0xffff;
/** A size of 64 bits, and a bound of such sizes. */
const LARGE = 2 ** 20;
const LARGE_ROOM = 2 ** 21;

/** The configuration of a device; `properties` makes what is no scalar. */
export function configSample(
  scope: Scope,
  device: DeviceModel,
  properties: (model: FieldModel) => Values,
): Values {
  const values: Values = {};
  const bounds = boundsOf(device, ["atMost", "within"]);
  const floors = boundsOf(device, ["atLeast"]);
  const { silent = [] } = device.config?.description ?? {};
  for (const model of device.config?.fields ?? []) {
    const { field, name } = model;
    if (field.kind === "union") continue;
    if (field.kind !== "scalar") {
      Object.assign(values, properties(model));
      if (field.kind !== "struct") continue;
      const within = values[keyOf(model)] as Values;
      for (const inner of scope.struct(field.struct).fields) {
        if (bounds.has(`${name}.${inner.name}`)) setScalar(within, inner, boundNumber);
        else if (floors.has(`${name}.${inner.name}`)) setScalar(within, inner, allowed);
      }
    } else if (field.reserved === undefined) {
      const wanted = roomWanted(device, name);
      const flags = flagsOf(scope, field);
      const number = silent.includes(name)
        ? () => 0 // it follows from requests: nothing yet
        : flags !== 0
        ? () => flags
        : bounds.has(name)
        ? boundNumber
        : configNumber;
      setScalar(values, model, (scalar) => Math.max(number(scalar), wanted));
    }
  }
  return values;
}

function setScalar(
  values: Values,
  model: FieldModel,
  number: (field: dsl.Scalar) => number,
): void {
  if (model.field.kind !== "scalar") return;
  const value = number(model.field);
  const { type } = scalarText(model.field.type, model.field.as);
  values[keyOf(model)] = type === "bigint" ? BigInt(value) : value;
}

/** Paths of the fields that bound something in a request, or a field, by these comparisons, but for numbers of queues. */
function boundsOf(
  device: DeviceModel,
  comparisons: readonly (keyof dsl.Comparison)[],
): ReadonlySet<string> {
  const found = new Set<string>();
  const { checks: own = [] } = device.config?.description ?? {};
  const all = device.messages.flatMap((set) => set.cases.map(({ checks }) => checks));
  for (const checks of [own, ...all]) {
    for (const check of checks) {
      JSON.stringify(comparisons.map((key) => check[key]), (key, value) => {
        if (key === "config") found.add(pathOf(value).join("."));
        return value;
      });
    }
  }
  for (const { queue: { count } } of device.queues) {
    if (typeof count === "object") found.delete(count.config);
  }
  return found;
}

/** All flags that an enumeration has; 0 when it has none. */
function flagsOf(scope: Scope, { enum: name }: dsl.Scalar): number {
  const found = name === undefined ? undefined : scope.enumeration(name);
  return found?.as === "masks" ? found.members.reduce((all, { value }) => all | value, 0) : 0;
}

function configNumber(field: dsl.Scalar): number {
  if (field.bitsOf !== undefined) return field.type.endsWith("64") ? 2 ** 40 - 1 : 0xffff;
  if (field.reset !== undefined) return field.reset;
  if (field.oneOf !== undefined) return field.oneOf[0] ?? 0;
  if (field.type.endsWith("64") && field.as === "number") return LARGE;
  return allowed(field, field.type === "u8" ? 1 : 2);
}

function boundNumber(field: dsl.Scalar): number {
  const { bitsOf, reset, oneOf, powerOfTwo, type } = field;
  if (bitsOf !== undefined || reset !== undefined || oneOf !== undefined || powerOfTwo) {
    return configNumber(field);
  }
  if (type.endsWith("64")) return allowed(field, LARGE_ROOM);
  return allowed(field, type === "u8" ? 0xff : ROOM);
}

/** The nearest number that the field may have. */
function allowed({ min = 0, max, multipleOf = 1 }: dsl.Scalar, wanted = 0): number {
  const most = typeof max === "number" ? max : Infinity;
  return Math.min(most, Math.ceil(Math.max(wanted, min) / multipleOf) * multipleOf);
}

/** Bytes that a configuration field must give to what it is the size of. */
function roomWanted(device: DeviceModel, name: string): number {
  const parts = device.messages.flatMap((set) => set.cases)
    .flatMap((one) => [...one.readable.fields, ...one.writable.fields]);
  const sized = parts.find(({ field }) => {
    const length = lengthOf(field);
    const open = field.kind === "sequence" || field.kind === "bytes" && field.text === "list";
    return open && typeof length === "object" && length !== null && "config" in length &&
      length.config === name;
  });
  if (sized === undefined) return 0;
  return sized.field.kind === "sequence" ? SEQUENCE_BYTES : textBytes(TEXTS);
}
