/**
 * `virtio.json`: the model as data, enough to write a codec in any language from it alone.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { DescriptionError, type Diagnostic } from "../diagnostics.ts";
import type {
  AdministeredModel,
  AdminQueueModel,
  CaseModel,
  DeviceModel,
  EnumModel,
  LayoutModel,
  MessagesModel,
  Model,
  ModuleModel,
  ObjectModel,
  PartModel,
  QueueModel,
  StatusModel,
} from "../model.ts";
import { JsonFields } from "./json_fields.ts";
import { structsOf } from "./json_structs.ts";
import type {
  JsonAdministered,
  JsonAdministeredObject,
  JsonAdminQueue,
  JsonCase,
  JsonCount,
  JsonDevice,
  JsonEnum,
  JsonIndex,
  JsonLayout,
  JsonMessages,
  JsonModel,
  JsonModule,
  JsonPart,
  JsonQueue,
  JsonStatus,
} from "./json_types.ts";

/**
 * The model as data.
 *
 * @throws {DescriptionError} when two modules give one name two meanings.
 */
export function jsonModel(model: Model): JsonModel {
  const core = model.layouts.find(({ name }) => name === "core");
  const modules = [...model.layouts, ...model.devices];
  const entries = <T>(of: (module: ModuleModel) => (readonly [string, T])[]): Entry<T>[] =>
    modules.flatMap((module) => of(module).map(([key, value]) => ({ key, value, module })));
  return {
    spec: "1.4",
    devices: sorted(model.devices.map((one) => [one.name, jsonDevice(one, core)])),
    layouts: sorted(model.layouts.map((one) => [one.name, jsonLayout(one, core)])),
    structs: united("structs", entries((one) => structsOf(one, new JsonFields(one, core)))),
    enums: united("enums", entries(({ enums }) => enums.map((one) => [one.name, jsonEnum(one)]))),
    constants: united("constants", entries(constantsOf)),
  };
}

/** What a module calls by a name. */
interface Entry<T> {
  readonly key: string;
  readonly value: T;
  readonly module: ModuleModel;
}

/** The names of all modules together. */
function united<T>(place: string, entries: readonly Entry<T>[]): Record<string, T> {
  const found = new Map<string, Entry<T>>();
  const problems: Diagnostic[] = [];
  for (const entry of entries) {
    const { key, value, module } = entry;
    const other = found.get(key);
    if (other !== undefined && JSON.stringify(other.value) !== JSON.stringify(value)) {
      const hint = `${other.module.name} of ${other.module.source} has the name, too`;
      const path = `${module.name}: ${place}`;
      problems.push({ code: "V020", path, found: key, expected: "one meaning for a name", hint });
    }
    found.set(key, other ?? entry);
  }
  if (problems.length > 0) throw new DescriptionError(problems);
  return sorted([...found.values()].map(({ key, value }) => [key, value]));
}

/** Entries as a record in the order of their keys. */
function sorted<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => a < b ? -1 : 1));
}

function jsonModule(module: ModuleModel, fields: JsonFields): JsonModule {
  const { title, section, doc, features, messages } = module;
  const { queues = [] } = module as Partial<DeviceModel>;
  const received = (set: MessagesModel) =>
    queues.some(({ queue, messages }) => queue.role === "receive" && messages.includes(set));
  return {
    title,
    section,
    doc,
    features: features.map((one) => ({
      name: one.name,
      bit: one.bit,
      requires: fields.gate(one.requires),
      ...(one.wants.length === 0 ? {} : { wants: fields.gate(one.wants) }),
      ...(one.impliedWithout === null ? {} : {
        impliedWithout: one.impliedWithout.map((key) =>
          features.find((other) => other.key === key)!.name
        ),
      }),
      legacy: one.legacy,
      ...(one.modern ? { modern: true as const } : {}),
      ...(one.fieldsNegotiated ? { fieldsWhen: "negotiated" as const } : {}),
      doc: one.doc,
    })),
    messages: Object.fromEntries(
      messages.map((set) => [set.name, jsonMessages(set, received(set), fields)]),
    ),
  };
}

function jsonDevice(device: DeviceModel, core: LayoutModel | undefined): JsonDevice {
  const fields = new JsonFields(device, core);
  return {
    id: device.id,
    ...jsonModule(device, fields),
    config: device.config?.name ?? null,
    queues: Object.fromEntries(device.queues.map((one) => [one.name, jsonQueue(one, fields)])),
    ...(device.adminQueue === null ? {} : { adminQueue: jsonAdminQueue(device.adminQueue) }),
    sharedMemory: Object.fromEntries(
      device.sharedMemory.map(({ name, id, when, doc }) => [
        name,
        { id, when: fields.gate(when), doc },
      ]),
    ),
  };
}

function jsonLayout(layout: LayoutModel, core: LayoutModel | undefined): JsonLayout {
  const fields = new JsonFields(layout, core);
  return {
    ...jsonModule(layout, fields),
    registers: Object.fromEntries(layout.registers.map(({ name, section, registers }) => [
      name,
      {
        section,
        registers: registers.map(({ name, offset, size, access, when }) => ({
          name,
          offset,
          size,
          access,
          when: fields.gateOf(when),
        })),
      },
    ])),
  };
}

function jsonEnum({ as, section, members, reserved, unknown, doc }: EnumModel): JsonEnum {
  const named = members.filter((member) => member.reserved).map(({ name }) => name);
  return {
    as,
    section,
    members: Object.fromEntries(members.map(({ name, value }) => [name, value])),
    ...(named.length === 0 ? {} : { reservedMembers: named }),
    ...(reserved.length === 0 ? {} : { reserved }),
    unknown,
    doc,
  };
}

