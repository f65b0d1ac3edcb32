/**
 * Passes: queues have places of their own and numbers that can be read; they carry what their
 * role can.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { constantField } from "../constant_field.ts";
import type { Alternatives, CaseModel } from "../model.ts";
import { type Draft, entries, list } from "./draft.ts";
import { fieldAt, isNumber, namesIn, pathName } from "./fields.ts";
import { alternatives } from "./gates.ts";
import { collision } from "./placement.ts";

/** Reports numbers of queues from fields that may be absent or that cannot count. */
export function countsReadable(draft: Draft): void {
  for (const [name, queue] of entries(draft.device?.queues)) {
    for (const key of ["index", "strictIndex", "count"] as const) {
      const count = queue[key];
      if (typeof count === "object" && "config" in count) {
        countReadable(draft, `queues.${name}.${key}`, count, queue);
      }
    }
    if (queue.count === 0) {
      draft.report("V092", `queues.${name}.count`, "0", "a number from 1");
    }
  }
}

type Counted = Exclude<dsl.Count, number>;

function countReadable(draft: Draft, path: string, count: Counted, queue: dsl.Queue): void {
  const field = fieldAt(draft.config?.fields ?? [], count.config)?.model;
  if (field === undefined || !isNumber({ model: field })) return;
  if (field.size === 8 || field.field.kind === "bits") {
    draft.report("V092", `${path}.config`, `"${count.config}"`, "a number of at most 32 bits");
  }
  const when = alternatives(count.when);
  const known = when.length === 0 ? alternatives(queue.when) : when;
  if (!implies(known, field.when)) {
    const gate = show(field.when);
    const found = `"${count.config}", which only exists with ${gate}`;
    draft.report("V092", `${path}.when`, found, `a gate that implies ${gate}`);
  }
  if (when.length > 0 && count.otherwise === undefined) {
    draft.report("V092", `${path}.otherwise`, "nothing", `the number without ${show(when)}`);
  }
}

/** Whether one gate open means that the other is, too. */
function implies(gate: Alternatives, other: Alternatives): boolean {
  if (other.length === 0) return true;
  return gate.length > 0 &&
    gate.every((set) => other.some((needed) => needed.every((one) => set.includes(one))));
}

function show(gate: Alternatives): string {
  return gate.map((set) => set.join(" and ")).join(" or ");
}

/** Reports queues that stand where another does. */
export function queuesPlaced(draft: Draft): void {
  if (draft.device === null) return;
  for (const strict of [false, true]) {
    const found = collision(draft.device.queues, strict);
    if (found === undefined) continue;
    const { name, other, index, setting } = found;
    const key = strict && draft.device.queues[name]?.strictIndex !== undefined
      ? "strictIndex"
      : "index";
    const what = `index ${index} ${setting}`;
    draft.report(
      "V090",
      `queues.${name}.${key}`,
      what,
      "an index of its own",
      `"${other}" is there`,
    );
  }
}

/** Reports queues whose messages have a part that their role does not have. */
export function rolesFit(draft: Draft): void {
  for (const [name, queue] of entries(draft.device?.queues)) {
    const path = `queues.${name}`;
    const sets = list(queue.carries).flatMap((set) => draft.messages.get(set) ?? []);
    const cases = sets.flatMap((set) => set.cases);
    for (const one of cases) roleFits(draft, path, queue, one);
    optionsFit(draft, path, queue);
    mergesCounted(draft, path, queue, cases);
    for (const [key, field] of fieldsNamed(queue)) {
      const all = cases.flatMap((one) => [...one.readable.fields, ...one.writable.fields]);
      if (cases.length === 0 || all.some((model) => draft.broken.has([model]))) continue;
      if (fieldAt(all, field) === undefined) {
        draft.unknown(
          "V060",
          `${path}.${key}`,
          field,
          "a field of its messages",
          new Set(namesIn(all)),
        );
      }
    }
  }
}

function roleFits(draft: Draft, path: string, queue: dsl.Queue, one: CaseModel): void {
  const parts = { readable: one.readable, writable: one.writable };
  for (const part of UNUSED[queue.role]) {
    if (parts[part].fields.length === 0) continue;
    const found = `"${queue.role}", and ${one.path} has ${part} fields`;
    draft.report("V091", `${path}.role`, found, `messages without a ${part} part, or another role`);
  }
}

/** Parts of messages that do not occur in a role. */
const UNUSED: Readonly<Record<dsl.Role, readonly ("readable" | "writable")[]>> = {
  request: [],
  transmit: ["writable"],
  receive: ["readable"],
  pull: ["writable"],
};

function optionsFit(draft: Draft, path: string, queue: dsl.Queue): void {
  const parked = queue.role === "receive";
  for (const key of ["parks", "merges"] as const) {
    if (queue[key] === undefined || parked) continue;
    draft.report(
      "V063",
      `${path}.${key}`,
      "an option without a meaning here",
      'queues of the role "receive"',
    );
  }
}

function mergesCounted(
  draft: Draft,
  path: string,
  { role, merges }: dsl.Queue,
  cases: readonly CaseModel[],
): void {
  if (merges === undefined || role !== "receive") return;
  const names = typeof merges.field === "string" ? [merges.field] : merges.field;
  for (const { writable } of cases) {
    if (fieldAt(writable.fields, names[0]!) === undefined) continue; // reported elsewhere
    if (constantField(writable.fields, names) !== undefined) continue;
    const found = `"${pathName(merges.field)}"`;
    draft.report(
      "V063",
      `${path}.merges.field`,
      found,
      "a number at the same place of each message",
    );
  }
}

function fieldsNamed(queue: dsl.Queue): [string, string][] {
  const named: [string, string][] = [];
  if (queue.merges !== undefined) {
    const { field } = queue.merges;
    named.push(["merges.field", typeof field === "string" ? field : field[0] ?? ""]);
  }
  if (typeof queue.order === "object") named.push(["order.key", queue.order.key]);
  return named;
}
