/**
 * Passes: constants are known, each with one value, and members of an enumeration are distinct.
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
        reserved: full.reserved ?? false,
        when: alternatives(full.when),
      };
    }),
    reserved: enumeration.reserved ?? [],
    unknown: enumeration.unknown ?? "keep",
  };
}

/** Reports members that mean the same value, and ranges or defaults that contradict the members. */
export function membersDistinct(draft: Draft): void {
  for (const enumeration of draft.enums.values()) {
    const path = `enums.${enumeration.name}`;
    valuesDistinct(draft, path, enumeration);
    rangesFree(draft, path, enumeration);
    const { unknown, members } = enumeration;
    if (typeof unknown === "string") continue;
    const names = members.map((member) => member.member);
    if (names.includes(unknown.as)) continue;
    draft.unknown("V037", `${path}.unknown.as`, unknown.as, "a member", names);
  }
}

/** Two members may share a value only where one is of the legacy interface, or gates part them. */
function valuesDistinct(draft: Draft, path: string, { members }: EnumModel): void {
  for (const [i, member] of members.entries()) {
    const other = members.slice(0, i).find((earlier) =>
      earlier.value === member.value && earlier.legacy === member.legacy &&
      String(earlier.when) === String(member.when)
    );
    if (other === undefined) continue;
    const place = `${path}.members.${member.member}`;
    draft.report(
      "V024",
      place,
      `${member.value}`,
      "a value of its own",
      `"${other.member}" has it too`,
    );
  }
}

function rangesFree(draft: Draft, path: string, { reserved, members }: EnumModel): void {
  for (const [i, [low, high]] of reserved.entries()) {
    const place = `${path}.reserved[${i}]`;
    const within = members.find(({ value }) => value >= low && value <= high);
    if (low > high) draft.report("V024", place, `${low} to ${high}`, "the lower end first");
    if (within === undefined) continue;
    const found = `${low} to ${high}, with ${within.member} = ${within.value}`;
    draft.report("V024", place, found, "a range without members");
  }
}
