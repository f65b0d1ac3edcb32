/**
 * Passes: names in TypeScript are unique and free.
 *
 * @module
 */

import type { FieldModel } from "../model.ts";
import { className, isReservedMember, isReservedProperty, propertyName } from "../names.ts";
import { type Draft, entries } from "./draft.ts";
import { fieldLists } from "./fields.ts";

/** Something that gets a name in generated code. */
interface Named {
  readonly name: string;
  readonly path: string;
}

/** Reports fields, cases, queues and types that would share a name in TypeScript. */
export function namesUnique(draft: Draft): void {
  for (const scope of scopes(draft)) {
    const taken = new Map<string, Named>();
    for (const item of scope.items) {
      const name = scope.rename(item.name);
      const other = taken.get(name);
      if (other === undefined) taken.set(name, item);
      else if (other.path !== item.path) {
        const hint = `${other.path} has it too`;
        draft.report(
          "V021",
          item.path,
          `"${item.name}", which becomes ${name}`,
          "a name of its own",
          hint,
        );
      }
    }
  }
}

/** Reports names that generated objects and classes have already. */
export function namesFree(draft: Draft): void {
  for (const { items, rename, reserved } of scopes(draft)) {
    for (const { name, path } of items) {
      if (!reserved(rename(name))) continue;
      draft.report(
        "V022",
        path,
        `"${name}", which becomes ${rename(name)}`,
        "a name that generated code does not use itself",
      );
    }
  }
  if (draft.device?.name === "layout") {
    draft.report("V022", "name", '"layout"', "a name that is not the folder of layouts");
  }
}

interface Scope {
  readonly items: readonly Named[];
  readonly rename: (name: string) => string;
  readonly reserved: (name: string) => boolean;
}

function* scopes(draft: Draft): Generator<Scope> {
  for (const fields of fieldLists(draft)) {
    yield { items: [...properties(fields)], rename: propertyName, reserved: isReservedProperty };
  }
  for (const set of draft.messages.values()) {
    const items = set.tagged ? set.cases : [];
    yield { items, rename: propertyName, reserved: isReservedMember };
  }
  const queues = Object.keys(draft.device?.queues ?? {});
  yield {
    items: queues.map((name) => ({ name, path: `queues.${name}` })),
    rename: propertyName,
    reserved: isReservedMember,
  };
  yield { items: [...types(draft)], rename: (name) => name, reserved: isReservedType };
}

/** Properties of the object that a list of fields becomes: reserved fields are left out. */
function* properties(fields: readonly FieldModel[]): Generator<Named> {
  for (const { name, path, field, struct } of fields) {
    if (field.kind === "bits") {
      for (const [bit, { reserved }] of entries(field.fields)) {
        if (reserved === undefined) yield { name: bit, path: `${path}.fields.${bit}` };
      }
    } else if (field.kind === "struct" && field.inline === true) {
      yield* properties(struct?.fields ?? []);
    } else if (!("reserved" in field && field.reserved !== undefined)) {
      yield { name, path };
    }
  }
}

/** Types of a description: enumerations, and structs by their whole names. */
function* types(draft: Draft): Generator<Named> {
  for (const { name, typeName } of draft.enums.values()) {
    yield { name: typeName, path: `enums.${name}.name` };
  }
  for (const { name, path } of draft.structs.values()) yield { name: className(name), path };
}

/** Types that every device has: its driver, its device, what they are made of. */
function isReservedType(name: string): boolean {
  return ["Config", "Device", "Driver", "Features", "Handlers", "Options"].includes(name);
}
