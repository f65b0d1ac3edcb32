// SCMI devices, statement by statement (VIRTIO 1.4, 5.17).

import assert from "node:assert/strict";
import { ScmiDevice, ScmiDriver } from "../../generated/scmi/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";

const COMMANDS = "devicenormative:Device Types / SCMI Device / Device Operation / cmdq Operation";

Deno.test("scmi: a burst of commands is processed, also out of order and in parallel (5.17.6.1.1)", async () => {
  covers(`${COMMANDS}#1`, `${COMMANDS}#2`);
  const open: (() => void)[] = [];
  const device = new ScmiDevice({
    command: ({ hdr }) => {
      if (hdr % 2 === 0) return { hdr };
      return new Promise((resolve) => open.push(() => resolve({ hdr })));
    },
    queueSizeMax: 16,
  });
  await using driver = await ScmiDriver.open(loopback(device));
  const order: number[] = [];
  const all = Array.from({ length: 200 }, async (_, hdr) => {
    const answer = await driver.command({ hdr, params: new Uint8Array(4) }, new Uint8Array(4));
    order.push(answer.hdr);
  });
  let most = 0;
  while (order.length < 200) {
    most = Math.max(most, open.length);
    open.pop()?.(); // the youngest first
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await Promise.all(all);
  assert.ok(most > 1, "more than one at a time");
  assert.notDeepEqual(order, order.toSorted((a, b) => a - b));
  assert.equal(new Set(order).size, 200);
});
