/**
 * The facts of the standard and those of `virtio.json`, in one form: a line of text by name, which
 * can be compared.
 *
 * @module
 */

import type { JsonGate, JsonModel, JsonQueue } from "../generator/views/json_types.ts";
import { fieldFacts } from "./facts_fields_fixture.ts";

/** The facts file: names and numbers of VIRTIO 1.4. */
export interface Facts {
  /** Names of the device types, by id. */
  readonly deviceIds: Readonly<Record<string, string>>;
  readonly statusBits: Readonly<Record<string, number>>;
  /** "34", "24 legacy". */
  readonly features: Readonly<Record<string, string>>;
  readonly devices: Readonly<Record<string, DeviceFacts>>;
  /** Register files, and in each "offset size access" by name. */
  readonly registers: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly structs: Readonly<Record<string, StructFacts>>;
  readonly constants: Readonly<Record<string, number | string>>;
  /** Numbers that the standard gives without a name, by the name they have here. */
  readonly unnamed: Readonly<Record<string, number>>;
}

/** One chapter. */
export interface DeviceFacts {
  readonly id: number;
  readonly title: string;
  readonly section: string;
  /** Indexes of each queue, as many as there are when every count is three. */
  readonly queues: Readonly<Record<string, readonly number[]>>;
  /** Ids of shared memory regions. */
  readonly sharedMemory: readonly number[];
  /** "7 requires GUEST_CSUM", "64 requires CTRL_VQ & RSS", "9 requires GUEST_TSO4 or GUEST_TSO6". */
  readonly features: Readonly<Record<string, string>>;
  readonly config?: string;
  /** Features that a field of the configuration space needs. */
  readonly gates?: Readonly<Record<string, string>>;
  readonly driverWrites?: readonly string[];
}

/** One struct; a field is "name offset type", with "?" behind a variable one. */
export interface StructFacts {
  readonly size: number | null;
  readonly fields: readonly string[];
}

/** Facts as lines by name: `"struct virtio_blk_config"` has `"96"`. */
export type Lines = Map<string, string>;

/** Names that other documents define: FUSE's, and those of the vhost-user protocol. */
const OTHER_DOCUMENTS = /^(?:fuse_|FUSE_|FATTR_|vhost_|VHOST_|inflight_)/;

/** Features without what their names share, in the words of the facts file. */
function gate(gate: JsonGate): string {
  const short = (name: string) => name.replace(/^VIRTIO_\w+?_F_/, "");
  return gate.map((all) => typeof all === "string" ? short(all) : all.map(short).join(" & "))
    .join(" or ");
}

/** Where the queues of a family are when every count is three. */
function indexes(queue: JsonQueue): number[] {
  const count = typeof queue.count === "number" ? queue.count : 3 * queue.count.times;
  const index = queue.strictIndex ?? queue.index;
  if (typeof index === "number") return Array.from({ length: count }, (_, at) => index + at);
  if (typeof index === "string") return [];
  if ("config" in index) return [3 * index.times + index.plus];
  const { first, then, step } = index;
  return Array.from({ length: count }, (_, at) => at === 0 ? first : then + (at - 1) * step);
}

function sorted(numbers: Iterable<number>): string {
  return [...numbers].sort((a, b) => a - b).join(" ");
}

/** The standard's facts. */
export function linesOfFacts(facts: Facts): Lines {
  const lines: Lines = new Map();
  lines.set("ids of devices", sorted(Object.keys(facts.deviceIds).map(Number)));
  for (const [name, device] of Object.entries(facts.devices)) {
    lines.set(`device ${name}`, `${device.id} ${device.title} ${device.section}`);
    for (const [queue, at] of Object.entries(device.queues)) {
      lines.set(`queue ${name}.${queue}`, sorted(at));
    }
    for (const id of device.sharedMemory) lines.set(`region ${name}.${id}`, "");
    if (device.config !== undefined) lines.set(`config ${name}`, device.config);
    for (const [field, needs] of Object.entries(device.gates ?? {})) {
      lines.set(`gate ${name}.${field}`, needs);
    }
    for (const field of device.driverWrites ?? []) lines.set(`writable ${name}.${field}`, "");
    for (const [feature, text] of Object.entries(device.features)) {
      lines.set(`feature ${feature}`, text);
    }
  }
  for (const [feature, text] of Object.entries(facts.features)) {
    lines.set(`feature ${feature}`, text);
  }
  for (const [file, registers] of Object.entries(facts.registers)) {
    for (const [name, text] of Object.entries(registers)) {
      lines.set(`register ${file}.${name}`, text);
    }
  }
  for (const [name, { size }] of Object.entries(facts.structs)) {
    lines.set(`struct ${name}`, String(size));
  }
  for (const [bit, value] of Object.entries(facts.statusBits)) {
    lines.set(`constant VIRTIO_CONFIG_S_${bit}`, String(value));
  }
  for (const [name, value] of Object.entries({ ...facts.constants, ...facts.unnamed })) {
    lines.set(`constant ${name}`, String(BigInt(value)));
  }
  return lines;
}

