/** A SCSI host with a disk over a file, asked by raw commands. */

import assert from "node:assert/strict";
import {
  ScsiDriver,
  type ScsiDriverOptions,
  ScsiResponse,
  ScsiTaskManagementFunction as Task,
} from "../../generated/scsi/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../../testing/covers.ts";
import { descriptors } from "../serve_fixture.ts";
import { scsiHost } from "./scsi.ts";

const BLOCKS = 2048;
const DISK = Uint8Array.of(1, 0, 0x40, 0, 0, 0, 0, 0);
const OTHER_UNIT = Uint8Array.of(1, 0, 0x40, 1, 0, 0, 0, 0);
const OTHER_TARGET = Uint8Array.of(1, 1, 0x40, 0, 0, 0, 0, 0);
const NOTHING = new Uint8Array(0);

/** Sense keys with additional codes. */
const BEYOND = "5 21", INVALID_FIELD = "5 24", NO_COMMAND = "5 20", NO_UNIT = "5 25";

/** A disk of 1 MiB and a driver. */
class Host implements AsyncDisposable {
  readonly path: string;
  readonly errors: unknown[] = [];
  readonly #driver: ScsiDriver;
  readonly #close: () => void;
  readonly #before: readonly number[];

  private constructor(
    driver: ScsiDriver,
    host: ReturnType<typeof scsiHost>,
    path: string,
    before: readonly number[],
  ) {
    this.path = path;
    this.#driver = driver;
    this.#close = host.close;
    this.#before = before;
    host.device.onError = (error) => this.errors.push(error);
  }

  static async open(readOnly = false, options: ScsiDriverOptions = {}): Promise<Host> {
    const before = descriptors();
    const path = Deno.makeTempFileSync({ prefix: "virtio-" });
    Deno.writeFileSync(path, new Uint8Array(BLOCKS * 512));
    const host = scsiHost({ file: path, serial: "disk-1", readOnly });
    return new Host(await ScsiDriver.open(loopback(host.device), options), host, path, before);
  }

  get driver(): ScsiDriver {
    return this.#driver;
  }

  /** Sends a command; the data it yields, or sense key and code. */
  async ask(cdb: readonly number[], room = 0, out = NOTHING, lun = DISK) {
    const request = { lun, id: 1n, taskAttr: 0, prio: 0, crn: 0, cdb: Uint8Array.from(cdb) };
    const data = new Uint8Array(room);
    const answer = await this.#driver.command(request, NOTHING, out, NOTHING, data);
    const sense = answer.sense;
    const failed = `${sense[2]} ${sense[12]?.toString(16)}`;
    assert.equal(answer.status, answer.senseLen > 0 ? 2 : 0);
    const { response, residual, status } = answer;
    return { response, residual, failed: status === 0 ? "" : failed, data };
  }

  /** Sends a command, and expects success; the data. */
  async get(cdb: readonly number[], room = 0, out = NOTHING): Promise<DataView> {
    const { response, failed, data, residual } = await this.ask(cdb, room, out);
    assert.deepEqual([response, failed], [ScsiResponse.OK, ""]);
    if (out.length > 0) assert.equal(residual, 0);
    return new DataView(data.buffer, 0, room - residual);
  }

  async refuse(expected: string, cdb: readonly number[], room = 0, out = NOTHING, lun = DISK) {
    const { response, failed, residual } = await this.ask(cdb, room, out, lun);
    assert.deepEqual([response, failed], [ScsiResponse.OK, expected], cdb.join());
    return residual;
  }

