/**
 * The schema of devices and layouts.
 *
 * @module
 */

import { DSL_VERSION } from "../types.ts";
import type * as dsl from "../types.ts";
import { z } from "../zod.ts";
import { fields, length } from "./fields.ts";
import { configCheck, messages } from "./messages.ts";
import {
  type Agrees,
  featureName,
  fieldName,
  flag,
  folderName,
  gate,
  listOf,
  memberName,
  name,
  natural,
  path,
  positive,
  propertyWord,
  recordOf,
  text,
  typeName,
} from "./words.ts";

const provider = z.enum(["handler", "config", "option", "runtime", "legacy"]);

const feature = z.strictObject({
  bit: natural,
  doc: text,
  since: z.string().regex(/^1\.\d+$/, { error: 'a version, as "1.2"' }).exactOptional(),
  requires: gate.exactOptional().describe("Is not accepted without these"),
  offeredWith: gate.exactOptional().describe("Is not offered without these"),
  wants: gate.exactOptional().describe("Should not be accepted without these"),
  excludes: listOf(name).exactOptional(),
  mandatory: flag.exactOptional(),
  modern: flag.exactOptional().describe("Is never offered over a legacy interface"),
  fieldsWhen: z.literal("negotiated").exactOptional()
    .describe("Its configuration fields are not read before it is negotiated"),
  impliedWithout: listOf(name).exactOptional().describe("In force as long as none of these is"),
  by: z.union([provider, z.array(provider).min(1)], {
    error: "handler, config, option, runtime or legacy, or a list of them",
  }).describe("What makes a device able to offer it"),
  handlers: listOf(
    z.string().regex(/^\w+(\.\w+)?$/, { error: "a queue, or `set.case`" }),
  ).exactOptional(),
}).meta({ id: "Feature", description: "One feature bit" });

const member = z.strictObject({
  value: natural,
  doc: text.exactOptional(),
  when: gate.exactOptional(),
  legacy: flag.exactOptional(),
  reserved: flag.exactOptional().describe("Named, and nothing more is said of it"),
});

const members: z.ZodType<dsl.Enumeration["members"]> = recordOf<number | dsl.Member>(
  memberName,
  z.union([natural, member], { error: "a whole number from 0, or { value, doc }" }),
);

const enumeration = z.strictObject({
  doc: text,
  section: text.exactOptional(),
  name: typeName.describe("Name in TypeScript, behind the device's prefix"),
  as: z.enum(["values", "masks", "bits"]).exactOptional(),
  prefix: name.exactOptional(),
  members,
  reserved: listOf<readonly [number, number]>(z.tuple([natural, natural])).exactOptional(),
  unknown: z.union([z.enum(["keep", "refuse"]), z.strictObject({ as: memberName })], {
    error: '"keep", "refuse" or { as: member }',
  }).exactOptional(),
}).meta({ id: "Enumeration", description: "Named numbers" });

const struct = z.strictObject({
  doc: text,
  section: text.exactOptional(),
  fields,
  size: positive.exactOptional().describe("Bytes, as the standard states"),
  grows: flag.exactOptional().describe("Ends after the last field whose gate is open"),
  external: text.exactOptional(),
}).meta({ id: "Struct", description: "A named layout" });

const count = z.strictObject({
  config: fieldName,
  when: gate.exactOptional(),
  otherwise: natural.exactOptional(),
  times: positive.exactOptional(),
  plus: natural.exactOptional(),
});

const countOf = z.union([natural, count], { error: "a number, or { config }" });

const index = z.union([
  natural,
  count,
  z.literal("next"),
  z.strictObject({ first: natural, then: natural.exactOptional(), step: positive }),
], { error: 'a number, { config }, "next" or { first, then, step }' });

const parks = z.strictObject({
  when: gate.exactOptional(),
  unless: gate.exactOptional(),
  length,
  together: z.literal(true).exactOptional().describe("All buffers of the queue have so many"),
});

