/**
 * The schema of messages: cases, statuses and checks.
 *
 * @module
 */

import type * as dsl from "../types.ts";
import { z } from "../zod.ts";
import { fields } from "./fields.ts";
import {
  type Agrees,
  fieldName,
  gate,
  listOf,
  memberName,
  name,
  path,
  positive,
  recordOf,
  tag,
  tags,
  text,
} from "./words.ts";

/** A value in a check; described further down. */
const operand: z.ZodType<dsl.Operand> = z.lazy(() => operandShape);

const operandShape = z.union([
  z.int(),
  z.strictObject({ field: path }),
  z.strictObject({ config: path }),
  z.strictObject({ length: fieldName }),
  z.strictObject({ sum: listOf(operand) }),
  z.strictObject({ product: listOf(operand) }),
  z.strictObject({ quotient: z.tuple([operand, positive]) }),
  z.strictObject({ bit: z.tuple([operand, operand]) }),
  z.strictObject({ lowestBit: operand }),
  z.strictObject({ masked: z.tuple([operand, positive]) }),
], {
  error:
    "a number, { field }, { config }, { length }, { sum }, { product }, { quotient }, { bit }, { lowestBit } or { masked }",
}).meta({
  id: "Operand",
  description: "A value: a number, a field, a length, or arithmetic on those",
});

const comparison = {
  atMost: operand.exactOptional(),
  atLeast: operand.exactOptional(),
  equals: operand.exactOptional(),
  differs: operand.exactOptional(),
  multipleOf: operand.exactOptional(),
  clear: operand.exactOptional().describe("Bits that must be clear"),
  within: operand.exactOptional().describe("The only bits it may have"),
};

const configCheckShape = z.strictObject({
  doc: text.describe("What is demanded"),
  section: text.exactOptional(),
  of: z.strictObject({ config: path }).describe("The field under test"),
  ...comparison,
}).meta({ id: "ConfigCheck", description: "What fields of the configuration are to each other" });

/** A demand on the configuration. */
export const configCheck: z.ZodType<dsl.ConfigCheck> = configCheckShape;

const check = z.strictObject({
  doc: text,
  section: text.exactOptional(),
  of: operand.exactOptional().describe("The value under test"),
  ...comparison,
  when: gate.exactOptional().describe("Only with these features negotiated"),
  unless: gate.exactOptional().describe("Only without these features negotiated"),
  offered: gate.exactOptional().describe("Only with these features offered"),
  named: z.literal(true).exactOptional().describe("A value of its enumeration only"),
  each: fieldName.exactOptional().describe("For every element of this array"),
  otherwise: memberName.exactOptional().describe("Member of the status enumeration"),
  driver: text.exactOptional().describe("Section that demands it of the driver that sends it"),
  device: text.exactOptional().describe("Section that demands it of the device that sends it"),
  dropped: text.exactOptional().describe("Section that demands it of whoever receives it"),
}).meta({ id: "Check", description: "What is demanded of a message" });

const checks = listOf<dsl.Check>(check);

const status = z.strictObject({
  field: path,
  ok: memberName.describe("Success"),
  unknown: memberName.describe("No such request"),
  malformed: memberName.describe("Not well formed"),
  failed: memberName.describe("The handler failed"),
  whole: z.literal(true).exactOptional()
    .describe("Answers are written whole: what has no value with a status is zero"),
  discards: z.literal(true).exactOptional()
    .describe("Data that came with another status than success are not to be used"),
}).meta({ id: "Status", description: "The byte or word that says how a request went" });

const whole = z.union([
  name,
  z.strictObject({ readable: name.exactOptional(), writable: name.exactOptional() }),
], { error: "a struct's name, or { readable, writable }" })
  .describe("The standard's struct for the whole, or one for each part");

const oneCase = z.strictObject({
  doc: text,
  section: text.exactOptional(),
  tag: tags,
  legacyTags: listOf(tag).exactOptional(),
  feature: gate.exactOptional(),
  unless: gate.exactOptional(),
  struct: whole.exactOptional(),
  structs: recordOf(name, listOf(fieldName)).exactOptional()
    .describe("Structs of the standard that consist of these fields"),
  readable: fields.exactOptional(),
  writable: fields.exactOptional(),
  used: z.literal("filled").exactOptional().describe("What the used length counts"),
  ok: memberName.exactOptional().describe("Member that says success of this case"),
  status: z.union([status, z.literal("none")], { error: 'a status, or "none"' }).exactOptional(),
  checks: checks.exactOptional(),
  from: z.enum(["driver", "device"]).exactOptional(),
}).meta({ id: "Case", description: "One request of a set" });

const messagesShape = z.strictObject({
  doc: text,
  section: text.exactOptional(),
  struct: whole.exactOptional(),
  readable: fields.exactOptional().describe("Fixed part that the driver fills"),
  writable: fields.exactOptional().describe("Fixed part that the device fills"),
  status: status.exactOptional(),
  starts: z.strictObject({ field: fieldName, member: memberName }).exactOptional()
    .describe("What starts a session, in the byte order that it has from then on"),
  used: z.literal("filled").exactOptional().describe("What the used length counts"),
  cases: recordOf<dsl.Case>(name, oneCase).exactOptional(),
  checks: checks.exactOptional(),
}).meta({ id: "Messages", description: "Messages of one shape" });

/** A set of messages. */
export const messages: z.ZodType<dsl.Messages> = messagesShape;

/** Each schema of this file says what its hand-written type says: the compiler checks it. */
export const agreement: readonly [
  Agrees<z.infer<typeof operandShape>, dsl.Operand>,
  Agrees<z.infer<typeof check>, dsl.Check>,
  Agrees<z.infer<typeof configCheckShape>, dsl.ConfigCheck>,
  Agrees<z.infer<typeof status>, dsl.Status>,
  Agrees<z.infer<typeof oneCase>, dsl.Case>,
  Agrees<z.infer<typeof messagesShape>, dsl.Messages>,
] = [true, true, true, true, true, true];
