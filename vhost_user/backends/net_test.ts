/** A network card at the end of a wire that a test holds. */

import assert from "node:assert/strict";
import {
  emptyNetworkReceive,
  emptyNetworkTransmit,
  NetworkAck,
  NetworkDriver,
  type NetworkDriverOptions,
} from "../../generated/net/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../../testing/covers.ts";
import { Card, FRAME_MAX, type Wire } from "./net.ts";

/** A card, its driver, and what came to either. */
async function ends(options: NetworkDriverOptions, pairs = 1) {
  const [sent, received]: [number[], number[]] = [[], []];
  const reading = new Set<number>();
  let resumed = 0;
  const wire: Wire = {
    features: [],
    send: (_request, frame) => void sent.push(frame.length),
    start() {},
    resume: (pair) => {
      resumed++;
      reading.add(pair);
    },
    stop: (pair) => void reading.delete(pair),
    close() {},
  };
  const card = new Card(wire, pairs);
  const driver = await NetworkDriver.open(loopback(card), {
    onReceive: (_value, data) => received.push(data.length),
    ...options,
  });
  await settled();
  assert.ok(resumed > 0);
  const deliver = (length: number) => card.deliver(emptyNetworkReceive(), new Uint8Array(length));
  return { card, driver, deliver, sent, received, reading };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("a card drops what never fits into a buffer, and goes on (VIRTIO 1.4, 5.1.9.4)", async () => {
  const { card, driver, deliver, received } = await ends({ features: [], bufferSize: 1526 });
  for (const length of [100, 3000, 1514, 1515, 60]) assert.ok(deliver(length));
  await settled();
  assert.deepEqual(received, [100, 1514, 60]); // 12 bytes of each buffer are the header
  assert.equal(card.dropped, 2);
  await driver.close();
});

Deno.test("a card drops what was made for a driver with other features (VIRTIO 1.4, 5.1.9.4.1)", async () => {
  const { card, driver, deliver, received } = await ends({ features: [], bufferSize: 1526 });
  const { hdr } = emptyNetworkReceive();
  assert.ok(card.deliver({ hdr: { ...hdr, flags: 1 } }, new Uint8Array(100)), "a partial checksum");
  assert.ok(card.deliver({ hdr: { ...hdr, gsoType: 1 } }, new Uint8Array(100)), "to be cut");
  assert.ok(deliver(60));
  await settled();
  assert.deepEqual(received, [60]);
  assert.equal(card.dropped, 2);
  await driver.close();
});

Deno.test("frames of a burst come once it is over, also when it ends by an error", async () => {
  const { card, driver, deliver, received } = await ends({ features: [], bufferSize: 1526 });
  card.burst(() => {
    for (const length of [100, 200, 300]) assert.ok(deliver(length));
    assert.deepEqual(received, []);
  });
  assert.throws(() =>
    card.burst(() => {
      assert.ok(deliver(400));
      throw new TypeError("enough");
    }), /enough/);
  await settled();
  assert.deepEqual(received, [100, 200, 300, 400]);
  await driver.close();
});

Deno.test("a frame fills several buffers, or waits for more of them (VIRTIO 1.4, 5.1.9.4)", async () => {
  const { card, driver, deliver, received } = await ends({
    features: ["MRG_RXBUF"],
    bufferSize: 1526,
    queueSize: 4,
  });
  assert.ok(deliver(6000)); // all four
  assert.ok(!deliver(300), "the driver has had no time to give buffers back");
  await settled();
  assert.ok(deliver(300));
  await settled();
  assert.ok(deliver(6093), "one more than all hold");
  assert.deepEqual(received, [6000, 300]);
  assert.equal(card.dropped, 1);
  await driver.close();
});

Deno.test("a card takes frames of the driver up to the largest (VIRTIO 1.4, 5.1.9.2)", async () => {
  const { card, driver, sent } = await ends({});
  for (const length of [60, FRAME_MAX, FRAME_MAX + 1]) {
    await driver.transmit(emptyNetworkTransmit(), new Uint8Array(length));
  }
  assert.deepEqual(sent, [60, FRAME_MAX]);
  assert.equal(card.dropped, 1);
  await driver.close();
});

const STEERING =
  "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Automatic receive steering in multiqueue mode";

Deno.test("a card takes frames for the pairs that the driver has asked for alone (VIRTIO 1.4, 5.1.9.5.6.2)", async () => {
  covers(`${STEERING}#1`, `${STEERING}#2`);
  const { card, driver, reading } = await ends({}, 3);
  assert.deepEqual([...reading], [0]);
  for (const [virtqueuePairs, used] of [[3, [0, 1, 2]], [2, [0, 1]], [1, [0]]] as const) {
    const { ack } = await driver.mqVqPairsSet({ virtqueuePairs });
    assert.equal(ack, NetworkAck.OK);
    assert.deepEqual([...reading].sort(), used);
  }
  await driver.mqVqPairsSet({ virtqueuePairs: 3 });
  await driver.close();
  assert.deepEqual([...reading], []);
  assert.equal(card.queueCount, 7);
});

Deno.test("frames come by the pair of queues that they are delivered to (VIRTIO 1.4, 5.1.2)", async () => {
  const sent: number[] = [];
  const wire: Wire = {
    features: [],
    send: (_request, _frame, pair) => void sent.push(pair),
    start() {},
    resume() {},
    stop() {},
    close() {},
  };
  const card = new Card(wire, 2);
  const received: unknown[] = [];
  const driver = await NetworkDriver.open(loopback(card), {
    onReceive: (_value, data, pair) => received.push([data.length, pair]),
  });
  await driver.mqVqPairsSet({ virtqueuePairs: 2 });
  for (const pair of [1, 0]) {
    assert.ok(card.deliver(emptyNetworkReceive(), new Uint8Array(100 + pair), pair));
    await driver.transmitq[pair]!.transmit(emptyNetworkTransmit(), new Uint8Array(60));
  }
  await settled();
  assert.deepEqual(received, [[101, 1], [100, 0]]);
  assert.deepEqual(sent, [1, 0]);
  await driver.close();
});
