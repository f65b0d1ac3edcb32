/**
 * Pass: constants are known. Enumerations have their members, each constant one value.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { ConstantModel, EnumModel } from "../model.ts";
import { type Draft, entries } from "./draft.ts";
import { alternatives } from "./gates.ts";

/** Fills `draft.enums` and `draft.constants`. */
export function constantsKnown(draft: Draft): void {
  const places = new Map<string, string>();
  for (const key of Object.keys(draft.description.features ?? {})) {
    places.set(`${draft.featurePrefix}_${key}`, `features.${key}`);
  }
  const define = (constant: ConstantModel, path: string) => {
    const first = places.get(constant.name);
    if (first !== undefined) {
      draft.report("V023", path, constant.name, "a name of its own", `it is also at ${first}`);
      return;
    }
    places.set(constant.name, path);
    draft.constants.set(constant.name, constant);
  };
  for (const [name, enumeration] of entries(draft.description.enums)) {
    const path = `enums.${name}`;
    const model = enumModel(draft, name, enumeration);
    draft.enums.set(name, model);
    for (const member of model.members) define(member, `${path}.members.${member.member}`);
  }
  for (const [name, constant] of entries(draft.description.constants)) {
    const { value, doc } = typeof constant === "number" ? { value: constant, doc: "" } : constant;
    define({ name, value, doc }, `constants.${name}`);
  }
}

function enumModel(draft: Draft, name: string, enumeration: dsl.Enumeration): EnumModel {
  return {
    name,
    typeName: enumeration.name,
    doc: enumeration.doc,
    section: enumeration.section ?? draft.description.section,
    as: enumeration.as ?? "values",
    members: entries(enumeration.members).map(([key, member]) => {
      const full: dsl.Member = typeof member === "number" ? { value: member } : member;
      return {
        name: `${enumeration.prefix ?? name}_${key}`,
        member: key,
        value: full.value,
        doc: full.doc ?? "",
        legacy: full.legacy ?? false,
        when: alternatives(full.when),
      };
    }),
    reserved: enumeration.reserved ?? [],
    unknown: enumeration.unknown ?? "keep",
  };
}
