/**
 * Passes: names in TypeScript are unique and free.
 *
 * @module
 */

import type { FieldModel, MessagesModel } from "../model.ts";
import {
  className,
  isReservedMember,
  isReservedProperty,
  isReservedStatic,
  isReservedType,
  propertyName,
  shortName,
} from "../names.ts";
import { GLOBALS, TYPES, VALUES } from "../symbols.ts";
import { type Draft, entries } from "./draft.ts";
import { fieldLists } from "./fields.ts";

/** Names that output has from the language, which is all that a layout has. */
const LANGUAGE: ReadonlySet<string> = new Set(GLOBALS);
/** The same, and what a device's output imports. */
const FOREIGN: ReadonlySet<string> = new Set([...VALUES, ...TYPES, ...GLOBALS]);

/** Something that gets a name in generated code. */
interface Named {
  readonly name: string;
  /** The name that it gets. */
  readonly becomes: string;
  readonly path: string;
}

/** Reports fields, cases, queues and types that would share a name in TypeScript. */
export function namesUnique(draft: Draft): void {
  for (const { items, beside = [] } of scopes(draft)) {
    const taken = new Map(beside.map((item) => [item.becomes, item]));
    for (const item of items) {
      const other = taken.get(item.becomes);
      if (other === undefined) taken.set(item.becomes, item);
      else if (other.path !== item.path) {
        const hint = `${other.path} has it too`;
        draft.report("V021", item.path, show(item), "a name of its own", hint);
      }
    }
  }
}

/** Reports names that generated objects and classes have already. */
export function namesFree(draft: Draft): void {
  const expected = "a name that generated code does not use itself";
  const foreign = draft.device === null ? LANGUAGE : FOREIGN;
  const outside = { items: [...exported(draft)], reserved: (name: string) => foreign.has(name) };
  for (const { items, reserved } of [...scopes(draft), outside]) {
    for (const item of items) {
      if (reserved(item.becomes)) draft.report("V022", item.path, show(item), expected);
    }
  }
  if (draft.device?.name === "layout") {
    draft.report("V022", "name", '"layout"', "a name that is not the folder of layouts");
  }
}

function show({ name, becomes }: Named): string {
  return name === becomes ? `"${name}"` : `"${name}", which becomes ${becomes}`;
}

/** Names that must differ among each other and from what is beside them, and those that they cannot be. */
interface Scope {
  readonly items: readonly Named[];
  readonly beside?: readonly Named[];
  readonly reserved: (name: string) => boolean;
}

function* scopes(draft: Draft): Generator<Scope> {
  for (const fields of fieldLists(draft)) {
    yield { items: [...properties(fields)], reserved: isReservedProperty };
  }
  const members = (["queues", "behaviours"] as const).flatMap((kind) =>
    entries<unknown>(draft.device?.[kind]).map(([name]) => property(name, `${kind}.${name}`))
  );
  yield { items: members, reserved: isReservedMember };
  for (const set of draft.messages.values()) {
    const items = set.tagged ? set.cases.map(({ name, path }) => property(name, path)) : [];
    yield { items, beside: [...members, ...derived(draft, set)], reserved: isReservedMember };
  }
  for (const kind of ["capabilities", "objects"] as const) {
    const all = entries<unknown>(draft.device?.adminQueue?.[kind]);
    const items = all.map(([name]) => property(name, `adminQueue.${kind}.${name}`));
    yield { items, reserved: isReservedStatic };
  }
  const prefix = draft.device?.prefix ?? "";
  yield {
    items: [...types(draft, prefix)],
    reserved: (name) => name.startsWith(prefix) && isReservedType(name.slice(prefix.length)),
  };
}

/** Members of generated classes that are called after queues, sets and cases. */
function derived(draft: Draft, { name: set, path: setPath, cases }: MessagesModel): Named[] {
  const { name: device = "", prefix = "", queues } = draft.device ?? {};
  const called = (path: string, ...names: readonly string[]) =>
    names.map((name): Named => ({ name, becomes: name, path: `generated code of ${path}` }));
  const whole = className(shortName(set, device));
  return [
    ...called(setPath, `begin${whole}`, `serve${whole}Set`, `answer${whole}`, `fail${whole}`),
    ...entries(queues).flatMap(([name]) =>
      called(`queues.${name}`, `serve${className(name)}`, `${propertyName(name)}Available`)
    ),
    ...cases.flatMap(({ name, path }) => {
      const type = className(name);
      const pool = propertyName(`${prefix}${type}Requests`);
      const handler = `${propertyName(name)}Handler`;
      return called(path, `finish${type}`, `submit${type}`, handler, pool);
    }),
  ];
}

function property(name: string, path: string): Named {
  return { name, becomes: propertyName(name), path };
}

/** Properties of the object that a list of fields becomes. */
function* properties(fields: readonly FieldModel[]): Generator<Named> {
  for (const { name, path, field, struct } of fields) {
    if (field.kind === "bits") {
      for (const [bit, { reserved }] of entries(field.fields)) {
        if (reserved === undefined) yield property(bit, `${path}.fields.${bit}`);
      }
    } else if (field.kind === "struct" && field.inline === true) {
      yield* properties(struct?.fields ?? []);
    } else if (isProperty(field)) {
      const own = field.kind === "scalar" ? field.property : undefined;
      yield own === undefined ? property(name, path) : { name, becomes: own, path };
    }
  }
}

/** Whether a field becomes a property: tags, constants and reserved fields do not. */
function isProperty(field: FieldModel["field"]): boolean {
  if ("reserved" in field && field.reserved !== undefined) return false;
  return field.kind !== "scalar" || (field.tag === undefined && field.value === undefined);
}

/** What a module exports by names of the description: types behind the prefix, and constants. */
function* exported(draft: Draft): Generator<Named> {
  const prefix = draft.device?.prefix ?? "";
  const typed = (name: string, type: string, path: string): Named => ({
    name,
    becomes: prefix + type,
    path,
  });
  for (const { name, typeName } of draft.enums.values()) {
    yield typed(typeName, typeName, `enums.${name}.name`);
  }
  for (const set of draft.messages.values()) {
    const { name, path, tagged, cases } = set;
    yield typed(name, className(name), path);
    if (tagged) { for (const one of cases) yield typed(one.name, className(one.name), one.path); }
  }
  for (const { name, path } of draft.structs.values()) {
    yield { name, becomes: className(name), path };
  }
  for (const [name] of entries(draft.description.constants)) {
    yield { name, becomes: name, path: `constants.${name}` };
  }
}

/** Types that a module exports: those of enumerations, queues and events behind the prefix, and structs by their whole names. */
function* types(draft: Draft, prefix: string): Generator<Named> {
  for (const { name, typeName } of draft.enums.values()) {
    yield { name: typeName, becomes: prefix + typeName, path: `enums.${name}.name` };
  }
  for (const { name, path } of draft.structs.values()) {
    yield { name, becomes: className(name), path };
  }
  const { name: device = "", queues } = draft.device ?? {};
  for (const [name, { role, carries }] of entries(queues)) {
    if (role !== "receive") {
      yield { name, becomes: prefix + className(name), path: `queues.${name}` };
      continue;
    }
    for (const set of typeof carries === "string" ? [carries] : carries) {
      const { path, tagged = true } = draft.messages.get(set) ?? { path: "" };
      if (!tagged) yield { name: set, becomes: prefix + className(shortName(set, device)), path };
    }
  }
}
