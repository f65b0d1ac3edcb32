/**
 * What templates print of queues: where each stands, and what it carries.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { DeviceModel, QueueModel } from "../model.ts";
import { className, propertyName } from "../names.ts";
import { parksOf } from "../parks.ts";
import { sectionDoc } from "./docs.ts";
import type { MessagesView } from "./messages.ts";
import type { Scope } from "./scope.ts";
import { isGated } from "./shape.ts";
import { alternatives, pathOf } from "./paths.ts";
import { operandText, ownSession } from "./text.ts";

/** A queue, or a family of equal ones. */
export interface QueueView {
  readonly name: string;
  readonly property: string;
  readonly pascal: string;
  readonly doc: string;
  readonly role: dsl.Role;
  /** Number of the family in the plan. */
  readonly kind: number;
  /** The family as the plan takes it. */
  readonly family: string;
  readonly many: boolean;
  readonly sets: readonly MessagesView[];
  readonly request: boolean;
  readonly transmit: boolean;
  readonly receive: boolean;
  readonly pull: boolean;
  readonly merges:
    | { readonly property: string; readonly path: readonly string[]; readonly gate: string }
    | null;
  /** Texts for the least sizes of a parked buffer, one behind the other. */
  readonly parks: string;
  /** Text for what used lengths are worth; empty where nobody says anything. */
  readonly lengths: string;
  /** Requests that the device serves one after the other: all of them, or those with the same value of a field. */
  readonly turns: "queue" | { readonly key: string } | null;
  /** Its requests wait until something happens. */
  readonly waits: boolean;
}

/** The views of a device's queues. */
export function queueViews(
  scope: Scope,
  device: DeviceModel,
  sets: readonly MessagesView[],
): QueueView[] {
  return device.queues.map((model, kind) => queueView(scope, device, model, kind, sets));
}

function queueView(
  scope: Scope,
  device: DeviceModel,
  model: QueueModel,
  kind: number,
  sets: readonly MessagesView[],
): QueueView {
  const { queue } = model;
  const { merges } = queue;
  return {
    name: model.name,
    property: propertyName(model.name),
    pascal: className(model.name),
    doc: sectionDoc(queue.doc, queue.section ?? device.section),
    role: queue.role,
    kind,
    family: familyText(scope, device, model),
    many: model.many,
    sets: model.messages.map((set) => sets.find((each) => each.name === set.name)!),
    request: queue.role === "request",
    transmit: queue.role === "transmit",
    receive: queue.role === "receive",
    pull: queue.role === "pull",
    merges: merges === undefined ? null : {
      property: pathOf(merges.field).map((name) => propertyName(name)).join("."),
      path: pathOf(merges.field),
      gate: scope.gateText(alternatives(merges.when), []),
    },
    parks: parksText(scope, device, queue),
    lengths: lengthsText(queue),
    waits: queue.waits === true,
    turns: queue.order === undefined || queue.order === "any" ? null : queue.order,
  };
}

function lengthsText({ used, legacyUsed }: dsl.Queue): string {
  const modern = used === "bound" || used === "ignored" ? used : "exact";
  const legacy = legacyUsed ?? modern;
  if (legacy !== modern) return `legacy ? "${legacy}" : "${modern}"`;
  return modern === "exact" ? "" : `"${modern}"`;
}

function familyText(scope: Scope, device: DeviceModel, model: QueueModel): string {
  const { index, strictIndex, count = 1 } = model.queue;
  const gate = scope.gateText(model.when, []);
  const number = countText(scope, device, count);
  const members = [placeText(scope, device, index)];
  if (strictIndex !== undefined) {
    members.push(`strict: { ${placeText(scope, device, strictIndex)} }`);
  }
  members.push(`count: ${gate === "" ? number : `${gate} ? ${number} : 0`}`);
  return `{ ${members.join(", ")} }`;
}

function placeText(scope: Scope, device: DeviceModel, index: dsl.Index): string {
  if (index === "next") return `first: "next", step: 1`;
  if (typeof index === "object" && "step" in index) {
    const then = index.then === undefined ? "" : `, then: ${index.then}`;
    return `first: ${index.first}${then}, step: ${index.step}`;
  }
  return `first: ${countText(scope, device, index)}, step: 1`;
}

function countText(scope: Scope, device: DeviceModel, count: dsl.Count): string {
  if (typeof count === "number") return String(count);
  const field = device.config?.fields.find((each) => each.name === count.config);
  const optional = field !== undefined && isGated(field);
  const config = `config.${propertyName(count.config)}${
    optional ? ` ?? ${count.otherwise ?? 0}` : ""
  }`;
  const gate = scope.gateText(alternatives(count.when), []);
  const gated = gate === "" ? config : `${gate} ? ${config} : ${count.otherwise ?? 0}`;
  const { times = 1, plus = 0 } = count;
  if (times === 1 && plus === 0) return gated.includes("?") ? `(${gated})` : gated;
  return `(${gated})${times === 1 ? "" : ` * ${times}`}${plus === 0 ? "" : ` + ${plus}`}`;
}

function parksText(scope: Scope, device: DeviceModel, queue: dsl.Queue): string {
  const texts = parksOf(queue).map(({ when, unless, length, together }) => {
    const gate = scope.gateText(alternatives(when), alternatives(unless));
    const all = bytesText(device, length);
    const bytes = together === true ? `Math.ceil(${operandText(all)} / ring.size)` : all;
    return gate === "" ? bytes : ownSession(`${gate} ? ${bytes} : 0`);
  });
  return texts.join(", ") || "0";
}

function bytesText(device: DeviceModel, parks: dsl.Length): string {
  if (parks === "rest") return "0";
  if (typeof parks === "number") return String(parks);
  if (!("config" in parks)) return "0";
  const field = device.config?.fields.find((each) => each.name === parks.config);
  const text = `config.${propertyName(parks.config)}`;
  const value = field !== undefined && isGated(field) ? `(${text} ?? 0)` : text;
  return parks.plus ? `${value} + ${parks.plus}` : value;
}
