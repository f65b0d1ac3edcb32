/**
 * Pass: behaviours are known. The runtime has their classes, and what they serve arrives on their side.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { nearest } from "../diagnostics.ts";
import { BEHAVIOURS } from "../symbols.ts";
import { type Draft, entries, list } from "./draft.ts";

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
      if (described !== undefined) sideKnown(draft, `${path}.${side}`, side, described);
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
