// Channel I/O as a guest sees it: lengths of all commands, notifications, resets (VIRTIO 1.4, 4.3).

import assert from "node:assert/strict";
import { Command, VIRTIO_THININT_AREA_SIZE } from "../../generated/layout/ccw.ts";
import { covers } from "../../testing/covers.ts";
import { tasks } from "../device_fixture.ts";
import { EchoDriver } from "../echo_fixture.ts";
import { RequestAborted } from "../errors.ts";
import { featureSet } from "../features.ts";
import { Status } from "../status.ts";
import { BasicCommand, type ChannelCommand } from "./ccw_channel.ts";
import { findCcw } from "./ccw_driver.ts";
import { ADDRESS, Bench, DONE, LENGTH, machine, REFUSED, SUPPRESS } from "./ccw_fixture.ts";

const CCW = "devicenormative:Virtio Transport Options / Virtio over channel I/O";
const DRIVEN = "drivernormative:Virtio Transport Options / Virtio over channel I/O";
const OPERATION = "Device Operation";
const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK } = Status;
const FOUND = ACKNOWLEDGE | DRIVER;

/** The lengths that each command takes; those of the configuration take any up to 8. */
const LENGTHS: readonly (readonly [command: number, least: number, most: number])[] = [
  [BasicCommand.SENSE_ID, 1, 7],
  [Command.READ_FEAT, 5, 5],
  [Command.WRITE_FEAT, 5, 5],
  [Command.READ_CONF, 0, 8],
  [Command.WRITE_CONF, 0, 8],
  [Command.READ_VQ_CONF, 4, 4],
  [Command.SET_VQ, 32, 32],
  [Command.READ_STATUS, 1, 1],
  [Command.WRITE_STATUS, 1, 1],
  [Command.SET_CONF_IND, 8, 8],
  [Command.SET_IND_ADAPTER, VIRTIO_THININT_AREA_SIZE, VIRTIO_THININT_AREA_SIZE],
  [Command.VDEV_RESET, 0, 0],
];

/** An address in the guest's memory, big-endian. */
const at = (offset: number) => [0, 0, 0, 0, 0x80, offset >> 16, offset >> 8 & 0xff, offset & 0xff];
const [INDICATORS, SUMMARY, CONFIG] = [0x1000, 0x1100, 0x1200];
/** Adapter indicators of subclass 5. */
const AREA = [...at(SUMMARY), ...at(INDICATORS), 0, 0, 0, 0, 0, 0, 0, 0, 5];

/** Goes live with an empty split queue of 8 descriptors, and adapter indicators. */
function live(): Bench {
  const bench = new Bench();
  bench.revision(2);
  const ready = [FOUND, FOUND | FEATURES_OK, FOUND | FEATURES_OK | DRIVER_OK];
  bench.run(Command.WRITE_STATUS, [ready[0]!]);
  bench.run(Command.WRITE_FEAT, [1, 0, 0, 0, 1]);
  bench.run(Command.WRITE_STATUS, [ready[1]!]);
  const queue = [...at(0x2000), 0, 0, 0, 0, 0, 0, 0, 8, ...at(0x3000), ...at(0x4000)];
  assert.equal(bench.run(Command.SET_VQ, queue), DONE);
  assert.equal(bench.run(Command.SET_IND_ADAPTER, AREA), DONE);
  assert.equal(bench.run(Command.SET_CONF_IND, at(CONFIG)), DONE);
  assert.equal(bench.run(Command.WRITE_STATUS, [ready[2]!]), DONE);
  return bench;
}

/** Makes one more buffer of four bytes available, and kicks. */
function send(bench: Bench, count: number): void {
  bench.memory.write(
    ADDRESS + 0x2000,
    Uint8Array.of(0, 0x50, 0, 0x80, 0, 0, 0, 0, 4, 0, 0, 0, 2, 0),
  );
  bench.memory.write(ADDRESS + 0x3002, Uint8Array.of(count));
  bench.file.notify(0);
}

Deno.test("ccw: each command takes its lengths and no other, and what is refused changes nothing (4.3.1.3)", () => {
  covers(
    `${CCW} / Basic Concepts#2`,
    `${CCW} / Basic Concepts#3`,
    `${CCW} / Basic Concepts#4`,
  );
  for (const [command, least, most] of LENGTHS) {
    for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 24, 25, 26, 31, 32, 33]) {
      for (const flags of [0, SUPPRESS]) {
        const bench = new Bench();
        bench.revision(2);
        const before = JSON.stringify(bench.file.save());
        const found = bench.run(command, new Array(length).fill(0), flags);
        const fits = length >= least && (length <= most || flags === SUPPRESS);
        const wanted = fits ? DONE : flags === SUPPRESS ? REFUSED : LENGTH;
        assert.equal(found, wanted, `0x${command.toString(16)} of ${length} bytes, flags ${flags}`);
        if (!fits) assert.equal(JSON.stringify(bench.file.save()), before);
      }
    }
  }
});

Deno.test("ccw: a queue of no buffers at no address is taken back, as Linux does after a reset", () => {
  const bench = live();
  const none = new Array(32).fill(0);
  assert.equal(bench.run(Command.SET_VQ, none), DONE);
  send(bench, 1);
  assert.equal(bench.device.calls, 0, "nothing is enabled");
  bench.run(Command.VDEV_RESET);
  for (const index of [0, 1, 200]) {
    none[13] = index;
    assert.equal(bench.run(Command.SET_VQ, none), DONE, `${index}`);
  }
  assert.equal(bench.run(Command.SET_IND_ADAPTER, new Array(25).fill(0)), DONE);
});

