/**
 * Layouts and constants against the C compiler: sizes and offsets of the structs in Linux's headers,
 * and the values of their constants, where both have them.
 */

import assert from "node:assert/strict";
import type { JsonField, JsonModel, JsonStruct } from "../generator/views/json_types.ts";
import {
  type CHeaders,
  type CStruct,
  evaluate,
  headersVersion,
  readHeaders,
  whyNoCompiler,
} from "./c_headers_fixture.ts";
import { notCompared } from "./c_headers_left.ts";
import {
  knownDifferences,
  linuxConstants,
  linuxParts,
  linuxRegisters,
  type LinuxStruct,
  linuxStructs,
} from "./c_headers_tables.ts";

/** Headers of which everything is compared, or left out by name; later ones have more. */
const FLOOR_VERSION = "6.1";

/** Fewest comparisons with those headers. */
const FLOOR = { structs: 144, fields: 1456, constants: 784 };

/** A fact of ours, and the C expression that must have its value. */
interface Fact {
  readonly kind: keyof typeof FLOOR;
  /** Name in tables and messages. */
  readonly name: string;
  readonly what: string;
  readonly ours: bigint;
  readonly expression: string;
}

/** What is compared with one struct of Linux, and the fields that only one side has. */
interface Comparison {
  readonly linux: string;
  readonly facts: readonly Fact[];
  readonly lacks: readonly string[];
}

/** A struct, or a part of a message. */
type Fields = Pick<JsonStruct, "fields" | "size">;

function compareStruct(
  name: string,
  ours: Fields,
  headers: CHeaders,
  others: readonly LinuxStruct[] = linuxStructs[name] ?? [{ linux: name }],
): Comparison[] {
  return others.flatMap((other) => {
    const c = headers.structs.get(other.linux);
    return c === undefined ? [] : [compareWith(name, ours, other, c)];
  });
}

/** Parts of messages that Linux has as structs. */
function compareParts(model: JsonModel, headers: CHeaders): Comparison[] {
  return Object.entries(linuxParts).flatMap(([place, others]) => {
    const [device = "", message = "", direction] = place.split(" ");
    const [set = "", one = ""] = message.split(".");
    const part = model.devices[device]?.messages[set]?.cases[one]
      ?.[direction as "readable" | "writable"];
    assert.ok(part, `there is no ${place}`);
    return compareStruct(place, part, headers, others);
  });
}

function compareWith(name: string, ours: Fields, other: LinuxStruct, c: CStruct): Comparison {
  const { linux, fields = {}, partAt, features } = other;
  const facts: Fact[] = [];
  const lacks: string[] = [];
  const seen = new Set<string>();
  const placed = features === undefined ? ours.fields : withFeatures(ours.fields, features);
  for (const field of placed) {
    const named = fields[field.name] ?? field.name;
    const paths = typeof named === "string" ? [named] : named;
    const roots = paths.map((path) => path.split(".")[0]!);
    for (const root of roots) seen.add(root);
    if (roots.every((root) => c.has(root))) {
      const sized = !roots.some((root) => c.get(root)?.flexible);
      facts.push(...fieldFacts(`${name}.${field.name}`, field, linux, paths, partAt ?? 0, sized));
    } else lacks.push(`${name}.${field.name}: not in Linux`);
  }
  if (partAt !== undefined) return { linux, facts, lacks: [] };
  const more = [...c.keys()].filter((root) => !seen.has(root));
  lacks.push(...more.map((root) => `${name}.${root}: only in Linux`));
  if (ours.size !== null) {
    const size = { kind: "structs", name, what: "size", ours: BigInt(ours.size) } as const;
    facts.push({ ...size, expression: `sizeof(struct ${linux})` });
  }
  return { linux, facts, lacks };
}

/** The fields that are there with these features and no others, each at the offset that it has then. */
function withFeatures(fields: readonly JsonField[], features: readonly string[]): JsonField[] {
  const has = (names: string | readonly string[]) =>
    [names].flat().every((name) => features.includes(name));
  let at: number | null = 0;
  return fields.filter(({ when }) => when.length === 0 || when.some(has)).map((field) => {
    const offset = at;
    at = at === null || field.size === null ? null : at + field.size;
    return { ...field, offset };
  });
}

function fieldFacts(
  name: string,
  { offset, size }: JsonField,
  linux: string,
  paths: readonly string[],
  base: number,
  sized: boolean,
): Fact[] {
  const facts: Fact[] = [];
  const fact = (what: string, ours: number, expression: string) =>
    facts.push({ kind: "fields", name, what, ours: BigInt(ours), expression });
  if (offset !== null) {
    fact("offset", offset, `offsetof(struct ${linux}, ${paths[0]}) + ${base}`);
  }
  if (size !== null && sized) {
    const sizes = paths.map((path) => `sizeof(((struct ${linux} *)0)->${path})`);
    fact("size", size, sizes.join(" + "));
  }
  return facts;
}

/** A constant of ours against an expression, whose names Linux must all have. */
function constantFact(name: string, ours: number | string, linux: string, c: CHeaders): Fact[] {
  const names = linux.match(/\b(?:V[A-Z]|FUSE_|FATTR_)[A-Za-z0-9_]+/g) ?? [];
  if (names.length === 0 || !names.every((each) => c.constants.has(each))) return [];
  return [{ kind: "constants", name, what: "value", ours: BigInt(ours), expression: linux }];
}

