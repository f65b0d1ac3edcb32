/**
 * The front half of the generator: from modules to the model.
 *
 * @module
 */

import { DescriptionError, type Diagnostic } from "./diagnostics.ts";
import type { Model } from "./model.ts";
import { type Pass, passes } from "./passes.ts";
import { assemble } from "./passes/assemble.ts";
import { Draft, type LoadedDescription } from "./passes/draft.ts";

export { load } from "./load.ts";
export type { LoadedDescription } from "./passes/draft.ts";

/**
 * Model of all `descriptions`, in their order; `pipeline` is for tests that leave a pass out.
 *
 * @throws {DescriptionError} with every problem of every description.
 */
export function resolve(
  descriptions: readonly LoadedDescription[],
  pipeline: readonly Pass[] = passes,
): Model {
  const diagnostics: Diagnostic[] = [];
  const drafts = descriptions.map((loaded) => new Draft(loaded, diagnostics));
  for (const pass of pipeline) {
    for (const draft of drafts) pass.run(draft, drafts);
  }
  if (diagnostics.length > 0) throw new DescriptionError(diagnostics);
  return assemble(drafts);
}
