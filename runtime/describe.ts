/**
 * What messages say, by the names of `virtio.json`: fields at places that can be known are shown by value, the rest by
 * its number of bytes. For people who watch: it refuses nothing, and says of nonsense what it looks like.
 *
 * @module
 */

import { hasBit } from "./features.ts";
import { type QueuePlace, QueuePlan } from "./plan.ts";
import type { Describe } from "./trace.ts";

type Gate = readonly (string | readonly string[])[];

interface Field {
  readonly name: string;
  readonly offset: number | null;
  readonly size: number | null;
  readonly type: string;
  readonly when?: Gate;
  readonly unless?: Gate;
  readonly legacyWhen?: Gate;
  readonly enum?: string;
  readonly fromEnd?: number;
  readonly reserved?: unknown;
  readonly bits?: readonly {
    readonly name: string;
    readonly shift: number;
    readonly width: number;
  }[];
}

interface Part {
  readonly fields: readonly Field[];
}

interface MessageCase {
  readonly tags: readonly number[];
  readonly legacyTags?: readonly number[];
  readonly from: "driver" | "device";
  readonly readable: Part;
  readonly writable: Part;
}

interface MessageSet {
  readonly tags: readonly string[];
  readonly cases: Readonly<Record<string, MessageCase>>;
}

interface Count {
  readonly config: string;
  readonly when: Gate;
  readonly otherwise: number;
  readonly times: number;
  readonly plus: number;
}

interface QueueEntry {
  readonly messages: readonly string[];
  readonly index: number | "next" | QueuePlace | Count;
  readonly count: number | Count;
  readonly when: Gate;
}

interface DeviceEntry {
  readonly features: readonly { readonly name: string; readonly bit: number }[];
  readonly config: string | null;
  readonly queues: Readonly<Record<string, QueueEntry>>;
  readonly messages: Readonly<Record<string, MessageSet>>;
}

/** The part of `virtio.json` that says what messages look like. */
interface DescribedModel {
  /** Device types by their short names. */
  readonly devices: Readonly<Record<string, DeviceEntry>>;
  /** Structs by their names. */
  readonly structs: Readonly<Record<string, Part>>;
  /** Enumerations by their names. */
  readonly enums: Readonly<Record<string, { readonly members: Readonly<Record<string, number>> }>>;
}

/** What decides on the layout of a device's messages. */
export interface DescribedDevice {
  /** Which device type. */
  readonly info: { readonly name: string };
  /** What is negotiated. */
  readonly features: bigint;
  /** Whether that is over a legacy interface. */
  readonly legacy: boolean;
  /** The configuration space. */
  readonly config: { readonly view: DataView };
}

/**
 * Describes the messages of a device as it is negotiated and configured at this moment. TypeError when the model does
 * not have the device.
 */
export function describer(model: unknown, device: DescribedDevice): Describe {
  const described = new Describer(model as DescribedModel, device);
  return (queue, readable, written) => described.describe(queue, readable, written);
}

class Describer {
  readonly #model: DescribedModel;
  readonly #entry: DeviceEntry;
  readonly #open: ReadonlySet<string>;
  readonly #legacy: boolean;
  readonly #names: readonly string[];
  readonly #plan: QueuePlan;