function deviceLines(model: JsonModel, lines: Lines): void {
  for (const [name, device] of Object.entries(model.devices)) {
    lines.set(`device ${name}`, `${device.id} ${device.title} ${device.section}`);
    for (const [queue, described] of Object.entries(device.queues)) {
      lines.set(`queue ${name}.${queue}`, sorted(indexes(described)));
    }
    for (const { id } of Object.values(device.sharedMemory)) lines.set(`region ${name}.${id}`, "");
    if (device.config === null) continue;
    lines.set(`config ${name}`, device.config);
    for (const field of model.structs[device.config]!.fields) {
      if (field.when.length > 0) lines.set(`gate ${name}.${field.name}`, gate(field.when));
      if (field.driverWrites) lines.set(`writable ${name}.${field.name}`, "");
    }
  }
}

/** Facts of the model; `known` are names of constants that are looked for even as features. */
export function linesOfModel(model: JsonModel, known: Lines): Lines {
  const lines: Lines = new Map();
  const ids = model.enums.VIRTIO_ID!.members;
  lines.set("ids of devices", sorted(Object.values(ids)));
  deviceLines(model, lines);
  const features = [model.layouts.core!, ...Object.values(model.devices)]
    .flatMap((module) => module.features);
  for (const { name, bit, requires, legacy } of features) {
    const needs = requires.length > 0 ? ` requires ${gate(requires)}` : "";
    lines.set(`feature ${name}`, `${bit}${needs}${legacy ? " legacy" : ""}`);
  }
  for (const [layout, { registers }] of Object.entries(model.layouts)) {
    for (const [file, described] of Object.entries(registers)) {
      for (const { name, offset, size, access } of described.registers) {
        lines.set(`register ${layout}.${file}.${name}`, `${offset} ${size} ${access}`);
      }
    }
  }
  for (const [name, { size }] of Object.entries(model.structs)) {
    if (!OTHER_DOCUMENTS.test(name)) lines.set(`struct ${name}`, String(size));
  }
  const compared = new Set([...features.map(({ name }) => name), ...Object.keys(ids)]);
  for (const [name, value] of Object.entries(model.constants)) {
    if (OTHER_DOCUMENTS.test(name)) continue;
    if (compared.has(name) && !known.has(`constant ${name}`)) continue;
    lines.set(`constant ${name}`, String(BigInt(value)));
  }
  return lines;
}

/** What one side has and the other has not, or has otherwise. */
export function differences(theirs: Lines, ours: Lines): string[] {
  const found: string[] = [];
  for (const [name, text] of theirs) {
    const here = ours.get(name);
    if (here === undefined) found.push(`missing ${name}`);
    else if (here !== text) found.push(`${name}: ${text}, here ${here}`);
  }
  for (const name of ours.keys()) if (!theirs.has(name)) found.push(`extra ${name}`);
  return found;
}

/** All differences between the standard's facts and the model. */
export function compareFacts(facts: Facts, model: JsonModel): string[] {
  const theirs = linesOfFacts(facts);
  const fields = Object.keys(facts.structs)
    .filter((name) => name in model.structs)
    .flatMap((name) => {
      const { standard, here } = fieldFacts(name, facts, model);
      return differences(standard, here);
    });
  return [...differences(theirs, linesOfModel(model, theirs)), ...fields];
}
