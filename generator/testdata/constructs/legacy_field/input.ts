/** A field that, over a legacy interface, is only there with a feature: in a struct that grows, and in one that is walked. */

import assert from "node:assert/strict";
import { type Device, le16, le32, payload, struct } from "../../../../spec/dsl.ts";
import { answered, call, construct, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("legacy_field", {
  id: 1, // of a type that has a legacy interface over PCI
  features: { LATE: { bit: 0, doc: "The number is there", by: "option" } },
  structs: {
    header: {
      doc: "A header",
      size: 6,
      grows: true,
      fields: { flags: le32("Flags"), number: le16("Number", { legacyWhen: "LATE" }) },
    },
  },
  messages: {
    ask: {
      doc: "A request",
      readable: {
        hdr: struct("header", "Header"),
        more: le16("More", { legacyWhen: "LATE" }),
        last: le16("Last"),
        data: payload("Data"),
      },
      ...answered,
    },
  },
});

/** Its vectors: not over a legacy interface the field is always there. */
export const vectors: Vector[] = [[], ["LATE"]].map((features) => ({
  name: `there with ${features.join() || "nothing"}`,
  section: "none",
  message: "ask",
  queue: 0,
  features,
  readable: "01000000 0200 0300 0400 aabb",
  writable: "00",
  values: {
    request: { hdr: { flags: 1, number: 2 }, more: 3, last: 4 },
    payloads: [{ name: "data", hex: "aabb" }],
    status: 0,
  },
}));

/** Over a legacy interface it comes and goes with the feature. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  for (const features of [[], ["LATE"]]) {
    const asked: unknown[] = [];
    const made = makeDevice({
      features,
      ask: (request: object, data: { bytes(): Uint8Array }) => {
        asked.push(structuredClone(request), [...data.bytes()]);
        return 0;
      },
    });
    const lengths = new Set<number>();
    made.watchQueues((queue) => {
      const pop = queue.pop.bind(queue);
      queue.pop = () => {
        const head = pop();
        if (head >= 0) lengths.add(queue.chain(head).readableLength);
        return head;
      };
    });
    await using driver = await openDriver(made, {}, "legacy");
    assert.ok(driver.legacy && made.legacy);
    const request = { hdr: { flags: 1, number: 2 }, more: 3, last: 4 };
    await call(driver, "ask", request, Uint8Array.of(0xaa));
    const open = features.length > 0;
    assert.deepEqual(asked, [
      open ? request : { hdr: { flags: 1, number: 0 }, last: 4 },
      [0xaa],
    ]);
    assert.deepEqual([...lengths], [open ? 11 : 7]);
  }
}
