/**
 * Passes: implementers are known, and features are implemented: each has what its `by` promises.
 *
 * @module
 */

import type { Alternatives } from "../model.ts";
import { type Draft, entries, list } from "./draft.ts";
import { alternatives } from "./gates.ts";

/** Fills `draft.implementers`: what is gated by each feature, and what it names itself. */
export function implementersKnown(draft: Draft): void {
  for (const [name, feature] of entries(draft.description.features)) {
    const handlers = [...new Set([...(feature.handlers ?? []), ...gatedHandlers(draft, name)])];
    const configFields = (draft.config?.fields ?? [])
      .filter((field) => names(field.when, name)).map((field) => field.name);
    draft.implementers.set(name, { handlers, configFields });
  }
}

/** Reports features whose provider has nothing to provide them with. */
export function featuresImplemented(draft: Draft): void {
  if (draft.device === null) return;
  for (const [name, feature] of entries(draft.description.features)) {
    const found = draft.implementers.get(name);
    const by = list(feature.by);
    const path = `features.${name}.by`;
    if (by.includes("handler") && found?.handlers.length === 0) {
      draft.report(
        "V044",
        path,
        `"handler", but no case or queue is gated by ${name}`,
        "a gated case or queue, `handlers`, or another provider",
      );
    }
    if (by.includes("config") && found?.configFields.length === 0) {
      draft.report(
        "V044",
        path,
        `"config", but no configuration field is gated by ${name}`,
        "a gated configuration field, or another provider",
      );
    }
  }
}

/** Cases and queues that exist with the feature. */
function gatedHandlers(draft: Draft, feature: string): string[] {
  const cases = [...draft.messages.values()].flatMap((set) =>
    set.cases.filter((one) => names(one.feature, feature)).map((one) => `${set.name}.${one.name}`)
  );
  const queues = entries(draft.device?.queues)
    .filter(([, queue]) => names(alternatives(queue.when), feature)).map(([name]) => name);
  return [...cases, ...queues];
}

function names(gate: Alternatives, feature: string): boolean {
  return gate.some((set) => set.includes(feature));
}
