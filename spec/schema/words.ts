/**
 * What the schema is made of: names, texts, numbers, and the assertion that types agree.
 *
 * @module
 */

import type * as dsl from "../types.ts";
import { z } from "../zod.ts";

/**
 * `true` when a schema's type is the hand-written one to the letter: the same properties, equally
 * optional, of the same types. Schemas infer mutable types; descriptions are read-only.
 */
export type Agrees<Inferred, Written> = (<T>() => T extends Frozen<Inferred> ? 1 : 2) extends
  (<T>() => T extends Frozen<Written> ? 1 : 2) ? true : never;

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** Name of a field; the standard writes some with hyphens. */
export const fieldName: z.ZodString = z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, {
  error: "a name of letters, digits, underscores and hyphens that starts with a letter",
});

/** Name of a struct, enumeration, case, queue or constant. */
export const name: z.ZodString = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
  error: "a name of letters, digits and underscores that starts with no digit",
});

/** Name of a feature. */
export const featureName: z.ZodString = z.string().regex(/^[A-Z][A-Z0-9_]*$/, {
  error: "a name of capitals, digits and underscores that starts with a capital",
});

/** Name of an enumeration's member, which follows its prefix. */
export const memberName: z.ZodString = z.string().regex(/^[A-Za-z0-9_]+$/, {
  error: "a name of letters, digits and underscores",
});

/** Name of a class or type. */
export const typeName: z.ZodString = z.string().regex(/^[A-Z][A-Za-z0-9]*$/, {
  error: "a name of letters and digits that starts with a capital",
});

/** Name of a property. */
export const propertyWord: z.ZodString = z.string().regex(/^[a-z][A-Za-z0-9]*$/, {
  error: "a name of letters and digits that starts with a small letter",
});

/** Name of a folder or file of the output. */
export const folderName: z.ZodString = z.string().regex(/^[a-z][a-z0-9_]*$/, {
  error: "a name of small letters, digits and underscores that starts with a letter",
});

/** What {@linkcode text} allows, in words. */
export const TEXT_RULE = "a line of printable text without blanks around it";

/**
 * One line of text. Control characters, line ends and marks that turn the direction of writing are
 * refused; every other character is legal, quotes and comment marks too.
 */
export const text: z.ZodString = z.string().regex(
  /^(?!\s)(?!.*\s$)[ -~\u00a0-\u2027\u202f-\u2065\u206a-\uffff]+$/,
  { error: TEXT_RULE },
).refine((line) => line.isWellFormed(), { error: TEXT_RULE });

/** A whole number from 0. */
export const natural: z.ZodInt = z.int().min(0);

/** A whole number from 1. */
export const positive: z.ZodInt = z.int().min(1);

/** A flag that is either set or left out. */
export const flag: z.ZodLiteral<true> = z.literal(true);

/** Items in a row. */
export function listOf<T>(item: z.ZodType<T>): z.ZodType<readonly T[]> {
  return z.array(item);
}

/** Things by their names. */
export function recordOf<T>(
  key: z.ZodString,
  value: z.ZodType<T>,
): z.ZodType<Readonly<Record<string, T>>> {
  return z.record(key, value);
}

/** A condition on features. */
export const gate: z.ZodType<dsl.Gate> = z.union([
  name,
  z.array(z.union([name, z.array(name).min(1)], { error: "a feature, or a list" }))
    .min(1),
], { error: "a feature, or a list of features and lists of features" })
  .meta({ id: "Gate", description: "Features: one, any of several, or any of several sets" });

/** A value that selects something. */
export const tag: z.ZodType<dsl.Tag> = z.union([natural, name], {
  error: "a number, or the name of a constant",
}).meta({ id: "Tag", description: "A number, or the full name of a constant" });

/** One or more tags. */
export const tags: z.ZodType<dsl.Tag | readonly dsl.Tag[]> = z.union([tag, z.array(tag).min(1)], {
  error: "a number or constant, or a list of them",
});

/** A field named from where it is used. */
export const path: z.ZodType<dsl.Path> = z.union([fieldName, z.array(fieldName).min(1)], {
  error: "the name of a field, or the names on the way to it",
}).meta({ id: "Path", description: "A field: a sibling, or the names on the way down to it" });
