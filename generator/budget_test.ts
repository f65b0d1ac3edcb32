/** How long output may be: what grows past its budget is looked at before the number is changed. */

import assert from "node:assert/strict";
import { devices } from "../spec/mod.ts";
import { HOME } from "./standard.ts";

/**
 * Lines of a device's wire.ts, driver.ts, device.ts and mod.ts, and what they go to. A request
 * takes about 150 lines on both sides together, a field about 12: its place in the interface, the
 * reader, the writer, and the zeroes.
 */
const BUDGETS: Readonly<Record<string, readonly [lines: number, reason: string]>> = {
  balloon: [2050, "six queues of their own, each with one kind of message, and rounds of hints"],
  blk: [3650, "15 requests, 20 configuration fields, zones and their reports"],
  can: [1400, "control requests on one queue, frames both ways on two"],
  console: [1850, "ports: two families of queues and control messages both ways"],
  crypto: [
    11500,
    "32 requests: seven services, each with sessions, with data, and without sessions",
  ],
  entropy: [500, "one buffer to fill: what every device has at the least"],
  fs: [
    1900,
    "typed headers around requests that have a standard of their own, in either byte order",
  ],
  gpio: [2000, "seven requests, and interrupts that stay pending"],
  gpu: [8050, "26 commands and the two dozen structs that they share"],
  i2c: [750, "one request, whose direction is a flag"],
  input: [1000, "a window of five layouts into the configuration"],
  iommu: [2300, "six requests, checked on both sides, properties of endpoints as a sequence"],
  media: [1900, "sessions opened and closed, one command for all of V4L2, three events"],
  mem: [1500, "four requests with one shape of answer each"],
  net: [
    9000,
    "28 control commands, headers that grow with features, 70 feature bits, flow filters, IPsec",
  ],
  pmem: [750, "one request and a shared region"],
  rpmb: [1650, "five frames of one struct, 512 bytes"],
  rtc: [2300, "nine requests over clocks, and alarms"],
  scmi: [900, "two queues of messages with a standard of their own, three shared regions"],
  scsi: [2150, "commands of two orders with sizes from the configuration, tasks, events"],
  sound: [5650, "23 control requests, elements with five types of value, four queues"],
  spi: [1000, "one request with 28 fields"],
  vsock: [1300, "packets both ways, events, operations as one enumeration, sockets over them"],
};

/** Lines of a loopback test: what all have, and what each kind of message adds. */
function testBudget(messages: number): number {
  return 200 + 75 * messages;
}

function lines(path: string): number {
  return Deno.readTextFileSync(new URL(`generated/${path}`, HOME)).split("\n").length - 1;
}

for (const { name, messages = {} } of devices) {
  Deno.test(`the code of ${name} keeps to its budget of lines`, () => {
    const [budget] = BUDGETS[name] ?? [0];
    const files = ["wire.ts", "driver.ts", "device.ts", "mod.ts"];
    const used = files.reduce((sum, file) => sum + lines(`${name}/${file}`), 0);
    assert.ok(used <= budget, `${used} lines, the budget is ${budget}`);
    assert.ok(used > budget / 2, `${used} lines: a budget of ${budget} holds nothing any more`);
  });

  Deno.test(`the loopback test of ${name} keeps to its budget of lines`, () => {
    const cases = Object.values(messages).map((set) => Object.keys(set.cases ?? { one: 0 }).length);
    const budget = testBudget(cases.reduce((sum, count) => sum + count, 0));
    const used = lines(`${name}/loopback_test.ts`);
    assert.ok(used <= budget, `${used} lines, the budget is ${budget}`);
  });
}

Deno.test("each device has a budget, with a reason", () => {
  assert.deepEqual(Object.keys(BUDGETS), devices.map(({ name }) => name).sort());
  for (const [name, [, reason]] of Object.entries(BUDGETS)) {
    assert.ok(reason.length > 10, name);
  }
});
