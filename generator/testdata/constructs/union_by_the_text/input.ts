/** A value of a union's selector that differs between the standard's text and what is deployed. */

import assert from "node:assert/strict";
import { type Device, le16, u8, union } from "../../../../spec/dsl.ts";
import { answered, call, construct, get, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("union_by_the_text", {
  messages: {
    ask: {
      doc: "A union",
      readable: {
        kind: u8("Selects"),
        what: union("What", "kind", {
          old: { tag: 1, fields: { x: le16("A number") } },
          young: { tag: 3, strictTag: 2, fields: { y: le16("A number") } },
        }),
      },
      ...answered,
    },
  },
});

/** Its vectors: what is deployed. */
export const vectors: Vector[] = [
  {
    name: "the deployed value",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "03 0500",
    writable: "00",
    values: { request: { what: { kind: "young", y: 5 } }, status: 0 },
  },
  {
    name: "the value of the text is unknown",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "02 0500",
    writable: "01",
    refused: 1,
    values: {},
  },
];

/** With `strict` on both sides they meet, on one side alone they do not. */
export async function run(sides: Sides): Promise<void> {
  const request = { what: { kind: "young", y: 5 } };
  for (const device of [false, true]) {
    for (const driver of [false, true]) {
      const seen: unknown[] = [];
      const ask = (given: unknown) => (seen.push(given), 0);
      const made = sides.makeDevice({ strict: device, ask });
      await using opened = await sides.openDriver(made, { strict: driver });
      const answer = await call(opened, "ask", request) as object;
      assert.equal(get(answer, "status"), device === driver ? 0 : 1);
      assert.deepEqual(seen, device === driver ? [request] : []);
    }
  }
}
