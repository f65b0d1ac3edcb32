/** 2.3: bounds of what a device sends: it sends nothing that its driver would refuse. */

import assert from "node:assert/strict";
import { array, type Device, le16, struct, u8 } from "../../../../spec/dsl.ts";
import { call, code, construct, type Sides, STATUS, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("bounds_of_answers", {
  features: { MORE: { bit: 0, doc: "More", by: "option" } },
  structs: {
    inner: { doc: "In an answer alone", fields: { flag: u8("0 or 1", { max: 1 }) } },
    both: { doc: "In either", fields: { level: u8("At most 5", { max: 5 }) } },
  },
  config: { struct: "c", fields: { most: u8("Most") } },
  messages: {
    ask: {
      doc: "A question",
      readable: { both: struct("both", "Of both sides") },
      writable: {
        limited: u8("At most as configured", { max: { config: "most" } }),
        steps: le16("By 4", { multipleOf: 4, when: "MORE" }),
        flags: array({ struct: "inner" }, "Flags", 2),
        status: code,
      },
      status: STATUS,
    },
    news: { doc: "News", writable: { least: u8("At least 2", { min: 2 }) } },
  },
  queues: {
    askq: { doc: "Questions", role: "request", carries: "ask", index: 0 },
    newsq: { doc: "News", role: "receive", carries: "news", index: 1 },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [
  {
    name: "within all",
    section: "none",
    message: "ask",
    queue: 0,
    features: ["MORE"],
    config: { most: 3 },
    readable: "05",
    writable: "03 0800 01 00 00",
    values: {
      request: { both: { level: 5 } },
      answer: { limited: 3, steps: 8, flags: [{ flag: 1 }, { flag: 0 }] },
      status: 0,
    },
  },
];

const good = { limited: 3, flags: [{ flag: 1 }, { flag: 0 }] };

/** What is out of bounds is an error of the handler, or of the caller. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  let answer: object = good;
  let late = false;
  const errors: string[] = [];
  const device = makeDevice({
    config: { most: 3 },
    features: ["MORE"],
    ask: () => late ? Promise.resolve(answer) : answer,
  });
  device.onError = (error) => void errors.push(String(error));
  await using driver = await openDriver(device);
  const ask = async () => await call(driver, "ask", { both: { level: 1 } }) as { status: number };
  assert.equal((await ask()).status, 0, "what is left out is zero");
  const wrong: [object, RegExp][] = [
    [{ limited: 4 }, /RangeError: Cannot write limited: 4 was given, at most 3 is wanted/],
    [{ steps: 6 }, /Cannot write steps/],
    [{ flags: [{ flag: 1 }, { flag: 2 }] }, /Cannot write flag/],
  ];
  for (late of [false, true]) {
    for (const [change, message] of wrong) {
      answer = { ...good, ...change };
      assert.equal((await ask()).status, 3);
      assert.match(errors.pop() ?? "", message);
    }
  }
  assert.throws(() => call(device, "sendNews", { least: 1 }), RangeError);
  assert.equal(call(device, "sendNews", { least: 2 }), true, "no buffer was lost");
}
