/**
 * The structs of `virtio.json`: those described as such, the configuration space, and those that
 * the standard gives for whole messages or for parts of one.
 *
 * @module
 */

import type { CaseModel, DeviceModel, FieldModel, MessagesModel, ModuleModel } from "../model.ts";
import type { JsonStruct } from "./json_types.ts";
import type { JsonField, JsonFields } from "./json_fields.ts";

/** The structs of a module, by their names. */
export function structsOf(module: ModuleModel, fields: JsonFields): [string, JsonStruct][] {
  const { config = null } = module as Partial<DeviceModel>;
  const described = [...module.structs, ...(config === null ? [] : [config])];
  const found = new Map<string, JsonStruct>(
    described.map(({ name, size, section, grows, doc, fields: models }) => [
      name,
      { size, section, ...(grows ? { grows } : {}), fields: fields.fields(models), doc },
    ]),
  );
  for (const set of module.messages) {
    for (const [name, struct] of wholes(set, fields)) {
      if (!found.has(name)) found.set(name, struct);
    }
  }
  return [...found];
}

/** Structs that messages consist of. */
function* wholes(set: MessagesModel, fields: JsonFields): Generator<[string, JsonStruct]> {
  for (const one of set.cases) {
    const { section, doc } = one;
    const header = one.readable.fields.find(({ field }) => field.kind === "struct" && field.inline);
    const whole = (models: readonly FieldModel[]) =>
      joined(fields.fields(headed(models, header)), section, doc);
    for (const [name, models] of named(one.struct, one.readable.fields, one.writable.fields)) {
      yield [name, whole(models)];
    }
    for (const [name, chosen] of Object.entries(one.structs)) {
      yield [name, whole(chosenFrom(one, chosen))];
    }
  }
  const readable = shared(set, "readable", fields);
  const writable = shared(set, "writable", fields);
  for (const [name, list] of named(set.struct, readable, writable)) {
    yield [name, joined(list, set.section, set.doc)];
  }
}

/** Each struct that `whole` names, with its fields. */
function named<T>(
  whole: MessagesModel["struct"],
  readable: readonly T[],
  writable: readonly T[],
): [string, readonly T[]][] {
  if (whole === null) return [];
  if (typeof whole === "string") return [[whole, [...readable, ...writable]]];
  return [
    ...(whole.readable === undefined ? [] : [[whole.readable, readable] as [string, readonly T[]]]),
    ...(whole.writable === undefined ? [] : [[whole.writable, writable] as [string, readonly T[]]]),
  ];
}

/** The fields with the header in place of its own, where they start with all of those. */
function headed(models: readonly FieldModel[], header: FieldModel | undefined): FieldModel[] {
  const own = header?.struct?.fields ?? [];
  const starts = own.every(({ name, size }, at) =>
    models[at]?.name === name && models[at].size === size
  );
  if (header === undefined || own.length === 0 || !starts) return [...models];
  return [header, ...models.slice(own.length)];
}

/** Fields by their names: of the part that has them all, or of both parts. */
function chosenFrom({ readable, writable }: CaseModel, names: readonly string[]): FieldModel[] {
  const both = [...readable.fields, ...writable.fields];
  for (const fields of [readable.fields, writable.fields]) {
    const found = names.flatMap((name) => find(fields, name));
    if (found.length === names.length) return found;
  }
  return names.flatMap((name) => find(both, name));
}

/** A field by its name, in inline structs too. */
function find(models: readonly FieldModel[], name: string): FieldModel[] {
  for (const model of models) {
    if (model.name === name) return [model];
    if (model.field.kind === "struct" && model.field.inline === true) {
      const inner = find(model.struct?.fields ?? [], name);
      if (inner.length > 0) return inner;
    }
  }
  return [];
}

/** What all cases have at the start and at the end of a part, with a body between where they differ. */
function shared(
  set: MessagesModel,
  direction: "readable" | "writable",
  fields: JsonFields,
): JsonField[] {
  const lists = set.cases.map((one) => one[direction].fields);
  const first = lists[0] ?? [];
  const most = Math.min(...lists.map((list) => list.length));
  const same = (at: (list: readonly FieldModel[]) => FieldModel | undefined) =>
    lists.every((list) => at(list)?.path === at(first)?.path);
  let head = 0;
  while (head < most && same((list) => list[head])) head++;
  let tail = 0;
  while (head + tail < most && same((list) => list[list.length - 1 - tail])) tail++;
  if (lists.every((list) => list.length === head + tail)) return fields.fields(first);
  const size = onlySize(lists.map((list) => list.slice(head, list.length - tail)));
  const body: JsonField = {
    name: `${direction}_body`,
    offset: null,
    size,
    type: size === null ? "rest" : `u8[${size}]`,
    when: [],
    ...(size === null ? { length: "rest" } : {}),
    doc: "What the case adds",
  };
  const end = tail === 0 ? [] : first.slice(-tail);
  return [...fields.fields(first.slice(0, head)), body, ...fields.fields(end)];
}

/** The one size that all bodies have but empty ones; null when there is no such size. */
function onlySize(bodies: readonly (readonly FieldModel[])[]): number | null {
  const sizes = new Set(bodies.map(bytesOf));
  sizes.delete(0);
  return sizes.size === 1 ? [...sizes][0]! : null;
}

/** Bytes of some fields; null when they vary. */
function bytesOf(fields: readonly FieldModel[]): number | null {
  const variable = fields.some((one) => one.size === null || one.when.length > 0);
  return variable ? null : fields.reduce((sum, { size }) => sum + (size ?? 0), 0);
}

/** Fields of several places as one struct: offsets as far as the sizes before them are known. */
function joined(list: readonly JsonField[], section: string, doc: string): JsonStruct {
  let offset: number | null = 0;
  const fields = list.map((field) => {
    const { fromEnd: _, ...rest } = field;
    const placed = { ...rest, offset };
    const gated = field.when.length > 0 || field.unless !== undefined ||
      field.legacyWhen !== undefined;
    offset = offset === null || field.size === null || gated ? null : offset + field.size;
    return placed;
  });
  return { size: offset, section, fields, doc };
}
