import assert from "node:assert/strict";
import fc from "fast-check";
import { ECHO, EchoDevice, EchoDriver } from "./echo_fixture.ts";
import { featureSet } from "./features.ts";
import { loopback, LOOPBACK_FACILITIES } from "./loopback.ts";
import { type DeviceSnapshot, readSnapshot } from "./snapshot.ts";
import { Status } from "./status.ts";
import type { Transport } from "./transport.ts";

const BYTES = Uint8Array.of(1, 2, 3);

/** A running device with two requests in flight, and the driver that waits for them. */
async function busy(packed = false) {
  const device = new EchoDevice();
  const transport = loopback(device);
  const driver = new EchoDriver(transport);
  await driver.start({ want: featureSet(0, 64), ring: { packed } });
  await driver.echo(Uint8Array.of(9));
  device.kept = 42;
  device.config.bytes[7] = 77;
  device.holding = true;
  const pending = [driver.echo(BYTES), driver.echo(Uint8Array.of(4))];
  pending.forEach((promise) => promise.catch(() => {}));
  await new Promise((resolve) => setTimeout(resolve, 2));
  assert.equal(device.held, 2);
  return { device, transport, driver, pending };
}

/** Puts another device behind a transport whose driver knows nothing of it. */
function replace(transport: Transport, device: EchoDevice): void {
  device.bind({
    memory: transport.memory,
    facilities: LOOPBACK_FACILITIES,
    notifyQueue: (index) => transport.onQueueNotify(index),
    notifyConfig: () => transport.onConfigNotify(),
  });
  transport.notify = (index) => device.notify(index);
  transport.getStatus = () => Promise.resolve(device.getStatus());
  transport.setStatus = (status) => Promise.resolve(device.setStatus(status));
}

function asJson(snapshot: DeviceSnapshot): unknown {
  return JSON.parse(JSON.stringify(snapshot));
}

for (const packed of [false, true]) {
  const format = packed ? "packed" : "split";
  Deno.test(`save() and restore() move a live device with requests in flight, ${format}`, async () => {
    const { device, transport, driver, pending } = await busy(packed);
    const saved = device.save();
    const other = new EchoDevice();
    replace(transport, other);
    other.restore(asJson(saved));
    assert.deepEqual(other.save(), saved);
    assert.deepEqual(await Promise.all(pending), [BYTES, Uint8Array.of(4)]);
    assert.deepEqual(await driver.echo(Uint8Array.of(5, 6)), Uint8Array.of(5, 6));
    assert.deepEqual(other.errors, []);
    assert.equal(other.kept, 42);
    assert.equal(other.config.bytes[7], 77);
    assert.equal(other.hasFeature(64), true);
    assert.deepEqual(
      other.log,
      ["reset", "config 1", "started 0"],
      "driverOk() is not called again",
    );
    await driver.close();
    other.unbind();
  });
}

Deno.test("restore() brings a suspended device back suspended, with its withheld notification", async () => {
  const { device, transport, driver, pending } = await busy();
  const suspending = driver.suspend();
  device.release();
  await suspending;
  device.configChanged();
  const other = new EchoDevice();
  replace(transport, other);
  other.restore(asJson(device.save()));
  assert.notEqual(other.getStatus() & Status.SUSPEND, 0);
  other.config.bytes[0] = 99;
  const into = new Uint8Array(1);
  other.readConfig(0, into);
  assert.equal(into[0], 1, "the configuration stands still");
  await driver.resume();
  assert.deepEqual(await Promise.all(pending), [BYTES, Uint8Array.of(4)]);
  assert.deepEqual(await driver.echo(BYTES), BYTES);
  assert.equal(driver.refreshed, 1);
  await driver.close();
  other.unbind();
});

Deno.test("save() of a device that nobody has driven restores to the same", () => {
  const device = new EchoDevice();
  const other = new EchoDevice();
  assert.throws(() => other.restore(device.save()), TypeError, "not bound");
  const transport = loopback(other);
  other.restore(asJson(device.save()));
  assert.deepEqual(other.save(), device.save());
  return transport.close();
});

