/**
 * What is printed of a field: the shape that all kinds of fields share.
 *
 * @module
 */

import type { FieldModel } from "../model.ts";
import { keyOf } from "./paths.ts";

/** One property of an interface. */
export interface PropertyView {
  readonly property: string;
  readonly doc: string;
  readonly type: string;
  /** May be left out when written: it exists with some features only. */
  readonly optional: boolean;
  /** The value of an empty object; "undefined" where there is none. */
  readonly zero: string;
}

/** One field, ready to print. */
export interface FieldView {
  readonly properties: readonly PropertyView[];
  /** Statements that set properties of `into` from `view` at `at`. */
  readonly reads: readonly string[];
  /** Statements that set bytes of `view` at `at` from `value`. */
  readonly writes: readonly string[];
  /** Statements that declare a local for each property, from `d`. */
  readonly decodes: readonly string[];
  /** Statements for behind the field that selects it, from `d`. */
  readonly late: readonly string[];
  /** Statements that write `value` to `e`. */
  readonly encodes: readonly string[];
  /** Statements for before the field that it stands before by the text; null where it has one place. */
  readonly early: Pick<FieldView, "decodes" | "encodes"> | null;
}

/** Whose bounds count: those of what arrives, of what the user gives, or of both. */
export type Bounded = "read" | "written" | "both";

/** The view of a field that nobody sees. */
export const NOTHING: FieldView = {
  properties: [],
  reads: [],
  writes: [],
  decodes: [],
  late: [],
  encodes: [],
  early: null,
};

/** The property of a field that has one. */
export function property(model: FieldModel, type: string, zero: string): PropertyView {
  const legacy = model.legacyWhen.map((all) => all.join(" and ")).join(" or ");
  const doc = legacy === ""
    ? model.doc
    : `${model.doc}; over a legacy interface with ${legacy} only`;
  return { property: keyOf(model), doc, type, optional: false, zero };
}
