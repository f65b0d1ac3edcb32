// Ports of a console, from both sides (VIRTIO 1.4, 5.3.6.2).

import assert from "node:assert/strict";
import {
  ConsoleDevice,
  type ConsoleDeviceOptions,
  ConsoleDriver,
  type ConsoleDriverOptions,
} from "../../generated/console/mod.ts";
import { covers } from "../../testing/covers.ts";
import { PeerError } from "../errors.ts";
import { loopback } from "../loopback.ts";

const text = new TextEncoder();

async function settled(): Promise<void> {
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

function made(options: Partial<ConsoleDeviceOptions> = {}): ConsoleDevice {
  return new ConsoleDevice({ config: { maxNrPorts: 4 }, ...options });
}

/** A driver that packs its control messages by hand, and sees those of the device. */
async function byHand(device: ConsoleDevice) {
  const seen: (readonly [string, number, unknown])[] = [];
  const driver = await ConsoleDriver.open(loopback(device), {
    onDeviceAdd: ({ id, value }) => seen.push(["add", id, value]),
    onDeviceRemove: ({ id, value }) => seen.push(["remove", id, value]),
    onConsolePort: ({ id, value }) => seen.push(["console", id, value]),
    onResize: ({ id, size }) => seen.push(["resize", id, size.cols * 1000 + size.rows]),
    onDeviceControlPortOpen: ({ id, value }) => seen.push(["open", id, value]),
    onPortName: ({ id, name }) => seen.push(["name", id, name]),
  });
  const news = async (said?: Promise<void>) => {
    await said;
    await settled();
    return seen.splice(0);
  };
  return { driver, news, [Symbol.asyncDispose]: () => driver.close() };
}

Deno.test("a device tells of its ports once the driver is ready, and of each once that is ready (5.3.6.2)", async () => {
  const device = made();
  const port = device.ports!.add({ id: 2, name: "agent", console: true });
  port.resize(80, 25);
  port.setOpen(true);
  await using guest = await byHand(device);
  assert.deepEqual(await guest.news(), [], "nothing before DEVICE_READY");
  assert.deepEqual(await guest.news(guest.driver.deviceReady({ id: 0, value: 1 })), [
    ["add", 2, 0],
  ]);
  assert.deepEqual(await guest.news(guest.driver.portReady({ id: 2, value: 1 })), [
    ["console", 2, 1],
    ["name", 2, "agent"],
    ["resize", 2, 80025],
    ["open", 2, 1],
  ]);
  port.setOpen(false);
  assert.deepEqual(await guest.news(), [["open", 2, 0]]);
  const failed = device.ports!.add();
  assert.equal(failed.id, 0);
  assert.deepEqual(await guest.news(guest.driver.portReady({ id: 0, value: 0 })), [["add", 0, 0]]);
  failed.setOpen(true);
  assert.deepEqual(await guest.news(), [], "nothing to a port that the guest could not set up");
});

Deno.test("a device adds no port that there is or can not be, and removes none that there is not (5.3.6.2.1)", async () => {
  covers(
    "devicenormative:Device Types / Console Device / Device Operation / Multiport Device Operation#1",
    "devicenormative:Device Types / Console Device / Device Operation / Multiport Device Operation#2",
  );
  const ports = made().ports!;
  ports.add({ id: 1 });
  assert.throws(() => ports.add({ id: 1 }), RangeError);
  assert.throws(() => ports.add({ id: 4 }), RangeError);
  assert.deepEqual([ports.add().id, ports.add().id, ports.add().id], [0, 2, 3]);
  assert.throws(() => ports.add(), RangeError);
  ports.remove(1);
  assert.throws(() => ports.remove(1), RangeError);
  const device = made();
  await using guest = await byHand(device);
  await guest.news(guest.driver.deviceReady({ id: 0, value: 1 }));
  device.ports!.add();
  device.ports!.remove(0);
  assert.deepEqual(await guest.news(), [["add", 0, 0], ["remove", 0, 0]]);
});

Deno.test("a driver without room hears of each port that went, and of those that it never knew nothing (5.3.6.2.1)", async () => {
  const device = made();
  const ports = device.ports!;
  ports.add({ id: 1 });
  const seen: (readonly [string, number])[] = [];
  let room = true;
  device.sendDeviceAdd = ({ id }) => room && seen.push(["add", id]) > 0;
  device.sendDeviceRemove = ({ id }) => room && seen.push(["remove", id]) > 0;
  await using guest = await byHand(device);
  await guest.news(guest.driver.deviceReady({ id: 0, value: 1 }));
  room = false;
  for (let round = 0; round < 2; round++) {
    ports.remove(1);
    ports.add({ id: 1 });
  }
  ports.remove(1);
  room = true;
  ports.add({ id: 1 });
  assert.deepEqual(seen, [["add", 1], ["remove", 1], ["add", 1]]);
});

Deno.test("what waits to be written to a port is rejected when it is removed (5.3.6.2)", async () => {
  const ports = made().ports!;
  const port = ports.add();
  const waiting = port.write(text.encode("x"));
  ports.remove(port.id);
  await assert.rejects(waiting, TypeError);
  await assert.rejects(port.write(text.encode("y")), TypeError);
});

for (const packed of [false, true]) {
  Deno.test(`both sides open, name and use a port, ${packed ? "packed" : "split"} (5.3.6.2)`, async () => {
    covers(
      "drivernormative:Device Types / Console Device / Device Operation / Multiport Device Operation#1",
      "drivernormative:Device Types / Console Device / Device Operation / Multiport Device Operation#2",
      "drivernormative:Device Types / Console Device / Device Operation / Multiport Device Operation#4",
    );
    const device = made({ ring: { packed } });
    const output: string[] = [];
    const opened: boolean[] = [];
    const port = device.ports!.add({
      id: 3,
      name: "tty",
      console: true,
      onOutput: (data) => output.push(new TextDecoder().decode(data)),
      onOpen: (open) => opened.push(open),
    });
    port.setOpen(true);
    const input: string[] = [];
    const options: ConsoleDriverOptions = {
      ports: {
        onPort: (one) => one.onInput = (data) => input.push(new TextDecoder().decode(data)),
      },
    };
    const driver = await ConsoleDriver.open(loopback(device), options);
    await settled();
    const there = driver.ports!.port(3)!;
    assert.deepEqual([there.name, there.console, there.hostOpen, there.open], [
      "tty",
      true,
      true,
      true,
    ]);
    assert.deepEqual(opened, [true], "the answer to the nomination as a console");
    await there.write(text.encode("to the host"));
    await port.write(text.encode("to the guest"));
    await settled();
    assert.deepEqual([output, input], [["to the host"], ["to the guest"]]);
    device.ports!.remove(3);
    await settled();
    assert.equal(there.removed, true);
    await assert.rejects(there.write(text.encode("x")), TypeError);
    await driver.close();
  });
}

Deno.test("a driver refuses ports that are there or can not be, and says so (5.3.6.2)", async () => {
  const answers: (readonly [number, number])[] = [];
  const device = made({ portReady: ({ id, value }) => void answers.push([id, value]) });
  assert.equal(device.ports, undefined, "the user talks to the driver himself");
  const errors: unknown[] = [];
  const driver = await ConsoleDriver.open(loopback(device), {
    ports: {},
    onError: (error) => errors.push(error),
  });
  await settled();
  for (const id of [1, 1, 4]) device.sendDeviceAdd({ id, value: 0 });
  await settled();
  assert.deepEqual(answers, [[1, 1], [1, 0], [4, 0]]);
  device.sendPortName({ id: 2, value: 0, name: "nobody" });
  await settled();
  assert.equal(errors.length, 3);
  assert.ok(errors.every((error) => error instanceof PeerError));
  await driver.close();
});

Deno.test("ports outlive a reset, and follow a snapshot, which may be hostile", async () => {
  const device = made();
  const port = device.ports!.add({ id: 1 });
  {
    const driver = await ConsoleDriver.open(loopback(device), { ports: {} });
    await settled();
    await driver.ports!.port(1)!.setOpen(true);
    await settled();
    assert.deepEqual([port.ready, port.guestOpen], [true, true]);
    const saved = JSON.parse(JSON.stringify(device.save())).behaviours.ports;
    const other = made();
    const twin = other.ports!.add({ id: 1 });
    other.ports!.restore(saved, "ports");
    assert.deepEqual([twin.ready, twin.guestOpen], [true, true]);
    const wrong: readonly [string, (state: Record<string, unknown>) => unknown][] = [
      ["ports.ports[0].id", (state) => state.ports = [{ id: 2 }]],
      ["ports.ports[0].ready", (state) => state.ports = [{ id: 1, ready: 1, size: null }]],
      ["ports.said[0].event", (state) => state.said = [{ event: "shout", id: 1, value: 0 }]],
      ["ports.ready", (state) => state.ready = undefined],
    ];
    for (const [field, spoil] of wrong) {
      const state = structuredClone(saved);
      spoil(state);
      const fresh = made();
      fresh.ports!.add({ id: 1 });
      const named = (error: Error) => error.message.includes(`${field} must be`);
      assert.throws(() => fresh.ports!.restore(state, "ports"), named, field);
    }
    await driver.close();
  }
  assert.deepEqual([port.ready, port.guestOpen], [false, false]);
  const again = await ConsoleDriver.open(loopback(device), { ports: {} });
  await settled();
  assert.notEqual(again.ports!.port(1), undefined);
  await again.close();
});