Deno.test("restore() refuses every wrong field by its name, and leaves the device reset", async () => {
  const { device, transport, driver } = await busy();
  const saved = device.save();
  const queue = saved.queues[0]!;
  const layout = (part: object) => ({
    queues: [{ ...queue, layout: { ...queue.layout, ...part } }],
  });
  const position = (part: object) => ({
    queues: [{ ...queue, position: { ...queue.position, ...part } }],
  });
  const buffer = queue.position.inflight[0]!;
  const cases: [string, object][] = [
    ["name", { name: "something" }],
    ["version", { version: 2 }],
    ["device", { device: "blk" }],
    ["device", { device: 7 }],
    ["id", { id: 2 }],
    ["id", { id: "4660" }],
    ["status", { status: 256 }],
    ["status", { status: -1 }],
    ["status", { status: 1.5 }],
    ["status", { status: Status.DRIVER_OK }],
    ["suspending", { suspending: 1 }],
    ["withheld", { withheld: null }],
    ["accepted", { accepted: "0x1" }],
    ["accepted", { accepted: "twelve" }],
    ["accepted", { accepted: 1 }],
    ["accepted", { accepted: `0x${"f".repeat(33)}` }],
    ["config", { config: [1, 2] }],
    ["config", { config: "text" }],
    ["config[3]", { config: [1, 2, 3, 256, 5, 6, 7, 8] }],
    ["generation", { generation: 2 ** 32 }],
    ["name", { name: { toString: 0 } }],
    ["version", { version: [{ toString: 0 }] }],
    ["queues", { queues: {} }],
    ["queues[0]", { queues: [null] }],
    ["queues[1].layout.index", { queues: [queue, queue] }],
    ["queues[0].layout.index", layout({ index: 5 })],
    ["queues[0].layout.index", layout({ index: -1 })],
    ["queues[0].layout.format", layout({ format: "round" })],
    ["queues[0]", layout({ format: "packed" })],
    ["queues[0]", layout({ size: 100 })],
    ["queues[0].layout.size", layout({ size: 2 ** 16 })],
    ["queues[0]", layout({ desc: 8 })],
    ["queues[0].layout.desc", layout({ desc: 2 ** 53 })],
    ["queues[0]", layout({ device: queue.layout.device + 1 })],
    ["queues[0]", position({ format: "packed" })],
    ["queues[0].position.avail", position({ avail: 65536 })],
    ["queues[0].position.used", position({ used: NaN })],
    ["queues[0].position.inflight", position({ inflight: 3 })],
    ["queues[0].position.inflight[0].id", position({ inflight: [{ ...buffer, id: "0" }] })],
    ["queues[0]", position({ inflight: [{ ...buffer, id: 60000 }] })],
    ["queues[0]", position({ inflight: [buffer, buffer] })],
    [
      "queues[0].position.inflight[0].elements[0].writable",
      position({ inflight: [{ ...buffer, elements: [{ address: 1, length: 1, writable: 1 }] }] }),
    ],
    ["no number kept", { state: { kept: "many" } }],
  ];
  const other = new EchoDevice();
  replace(transport, other);
  for (const [field, part] of cases) {
    const wrong = { ...saved, ...part };
    const what = `${field} ${JSON.stringify(part)}`;
    assert.throws(() => other.restore(wrong), (error) => {
      assert.ok(error instanceof TypeError || error instanceof RangeError, what);
      const start = `Cannot restore the device: ${field}`;
      assert.ok(error.message.startsWith(start), `${what}: ${error.message}`);
      return true;
    });
    assert.equal(other.getStatus(), 0, what);
    assert.deepEqual(other.save().queues, [], what);
  }
  for (const wrong of [undefined, null, 1, "text", [], [saved]]) {
    assert.throws(() => other.restore(wrong), TypeError);
  }
  other.restore(saved);
  assert.deepEqual(other.save(), saved);
  other.unbind();
  await driver.close();
});

Deno.test("restore() survives any value in any place", async () => {
  const { device, transport, driver } = await busy();
  const saved = asJson(device.save()) as Record<string, unknown>;
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const walk = (holder: Record<string, unknown>) => {
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      const value = holder[key];
      if (typeof value === "object" && value !== null) walk(value as Record<string, unknown>);
    }
  };
  walk(saved);
  const other = new EchoDevice();
  replace(transport, other);
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom(
      0,
      1,
      -1,
      255,
      65535,
      65536,
      2 ** 31,
      2 ** 32,
      2 ** 53 - 1,
      2 ** 53,
      NaN,
      Infinity,
    ),
  );
  fc.assert(
    fc.property(fc.nat(places.length - 1), value, (at, wrong) => {
      const { holder, key } = places[at]!;
      const right = holder[key];
      holder[key] = wrong;
      try {
        other.restore(structuredClone(saved));
        for (const index of [0, 1]) other.notify(index);
      } catch (error) {
        assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
        assert.equal(other.getStatus(), 0);
      } finally {
        holder[key] = right;
      }
      other.setStatus(0);
    }),
    { numRuns: 2000 },
  );
  other.unbind();
  await driver.close();
});

Deno.test("readSnapshot() drops what it does not know", () => {
  const saved = new EchoDevice().save();
  assert.deepEqual(readSnapshot({ ...saved, extra: 1 }, ECHO, 8), saved);
});
