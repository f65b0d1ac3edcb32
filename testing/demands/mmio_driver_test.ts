// How drivers use the registers of MMIO devices, access by access (VIRTIO 1.4, 4.2).

import assert from "node:assert/strict";
import { MMIO_MODERN as R } from "../../generated/layout/mmio.ts";
import { EchoDevice, EchoDriver } from "../../runtime/echo_fixture.ts";
import { MmioDevice } from "../../runtime/transports/mmio_device.ts";
import { findMmio } from "../../runtime/transports/mmio_driver.ts";
import { access, machineMemory } from "../../runtime/transports/rigs_fixture.ts";
import { covers } from "../covers.ts";

const LAYOUT =
  "drivernormative:Virtio Transport Options / Virtio Over MMIO / MMIO Device Register Layout";
const OPERATION =
  "drivernormative:Virtio Transport Options / Virtio Over MMIO / MMIO-specific Initialization And Device Operation";

const CONFIG = 0x100;

interface Access {
  readonly what: "read" | "write";
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly value: number;
}

const NAMES = new Map<number, string>(
  Object.entries(R).map(([name, { offset }]) => [offset, name]),
);

/** The accesses of a driver's whole life; reads of a register may be changed on the way. */
async function life(
  change: (name: string, value: number) => number = (_, value) => value,
  options: { packed?: boolean } = {},
): Promise<{ log: Access[]; echoed: boolean }> {
  const log: Access[] = [];
  const memory = machineMemory();
  const device = new EchoDevice();
  let notify = () => {};
  const file = new MmioDevice(device, { memory, interrupt: (level) => level && notify() });
  const note = (what: Access["what"], offset: number, size: number, value: number) => {
    log.push({ what, name: NAMES.get(offset) ?? "config", offset, size, value });
    return value;
  };
  const registers = access(() => ({
    read: (offset, size) =>
      note("read", offset, size, change(NAMES.get(offset) ?? "config", file.read(offset, size))),
    write: (offset, size, value) => {
      note("write", offset, size, value);
      file.write(offset, size, value);
    },
  }), false);
  const transport = (await findMmio({ registers, memory }))!;
  notify = () => queueMicrotask(() => transport.interrupt());
  const driver = new EchoDriver(transport);
  await driver.start({ want: 1n, ring: { packed: options.packed ?? false } });
  const bytes = Uint8Array.of(1, 2, 3);
  const echoed = (await driver.echo(bytes)).join() === bytes.join();
  await driver.read(0, 8);
  await driver.write(4, Uint8Array.of(9, 8));
  driver.use(await driver.resetQueue(driver.queue!));
  await driver.echo(bytes);
  await driver.suspend();
  await driver.resume();
  await driver.close();
  return { log, echoed };
}

Deno.test("mmio: a driver reads what can be read and writes what can be written, in whole words (4.2.2.2)", async () => {
  covers(`${LAYOUT}#2`, `${LAYOUT}#3`, `${LAYOUT}#4`);
  for (const packed of [false, true]) {
    const { log, echoed } = await life(undefined, { packed });
    assert.ok(echoed);
    for (const { what, name, offset, size } of log) {
      if (offset >= CONFIG) continue;
      const register = R[name as keyof typeof R];
      assert.ok(register !== undefined, `0x${offset.toString(16)}`);
      assert.equal(size, 4, name);
      assert.ok(
        (register.access as string).includes(what === "read" ? "R" : "W"),
        `${what} ${name}`,
      );
    }
  }
});

Deno.test("mmio: a driver touches nothing but registers and the configuration, no shared memory unasked (4.2.2.2, 4.2.3.1.1)", async () => {
  covers(`${LAYOUT}#1`, `${OPERATION} / Device Initialization#5`);
  const { log } = await life();
  for (const { name, offset, size } of log) {
    const known = offset >= CONFIG ? offset + size <= CONFIG + 8 : NAMES.has(offset);
    assert.ok(known, `0x${offset.toString(16)}`);
    assert.ok(!name.startsWith("SHM"), name);
  }
});

Deno.test("mmio: a driver looks first at what the device is, then selects words of features (4.2.2.2, 4.2.3.1.1)", async () => {
  covers(`${OPERATION} / Device Initialization#1`, `${LAYOUT}#12`, `${LAYOUT}#13`);
  const { log } = await life();
  const first = log.slice(0, 3).map(({ what, name }) => `${what} ${name}`);
  assert.deepEqual(first, ["read MagicValue", "read Version", "read DeviceID"]);
  let words = 0;
  for (const [at, { what, name }] of log.entries()) {
    const select = what === "read" && name === "DeviceFeatures"
      ? "DeviceFeaturesSel"
      : what === "write" && name === "DriverFeatures"
      ? "DriverFeaturesSel"
      : undefined;
    if (select === undefined) continue;
    words++;
    assert.deepEqual([log[at - 1]!.what, log[at - 1]!.name], ["write", select]);
  }
  assert.equal(words, 8);
});

Deno.test("mmio: an empty place is no device, and no error (4.2.2.2, 4.2.3.1.1)", async () => {
  covers(
    `${LAYOUT}#10`,
    `${LAYOUT}#11`,
    `${OPERATION} / Device Initialization#3`,
  );
  const seen: number[] = [];
  const words: Record<number, number> = { 0: 0x74726976, 4: 2, 8: 0 };
  const registers = {
    read: (offset: number) => {
      seen.push(offset);
      return words[offset] ?? 0;
    },
    write: () => assert.fail("a write"),
  };
  assert.equal(await findMmio({ memory: machineMemory(), registers }), undefined);
  assert.deepEqual(seen, [0, 4, 8]);
});

