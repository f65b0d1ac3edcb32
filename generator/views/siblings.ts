/**
 * The fields of one layout as each other's context: which names lengths and selectors refer to,
 * which values follow from others, and what has to come from outside.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { FieldModel, StructModel } from "../model.ts";
import { className, localName, propertyName } from "../names.ts";
import type { Bounded } from "./field.ts";
import { constantOf, externName, hasBitField, keyOf, lengthOf, ownerOf, pathOf } from "./paths.ts";
import { scalarText } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isGated } from "./shape.ts";
import { behindText, elementSize } from "./sizes.ts";
import { operandText, shiftedText } from "./text.ts";

/** Text for a value that a reader or a writer refers to. */
export interface Reference {
  /** In a function that reads: locals. */
  readonly decode: string;
  /** In a function that writes: properties of `value`. */
  readonly encode: string;
}

/** Text for a number of elements (bytes, for bytes). */
export interface LengthText {
  /** As a reader computes it. */
  readonly count: string;
  /** What a writer must be given, null when the length follows from what it is given. */
  readonly encoded: string | null;
}

/** How to name something that is declared outside: null where it can't be. */
export type Outer = (path: readonly string[]) => (Reference & { readonly raw: string }) | null;

/** What a part of a message adds to its fields. */
export interface Context {
  /** Constants of its tag fields. */
  readonly tags?: ReadonlyMap<string, string>;
  /** Where names come from that it does not have. */
  readonly outer?: Outer;
  /** Structs whose fields stand in for them. */
  readonly inlined?: ReadonlySet<string>;
  /** What is only known from another message: all that is left, or what a reader is told. */
  readonly given?: "rest" | "told";
  /** It is for the device to write, which sends nothing out of bounds. */
  readonly answers?: boolean;
}

/** The fields of a struct or of a part of a message. */
export class Siblings {
  /** Fields with those of inlined structs in their place. */
  readonly flat: readonly FieldModel[];
  /** Names that must come from outside, in order of need; parameters of the functions. */
  readonly externs: string[] = [];
  /** Where bounds count. */
  readonly bounds: Bounded;
  readonly #scope: Scope;
  readonly #owner: string;
  readonly #tags: ReadonlyMap<string, string>;
  readonly #outer: Outer | null;
  readonly #inlined: ReadonlySet<string>;
  readonly #given: "rest" | "told" | "passed";
  readonly #roots = new Map<FieldModel, FieldModel>();

  constructor(scope: Scope, owner: string, fields: readonly FieldModel[], context: Context = {}) {
    this.#scope = scope;
    this.#owner = owner;
    this.#tags = context.tags ?? new Map();
    this.#outer = context.outer ?? null;
    this.#inlined = context.inlined ?? new Set();
    this.#given = context.given ?? "passed";
    this.bounds = context.answers === true ? "both" : "read";
    this.flat = this.#flatten(fields);
  }

