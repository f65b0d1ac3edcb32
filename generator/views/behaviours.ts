/**
 * What templates print of behaviours: how each is made, and for whom.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { constantField } from "../constant_field.ts";
import type { BehaviourModel, DeviceModel } from "../model.ts";
import { propertyName } from "../names.ts";
import { sectionDoc } from "./docs.ts";
import { pathOf } from "./paths.ts";
import type { QueueView } from "./queues.ts";
import { scalarText } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { allText } from "./text.ts";

/** One side of a behaviour. */
export interface BehaviourView {
  readonly name: string;
  readonly class: string;
  readonly doc: string;
  /** Condition on the gates `s`; empty when always. */
  readonly gate: string;
  /** What its constructor takes. */
  readonly arguments: string;
  /** Whether it has options of its own. */
  readonly options: boolean;
  readonly required: boolean;
  /** Function that tells whether it is its task, not the user's; empty when always. */
  readonly serve: string;
  /** What that function answers, from the user's `options`. */
  readonly serves: string;
  /** The set whose answers it puts in lines, and the numbers by which it does, from `view`. */
  readonly lines: { readonly of: string; readonly by: string } | null;
}

/** The behaviours of both sides. */
export interface BehaviourViews {
  readonly device: readonly BehaviourView[];
  readonly driver: readonly BehaviourView[];
}

/** The views of a device's behaviours. */
export function behaviourViews(
  scope: Scope,
  device: DeviceModel,
  queues: readonly QueueView[],
): BehaviourViews {
  const views = (side: "device" | "driver") =>
    device.behaviours.flatMap((one) => behaviourView(scope, device, one, side, queues) ?? []);
  return { device: views("device"), driver: views("driver") };
}

function behaviourView(
  scope: Scope,
  device: DeviceModel,
  model: BehaviourModel,
  side: "device" | "driver",
  queues: readonly QueueView[],
): BehaviourView | null {
  const described = model[side];
  if (described === null) return null;
  const required = described.options === "required";
  const serves = allText(
    required ? `options.${model.name} !== undefined` : "",
    ...(described.serves ?? []).map((message) =>
      `options.${optionOf(message, side, queues)} === undefined`
    ),
  );
  return {
    name: model.name,
    class: described.class,
    doc: sectionDoc(model.doc, model.section),
    gate: scope.gateText(model.when, []),
    arguments: [
      "this",
      ...codesText(scope, model),
      ...(described.options === undefined ? [] : [`options.${model.name}`]),
    ].join(", "),
    options: described.options !== undefined,
    required,
    serve: serves === "" ? "" : serveName(model.name),
    serves,
    lines: described.lines === undefined ? null : linesView(device, described.lines),
  };
}

function linesView(
  device: DeviceModel,
  { of, by }: NonNullable<dsl.BehaviourSide["lines"]>,
): BehaviourView["lines"] {
  const { header } = device.messages.find(({ name }) => name === of)!;
  const numbers = by.map((path) => {
    const { field, at } = constantField(header.fields, pathOf(path))!;
    const { type, as } = field.field as dsl.Scalar;
    return scalarText(type, as).get(String(at));
  });
  return { of, by: numbers.join(", ") };
}

/** An object of enumerations by their names, and of the bits of features, one a line, where it goes by any. */
function codesText(scope: Scope, { enums, features }: BehaviourModel): string[] {
  const names = enums.map(({ typeName }) => [propertyName(typeName), scope.prefix + typeName]);
  const bits = features.map(({ key, name }) => `${key}: ${name}`).join(", ");
  if (bits !== "") names.push(["features", `{ ${bits} }`]);
  const lines = names.map(([key, value]) => `${key}: ${value},\n`);
  return lines.length === 0 ? [] : [`{\n${lines.join("")}}`];
}

/** The function that tells whether a behaviour is there to serve. */
export function serveName(behaviour: string): string {
  return `${behaviour}Serve`;
}

/** The option that takes a message: a handler of the device, an event of the driver. */
function optionOf(
  message: string,
  side: "device" | "driver",
  queues: readonly QueueView[],
): string {
  const [setName, caseName] = message.split(".");
  for (const queue of queues) {
    const set = queue.sets.find(({ name }) => name === setName);
    const one = set?.cases.find(({ model }) => caseName === undefined || model.name === caseName);
    if (one === undefined) continue;
    if (side === "device") return one.handler;
    return queue.pull ? `on${queue.pascal}` : one.on;
  }
  return "";
}
