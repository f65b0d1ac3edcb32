// Lines of a GPIO device: requests in turn, and interrupts (VIRTIO 1.4, 5.18.6 and 5.18.7).

import assert from "node:assert/strict";
import {
  GpioDevice,
  type GpioDeviceOptions,
  GpioDirection,
  GpioDriver,
  GpioIrqStatus,
  GpioIrqType,
  GpioStatus,
} from "../../generated/gpio/mod.ts";
import { covers } from "../../testing/covers.ts";
import { loopback, LOOPBACK_FACILITIES } from "../loopback.ts";
import { Status } from "../status.ts";

const { INVALID, VALID } = GpioIrqStatus;
const { NONE, EDGE_RISING, EDGE_FALLING, LEVEL_LOW, LEVEL_HIGH } = GpioIrqType;

async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Four lines whose levels the test sets. */
function made(options: Partial<GpioDeviceOptions> = {}) {
  const levels = [0, 0, 0, 0];
  const types: string[] = [];
  const device = new GpioDevice({
    config: { ngpio: 4, gpioNamesSize: 0 },
    setDirection: () => GpioStatus.OK,
    interrupts: {
      level: (gpio) => levels[gpio]!,
      onType: (gpio, type) => types.push(`${gpio}: ${type}`),
    },
    ...options,
  });
  const set = (gpio: number, level: number) => {
    levels[gpio] = level;
    device.interrupts!.sense(gpio);
  };
  return { device, levels, types, set };
}

