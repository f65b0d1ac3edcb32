/** What the standard demands of drivers, and of fields of the configuration among each other. */

import assert from "node:assert/strict";
import { array, type Device, le32, le64, payload, u8 } from "../../../../spec/dsl.ts";
import { answered, call, construct, get, type Sides, STATUS, type Vector } from "../construct.ts";

const page = { lowestBit: { config: "pages" } } as const;

/** The device. */
export const device: Device = construct("demands", {
  features: { FAR: { bit: 0, doc: "Far places", by: "option" } },
  structs: { pair: { doc: "A pair", fields: { low: u8("Low"), high: u8("High") } } },
  config: {
    struct: "c",
    section: "none",
    checks: [
      { doc: "at least used", of: { config: "size" }, atLeast: { config: "used" } },
      { doc: "a multiple of the lowest page", of: { config: "size" }, multipleOf: page },
    ],
    fields: {
      pages: le64("Sizes of pages"),
      size: le64("Bytes"),
      used: le32("Bytes of them in use"),
    },
  },
  messages: {
    ask: {
      doc: "A request",
      readable: {
        at: le64("Where"),
        kind: u8("What for"),
        count: u8("Pairs"),
        pairs: array({ struct: "pair" }, "Pairs", { field: "count" }),
        data: payload("Data"),
      },
      writable: answered.writable,
      status: STATUS,
      checks: [
        {
          doc: "It starts a page",
          of: { field: "at" },
          multipleOf: page,
          otherwise: "BAD",
          driver: "1.2",
        },
        {
          doc: "It is there",
          unless: "FAR",
          of: { field: "at" },
          atMost: { config: "size" },
          driver: "1.3",
        },
        { doc: "A kind that there is", of: { field: "kind" }, atMost: 2, otherwise: "UNKNOWN" },
        {
          doc: "Low is below high",
          each: "pairs",
          of: { field: "low" },
          atMost: { field: "high" },
          driver: "1.4",
        },
        {
          doc: "No 1 in the upper half",
          of: { masked: [{ field: "kind" }, 0xf0] },
          differs: 0x10,
          driver: "1.6",
        },
        { doc: "Few bytes", of: { length: "data" }, atMost: 4, driver: "1.5" },
      ],
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [];

const config = { pages: 0x3000n, size: 0x8000n, used: 5 };
const good = { at: 0x1000n, kind: 1, pairs: [{ low: 1, high: 2 }] };

/** Each side with what it must not do. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  for (const wrong of [{ used: 0x8001 }, { size: 0x8800n }, { size: 0n }]) {
    const expected = { name: "RangeError", message: /Cannot write size: .* is wanted$/ };
    assert.throws(() => makeDevice({ config: { ...config, ...wrong } }), expected);
  }
  const made = () => makeDevice({ config, features: ["FAR"], ask: () => 0 });
  await using driver = await openDriver(made(), { features: [] });
  const ask = async (change: object, bytes = 4): Promise<number> => {
    const answer = await call(driver, "ask", { ...good, ...change }, new Uint8Array(bytes));
    return (answer as { status: number }).status;
  };
  assert.equal(await ask({}), 0);
  assert.equal(await ask({ kind: 3 }), 2, "the driver leaves that to the device");
  const refused: [object, number, RegExp][] = [
    [{ at: 0x1800n }, 4, /^Cannot send ask: it breaks the rule: It starts a page \(.*1\.2\)$/],
    [{ at: 0x9000n }, 4, /1\.3/],
    [{ pairs: [{ low: 1, high: 1 }, { low: 2, high: 1 }] }, 4, /1\.4/],
    [{}, 5, /1\.5/],
    [{ kind: 0x12 }, 4, /1\.6/],
  ];
  for (const [change, bytes, message] of refused) {
    await assert.rejects(ask(change, bytes), { name: "RangeError", message });
    const [queue] = get(driver, "requestq") as object[];
    const data = new Uint8Array(bytes);
    assert.throws(() => call(queue!, "submitAsk", { ...good, ...change }, data), { message });
  }
  assert.equal(await ask({}), 0, "no request takes up room that was not sent");
  await using far = await openDriver(made(), { features: ["FAR"] });
  const answer = await call(far, "ask", { ...good, at: 0x9000n }, new Uint8Array(0));
  assert.deepEqual(answer, { status: 0 });
  const device = made();
  device.config.view.setUint32(16, 0x8001, true);
  const contradiction = { name: "PeerError", field: "size", wanted: "at least used" };
  await assert.rejects(openDriver(device), contradiction);
}
