// Consoles, keyboards and sources of entropy, statement by statement (VIRTIO 1.4, 5.3, 5.4, 5.8).

import assert from "node:assert/strict";
import { ConsoleDevice, ConsoleDriver } from "../../generated/console/mod.ts";
import { EntropyDriver } from "../../generated/entropy/mod.ts";
import { InputDevice, InputDriver } from "../../generated/input/mod.ts";
import { featureSet } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import type { DeviceQueue } from "../../runtime/queue.ts";
import { covers } from "../covers.ts";
import { HandDevice } from "../driver_bench.ts";

const VERSION_1 = featureSet(32);

/** Lets everything run that waits for nothing. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await undefined;
}

/** Readable and writable bytes of each buffer that is there. */
function buffers(queue: DeviceQueue | undefined): [readable: number, writable: number][] {
  const found: [number, number][] = [];
  for (let head; queue !== undefined && (head = queue.pop()) >= 0;) {
    const { readableLength, writableLength } = queue.chain(head);
    found.push([readableLength, writableLength]);
  }
  return found;
}

Deno.test("console: a driver opens a port that is nominated as a console, and no other (5.3.6.2.2)", async () => {
  covers(
    "drivernormative:Device Types / Console Device / Device Operation / Multiport Device Operation#3",
  );
  const device = new ConsoleDevice({ config: { maxNrPorts: 8 } });
  const opened: number[] = [];
  for (const id of [1, 2, 3]) {
    device.ports!.add({ id, console: id !== 2, onOpen: (open) => void (open && opened.push(id)) });
  }
  await using _driver = await ConsoleDriver.open(loopback(device), { ports: {} });
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(opened.sort(), [1, 3]);
});

Deno.test("console: a character is printed before anything is negotiated (5.3.5.2)", async () => {
  covers("devicenormative:Device Types / Console Device / Device Initialization#1");
  const printed: number[] = [];
  const device = new ConsoleDevice({
    config: { emergWr: 0 },
    onEmergWr: (value) => void printed.push(value),
  });
  const transport = loopback(device);
  for (const value of [0x41, 0x142]) await ConsoleDriver.writeEmergWr(transport, value);
  assert.deepEqual(printed, [0x41, 0x142]);
  assert.equal(device.getStatus(), 0, "the device is as it was");
});

Deno.test("console: what is received has room alone, what is sent has bytes alone (5.3.6.1)", async () => {
  covers(
    "drivernormative:Device Types / Console Device / Device Operation#1",
    "drivernormative:Device Types / Console Device / Device Operation#2",
  );
  const hand = new HandDevice(3, VERSION_1, new Uint8Array(12));
  const driver = await ConsoleDriver.open(hand, { onPortInput: () => {}, bufferSize: 64 });
  driver.portOutput(Uint8Array.of(1, 2, 3)).catch(() => {}); // nobody takes it
  await settle();
  const parked = buffers(hand.queues.get(0));
  assert.ok(parked.length > 0);
  for (const buffer of parked) assert.deepEqual(buffer, [0, 64]);
  assert.deepEqual(buffers(hand.queues.get(1)), [[3, 0]]);
  await driver.close();
});

Deno.test("entropy: buffers are for the device to fill (5.4.6.1)", async () => {
  covers("drivernormative:Device Types / Entropy Device / Device Operation#1");
  const hand = new HandDevice(4, VERSION_1, new Uint8Array(0));
  const driver = await EntropyDriver.open(hand);
  for (const length of [1, 16, 300]) driver.random(new Uint8Array(length)).catch(() => {});
  await settle();
  assert.deepEqual(buffers(hand.queues.get(0)), [[0, 1], [0, 16], [0, 300]]);
  await driver.close();
});

Deno.test("input: buffers for events are always there, with room for one (5.8.6.1)", async () => {
  const OPERATION = "drivernormative:Device Types / Input Device / Device Operation";
  covers(`${OPERATION}#1`, `${OPERATION}#2`, `${OPERATION}#3`);
  const hand = new HandDevice(18, VERSION_1, new Uint8Array(136));
  const driver = await InputDriver.open(hand, { onEvent: () => {} });
  const queue = hand.queues.get(0)!;
  for (let round = 0; round < 3; round++) {
    const heads: number[] = [];
    for (let head; (head = queue.pop()) >= 0;) {
      const { readableLength, writableLength } = queue.chain(head);
      assert.equal(readableLength, 0);
      assert.ok(writableLength >= 8);
      heads.push(head);
    }
    assert.ok(heads.length > 1);
    for (const head of heads) {
      const chain = queue.chain(head);
      chain.write(0, new Uint8Array(8), 0, 8);
      queue.push(head, 8);
    }
    queue.publish();
    await settle();
  }
  driver.status({ type: 17, code: 0, value: 1 }).catch(() => {}); // a light
  await settle();
  assert.deepEqual(buffers(hand.queues.get(1)), [[8, 0]]);
  await driver.close();
});

Deno.test("input: a driver sets both selectors and nothing else, and looks at the size (5.8.5.1)", async () => {
  const INITIALIZATION = "drivernormative:Device Types / Input Device / Device Initialization";
  covers(`${INITIALIZATION}#1`, `${INITIALIZATION}#2`, `${INITIALIZATION}#3`);
  const name = new TextEncoder().encode("a lamp");
  const transport = loopback(
    new InputDevice({
      config: {},
      window: (select, subsel) => select === 1 && subsel === 0 ? name : undefined,
    }),
  );
  const written: number[][] = [];
  const write = transport.writeConfig.bind(transport);
  transport.writeConfig = (offset, bytes) => {
    written.push([offset, ...bytes]);
    return write(offset, bytes);
  };
  await using driver = await InputDriver.open(transport);
  const found = await driver.select(1, 0);
  assert.ok(found !== undefined);
  assert.deepEqual(written.splice(0).sort(), [[0, 1], [1, 0]]);
  assert.equal(await driver.select(0x11, 3), undefined, "nothing is said of it");
  assert.deepEqual(written.sort(), [[0, 0x11], [1, 3]]);
});

Deno.test("input: what a device has not has the size 0 (5.8.5.2)", async () => {
  covers("devicenormative:Device Types / Input Device / Device Initialization#1");
  const name = new TextEncoder().encode("a lamp");
  const device = new InputDevice({
    config: {},
    window: (select, subsel) => select === 1 && subsel === 0 ? name : undefined,
  });
  await using driver = await InputDriver.open(loopback(device));
  const size = async (select: number, subsel: number) => {
    await driver.select(select, subsel);
    return device.config.bytes[2];
  };
  assert.deepEqual(
    [await size(1, 0), await size(1, 1), await size(1, 0), await size(0x20, 0), await size(0, 0)],
    [6, 0, 6, 0, 0],
  );
});