  async [Symbol.asyncDispose]() {
    await this.#driver.close();
    this.#close();
    Deno.removeSync(this.path);
    assert.deepEqual(this.errors, []);
    assert.deepEqual(descriptors(), this.#before);
  }
}

function be16(value: number): number[] {
  return [value >> 8, value & 0xff];
}

function be32(value: number): number[] {
  return [value >>> 24, (value >> 16) & 0xff, ...be16(value & 0xffff)];
}

function be64(value: number): number[] {
  return [...be32(Math.floor(value / 2 ** 32)), ...be32(value % 2 ** 32)];
}

const read10 = (block: number, count: number) => [0x28, 0, ...be32(block), 0, ...be16(count), 0];
const read16 = (block: number, count: number) => [0x88, 0, ...be64(block), ...be32(count), 0, 0];
const write10 = (block: number, count: number) => [0x2a, 8, ...be32(block), 0, ...be16(count), 0];
const write16 = (block: number, count: number) => [0x8a, 0, ...be64(block), ...be32(count), 0, 0];
const same16 = (
  flags: number,
  block: number,
  count: number,
) => [0x93, flags, ...be64(block), ...be32(count), 0, 0];
const unmap = (length: number) => [0x42, 0, 0, 0, 0, 0, 0, ...be16(length), 0];
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

function text(view: DataView, from: number, length: number): string {
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + from, length));
}

Deno.test("scsi tells what it is", async () => {
  await using host = await Host.open();
  await host.get([0x00, 0, 0, 0, 0, 0]);
  const standard = await host.get([0x12, 0, 0, ...be16(96), 0], 96);
  assert.equal(standard.byteLength, 36);
  assert.equal(standard.getUint8(0), 0);
  assert.equal(text(standard, 16, 15), "TypeScript disk");
  assert.equal((await host.get([0x12, 0, 0, ...be16(5), 0], 96)).byteLength, 5);
  const pages = await host.get([0x12, 1, 0, ...be16(96), 0], 96);
  const numbers = [...new Uint8Array(pages.buffer, 4, pages.getUint16(2))];
  assert.deepEqual(numbers, [0, 0x80, 0x83, 0xb0, 0xb1, 0xb2]);
  for (const page of numbers) {
    const content = await host.get([0x12, 1, page, ...be16(255), 0], 255);
    assert.equal(content.getUint8(1), page);
    assert.equal(content.byteLength, 4 + content.getUint16(2));
  }
  assert.equal(text(await host.get([0x12, 1, 0x80, ...be16(255), 0], 255), 4, 6), "disk-1");
  const limits = await host.get([0x12, 1, 0xb0, ...be16(255), 0], 255);
  assert.equal(limits.byteLength, 64);
  assert.equal(limits.getUint32(20), 2 << 20);
  assert.equal(limits.getBigUint64(36), 2n << 20n);
  await host.refuse(INVALID_FIELD, [0x12, 1, 0x99, ...be16(255), 0], 255);
  await host.refuse(INVALID_FIELD, [0x12, 0, 0x80, ...be16(255), 0], 255);
});

Deno.test("scsi tells its capacity and modes", async () => {
  await using host = await Host.open();
  const ten = await host.get([0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], 8);
  assert.deepEqual([ten.getUint32(0), ten.getUint32(4)], [BLOCKS - 1, 512]);
  const capacity16 = [0x9e, 0x10, ...be64(0), ...be32(32), 0, 0];
  const sixteen = await host.get(capacity16, 32);
  assert.equal(sixteen.getBigUint64(0), BigInt(BLOCKS - 1));
  assert.equal(sixteen.getUint8(14), 0x80);
  await host.refuse(INVALID_FIELD, [0x9e, 0x12, ...be64(0), ...be32(32), 0, 0], 32);
  const six = await host.get([0x1a, 0, 0x3f, 0, 192, 0], 192);
  assert.equal(six.byteLength, six.getUint8(0) + 1);
  assert.deepEqual([six.getUint8(2), six.getUint8(4), six.getUint8(6)], [0x10, 8, 4]);
  const mode10 = await host.get([0x5a, 0, 8, 0, 0, 0, 0, ...be16(192), 0], 192);
  assert.equal(mode10.byteLength, mode10.getUint16(0) + 2);
  await host.refuse(INVALID_FIELD, [0x1a, 0, 0x1c, 0, 192, 0], 192);
  await host.refuse(INVALID_FIELD, [0x1a, 0, 0xc8, 0, 192, 0], 192);
  const luns = await host.get([0xa0, 0, 0, 0, 0, 0, ...be32(64), 0, 0], 64);
  assert.deepEqual([luns.byteLength, luns.getUint32(0)], [16, 8]);
  const sense = await host.get([0x03, 0, 0, 0, 252, 0], 252);
  assert.deepEqual([sense.byteLength, sense.getUint8(0), sense.getUint8(2)], [18, 0x70, 0]);
});

