/**
 * The schema of fields.
 *
 * @module
 */

import type * as dsl from "../types.ts";
import { z } from "../zod.ts";
import {
  type Agrees,
  fieldName,
  flag,
  gate,
  listOf,
  name,
  natural,
  path,
  positive,
  propertyWord,
  recordOf,
  tag,
  tags,
  text,
} from "./words.ts";

const scalarType = z.enum([
  "u8",
  "le16",
  "le32",
  "le64",
  "be16",
  "be32",
  "be64",
  "session16",
  "session32",
  "session64",
]);

const configRef = z.strictObject({ config: fieldName });

const base = {
  doc: text.exactOptional().describe("One sentence"),
  when: gate.exactOptional().describe("Exists with these features"),
  unless: gate.exactOptional().describe("Exists without these features"),
  strict: z.literal(false).exactOptional().describe("Only in what is deployed, not in the text"),
  legacy: z.literal("little-endian").exactOptional()
    .describe("Stays little-endian over a legacy interface"),
  legacyWhen: gate.exactOptional()
    .describe("Over a legacy interface it exists only with these features"),
};

const limit = z.union([natural, configRef], {
  error: "a number, or { config: field }",
});

const driverWritesOptions = z.strictObject({
  until: z.literal("DRIVER_OK").exactOptional(),
  from: z.literal("start").exactOptional(),
  clears: fieldName.exactOptional().describe("Each bit written as 1 is cleared in this field"),
  legacy: flag.exactOptional().describe("Only over a legacy interface"),
});

const driverWrites = z.union([flag, driverWritesOptions], {
  error: "true, or an object with until, from, clears, legacy",
}).describe("The driver may write it");

const reserved = z.union([flag, z.literal("zero")], {
  error: 'true or "zero"',
}).describe("Sent as zero; ignored, or refused when it is not zero");

const numeric = z.enum(["number", "bigint"]);

const bitsOf = z.union([
  name,
  z.strictObject({ enum: name, from: natural }),
], { error: "an enumeration, or { enum, from }" })
  .describe("Bit n stands for a value of this enumeration");

const scalar = z.strictObject({
  kind: z.literal("scalar"),
  type: scalarType,
  ...base,
  min: natural.exactOptional(),
  max: limit.exactOptional(),
  multipleOf: positive.exactOptional(),
  powerOfTwo: flag.exactOptional(),
  oneOf: listOf(natural).exactOptional().describe("The only legal values, beside those of `enum`"),
  as: numeric.exactOptional(),
  enum: name.exactOptional(),
  bitsOf: bitsOf.exactOptional(),
  property: propertyWord.exactOptional(),
  tag: flag.exactOptional().describe("Selects the case"),
  reserved: reserved.exactOptional(),
  value: natural.exactOptional().describe("Always this value"),
  echoes: fieldName.exactOptional().describe("Repeats this field of the request"),
  driverWrites: driverWrites.exactOptional(),
  reset: natural.exactOptional().describe("Value after reset"),
  zeroWithout: gate.exactOptional().describe("0 once features are negotiated without these"),
  survivesReset: flag.exactOptional(),
}).meta({ id: "Scalar", description: "One number on the wire" });

const bitField = z.strictObject({
  width: positive,
  doc: text.exactOptional(),
  enum: name.exactOptional(),
  reserved: reserved.exactOptional(),
}).meta({ id: "BitField", description: "`width` bits above those before it" });

const bits = z.strictObject({
  kind: z.literal("bits"),
  type: scalarType,
  ...base,
  fields: recordOf<dsl.BitField>(fieldName, bitField),
}).meta({ id: "Bits", description: "A word cut into bit-fields, lowest bits first" });

const lengthShape = z.union([
  positive,
  z.literal("rest"),
  z.strictObject({
    field: path,
    times: positive.exactOptional(),
    plus: z.int().exactOptional(),
  }),
  z.strictObject({ bytes: path, plus: z.int().exactOptional() }),
  z.strictObject({ config: fieldName, plus: z.int().exactOptional() }),
  z.strictObject({ given: text }),
], {
  error: 'a number from 1, "rest", { field }, { bytes }, { config } or { given }',
}).meta({ id: "Length", description: "A number, what is left, or where the number stands" });

/** How long something is. */
export const length: z.ZodType<dsl.Length> = lengthShape;

const bytes = z.strictObject({
  kind: z.literal("bytes"),
  ...base,
  length,
  text: z.enum(["padded", "terminated", "list", "utf8"]).exactOptional(),
  reserved: reserved.exactOptional(),
  external: text.exactOptional().describe("The namespace that the bytes belong to"),
  strictBefore: fieldName.exactOptional()
    .describe("The field that it stands before by the text, where it is deployed behind it"),
  driverWrites: driverWrites.exactOptional(),
}).meta({ id: "Bytes", description: "Bytes that are copied, or text" });

