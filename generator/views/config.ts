/**
 * What templates print of a configuration space.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { DeviceModel, FieldModel } from "../model.ts";
import { className, localName, propertyName } from "../names.ts";
import { Operands } from "./checks.ts";
import { configWidthsText } from "./config_widths.ts";
import { sectionDoc } from "./docs.ts";
import type { PropertyView } from "./field.ts";
import { allowedText } from "./field_scalars.ts";
import { configFieldView } from "./fields.ts";
import { alternatives, pathOf } from "./paths.ts";
import { scalarText } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isGated } from "./shape.ts";
import { Siblings } from "./siblings.ts";
import { type UnionView, unionViews } from "./structs.ts";

/** A configuration space, ready to print. */
export interface ConfigView {
  readonly type: string;
  readonly settingsType: string;
  readonly doc: string;
  readonly size: number;
  readonly properties: readonly PropertyView[];
  /** Properties that a device may leave out because they start at a value of their own. */
  readonly defaulted: string;
  /** Properties that a device does not give: they belong to the window. */
  readonly hidden: string;
  readonly decodes: readonly string[];
  readonly result: readonly string[];
  readonly encodes: readonly string[];
  readonly unions: readonly UnionView[];
  readonly writables: readonly WritableView[];
  readonly window: WindowView | null;
  /** How wide its fields are, as runs. */
  readonly widths: string;
  /** What its fields have to be among each other. */
  readonly checks: readonly ConfigCheckView[];
  /** Whether `name` is a field whose change is announced; empty when all are. */
  readonly announced: string;
  /** Literals of the fields that never change. */
  readonly fixed: string;
  /** What gets no less: a condition on a change, of the configuration `next`, that is refused, and why. */
  readonly noLess: readonly { readonly refused: string; readonly message: string }[];
  /** Where each field that an offered feature brings ends, for how much a driver must read. */
  readonly ends: readonly { readonly gate: string; readonly end: number }[];
}

/** A demand on a field, of the configuration `value`. */
export interface ConfigCheckView {
  /** True when the field is not as demanded. */
  readonly fails: string;
  /** The field's name, and what is demanded of it, as literals. */
  readonly field: string;
  readonly wanted: string;
  /** The field's value. */
  readonly got: string;
}

/** A field that the driver may write. */
export interface WritableView {
  readonly property: string;
  readonly pascal: string;
  readonly doc: string;
  readonly type: string;
  readonly offset: number;
  readonly size: number;
  readonly gate: string;
  /** Reads it from `view`. */
  readonly get: string;
  /** Writes `value` to the start of `view`. */
  readonly set: string;
  /** Writes a value to its place in `view`. */
  setAt(value: string): string;
  /** True when the value is out of its bounds; empty when it has none. */
  readonly refuses: string;
  /** Another field, in which each bit that is written clears its like. */
  readonly clears: {
    readonly property: string;
    readonly offset: number;
    readonly get: string;
    readonly set: string;
  } | null;
  /** Only written before DRIVER_OK. */
  readonly until: boolean;
  /** Also written before anything is negotiated. */
  readonly from: boolean;
  /** To be settled before the queues are set up: later is too late, or messages depend on it. */
  readonly early: boolean;
  /** Its value after a reset; empty where that survives one. */
  readonly reset: string;
  /** True, in the session of what was negotiated, when it starts at 0; empty where it never has to. */
  readonly zeroed: string;
  readonly windowed: boolean;
  readonly optional: boolean;
}

/** A window: what the driver selects, and what it then sees. */
export interface WindowView {
  readonly select: readonly {
    readonly property: string;
    readonly local: string;
    readonly offset: number;
  }[];
  readonly sizeOffset: number;
  readonly sizeProperty: string;
  readonly valueOffset: number;
  readonly valueSize: number;
  readonly valueType: string;
  readonly valueProperty: string;
}

