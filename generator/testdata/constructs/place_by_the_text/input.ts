/** Bytes that are deployed behind fields which the standard's text has behind them. */

import assert from "node:assert/strict";
import { bytes, type Device, le16, u8 } from "../../../../spec/dsl.ts";
import { answered, call, construct, get, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("place_by_the_text", {
  features: { WIDE: { bit: 0, doc: "Levels have 16 bits", by: "option" } },
  messages: {
    ask: {
      doc: "A level for a lamp by its name",
      readable: {
        length: u8("Bytes of the name"),
        wide: le16("Level", { when: "WIDE" }),
        unit: u8("Of the level"),
        name: bytes("The lamp", { field: "length" }, { strictBefore: "wide" }),
        last: u8("The last"),
      },
      ...answered,
    },
  },
});

/** Its vectors: both orders, with the feature and without it. */
export const vectors: Vector[] = [
  {
    name: "the deployed place",
    section: "none",
    message: "ask",
    queue: 0,
    features: ["WIDE"],
    readable: "02 0203 04 aabb 05",
    writable: "00",
    values: { request: { name: "hex:aabb", wide: 0x302, unit: 4, last: 5 }, status: 0 },
  },
  {
    name: "the place of the text",
    section: "none",
    message: "ask",
    queue: 0,
    features: ["WIDE"],
    readable: "02 aabb 0203 04 05",
    writable: "00",
    strict: true,
    values: { request: { name: "hex:aabb", wide: 0x302, unit: 4, last: 5 }, status: 0 },
  },
  {
    name: "the place of the text, before a field that is not there",
    section: "none",
    message: "ask",
    queue: 0,
    features: [],
    readable: "02 aabb 04 05",
    writable: "00",
    strict: true,
    values: { request: { name: "hex:aabb", unit: 4, last: 5 }, status: 0 },
  },
];

/** With `strict` on both sides they meet, on one side alone the bytes are taken for others. */
export async function run(sides: Sides): Promise<void> {
  const request = { name: new Uint8Array([0xaa, 0xbb]), unit: 4, last: 5 };
  const taken = [
    [request, { name: new Uint8Array([0xbb, 4]), unit: 0xaa, last: 5 }],
    [{ name: new Uint8Array([4, 0xaa]), unit: 0xbb, last: 5 }, request],
  ];
  for (const device of [0, 1]) {
    for (const driver of [0, 1]) {
      const seen: unknown[] = [];
      const ask = (given: unknown) => (seen.push(given), 0);
      const made = sides.makeDevice({ strict: device === 1, ask });
      await using opened = await sides.openDriver(made, { strict: driver === 1 });
      const answer = await call(opened, "ask", request) as object;
      assert.equal(get(answer, "status"), 0);
      assert.deepEqual(seen, [taken[device]![driver]]);
    }
  }
}
