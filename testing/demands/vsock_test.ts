// Drivers of sockets and of I2C adapters, statement by statement (VIRTIO 1.4, 5.10, 5.16).

import assert from "node:assert/strict";
import { I2cDriver } from "../../generated/i2c/mod.ts";
import { SocketDriver } from "../../generated/vsock/mod.ts";
import { featureSet } from "../../runtime/features.ts";
import { covers } from "../covers.ts";
import { HandDevice } from "../driver_bench.ts";

const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

Deno.test("vsock: what comes is taken while nothing more can be sent (5.10.6.1.1)", async () => {
  covers(
    "drivernormative:Device Types / Socket Device / Device Operation / Virtqueue Flow Control#1",
  );
  const hand = new HandDevice(19, featureSet(32), Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0));
  const seen: number[] = [];
  const driver = await SocketDriver.open(hand, {
    onReceive: ({ srcPort }) => void seen.push(srcPort),
  });
  const packet = {
    srcCid: 3,
    dstCid: 2,
    srcPort: 1,
    dstPort: 2,
    type: 1,
    op: 5,
    flags: 0,
    bufAlloc: 0,
    fwdCnt: 0,
  };
  const [rx, tx] = [hand.queues.get(0)!, hand.queues.get(1)!];
  const sent = Array.from(
    { length: 2 * tx.size },
    () => driver.transmit(packet, new Uint8Array(8)).catch(() => "aborted"),
  );
  await turn();
  assert.equal(driver.tx[0]!.submitTransmit(packet, new Uint8Array(8)), -1, "it is full");
  const bytes = new Uint8Array(44);
  const view = new DataView(bytes.buffer);
  for (let port = 1; port <= 2 * rx.size; port++) {
    view.setUint32(16, port, true);
    const head = rx.pop();
    assert.ok(head >= 0, "a buffer is there");
    rx.chain(head).write(0, bytes, 0, 44);
    rx.push(head, 44);
    rx.publish();
    await turn();
    assert.equal(seen.at(-1), port);
  }
  await driver.close();
  assert.deepEqual(new Set(await Promise.all(sent)), new Set(["aborted"]));
});

Deno.test("i2c: a driver queues requests in the order in which they are made (5.16.6.3)", async () => {
  covers("drivernormative:Device Types / I2C Adapter Device / Device Operation#9");
  const hand = new HandDevice(34, featureSet(32, 0), new Uint8Array(0));
  const seen: number[] = [];
  hand.onKick = (queue) => {
    for (let head = queue.pop(); head >= 0; head = queue.pop()) {
      const chain = queue.chain(head);
      chain.readFixed(0, 2);
      seen.push(chain.view.getUint16(0, true));
      chain.writeByte(chain.writableLength - 1, 0);
      queue.push(head, chain.writableLength);
    }
    queue.publish();
  };
  await using driver = await I2cDriver.open(hand);
  const addresses = Array.from({ length: 40 }, (_, at) => 2 * ((at * 7) % 64));
  await Promise.all(
    addresses.map((addr) =>
      driver.req({ addr, failNext: 0, mRd: 0 }, Uint8Array.of(1), new Uint8Array(0))
    ),
  );
  assert.deepEqual(seen, addresses);
});