/** The view of a device's configuration space; null where it has none. */
export function configView(scope: Scope, device: DeviceModel): ConfigView | null {
  const { config } = device;
  if (config === null) return null;
  const type = `${device.prefix}Config`;
  const siblings = new Siblings(scope, type, config.fields);
  const window = windowView(config.description.window, config.fields, type);
  const windowed = config.description.window;
  const shown = windowed === undefined ? [] : [...windowed.select, windowed.size, windowed.value];
  const fields = siblings.flat.map((model) =>
    fieldText(scope, model, siblings, shown.includes(model.name))
  );
  const properties = fields.flatMap((each) => each.properties);
  const hidden = window === null ? [] : hiddenNames(config.description.window!);
  const writables = config.fields.flatMap((model) =>
    writableView(scope, config.fields, model, hidden)
  );
  const defaulted = writables.filter((each) => !each.optional && !hidden.includes(each.property));
  return {
    type,
    settingsType: `${device.prefix}Settings`,
    doc: sectionDoc(config.doc, config.section),
    size: config.size ?? 0,
    properties,
    defaulted: defaulted.map((each) => `"${each.property}"`).join(" | "),
    hidden: hidden.map((name) => `"${name}"`).join(" | "),
    decodes: fields.flatMap((each) => each.decodes),
    result: fields.flatMap((each) => each.result),
    encodes: fields.flatMap((each) => each.encodes),
    unions: unionViews(scope, siblings, null),
    writables,
    window,
    widths: configWidthsText(config.fields),
    checks: configChecks(scope, device),
    announced: (config.description.silent ?? []).map((name) => `name !== "${propertyName(name)}"`)
      .join(" && "),
    fixed: (config.description.fixed ?? []).map((name) => `"${propertyName(name)}"`).join(", "),
    noLess: (config.description.noLess ?? []).map(noLessText),
    ends: endsOf(scope, config.fields),
  };
}

function configChecks(scope: Scope, device: DeviceModel): ConfigCheckView[] {
  const operands = new Operands(scope, device, [], { message: "", config: "value", offers: "s" });
  const { section, checks = [] } = device.config!.description;
  return checks.map((check) => ({
    fails: operands.contradictsText(check, presence(device.config!.fields, check)),
    field: JSON.stringify(pathOf(check.of.config).join(".")),
    wanted: JSON.stringify(sectionDoc(check.doc, check.section ?? section ?? device.section)),
    got: operands.valueText(check.of),
  }));
}

/**
 * Conditions that a check of the configuration is about something: of each gate that its fields have,
 * one of them is there. Empty where zeroes in their place pass it anyway.
 */
function presence(fields: readonly FieldModel[], check: dsl.ConfigCheck): string[] {
  const { equals, differs, atLeast } = check;
  if (equals === undefined && differs === undefined && atLeast === undefined) return [];
  const gates = new Map<string, Set<string>>();
  JSON.stringify(check, (key, value) => {
    const model = key === "config"
      ? fields.find(({ name }) => name === pathOf(value)[0])
      : undefined;
    if (model === undefined || !isGated(model)) return value;
    const gate = JSON.stringify([model.when, model.unless]);
    const known = gates.get(gate) ?? new Set();
    gates.set(gate, known.add(`value.${propertyName(model.name)} !== undefined`));
    return value;
  });
  return [...gates.values()].map((conditions) => [...conditions].join(" || "));
}

function noLessText({ field, while: other }: NonNullable<dsl.Config["noLess"]>[number]) {
  const [name, last] = [`next.${propertyName(field)}`, `this.#settings.${propertyName(field)}`];
  const found = `Cannot write ${propertyName(field)}: \${${name}} was given`;
  return {
    refused: `${name} < ${last} && Number(next.${propertyName(other)}) !== 0`,
    message: `\`${found}, no less than \${${last}} is wanted\``,
  };
}

/** `hidden`: it belongs to the window, which a device fills on demand. */
function fieldText(scope: Scope, model: FieldModel, siblings: Siblings, hidden: boolean) {
  const view = configFieldView(scope, model, siblings);
  const gate = isGated(model) ? scope.gateText(model.when, model.unless) : "";
  const members = view.properties.map(({ property }) => {
    const local = localName(property);
    return property === local ? property : `${property}: ${local}`;
  });
  return {
    properties: view.properties,
    decodes: [...view.decodes, ...view.late],
    result: gate === "" ? members : [`...(${gate} ? { ${members.join(", ")} } : {})`],
    encodes: hidden ? [`e.put(${model.size});`] : view.encodes,
  };
}

