/**
 * Passes: every part can be cut into its fields in one way, and sizes are known where they must be.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { FieldModel } from "../model.ts";
import type { Draft } from "./draft.ts";
import { fieldAt, fieldLists } from "./fields.ts";
import { endsInRest, takesRest } from "./sizes.ts";

/** Reports lists of fields with a field behind the rest that cannot be found from the end. */
export function partsCut(draft: Draft): void {
  for (const fields of fieldLists(draft)) {
    const at = fields.findIndex((model) => takesRest(model.field, model));
    for (const model of at === -1 ? [] : fields.slice(at + 1)) behindRest(draft, fields, at, model);
    for (const model of fields) elementsEnd(draft, model);
  }
}

function behindRest(
  draft: Draft,
  fields: readonly FieldModel[],
  at: number,
  model: FieldModel,
): void {
  const rest = fields[at]!.name;
  if (takesRest(model.field, model)) {
    const found = `it takes what is left, as "${rest}" does`;
    draft.report("V054", model.path, found, "one such field in a part");
  } else if (!hasSizeInAdvance(model, (path) => (fieldAt(fields, path)?.root ?? -1) < at)) {
    const found = `its size varies, and "${rest}" before it takes what is left`;
    draft.report("V054", model.path, found, "a size that is known before the field is read");
  }
}

/** Whether the size of a field follows from what was read before, or from outside of the part. */
function hasSizeInAdvance(
  { field, size, struct }: FieldModel,
  isRead: (path: dsl.Path) => boolean,
): boolean {
  if (size !== null) return true;
  if (field.kind === "struct") {
    return struct?.fields.every((model) => hasSizeInAdvance(model, () => false)) ?? true;
  }
  if (field.kind !== "bytes" && field.kind !== "payload" && field.kind !== "array") return false;
  const { length } = field;
  if (typeof length === "object" && "bytes" in length) return isRead(length.bytes);
  if (typeof length === "object" && "field" in length && !isRead(length.field)) return false;
  return struct === null || struct.size === struct.minSize;
}

/** Reports arrays whose elements take what is left. */
function elementsEnd(draft: Draft, { field, struct, path }: FieldModel): void {
  if (struct === null || field.kind === "struct") return;
  if (field.kind === "array" && endsInRest(struct.fields)) {
    const found = `elements of ${struct.name}, which take what is left`;
    draft.report("V054", path, found, "elements that end somewhere");
  }
  if (field.kind === "sequence" && endsInRest(struct.fields)) {
    const found = `${struct.name}, which takes what is left`;
    draft.report("V054", `${path}.header`, found, "a header that ends somewhere");
  }
}

/** Most bytes of a field that is no payload: of a message, no more are ever decoded. */
const FIELD_MAX = 2 ** 20;

/** Reports fields of the configuration space and arms of sequences whose size varies, and fields without end. */
export function sizesKnown(draft: Draft): void {
  for (const model of draft.config?.fields ?? []) {
    if (model.size !== null || draft.broken.has(draft.config!.fields)) continue;
    const found = "its size varies";
    draft.report(
      "V055",
      model.path,
      found,
      "a size that the description fixes: the space has fixed offsets",
    );
  }
  for (const fields of fieldLists(draft)) {
    for (const model of fields) {
      if (model.field.kind === "sequence" && model.field.size === "fixed") fixedArms(draft, model);
      tooLarge(draft, model);
    }
  }
}

/** Payload stays where it is, and structs are as large as their fields. */
function tooLarge(draft: Draft, { field, size, path }: FieldModel): void {
  if (field.kind === "payload" || field.kind === "struct" || (size ?? 0) <= FIELD_MAX) return;
  draft.report("V056", path, `${size} bytes`, `at most ${FIELD_MAX} bytes`);
}

function fixedArms(draft: Draft, model: FieldModel): void {
  for (const arm of model.arms) {
    if (arm.size !== null || draft.broken.has(arm.fields)) continue;
    const found = "its size varies";
    draft.report(
      "V055",
      `${model.path}.arms.${arm.name}`,
      found,
      'a fixed size, as `size: "fixed"` says',
    );
  }
}
