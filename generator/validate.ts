/**
 * Checks descriptions against the schema of the language, and says what is wrong in plain words.
 *
 * @module
 */

import { deviceSchema, layoutSchema, TEXT_RULE } from "../spec/schema.ts";
import type * as dsl from "../spec/types.ts";
import { z } from "../spec/zod.ts";
import { type Code, type Diagnostic, nearest } from "./diagnostics.ts";

type Issue = z.core.$ZodIssue;

/**
 * The value as a description, and what is wrong with it; `label` names it. Bad names, bad texts and
 * unknown words leave a description that can still be looked at, other mistakes do not.
 */
export function validate(
  value: unknown,
  label: string,
): {
  readonly description: dsl.Device | dsl.Layout | null;
  readonly diagnostics: readonly Diagnostic[];
} {
  const schema: z.ZodType<dsl.Device | dsl.Layout> = isDevice(value) ? deviceSchema : layoutSchema;
  const result = schema.safeParse(value, { error: expected });
  if (result.success) return { description: result.data, diagnostics: [] };
  const read = new Reader(value, label);
  const diagnostics = result.error.issues.flatMap((issue) => read.diagnose(issue, []));
  const readable = diagnostics.every(({ code }) => ["V011", "V014", "V015"].includes(code));
  return { description: readable ? value as dsl.Device | dsl.Layout : null, diagnostics };
}

/** Whether a description is that of a device: layouts have none of these. */
function isDevice(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    ["queues", "id", "prefix", "config"].some((key) => key in value);
}

/** What an issue's place allows, where the schema does not say it in its own words. */
function expected(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return KINDS[String(issue.expected)] ?? String(issue.expected);
    case "invalid_value":
      return (issue.values as unknown[]).map((one) => JSON.stringify(one)).join(", ");
    case "unrecognized_keys":
      return Object.keys(shapeOf(issue.inst)).join(", ");
    case "too_small":
      return issue.origin === "array"
        ? `a list of at least ${issue.minimum}`
        : `a whole number from ${issue.minimum}`;
    case "too_big":
      return `a whole number up to ${issue.maximum}`;
    default:
      return "one of the forms that the language knows";
  }
}

function shapeOf(schema: unknown): object {
  return schema instanceof z.ZodObject ? schema.shape : {};
}

const KINDS: Readonly<Record<string, string>> = {
  array: "a list",
  int: "a whole number",
  number: "a whole number",
  object: "an object",
  record: "an object of named things",
  string: "a text",
  tuple: "a list",
};

/** Turns issues of one description into diagnostics. */
class Reader {
  readonly #root: unknown;
  readonly #label: string;

  constructor(root: unknown, label: string) {
    this.#root = root;
    this.#label = label;
  }

  /** Diagnostics of an issue whose path starts at `base`; a union that one form nearly fits gives the issues of that form. */
  diagnose(issue: Issue, base: readonly PropertyKey[]): Diagnostic[] {
    const path = [...base, ...issue.path];
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => this.#unknownKey([...path, key], key, issue.message));
      case "invalid_key": {
        const rule = issue.issues[0]?.message ?? "a name";
        return [this.#at("V014", path, JSON.stringify(path.at(-1)), rule)];
      }
      case "invalid_union": {
        const kinds = (issue as { options?: readonly unknown[] }).options;
        if (kinds !== undefined) return [this.#oneOf(path, kinds.map(String), issue.message)];
        const form = nearestForm(issue.errors);
        if (form !== undefined) return form.flatMap((inner) => this.diagnose(inner, path));
        return [this.#value("V012", path, issue.message)];
      }
      case "invalid_value":
        return [this.#oneOf(path, issue.values.map(String), issue.message)];
      case "invalid_format":
      case "custom":
        return [this.#value(codeOf(issue.message), path, issue.message)];
      case "too_small":
      case "too_big":
        return [this.#value("V013", path, issue.message)];
      default:
        return [this.#value("V012", path, issue.message)];
    }
  }

  #unknownKey(path: readonly PropertyKey[], key: string, known: string): Diagnostic {
    const meant = nearest(key, known.split(", "));
    return this.#at("V011", path, JSON.stringify(key), known, didYouMean(meant));
  }

  #oneOf(path: readonly PropertyKey[], values: readonly string[], message: string): Diagnostic {
    const value = valueAt(this.#root, path);
    const meant = typeof value === "string" ? nearest(value, values) : undefined;
    return this.#value("V013", path, message, didYouMean(meant));
  }

  #value(code: Code, path: readonly PropertyKey[], allowed: string, hint?: string): Diagnostic {
    const value = valueAt(this.#root, path);
    return this.#at(value === undefined ? "V010" : code, path, show(value), allowed, hint);
  }

  #at(
    code: Code,
    path: readonly PropertyKey[],
    found: string,
    allowed: string,
    hint?: string,
  ): Diagnostic {
    const place = path.map((key, i) =>
      typeof key === "number" ? `[${key}]` : i === 0 ? String(key) : `.${String(key)}`
    ).join("");
    const where = place === "" ? this.#label : `${this.#label}: ${place}`;
    const diagnostic = { code, path: where, found, expected: allowed };
    return hint === undefined ? diagnostic : { ...diagnostic, hint };
  }
}

/** Code of a text that breaks its rule: that of texts, of names, or another one. */
function codeOf(rule: string): Code {
  if (rule === TEXT_RULE) return "V015";
  return rule.startsWith("a name") ? "V014" : "V013";
}

function didYouMean(name: string | undefined): string | undefined {
  return name === undefined ? undefined : `did you mean "${name}"?`;
}

/** The form of a union that the value misses by fewest issues, when it has that kind and is the only one. */
function nearestForm(forms: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fitting = forms.filter((issues) =>
    issues.length > 0 &&
    issues.every((issue) => issue.path.length > 0 || issue.code === "unrecognized_keys")
  );
  const least = Math.min(...fitting.map((issues) => issues.length));
  const nearestOnes = fitting.filter((issues) => issues.length === least);
  return nearestOnes.length === 1 ? nearestOnes[0] : undefined;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    root,
  );
}

/** A value as a person reads it: source text of simple ones, the kind of others. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "nothing";
    case "string": {
      const text = JSON.stringify(value).replace(/[\u007f-\uffff]/g, escapeInvisible);
      return text.length > 80 ? `${text.slice(0, 77)}…"` : text;
    }
    case "number":
    case "boolean":
      return String(value);
    case "bigint":
      return `${value}n`;
    case "object":
      return value === null ? "null" : Array.isArray(value) ? showList(value) : showObject(value);
    default:
      return `a ${typeof value}`;
  }
}

/** Characters that cannot be seen, by their numbers. */
function escapeInvisible(character: string): string {
  return /[\p{C}\p{Z}]/u.test(character)
    ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
    : character;
}

function showList(value: readonly unknown[]): string {
  return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
}

function showObject(value: object): string {
  const keys = Object.keys(value);
  return keys.length === 0 ? "an empty object" : `an object with ${keys.join(", ")}`;
}