function hiddenNames(window: NonNullable<dsl.Config["window"]>): string[] {
  return [...window.select, window.size, window.value].map(propertyName);
}

function writableView(
  scope: Scope,
  fields: readonly FieldModel[],
  model: FieldModel,
  hidden: readonly string[],
): WritableView[] {
  const { field } = model;
  if (field.kind !== "scalar" || field.driverWrites === undefined) return [];
  const text = scalarText(field.type, field.as);
  const writes = field.driverWrites === true ? {} : field.driverWrites;
  if (writes.legacy === true) return [];
  const cleared = fields.find((each) => each.name === writes.clears);
  const offset = model.offset ?? 0;
  return [{
    property: propertyName(model.name),
    pascal: className(model.name),
    doc: model.doc,
    type: text.type,
    offset,
    size: text.size,
    gate: isGated(model) ? scope.gateText(model.when, model.unless) : "",
    get: text.get(String(offset)),
    set: text.set("0", allowedText(field, "value", model.name), model.name),
    setAt: (value) => text.set(String(offset), value, model.name),
    refuses: boundsText(field),
    clears: cleared === undefined || cleared.field.kind !== "scalar" ? null : {
      property: propertyName(cleared.name),
      offset: cleared.offset ?? 0,
      get: scalarText(cleared.field.type).get(String(cleared.offset ?? 0)),
      set: scalarText(cleared.field.type).set(String(cleared.offset ?? 0), "left", cleared.name),
    },
    until: writes.until === "DRIVER_OK",
    from: writes.from === "start",
    early: writes.until === "DRIVER_OK" || scope.sizes.has(model.name),
    reset: field.survivesReset === true
      ? ""
      : `this.#options.config.${propertyName(model.name)} ?? ${field.reset ?? 0}${
        text.type === "bigint" ? "n" : ""
      }`,
    zeroed: field.zeroWithout === undefined
      ? ""
      : scope.gateText(model.when, alternatives(field.zeroWithout)),
    windowed: hidden.includes(propertyName(model.name)),
    optional: isGated(model),
  }];
}

/** True when `value` is out of bounds. */
function boundsText(field: dsl.Scalar): string {
  const tests: string[] = [];
  if (field.min !== undefined && field.min > 0) tests.push(`value < ${field.min}`);
  if (typeof field.max === "number") tests.push(`value > ${field.max}`);
  if (typeof field.max === "object") {
    tests.push(`value > (this.#settings.${propertyName(field.max.config)} ?? Infinity)`);
  }
  if (field.oneOf !== undefined) {
    tests.push(field.oneOf.map((one) => `value !== ${one}`).join(" && "));
  }
  if (field.multipleOf !== undefined) tests.push(`value % ${field.multipleOf} !== 0`);
  if (field.powerOfTwo) tests.push("value === 0 || (value & (value - 1)) !== 0");
  return tests.map((test) => tests.length > 1 ? `(${test})` : test).join(" || ");
}

function windowView(
  window: dsl.Config["window"],
  fields: readonly FieldModel[],
  type: string,
): WindowView | null {
  if (window === undefined) return null;
  const find = (name: string) => fields.find((each) => each.name === name)!;
  return {
    select: window.select.map((name) => ({
      property: propertyName(name),
      local: localName(propertyName(name)),
      offset: find(name).offset ?? 0,
    })),
    sizeOffset: find(window.size).offset ?? 0,
    sizeProperty: propertyName(window.size),
    valueOffset: find(window.value).offset ?? 0,
    valueSize: find(window.value).size ?? 0,
    valueType: type + className(window.value),
    valueProperty: propertyName(window.value),
  };
}

function endsOf(scope: Scope, fields: readonly FieldModel[]) {
  return fields.map((model) => ({
    gate: isGated(model) ? scope.gateText(model.when, model.unless) : "",
    end: (model.offset ?? 0) + (model.size ?? 0),
  }));
}
