/**
 * A decoder that knows nothing but `virtio.json`: what someone could write in any language.
 *
 * @module
 */

import type {
  JsonArm,
  JsonCase,
  JsonField,
  JsonGate,
  JsonLength,
  JsonModel,
  JsonPart,
} from "./views/json_types.ts";

/** A decoded value: numbers are bigints, bytes are bytes, structs are records. */
export type Decoded =
  | bigint
  | string
  | Uint8Array
  | readonly Decoded[]
  | { readonly [name: string]: Decoded };

/** What a reader knows beside the bytes. */
export interface Session {
  /** Negotiated features (offered ones for a configuration space), by their full names. */
  readonly features: ReadonlySet<string>;
  /** Values of the configuration. */
  readonly config: Readonly<Record<string, bigint>>;
  /** Order of the scalars that have that of the session; little-endian when absent. */
  readonly order?: "big";
  /** Over a legacy interface. */
  readonly legacy?: boolean;
  /** Layouts are those of the standard's text where deployed ones differ. */
  readonly strict?: true;
  /** Lengths that other messages tell, by the model's words for them. */
  readonly given?: Readonly<Record<string, number>>;
}

/** The bytes are not a message of this layout. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

/** Fields that were read, by name, and the fields around them. */
class Frame {
  readonly values = new Map<string, Decoded>();
  readonly outer: Frame | null;

  constructor(outer: Frame | null) {
    this.outer = outer;
  }

  /** The number at a path, in this frame or one around it. */
  number(path: readonly string[]): bigint {
    const [first = "", ...rest] = path;
    let value = this.values.get(first);
    if (value === undefined) {
      if (this.outer === null) throw new Malformed(`nothing was read of ${path.join(".")}`);
      return this.outer.number(path);
    }
    for (const name of rest) {
      if (typeof value !== "object" || value instanceof Uint8Array) break;
      value = (value as { readonly [name: string]: Decoded })[name] ?? 0n;
    }
    if (typeof value !== "bigint") throw new Malformed(`${path.join(".")} is no number`);
    return value;
  }
}

/** Decodes messages and structs. */
export class JsonDecoder {
  readonly #model: JsonModel;
  readonly #session: Session;

  constructor(model: JsonModel, session: Session) {
    this.#model = model;
    this.#session = session;
  }

  /** Whether a gate is open. */
  isOpen(gate: JsonGate): boolean {
    const has = (name: string) => this.#session.features.has(name);
    return gate.length === 0 ||
      gate.some((one) => typeof one === "string" ? has(one) : one.every(has));
  }

  /** The configuration space. */
  config(struct: string, bytes: Uint8Array): Decoded {
    const frame = new Frame(null);
    for (const field of this.#struct(struct).fields) {
      if (!this.#exists(field)) continue;
      const at = field.offset ?? 0;
      const reader = new Reader(bytes.subarray(at, at + (field.size ?? 0)));
      this.#field(field, reader, frame);
    }
    return Object.fromEntries(frame.values);
  }

  /** Both parts of a message; an answer may speak of its request. */
  message(one: JsonCase, readable: Uint8Array, writable: Uint8Array): Decoded[] {
    const request = new Frame(null);
    this.#part(one.readable, readable, request);
    const answer = new Frame(request);
    this.#part(one.writable, writable, answer);
    return [Object.fromEntries(request.values), Object.fromEntries(answer.values)];
  }

  /** The trailer is read at the end, the rest in order before it. */
  #part(part: JsonPart, bytes: Uint8Array, frame: Frame): void {
    const split = part.fields.length - this.#behindRest(part);
    const trailer = part.fields.slice(split).filter((field) => this.#exists(field));
    const size = trailer.reduce((sum, field) => sum + (field.size ?? 0), 0);
    if (size > bytes.length) throw new Malformed("too few bytes for what stands at the end");
    const end = bytes.length - size;
    this.#fields(part.fields.slice(0, split), new Reader(bytes.subarray(0, end)), frame);
    this.#fields(trailer, new Reader(bytes.subarray(end)), frame);
  }

  /** How many fields at the end stand where the end says: the trailer, or those behind a rest. */
  #behindRest(part: JsonPart): number {
    const counted = part.fields.filter((field) => field.fromEnd !== undefined).length;
    return Math.max(part.trailer, counted);
  }

