/**
 * How large parked buffers must be.
 *
 * @module
 */

import type * as dsl from "../spec/types.ts";

/** A least size, and the path to it from its queue. */
export interface PlacedParks extends dsl.Parks {
  readonly path: string;
}

/** The least sizes of a queue's parked buffers, of which the largest counts whose gate is open. */
export function parksOf({ parks }: dsl.Queue): readonly PlacedParks[] {
  if (parks === undefined) return [];
  if (!isList(parks)) return [{ path: "parks", length: parks }];
  return parks.map((each, i) => ({ path: `parks[${i}]`, ...each }));
}

function isList(parks: dsl.Length | readonly dsl.Parks[]): parks is readonly dsl.Parks[] {
  return Array.isArray(parks);
}