  /**
   * Whether the fields of a struct stand in for it: where the description says so, and where it
   * holds what a message is told apart by, its tag or status.
   */
  inlines(model: FieldModel): boolean {
    const { field } = model;
    if (field.kind !== "struct") return false;
    return field.inline === true || this.#inlined.has(model.name) ||
      (this.#tags.size > 0 && hasTag(this.#scope, field.struct));
  }

  /** The described field that a flat one comes from: itself, or the inlined struct around it. */
  rootOf(model: FieldModel): FieldModel {
    return this.#roots.get(model) ?? model;
  }

  /** Fields with those of inlined structs in their place, where they are and as gated as those. */
  #flatten(fields: readonly FieldModel[]): FieldModel[] {
    return fields.flatMap((each) => {
      if (!this.inlines(each)) return [each];
      const { fields: inner } = this.#scope.struct((each.field as dsl.StructField).struct);
      return this.#flatten(inner).map((model) => {
        const offset = each.offset === null || model.offset === null
          ? null
          : each.offset + model.offset;
        const { when, unless, legacyWhen } = each;
        const gates = isGated(each) ? { when, unless, legacyWhen } : {};
        const placed = { ...model, offset, ...gates };
        this.#roots.set(placed, each);
        return placed;
      });
    });
  }

  /** The constant that a tag field has here. */
  tagText(name: string): string {
    return this.#tags.get(name) ?? "0";
  }

  /** A field of the request, in its answer; null where there is no request. */
  requestText(name: string): string | null {
    return this.#outer?.([name])?.raw ?? null;
  }

  /** A field as it is in `value`. */
  rawText(name: string): string {
    const model = this.find(name);
    return `value.${model === undefined ? propertyName(name) : keyOf(model, name)}`;
  }

  /** The value of a field that follows from others, null for a field with a value of its own. */
  derivedText(field: FieldModel): string | null {
    for (const model of this.flat) {
      const length = lengthOf(model.field);
      if (length !== null && this.#names(length, "field", field, model)) {
        const { times = 1, plus = 0 } = length as { times?: number; plus?: number };
        return inverse(this.#lengthText(model), times, plus);
      }
      if (length !== null && this.#names(length, "bytes", field, model)) {
        const size = elementSize(this.#scope, model.field);
        if (size === null) continue;
        const { plus = 0 } = length as { plus?: number };
        const bytes = size === 1 ? this.#lengthText(model) : `${this.#lengthText(model)} * ${size}`;
        return shiftedText(bytes, -plus);
      }
      if (model.field.kind === "union" && hasOneTagEach(model)) {
        const path = pathOf(model.field.by);
        if (path.length === 1 && this.find(path[0]!, model) === field) {
          const tags = tagsText(this.unionType(model), model);
          return `${tags}[value.${propertyName(model.name)}.kind]`;
        }
      }
    }
    return null;
  }

  /** Whether a length is told by this very field. */
  #names(length: dsl.Length, kind: "field" | "bytes", field: FieldModel, by: FieldModel): boolean {
    if (typeof length !== "object" || !(kind in length)) return false;
    const path = pathOf((length as Record<string, dsl.Path>)[kind]!);
    return path.length === 1 && this.find(path[0]!, by) === field;
  }

  /** A field by its name, or by that of one of its bit-fields; the one of the same struct as `by` first. */
  find(name: string, by?: FieldModel): FieldModel | undefined {
    const found = this.flat.filter((each) => each.name === name || hasBitField(each, name));
    return found.find((each) => by !== undefined && ownerOf(each.path) === ownerOf(by.path)) ??
      found[0];
  }

  /** The field that one stands before by the text, where that is another place. */
  placeByText(model: FieldModel): FieldModel | undefined {
    const { field } = model;
    if (field.kind !== "bytes" || field.strictBefore === undefined) return undefined;
    return this.find(field.strictBefore, model);
  }

  #lengthText(model: FieldModel): string {
    if (model.field.kind === "payload") return `lengths.${propertyName(model.name)}`;
    const value = `value.${propertyName(model.name)}`;
    const text = model.field.kind === "bytes" && model.field.text !== undefined;
    if (text) return `utf8Length(${value})`;
    return isGated(model) ? `(${value}?.length ?? 0)` : `${value}.length`;
  }

  /** Whether a number of the same fields follows from the length of this one. */
  tellsLength({ field, name }: FieldModel): boolean {
    const length = lengthOf(field);
    if (length === null || typeof length !== "object") return false;
    const path = "field" in length
      ? pathOf(length.field)
      : "bytes" in length
      ? pathOf(length.bytes)
      : [];
    const model = this.flat.find((each) => each.name === name);
    return path.length === 1 && model !== undefined && this.#derivesFrom(path[0]!, model);
  }

  /** Whether a field has no property: its value is constant, or follows from others. */
  isHidden(model: FieldModel): boolean {
    const { field } = model;
    if (field.kind !== "scalar") return false;
    return field.tag === true || field.reserved !== undefined || field.value !== undefined ||
      field.echoes !== undefined || this.derivedText(model) !== null;
  }

  /** Type of a union or of a sequence's element: owner and field. */
  unionType(model: FieldModel): string {
    const owner = ownerOf(model.path) ?? this.#owner;
    return owner + className(model.name) + (model.field.kind === "sequence" ? "Entry" : "");
  }

  /** Whether the selector of a union stands behind it. */
  isLate(model: FieldModel): boolean {
    if (model.field.kind !== "union") return false;
    const [first] = pathOf(model.field.by);
    const selector = this.flat.findIndex((each) => each.name === first || hasBitField(each, first));
    return selector > this.flat.indexOf(model);
  }

  /** The selector of a union, as a reader names it. */
  selectorText(model: FieldModel): string {
    return this.reference(pathOf((model.field as dsl.Union).by), model).decode;
  }

  /** Arguments for what the arms of a union need from here. */
  outerOf(model: FieldModel): Reference {
    return this.#arguments(armExterns(this.#scope, this.unionType(model), model));
  }

  /** Arguments for what a struct needs from here. */
  outerText(struct: StructModel): Reference {
    return this.#arguments(structExterns(this.#scope, struct));
  }

  #arguments(paths: readonly string[]): Reference {
    const references = paths.map((path) => this.reference(path.split(".")));
    return {
      decode: references.map(({ decode }) => `, ${decode}`).join(""),
      encode: references.map(({ encode }) => `, ${encode}`).join(""),
    };
  }

  /** A value named by a path, from the same struct as the field that names it where there are several. */
  reference(path: readonly string[], by?: FieldModel): Reference {
    const [first = "", ...rest] = path;
    const model = this.find(first, by);
    if (model === undefined) {
      const inlined = rest.length > 0 && this.flat.some((each) => each.name === rest[0]);
      return inlined ? this.reference(rest, by) : this.#extern(path);
    }
    const property = keyOf(model, first);
    if (rest.length === 0) {
      const local = localName(property);
      return {
        decode: numberText(model, this.isHidden(model) ? local : givenText(model, local)),
        encode: this.derivedText(model) ?? numberText(model, givenText(model, `value.${property}`)),
      };
    }
    return {
      decode: this.#stepsText(localName(property), model, rest),
      encode: this.#stepsText(`value.${property}`, model, rest),
    };
  }

  /** A path from a value on; 0 where an arm lacks what it names. */
  #stepsText(from: string, model: FieldModel, rest: readonly string[]): string {
    const tests: string[] = [];
    let text = from;
    let at = [model];
    for (const name of rest) {
      const key = propertyName(name);
      if (at.length > 1 || at[0]?.field.kind === "union") tests.push(`"${key}" in ${text}`);
      text = `${text}.${key}`;
      at = at.flatMap((each) => this.#stepInto(each, name));
    }
    return tests.length === 0 ? text : `(${tests.join(" && ")} ? ${text} : 0)`;
  }

  /** The field of that name in a struct, or in each arm of a union that has one. */
  #stepInto(model: FieldModel, name: string): FieldModel[] {
    const { field } = model;
    const lists = field.kind === "struct"
      ? [this.#scope.struct(field.struct).fields]
      : model.arms.map((arm) => arm.fields);
    return lists.flatMap((fields) =>
      new Siblings(this.#scope, this.#owner, fields).find(name) ?? []
    );
  }

  #extern(path: readonly string[]): Reference {
    const outer = this.#outer?.(path) ?? null;
    if (outer !== null) return outer;
    const key = path.join(".");
    if (!this.externs.includes(key)) this.externs.push(key);
    const name = externName(key);
    return { decode: name, encode: name };
  }

  /** How long a field is. */
  length(model: FieldModel, length: dsl.Length): LengthText {
    if (typeof length === "number") return { count: String(length), encoded: String(length) };
    if (length === "rest") {
      const behind = behindText(this.#scope, this, model);
      return {
        count: behind === "0" ? "d.remaining" : `d.remaining - ${operandText(behind)}`,
        encoded: null,
      };
    }
    if ("config" in length) {
      const count = shiftedText(this.#scope.sessionField(length.config), length.plus);
      return { count, encoded: count };
    }
    if ("given" in length) {
      if (this.#given === "rest") return this.length(model, "rest");
      const { decode, encode } = this.#extern([length.given]);
      return { count: decode, encoded: this.#given === "told" ? null : encode };
    }
    if ("bytes" in length) return this.#byteLength(model, length);
    const { decode, encode } = this.reference(pathOf(length.field), model);
    const times = length.times ?? 1;
    const scaled = (text: string) =>
      shiftedText(times === 1 ? text : `${text} * ${times}`, length.plus);
    const derived = pathOf(length.field).length === 1 &&
      this.#derivesFrom(pathOf(length.field)[0]!, model);
    return { count: scaled(decode), encoded: derived ? null : scaled(encode) };
  }

  #byteLength(
    model: FieldModel,
    length: { readonly bytes: dsl.Path; readonly plus?: number },
  ): LengthText {
    const path = pathOf(length.bytes);
    const { decode, encode } = this.reference(path, model);
    const size = elementSize(this.#scope, model.field) ?? 1;
    const scaled = (text: string) =>
      size === 1 ? shiftedText(text, length.plus) : `(${shiftedText(text, length.plus)}) / ${size}`;
    const derived = path.length === 1 && this.#derivesFrom(path[0]!, model);
    return { count: scaled(decode), encoded: derived ? null : scaled(encode) };
  }

  /** Whether the length field's value is taken from this very field: the first that it sizes. */
  #derivesFrom(name: string, model: FieldModel): boolean {
    const field = this.find(name, model);
    if (field === undefined) return false;
    const first = this.flat.find((each) => {
      const length = lengthOf(each.field);
      return length !== null &&
        (this.#names(length, "field", field, each) || this.#names(length, "bytes", field, each));
    });
    return first === model;
  }
}

/** What the functions of a struct need from outside, as dotted paths. */
export function structExterns(scope: Scope, struct: StructModel): readonly string[] {
  return externsOf(scope, className(struct.name), struct.fields);
}

/** What the functions of a union need from outside, over all its arms. */
export function armExterns(scope: Scope, owner: string, model: FieldModel): readonly string[] {
  const all = model.arms.flatMap((arm) => externsOf(scope, owner, arm.fields));
  return [...new Set(all)];
}

function externsOf(scope: Scope, owner: string, fields: readonly FieldModel[]): readonly string[] {
  const siblings = new Siblings(scope, owner, fields);
  for (const model of siblings.flat) {
    const { field } = model;
    const length = lengthOf(field);
    if (length !== null) siblings.length(model, length);
    if (field.kind === "union") {
      if (pathOf(field.by).length > 0) siblings.selectorText(model);
      siblings.outerOf(model);
    }
    if (field.kind === "struct") siblings.outerText(scope.struct(field.struct));
    if (field.kind === "array" && typeof field.of === "object" && "struct" in field.of) {
      siblings.outerText(scope.struct(field.of.struct));
    }
    if (field.kind === "array" && field.stride !== undefined) {
      siblings.reference(pathOf(field.stride.field), model);
    }
  }
  return siblings.externs;
}

function hasTag(scope: Scope, name: string): boolean {
  return scope.struct(name).fields.some(({ field }) =>
    field.kind === "scalar" && field.tag === true
  );
}

function hasOneTagEach(model: FieldModel): boolean {
  return model.arms.every((arm) => arm.tags.length === 1);
}

/** The tags of a union's arms by name, those of the text where they are to be taken. */
function tagsText(type: string, { arms }: FieldModel): string {
  const name = constantOf(type);
  const differs = arms.some(({ strictTag }) => strictTag !== null);
  return differs ? `(s.strict ? ${name}_STRICT_TAGS : ${name}_TAGS)` : `${name}_TAGS`;
}

function inverse(count: string, times: number, plus: number): string {
  const less = plus === 0 ? count : plus > 0 ? `${count} - ${plus}` : `${count} + ${-plus}`;
  return times === 1 ? less : `(${less}) / ${times}`;
}

/** What may be absent, as a number. */
function givenText(model: FieldModel, text: string): string {
  return isGated(model) ? `(${text} ?? 0)` : text;
}

/** A number, also where the field is a bigint. */
function numberText({ field }: FieldModel, text: string): string {
  const wide = field.kind === "scalar" && scalarText(field.type, field.as).type === "bigint";
  return wide ? `Number(${text})` : text;
}
