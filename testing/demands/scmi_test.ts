// SCMI devices, statement by statement (VIRTIO 1.4, 5.17).

import assert from "node:assert/strict";
import { ScmiDevice, ScmiDriver, VIRTIO_SCMI_F_P2A_CHANNELS } from "../../generated/scmi/mod.ts";
import { featureSet } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";
import { DeviceBench } from "../device_bench.ts";
import { QUEUE_SIZE_MAX } from "../subjects.ts";

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

const EVENTS = "devicenormative:Device Types / SCMI Device / Device Operation / eventq Operation";

/** A device with events, and a driver that has parked so many buffers of so many bytes. */
function parked(...rooms: number[]) {
  const device = new ScmiDevice({ features: ["P2A_CHANNELS"], queueSizeMax: QUEUE_SIZE_MAX });
  const bench = new DeviceBench(device, featureSet(VIRTIO_SCMI_F_P2A_CHANNELS, 32), 1);
  const park = (...more: number[]) => {
    for (const room of more) bench.add({ readable: [], writable: [room] });
    bench.kick();
  };
  park(...rooms);
  const came = () => {
    const used: string[] = [];
    for (let one; (one = bench.collect()) !== undefined;) {
      used.push([...one.bytes.subarray(0, one.length)].join(" "));
    }
    return used;
  };
  return { device, events: device.events!, park, came };
}

const OK = [0, 0, 0, 0];
const respond = (hdr: number, ...payload: number[]) => ({ hdr, payload: Uint8Array.from(payload) });

Deno.test("scmi: a notification is dropped without a buffer, a delayed response waits for one (5.17.6.3.1)", () => {
  covers(`${EVENTS}#1`, `${EVENTS}#4`, `${EVENTS}#5`);
  const { events, park, came } = parked();
  assert.equal(events.notify(respond(1, 7)), false);
  for (const hdr of [2, 3]) assert.equal(events.respond(respond(hdr, ...OK, 9)), true);
  assert.equal(events.waiting, 2);
  park(8, 9); // the first is too small, also for what is behind
  assert.equal(events.waiting, 2);
  assert.deepEqual(came(), []);
  const other = parked(9, 9, 16);
  for (const hdr of [2, 3]) other.events.respond(respond(hdr, ...OK, 9));
  assert.equal(other.events.notify(respond(4, 1, 2)), true);
  assert.deepEqual(other.came(), ["2 0 0 0 0 0 0 0 9", "3 0 0 0 0 0 0 0 9", "4 0 0 0 1 2"]);
  const late = parked(9);
  for (const hdr of [2, 3]) late.events.respond(respond(hdr, ...OK, 9));
  assert.equal(late.events.waiting, 1);
  assert.equal(late.events.notify(respond(5)), false, "no notification overtakes");
  late.park(9);
  assert.deepEqual(late.came(), ["2 0 0 0 0 0 0 0 9", "3 0 0 0 0 0 0 0 9"]);
});

Deno.test("scmi: a delayed response that tells of a failure has nothing but the status (5.17.6.3.1)", () => {
  covers(`${EVENTS}#6`);
  const { events, came } = parked(16, 16, 16);
  events.respond(respond(1, 0xff, 0xff, 0xff, 0xff, 1, 2, 3));
  events.respond(respond(2, 0, 0, 0, 1, 4));
  events.respond(respond(3, ...OK, 5));
  assert.deepEqual(came(), ["1 0 0 0 255 255 255 255", "2 0 0 0 0 0 0 1", "3 0 0 0 0 0 0 0 5"]);
});

Deno.test("scmi: delayed responses end with a reset, move with the device, and are no more than 1024", async () => {
  const { device, events } = parked();
  events.respond(respond(1, ...OK, 9));
  const saved = JSON.parse(JSON.stringify(device.save())).behaviours.events;
  const moved = parked();
  moved.events.restore(saved, "events");
  moved.park(16);
  assert.deepEqual(moved.came(), ["1 0 0 0 0 0 0 0 9"]);
  for (const wrong of [{}, [{ hdr: -1, payload: [] }], [{ hdr: 0, payload: [256] }]]) {
    assert.throws(() => moved.events.restore(wrong, "events"), /events.* must be/);
  }
  for (let more = 1; more < 1024; more++) assert.equal(events.respond(respond(more)), true);
  assert.equal(events.respond(respond(0)), false);
  device.setStatus(0);
  assert.equal(events.waiting, 0);
  const without = new ScmiDevice({ features: ["P2A_CHANNELS"] });
  await using _driver = await ScmiDriver.open(loopback(without), { features: [] });
  assert.equal(without.events!.respond(respond(1, ...OK)), false, "to be denied");
});
