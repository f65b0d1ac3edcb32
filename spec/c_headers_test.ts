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
  readHeaders,
  whyNoCompiler,
} from "./c_headers_fixture.ts";
import {
  knownDifferences,
  linuxConstants,
  linuxRegisters,
  type LinuxStruct,
  linuxStructs,
} from "./c_headers_tables.ts";

/** Fewest comparisons, as of the headers of Linux 6.1; later headers have more. */
const FLOOR = { structs: 144, fields: 1382, constants: 784 };

/** A fact of ours, and the C expression that must have its value. */
interface Fact {
  readonly kind: keyof typeof FLOOR;
  /** Name in tables and messages. */
  readonly name: string;
  readonly what: string;
  readonly ours: bigint;
  readonly expression: string;
}

/** What is compared of one struct, and the fields that only one side has. */
interface Comparison {
  readonly facts: readonly Fact[];
  readonly lacks: readonly string[];
}

function compareStruct(name: string, struct: JsonStruct, headers: CHeaders): Comparison[] {
  return (linuxStructs[name] ?? [{ linux: name }]).flatMap((other) => {
    const c = headers.structs.get(other.linux);
    return c === undefined ? [] : [compareWith(name, struct, other, c)];
  });
}

function compareWith(name: string, ours: JsonStruct, other: LinuxStruct, c: CStruct): Comparison {
  const { linux, fields = {}, partAt } = other;
  const facts: Fact[] = [];
  const lacks: string[] = [];
  const seen = new Set<string>();
  for (const field of ours.fields) {
    const named = fields[field.name] ?? field.name;
    const paths = typeof named === "string" ? [named] : named;
    const roots = paths.map((path) => path.split(".")[0]!);
    for (const root of roots) seen.add(root);
    if (roots.every((root) => c.has(root))) {
      const sized = !roots.some((root) => c.get(root)?.flexible);
      facts.push(...fieldFacts(`${name}.${field.name}`, field, linux, paths, partAt ?? 0, sized));
    } else lacks.push(`${name}.${field.name}: not in Linux`);
  }
  if (partAt !== undefined) return { facts, lacks: [] };
  const more = [...c.keys()].filter((root) => !seen.has(root));
  lacks.push(...more.map((root) => `${name}.${root}: only in Linux`));
  if (ours.size !== null) {
    const size = { kind: "structs", name, what: "size", ours: BigInt(ours.size) } as const;
    facts.push({ ...size, expression: `sizeof(struct ${linux})` });
  }
  return { facts, lacks };
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
}> {
  const headers = await readHeaders();
  const structs = Object.entries(model.structs).flatMap(([name, struct]) =>
    compareStruct(name, struct, headers)
  );
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
  };
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
    const { counts, differences } = await compare(await readModel());
    console.log(
      `compared ${counts.structs} sizes of structs, ${counts.fields} offsets and sizes of fields, ` +
        `${counts.constants} constants; ${differences.length} known differences`,
    );
    assert.deepEqual(unknownAmong(differences), []);
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
