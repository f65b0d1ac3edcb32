/** A balloon: QEMU's virtio-balloon, whose pages are seen to go. */

import assert from "node:assert/strict";
import {
  BalloonDriver,
  BalloonHintCommand,
  BalloonStatTag,
} from "../../../generated/balloon/mod.ts";
import type { DmaBuffer, MachineTransport } from "../../../mod.ts";
import type { QemuMachine } from "../machine.ts";
import type { Trial } from "../trial.ts";
import { eventually } from "../wait.ts";

const PAGE = 4096;
const PAGES = 8;
const MEMORY = 64 << 20;
const BALLOON = { path: "/machine/peripheral/balloon" };
/** Bytes a second. */
const [SLOW, FAST] = [10_240, 1 << 30];
/** Of the command in the configuration. */
const COMMAND_OFFSET = 8;
const FREE = 12_345_678n;
const FAULTS = 77n;

/** Pages filled with ones. */
function pages({ arena }: QemuMachine): DmaBuffer {
  const buffer = arena.allocate(PAGES * PAGE, PAGE);
  buffer.bytes.fill(1);
  return buffer;
}

/** QEMU has thrown the pages away: they are empty ones. */
function assertGone({ bytes }: DmaBuffer): void {
  assert.deepEqual(bytes, new Uint8Array(bytes.length));
}

/** The balloon grows and shrinks as QEMU is asked for. */
async function resize(driver: BalloonDriver, machine: QemuMachine): Promise<void> {
  const { qmp } = machine;
  const buffer = pages(machine);
  const pfns = Array.from({ length: PAGES }, (_, page) => buffer.address / PAGE + page);
  const ask = async (size: number) => {
    await qmp.execute("balloon", { value: MEMORY - size * PAGE });
    await eventually(`${size} pages are wanted`, () => driver.config.numPages === size);
  };
  const actual = async () => (await qmp.execute<{ actual: number }>("query-balloon")).actual;
  await ask(PAGES);
  await driver.inflate({ pfns });
  await driver.setActual(PAGES);
  assertGone(buffer);
  assert.equal(await actual(), MEMORY - PAGES * PAGE);
  await ask(0);
  await driver.deflate({ pfns });
  await driver.setActual(0);
  assert.equal(await actual(), MEMORY);
}

/**
 * QEMU asks for hints at the start of a migration, and wants no more when memory was copied once: so that
 * has to wait. It serves their queue in a thread of its own, whose interrupts get lost on a wire when they
 * meet others: so we look at the queue, as Linux does, and at the configuration.
 */
async function hints(driver: BalloonDriver, transport: MachineTransport, machine: QemuMachine) {
  const { qmp } = machine;
  const speed = (bytes: number) =>
    qmp.execute("migrate-set-parameters", { "max-bandwidth": bytes });
  const command = async () => {
    const bytes = await transport.readConfig(COMMAND_OFFSET, 4);
    return new DataView(bytes.buffer).getUint32(0, true);
  };
  const queue = driver.freePageVq[0]!;
  const sent = async (slot: number) => {
    assert.ok(slot >= 0);
    queue.kick();
    await eventually("QEMU took what was sent", () => {
      queue.poll();
      return queue.ring.pending === 0;
    });
  };
  assert.equal(driver.config.freePageHintCmdId, BalloonHintCommand.STOP);
  await speed(SLOW);
  await qmp.execute("migrate", { uri: "exec:cat >/dev/null" });
  await eventually("a round of hints", async () => await command() > BalloonHintCommand.DONE);
  await sent(queue.submitHintCommand({ cmdId: await command() }));
  await sent(queue.submitHint(pages(machine).bytes));
  await sent(queue.submitHintCommand({ cmdId: BalloonHintCommand.STOP }));
  await speed(FAST);
  await eventually("the hints are done", async () => await command() === BalloonHintCommand.DONE);
}

/** The trial. */
export const balloon: Trial = {
  device: "balloon",
  name: "virtio-balloon",
  properties: ["id=balloon", "iothread=io", "free-page-hint=on", "free-page-reporting=on"],
  options: () => ["-object", "iothread,id=io"],
  proves: "inflate and deflate on demand, statistics when asked for, free pages reported, hints " +
    "during a migration; pages given away are empty afterwards",
  run: async (transport, machine) => {
    const { qmp } = machine;
    let asked = 0n;
    await using driver = await BalloonDriver.open(transport, {
      onStatsq: () => ({
        stats: [
          { tag: BalloonStatTag.MEMFREE, val: FREE },
          { tag: BalloonStatTag.MAJFLT, val: FAULTS + asked++ },
        ],
      }),
    });
    await qmp.execute("qom-set", {
      ...BALLOON,
      property: "guest-stats-polling-interval",
      value: 1,
    });
    await resize(driver, machine);
    const reported = pages(machine);
    await driver.report(reported.bytes);
    assertGone(reported);
    const stats = async () => {
      const property = { ...BALLOON, property: "guest-stats" };
      return (await qmp.execute<{ stats: Record<string, number> }>("qom-get", property)).stats;
    };
    await eventually(
      "QEMU asks for statistics again",
      async () => (await stats())["stat-major-faults"] === Number(FAULTS) + 1,
    );
    assert.equal((await stats())["stat-free-memory"], Number(FREE));
    await hints(driver, transport, machine);
  },
};