function constantsOf(module: ModuleModel): [string, number | string][] {
  return [
    ...module.features.map(({ name, bit }) => ({ name, value: bit })),
    ...module.enums.flatMap((one) => one.members),
    ...module.constants,
  ].map(({ name, value }) => [name, exact(value)]);
}

/** A number that JSON readers keep: past 2^53 in hexadecimal text. */
function exact(value: number): number | string {
  return Number.isSafeInteger(value) ? value : `0x${BigInt(value).toString(16)}`;
}

function jsonMessages(set: MessagesModel, received: boolean, fields: JsonFields): JsonMessages {
  return {
    section: set.section,
    tags: set.tags.map(({ name }) => name),
    ...(set.starts === null ? {} : {
      starts: {
        field: set.starts.field.name,
        value: memberName(set.starts.enum, set.starts.member),
      },
    }),
    cases: Object.fromEntries(
      set.cases.map((one) => [one.name, jsonCase(set, one, received, fields)]),
    ),
    doc: set.doc,
  };
}

function jsonCase(
  set: MessagesModel,
  one: CaseModel,
  received: boolean,
  fields: JsonFields,
): JsonCase {
  const part = ({ size, minSize, fields: models }: PartModel, trailer: number): JsonPart => ({
    size,
    min: minSize,
    trailer: Math.min(
      trailer,
      models.length - 1 - models.findLastIndex((one) => one.size === null),
    ),
    fields: fields.fields(models),
  });
  return {
    tags: one.tags,
    ...(one.legacyTags.length === 0 ? {} : { legacyTags: one.legacyTags }),
    when: fields.gate(one.feature),
    ...(one.unless.length === 0 ? {} : { unless: fields.gate(one.unless) }),
    from: received ? "device" : one.from,
    readable: part(one.readable, 0),
    writable: part(one.writable, set.trailer),
    status: one.status === null ? null : jsonStatus(one.status, one.ok),
    ...(one.used === "filled" ? { used: one.used } : {}),
    doc: one.doc,
  };
}

function jsonStatus(status: StatusModel, ok: string | null): JsonStatus {
  const constant = (member: string) => memberName(status.enum, member);
  return {
    field: status.field,
    enum: status.enum.name,
    ok: constant(ok ?? status.ok),
    unknown: constant(status.unknown),
    malformed: constant(status.malformed),
    failed: constant(status.failed),
    ...(status.whole ? { whole: true } : {}),
    ...(status.discards ? { discards: true } : {}),
  };
}

/** The constant of a member. */
function memberName({ members }: EnumModel, member: string): string {
  return members.find((one) => one.member === member)?.name ?? member;
}

function jsonQueue({ queue, messages, when }: QueueModel, fields: JsonFields): JsonQueue {
  return {
    role: queue.role,
    messages: messages.map(({ name }) => name),
    index: jsonIndex(queue.index, fields),
    ...(queue.strictIndex === undefined
      ? {}
      : { strictIndex: jsonIndex(queue.strictIndex, fields) }),
    count: jsonCount(queue.count ?? 1, fields),
    when: fields.gate(when),
    ...(queue.used === undefined ? {} : { used: queue.used }),
    ...(queue.legacyUsed === undefined ? {} : { legacyUsed: queue.legacyUsed }),
    ...(queue.order === undefined || queue.order === "any" ? {} : { order: queue.order }),
    ...(queue.waits === undefined ? {} : { waits: queue.waits }),
    doc: queue.doc,
  };
}

function jsonAdminQueue({ doc, capabilities, objects, parts }: AdminQueueModel): JsonAdminQueue {
  return {
    index: "admin_queue_index",
    count: "admin_queue_num",
    when: ["VIRTIO_F_ADMIN_VQ"],
    capabilities: Object.fromEntries(
      capabilities.map((one) => [one.name, jsonAdministered(one)]),
    ),
    objects: Object.fromEntries(objects.map((one) => [one.name, jsonObject(one)])),
    parts: parts.map(({ name }) => name),
    doc,
  };
}

function jsonAdministered({ constant, struct }: AdministeredModel): JsonAdministered {
  return { tag: constant.name, struct: struct?.name ?? null, doc: constant.doc };
}

function jsonObject(object: ObjectModel): JsonAdministeredObject {
  const { of, by, otherwise } = object.limit;
  const { within, unique } = object;
  return {
    ...jsonAdministered(object),
    limit: { of: of.name, by, status: `VIRTIO_ADMIN_STATUS_${otherwise}` },
    requires: object.requires.map(({ name }) => name),
    ...(within === null ? {} : {
      within: {
        of: within.of.name,
        in: within.list?.name ?? null,
        fields: within.fields.map(({ path, by }) => [path, by.name] as const),
      },
    }),
    ...(unique === null ? {} : { unique }),
    needs: Object.fromEntries(object.needs.map(({ field, type }) => [field, type.name])),
  };
}

function jsonIndex(index: dsl.Index, fields: JsonFields): JsonIndex {
  if (index === "next") return index;
  if (typeof index === "object" && "step" in index) {
    const { first, step, then = first + step } = index;
    return { first, then, step };
  }
  return jsonCount(index, fields);
}

function jsonCount(count: dsl.Count, fields: JsonFields): JsonCount {
  if (typeof count === "number") return count;
  const { config, when, otherwise = 0, times = 1, plus = 0 } = count;
  return { config, when: fields.gateOf(when), otherwise, times, plus };
}
