/**
 * What the reference page says of administration: capabilities, resource objects and device parts.
 *
 * @module
 */

import type { AdministeredModel, DeviceModel, ObjectModel } from "../model.ts";
import { propertyName } from "../names.ts";
import { anchor, code, paragraph, plain, table, where } from "./markdown.ts";

/** The lines about a device's administration; none when it has none. */
export function adminLines({ adminQueue, prefix }: DeviceModel): string[] {
  if (adminQueue === null) return [];
  const { doc, section, capabilities, objects, parts } = adminQueue;
  const capability = (one: AdministeredModel) =>
    code(`${prefix}Capabilities.${propertyName(one.name)}`);
  const object = (one: AdministeredModel) => code(`${prefix}Objects.${propertyName(one.name)}`);
  return [
    ...paragraph(
      `${plain(doc)}${where(section)}. The queues stand behind all others, where ` +
        "`admin_queue_index` and `admin_queue_num` of the transport say, with `VIRTIO_F_ADMIN_VQ`: " +
        "the device's option `groups` serves them, the driver's `admin` sends commands. A " +
        "`GroupOwner` offers a capability by `offer(value)` and keeps objects by `serve(handlers)` " +
        "of the names below, by which commands of the driver take and give the same values.",
    ),
    "",
    ...table(
      ["Number", "Capability", "Value", "Meaning"],
      capabilities.map((one) => [hex(one), capability(one), valueText(one), meaning(one)]),
    ),
    "",
    ...table(
      ["Number", "Resource object", "Value", "How many", "Needs", "Meaning"],
      objects.map((one) => [
        hex(one),
        object(one),
        valueText(one),
        `${leastOf(one.limit.by)} of ${capability(one.limit.of)}`,
        needsText(one, object),
        meaning(one),
      ]),
    ),
    "",
    ...objects.flatMap((one) => withinLines(one, object, capability)),
    ...parts.map(({ name }) => `- Device parts: [${code(name)}](#${anchor(name)})`),
  ];
}

function hex({ constant }: AdministeredModel): string {
  return `0x${constant.value.toString(16)}`;
}

function valueText({ struct }: AdministeredModel): string {
  return struct === null ? "bytes" : `[${code(struct.name)}](#${anchor(struct.name)})`;
}

function meaning({ constant }: AdministeredModel): string {
  return `${code(constant.name)}: ${plain(constant.doc)}`;
}

function withinLines(
  one: ObjectModel,
  object: (one: AdministeredModel) => string,
  capability: (one: AdministeredModel) => string,
): string[] {
  if (one.within === null) return [];
  const { of, list, fields } = one.within;
  const place = list === null ? "" : `an entry of ${code(list.name)} in `;
  const pairs = fields.map(({ path, by }) => {
    const name = path.join(".");
    return name === by.name ? code(name) : `${code(name)} by ${code(by.name)}`;
  });
  const text = `${object(one)} is within ${place}${capability(of)}: ${pairs.join(", ")}`;
  return paragraph(`- ${text}`, "  ");
}

function leastOf(fields: readonly string[]): string {
  return (fields.length === 1 ? "" : "the least of ") + fields.map(code).join(", ");
}

/** Capabilities that must be set, and objects that must be there. */
function needsText(
  { requires, unique, needs }: ObjectModel,
  object: (one: AdministeredModel) => string,
): string {
  const set = requires.map(({ name }) => code(propertyName(name))).join(", ");
  const objects = needs.map(({ field, type }) => `${object(type)} of ${code(field)}`);
  const own = unique === null ? [] : [`a ${code(unique)} of its own`];
  return [...(set === "" ? [] : [`${set} set`]), ...own, ...objects].join("; ");
}
