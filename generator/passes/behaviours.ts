/**
 * Pass: behaviours are known. The runtime has their classes, and what they serve arrives on their side.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { constantField } from "../constant_field.ts";
import { nearest } from "../diagnostics.ts";
import { BEHAVIOURS } from "../symbols.ts";
import { type Draft, entries, list } from "./draft.ts";
import { pathName } from "./fields.ts";

/** Queues on which messages arrive at each side. */
const ARRIVALS: Readonly<Record<"device" | "driver", readonly dsl.Role[]>> = {
  device: ["request", "transmit", "pull"],
  driver: ["receive", "pull"],
};

/** Reports behaviours without a class, and names in them that stand for nothing. */
export function behavioursKnown(draft: Draft): void {
  for (const [name, behaviour] of entries(draft.device?.behaviours)) {
    const path = `behaviours.${name}`;
    for (const [i, key] of (behaviour.enums ?? []).entries()) {
      if (draft.enums.has(key)) continue;
      draft.unknown("V031", `${path}.enums[${i}]`, key, "an enumeration", draft.enums.keys());
    }
    if (behaviour.device === undefined && behaviour.driver === undefined) {
      draft.report("V038", path, "a behaviour of no side", "`device`, `driver` or both");
    }
    for (const side of ["device", "driver"] as const) {
      const described = behaviour[side];
      if (described === undefined) continue;
      sideKnown(draft, `${path}.${side}`, side, described);
      if (described.lines === undefined) continue;
      if (side === "driver" || behaviour.when !== undefined || described.serves !== undefined) {
        const expected = "an object of the device that is always there";
        draft.report("V038", `${path}.${side}.lines`, "lines of answers", expected);
      }
      linesKnown(draft, `${path}.${side}.lines`, described.lines);
    }
  }
}

function sideKnown(
  draft: Draft,
  path: string,
  side: "device" | "driver",
  described: dsl.BehaviourSide,
): void {
  if (!BEHAVIOURS.includes(described.class)) {
    const meant = nearest(described.class, BEHAVIOURS);
    const hint = meant === undefined ? undefined : `did you mean "${meant}"?`;
    const expected = "a class of runtime/behaviours/";
    draft.report("V038", `${path}.class`, `"${described.class}"`, expected, hint);
  }
  const known = arrivals(draft, ARRIVALS[side]);
  for (const [i, message] of (described.serves ?? []).entries()) {
    if (known.includes(message)) continue;
    const kind = `a message to the ${side} (\`set.case\`)`;
    draft.unknown("V036", `${path}.serves[${i}]`, message, kind, known);
  }
}

function linesKnown(
  draft: Draft,
  path: string,
  { of, by }: NonNullable<dsl.BehaviourSide["lines"]>,
): void {
  const asked = entries(draft.device?.queues).filter(([, { role }]) => role === "request")
    .flatMap(([, queue]) => list(queue.carries));
  const known = [...draft.messages].filter(([name, set]) => set.tagged && asked.includes(name));
  const set = known.find(([name]) => name === of)?.[1];
  if (set === undefined) {
    const kind = "a set of requests by cases";
    return draft.unknown("V036", `${path}.of`, of, kind, known.map(([name]) => name));
  }
  for (const [i, field] of by.entries()) {
    if (constantField(set.header.fields, list(field)) !== undefined) continue;
    const expected = "a number that all requests of the set start with";
    draft.report("V063", `${path}.by[${i}]`, `"${pathName(field)}"`, expected);
  }
}

/** Messages on queues of these roles. */
function arrivals(draft: Draft, roles: readonly dsl.Role[]): string[] {
  const sets = entries(draft.device?.queues).filter(([, queue]) => roles.includes(queue.role))
    .flatMap(([, queue]) => list(queue.carries));
  return [...new Set(sets)].flatMap((name) => {
    const set = draft.messages.get(name);
    if (set === undefined) return [];
    return set.tagged ? set.cases.map((one) => `${name}.${one.name}`) : [name];
  });
}