const QUEUE_WORDS = [
  "QueueSize",
  "QueueDescLow",
  "QueueDescHigh",
  "QueueDriverLow",
  "QueueDriverHigh",
  "QueueDeviceLow",
  "QueueDeviceHigh",
];

Deno.test("mmio: a driver sets a queue up before it is ready, as large as the device allows (4.2.2.2)", async () => {
  covers(`${LAYOUT}#14`, `${LAYOUT}#15`, `${LAYOUT}#21`);
  for (const most of [2, 16, 256]) {
    let resets = 0;
    const { log } = await life((name, value) => {
      if (name === "QueueSizeMax") return most;
      return name === "QueueReset" && resets++ < 2 ? 1 : value;
    });
    let ready = false;
    let resetting = false;
    for (const { what, name, value } of log) {
      if (QUEUE_WORDS.includes(name)) assert.ok(!ready && !resetting, name);
      if (name === "QueueSize") assert.ok(value >= 1 && value <= most);
      if (what === "write" && name === "QueueReady") {
        assert.ok(!resetting, "before the reset has ended");
        ready = value !== 0;
      }
      if (name === "QueueReset") [ready, resetting] = [false, what === "write" || value !== 0];
      if (what === "write" && name === "Status" && value === 0) ready = false;
    }
    assert.ok(resets > 2);
  }
});

Deno.test("mmio: a driver asks why it was interrupted, and acknowledges what it knows (4.2.2.2, 4.2.3.4.1)", async () => {
  covers(
    `${OPERATION} / Notifications From The Device#1`,
    `${LAYOUT}#18`,
    `${LAYOUT}#20`,
  );
  const { log, echoed } = await life((name, value) =>
    name === "InterruptStatus" && value !== 0 ? (value | 0xffff_fff0) >>> 0 : value
  );
  assert.ok(echoed);
  const acknowledged = log.filter(({ name }) => name === "InterruptACK");
  assert.ok(acknowledged.length >= 2);
  for (const { value } of acknowledged) assert.ok(value > 0 && value <= 3, `${value}`);
  assert.ok(
    log.findIndex(({ name }) => name === "InterruptStatus") < log.indexOf(acknowledged[0]!),
  );
});

Deno.test("mmio: a driver acknowledges exactly what it was told, each time (4.2.2.2, 4.2.3.4.1)", async () => {
  covers(`${LAYOUT}#19`, `${OPERATION} / Notifications From The Device#3`);
  const { log } = await life();
  let told = 0;
  for (const [at, { what, name, value }] of log.entries()) {
    if (what !== "read" || name !== "InterruptStatus" || value === 0) continue;
    const next = log.slice(at + 1).find((one) => one.name.startsWith("Interrupt"))!;
    if (next.what === "read") continue; // what came meanwhile is read again, as a task of its own
    told++;
    assert.deepEqual([next.name, next.value], ["InterruptACK", value]);
  }
  assert.ok(told >= 2);
  assert.equal(told, log.filter(({ name }) => name === "InterruptACK").length);
});

Deno.test("mmio: one interrupt stands for all active queues (4.2.3.4.1)", async () => {
  covers(`${OPERATION} / Notifications From The Device#2`);
  const memory = machineMemory();
  const file = new MmioDevice(new EchoDevice(), { memory, interrupt: () => {} });
  let causes = 0;
  const transport = (await findMmio({
    memory,
    registers: {
      read: (offset, size) =>
        offset === R.InterruptStatus.offset ? causes : file.read(offset, size),
      write: (offset, size, value) => {
        if (offset === R.InterruptACK.offset) causes = 0;
        else file.write(offset, size, value);
      },
    },
  }))!;
  const driver = new EchoDriver(transport);
  await driver.agree({ want: 1n << 4n });
  for (const index of [0, 2, 1]) await driver.openOne(index, 8);
  await driver.go();
  const notified: number[] = [];
  transport.onQueueNotify = (index) => notified.push(index);
  causes = 1;
  await transport.interrupt();
  assert.deepEqual(notified.sort(), [0, 1, 2]);
  causes = 2;
  await transport.interrupt();
  assert.equal(notified.length, 3, "a change of the configuration is none");
  await driver.close();
});

Deno.test("mmio: initialisation goes step by step: reset, features, queues, ready (3.1.1, 4.2.3.1.1)", async () => {
  covers(
    `${OPERATION} / Device Initialization#2`,
    `${OPERATION} / Device Initialization#6`,
    "drivernormative:General Initialization And Device Operation / Device Initialization#1",
  );
  const { log } = await life();
  const steps = log.map(({ what, name, value }) => {
    if (name === "Status") return what === "write" ? `status ${value}` : "";
    if (name === "QueueReady" && what === "write") return "queue";
    return ["DeviceID", "DeviceFeatures", "DriverFeatures", "QueueNotify"].includes(name)
      ? name
      : "";
  }).filter((step, at, all) => step !== "" && step !== all[at - 1]);
  const order = steps.filter((step, at) => step !== steps[at - 1]);
  assert.deepEqual(order.slice(0, order.indexOf("QueueNotify") + 1), [
    "DeviceID",
    "status 0",
    "status 1",
    "status 3",
    "DeviceFeatures",
    "DriverFeatures",
    "status 11",
    "queue",
    "status 15",
    "QueueNotify",
  ]);
  const agreed = log.findIndex(({ what, name, value }) =>
    what === "write" && name === "Status" && value === 11
  );
  assert.deepEqual(
    [log[agreed + 1]!.what, log[agreed + 1]!.name],
    ["read", "Status"],
    "was it taken?",
  );
});
