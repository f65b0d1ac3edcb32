/**
 * What templates print of a struct: its interface and its codec, and those of its unions.
 *
 * @module
 */

import type { ArmModel, DeviceModel, FieldModel, ModuleModel, StructModel } from "../model.ts";
import { className, localName, propertyName } from "../names.ts";
import { commentText, sectionDoc } from "./docs.ts";
import type { PropertyView } from "./field.ts";
import { structText } from "./field_groups.ts";
import { fieldView } from "./fields.ts";
import { constantOf, externName, ownerOf, pathOf } from "./paths.ts";
import { armExterns, Siblings, structExterns } from "./siblings.ts";
import type { Scope } from "./scope.ts";
import { fillsArea, isGated, structShape } from "./shape.ts";

/** The codec of a list of fields. */
export interface CodecView {
  readonly properties: readonly PropertyView[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly decodes: readonly string[];
  readonly encodes: readonly string[];
  /** Members of the object that a reader returns. */
  readonly resultText: string;
}

/** A struct, ready to print. */
export interface StructView extends CodecView {
  readonly type: string;
  readonly name: string;
  readonly doc: string;
  readonly sizeName: string;
  readonly size: number | null;
  readonly fixed: boolean;
  readonly grown: boolean;
  readonly walked: boolean;
  /** Its functions can be called without a session. */
  readonly sessionless: boolean;
  /** Further parameters of its functions: `, keyLen: number`. */
  readonly params: string;
  readonly unions: readonly UnionView[];
  readonly groups: readonly GroupView[];
  /** False when nothing calls its functions: its fields are those of others, its unions are printed. */
  readonly printed: boolean;
}

/** Fields of a growing struct that come and go together. */
export interface GroupView {
  /** Condition on `size`; empty for what is always there. */
  readonly condition: string;
  readonly reads: readonly string[];
  readonly zeroes: readonly string[];
  readonly writes: readonly string[];
}

/** A union or the element of a sequence. */
export interface UnionView {
  readonly type: string;
  readonly doc: string;
  readonly tagsName: string;
  readonly strictTagsName: string;
  readonly params: string;
  readonly arms: readonly ArmView[];
  /** Bytes that every arm fills; 0 when each has its own size. */
  readonly slot: number;
  readonly raw: boolean;
  readonly field: string;
  readonly hasTags: boolean;
  /** Some arm has another tag by the standard's text. */
  readonly hasStrictTags: boolean;
  readonly sequence: SequenceView | null;
}

/** One arm. */
export interface ArmView {
  readonly name: string;
  readonly doc: string;
  /** Its tags, by the constants of their enumeration where there are any. */
  readonly tags: readonly string[];
  readonly tag: string;
  /** The tag of the standard's text where it differs, else null. */
  readonly strictTag: number | null;
  /** Its struct's type, or null where it has properties of its own. */
  readonly struct: string | null;
  readonly properties: readonly PropertyView[];
  readonly decodes: readonly string[];
  readonly encodes: readonly string[];
  /** Members of the object that a reader returns, beside `kind`. */
  readonly resultText: string;
}

/** How elements of a sequence follow each other. */
export interface SequenceView {
  /** Type of the header, and what of it an element has as properties. */
  readonly header: string;
  readonly element: string;
  readonly decode: string;
  /** Members that an element takes from its header: `, vqIndex: header.vqIndex`. */
  readonly members: string;
  /** The decoder of an element's body. */
  readonly area: string;
  /** Statements that write the header of `value` whose body is in `e`, and the end. */
  readonly encode: string;
  readonly encodeEnd: string;
  readonly by: string;
  readonly hasEnd: boolean;
  readonly end: number;
  /** Bytes of the header: fewer are an end. */
  readonly least: number;
  /** The end is missing when the area is full. */
  readonly fillsArea: boolean;
  /** Property of the header by which elements are passed over; empty when none are. */
  readonly zero: string;
  /** Elements start at multiples of this; 0 when they follow each other closely. */
  readonly align: number;
}

/** The codec of some fields among their siblings. */
export function codecView(
  scope: Scope,
  siblings: Siblings,
  fields: readonly FieldModel[],
  before?: { readonly model: FieldModel; readonly line: string },
): CodecView {
  const views = fields.map((model) => fieldView(scope, model, siblings));
  const decodes: string[] = [];
  const encodes: string[] = [];
  const late = new Map<string, string[]>();
  for (const [at, model] of fields.entries()) {
    const view = views[at]!;
    if (model === before?.model) decodes.push(before.line);
    for (const { early } of views.filter((_, i) => siblings.placeByText(fields[i]!) === model)) {
      decodes.push(...early?.decodes ?? []);
      encodes.push(...early?.encodes ?? []);
    }
    decodes.push(...view.decodes);
    encodes.push(...view.encodes);
    if (model.field.kind === "union" && view.late.length > 0) {
      const [selector = ""] = pathOf(model.field.by);
      late.set(selector, [...(late.get(selector) ?? []), ...view.late]);
    }
    for (const name of fieldNames(model)) decodes.push(...(late.get(name) ?? []));
  }
  const used = skipUnused(fields, siblings, decodes);
  const properties = views.flatMap((view) => view.properties);
  return {
    properties,
    reads: views.flatMap((view) => view.reads),
    writes: views.flatMap((view) => view.writes),
    decodes: used,
    encodes,
    resultText: properties.map(resultMember).join(", "),
  };
}

/** Passes over numbers that follow from others and that nothing behind them refers to. */
function skipUnused(
  fields: readonly FieldModel[],
  siblings: Siblings,
  decodes: readonly string[],
): string[] {
  const derived = fields.filter((model) => siblings.derivedText(model) !== null);
  return decodes.map((line) => {
    const [, local, read] = /^const (\w+) = (.*);$/.exec(line) ?? [];
    const model = derived.find(({ name }) => local === localName(propertyName(name)));
    if (model === undefined || read === undefined || read.includes("bounded(")) return line;
    const wanted = new RegExp(`\\b${local}\\b`);
    if (decodes.some((other) => other !== line && wanted.test(other))) return line;
    return `d.skip(${model.size}, "${model.name}");`;
  });
}

function fieldNames(model: FieldModel): string[] {
  const bits = model.field.kind === "bits" ? Object.keys(model.field.fields) : [];
  return [model.name, ...bits];
}

/** `name`, `in: in_`, or a spread that leaves an absent property out. */
function resultMember({ property, optional }: PropertyView): string {
  const local = localName(property);
  if (optional) return `...(${local} === undefined ? {} : { ${property}: ${local} })`;
  return property === local ? property : `${property}: ${local}`;
}

/**
 * The views of all structs of a module. Of one that others only take in, field by field, nothing
 * but its unions is printed; to be asked for once all that calls functions of structs is known.
 */
export function structViews(scope: Scope, module: ModuleModel): StructView[] {
  for (const struct of module.structs) {
    const siblings = new Siblings(scope, className(struct.name), struct.fields);
    unionViews(scope, siblings, className(struct.name));
    if (!isReferenced(module, struct)) scope.called.add(struct.name);
  }
  const printed = new Map<StructModel, StructView>();
  for (let before = -1; before < printed.size;) {
    before = printed.size;
    for (const struct of module.structs) {
      if (!scope.called.has(struct.name) || printed.has(struct)) continue;
      printed.set(struct, structView(scope, struct, true));
    }
  }
  return module.structs.map((struct) => printed.get(struct) ?? structView(scope, struct, false));
}

/** Whether another struct, a message or the configuration has the struct. */
function isReferenced(module: ModuleModel, struct: StructModel): boolean {
  const cases = module.messages.flatMap((set) => set.cases);
  const { config = null } = module as Partial<DeviceModel>;
  const uses = (model: FieldModel): boolean =>
    model.struct?.name === struct.name ||
    model.arms.some((arm) => arm.struct?.name === struct.name || arm.fields.some(uses));
  return [
    ...module.structs.flatMap((each) => each.fields),
    ...cases.flatMap((one) => [...one.readable.fields, ...one.writable.fields]),
    ...config?.fields ?? [],
  ].some(uses);
}

function structView(scope: Scope, struct: StructModel, printed: boolean): StructView {
  const type = className(struct.name);
  const answers = scope.answered.has(struct.name);
  const siblings = new Siblings(scope, type, struct.fields, { answers });
  const codec = printed ? codecView(scope, siblings, siblings.flat) : NO_CODEC;
  const shape = structShape(scope, struct);
  return {
    ...codec,
    type,
    name: struct.name,
    doc: sectionDoc(struct.doc, struct.section),
    sizeName: `${constantOf(type)}_SIZE`,
    size: struct.size,
    fixed: shape === "fixed",
    grown: shape === "grown",
    walked: shape === "walked",
    sessionless: scope.administered.has(struct.name),
    params: paramsText(structExterns(scope, struct)),
    unions: unionViews(scope, siblings, type),
    groups: printed && shape === "grown" ? groupViews(scope, siblings) : [],
    printed,
  };
}

const NO_CODEC: CodecView = {
  properties: [],
  reads: [],
  writes: [],
  decodes: [],
  encodes: [],
  resultText: "",
};

function paramsText(externs: readonly string[]): string {
  return externs.map((path) => `, ${externName(path)}: number`).join("");
}

/** Fields with the same gate in a row make a group; padding comes with them. */
function groupViews(scope: Scope, siblings: Siblings): GroupView[] {
  const groups: {
    condition: string;
    gate: string;
    reads: string[];
    zeroes: string[];
    writes: string[];
  }[] = [];
  for (const model of siblings.flat) {
    const view = fieldView(scope, model, siblings);
    const gate = JSON.stringify([model.when, model.unless, model.legacyWhen]);
    const condition = isGated(model) ? `size >= ${(model.offset ?? 0) + (model.size ?? 0)}` : "";
    const last = groups.at(-1);
    const group = last?.gate === gate
      ? last
      : { condition, gate, reads: [], zeroes: [], writes: [] };
    if (group !== last) groups.push(group);
    group.condition = condition;
    group.reads.push(...view.reads);
    group.zeroes.push(
      ...view.properties.map(({ property, zero }) => `into.${property} = ${zero};`),
    );
    group.writes.push(...view.writes.filter((line) => !line.startsWith("if (") && line !== "}"));
  }
  return groups;
}

/** Unions and sequences among some fields, each with its own type and functions; those of inlined structs are printed there. */
export function unionViews(scope: Scope, siblings: Siblings, owner: string | null): UnionView[] {
  return siblings.flat.filter(({ field, path }) =>
    ownerOf(path) === owner &&
    ((field.kind === "union" && pathOf(field.by).length > 0) || field.kind === "sequence")
  ).map((model) => unionView(scope, siblings, model));
}

function unionView(scope: Scope, siblings: Siblings, model: FieldModel): UnionView {
  const { field } = model;
  if (field.kind !== "union" && field.kind !== "sequence") throw new Error("not a union");
  const type = siblings.unionType(model);
  return {
    type,
    doc: commentText(model.doc),
    tagsName: `${constantOf(type)}_TAGS`,
    strictTagsName: `${constantOf(type)}_STRICT_TAGS`,
    params: paramsText(armExterns(scope, type, model)),
    arms: model.arms.map((arm) =>
      armView(scope, type, arm, selectorEnum(scope, siblings, model), siblings.bounds === "both")
    ),
    slot: field.kind === "union" ? field.size ?? 0 : 0,
    raw: field.otherwise === "raw",
    field: model.name,
    hasTags: model.arms.every((arm) => arm.tags.length === 1),
    hasStrictTags: model.arms.some((arm) => arm.strictTag !== null),
    sequence: field.kind === "sequence" ? sequenceView(scope, model) : null,
  };
}

/** Enumeration of the values that select an arm. */
function selectorEnum(scope: Scope, siblings: Siblings, { field }: FieldModel): string | undefined {
  if (field.kind !== "union" && field.kind !== "sequence") return undefined;
  const path = field.kind === "union" ? pathOf(field.by) : [field.by];
  const fields = field.kind === "union"
    ? siblings
    : new Siblings(scope, "", scope.struct(field.header).fields);
  const selector = path.length === 1 ? fields.find(path[0]!)?.field : undefined;
  if (selector?.kind === "bits") return selector.fields[path[0]!]?.enum;
  return selector?.kind === "scalar" ? selector.enum : undefined;
}

function armView(
  scope: Scope,
  owner: string,
  arm: ArmModel,
  enumeration: string | undefined,
  answers: boolean,
): ArmView {
  const values = arm.tags.map((tag) => scope.valueText(enumeration, tag));
  const { strictTag } = arm;
  const tags = strictTag === null
    ? values
    : values.map((tag) => `s.strict ? ${strictTag} : ${tag}`);
  const base = {
    name: arm.name,
    doc: commentText(arm.doc),
    tags,
    tag: values[0] ?? "0",
    strictTag,
  };
  if (arm.struct !== null) {
    const names = structExterns(scope, arm.struct).map((path) => `, ${externName(path)}`).join("");
    const text = structText(scope, arm.struct, arm.name, "value", { decode: names, encode: names });
    return {
      ...base,
      struct: className(arm.struct.name),
      properties: [],
      decodes: [],
      encodes: [text.encode + ";"],
      resultText: `...${text.decode}`,
    };
  }
  const siblings = new Siblings(scope, owner, arm.fields, { answers });
  const codec = codecView(scope, siblings, siblings.flat);
  return { ...base, struct: null, ...codec };
}

function sequenceView(scope: Scope, model: FieldModel): SequenceView {
  const { field } = model;
  if (field.kind !== "sequence") throw new Error(`${model.path} is not a sequence`);
  const header = scope.struct(field.header);
  const type = className(header.name);
  const by = propertyName(field.by);
  const size = typeof field.size === "object" ? propertyName(field.size.field) : null;
  const includes = typeof field.size === "object" ? field.size.includes ?? 0 : 0;
  const sized = size === null ? "" : `, ${size}: e.length + ${includes}`;
  const ended = size === null ? "" : `, ${size}: 0`;
  const write = (value: string) =>
    structText(scope, header, model.name, value).encode.replace(/^e\./, "out.");
  const end = scope.tagValue(field.end ?? 0);
  const zero = field.zero === undefined ? "" : propertyName(field.zero);
  const others = propertiesOf(header).filter((each) => ![by, size, zero].includes(each));
  return {
    header: type,
    element: others.length === 0
      ? "unknown"
      : `Pick<${type}, ${others.map((each) => `"${each}"`).join(" | ")}>`,
    members: others.map((each) => `, ${each}: header.${each}`).join(""),
    decode: structText(scope, header, model.name, "").decode,
    area: size === null ? "d" : `d.slot(header.${size} - ${includes}, "${model.name}")`,
    encode: `${write(`{ ...(empty${type}()), ...value, ${by}: tag${sized} }`)};`,
    encodeEnd: `${write(`{ ...(empty${type}()), ${by}: ${end}${ended} }`)};`,
    by,
    hasEnd: field.end !== undefined,
    end,
    least: header.size ?? 1,
    fillsArea: field.end !== undefined && fillsArea(field),
    zero,
    align: field.align ?? 0,
  };
}

/** Properties of a header, whose fields are scalars. */
function propertiesOf(header: StructModel): string[] {
  return header.fields.flatMap(({ name, field }) => {
    if (field.kind === "bits") {
      return Object.entries(field.fields).filter(([, bit]) => bit.reserved === undefined).map((
        [key],
      ) => propertyName(key));
    }
    return field.kind === "scalar" && field.reserved === undefined ? [propertyName(name)] : [];
  });
}
