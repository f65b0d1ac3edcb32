/**
 * The fields of one layout as each other's context: which names lengths and selectors refer to,
 * which values follow from others, and what has to come from outside.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { FieldModel, StructModel } from "../model.ts";
import { className, localName, propertyName } from "../names.ts";
import { scalarSize } from "./scalars.ts";
import type { Scope } from "./scope.ts";
import { isGated } from "./shape.ts";

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
export type Outer = (path: readonly string[]) => Reference | null;

/** What a part of a message adds to its fields. */
export interface Context {
  /** Constants of its tag fields. */
  readonly tags?: ReadonlyMap<string, string>;
  /** Where names come from that it does not have. */
  readonly outer?: Outer;
  /** Structs whose fields stand in for them. */
  readonly inlined?: ReadonlySet<string>;
}

/** The fields of a struct or of a part of a message. */
export class Siblings {
  /** Fields with those of inlined structs in their place. */
  readonly flat: readonly FieldModel[];
  /** Names that must come from outside, in order of need; parameters of the functions. */
  readonly externs: string[] = [];
  readonly #scope: Scope;
  readonly #owner: string;
  readonly #tags: ReadonlyMap<string, string>;
  readonly #outer: Outer | null;
  readonly #inlined: ReadonlySet<string>;
  readonly #roots = new Map<FieldModel, FieldModel>();

  constructor(scope: Scope, owner: string, fields: readonly FieldModel[], context: Context = {}) {
    this.#scope = scope;
    this.#owner = owner;
    this.#tags = context.tags ?? new Map();
    this.#outer = context.outer ?? null;
    this.#inlined = context.inlined ?? new Set();
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
        const gates = isGated(each) ? { when: each.when, unless: each.unless } : {};
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
        return plus === 0 ? bytes : `${bytes} - ${plus}`;
      }
      if (model.field.kind === "union" && hasOneTagEach(model)) {
        const path = pathOf(model.field.by);
        if (path.length === 1 && this.#find(path[0]!, model) === field) {
          const tags = `${constantOf(this.unionType(model))}_TAGS`;
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
    return path.length === 1 && this.#find(path[0]!, by) === field;
  }

  /** A field by its name, or by that of one of its bit-fields; the one of the same struct as `by` first. */
  #find(name: string, by?: FieldModel): FieldModel | undefined {
    const found = this.flat.filter((each) => each.name === name || hasBit(each, name));
    return found.find((each) => by !== undefined && ownerOf(each.path) === ownerOf(by.path)) ??
      found[0];
  }

  #lengthText(model: FieldModel): string {
    if (model.field.kind === "payload") return `lengths.${propertyName(model.name)}`;
    const value = `value.${propertyName(model.name)}`;
    const text = model.field.kind === "bytes" && model.field.text !== undefined;
    if (text) return `utf8Length(${value})`;
    return isGated(model) ? `(${value}?.length ?? 0)` : `${value}.length`;
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
    const selector = this.flat.findIndex((each) => each.name === first || hasBit(each, first));
    return selector > this.flat.indexOf(model);
  }

  /** Unions whose selector stands behind them and is this field. */
  lateUnions(name: string): FieldModel[] {
    return this.flat.filter((each) =>
      each.field.kind === "union" && pathOf(each.field.by)[0] === name && this.isLate(each)
    );
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
    const model = this.#find(first, by);
    if (model === undefined) {
      const inlined = rest.length > 0 && this.flat.some((each) => each.name === rest[0]);
      return inlined ? this.reference(rest, by) : this.#extern(path);
    }
    const property = keyOf(model, first);
    if (rest.length === 0) {
      return {
        decode: localName(property),
        encode: this.derivedText(model) ?? `value.${property}${isGated(model) ? " ?? 0" : ""}`,
      };
    }
    const last = rest.map((name) => propertyName(name));
    if (this.#passesUnion(model, rest)) {
      const shape = last.reduceRight((inner, key) => `{ readonly ${key}?: ${inner} }`, "number");
      const tail = `${last.map((key, at) => `${at === 0 ? "." : "?."}${key}`).join("")} ?? 0`;
      return {
        decode: `((${localName(property)} as unknown as ${shape})${tail})`,
        encode: `((value.${property} as unknown as ${shape})${tail})`,
      };
    }
    return {
      decode: `${localName(property)}.${last.join(".")}`,
      encode: `value.${property}.${last.join(".")}`,
    };
  }

  /** Whether a path goes through a union, whose arm may lack what it names. */
  #passesUnion(model: FieldModel, rest: readonly string[]): boolean {
    if (model.field.kind === "union") return true;
    if (model.field.kind !== "struct" || rest.length === 0) return false;
    const inner = new Siblings(
      this.#scope,
      this.#owner,
      this.#scope.struct(model.field.struct).fields,
    );
    const next = inner.#find(rest[0]!);
    return next !== undefined && inner.#passesUnion(next, rest.slice(1));
  }

  #extern(path: readonly string[]): Reference {
    const outer = this.#outer?.(path) ?? null;
    if (outer !== null) return outer;
    const key = path.join(".");
    if (!this.externs.includes(key)) this.externs.push(key);
    const name = externName(key);
    return { decode: name, encode: name };
  }

  /** Bytes of the fixed fields behind this one. */
  bytesAfter(model: FieldModel): number {
    return this.flat.slice(this.flat.indexOf(model) + 1).reduce(
      (sum, each) => sum + (each.size ?? 0),
      0,
    );
  }

  /** How long a field is. */
  length(model: FieldModel, length: dsl.Length): LengthText {
    if (typeof length === "number") return { count: String(length), encoded: String(length) };
    if (length === "rest") {
      const after = this.bytesAfter(model);
      return { count: after === 0 ? "d.remaining" : `d.remaining - ${after}`, encoded: null };
    }
    if ("config" in length) {
      this.#scope.sizes.add(length.config);
      const count = plusText(`s.${propertyName(length.config)}`, length.plus);
      return { count, encoded: count };
    }
    if ("given" in length) {
      const { decode, encode } = this.#extern([length.given]);
      return { count: decode, encoded: encode };
    }
    if ("bytes" in length) return this.#byteLength(model, length);
    const { decode, encode } = this.reference(pathOf(length.field), model);
    const times = length.times ?? 1;
    const scaled = (text: string) =>
      plusText(times === 1 ? text : `${text} * ${times}`, length.plus);
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
      size === 1 ? plusText(text, length.plus) : `(${plusText(text, length.plus)}) / ${size}`;
    const derived = path.length === 1 && this.#derivesFrom(path[0]!, model);
    return { count: scaled(decode), encoded: derived ? null : scaled(encode) };
  }

  /** Whether the length field's value is taken from this very field: the first that it sizes. */
  #derivesFrom(name: string, model: FieldModel): boolean {
    const field = this.#find(name, model);
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
  }
  return siblings.externs;
}

