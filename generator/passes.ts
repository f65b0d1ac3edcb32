/**
 * The passes that turn validated descriptions into the model: each establishes one fact, and says
 * which facts it assumes.
 *
 * @module
 */

import { constantsKnown } from "./passes/constants.ts";
import type { Draft } from "./passes/draft.ts";
import { gatesKnown } from "./passes/gates.ts";
import { featuresImplemented, implementersKnown } from "./passes/implementers.ts";
import { layoutsKnown } from "./passes/layouts.ts";
import { messagesKnown } from "./passes/messages.ts";

/** One step: a function that checks drafts or adds to them, and the fact that holds afterwards. */
export interface Pass {
  /** The fact that it establishes, in words. */
  readonly name: string;
  /** Names of the passes that must have run before. */
  readonly assumes: readonly string[];
  readonly run: (draft: Draft, all: readonly Draft[]) => void;
}

/** The pipeline, in order. */
export const passes: readonly Pass[] = [
  { name: "gates known", assumes: [], run: gatesKnown },
  { name: "constants known", assumes: [], run: constantsKnown },
  { name: "layouts known", assumes: ["constants known"], run: layoutsKnown },
  { name: "messages known", assumes: ["layouts known"], run: messagesKnown },
  { name: "implementers known", assumes: ["messages known"], run: implementersKnown },
  { name: "features implemented", assumes: ["implementers known"], run: featuresImplemented },
];
