/**
 * The front half of the generator: from modules to the model.
 *
 * @module
 */

import { DescriptionError } from "./diagnostics.ts";
import type { Model } from "./model.ts";
import { type Pass, passes } from "./passes.ts";
import { assemble } from "./passes/assemble.ts";
import type { LoadedDescription } from "./load.ts";
import { Draft } from "./passes/draft.ts";

export { load, type LoadedDescription } from "./load.ts";

/**
 * Model of all descriptions that {@linkcode load} found, in their order; `pipeline` is for tests
 * that leave a pass out.
 *
 * @throws {DescriptionError} with every problem of every description, those met by loading too.
 */
export function resolve(
  loaded: readonly LoadedDescription[],
  pipeline: readonly Pass[] = passes,
): Model {
  const problems = loaded.map((one) => [...one.diagnostics]);
  const drafts = loaded.flatMap(({ description, source }, i) =>
    description === null ? [] : [new Draft(description, source, problems[i]!)]
  );
  for (const pass of pipeline) {
    for (const draft of drafts) pass.run(draft, drafts);
  }
  const diagnostics = problems.flat();
  if (diagnostics.length > 0) throw new DescriptionError(diagnostics);
  return assemble(drafts);
}
