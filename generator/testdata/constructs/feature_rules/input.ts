/** 2.3: features that need others, one of several, that are mandatory, go together, should go together, exclude each other, are never offered, or lie beyond 64 bits. */

import assert from "node:assert/strict";
import { type Device, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("feature_rules", {
  features: {
    A: { bit: 0, doc: "A", by: "option" },
    B: { bit: 1, doc: "B", by: "option" },
    BOTH: { bit: 2, doc: "Needs both", requires: [["A", "B"]], by: "option" },
    EITHER: { bit: 3, doc: "Needs either", requires: ["A", "B"], by: "option" },
    COMPANY: { bit: 4, doc: "Goes with A", offeredWith: "A", by: "option" },
    MUST: { bit: 5, doc: "Has to be taken", mandatory: true, by: "option" },
    OLD: { bit: 6, doc: "Gives way", by: "option", excludes: ["NEW"] },
    NEW: { bit: 7, doc: "Comes first", by: "option" },
    LEGACY: { bit: 8, doc: "Never offered", by: "legacy" },
    SOCIAL: { bit: 9, doc: "Should go with both", wants: [["A", "B"]], by: "option" },
    FAR: { bit: 70, doc: "Beyond 64 bits", by: "option" },
  },
  oneFeatureOf: ["A", "B"],
  messages: { ask: { doc: "A request", readable: { level: u8("Level") }, ...answered } },
});

/** Its vectors. */
export const vectors: Vector[] = [];

const bits = (...numbers: number[]) => numbers.reduce((set, bit) => set | 1n << BigInt(bit), 0n);
const OWN = bits(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 70);

/** What is offered, and what is taken. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const taken = async (offered: string[], options: Record<string, unknown> = {}) => {
    await using driver = await openDriver(makeDevice({ features: offered }), options);
    return driver.features & OWN;
  };
  assert.equal(await taken(["A", "B", "BOTH", "EITHER", "FAR"]), bits(0, 1, 2, 3, 70));
  assert.equal(
    await taken(["A", "B", "BOTH", "EITHER"], { features: ["B", "BOTH", "EITHER"] }),
    bits(1, 3),
  );
  assert.equal(await taken(["A", "MUST"], { features: ["A"] }), bits(0, 5), "what is mandatory");
  await assert.rejects(
    taken(["A", "B"], { features: [] }),
    { name: "PeerError" },
    "neither of both",
  );
  await assert.rejects(
    taken(["A"], { require: ["FAR"] }),
    { name: "PeerError" },
    "what is required",
  );
  assert.equal(await taken(["A", "OLD"]), bits(0, 6), "nothing that it gives way to");
  assert.equal(await taken(["A", "NEW"]), bits(0, 7), "what comes first");
  assert.equal(await taken(["A", "OLD"], { require: ["OLD"] }), bits(0, 6), "what is required");
  assert.equal(await taken(["A", "B", "SOCIAL"]), bits(0, 1, 9), "what should go with others");
  assert.equal(await taken(["A", "SOCIAL"]), bits(0), "they are not offered");
  const alone = { features: ["A", "SOCIAL"] };
  assert.equal(await taken(["A", "B", "SOCIAL"], alone), bits(0), "they are not accepted");
  assert.equal(
    await taken(["A", "SOCIAL"], { require: ["SOCIAL"] }),
    bits(0, 9),
    "it may be accepted",
  );
  assert.throws(() => makeDevice({ features: ["A", "OLD", "NEW"] }), {
    name: "RangeError",
    message: /FEATURE_RULES_F_OLD without VIRTIO_FEATURE_RULES_F_NEW/,
  });
  assert.throws(() => makeDevice({ features: ["B", "COMPANY"] }), TypeError, "without its company");
  assert.throws(() => makeDevice({ features: ["A", "BOTH"] }), RangeError, "without what it needs");
}
