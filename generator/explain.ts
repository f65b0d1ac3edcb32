/**
 * Tells a person what a device looks like.
 *
 * @module
 */

import type * as dsl from "../spec/types.ts";
import { fieldRows, gateText, table } from "./explain_fields.ts";
import type {
  AdministeredModel,
  CaseModel,
  DeviceModel,
  FeatureModel,
  MessagesModel,
  Model,
  ObjectModel,
  PartModel,
  QueueModel,
  WithinModel,
} from "./model.ts";

/** The device as text: what it is, then features, configuration, queues and messages. */
export function explain(device: DeviceModel): string {
  const standard = /^[0-9]/.test(device.section) ? `, VIRTIO 1.4 section ${device.section}` : "";
  const blocks = [
    [`${device.title} (${device.name}, device ID ${device.id}${standard})`, `${device.doc}.`],
    ["Features", ...indent(features(device))],
    configuration(device),
    ["Queues", ...indent(table(device.queues.map(queueRow)))],
    administration(device),
    sharedMemory(device),
    ...device.messages.map((set) => messages(set, device)),
  ];
  return blocks.filter((lines) => lines.length > 0)
    .map((lines) => `${lines.map((line) => line.trimEnd()).join("\n")}\n`).join("\n");
}

/** What there is to tell of an id that is reserved, by its name or number; undefined of others. */
export function reservedId({ layouts }: Model, wanted: string): string | undefined {
  const members = layouts.flatMap(({ enums }) => enums).flatMap(({ members }) => members);
  const found = members.find(({ member, value, reserved }) =>
    reserved && (member.toLowerCase() === wanted.toLowerCase() || String(value) === wanted)
  );
  if (found === undefined) return undefined;
  const { doc, name, value } = found;
  return `${doc} (${name} = ${value}): reserved, VIRTIO 1.4 has no chapter on it\n`;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function features({ features, oneFeatureOf }: DeviceModel): string[] {
  if (features.length === 0) return ["none of its own"];
  const rows = features.map((one) => [String(one.bit), one.name, offeredBy(one), one.doc]);
  const lines = table([["bit", "name", "offered by", ""], ...rows], [0]);
  const rules = features.flatMap(ruleTexts);
  const one = oneFeatureOf.length === 0 ? [] : [`one of ${oneFeatureOf.join(", ")} is needed`];
  return [...lines, ...one, ...rules];
}

function offeredBy({ by, handlers, configFields }: FeatureModel): string {
  return by.map((provider) => {
    switch (provider) {
      case "handler":
        return handlers.length === 0 ? "a handler" : `handler ${shortList(handlers.map(lastName))}`;
      case "config":
        return configFields.length === 0 ? "config" : `config ${shortList(configFields)}`;
      case "option":
        return "the option";
      case "runtime":
        return "always";
      case "legacy":
        return "never (legacy)";
    }
  }).join(", ");
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

function shortList(names: readonly string[]): string {
  return names.length > 2 ? `${names[0]} and ${names.length - 1} more` : names.join(", ");
}

function ruleTexts(feature: FeatureModel): string[] {
  const { key, requires, offeredWith, wants, excludes, mandatory, modern, impliedWithout } =
    feature;
  return [
    ...(requires.length > 0 ? [`${key} needs ${gateText(requires)}`] : []),
    ...(offeredWith.length > 0 ? [`${key} is only offered with ${gateText(offeredWith)}`] : []),
    ...(wants.length > 0 ? [`${key} should go with ${gateText(wants)}`] : []),
    ...(excludes.length > 0 ? [`${key} excludes ${excludes.join(", ")}`] : []),
    ...(impliedWithout === null ? [] : [`${key} is implied without ${impliedWithout.join(", ")}`]),
    ...(mandatory ? [`${key} must be accepted when it is offered`] : []),
    ...(modern ? [`${key} is never offered over a legacy interface`] : []),
    ...(feature.fieldsNegotiated ? [`${key} has fields that are read once it is negotiated`] : []),
  ];
}

function configuration({ config }: DeviceModel): string[] {
  if (config === null) return ["Configuration: none"];
  const size = config.size === null ? "" : `, ${config.size} bytes`;
  const rows = fieldRows(config.fields, { from: 0, gate: "if offered:" });
  return [`Configuration (struct ${config.description.struct}${size})`, ...indent(rows)];
}

function queueRow({ name, queue, when }: QueueModel): string[] {
  const gate = when.length === 0 ? "" : ` (with ${gateText(when)})`;
  const strict = queue.strictIndex === undefined
    ? ""
    : `; by the text of the standard ${placeText(queue.strictIndex, queue.count)}`;
  return [
    name,
    queue.role,
    `${placeText(queue.index, queue.count)}${gate}${strict}`,
    queue.doc,
  ];
}

/** Where a queue, or each of several, stands. */
function placeText(index: dsl.Index, count: dsl.Count | undefined): string {
  const many = count !== undefined && count !== 1;
  const range = many ? ` for i from 0 to below ${countText(count)}` : "";
  if (index === "next") {
    return many ? `behind the queues above, plus i${range}` : "behind the queues above";
  }
  if (typeof index === "object" && "step" in index) {
    const { first, then, step } = index;
    const scale = step === 1 ? "i" : `${step} * i`;
    if (then === undefined) return `${first === 0 ? "" : `${first} + `}${scale}${range}`;
    const later = step === 1 ? "(i - 1)" : `${step} * (i - 1)`;
    return `${first}, then ${then} + ${later}${range}`;
  }
  const first = countText(index);
  if (!many) return first;
  return `${first === "0" ? "" : `${first} + `}i${range}`;
}

function countText(count: dsl.Count): string {
  if (typeof count === "number") return String(count);
  const { config, when, otherwise, times = 1, plus = 0 } = count;
  const gate = when === undefined ? "" : ` with ${gateText(alternatives(when))}`;
  const value = gate === "" ? config : `(${config}${gate}, else ${otherwise ?? 0})`;
  return `${times === 1 ? "" : `${times} * `}${value}${plus === 0 ? "" : ` + ${plus}`}`;
}

function alternatives(gate: dsl.Gate): readonly (readonly string[])[] {
  return typeof gate === "string"
    ? [[gate]]
    : gate.map((one) => typeof one === "string" ? [one] : one);
}

function administration({ adminQueue }: DeviceModel): string[] {
  if (adminQueue === null) return [];
  const { doc, capabilities, objects, parts } = adminQueue;
  const place = "behind all queues, where the transport says, with VIRTIO_F_ADMIN_VQ";
  const rows = (all: readonly AdministeredModel[]) =>
    indent(table(all.map((one) => [hex(one), one.name, structOf(one), one.constant.doc])));
  return [
    "Administration queues",
    ...indent([
      `${doc}; ${place}`,
      ...(capabilities.length === 0 ? [] : ["capabilities", ...rows(capabilities)]),
      ...(objects.length === 0 ? [] : ["objects", ...rows(objects)]),
      ...indent(objects.flatMap(objectRules)),
      ...(parts.length === 0 ? [] : [`parts of ${parts.map(({ name }) => name).join(", ")}`]),
    ]),
  ];
}

function hex({ constant }: AdministeredModel): string {
  return `0x${constant.value.toString(16)}`;
}

function structOf({ struct }: AdministeredModel): string {
  return struct === null ? "bytes" : `struct ${struct.name}`;
}

function objectRules({ name, limit, requires, within, unique, needs }: ObjectModel): string[] {
  const least = limit.by.length === 1 ? limit.by[0] : `the least of ${limit.by.join(", ")}`;
  return [
    `of ${name} there are as many as ${least} of ${limit.of.name}, else ${limit.otherwise}`,
    ...(requires.length === 0
      ? []
      : [`${name} requires ${requires.map((one) => one.name).join(", ")}`]),
    ...(within === null ? [] : [`${name} is within ${withinText(within)}, else EINVAL`]),
    ...(unique === null ? [] : [`${name} has a ${unique} of its own, else EINVAL`]),
    ...needs.map(({ field, type }) => `${name} needs the ${type.name} of its ${field}`),
  ];
}

function withinText({ of, list, fields }: WithinModel): string {
  const place = list === null ? of.name : `an entry of ${of.name}.${list.name}`;
  const pairs = fields.map(({ path, by }) => {
    const name = path.join(".");
    return name === by.name ? name : `${name} by ${by.name}`;
  });
  return `${place}: ${pairs.join(", ")}`;
}

function sharedMemory({ sharedMemory }: DeviceModel): string[] {
  if (sharedMemory.length === 0) return [];
  const rows = sharedMemory.map(({ name, id, doc, when }) => [
    String(id),
    name,
    when.length === 0 ? "" : `with ${gateText(when)}`,
    doc,
  ]);
  return ["Shared memory regions", ...indent(table(rows, [0]))];
}

function messages(set: MessagesModel, device: DeviceModel): string[] {
  const carriers = device.queues.filter((queue) => queue.messages.includes(set));
  const where = carriers.map(({ name }) => name).join(", ");
  const lines = [`Messages ${set.name} (in ${where}): ${set.doc}`];
  if (set.status !== null) {
    const { ok, unknown, malformed, failed, field } = set.status;
    const values = set.status.enum.members.map((each) => `${each.member} ${each.value}`);
    lines.push(
      `  ${field.join(".")} is one of ${values.join(", ")}`,
      `  answers ${ok} when it went well, ${unknown} to what it does not know, ${malformed} to what is` +
        ` malformed, ${failed} when a handler fails`,
    );
  }
  return [...lines, ...set.cases.flatMap((one) => ["", ...indent(message(one, set, device))])];
}

function message(one: CaseModel, set: MessagesModel, device: DeviceModel): string[] {
  const names = one.tags.map((value, i) => tagText(value, set, i, device));
  const tag = names.length === 0 ? "" : ` (${names.join(", ")})`;
  const gates = [
    ...(one.feature.length === 0 ? [] : [`with ${gateText(one.feature)}`]),
    ...(one.unless.length === 0 ? [] : [`without ${gateText(one.unless)}`]),
  ];
  const gate = gates.length === 0 ? "" : `, ${gates.join(", ")}`;
  return [
    `${one.name}${tag}${gate}: ${one.doc}`,
    ...part("driver writes", one.readable),
    ...part("device writes", one.writable),
    ...one.checks.map((check) => `  else ${elseText(check)}: ${check.doc}`),
  ];
}

/** What becomes of a message that fails a check. */
function elseText({ otherwise, driver, device }: dsl.Check): string {
  if (otherwise !== undefined) return otherwise;
  if (driver !== undefined) return "the driver does not send it";
  return device === undefined ? "nobody takes it" : "the device does not send it";
}

/** A tag by the name of its constant, where the tag field has an enumeration. */
function tagText(value: number, set: MessagesModel, i: number, device: DeviceModel): string {
  const field = set.tags[i]?.field;
  const key = field?.kind === "scalar" ? field.enum : undefined;
  const members = device.enums.find(({ name }) => name === key)?.members ?? [];
  const member = members.find((each) => each.value === value);
  return member === undefined ? String(value) : `${member.name} = ${value}`;
}

function part(who: string, { fields, size, minSize }: PartModel): string[] {
  if (fields.length === 0) return [];
  const least = `${minSize} ${minSize === 1 ? "byte" : "bytes"}`;
  const bytes = size === null ? `${least} or more` : least;
  return [`  ${who} ${bytes}`, ...indent(indent(fieldRows(fields, { from: 0, gate: "with" })))];
}
