/**
 * What the reference page of a device prints.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { isEvent } from "../event.ts";
import type {
  CaseModel,
  DeviceModel,
  EnumModel,
  FeatureModel,
  MessagesModel,
  QueueModel,
} from "../model.ts";
import { propertyName, shortName } from "../names.ts";
import { anchor, code, paragraph, plain, table, tidy, where } from "./markdown.ts";
import { adminLines } from "./page_admin.ts";
import {
  commonFields,
  commonTable,
  drawing,
  fieldTable,
  gateWords,
  partTable,
  ruleLines,
} from "./page_fields.ts";
import { exampleText } from "./page_example.ts";
import type { DeviceView } from "./wire.ts";

/** A section of the page: a heading, and lines. */
interface SectionView {
  readonly heading: string;
  readonly lines: readonly string[];
}

/** What the page's template prints. */
export interface PageView {
  readonly source: string;
  readonly title: string;
  readonly doc: readonly string[];
  readonly facts: readonly string[];
  readonly contents: readonly string[];
  readonly example: readonly string[];
  readonly sections: readonly SectionView[];
}

/** The page of a device. */
export function pageView(device: DeviceModel, view: DeviceView): PageView {
  const sections = [
    section("Features", featureLines(device)),
    section("Configuration", configLines(device)),
    section("Queues", queueLines(device)),
    section("Administration", adminLines(device)),
    section("Behaviours", behaviourLines(device)),
    section("Shared memory", sharedLines(device)),
    section("Messages", [
      ...paragraph(NAMES),
      "",
      ...device.messages.flatMap((set) => messageLines(device, set)),
    ]),
    section("Structs", structLines(device)),
    section("Enumerations", device.enums.flatMap(enumLines)),
    section("Constants", constantLines(device)),
  ].flat();
  const links = ["Use", ...sections.map(({ heading }) => heading)];
  return {
    source: device.source,
    title: plain(device.title),
    doc: paragraph(`${plain(device.doc)}.`),
    facts: factLines(device),
    contents: paragraph(links.map((each) => `[${each}](#${anchor(each)})`).join(" · ")),
    example: exampleText(device, view),
    sections,
  };
}

function section(heading: string, lines: readonly string[]): SectionView[] {
  return lines.length === 0 ? [] : [{ heading, lines: tidy(lines) }];
}

/** How what the page names is called in TypeScript. */
const NAMES =
  "In TypeScript, a request is a method of the driver and a handler of the device; an event is sent by " +
  "a method `send…` of the device, and told to the driver's option `on…`. Names of fields are in camel " +
  "case: `max_level` becomes `maxLevel`.";

/** The PCI bus has no numbers for ids above this (VIRTIO 1.4, 4.1.2). */
const PCI_ID_MAX = 0x3f;

function factLines(device: DeviceModel): string[] {
  const pci = device.id > PCI_ID_MAX
    ? ""
    : `; on the PCI bus 0x${(0x1040 + device.id).toString(16)}`;
  return [
    `- Device id ${device.id}${pci}`,
    `- Classes ${code(`${device.prefix}Driver`)} and ${code(`${device.prefix}Device`)}`,
    ...(where(device.section) === ""
      ? []
      : [`- Described in VIRTIO 1.4, section ${device.section}`]),
  ];
}

function featureLines(device: DeviceModel): string[] {
  if (device.features.length === 0) return [];
  const rows = device.features.map((one) => [
    String(one.bit),
    code(one.name),
    needs(one),
    providers(device, one),
    plain(one.doc),
  ]);
  return table(["Bit", "Name", "Needs", "Offered", "Meaning"], rows);
}

/** What a feature can't go without, and what it should not go without. */
function needs({ requires, wants }: FeatureModel): string {
  const wanted = wants.length === 0 ? "" : `should have ${gateWords(wants)}`;
  return [gateWords(requires), wanted].filter((text) => text !== "").join("; ");
}

/** What makes the device offer a feature. */
function providers(device: DeviceModel, feature: FeatureModel): string {
  const company = feature.offeredWith.length === 0
    ? ""
    : `, beside ${gateWords(feature.offeredWith)}`;
  const texts = feature.by.map((by) => {
    switch (by) {
      case "legacy":
        return "never, legacy only";
      case "runtime":
        return "always";
      case "option":
        return `option ${code(`features: ["${feature.key}"]`)}`;
      case "config":
        return `config ${list(feature.configFields.map(propertyName))}`;
      case "handler":
        return `handler ${list(feature.handlers.map((name) => handlerName(device, name)))}`;
    }
  });
  const implied = feature.impliedWithout === null
    ? ""
    : `; in force by itself without ${list(feature.impliedWithout)}`;
  const modern = feature.modern ? "; never over a legacy interface" : "";
  const read = feature.fieldsNegotiated ? "; its fields are read only when it is negotiated" : "";
  return texts.join("; ") + company + implied + modern + read;
}

