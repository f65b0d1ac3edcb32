/**
 * Fields of the standard's structs and of ours, brought to one form.
 *
 * @module
 */

import type { JsonField, JsonModel } from "../generator/views/json_types.ts";
import type { Facts, Lines } from "./facts_fixture.ts";

/** A field; nested ones have their path as name. */
interface Leaf {
  readonly name: string;
  readonly offset: number | null;
  readonly type: string;
  /** Bits of a word, lowest first: "off:15 wrap:1". */
  readonly bits: string;
  /** Bytes of a field whose type does not matter: reserved ones. */
  readonly reserved?: number | null;
  /** A union, for which the standard may have just bytes. */
  readonly union?: readonly Leaf[];
}

const WIDTH: Readonly<Record<string, number>> = {
  u8: 1,
  le16: 2,
  be16: 2,
  le32: 4,
  be32: 4,
  u32: 4,
  le64: 8,
  be64: 8,
};

/** Types that mean the same, told the same way. */
function canonical(type: string): string {
  if (type === "rest" || type === "sequence") return "u8[]";
  const [, element = "", sizes = ""] = type.match(/^(.*?)((?:\[\d*\])*)$/)!;
  // C has the count of elements first, the model last; a count of one says nothing.
  const dims = (sizes.match(/\[\d*\]/g) ?? []).filter((dim) => dim !== "[1]").sort().reverse();
  return element.replace(/^(?:char|le8)$/, "u8") + dims.join("");
}

/** Bytes of a field of a plain type. */
function bytes(type: string): number | null {
  const [, element = "", size] = type.match(/^(\w+)(?:\[(\d+)\])?$/) ?? [];
  const width = WIDTH[element];
  return width === undefined ? null : width * Number(size ?? 1);
}

function add(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

/** A line of the facts file. */
function parse(line: string): Leaf {
  const [, name, offset, type, bits] = line.match(/^(\S+) (\S+) (.*?)(?: \{(.*)\})?$/)!;
  return {
    name: name!,
    offset: offset === "?" ? null : Number(offset),
    type: canonical(type!),
    bits: bits ?? "",
  };
}

/** A field of the model. */
function leaf(field: JsonField, model: JsonModel, base: number | null, path: string): Leaf {
  const bits = [...field.bits ?? []].sort((a, b) => a.shift - b.shift);
  const offset = add(base, field.offset);
  const name = path + field.name;
  return {
    name,
    offset,
    type: canonical(field.type),
    bits: bits.map((each) => `${each.name}:${each.width}`).join(" "),
    ...(field.reserved ? { reserved: field.size } : {}),
    ...(field.type === "union" ? { union: arms(field, model, offset, name) } : {}),
  };
}

function arms(field: JsonField, model: JsonModel, offset: number | null, path: string): Leaf[] {
  return field.arms!.flatMap(({ name, struct, fields }) => {
    const place = `${path}.${name}`;
    if (struct !== undefined) return [{ name: place, offset, type: `struct ${struct}`, bits: "" }];
    const [only, ...others] = fields!;
    if (only?.name === name && others.length === 0) {
      return [leaf(only, model, offset, `${path}.`)];
    }
    return fields!.map((each) => leaf(each, model, offset, `${place}.`));
  });
}

function structOf(type: string): string | undefined {
  return type.match(/^struct (\w+)/)?.[1];
}

/** Our leaves, with structs and unions opened where the standard's text has them open. */
function open(leaves: readonly Leaf[], standard: readonly Leaf[], model: JsonModel): Leaf[] {
  return leaves.flatMap((each): Leaf[] => {
    if (standard.some(({ name, type }) => name === each.name && type === each.type)) return [each];
    if (each.union) {
      const named = standard.some(({ name }) => name.startsWith(`${each.name}.`));
      const plain = standard.some(({ name }) => name === each.name);
      if (plain && !named) return [each];
      const inner = each.union.map((arm) =>
        named ? arm : { ...arm, name: arm.name.slice(each.name.length + 1) }
      );
      return open(inner, standard, model);
    }
    const struct = model.structs[structOf(each.type) ?? ""];
    if (struct === undefined) return [each];
    const path = `${each.name}${each.type.endsWith("]") ? "[]" : ""}.`;
    const inner = struct.fields.map((field) => leaf(field, model, each.offset, path));
    return open(inner, standard, model);
  });
}

/** The standard's leaves, with structs opened whose fields stand here in their place. */
function spell(standard: readonly Leaf[], ours: readonly Leaf[], of: Sources): Leaf[] {
  const has = ({ name, offset }: Leaf, exactly: boolean) =>
    ours.some((our) => our.name === name && (!exactly || offset === null || offset === our.offset));
  return standard.flatMap((each): Leaf[] => {
    const struct = structOf(each.type);
    if (struct === undefined || has(each, false)) return [each];
    const fields = fieldsOf(struct, of) ?? [];
    const inner = spell(
      fields.map((field) => ({ ...field, offset: add(each.offset, field.offset) })),
      ours,
      of,
    );
    return inner.length > 0 && inner.every((field) => has(field, true)) ? inner : [each];
  });
}

interface Sources {
  readonly facts: Facts;
  readonly model: JsonModel;
}

/** Fields of a struct of the standard, or of another document's. */
function fieldsOf(struct: string, { facts, model }: Sources): readonly Leaf[] | undefined {
  return facts.structs[struct]?.fields.map(parse) ??
    model.structs[struct]?.fields.map((field) => leaf(field, model, 0, ""));
}

function lines(struct: string, leaves: readonly Leaf[], others: readonly Leaf[]): Lines {
  const lines: Lines = new Map();
  for (const each of leaves) {
    const other = others.find(({ name }) => name === each.name);
    const opaque = each.union ?? other?.union;
    const reserved = each.reserved ??
      (other?.reserved === undefined ? undefined : bytes(each.type));
    const bits = each.bits && other?.bits ? ` {${each.bits}}` : "";
    const type = opaque ? "bytes" : reserved == null ? each.type : `${reserved} bytes`;
    const name = `field ${struct}.${each.name}`;
    const text = `${each.offset ?? "?"} ${type}${bits}`;
    const before = lines.get(name);
    lines.set(name, before === undefined ? text : `${before} | ${text}`);
  }
  return lines;
}

/** The fields of one struct, in the standard and here. */
export function fieldFacts(
  struct: string,
  facts: Facts,
  model: JsonModel,
): { readonly standard: Lines; readonly here: Lines } {
  const written = facts.structs[struct]!.fields.map(parse);
  const described = model.structs[struct]!.fields.map((field) => leaf(field, model, 0, ""));
  const ours = open(described, written, model);
  // A word that has no name in the standard takes ours: its bits are compared.
  const named = written.map((each) =>
    each.name !== "-"
      ? each
      : { ...each, name: ours.find((our) => our.offset === each.offset && our.bits)?.name ?? "-" }
  );
  const standard = spell(named, ours, { facts, model });
  return { standard: lines(struct, standard, ours), here: lines(struct, ours, standard) };
}