  /** Fields in the order of the wire, which is that of what is deployed unless by the text. */
  #inOrder(fields: readonly JsonField[]): readonly JsonField[] {
    const ordered = [...fields];
    for (const field of this.#session.strict === true ? fields : []) {
      if (field.strictBefore === undefined) continue;
      ordered.splice(ordered.indexOf(field), 1);
      ordered.splice(ordered.findIndex(({ name }) => name === field.strictBefore), 0, field);
    }
    return ordered;
  }

  #fields(listed: readonly JsonField[], reader: Reader, frame: Frame): void {
    const late: (() => void)[] = [];
    const fields = this.#inOrder(listed);
    fields.forEach((field, at) => {
      if (!this.#exists(field)) return;
      const selector = field.type === "union" && Array.isArray(field.by) ? field.by[0] : undefined;
      const behind = fields.slice(at + 1).some(({ name }) => name === selector);
      if (behind) {
        const slot = reader.area(field.size ?? 0);
        late.push(() => this.#field(field, slot, frame));
      } else this.#field(field, reader, frame);
    });
    for (const read of late) read();
  }

  #exists(field: JsonField): boolean {
    if (field.unless !== undefined && this.isOpen(field.unless)) return false;
    if (this.#session.legacy === true && !this.isOpen(field.legacyWhen ?? [])) return false;
    if (field.strict === false && this.#session.strict === true) return false;
    return this.isOpen(field.when);
  }

  /** A type with the order of the session where it has that. */
  #ordered(type: string): string {
    return type.replace(/^session/, this.#session.order === "big" ? "be" : "le");
  }

  #struct(name: string) {
    const struct = this.#model.structs[name];
    if (struct === undefined) throw new Error(`there is no struct ${name}`);
    return struct;
  }

  #field(field: JsonField, reader: Reader, frame: Frame): void {
    const keep = (value: Decoded) => frame.values.set(field.property ?? field.name, value);
    if (field.bits !== undefined) {
      const word = reader.scalar(this.#ordered(field.type));
      frame.values.set(field.name, word);
      for (const { name, shift, width } of field.bits) {
        frame.values.set(name, BigInt.asUintN(width, word >> BigInt(shift)));
      }
      return;
    }
    if (field.type === "union") keep(this.#union(field, reader, frame));
    else if (field.type === "sequence") keep(this.#sequence(field, reader, frame));
    else if (field.type.startsWith("struct ") && !field.type.endsWith("]")) {
      const inner = field.inline === true ? frame : new Frame(frame);
      this.#structFields(field.type.slice("struct ".length), reader, inner);
      if (field.inline !== true) keep(Object.fromEntries(inner.values));
    } else keep(this.#plain(field, reader, frame));
    this.#check(field, frame);
  }

  #structFields(name: string, reader: Reader, frame: Frame): void {
    const { fields, grows } = this.#struct(name);
    if (grows === true) {
      const last = fields.findLast((field) => this.#exists(field));
      const end = (last?.offset ?? 0) + (last?.size ?? 0);
      const zeroes = new Reader(new Uint8Array(this.#struct(name).size ?? 0));
      for (const field of fields) {
        this.#field(field, (field.offset ?? 0) < end ? reader : zeroes, frame);
      }
    } else this.#fields(fields, reader, frame);
  }

  /** Values that the layout refuses. */
  #check(field: JsonField, frame: Frame): void {
    const value = frame.values.get(field.property ?? field.name);
    if (field.value !== undefined && value !== BigInt(field.value)) {
      throw new Malformed(`${field.name} is not ${field.value}`);
    }
    if (field.reserved !== "zero") return;
    const zero = value instanceof Uint8Array ? value.every((byte) => byte === 0) : value === 0n;
    if (!zero) throw new Malformed(`${field.name} is not zero`);
  }

  /** Scalars, bytes, texts and arrays. */
  #plain(field: JsonField, reader: Reader, frame: Frame): Decoded {
    if (!/\]$|^rest$/.test(field.type)) return reader.scalar(this.#ordered(field.type));
    const [, element = "u8", count = ""] = field.type.match(/^(.*)\[(\d*)\]$/) ?? [];
    if (element === "u8" && field.enum === undefined) {
      if (field.text === "terminated" && count === "") return reader.terminated();
      const length = count === "" ? this.#length(field, reader, frame, 1) : Number(count);
      return text(field, reader.bytes(length));
    }
    const read = () => this.#element(element, reader, frame);
    if (field.stride !== undefined) {
      const stride = Number(frame.number(field.stride));
      const elements = this.#length(field, reader, frame, stride);
      return Array.from({ length: elements }, () => {
        const area = new Reader(padded(reader.bytes(stride)));
        return this.#element(element, area, frame);
      });
    }
    if (count !== "") return Array.from({ length: Number(count) }, read);
    const { length } = field;
    if (length === "rest" || (typeof length === "object" && "bytes" in length)) {
      const area = length === "rest" ? reader : reader.area(this.#length(field, reader, frame, 1));
      const elements: Decoded[] = [];
      while (area.left > 0) elements.push(this.#element(element, area, frame));
      return elements;
    }
    return Array.from({ length: this.#length(field, reader, frame, 1) }, read);
  }

  #element(type: string, reader: Reader, frame: Frame): Decoded {
    if (!type.startsWith("struct ")) {
      const bytes = type.match(/^u8\[(\d+)\]$/);
      return bytes === null ? reader.scalar(this.#ordered(type)) : reader.bytes(Number(bytes[1]));
    }
    const inner = new Frame(frame);
    this.#structFields(type.slice("struct ".length), reader, inner);
    return Object.fromEntries(inner.values);
  }

  #length(field: JsonField, reader: Reader, frame: Frame, unit: number): number {
    const { length } = field;
    if (length === undefined) return field.size ?? 0;
    if (length === "rest") return reader.left / unit;
    return Math.max(0, this.#lengthOf(length, frame));
  }

  #lengthOf(length: Exclude<JsonLength, "rest">, frame: Frame): number {
    if ("given" in length) {
      const given = this.#session.given?.[length.given];
      if (given === undefined) throw new Error(`the length "${length.given}" was not given`);
      return given;
    }
    if ("config" in length) return Number(this.#session.config[length.config]) + length.plus;
    if ("bytes" in length) return Number(frame.number(length.bytes)) + length.plus;
    return Number(frame.number(length.field)) * length.times + length.plus;
  }

  #union(field: JsonField, reader: Reader, frame: Frame): Decoded {
    const { by = [], arms = [] } = field;
    const area = field.size === null ? reader : reader.area(field.size);
    if ("state" in by) return area.bytes(area.left);
    const tag = frame.number(by as readonly string[]);
    return this.#arm(field, arms, tag, area, frame);
  }

  #arm(
    field: JsonField,
    arms: readonly JsonArm[],
    tag: bigint,
    area: Reader,
    frame: Frame,
  ): Decoded {
    const arm = arms.find(({ tags }) => tags.some((each) => BigInt(each) === tag));
    if (arm === undefined) {
      if (field.otherwise !== "raw") throw new Malformed(`${field.name} has no arm ${tag}`);
      return { kind: "raw", tag, bytes: area.bytes(area.left) };
    }
    const inner = new Frame(frame);
    if (arm.struct !== undefined) this.#structFields(arm.struct, area, inner);
    else this.#fields(arm.fields ?? [], area, inner);
    return { kind: arm.name, ...Object.fromEntries(inner.values) };
  }

  #sequence(field: JsonField, reader: Reader, frame: Frame): Decoded {
    const { header = "", by = [], arms = [], body, end, align, zero } = field;
    const least = end === undefined ? 1 : this.#struct(header).size ?? 1;
    const all = field.length === "rest"
      ? reader
      : reader.area(this.#length(field, reader, frame, 1));
    const start = all.at;
    const elements: Decoded[] = [];
    while (all.left >= least) {
      const inner = new Frame(frame);
      this.#structFields(header, all, inner);
      const tag = inner.number(by as readonly string[]);
      if (end !== undefined && tag === BigInt(end)) break;
      const area = typeof body === "object"
        ? all.area(Number(inner.number([body.field])) - body.includes)
        : all;
      const value = this.#arm(field, arms, tag, area, inner);
      const isValid = zero === undefined || inner.number([zero]) === 0n;
      if (isValid) elements.push({ ...Object.fromEntries(inner.values), ...(value as object) });
      if (align !== undefined) all.skip(Math.min(all.left, -(all.at - start) & (align - 1)));
    }
    if (all !== reader) all.skip(all.left);
    return elements;
  }
}

/** Bytes, or the text that they hold. */
function text(field: JsonField, bytes: Uint8Array): Decoded {
  if (field.text === undefined) return bytes;
  const all = new TextDecoder().decode(bytes);
  if (field.text === "list") return all.replace(/\0$/, "").split("\0").filter(() => all !== "");
  return all.split("\0")[0]!;
}

/** Elements may be cut short: what is missing is zero. */
function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.max(bytes.length, 4096));
  whole.set(bytes);
  return whole;
}

/** Bytes that are read once, in order. */
class Reader {
  readonly #bytes: Uint8Array;
  /** Bytes read so far. */
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes to read. */
  get left(): number {
    return this.#bytes.length - this.at;
  }

  bytes(length: number): Uint8Array {
    if (!Number.isInteger(length) || length < 0 || length > this.left) {
      throw new Malformed(`${length} bytes are needed, ${this.left} are left`);
    }
    this.at += length;
    return this.#bytes.slice(this.at - length, this.at);
  }

  skip(length: number): void {
    this.bytes(length);
  }

  area(length: number): Reader {
    return new Reader(this.bytes(length));
  }

  terminated(): string {
    const end = this.#bytes.indexOf(0, this.at);
    if (end < 0) throw new Malformed("a text without an end");
    const bytes = this.bytes(end - this.at);
    this.skip(1);
    return new TextDecoder().decode(bytes);
  }

  /** A scalar. */
  scalar(type: string): bigint {
    const [, order = "", bits = ""] = type.match(/^([a-z]+)(\d+)$/) ?? [];
    const bytes = this.bytes(Number(bits) / 8);
    if (order !== "be") bytes.reverse();
    return bytes.reduce((sum, byte) => sum << 8n | BigInt(byte), 0n);
  }
}