/** Name of the parameter for something that comes from outside. */
export function externName(path: string): string {
  const last = path.split(".").at(-1) ?? path;
  return localName(propertyName(last.replace(/[^A-Za-z0-9_]+/g, " ")));
}

/** Property of a field; the name of one of its bit-fields stays. */
export function keyOf(model: FieldModel, name: string = model.name): string {
  const given = model.field.kind === "scalar" ? model.field.property : undefined;
  return given ?? propertyName(name);
}

/** The parts of a path; none for state outside the message. */
export function pathOf(path: dsl.Path | { readonly state: string }): readonly string[] {
  if (typeof path === "string") return [path];
  return "state" in path ? [] : path;
}

/** `VirtioNetX` → `VIRTIO_NET_X`. */
export function constantOf(type: string): string {
  return type.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
}

/** The length of a field that has one. */
export function lengthOf(field: FieldModel["field"]): dsl.Length | null {
  switch (field.kind) {
    case "bytes":
    case "payload":
    case "array":
      return field.length;
    case "sequence":
      return field.length ?? "rest";
    default:
      return null;
  }
}

function hasTag(scope: Scope, name: string): boolean {
  return scope.struct(name).fields.some(({ field }) =>
    field.kind === "scalar" && field.tag === true
  );
}

function hasBit(model: FieldModel, name: string | undefined): boolean {
  return model.field.kind === "bits" && name !== undefined && name in model.field.fields;
}

function hasOneTagEach(model: FieldModel): boolean {
  return model.arms.every((arm) => arm.tags.length === 1);
}

function elementSize(scope: Scope, field: FieldModel["field"]): number | null {
  if (field.kind === "bytes" || field.kind === "payload") return 1;
  if (field.kind !== "array") return null;
  if (typeof field.of === "string") return scalarSize(field.of);
  return "bytes" in field.of ? field.of.bytes : scope.struct(field.of.struct).size;
}

function inverse(count: string, times: number, plus: number): string {
  const less = plus === 0 ? count : plus > 0 ? `${count} - ${plus}` : `${count} + ${-plus}`;
  return times === 1 ? less : `(${less}) / ${times}`;
}

function plusText(text: string, plus = 0): string {
  if (plus === 0) return text;
  return plus > 0 ? `${text} + ${plus}` : `${text} - ${-plus}`;
}

/** The struct that a field is described in; null for one of a message or of the configuration. */
export function ownerOf(path: string): string | null {
  const match = /structs\.([^.]+)\./.exec(path);
  return match === null ? null : className(match[1]!);
}
