/** A configuration whose fields follow from each other, some of them only with a feature. */

import assert from "node:assert/strict";
import { type Device, le16, le32, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, get, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("configuration_formula", {
  features: { LIMITS: { bit: 0, doc: "There are limits", by: "config" } },
  config: {
    struct: "c",
    doc: "A field of lamps",
    checks: [
      {
        doc: "rows times columns",
        of: { config: "lamps" },
        equals: { product: [{ config: "rows" }, { config: "columns" }] },
      },
      {
        doc: "at least 10 more than low",
        of: { config: "high" },
        atLeast: { sum: [{ config: "low" }, 10] },
      },
    ],
    fields: {
      rows: le16("Rows", { min: 1 }),
      columns: le16("Columns", { min: 1, max: 100 }),
      lamps: le16("Lamps"),
      low: le32("Least", { when: "LIMITS" }),
      high: le32("Most", { when: "LIMITS" }),
    },
  },
  messages: {
    ask: {
      doc: "A lamp",
      readable: { row: le16("Which row"), level: u8("How bright") },
      ...answered,
      checks: [
        {
          doc: "There is such a row",
          of: { field: "row" },
          atMost: { config: "rows" },
          otherwise: "BAD",
        },
      ],
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [];

const config = { rows: 3, columns: 4, lamps: 12 };

/** What follows is demanded; what needs a feature is demanded with it alone. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const wrong = (changes: Record<string, number>) => () =>
    makeDevice({ config: { ...config, ...changes } });
  assert.throws(wrong({ lamps: 11 }), /lamps: 11 was given, rows times columns/);
  assert.throws(wrong({ low: 5, high: 14 }), /high: 14 was given, at least 10 more than low/);
  assert.throws(wrong({ low: 5 }), /high: 0 was given, at least 10 more than low/);
  for (const limits of [{}, { low: 5, high: 15 }]) {
    const driver = await openDriver(makeDevice({ config: { ...config, ...limits } }));
    assert.deepEqual(get(driver, "config"), { ...config, ...limits });
    await driver.close();
  }
}
