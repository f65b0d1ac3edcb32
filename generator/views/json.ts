/**
 * `virtio.json`: the model as data, enough to write a codec in any language from it alone.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { DescriptionError, type Diagnostic } from "../diagnostics.ts";
import type {
  AdminQueueModel,
  CaseModel,
  DeviceModel,
  EnumModel,
  LayoutModel,
  MessagesModel,
  Model,
  ModuleModel,
  PartModel,
  QueueModel,
  StatusModel,
} from "../model.ts";
import { type JsonField, JsonFields, type JsonGate } from "./json_fields.ts";
import { structsOf } from "./json_structs.ts";

export * from "./json_fields.ts";

/** The whole file. */
export interface JsonModel {
  /** Version of the standard. */
  readonly spec: "1.4";
  /** By folder name. */
  readonly devices: Readonly<Record<string, JsonDevice>>;
  /** Rings, registers and commands, by name. */
  readonly layouts: Readonly<Record<string, JsonLayout>>;
  /** By name in the standard. */
  readonly structs: Readonly<Record<string, JsonStruct>>;
  /** By the prefix of their constants. */
  readonly enums: Readonly<Record<string, JsonEnum>>;
  /** By name in the standard: members of enumerations, feature bits, loose constants. */
  readonly constants: Readonly<Record<string, number | string>>;
}

/** What devices and layouts have in common. */
export interface JsonModule {
  readonly title: string;
  readonly section: string;
  readonly doc: string;
  readonly features: readonly JsonFeature[];
  readonly messages: Readonly<Record<string, JsonMessages>>;
}

/** A device. */
export interface JsonDevice extends JsonModule {
  readonly id: number;
  /** Name of the struct of the configuration space. */
  readonly config: string | null;
  readonly queues: Readonly<Record<string, JsonQueue>>;
  readonly adminQueue?: JsonAdminQueue;
  readonly sharedMemory: Readonly<
    Record<string, { readonly id: number; readonly when: JsonGate; readonly doc: string }>
  >;
}

/** A layout without a device. */
export interface JsonLayout extends JsonModule {
  /** Register files. */
  readonly registers: Readonly<
    Record<string, { readonly section: string; readonly registers: readonly JsonRegister[] }>
  >;
}

/** A register; `access` is the driver's. */
export interface JsonRegister {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly access: "R" | "W" | "RW";
  readonly when: JsonGate;
}

/** A feature bit. */
export interface JsonFeature {
  readonly name: string;
  readonly bit: number;
  /** Needs any of these; see {@linkcode JsonGate}. */
  readonly requires: JsonGate;
  /** In force though not negotiated, as long as none of these is. */
  readonly impliedWithout?: readonly string[];
  readonly legacy: boolean;
  readonly doc: string;
}

/** A struct. */
export interface JsonStruct {
  /** Bytes; null when variable. */
  readonly size: number | null;
  readonly section: string;
  /** What is missing at its end reads as zero. */
  readonly grows?: true;
  readonly fields: readonly JsonField[];
  readonly doc: string;
}

/** An enumeration; its members are constants. */
export interface JsonEnum {
  readonly as: "values" | "masks" | "bits";
  readonly section: string;
  readonly members: Readonly<Record<string, number>>;
  /** Ranges kept for vendors, both ends included. */
  readonly reserved?: readonly (readonly [number, number])[];
  /** What a reader makes of other values. */
  readonly unknown: "keep" | "refuse" | { readonly as: string };
  readonly doc: string;
}

/** Messages of one shape. */
export interface JsonMessages {
  readonly section: string;
  /** Fields that select the case. */
  readonly tags: readonly string[];
  readonly cases: Readonly<Record<string, JsonCase>>;
  readonly doc: string;
}

/** One request, response or event. */
export interface JsonCase {
  /** A value for each tag field. */
  readonly tags: readonly number[];
  /** Further values of the only tag field, on the legacy interface. */
  readonly legacyTags?: readonly number[];
  readonly when: JsonGate;
  readonly unless?: JsonGate;
  /** Who sends it. */
  readonly from: "driver" | "device";
  readonly readable: JsonPart;
  readonly writable: JsonPart;
  readonly status: JsonStatus | null;
  /** The used length counts the filled bytes of the first payload and the trailer alone. */
  readonly used?: "filled";
  readonly doc: string;
}

/** What the device reads, or writes. */
export interface JsonPart {
  readonly size: number | null;
  /** Fewest bytes. */
  readonly min: number;
  /** How many fields at the end stand at the end of the buffer, however long it is. */
  readonly trailer: number;
  readonly fields: readonly JsonField[];
}

/** Where the answer says how it went; the rest are constants. */
export interface JsonStatus {
  readonly field: readonly string[];
  readonly enum: string;
  readonly ok: string;
  readonly unknown: string;
  readonly malformed: string;
  readonly failed: string;
  /** Answers are written whole: what has no value with a status is zero. */
  readonly whole?: true;
  /** Data that came with another status than success are not to be used. */
  readonly discards?: true;
}

/** A queue or family of queues; numbers may come from the configuration. */
export interface JsonQueue {
  readonly role: dsl.Role;
  readonly messages: readonly string[];
  readonly index: JsonIndex;
  /** Index by the standard's text, where deployed devices differ. */
  readonly strictIndex?: JsonIndex;
  readonly count: JsonCount;
  readonly when: JsonGate;
  /** What the used length is worth: how much was written, at most that, nothing, or always all. */
  readonly used?: NonNullable<dsl.Queue["used"]>;
  /** The same over a legacy interface, where it is worth less there. */
  readonly legacyUsed?: NonNullable<dsl.Queue["legacyUsed"]>;
  readonly doc: string;
}

/** Administration queues: two registers of the transport say where the first is, and how many there are. */
export interface JsonAdminQueue {
  readonly index: "admin_queue_index";
  readonly count: "admin_queue_num";
  readonly when: JsonGate;
  /** Enumerations of what is of the device type: capabilities, resource objects, device parts. */
  readonly capabilities: readonly string[];
  readonly objects: readonly string[];
  readonly parts: readonly string[];
  readonly doc: string;
}

/** `value * times + plus`, the value being the field's, or `otherwise` while the gate is shut. */
export type JsonCount = number | {
  readonly config: string;
  readonly when: JsonGate;
  readonly otherwise: number;
  readonly times: number;
  readonly plus: number;
};

/** A number; behind the queues before it; or the first one, the second one, and the distance from there on. */
export type JsonIndex =
  | JsonCount
  | "next"
  | { readonly first: number; readonly then: number; readonly step: number };

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
      ...(one.impliedWithout === null ? {} : {
        impliedWithout: one.impliedWithout.map((key) =>
          features.find((other) => other.key === key)!.name
        ),
      }),
      legacy: one.legacy,
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
  return {
    as,
    section,
    members: Object.fromEntries(members.map(({ name, value }) => [name, value])),
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
  const { members } = status.enum;
  const constant = (member: string) => members.find((one) => one.member === member)?.name ?? member;
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
    doc: queue.doc,
  };
}

function jsonAdminQueue({ doc, capabilities, objects, parts }: AdminQueueModel): JsonAdminQueue {
  const names = (enums: readonly EnumModel[]) => enums.map(({ name }) => name);
  return {
    index: "admin_queue_index",
    count: "admin_queue_num",
    when: ["VIRTIO_F_ADMIN_VQ"],
    capabilities: names(capabilities),
    objects: names(objects),
    parts: names(parts),
    doc,
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