  constructor(model: DescribedModel, device: DescribedDevice) {
    const { name } = device.info;
    const entry = model.devices?.[name];
    if (entry === undefined) throw new TypeError(`Cannot describe ${name}: the model has it not`);
    this.#model = model;
    this.#entry = entry;
    const features = entry.features.filter(({ bit }) => hasBit(device.features, bit));
    this.#open = new Set(features.map(({ name }) => name));
    this.#legacy = device.legacy;
    this.#names = Object.keys(entry.queues);
    const { view } = device.config;
    this.#plan = new QueuePlan(
      Object.values(entry.queues).map((queue) => ({
        ...this.#place(queue.index, view),
        count: this.#isOpen(queue.when) ? this.#number(queue.count, view) : 0,
      })),
    );
  }

  describe(queue: number, readable: Uint8Array, written: Uint8Array | undefined): string {
    const kind = this.#plan.kind(queue);
    const name = this.#names[kind];
    if (name === undefined) return `queue ${queue}`;
    const arrow = written === undefined ? ">" : "<";
    const where = `${name}[${this.#plan.item(queue)}] ${arrow}`;
    const found = this.#find(this.#entry.queues[name]!.messages, readable, written);
    if (found === undefined) {
      return `${where} unknown, ${(written ?? readable).length} bytes`;
    }
    const [message, one] = found;
    const part = written === undefined ? one.readable : one.writable;
    if (written === undefined && one.from === "device") return `${where} a buffer for ${message}`;
    const fields = this.#fields(part.fields, written ?? readable);
    const texts = [...fields].map(([field, value]) => `${field}=${value}`);
    return [`${where} ${message}${texts.length === 0 ? "" : ":"}`, ...texts].join(" ");
  }

  /** The message whose tags are these; what the device sends before it is written is any message of its set. */
  #find(
    sets: readonly string[],
    readable: Uint8Array,
    written: Uint8Array | undefined,
  ): [name: string, one: MessageCase] | undefined {
    for (const name of sets) {
      const set = this.#entry.messages[name];
      if (set === undefined) continue;
      for (const [label, one] of Object.entries(set.cases)) {
        const full = set.tags.length === 0 ? name : label;
        const fromDevice = one.from === "device";
        if (fromDevice && written === undefined) return [name, one];
        if (fromDevice ? written!.length === 0 : readable.length === 0) continue;
        const part = fromDevice ? one.writable : one.readable;
        if (this.#hasTags(set, one, part, fromDevice ? written! : readable)) return [full, one];
      }
    }
    return undefined;
  }

  #hasTags(set: MessageSet, one: MessageCase, part: Part, bytes: Uint8Array): boolean {
    if (set.tags.length === 0) return true;
    const values = this.#fields(part.fields, bytes, false);
    const found = set.tags.map((tag) => values.get(tag));
    const is = (tags: readonly number[] | undefined) =>
      tags !== undefined && found.every((value, at) => value === `${tags[at]}`);
    return is(one.tags) || is(one.legacyTags);
  }

  /** Values by the names of fields, in their order. */
  #fields(fields: readonly Field[], bytes: Uint8Array, named = true): Map<string, string> {
    const values = new Map<string, string>();
    this.#walk(fields, bytes, 0, named, values);
    return values;
  }

  /** Where the fields end; -1 when that can not be known, from where on nothing is shown but what counts from the end. */
  #walk(
    fields: readonly Field[],
    bytes: Uint8Array,
    base: number,
    named: boolean,
    values: Map<string, string>,
  ): number {
    let at = base;
    const open = fields.filter((field) => this.#exists(field));
    for (const [place, field] of open.entries()) {
      if (field.fromEnd !== undefined) at = bytes.length - field.fromEnd;
      if (at < 0) continue;
      const length = Math.max(0, bytes.length - at);
      if (length === 0 && field.size !== 0) break;
      if (field.type.startsWith("struct ") && !field.type.endsWith("]")) {
        const struct = this.#model.structs[field.type.slice("struct ".length)];
        at = this.#walk(struct?.fields ?? [], bytes, at, named, values);
      } else if (/^[a-z]+\d+$/.test(field.type)) {
        this.#scalar(field, bytes, at, named, values);
        at += field.size ?? 0;
      } else {
        const later = open.slice(place + 1).find(({ fromEnd }) => fromEnd !== undefined);
        const rest = Math.max(0, length - (later?.fromEnd ?? 0));
        const size = field.size ?? rest;
        values.set(field.name, `(${Math.min(size, length)} bytes)`);
        at = field.size === null ? -1 : at + size;
      }
    }
    return at;
  }

  #scalar(
    field: Field,
    bytes: Uint8Array,
    at: number,
    named: boolean,
    values: Map<string, string>,
  ): void {
    const raw = bytes.slice(at, at + (field.size ?? 0));
    if (!field.type.startsWith("be")) raw.reverse();
    const value = raw.reduce((sum, byte) => sum << 8n | BigInt(byte), 0n);
    if (field.bits !== undefined) {
      for (const { name, shift, width } of field.bits) {
        values.set(name, `${BigInt.asUintN(width, value >> BigInt(shift))}`);
      }
    } else if (field.reserved === undefined || value !== 0n) {
      const members = named ? this.#model.enums[field.enum ?? ""]?.members ?? {} : {};
      const name = Object.keys(members).find((name) => BigInt(members[name]!) === value);
      values.set(field.name, name ?? `${value}`);
    }
  }

  #exists(field: Field): boolean {
    if (field.unless !== undefined && this.#isOpen(field.unless)) return false;
    if (this.#legacy && !this.#isOpen(field.legacyWhen ?? [])) return false;
    return this.#isOpen(field.when ?? []);
  }

  #isOpen(gate: Gate): boolean {
    const has = (name: string) => this.#open.has(name);
    return gate.length === 0 ||
      gate.some((one) => typeof one === "string" ? has(one) : one.every(has));
  }

  #place(index: QueueEntry["index"], config: DataView): QueuePlace {
    if (typeof index === "object" && "first" in index) return index;
    return { first: index === "next" ? index : this.#number(index, config), step: 1 };
  }

  /** A number that the configuration may say. */
  #number(count: number | Count, config: DataView): number {
    if (typeof count === "number") return count;
    if (!this.#isOpen(count.when)) return count.otherwise * count.times + count.plus;
    const fields = this.#model.structs[this.#entry.config ?? ""]?.fields ?? [];
    const field = fields.find(({ name }) => name === count.config);
    const offset = field?.offset ?? 0;
    const value = field?.size === 4
      ? config.getUint32(offset, true)
      : field?.size === 2
      ? config.getUint16(offset, true)
      : config.getUint8(offset);
    return value * count.times + count.plus;
  }
}
