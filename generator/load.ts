/**
 * Imports modules and finds the descriptions that they export.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import type * as dsl from "../spec/types.ts";
import { DescriptionError, type Diagnostic } from "./diagnostics.ts";
import type { LoadedDescription } from "./passes/draft.ts";

/**
 * Descriptions that the modules at `specifiers` (paths or URLs) export, in order; paths and the
 * places in diagnostics are relative to `root`.
 *
 * @throws {DescriptionError} when a module cannot be loaded or has no description.
 */
export async function load(
  specifiers: readonly string[],
  root: URL = pathToFileURL(Deno.cwd() + "/"),
): Promise<LoadedDescription[]> {
  const diagnostics: Diagnostic[] = [];
  const loaded: LoadedDescription[] = [];
  for (const specifier of specifiers) {
    const url = new URL(specifier, root);
    const module: Record<string, unknown> = await import(url.href);
    for (const value of Object.values(module)) {
      if (typeof value === "object" && value !== null && "dsl" in value) {
        loaded.push({ description: value as dsl.Device, source: url.href.slice(root.href.length) });
      }
    }
  }
  if (diagnostics.length > 0) throw new DescriptionError(diagnostics);
  return loaded;
}
