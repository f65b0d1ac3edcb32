/** A SCSI host: QEMU's virtio-scsi with a disk. */

import assert from "node:assert/strict";
import {
  ScsiDriver,
  type ScsiEvent,
  ScsiEventType,
  ScsiResetReason,
  ScsiResponse,
  ScsiTaskAttribute,
  ScsiTaskManagementFunction,
} from "../../../generated/scsi/mod.ts";
import type { Trial } from "../trial.ts";
import { eventually } from "../wait.ts";

const SIZE = 1 << 20;
const BLOCK = 512;
const QUEUES = 2;
const NONE = new Uint8Array(0);
/** Of the commands that SCSI defines. */
const [TEST_READY, INQUIRY, READ_CAPACITY, READ, WRITE] = [0x00, 0x12, 0x25, 0x28, 0x2a];
const [GOOD, CHECK_CONDITION] = [0, 2];
/** Additional sense codes: a logical block address out of range; power on or reset. */
const [OUT_OF_RANGE, POWER_ON] = [0x21, 0x29];
/** Additional sense code and qualifier: capacity data has changed. */
const CAPACITY_CHANGED = [0x2a, 0x09] as const;

/** A logical unit of a target, with a single level of units. */
function unit(target: number): Uint8Array {
  return Uint8Array.of(1, target, 0x40, 0, 0, 0, 0, 0);
}

/** A command descriptor block of ten bytes: an address and a count, big-endian. */
function cdb(code: number, address = 0, count = 0): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, code);
  view.setUint32(2, address);
  view.setUint16(7, count);
  return bytes;
}

/** Runs commands on a target; each has an id of its own. */
class Initiator {
  readonly #driver: ScsiDriver;
  #id = 0n;

  constructor(driver: ScsiDriver) {
    this.#driver = driver;
  }

  async command(target: number, block: Uint8Array, dataout: Uint8Array, datain: Uint8Array) {
    const id = this.#id++;
    const request = {
      lun: unit(target),
      id,
      taskAttr: ScsiTaskAttribute.SIMPLE,
      prio: 0,
      crn: 0,
      cdb: block,
    };
    const queue = Number(id) % QUEUES;
    return await this.#driver.command(request, NONE, dataout, NONE, datain, { queue });
  }

  /** Runs a command that must succeed. */
  async good(block: Uint8Array, dataout: Uint8Array, datain: Uint8Array): Promise<void> {
    const answer = await this.command(0, block, dataout, datain);
    assert.equal(answer.response, ScsiResponse.OK);
    assert.equal(answer.status, GOOD);
    assert.equal(answer.residual, 0);
  }

  /** Runs a command whose sense data must say this. */
  async sense(code: number, block: Uint8Array, datain: Uint8Array): Promise<void> {
    const answer = await this.command(0, block, NONE, datain);
    assert.equal(answer.response, ScsiResponse.OK);
    assert.equal(answer.status, CHECK_CONDITION);
    assert.ok(answer.senseLen >= 14);
    assert.equal(answer.sense[12], code);
  }
}

async function commands(driver: ScsiDriver, file: string): Promise<void> {
  const initiator = new Initiator(driver);
  await initiator.sense(POWER_ON, cdb(TEST_READY), NONE);
  const inquiry = new Uint8Array(36);
  const ask = cdb(INQUIRY);
  ask[4] = inquiry.length;
  await initiator.good(ask, NONE, inquiry);
  assert.equal(new TextDecoder().decode(inquiry.subarray(8, 32)), "QEMU    QEMU HARDDISK   ");
  const capacity = new Uint8Array(8);
  await initiator.good(cdb(READ_CAPACITY), NONE, capacity);
  const view = new DataView(capacity.buffer);
  assert.deepEqual([view.getUint32(0), view.getUint32(4)], [SIZE / BLOCK - 1, BLOCK]);
  const written = Array.from({ length: 16 }, () => crypto.getRandomValues(new Uint8Array(4096)));
  const blocks = 4096 / BLOCK;
  await Promise.all(
    written.map((data, at) => initiator.good(cdb(WRITE, at * blocks, blocks), data, NONE)),
  );
  for (const [at, data] of written.entries()) {
    const read = new Uint8Array(4096);
    await initiator.good(cdb(READ, at * blocks, blocks), NONE, read);
    assert.deepEqual(read, data);
  }
  assert.deepEqual(Deno.readFileSync(file).subarray(0, 4096), written[0]);
  await initiator.sense(OUT_OF_RANGE, cdb(READ, SIZE / BLOCK, 1), new Uint8Array(BLOCK));
  const nobody = await initiator.command(9, cdb(READ_CAPACITY), NONE, new Uint8Array(8));
  assert.equal(nobody.response, ScsiResponse.BAD_TARGET);
}

/** The trial. */
export const scsi: Trial = {
  device: "scsi",
  name: "virtio-scsi",
  properties: ["id=host", `num_queues=${QUEUES}`],
  options: (scratch) => {
    Deno.writeFileSync(scratch.path("disk"), new Uint8Array(SIZE));
    return ["-blockdev", `driver=file,filename=${scratch.path("disk")},node-name=d0`];
  },
  children: ["scsi-hd,drive=d0,scsi-id=0,id=disk"],
  proves: "inquiry, read capacity, read, write on two queues, sense data, a target that is not " +
    "there, a reset of the unit, events of a changed, added and removed disk",
  run: async (transport, { qmp }, scratch) => {
    const events: ScsiEvent[] = [];
    await using driver = await ScsiDriver.open(transport, {
      onEvent: (event) => events.push(event),
    });
    assert.equal(driver.requestq.length, QUEUES);
    await commands(driver, scratch.path("disk"));
    const subtype = ScsiTaskManagementFunction.LOGICAL_UNIT_RESET;
    const reset = await driver.tmf({ subtype, lun: unit(0), id: 0n });
    assert.equal(reset.response, ScsiResponse.OK);
    events.length = 0;
    const told = async (event: number, target: number, reason: number) => {
      await eventually("an event", () => events.length > 0);
      // Here QEMU leaves out that the unit is a single level, as Linux wants it.
      const lun = Uint8Array.of(1, target, 0, 0, 0, 0, 0, 0);
      assert.deepEqual(events.shift(), { event, eventsMissed: 0, lun, reason });
    };
    await qmp.execute("block_resize", { "node-name": "d0", size: 2 * SIZE });
    const [code, qualifier] = CAPACITY_CHANGED;
    await told(ScsiEventType.PARAM_CHANGE, 0, code | qualifier << 8);
    const added = { driver: "scsi-cd", id: "added", bus: "host.0", "scsi-id": 5 };
    await qmp.execute("device_add", added);
    await told(ScsiEventType.TRANSPORT_RESET, 5, ScsiResetReason.RESCAN);
    await qmp.execute("device_del", { id: "added" });
    await told(ScsiEventType.TRANSPORT_RESET, 5, ScsiResetReason.REMOVED);
  },
};