function constantFacts(model: JsonModel, headers: CHeaders): Fact[] {
  return Object.entries(model.constants).flatMap(([name, value]) =>
    constantFact(name, value, linuxConstants[name] ?? name, headers)
  );
}

/** Offsets of registers, which Linux has as constants. */
function registerFacts(model: JsonModel, headers: CHeaders): Fact[] {
  return Object.entries(linuxRegisters).flatMap(([place, names]) => {
    const [layout = "", file = ""] = place.split(".");
    const registers = model.layouts[layout]?.registers[file]?.registers ?? [];
    return Object.entries(names).flatMap(([name, linux]) => {
      const register = registers.find((each) => each.name === name);
      assert.ok(register, `there is no register ${place}.${name}`);
      return constantFact(`${place}.${name}`, register.offset, linux, headers);
    });
  });
}

/** Everything that both have, compared; differences as lines that start with a name. */
async function compare(model: JsonModel): Promise<{
  readonly counts: Readonly<Record<Fact["kind"], number>>;
  readonly differences: readonly string[];
  readonly left: readonly string[];
}> {
  const headers = await readHeaders();
  const structs = Object.entries(model.structs).flatMap(([name, struct]) =>
    compareStruct(name, struct, headers)
  );
  structs.push(...compareParts(model, headers));
  const facts = [
    ...structs.flatMap((each) => each.facts),
    ...constantFacts(model, headers),
    ...registerFacts(model, headers),
  ];
  const expressions = new Map(facts.map(({ expression }, at) => [String(at), expression]));
  const values = await evaluate(headers.files, expressions);
  const wrong = facts.flatMap(({ name, what, ours }, at) => {
    const theirs = values.get(String(at));
    return theirs === ours ? [] : [`${name}: ${what} ${ours}, in Linux ${theirs}`];
  });
  const count = (kind: Fact["kind"]) => facts.filter((fact) => fact.kind === kind).length;
  return {
    counts: { structs: count("structs"), fields: count("fields"), constants: count("constants") },
    differences: [...structs.flatMap((each) => each.lacks), ...wrong],
    left: leftOf(headers, structs, facts),
  };
}

/** Structs and constants of the VIRTIO headers that nothing was compared with. */
function leftOf(
  headers: CHeaders,
  structs: readonly Comparison[],
  facts: readonly Fact[],
): string[] {
  const constants = facts.filter(({ kind }) => kind === "constants");
  const compared = new Set([
    ...structs.filter((each) => each.facts.length > 0).map(({ linux }) => linux),
    ...constants.flatMap(({ expression }) => expression.match(/\w+/g) ?? []),
  ]);
  return [...headers.structs.keys(), ...headers.constants].filter((name) =>
    /^v(irtio|ring)/i.test(name) && !/_H$/.test(name) && !compared.has(name)
  );
}

function unknownAmong(differences: readonly string[]): string[] {
  return differences.filter((line) => !knownDifferences.has(line.split(":")[0]!));
}

async function readModel(): Promise<JsonModel> {
  const text = await Deno.readTextFile(new URL("../generated/virtio.json", import.meta.url));
  return JSON.parse(text) as JsonModel;
}

const missing = await whyNoCompiler();
const { state } = await Deno.permissions.query({ name: "env", variable: "CI" });
const mustRun = state === "granted" && Deno.env.get("CI") === "true";
const ignore = missing !== null && !mustRun;
if (ignore) console.warn(`layouts are not compared with Linux's headers: ${missing}`);

Deno.test({
  name: "virtio.json agrees with the C compiler on Linux's headers",
  ignore,
  fn: async () => {
    assert.equal(missing, null);
    const { counts, differences, left } = await compare(await readModel());
    console.log(
      `compared ${counts.structs} sizes of structs, ${counts.fields} offsets and sizes of fields, ` +
        `${counts.constants} constants; ${differences.length} known differences`,
    );
    assert.deepEqual(unknownAmong(differences), []);
    if (await headersVersion() === FLOOR_VERSION) {
      assert.deepEqual(left.filter((name) => !notCompared.has(name)), [], "not compared");
      assert.deepEqual([...notCompared].filter((name) => !left.includes(name)), [], "compared");
    }
    for (const kind of ["structs", "fields", "constants"] as const) {
      assert.ok(counts[kind] >= FLOOR[kind], `only ${counts[kind]} ${kind} were compared`);
    }
  },
});

Deno.test({
  name: "The comparison with Linux's headers finds a wrong size, offset or constant",
  ignore,
  fn: async () => {
    const model = await readModel();
    const event = model.structs.virtio_input_event!;
    const [first, ...others] = event.fields;
    const wrong: JsonModel = {
      ...model,
      structs: {
        virtio_input_event: { ...event, size: 9, fields: [{ ...first!, offset: 1 }, ...others] },
      },
      constants: { VIRTIO_BLK_T_OUT: 2 },
    };
    const { differences } = await compare(wrong);
    assert.deepEqual(unknownAmong(differences), [
      "virtio_input_event.type: offset 1, in Linux 0",
      "virtio_input_event: size 9, in Linux 8",
      "VIRTIO_BLK_T_OUT: value 2, in Linux 1",
    ]);
  },
});