const queue = z.strictObject({
  doc: text,
  section: text.exactOptional(),
  role: z.enum(["request", "transmit", "receive", "pull"]),
  carries: z.union([name, z.array(name).min(1)], { error: "a message set, or a list of them" }),
  index,
  strictIndex: index.exactOptional(),
  count: countOf.exactOptional(),
  when: gate.exactOptional(),
  parks: z.union([length, z.array(parks).min(1)], {
    error: "a length, or a list of { when, unless, length }",
  }).exactOptional().describe("Least bytes of a parked buffer"),
  merges: z.strictObject({ field: path, when: gate }).exactOptional(),
  order: z.union([z.enum(["any", "queue"]), z.strictObject({ key: fieldName })], {
    error: '"any", "queue" or { key: field }',
  }).exactOptional(),
  waits: z.literal(true).exactOptional(),
  used: z.enum(["length", "bound", "ignored", "all"]).exactOptional(),
  legacyUsed: z.literal("ignored").exactOptional(),
}).meta({ id: "Queue", description: "One queue, or a family of equal ones" });

const administered = z.strictObject({
  tag: name.describe("Full name of the constant that is its number"),
  struct: name.exactOptional().describe("Layout of its data; bytes when not said"),
}).meta({ id: "Administered", description: "A capability of administration commands" });

type Needs = NonNullable<dsl.AdministeredObject["needs"]>;

const administeredObject = administered.extend({
  limit: z.strictObject({
    of: name.describe("Capability"),
    by: z.array(fieldName).min(1).describe("Fields of it, of which the least counts"),
    otherwise: z.literal("EINVAL").exactOptional(),
  }),
  requires: listOf(name).exactOptional().describe("Capabilities"),
  within: z.strictObject({
    of: name.describe("Capability"),
    in: fieldName.exactOptional().describe("List of it that one entry counts of"),
    fields: listOf(z.tuple([path, fieldName])).describe("Fields of the object, and of the entry"),
  }).exactOptional(),
  unique: fieldName.exactOptional().describe("Field that differs between objects"),
  needs: (recordOf(fieldName, name) as z.ZodType<Needs>).exactOptional()
    .describe("Types of objects by field"),
}).meta({ id: "AdministeredObject", description: "A type of resource objects" });

const adminQueue = z.strictObject({
  doc: text,
  section: text.exactOptional(),
  capabilities: recordOf<dsl.Administered>(name, administered).exactOptional()
    .describe("Numbers 0x800 to 0xfff"),
  objects: recordOf<dsl.AdministeredObject>(name, administeredObject).exactOptional()
    .describe("Numbers 0x200 to 0x4ff"),
  parts: listOf(name).exactOptional().describe("Enumerations, 0x200 to 0x5ff"),
}).meta({ id: "AdminQueue", description: "Administration queues, located by the transport" });

const config = z.strictObject({
  struct: name,
  doc: text.exactOptional(),
  section: text.exactOptional(),
  size: positive.exactOptional(),
  fields: fields as z.ZodType<dsl.Fields>,
  window: z.strictObject({ select: listOf(fieldName), size: fieldName, value: fieldName })
    .exactOptional(),
  checks: listOf(configCheck).exactOptional(),
  notifies: listOf(fieldName).exactOptional(),
  silent: listOf(fieldName).exactOptional(),
  fixed: listOf(fieldName).exactOptional().describe("Fields that never change"),
  noLess: listOf(z.strictObject({ field: fieldName, while: fieldName })).exactOptional()
    .describe("Fields that get no less as long as another is not 0"),
  legacy: z.literal("little-endian").exactOptional(),
}).meta({ id: "Config", description: "The configuration space" });

const region = z.strictObject({ id: natural, doc: text, when: gate.exactOptional() });

const behaviourSide = z.strictObject({
  class: typeName.describe("Class of the runtime"),
  serves: listOf(
    z.string().regex(/^\w+(\.\w+)?$/, { error: "a message: `set.case`, or a set" }),
  ).exactOptional().describe("Messages that it answers itself"),
  options: z.enum(["optional", "required"]).exactOptional(),
  lines: z.strictObject({ of: name, by: listOf(path) }).exactOptional()
    .describe("Answers that it puts in order"),
});

