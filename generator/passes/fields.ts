/**
 * Finds fields by their paths.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { FieldModel } from "../model.ts";

/** The field that `path` names among `fields`: a sibling, also of an inlined struct, then down through structs and the arms of unions. */
export function fieldAt(fields: readonly FieldModel[], path: dsl.Path): FieldModel | undefined {
  const [first, ...rest] = typeof path === "string" ? [path] : path;
  if (first === undefined) return undefined;
  for (const model of fields) {
    if (model.name === first) return rest.length === 0 ? model : fieldAt(inside(model), rest);
    const within = transparent(model);
    const found = within === null ? undefined : fieldAt(within, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What stands inside a field: the fields of its struct, or of every arm. */
function inside(model: FieldModel): readonly FieldModel[] {
  if (model.field.kind === "struct") return model.struct?.fields ?? [];
  return model.field.kind === "union" ? model.arms.flatMap((arm) => arm.fields) : [];
}

/** Fields that count as the parent's own: those of an inlined struct. */
function transparent(model: FieldModel): readonly FieldModel[] | null {
  const { field, struct } = model;
  return field.kind === "struct" && field.inline === true ? struct?.fields ?? [] : null;
}