Deno.test("scsi reads and writes blocks, with 6, 10 and 16 bytes", async () => {
  await using host = await Host.open();
  const content = random(8 * 512);
  await host.get(write10(8, 8), 0, content);
  await host.get(write16(100, 8), 0, content);
  await host.get([0x0a, 0, 0, 200, 8, 0], 0, content);
  const file = Deno.readFileSync(host.path);
  for (const block of [8, 100, 200]) {
    assert.deepEqual(file.subarray(block * 512, block * 512 + content.length), content);
    for (const cdb of [read10(block, 8), read16(block, 8), [0x08, 0, 0, block, 8, 0]]) {
      assert.deepEqual(new Uint8Array((await host.get(cdb, content.length)).buffer), content);
    }
  }
  assert.equal((await host.get([0x08, 0, 0, 0, 0, 0], 256 * 512)).byteLength, 256 * 512);
  await host.get([0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  await host.get([0x91, ...Array(15).fill(0)]);
  await host.get(read10(BLOCKS, 0));
});

Deno.test("scsi unmaps, and writes the same block again and again", async () => {
  await using host = await Host.open();
  const block = random(512);
  await host.get(same16(0, 10, 300), 0, block);
  const file = () => Deno.readFileSync(host.path);
  for (const at of [10, 255, 309]) {
    assert.deepEqual(file().subarray(at * 512, at * 512 + 512), block);
  }
  assert.deepEqual(file().subarray(310 * 512, 311 * 512), new Uint8Array(512));
  await host.get([0x41, 8, ...be32(20), 0, ...be16(5), 0], 0, new Uint8Array(512));
  await host.get(same16(1, 30, 5)); // no data: zeroes
  assert.deepEqual(file().subarray(20 * 512, 25 * 512), new Uint8Array(5 * 512));
  assert.deepEqual(file().subarray(30 * 512, 35 * 512), new Uint8Array(5 * 512));
  assert.deepEqual(file().subarray(25 * 512, 26 * 512), block);
  const list = Uint8Array.from([...be16(38), ...be16(32), 0, 0, 0, 0, ...be64(104), ...be32(8)]
    .concat([0, 0, 0, 0, ...be64(200), ...be32(0), 0, 0, 0, 0]));
  await host.get(unmap(list.length), 0, list);
  assert.deepEqual(file().subarray(112 * 512, 113 * 512), block);
  await host.refuse(INVALID_FIELD, same16(1, 0, 0));
  await host.refuse(INVALID_FIELD, same16(0x10, 0, 1), 0, block);
  await host.refuse(BEYOND, same16(1, BLOCKS - 1, 2));
  const beyond = Uint8Array.from([...be16(22), ...be16(16), 0, 0, 0, 0, ...be64(BLOCKS), ...be32(1)]
    .concat([0, 0, 0, 0]));
  await host.refuse(BEYOND, unmap(24), 0, beyond);
  await host.refuse("5 1a", unmap(4), 0, beyond);
  const huge = Uint8Array.from([...be16(22), ...be16(16), 0, 0, 0, 0, ...be64(0), ...be32(~0 >>> 0)]
    .concat([0, 0, 0, 0]));
  await host.refuse("5 26", unmap(24), 0, huge);
});

Deno.test("scsi answers what can not be with sense data, and nothing is transferred", async () => {
  covers(
    "devicenormative:Device Types / SCSI Host Device / Device Operation / Device Operation: Request Queues#1",
    "devicenormative:Device Types / SCSI Host Device / Device Operation / Device Operation: Request Queues#2",
  );
  await using host = await Host.open();
  for (const at of [BLOCKS, BLOCKS - 1, 2 ** 32 - 1]) {
    assert.equal(await host.refuse(BEYOND, read10(at, 2), 1024), 1024);
    assert.equal(await host.refuse(BEYOND, write10(at, 2), 0, new Uint8Array(1024)), 1024);
  }
  for (const [at, count] of [[2 ** 53, 1], [0, 2 ** 32 - 1], [2 ** 64 - 2048, 4096]] as const) {
    await host.refuse(BEYOND, read16(at, count), 512);
  }
  for (const code of [0x04, 0x15, 0x55, 0xa3, 0xff]) {
    await host.refuse(NO_COMMAND, [code, 0, 0, 0, 0, 0]);
  }
  assert.equal((await host.ask(read10(0, 2), 512)).response, ScsiResponse.OVERRUN);
  const inquiry = await host.ask([0x12, 0, 0, ...be16(96), 0], 36);
  assert.equal(inquiry.response, ScsiResponse.OVERRUN);
  const short = await host.ask(write10(0, 2), 0, new Uint8Array(512));
  assert.equal(short.response, ScsiResponse.OVERRUN);
  assert.equal((await host.ask(read10(0, 1), 2048)).residual, 1536);
});

Deno.test("scsi has one unit of one target (5.6.6.1)", async () => {
  covers(
    "devicenormative:Device Types / SCSI Host Device / Device Operation / Device Operation: Request Queues#2",
  );
  await using host = await Host.open();
  const { response } = await host.ask(read10(0, 1), 512, NOTHING, OTHER_TARGET);
  assert.equal(response, ScsiResponse.BAD_TARGET);
  await host.refuse(NO_UNIT, read10(0, 1), 512, NOTHING, OTHER_UNIT);
  const inquiry = await host.ask([0x12, 0, 0, ...be16(36), 0], 36, NOTHING, OTHER_UNIT);
  assert.equal(inquiry.data[0], 0x7f);
  const reporting = Uint8Array.of(0xc1, 1, 0, 0, 0, 0, 0, 0);
  const luns = await host.ask([0xa0, 0, 0, 0, 0, 0, ...be32(64), 0, 0], 64, NOTHING, reporting);
  assert.deepEqual([luns.failed, luns.residual], ["", 48]);
  const { driver } = host;
  const task = async (subtype: Task, lun: Uint8Array) =>
    (await driver.tmf({ subtype, lun, id: 1n })).response;
  assert.equal(await task(Task.ABORT_TASK, DISK), ScsiResponse.OK);
  assert.equal(await task(Task.LOGICAL_UNIT_RESET, OTHER_UNIT), ScsiResponse.INCORRECT_LUN);
  assert.equal(await task(Task.I_T_NEXUS_RESET, OTHER_UNIT), ScsiResponse.OK);
  assert.equal(await task(Task.QUERY_TASK, OTHER_TARGET), ScsiResponse.BAD_TARGET);
  assert.equal((await driver.anQuery({ lun: DISK, eventRequested: 2 })).eventActual, 0);
});

Deno.test("scsi writes nothing to a disk that is read-only", async () => {
  await using host = await Host.open(true);
  const block = new Uint8Array(512).fill(1);
  for (const cdb of [write10(0, 1), write16(0, 1), same16(0, 0, 1), unmap(24)]) {
    await host.refuse("7 27", cdb, 0, block);
  }
  assert.equal((await host.get([0x1a, 0, 8, 0, 192, 0], 192)).getUint8(2), 0x90);
  assert.deepEqual(new Uint8Array((await host.get(read10(0, 1), 512)).buffer), new Uint8Array(512));
});

Deno.test("scsi gives as much sense data as the driver wants (5.6.6.1)", async () => {
  await using host = await Host.open(false, { config: { senseSize: 4 } });
  const request = { lun: DISK, id: 1n, taskAttr: 0, prio: 0, crn: 0, cdb: Uint8Array.of(0xff) };
  const answer = await host.driver.command(request, NOTHING, NOTHING, NOTHING, NOTHING);
  assert.deepEqual([answer.status, answer.senseLen], [2, 4]);
});

Deno.test("scsi refuses files and serials that no disk has", () => {
  const path = Deno.makeTempFileSync({ prefix: "virtio-" });
  const before = descriptors();
  assert.throws(() => scsiHost({ file: path }), RangeError);
  for (const serial of ["", "with space", "x".repeat(21), "ü"]) {
    assert.throws(() => scsiHost({ file: path, serial }), RangeError);
  }
  assert.deepEqual(descriptors(), before);
  Deno.removeSync(path);
});
