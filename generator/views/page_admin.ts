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
        `${one.limit.by.map(code).join(", ")} of ${capability(one.limit.of)}`,
        needsText(one, object),
        meaning(one),
      ]),
    ),
    "",
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

function needsText({ needs }: ObjectModel, named: (one: AdministeredModel) => string): string {
  return needs.map(({ field, type }) => `${code(field)}: ${named(type)}`).join(", ");
}