function list(names: readonly string[]): string {
  return names.map(code).join(", ");
}

function handlerName(device: DeviceModel, name: string): string {
  const [set = "", one] = name.split(".");
  return propertyName(one ?? shortName(set, device.name));
}

function configLines(device: DeviceModel): string[] {
  const { config } = device;
  if (config === null) return [];
  const { notifies = [], silent = [], fixed = [], noLess = [] } = config.description;
  return [
    ...paragraph(
      `${code(config.name)}, ${config.size} bytes${where(config.section)}. ` +
        "A field with a feature exists when the feature is offered.",
    ),
    "",
    ...drawing(config.fields),
    "",
    ...fieldTable(config.fields),
    ...ruleLines(config.description.checks ?? []),
    ...(notifies.length === 0
      ? []
      : ["", ...paragraph(`The device announces changes of ${list(notifies)}.`)]),
    ...(silent.length === 0
      ? []
      : ["", ...paragraph(`The device does not announce changes of ${list(silent)}.`)]),
    ...(fixed.length === 0 ? [] : ["", ...paragraph(`Nothing ever changes ${list(fixed)}.`)]),
    ...noLess.flatMap(({ field, while: other }) => [
      "",
      ...paragraph(`While ${code(other)} is not 0, ${code(field)} gets no less.`),
    ]),
  ];
}

function queueLines(device: DeviceModel): string[] {
  const rows = device.queues.map((one) => [
    placeText(one.queue),
    code(one.name),
    countText(one),
    roleText(one.queue.role),
    one.messages.map((set) => `[${code(set.name)}](#${anchor(set.name)})`).join(", "),
    plain(one.queue.doc) + serviceText(one.queue),
  ]);
  return table(["Index", "Name", "How many", "Direction", "Messages", "Purpose"], rows);
}

/** How its requests are served, where that is not one beside the other. */
function serviceText({ order, waits }: dsl.Queue): string {
  const inOrder = typeof order === "object"
    ? `; those with the same ${code(order.key)} are served in their order`
    : order === "queue"
    ? "; served in their order"
    : "";
  return inOrder + (waits === true ? "; each waits until something happens" : "");
}

function placeText({ index, strictIndex }: dsl.Queue): string {
  const text = indexText(index);
  return strictIndex === undefined ? text : `${text}; by the text ${indexText(strictIndex)}`;
}

function indexText(index: dsl.Index): string {
  if (index === "next") return "the next";
  if (typeof index === "number") return String(index);
  if ("step" in index) {
    const { first, step, then = first + step } = index;
    return `${first}, ${then}, ${then + step}, …`;
  }
  return numberText(index);
}

function numberText(count: dsl.Count): string {
  if (typeof count === "number") return String(count);
  const { config, times = 1, plus = 0 } = count;
  return code(config) + (times === 1 ? "" : ` × ${times}`) + (plus === 0 ? "" : ` + ${plus}`);
}

function countText({ queue, when }: QueueModel): string {
  const { count = 1 } = queue;
  const gate = when.length === 0 ? "" : ` with ${gateWords(when)}`;
  if (typeof count === "number" || count.when === undefined) return numberText(count) + gate;
  const sets = typeof count.when === "string" ? [count.when] : count.when;
  const open = gateWords(sets.map((one) => typeof one === "string" ? [one] : one));
  return `${numberText(count)} with ${open}, else ${count.otherwise ?? 0}`;
}

function roleText(role: dsl.Role): string {
  switch (role) {
    case "request":
      return "the driver asks, the device answers";
    case "transmit":
      return "from the driver";
    case "receive":
      return "from the device";
    case "pull":
      return "from the driver, at the device's pace";
  }
}

function behaviourLines(device: DeviceModel): string[] {
  const rows = device.behaviours.flatMap((one) =>
    (["device", "driver"] as const).flatMap((side) => {
      const described = one[side];
      if (described === null) return [];
      return [[
        code(`${side}.${one.name}`),
        code(described.class),
        gateWords(one.when),
        list((described.serves ?? []).map((name) => handlerName(device, name))),
        plain(one.doc) + where(one.section),
      ]];
    })
  );
  if (rows.length === 0) return [];
  return table(["Object", "Class", "With", "Serves", "What it keeps and does"], rows);
}

function sharedLines(device: DeviceModel): string[] {
  if (device.sharedMemory.length === 0) return [];
  const rows = device.sharedMemory.map(({ id, name, when, doc }) => [
    String(id),
    code(name),
    gateWords(when),
    plain(doc),
  ]);
  return [
    ...table(["Id", "Name", "With", "Purpose"], rows),
    "",
    ...paragraph(
      "A device shares them by its option `regions`; a driver finds one by `driver.region`.",
    ),
  ];
}

