/**
 * Pass: windows are readable. What the driver selects, the device can show.
 *
 * @module
 */

import type { FieldModel } from "../model.ts";
import type { Draft } from "./draft.ts";
import { isStateful } from "./sizes.ts";

/** Reports windows whose fields cannot select, count or show. */
export function windowReadable(draft: Draft): void {
  const window = draft.device?.config?.window;
  if (window === undefined) return;
  const field = (name: string) => draft.config?.fields.find((model) => model.name === name);
  for (const [i, name] of window.select.entries()) {
    const model = field(name);
    if (model === undefined || writes(model)) continue;
    const found = `"${name}", which the driver does not write`;
    draft.report("V093", `config.window.select[${i}]`, found, "a number with `driverWrites`");
  }
  const size = field(window.size);
  if (size !== undefined && (size.field.kind !== "scalar" || writes(size))) {
    const found = `"${window.size}"`;
    draft.report("V093", "config.window.size", found, "a number that only the device writes");
  }
  const value = field(window.value);
  if (value !== undefined) shows(draft, value, window.select);
}

function writes({ field }: FieldModel): boolean {
  return field.kind === "scalar" && field.driverWrites !== undefined;
}

function shows(draft: Draft, { name, field }: FieldModel, select: readonly string[]): void {
  const path = "config.window.value";
  if (field.kind !== "union" || field.size === undefined) {
    draft.report("V093", path, `"${name}"`, "a union with a size");
  } else if (isStateful(field) || typeof field.by !== "string" || !select.includes(field.by)) {
    draft.report("V093", path, `"${name}"`, `a union selected by ${select.join(" or ")}`);
  }
}