/** Such lines and a driver; `irq` notes what a request that unmasks was answered with. */
async function opened(options: Partial<GpioDeviceOptions> = {}) {
  const lines = made(options);
  const transport = loopback(lines.device);
  const driver = await GpioDriver.open(transport);
  const came: string[] = [];
  const irq = (gpio: number) =>
    void driver.irq({ gpio }).then(({ status }) => came.push(`${gpio}: ${status}`), () => {});
  const enable = async (gpio: number, value: GpioIrqType) =>
    (await driver.setIrqType({ gpio, value })).status;
  const taken = async () => {
    await settled();
    return came.splice(0);
  };
  return {
    ...lines,
    transport,
    driver,
    irq,
    enable,
    taken,
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

Deno.test("requests on a line are processed one after the other, those on others at once (5.18.6.9)", async () => {
  covers(
    "devicenormative:Device Types / GPIO Device / requestq Operation#6",
    "devicenormative:Device Types / GPIO Device / requestq Operation#7",
    "devicenormative:Device Types / GPIO Device / requestq Operation#8",
  );
  const begun: number[] = [];
  const open: ((answer: { value: number }) => void)[] = [];
  const device = new GpioDevice({
    config: { ngpio: 2, gpioNamesSize: 0 },
    getValue: ({ gpio }) => {
      begun.push(gpio);
      return new Promise((resolve) => open.push(resolve));
    },
    setValue: ({ gpio, value }) => {
      begun.push(gpio + 10 * value);
      return GpioStatus.OK;
    },
  });
  await using driver = await GpioDriver.open(loopback(device));
  const order: string[] = [];
  const note = (name: string) => () => void order.push(name);
  const all = [
    driver.getValue({ gpio: 0 }).then(note("read")),
    driver.setValue({ gpio: 0, value: 1 }).then(note("write")),
    driver.setValue({ gpio: 1, value: 1 }).then(note("other")),
  ];
  await settled();
  assert.deepEqual(begun, [0, 11], "the write waits for the read of its line");
  open[0]!({ value: 0 });
  await Promise.all(all);
  assert.deepEqual(begun, [0, 11, 10]);
  assert.deepEqual(order, ["other", "read", "write"]);
});

Deno.test("an interrupt is told once it is enabled and unmasked, which masks it (5.18.7.3)", async () => {
  covers(
    "devicenormative:Device Types / GPIO Device / eventq Operation#1",
    "devicenormative:Device Types / GPIO Device / requestq Operation#10",
    "devicenormative:Device Types / GPIO Device / requestq Operation#11",
  );
  await using lines = await opened();
  lines.irq(0);
  assert.deepEqual(await lines.taken(), [`0: ${INVALID}`], "it is not enabled");
  assert.equal(await lines.enable(0, EDGE_RISING), GpioStatus.OK);
  assert.equal(await lines.enable(1, LEVEL_LOW), GpioStatus.OK);
  lines.set(0, 1);
  assert.deepEqual(await lines.taken(), [], "both are masked");
  lines.set(0, 0);
  lines.irq(0);
  lines.irq(1);
  assert.deepEqual(await lines.taken(), [`0: ${VALID}`, `1: ${VALID}`], "an edge was latched");
  lines.irq(0);
  lines.irq(1);
  assert.deepEqual(await lines.taken(), [`1: ${VALID}`], "the level is the same still");
  lines.set(1, 1);
  lines.set(1, 0);
  lines.set(1, 1);
  lines.irq(1);
  assert.deepEqual(
    await lines.taken(),
    [],
    "a level is not latched, and falling is no edge to tell",
  );
  lines.set(0, 1);
  lines.set(1, 0);
  assert.deepEqual(await lines.taken(), [`0: ${VALID}`, `1: ${VALID}`]);
  assert.deepEqual(lines.types, [`0: ${EDGE_RISING}`, `1: ${LEVEL_LOW}`]);
});

Deno.test("disabling gives the buffer back and forgets what was latched (5.18.6.9, 5.18.7.3)", async () => {
  covers(
    "devicenormative:Device Types / GPIO Device / requestq Operation#12",
    "devicenormative:Device Types / GPIO Device / eventq Operation#2",
    "devicenormative:Device Types / GPIO Device / requestq Operation#9",
  );
  await using lines = await opened();
  await lines.enable(0, EDGE_FALLING);
  lines.irq(0);
  assert.equal(await lines.enable(0, NONE), GpioStatus.OK);
  assert.deepEqual(await lines.taken(), [`0: ${INVALID}`]);
  lines.set(0, 1);
  await lines.enable(0, EDGE_FALLING);
  lines.set(0, 0);
  await lines.enable(0, NONE);
  await lines.enable(0, EDGE_FALLING);
  lines.irq(0);
  assert.deepEqual(await lines.taken(), [], "the edge was forgotten");
  await lines.driver.setDirection({ gpio: 0, value: GpioDirection.NONE });
  assert.deepEqual(await lines.taken(), [`0: ${INVALID}`]);
  assert.equal(lines.device.interrupts!.type(0), NONE);
});

Deno.test("an output has no interrupts (5.18.6.8)", async () => {
  let answer: GpioStatus | Promise<GpioStatus> = GpioStatus.ERR;
  await using lines = await opened({ setDirection: () => answer });
  await lines.driver.setDirection({ gpio: 2, value: GpioDirection.OUT });
  assert.equal(await lines.enable(2, LEVEL_HIGH), GpioStatus.OK, "the direction was refused");
  answer = Promise.resolve(GpioStatus.OK);
  await lines.driver.setDirection({ gpio: 3, value: GpioDirection.OUT });
  assert.equal(await lines.enable(3, LEVEL_HIGH), GpioStatus.ERR);
  await lines.driver.setDirection({ gpio: 3, value: GpioDirection.IN });
  assert.equal(await lines.enable(3, LEVEL_HIGH), GpioStatus.OK);
});

Deno.test("a direction that is set when the device was reset meanwhile is none (5.18.6.8)", async () => {
  const { promise, resolve } = Promise.withResolvers<GpioStatus>();
  const { device, driver } = await opened({ setDirection: () => promise });
  const set = driver.setDirection({ gpio: 1, value: GpioDirection.OUT });
  await settled();
  await driver.close();
  await assert.rejects(set);
  await using next = await GpioDriver.open(loopback(device));
  resolve(GpioStatus.OK);
  await settled();
  const { status } = await next.setIrqType({ gpio: 1, value: EDGE_RISING });
  assert.equal(status, GpioStatus.OK);
});

Deno.test("a buffer that waits keeps no device from being suspended; what happens then is told on resume (3.4.2)", async () => {
  await using lines = await opened();
  const { device } = lines;
  await lines.enable(0, EDGE_RISING);
  lines.irq(0);
  await settled();
  device.setStatus(device.getStatus() | Status.SUSPEND);
  assert.notEqual(device.getStatus() & Status.SUSPEND, 0);
  lines.set(0, 1);
  assert.deepEqual(await lines.taken(), []);
  const latched = () => {
    const { interrupts } = device.save().behaviours as { interrupts: { lines: unknown[] } };
    return (interrupts.lines[0] as { latched: boolean }).latched;
  };
  assert.equal(latched(), true, "a snapshot has it, too");
  device.setStatus(device.getStatus() & ~Status.SUSPEND | Status.DRIVER_OK);
  assert.deepEqual(await lines.taken(), [`0: ${VALID}`]);
  assert.equal(latched(), false);
  lines.irq(0);
  lines.set(0, 0);
  lines.set(0, 1);
  assert.deepEqual(await lines.taken(), [`0: ${VALID}`]);
});

Deno.test("a reset of the queue or the device forgets who waited", async () => {
  await using lines = await opened();
  await lines.enable(0, EDGE_RISING);
  lines.irq(0);
  await settled();
  await lines.driver.resetQueue(lines.driver.eventq[0]!.ring);
  lines.set(0, 1);
  lines.irq(0);
  assert.deepEqual(await lines.taken(), [`0: ${VALID}`], "it was latched while nobody waited");
  lines.device.setStatus(0);
  assert.equal(lines.device.interrupts!.type(0), NONE);
  assert.equal(lines.types.at(-1), `0: ${NONE}`);
});

Deno.test("a snapshot has enabled and latched interrupts, and restores those that wait", async () => {
  await using lines = await opened();
  await lines.enable(0, EDGE_RISING);
  await lines.enable(1, EDGE_RISING);
  lines.irq(0);
  lines.set(1, 1);
  await lines.driver.setDirection({ gpio: 2, value: GpioDirection.OUT });
  await settled();
  const saved = JSON.parse(JSON.stringify(lines.device.save()));
  const other = made();
  other.levels[1] = 1;
  lines.device.stop();
  const { transport } = lines;
  other.device.bind({
    memory: transport.memory,
    facilities: LOOPBACK_FACILITIES,
    notifyQueue: (index) => transport.onQueueNotify(index),
    notifyConfig: () => transport.onConfigNotify(),
  });
  transport.notify = (index) => other.device.notify(index);
  transport.getStatus = () => Promise.resolve(other.device.getStatus());
  transport.setStatus = (status) => Promise.resolve(other.device.setStatus(status));
  other.device.restore(saved);
  assert.deepEqual(other.types, [`0: ${EDGE_RISING}`, `1: ${EDGE_RISING}`]);
  await settled();
  other.set(0, 1);
  assert.deepEqual(await lines.taken(), [`0: ${VALID}`]);
  lines.irq(1);
  assert.deepEqual(await lines.taken(), [`1: ${VALID}`]);
  assert.equal(await lines.enable(2, LEVEL_HIGH), GpioStatus.ERR);
  const wrong = [
    [{ lines: [{ gpio: 4, type: 1, level: 0, latched: false }], outputs: [] }, /gpio/],
    [{ lines: [{ gpio: 0, type: 5, level: 0, latched: false }], outputs: [] }, /type/],
    [{ lines: [{ gpio: 0, type: 1, level: 2, latched: false }], outputs: [] }, /level/],
    [{ lines: [], outputs: [9] }, /outputs\[0\]/],
    [{ lines: [], outputs: 1 }, /outputs/],
  ] as const;
  for (const [interrupts, message] of wrong) {
    assert.throws(() => other.device.restore({ ...saved, behaviours: { interrupts } }), {
      message,
    });
  }
});

Deno.test("a user who serves interrupts has no such object, and without a way to tell levels they are not offered", () => {
  const config = { ngpio: 4, gpioNamesSize: 0 };
  const own = new GpioDevice({
    config,
    interrupts: { level: () => 0 },
    setIrqType: () => GpioStatus.OK,
    irq: () => INVALID,
  });
  assert.equal(own.interrupts, undefined);
  assert.equal(own.offered & 1n, 1n);
  assert.equal(new GpioDevice({ config }).offered & 1n, 0n);
});