const behaviour = z.strictObject({
  doc: text,
  section: text.exactOptional(),
  when: gate.exactOptional(),
  enums: listOf(name).exactOptional().describe("Enumerations that it goes by"),
  features: listOf(name).exactOptional().describe("Features that it asks for by itself"),
  device: behaviourSide.exactOptional(),
  driver: behaviourSide.exactOptional(),
}).meta({ id: "Behaviour", description: "What the protocol prescribes beyond layouts and checks" });

const constants = recordOf<number | { readonly value: number; readonly doc: string }>(
  name,
  z.union([natural, z.strictObject({ value: natural, doc: text })], {
    error: "a whole number from 0, or { value, doc }",
  }),
);

const common = {
  dsl: z.literal(DSL_VERSION).exactOptional().describe("Version of this language"),
  name: folderName.describe("Folder or file of the generated code"),
  title: text,
  section: text.describe("Chapter of the standard"),
  doc: text,
  enums: recordOf<dsl.Enumeration>(name, enumeration).exactOptional(),
  constants: constants.exactOptional(),
  structs: recordOf<dsl.Struct>(name, struct).exactOptional(),
  messages: recordOf<dsl.Messages>(name, messages).exactOptional(),
};

const deviceShape = z.strictObject({
  ...common,
  prefix: typeName.describe("Prefix of the generated classes"),
  id: positive.max(0xffff_ffff),
  featurePrefix: name.exactOptional(),
  features: recordOf<dsl.Feature>(featureName, feature).exactOptional(),
  oneFeatureOf: listOf(name).exactOptional(),
  config: config.exactOptional(),
  queues: recordOf<dsl.Queue>(name, queue),
  adminQueue: adminQueue.exactOptional(),
  behaviours: recordOf<dsl.Behaviour>(propertyWord, behaviour).exactOptional(),
  sharedMemory: recordOf<dsl.SharedMemoryRegion>(name, region).exactOptional(),
}).meta({ id: "Device", description: "A device" });

const register = z.strictObject({
  offset: natural,
  size: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)], {
    error: "1, 2, 4 or 8",
  }),
  access: z.enum(["R", "W", "RW"]),
  doc: text,
  when: text.exactOptional(),
}).meta({ id: "Register", description: "One register" });

const registerFile = z.strictObject({
  doc: text,
  section: text,
  registers: recordOf<dsl.Register>(name, register),
});

const layoutShape = z.strictObject({
  ...common,
  features: recordOf<dsl.Feature>(featureName, feature).exactOptional(),
  registers: recordOf<z.infer<typeof registerFile>>(name, registerFile).exactOptional(),
}).meta({ id: "Layout", description: "A layout without a device" });

/** A device. */
export const device: z.ZodType<dsl.Device> = deviceShape;

/** A layout without a device. */
export const layout: z.ZodType<dsl.Layout> = layoutShape;

/** Each schema of this file says what its hand-written type says: the compiler checks it. */
export const agreement: readonly [
  Agrees<z.infer<typeof feature>, dsl.Feature>,
  Agrees<z.infer<typeof enumeration>, dsl.Enumeration>,
  Agrees<z.infer<typeof member>, dsl.Member>,
  Agrees<z.infer<typeof struct>, dsl.Struct>,
  Agrees<z.infer<typeof countOf>, dsl.Count>,
  Agrees<z.infer<typeof index>, dsl.Index>,
  Agrees<z.infer<typeof queue>, dsl.Queue>,
  Agrees<z.infer<typeof administered>, dsl.Administered>,
  Agrees<z.infer<typeof administeredObject>, dsl.AdministeredObject>,
  Agrees<z.infer<typeof adminQueue>, dsl.AdminQueue>,
  Agrees<z.infer<typeof config>, dsl.Config>,
  Agrees<z.infer<typeof behaviour>, dsl.Behaviour>,
  Agrees<z.infer<typeof region>, dsl.SharedMemoryRegion>,
  Agrees<z.infer<typeof deviceShape>, dsl.Device>,
  Agrees<z.infer<typeof register>, dsl.Register>,
  Agrees<z.infer<typeof layoutShape>, dsl.Layout>,
] = [
  ...[true, true, true, true, true, true, true, true] as const,
  ...[true, true, true, true, true, true, true, true] as const,
];