function messageLines(device: DeviceModel, set: MessagesModel): string[] {
  const doc = paragraph(`${plain(set.doc)}${where(set.section)}.`);
  const lines = [`### ${set.name}`, "", ...doc, "", ...startLines(set)];
  if (!set.tagged) {
    const [only] = set.cases;
    return only === undefined
      ? lines
      : [...lines, ...caseLines(only, new Set()), ""].slice(0, -1).concat("");
  }
  const common = commonFields(set);
  const rows = commonTable(set, common);
  return [
    ...lines,
    ...(rows.length === 0 ? [] : ["All of them have these fields:", "", ...rows, ""]),
    ...set.cases.flatMap((one) => [
      `#### ${propertyName(one.name)}`,
      "",
      ...paragraph(`${plain(one.doc)}${where(one.section)}. ${conditions(device, set, one)}`),
      "",
      ...caseLines(one, common),
    ]),
  ];
}

function startLines({ starts }: MessagesModel): string[] {
  if (starts === null) return [];
  const member = starts.enum.members.find((one) => one.member === starts.member);
  const text =
    `A message whose ${code(starts.field.name)} is ${code(member?.name ?? "")} starts a ` +
    "session in the byte order that this is in, for all that follow.";
  return [...paragraph(text), ""];
}

function conditions(device: DeviceModel, set: MessagesModel, one: CaseModel): string {
  const tags = set.tags.map((tag, at) => {
    const name = tag.field.kind === "scalar" ? tag.field.enum : undefined;
    const member = device.enums.find((each) => each.name === name)?.members
      .find(({ value }) => value === one.tags[at]);
    return `${code(tag.name)} is ${member === undefined ? one.tags[at] : code(member.name)}`;
  });
  const gate = one.feature.length === 0 ? [] : [`with ${gateWords(one.feature)}`];
  const shut = one.unless.length === 0 ? [] : [`without ${gateWords(one.unless)}`];
  const text = [...tags, ...gate, ...shut].join(", ");
  return text === "" ? "" : `Here ${text}.`;
}

function caseLines(one: CaseModel, common: ReadonlySet<string>): string[] {
  const rows = partRows(one, (path) => !common.has(path));
  const checks = one.checks.flatMap((check) => {
    if (check.otherwise === undefined) return [];
    const status = one.status === null ? "" : `, or the status is ${code(check.otherwise)}`;
    return paragraph(`- ${plain(check.doc)}${status}`, "  ");
  });
  const rules = (key: "driver" | "device" | "dropped") =>
    one.checks.flatMap((check) => {
      const section = check[key];
      return section === undefined ? [] : paragraph(`- ${plain(check.doc)}${where(section)}`, "  ");
    });
  const [sender, receiver] = isEvent(one) ? ["device", "driver"] : ["driver", "device"];
  const demands = rules(isEvent(one) ? "device" : "driver");
  const drops = rules("dropped");
  return [
    ...rows,
    ...(rows.length === 0 ? [] : [""]),
    ...(checks.length === 0
      ? []
      : ["Before a handler runs, the device checks:", "", ...checks, ""]),
    ...(demands.length === 0 ? [] : [`The ${sender} sends none but with:`, "", ...demands, ""]),
    ...(drops.length === 0 ? [] : [`The ${receiver} takes none but with:`, "", ...drops, ""]),
  ];
}

function partRows(one: CaseModel, shown: (path: string) => boolean): string[] {
  return partTable(
    one.readable.fields.filter(({ path }) => shown(path)),
    one.writable.fields.filter(({ path }) => shown(path)),
  );
}

function structLines(device: DeviceModel): string[] {
  return device.structs.flatMap((struct) => [
    `### ${struct.name}`,
    "",
    ...paragraph(
      `${plain(struct.doc)}${where(struct.section)}. ` +
        (struct.size === null ? `At least ${struct.minSize} bytes.` : `${struct.size} bytes.`) +
        (struct.grows ? " It ends behind the last field that was negotiated." : ""),
    ),
    "",
    ...drawing(struct.fields),
    "",
    ...fieldTable(struct.fields),
    "",
  ]);
}

function enumLines(one: EnumModel): string[] {
  const heads = { values: "Value", masks: "Mask", bits: "Bit" } as const;
  const rows = one.members.map(({ name, value, doc, legacy, when }) => [
    valueText(value),
    code(name),
    plain(doc) + (legacy ? " (legacy only)" : "") +
    (when.length === 0 ? "" : ` (with ${gateWords(when)})`),
  ]);
  return [
    `### ${one.name}`,
    "",
    ...paragraph(`${plain(one.doc)}${where(one.section)}.`),
    "",
    ...table([heads[one.as], "Name", "Meaning"], rows),
    "",
  ];
}

function constantLines(device: DeviceModel): string[] {
  if (device.constants.length === 0) return [];
  const rows = device.constants.map(({ name, value, doc }) => [
    valueText(value),
    code(name),
    plain(doc),
  ]);
  return table(["Value", "Name", "Meaning"], rows);
}

function valueText(value: number): string {
  return value < 256 ? String(value) : `0x${value.toString(16)}`;
}
