/**
 * Fields as `virtio.json` has them: types as text, everything else as data.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { Alternatives, ArmModel, FieldModel, ModuleModel } from "../model.ts";

/**
 * When something exists: any of these features, by their full names; an inner list stands for all
 * of its features together. Empty: always.
 */
export type JsonGate = readonly (string | readonly string[])[];

/**
 * How long something is, in elements (bytes where the elements are bytes): all that the part has
 * left; the value of a field times `times` plus `plus`; as many bytes as a field says plus `plus`;
 * what a configuration field says plus `plus`; or what only another message tells. A path names a
 * field of the same part, of the request where an answer lacks it, or of the struct around; it
 * sees through inline structs, and in a union goes on in the arm that is there.
 */
export type JsonLength =
  | "rest"
  | { readonly field: readonly string[]; readonly times: number; readonly plus: number }
  | { readonly bytes: readonly string[]; readonly plus: number }
  | { readonly config: string; readonly plus: number }
  | { readonly given: string };

/** One bit-field of a word: `word >> shift & (1 << width) - 1`. */
export interface JsonBits {
  readonly name: string;
  readonly shift: number;
  readonly width: number;
  readonly enum?: string;
  readonly reserved?: true | "zero";
  readonly doc?: string;
}

/** One arm of a union or sequence: a struct, or fields of its own. */
export interface JsonArm {
  readonly name: string;
  readonly tags: readonly number[];
  /** The tag of the standard's text, where another is deployed. */
  readonly strictTag?: number;
  readonly struct?: string;
  readonly fields?: readonly JsonField[];
}

/** A field. */
export interface JsonField {
  /** Name in the standard. */
  readonly name: string;
  /** Name to use where several fields of a message have the same. */
  readonly property?: string;
  /** Bytes from the start of the struct or part; null when that depends on what stands before. */
  readonly offset: number | null;
  /** Bytes; null when variable. */
  readonly size: number | null;
  /**
   * `"le32"`, `"u8"`, `"be16"`, `"session64"` (in the order that the session settled on); `"u8[6]"`,
   * `"le16[4]"`, `"struct NAME"`, `"struct NAME[4]"`, `"u8[6][]"` (elements of six bytes); `"rest"`:
   * the bytes that are left; `"u8[]"` and the like: see `length`; `"union"`; `"sequence"`.
   */
  readonly type: string;
  readonly when: JsonGate;
  /** Does not exist with these features. */
  readonly unless?: JsonGate;
  /** Over a legacy interface it exists only with these features. */
  readonly legacyWhen?: JsonGate;
  /** Bytes from the END of the part to the field, for those behind one that takes the rest. */
  readonly fromEnd?: number;
  /** Not in the standard's text, only in what is deployed. */
  readonly strict?: false;
  /** The field that it stands before by the text; offsets are those of what is deployed. */
  readonly strictBefore?: string;
  readonly length?: JsonLength;
  readonly bits?: readonly JsonBits[];
  /** The enumeration of its values. */
  readonly enum?: string;
  /** Bit n stands for the value n + `from` of an enumeration. */
  readonly bitsOf?: { readonly enum: string; readonly from: number };
  /** Always this. */
  readonly value?: number;
  /** Sent as zero; `true`: ignored by the receiver, `"zero"`: anything else is refused. */
  readonly reserved?: true | "zero";
  /** Repeats this field of the request. */
  readonly echoes?: string;
  readonly min?: number;
  readonly max?: number | { readonly config: string };
  readonly oneOf?: readonly number[];
  readonly multipleOf?: number;
  readonly powerOfTwo?: true;
  /** Form of a text: padded with NULs, terminated by one, a list of such, or UTF-8 to the end. */
  readonly text?: "padded" | "terminated" | "list" | "utf8";
  /** Whose format the bytes have, when not this standard's. */
  readonly external?: string;
  /** The struct's fields count as the parent's own. */
  readonly inline?: true;
  /** Bytes from one element to the next. */
  readonly stride?: readonly string[];
  /** The field that selects an arm; or what outside the message does. */
  readonly by?: readonly string[] | { readonly state: string };
  readonly arms?: readonly JsonArm[];
  /** A value without an arm: refused, or its bytes kept. */
  readonly otherwise?: "refuse" | "raw";
  /** Of a sequence: the struct each element starts with, and how large its body is. */
  readonly header?: string;
  readonly body?: { readonly field: string; readonly includes: number } | "fixed";
  readonly end?: number;
  readonly align?: number;
  /** Elements in whose header this field is not zero are passed over. */
  readonly zero?: string;
  /** The driver may write it. */
  readonly driverWrites?: true;
  readonly doc?: string;
}

/** Fields of one module, whose gates and tags it resolves. */
export class JsonFields {
  readonly #features: ReadonlyMap<string, string>;
  readonly #constants: ReadonlyMap<string, number>;