Deno.test("ccw: an adapter interrupt is made when the summary was not set (4.3.3.1.2.1)", () => {
  covers(
    `${CCW} / ${OPERATION} / Host->Guest Notification / Notification via Adapter I/O Interrupts#1`,
  );
  const bench = live();
  send(bench, 1);
  assert.deepEqual(bench.interrupts, [5]);
  assert.deepEqual(bench.read(1, ADDRESS + INDICATORS), [0x80]);
  assert.deepEqual(bench.read(1, ADDRESS + SUMMARY), [1]);
  bench.memory.write(ADDRESS + INDICATORS, Uint8Array.of(0));
  send(bench, 2);
  assert.deepEqual(bench.read(1, ADDRESS + INDICATORS), [0x80], "the queue's is set nevertheless");
  assert.deepEqual(bench.interrupts, [5], "the guest has not looked yet");
  bench.memory.write(ADDRESS + SUMMARY, Uint8Array.of(0));
  send(bench, 3);
  assert.deepEqual(bench.interrupts, [5, 5]);
});

Deno.test("ccw: nothing is told and no queue is touched after a reset (4.3.3.3.1)", () => {
  covers(`${CCW} / ${OPERATION} / Resetting Devices#2`);
  const bench = live();
  bench.device.holding = true;
  send(bench, 1);
  assert.equal(bench.device.held, 1);
  assert.equal(bench.run(Command.VDEV_RESET), DONE);
  const memory = bench.read(0x4100, ADDRESS + 0x1000);
  assert.throws(() => bench.device.release(true), RequestAborted);
  bench.device.configChanged();
  bench.file.notify(0);
  assert.deepEqual(bench.interrupts, []);
  assert.deepEqual(bench.read(0x4100, ADDRESS + 0x1000), memory);
});

/** A driver, and the commands that it gives. */
async function driven(revision: number) {
  const bench = new Bench();
  const seen: ChannelCommand[] = [];
  const own = machine(bench, (command) => command);
  const transport = await findCcw({
    ...own,
    adapterSubclass: 5,
    start: (command) => {
      const high = command.command === Command.SET_VIRTIO_REV && revision < 2 &&
        bench.read(2, command.address)[1] === 2;
      if (high) return own.start({ ...command, command: 0xff });
      seen.push(command);
      return own.start(command);
    },
  });
  return { bench, seen, transport, driver: new EchoDriver(transport) };
}

Deno.test("ccw: a driver gives commands of the right length, and lets that be checked (4.3.1.4)", async () => {
  covers(`${DRIVEN} / Basic Concepts#3`);
  const { bench, seen, driver } = await driven(2);
  await driver.start({ want: featureSet(0) });
  await driver.read(0, 8);
  await driver.write(4, Uint8Array.of(1, 2));
  await driver.refreshConfig();
  await driver.close();
  const lengths = new Map(LENGTHS.map(([command, least, most]) => [command, [least, most]]));
  lengths.set(Command.SET_VIRTIO_REV, [4, 4]);
  assert.ok(new Set(seen.map(({ command }) => command)).size >= 12);
  for (const { command, count, flags } of seen) {
    const [least, most] = lengths.get(command)!;
    assert.ok(count >= least! && count <= most!, `0x${command.toString(16)}: ${count}`);
    assert.equal(flags & SUPPRESS, 0);
  }
  assert.deepEqual(bench.device.errors, []);
});

Deno.test("ccw: a driver clears the summary before it looks at queues (4.3.3.1.2.2)", async () => {
  covers(
    `${DRIVEN} / ${OPERATION} / Host->Guest Notification / Notification via Adapter I/O Interrupts#1`,
  );
  const { bench, seen, transport, driver } = await driven(2);
  await driver.agree({ want: 0n });
  // Where the area lies is in the data of the command, which the driver has freed by now.
  assert.ok(seen.some(({ command }) => command === Command.SET_IND_ADAPTER));
  const summary = bench.file.save().indicators[3]!;
  driver.use(await driver.openOne(0, 8));
  await driver.go();
  const looked: number[] = [];
  const { onQueueNotify } = transport;
  transport.onQueueNotify = (index) => {
    looked.push(bench.read(1, summary)[0]!);
    onQueueNotify(index);
  };
  const echoed = driver.echo(Uint8Array.of(1));
  assert.deepEqual([bench.interrupts, bench.read(1, summary)], [[5], [1]]);
  transport.adapterInterrupt();
  assert.deepEqual(await echoed, Uint8Array.of(1));
  assert.deepEqual(looked, [0]);
  await driver.close();
});

Deno.test("ccw: since revision 2, a driver reads the status after a change and after a reset (4.3.2.3.1, 4.3.3.3.2)", async () => {
  covers(
    `${DRIVEN} / Device Initialization / Communicating Status Information#2`,
    `${DRIVEN} / ${OPERATION} / Resetting Devices#1`,
    `${DRIVEN} / ${OPERATION} / Resetting Devices#2`,
  );
  for (const revision of [1, 2]) {
    const { bench, seen, transport, driver } = await driven(revision);
    await driver.start({ want: 0n });
    const reset = seen.findIndex(({ command }) => command === Command.VDEV_RESET);
    const next = revision === 2 ? Command.READ_STATUS : Command.WRITE_STATUS;
    assert.equal(seen[reset + 1]!.command, next);
    seen.length = 0;
    bench.device.configChanged();
    transport.interrupt();
    await tasks();
    assert.equal(driver.refreshed, 1);
    assert.equal(seen.some(({ command }) => command === Command.READ_STATUS), revision === 2);
    await driver.close();
  }
});
