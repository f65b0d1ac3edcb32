/**
 * The passes that turn validated descriptions into the model: each establishes one fact, and says
 * which facts it assumes.
 *
 * @module
 */

import { behavioursKnown } from "./passes/behaviours.ts";
import { casesTold, echoesKnown, requestsAnswered, statusesKnown } from "./passes/cases.ts";
import { checksComplete } from "./passes/checks.ts";
import { configFieldsReferenced } from "./passes/config_fields.ts";
import { constantsKnown, membersDistinct } from "./passes/constants.ts";
import { partsCut, sizesKnown } from "./passes/cuts.ts";
import type { Draft } from "./passes/draft.ts";
import { bitsLegal, featuresAcyclic, featuresConsistent } from "./passes/features.ts";
import { gatesKnown, gatesOpenable } from "./passes/gates.ts";
import { namesFree, namesUnique } from "./passes/identifiers.ts";
import { featuresImplemented, implementersKnown } from "./passes/implementers.ts";
import { layoutsKnown } from "./passes/layouts.ts";
import { lengthsReadable, selectorsTold } from "./passes/lengths.ts";
import { messagesKnown } from "./passes/messages.ts";
import { modulesDistinct } from "./passes/modules.ts";
import { optionsApply } from "./passes/options.ts";
import { countsReadable, queuesPlaced, rolesFit } from "./passes/queues.ts";
import {
  enumsReferenced,
  handlersReferenced,
  messagesReferenced,
  structsReferenced,
  tagsReferenced,
} from "./passes/references.ts";
import { dataIndependent, numbersOwn } from "./passes/admin.ts";
import { objectsKnown } from "./passes/admin_objects.ts";
import { registersApart, sharedMemoryApart } from "./passes/regions.ts";
import { numbersFit, sizesStated, slotsFit, wordsFilled } from "./passes/stated.ts";
import { windowReadable } from "./passes/windows.ts";

/** One step: a function that checks a draft or adds to it, and the fact that holds afterwards. */
export interface Pass {
  /** The fact that it establishes, in words. */
  readonly name: string;
  /** Facts that must hold before. */
  readonly assumes: readonly string[];
  readonly run: (draft: Draft, all: readonly Draft[]) => void;
}

/** The pipeline, in order. */
export const passes: readonly Pass[] = [
  { name: "modules distinct", assumes: [], run: modulesDistinct },
  { name: "feature bits legal", assumes: [], run: bitsLegal },
  { name: "gates known", assumes: [], run: gatesKnown },
  { name: "gates openable", assumes: ["gates known"], run: gatesOpenable },
  { name: "features acyclic", assumes: ["gates known"], run: featuresAcyclic },
  { name: "features consistent", assumes: ["gates known"], run: featuresConsistent },
  { name: "constants known", assumes: ["gates known"], run: constantsKnown },
  { name: "members distinct", assumes: ["constants known"], run: membersDistinct },
  { name: "enumerations referenced", assumes: ["constants known"], run: enumsReferenced },
  { name: "tags referenced", assumes: ["constants known"], run: tagsReferenced },
  { name: "structs referenced", assumes: [], run: structsReferenced },
  { name: "messages referenced", assumes: [], run: messagesReferenced },
  { name: "handlers referenced", assumes: [], run: handlersReferenced },
  {
    name: "layouts known",
    assumes: ["tags referenced", "structs referenced"],
    run: layoutsKnown,
  },
  { name: "messages known", assumes: ["layouts known"], run: messagesKnown },
  {
    name: "configuration fields referenced",
    assumes: ["layouts known"],
    run: configFieldsReferenced,
  },
  { name: "names unique", assumes: ["messages known"], run: namesUnique },
  { name: "names free", assumes: ["messages known"], run: namesFree },
  { name: "sizes as stated", assumes: ["layouts known"], run: sizesStated },
  { name: "slots fit", assumes: ["messages known"], run: slotsFit },
  { name: "words filled", assumes: ["messages known"], run: wordsFilled },
  { name: "numbers fit", assumes: ["messages known", "enumerations referenced"], run: numbersFit },
  { name: "sizes known", assumes: ["messages known"], run: sizesKnown },
  { name: "parts cut", assumes: ["messages known"], run: partsCut },
  { name: "lengths readable", assumes: ["messages known"], run: lengthsReadable },
  { name: "selectors told", assumes: ["messages known"], run: selectorsTold },
  { name: "options apply", assumes: ["messages known"], run: optionsApply },
  { name: "cases told", assumes: ["messages known"], run: casesTold },
  { name: "statuses known", assumes: ["messages known"], run: statusesKnown },
  { name: "echoes known", assumes: ["messages known"], run: echoesKnown },
  { name: "requests answered", assumes: ["statuses known"], run: requestsAnswered },
  {
    name: "checks complete",
    assumes: ["messages known", "configuration fields referenced"],
    run: checksComplete,
  },
  { name: "counts readable", assumes: ["configuration fields referenced"], run: countsReadable },
  { name: "queues placed", assumes: ["counts readable"], run: queuesPlaced },
  { name: "roles fit", assumes: ["messages known", "messages referenced"], run: rolesFit },
  { name: "window readable", assumes: ["configuration fields referenced"], run: windowReadable },
  {
    name: "behaviours known",
    assumes: ["messages known", "constants known"],
    run: behavioursKnown,
  },
  { name: "administered numbers own", assumes: ["constants known"], run: numbersOwn },
  { name: "administered data independent", assumes: ["layouts known"], run: dataIndependent },
  { name: "administered objects known", assumes: ["layouts known"], run: objectsKnown },
  { name: "registers apart", assumes: [], run: registersApart },
  { name: "shared memory apart", assumes: [], run: sharedMemoryApart },
  { name: "implementers known", assumes: ["messages known"], run: implementersKnown },
  { name: "features implemented", assumes: ["implementers known"], run: featuresImplemented },
];