  /** `core` has the features of all devices. */
  constructor(module: ModuleModel, core: ModuleModel | undefined) {
    const features = [...(core?.features ?? []), ...module.features];
    this.#features = new Map(features.map(({ key, name }) => [key, name]));
    const members = module.enums.flatMap((one) => one.members);
    this.#constants = new Map(
      [...members, ...module.constants].map(({ name, value }) => [name, value]),
    );
  }

  /** A gate with full names. */
  gate(alternatives: Alternatives): JsonGate {
    return alternatives.map((all) => {
      const names = all.map((key) => this.#features.get(key) ?? key);
      return names.length === 1 ? names[0]! : names;
    });
  }

  /** A gate as descriptions write it. */
  gateOf(gate: dsl.Gate | undefined): JsonGate {
    if (gate === undefined) return [];
    const list = typeof gate === "string" ? [gate] : gate;
    return this.gate(list.map((one) => typeof one === "string" ? [one] : one));
  }

  /** Fields in the order of the wire. */
  fields(models: readonly FieldModel[]): JsonField[] {
    return models.map((model) => this.field(model));
  }

  /** One field. */
  field(model: FieldModel): JsonField {
    const { field } = model;
    return {
      name: model.name,
      offset: model.offset,
      size: model.size,
      type: typeText(field),
      when: this.gate(model.when),
      ...(model.unless.length > 0 ? { unless: this.gate(model.unless) } : {}),
      ...(model.legacyWhen.length > 0 ? { legacyWhen: this.gate(model.legacyWhen) } : {}),
      ...(model.offsetFromEnd === null ? {} : { fromEnd: model.offsetFromEnd }),
      ...(field.strict === undefined ? {} : { strict: field.strict }),
      ...lengthPart(field),
      ...this.#kind(model),
      ...("driverWrites" in field && field.driverWrites !== undefined
        ? { driverWrites: true as const }
        : {}),
      ...(model.doc === "" ? {} : { doc: model.doc }),
    };
  }

  #kind(model: FieldModel): Partial<JsonField> {
    const { field } = model;
    switch (field.kind) {
      case "scalar":
        return scalarPart(field);
      case "bits":
        return { bits: bitsPart(field) };
      case "bytes":
        return pick(field, ["text", "reserved", "external", "strictBefore"]);
      case "payload":
        return pick(field, ["external"]);
      case "array":
        return {
          ...pick(field, ["enum", "max"]),
          ...(field.stride === undefined ? {} : { stride: pathOf(field.stride.field) }),
        };
      case "struct":
        return pick(field, ["inline"]);
      case "union":
        return {
          by: typeof field.by === "object" && "state" in field.by ? field.by : pathOf(field.by),
          otherwise: field.otherwise ?? "refuse",
          arms: this.#arms(model.arms),
        };
      case "sequence":
        return this.#sequence(field, model.arms);
    }
  }

  #sequence(field: dsl.Sequence, arms: readonly ArmModel[]): Partial<JsonField> {
    const { size, end } = field;
    const last = typeof end === "string" ? this.#constants.get(end) : end;
    return {
      header: field.header,
      by: [field.by],
      body: size === "fixed" ? size : { field: size.field, includes: size.includes ?? 0 },
      otherwise: field.otherwise ?? "refuse",
      ...(last === undefined ? {} : { end: last }),
      ...pick(field, ["align", "zero"]),
      arms: this.#arms(arms),
    };
  }

  #arms(arms: readonly ArmModel[]): JsonArm[] {
    return arms.map(({ name, tags, strictTag, struct, fields }) => ({
      name,
      tags,
      ...(strictTag === null ? {} : { strictTag }),
      ...(struct === null ? { fields: this.fields(fields) } : { struct: struct.name }),
    }));
  }
}

function typeText(field: FieldModel["field"]): string {
  switch (field.kind) {
    case "scalar":
    case "bits":
      return field.type;
    case "bytes":
    case "payload":
      return field.length === "rest" ? "rest" : `u8${countText(field.length)}`;
    case "array":
      return elementText(field.of) + countText(field.length);
    case "struct":
      return `struct ${field.struct}`;
    case "union":
    case "sequence":
      return field.kind;
  }
}

function elementText(of: dsl.ArrayField["of"]): string {
  if (typeof of === "string") return of;
  return "struct" in of ? `struct ${of.struct}` : `u8[${of.bytes}]`;
}

function countText(length: dsl.Length): string {
  return typeof length === "number" ? `[${length}]` : "[]";
}

function lengthPart(field: FieldModel["field"]): { readonly length?: JsonLength } {
  const length = field.kind === "sequence"
    ? field.length ?? "rest"
    : "length" in field
    ? field.length
    : undefined;
  if (length === undefined || typeof length === "number") return {};
  if (length === "rest") return { length };
  if ("given" in length) return { length };
  const plus = length.plus ?? 0;
  if ("config" in length) return { length: { config: length.config, plus } };
  if ("bytes" in length) return { length: { bytes: pathOf(length.bytes), plus } };
  return { length: { field: pathOf(length.field), times: length.times ?? 1, plus } };
}

function scalarPart(field: dsl.Scalar): Partial<JsonField> {
  const { bitsOf } = field;
  return {
    ...pick(field, ["property", "enum", "value", "reserved", "echoes"]),
    ...pick(field, ["min", "max", "oneOf", "multipleOf", "powerOfTwo"]),
    ...(bitsOf === undefined
      ? {}
      : { bitsOf: typeof bitsOf === "string" ? { enum: bitsOf, from: 0 } : bitsOf }),
  };
}

function bitsPart(field: dsl.Bits): JsonBits[] {
  let shift = 0;
  return Object.entries(field.fields).map(([name, bit]) => {
    const one = {
      name,
      shift,
      width: bit.width,
      ...pick(bit, ["enum", "reserved", "doc"]),
    };
    shift += bit.width;
    return one;
  });
}

function pathOf(path: dsl.Path): readonly string[] {
  return typeof path === "string" ? [path] : path;
}

/** Those of the named properties that are there. */
function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  const present = keys.filter((key) => from[key] !== undefined);
  return Object.fromEntries(present.map((key) => [key, from[key]])) as Pick<T, K>;
}
