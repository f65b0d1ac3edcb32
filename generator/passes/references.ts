/**
 * Passes: what a description names by name exists, and is of the right kind.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { type Draft, entries, list } from "./draft.ts";
import { describedFields } from "./walk.ts";

/** Reports fields whose enumeration is not described. */
export function enumsReferenced(draft: Draft): void {
  const known = Object.keys(draft.description.enums ?? {});
  for (const { path, name } of enumNames(draft)) {
    if (!known.includes(name)) draft.unknown("V031", path, name, "an enumeration", known);
  }
}

function* enumNames(draft: Draft): Generator<{ path: string; name: string }> {
  for (const { path, field } of describedFields(draft)) {
    if ((field.kind === "scalar" || field.kind === "array") && field.enum !== undefined) {
      yield { path: `${path}.enum`, name: field.enum };
    }
    if (field.kind === "scalar" && field.bitsOf !== undefined) {
      const { bitsOf } = field;
      const name = typeof bitsOf === "string" ? bitsOf : bitsOf.enum;
      yield { path: `${path}.bitsOf`, name };
    }
    if (field.kind !== "bits") continue;
    for (const [bit, { enum: name }] of entries(field.fields)) {
      if (name !== undefined) yield { path: `${path}.fields.${bit}.enum`, name };
    }
  }
}

/** Reports fields and arms whose struct is not described. */
export function structsReferenced(draft: Draft): void {
  const known = Object.keys(draft.description.structs ?? {});
  const check = (path: string, name: string | undefined) => {
    if (name === undefined || known.includes(name)) return;
    draft.unknown("V032", path, name, "a struct", known);
  };
  for (const { path, field } of describedFields(draft)) {
    if (field.kind === "struct") check(`${path}.struct`, field.struct);
    if (field.kind === "sequence") check(`${path}.header`, field.header);
    if (field.kind === "array" && typeof field.of === "object" && "struct" in field.of) {
      check(`${path}.of.struct`, field.of.struct);
    }
    if (field.kind !== "union" && field.kind !== "sequence") continue;
    for (const [name, arm] of entries(field.arms)) check(`${path}.arms.${name}.struct`, arm.struct);
  }
}

/** Reports tags that name no constant. */
export function tagsReferenced(draft: Draft): void {
  for (const { path, tag } of tagsOf(draft)) {
    if (typeof tag === "number" || draft.constants.has(tag)) continue;
    draft.unknown("V034", path, tag, "a constant", draft.constants.keys());
  }
}

function* tagsOf(draft: Draft): Generator<{ path: string; tag: dsl.Tag }> {
  function* of(path: string, tags: dsl.Tag | readonly dsl.Tag[] | undefined) {
    for (const tag of list<dsl.Tag>(tags)) yield { path, tag };
  }
  for (const { path, field } of describedFields(draft)) {
    if (field.kind !== "union" && field.kind !== "sequence") continue;
    for (const [name, arm] of entries(field.arms)) yield* of(`${path}.arms.${name}.tag`, arm.tag);
    if (field.kind === "sequence") yield* of(`${path}.end`, field.end);
  }
  for (const [set, { cases }] of entries(draft.description.messages)) {
    for (const [name, one] of entries(cases)) {
      yield* of(`messages.${set}.cases.${name}.tag`, one.tag);
      yield* of(`messages.${set}.cases.${name}.legacyTags`, one.legacyTags);
    }
  }
}

/** Reports queues that carry messages nobody described. */
export function messagesReferenced(draft: Draft): void {
  const known = Object.keys(draft.description.messages ?? {});
  for (const [name, queue] of entries(draft.device?.queues)) {
    for (const set of list(queue.carries)) {
      if (known.includes(set)) continue;
      draft.unknown("V035", `queues.${name}.carries`, set, "a message set", known);
    }
  }
}

/** Reports features whose `handlers` name neither a queue nor a case. */
export function handlersReferenced(draft: Draft): void {
  const cases = entries(draft.description.messages).flatMap(([set, { cases }]) =>
    cases === undefined ? [set] : Object.keys(cases).map((name) => `${set}.${name}`)
  );
  const known = [...Object.keys(draft.device?.queues ?? {}), ...cases];
  for (const [name, feature] of entries(draft.description.features)) {
    for (const handler of feature.handlers ?? []) {
      if (known.includes(handler)) continue;
      const kind = "a queue or a request (`set.case`)";
      draft.unknown("V036", `features.${name}.handlers`, handler, kind, known);
    }
  }
}
