/** A network card at the end of a wire that a test holds. */

import assert from "node:assert/strict";
import {
  emptyNetworkReceive,
  emptyNetworkTransmit,
  NetworkDriver,
  type NetworkDriverOptions,
} from "../../generated/net/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { Card, FRAME_MAX, type Wire } from "./net.ts";

/** A card, its driver, and what came to either. */
async function ends(options: NetworkDriverOptions) {
  const [sent, received]: [number[], number[]] = [[], []];
  let resumed = 0;
  const wire: Wire = {
    features: [],
    send: (_request, frame) => void sent.push(frame.length),
    start() {},
    resume: () => resumed++,
    close() {},
  };
  const card = new Card(wire);
  const driver = await NetworkDriver.open(loopback(card), {
    onReceive: (_value, data) => received.push(data.length),
    ...options,
  });
  await settled();
  assert.ok(resumed > 0);
  const deliver = (length: number) => card.deliver(emptyNetworkReceive(), new Uint8Array(length));
  return { card, driver, deliver, sent, received };
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