const payload = z.strictObject({
  kind: z.literal("payload"),
  ...base,
  length,
  external: text.exactOptional(),
}).meta({ id: "Payload", description: "Bytes that stay in guest memory" });

const element = z.union([
  scalarType,
  z.strictObject({ struct: name }),
  z.strictObject({ bytes: positive }),
], { error: "a scalar type, { struct } or { bytes }" });

const array = z.strictObject({
  kind: z.literal("array"),
  ...base,
  of: element,
  length,
  enum: name.exactOptional(),
  as: numeric.exactOptional(),
  stride: z.strictObject({ field: path }).exactOptional()
    .describe("Bytes from one element to the next"),
  max: limit.exactOptional(),
}).meta({ id: "Array", description: "Elements of one kind" });

const structField = z.strictObject({
  kind: z.literal("struct"),
  ...base,
  struct: name,
  inline: flag.exactOptional().describe("Its fields become the parent's own properties"),
}).meta({ id: "StructField", description: "A struct of this description" });

/** Fields in a row; described further down. */
const ownFields: z.ZodType<dsl.Fields> = z.lazy(() => z.record(fieldName, field));

const arm = z.strictObject({
  tag: tags,
  strictTag: natural.exactOptional().describe("The value by the text, where another is deployed"),
  struct: name.exactOptional(),
  fields: ownFields.exactOptional(),
  doc: text.exactOptional(),
}).meta({ id: "Arm", description: "What one value of a selector stands for" });

const arms = recordOf<dsl.Arm>(name, arm);

const otherwise = z.enum(["refuse", "raw"]).describe("Values without an arm");

const union = z.strictObject({
  kind: z.literal("union"),
  ...base,
  by: z.union([path, z.strictObject({ state: text })], {
    error: "a field, or { state } when the selector is outside the message",
  }),
  arms,
  size: positive.exactOptional().describe("Bytes of the slot that every arm fills"),
  otherwise: otherwise.exactOptional(),
}).meta({ id: "Union", description: "One of several layouts" });

const sequence = z.strictObject({
  kind: z.literal("sequence"),
  ...base,
  header: name.describe("Struct that each element starts with"),
  by: fieldName,
  size: z.union([
    z.strictObject({ field: fieldName, includes: natural.exactOptional() }),
    z.literal("fixed"),
  ], { error: '{ field } or "fixed"' }),
  arms,
  end: tag.exactOptional(),
  zero: fieldName.exactOptional().describe("Elements in which this is not zero are passed over"),
  align: positive.exactOptional(),
  length: length.exactOptional(),
  otherwise: otherwise.exactOptional(),
}).meta({ id: "Sequence", description: "Self-describing elements, one after the other" });

const body = z.strictObject({ kind: z.literal("body") }).meta({
  id: "Body",
  description: "Where the fields of each case go",
});

const fieldShape = z.discriminatedUnion("kind", [
  scalar,
  bits,
  bytes,
  payload,
  array,
  structField,
  union,
  sequence,
  body,
], { error: "a field, as u8(), le32(), bytes() or struct() make one" }).meta({ id: "Field" });

/** Any field. */
export const field: z.ZodType<dsl.Field> = fieldShape;

/** Fields in the order of the wire. */
export const fields: z.ZodType<dsl.Struct["fields"]> = recordOf(fieldName, field);

/** Each schema of this file says what its hand-written type says: the compiler checks it. */
export const agreement: readonly [
  Agrees<z.infer<typeof driverWritesOptions>, dsl.DriverWrites>,
  Agrees<z.infer<typeof lengthShape>, dsl.Length>,
  Agrees<z.infer<typeof scalar>, dsl.Scalar>,
  Agrees<z.infer<typeof bitField>, dsl.BitField>,
  Agrees<z.infer<typeof bits>, dsl.Bits>,
  Agrees<z.infer<typeof bytes>, dsl.Bytes>,
  Agrees<z.infer<typeof payload>, dsl.Payload>,
  Agrees<z.infer<typeof array>, dsl.ArrayField>,
  Agrees<z.infer<typeof structField>, dsl.StructField>,
  Agrees<z.infer<typeof arm>, dsl.Arm>,
  Agrees<z.infer<typeof union>, dsl.Union>,
  Agrees<z.infer<typeof sequence>, dsl.Sequence>,
  Agrees<z.infer<typeof fieldShape>, dsl.Field>,
] = [true, true, true, true, true, true, true, true, true, true, true, true, true];
