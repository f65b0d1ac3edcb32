// The legacy interface of the device types that have one, for little-endian guests, over PCI and MMIO
// (VIRTIO 1.4, 4.1.4.10 and 4.2.4): what a driver asks is served as over VIRTIO 1.

import assert from "node:assert/strict";
import { BalloonDevice, BalloonDriver } from "../../generated/balloon/mod.ts";
import {
  BlockDevice,
  BlockDriver,
  BlockStatus,
  VIRTIO_BLK_F_ZONED,
} from "../../generated/blk/mod.ts";
import { ConsoleDevice, ConsoleDriver } from "../../generated/console/mod.ts";
import { NetworkDevice, NetworkDriver, type VirtioNetHdr } from "../../generated/net/mod.ts";
import { ScsiDevice, ScsiDriver, ScsiResponse } from "../../generated/scsi/mod.ts";
import { covers } from "../../testing/covers.ts";
import type { Device } from "../device.ts";
import { trace } from "../trace.ts";
import type { Transport } from "../transport.ts";
import type { PciTransport } from "./bus.ts";
import { RIGS } from "./rigs_fixture.ts";

const MODEL: unknown = JSON.parse(
  Deno.readTextFileSync(new URL("../../generated/virtio.json", import.meta.url)),
);
const DATA = Uint8Array.from({ length: 512 }, (_, at) => at);
const LUN = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

for (const { name, carries, connect } of RIGS) {
  if (!carries.endsWith("-legacy")) continue;

  /** Connects, and checks that it is the legacy interface which both sides use. */
  const legacyTest = (
    what: string,
    run: (connected: (device: Device) => Promise<Transport>) => Promise<void>,
  ) =>
    Deno.test(`${name}: ${what}`, async () => {
      await run(async (device) => {
        const { transport } = await connect(device);
        assert.ok(transport.legacyQueues !== undefined);
        return transport;
      });
    });

  legacyTest(
    "a disk reads, writes and flushes, and tells its geometry (5.2)",
    async (connected) => {
      const disk = new Uint8Array(8192);
      let flushed = 0;
      const device = new BlockDevice({
        config: { capacity: 16, geometry: { cylinders: 1, heads: 2, sectors: 3 } },
        in: ({ sector }, data) => (data.write(disk, sector * 512), BlockStatus.OK),
        out: ({ sector }, data) => (data.read(disk, sector * 512), BlockStatus.OK),
        flush: () => (flushed++, BlockStatus.OK),
      });
      await using driver = await BlockDriver.open(await connected(device));
      assert.equal(driver.config.capacity, 16);
      assert.deepEqual(driver.config.geometry, { cylinders: 1, heads: 2, sectors: 3 });
      assert.equal((await driver.out({ sector: 3 }, DATA)).status, BlockStatus.OK);
      assert.deepEqual(disk.subarray(3 * 512, 4 * 512), DATA);
      const read = new Uint8Array(512);
      assert.equal((await driver.in({ sector: 3 }, read)).status, BlockStatus.OK);
      assert.deepEqual(read, DATA);
      assert.equal((await driver.flush({ sector: 0 })).status, BlockStatus.OK);
      assert.equal(flushed, 1);
      assert.throws(() => driver.in({ sector: 16 }, read), RangeError, "past its end");
    },
  );

  legacyTest("zones are neither offered nor taken (5.2.5.2)", async (connected) => {
    covers("devicenormative:Device Types / Block Device / Device Initialization#6");
    const zoned = {
      zoneSectors: 16,
      maxOpenZones: 0,
      maxActiveZones: 0,
      maxAppendSectors: 0,
      writeGranularity: 512,
      model: 0,
    };
    const config = { capacity: 64, zoned };
    const device = new BlockDevice({ config, zones: {}, in: () => BlockStatus.OK });
    const transport = await connected(device);
    const bit = 1n << BigInt(VIRTIO_BLK_F_ZONED);
    assert.equal(device.offered & bit, bit);
    const offered = await transport.getFeatures();
    assert.equal(offered & bit, 0n);
    const { setFeatures } = transport;
    transport.setFeatures = (features) => setFeatures.call(transport, features | bit);
    await using driver = await BlockDriver.open(transport);
    assert.equal(device.features & bit, 0n);
    assert.equal((await driver.in({ sector: 0 }, new Uint8Array(512))).status, BlockStatus.OK);
  });

  legacyTest("a console sends and receives, and tells its size (5.3)", async (connected) => {
    const sent: number[] = [];
    const received = Promise.withResolvers<Uint8Array>();
    const device = new ConsoleDevice({
      config: { cols: 80, rows: 25 },
      portOutput: (data) => void sent.push(...data.bytes()),
    });
    await using driver = await ConsoleDriver.open(await connected(device), {
      onPortInput: (data) => received.resolve(data.slice()),
    });
    assert.equal(driver.config.cols, 80);
    await driver.portOutput(Uint8Array.of(1, 2, 3));
    assert.deepEqual(sent, [1, 2, 3]);
    device.sendPortInput(Uint8Array.of(4, 5));
    assert.deepEqual(await received.promise, Uint8Array.of(4, 5));
  });

  legacyTest("a balloon fills and empties, and takes its size (5.5)", async (connected) => {
    const pages: number[] = [];
    const device = new BalloonDevice({
      config: { numPages: 2 },
      inflate: ({ pfns }) => void pages.push(...pfns),
      deflate: ({ pfns }) => void pages.splice(0, pfns.length),
    });
    await using driver = await BalloonDriver.open(await connected(device));
    assert.equal(driver.config.numPages, 2);
    await driver.inflate({ pfns: [7, 0xffff_ffff] });
    assert.deepEqual(pages, [7, 0xffff_ffff]);
    await driver.setActual(2);
    assert.equal(device.settings.actual, 2);
    await driver.deflate({ pfns: [7] });
    assert.deepEqual(pages, [0xffff_ffff]);
  });

  legacyTest("a SCSI host carries out commands, and tells of events (5.6)", async (connected) => {
    const event = Promise.withResolvers<number>();
    const device = new ScsiDevice({
      config: {
        numQueues: 1,
        segMax: 126,
        maxSectors: 64,
        cmdPerLun: 8,
        eventInfoSize: 16,
        maxChannel: 0,
        maxTarget: 1,
        maxLun: 1,
      },
      tmf: ({ id }) => id === 7n ? ScsiResponse.OK : ScsiResponse.BAD_TARGET,
    });
    await using driver = await ScsiDriver.open(await connected(device), {
      onEvent: (value) => event.resolve(value.reason),
    });
    assert.equal(driver.config.segMax, 126);
    const request = { subtype: 0, lun: LUN } as const;
    assert.equal((await driver.tmf({ ...request, id: 7n })).response, ScsiResponse.OK);
    assert.equal((await driver.tmf({ ...request, id: 8n })).response, ScsiResponse.BAD_TARGET);
    assert.ok(device.sendEvent({ event: 1, eventsMissed: 0, lun: LUN, reason: 2 }));
    assert.equal(await event.promise, 2);
  });

  Deno.test(`${name}: headers stay short in a device that was restored (5.1.9)`, async () => {
    const make = () => new NetworkDevice({ config: {}, transmit: () => {} });
    const device = make();
    const { transport, save, restore } = await connect(device);
    const received = Promise.withResolvers<Uint8Array>();
    await using _driver = await NetworkDriver.open(transport, {
      features: [],
      onReceive: (_value, data) => received.resolve(data.slice()),
    });
    const saved = save();
    device.unbind();
    const next = make();
    restore(next, saved);
    assert.ok(next.legacy);
    assert.ok(next.sendReceive({ hdr: HEADER }, DATA));
    assert.deepEqual(await received.promise, DATA);
  });

  for (const merges of [true, false]) {
    const what = merges ? "with buffers that merge" : "without num_buffers in its headers";
    legacyTest(`a network sends and receives ${what} (5.1.9)`, async (connected) => {
      const sent: Uint8Array[] = [];
      const headers: VirtioNetHdr[] = [];
      const lines: string[] = [];
      const received = Promise.withResolvers<Uint8Array>();
      const device = new NetworkDevice({
        config: { mac: Uint8Array.of(2, 0, 0, 0, 0, 1) },
        transmit: ({ hdr }, data) => (headers.push({ ...hdr }), void sent.push(data.bytes())),
      });
      trace(device, (line) => lines.push(line), MODEL);
      await using driver = await NetworkDriver.open(await connected(device), {
        features: merges ? ["MAC", "MRG_RXBUF"] : ["MAC"],
        onReceive: ({ hdr }, data) => (headers.push({ ...hdr }), received.resolve(data.slice())),
      });
      assert.ok(driver.legacy && device.legacy);
      assert.deepEqual(driver.config.mac, Uint8Array.of(2, 0, 0, 0, 0, 1));
      await driver.transmit({ hdr: HEADER }, DATA);
      assert.deepEqual(sent, [DATA]);
      assert.ok(device.sendReceive({ hdr: HEADER }, DATA));
      assert.deepEqual(await received.promise, DATA);
      assert.deepEqual(headers.map((one) => one.csumOffset), [
        HEADER.csumOffset,
        HEADER.csumOffset,
      ]);
      assert.deepEqual(headers.map((one) => one.numBuffers), merges ? [0, 1] : [0, 0]);
      const count = (sent: number) => merges ? ` num_buffers=${sent}` : "";
      const seen = (sent: number) => `csum_offset=513${count(sent)} data=(512 bytes)`;
      assert.ok(lines.some((line) => line.includes("> transmit") && line.includes(seen(0))));
      assert.ok(lines.some((line) => line.includes("< receive") && line.includes(seen(1))));
    });
  }
}

Deno.test("a legacy function with MSI-X sends messages, and keeps its pin down (4.1.4.10, 4.1.5.1.2)", async () => {
  const { connect } = RIGS.find(({ name }) => name === "pci-legacy, messages")!;
  const device = new BlockDevice({ config: { capacity: 16 }, in: () => BlockStatus.OK });
  const transport = (await connect(device)).transport as PciTransport;
  const vectors: number[] = [];
  const { message } = transport;
  transport.message = (vector) => (vectors.push(vector), message.call(transport, vector));
  transport.interrupt = () => assert.fail("the pin was raised");
  await using driver = await BlockDriver.open(transport);
  assert.equal(driver.config.capacity, 16, "the configuration lies behind two vectors");
  assert.equal((await driver.in({ sector: 0 }, new Uint8Array(512))).status, BlockStatus.OK);
  const changed = Promise.withResolvers<void>();
  driver.onConfigChange = changed.resolve;
  device.configure({ capacity: 8 });
  await changed.promise;
  assert.equal(driver.config.capacity, 8);
  assert.deepEqual(vectors, [1, 0]);
});

/** A packet without offloads. */
const HEADER = {
  flags: 0,
  gsoType: 0,
  hdrLen: 0,
  gsoSize: 0,
  csumStart: 0,
  csumOffset: 513,
  hashValue: 0,
  hashReport: 0,
  outerThOffset: 0,
  innerNhOffset: 0,
  outerNhOffset: 0,
  resourceId: 0,
  resourceType: 0,
};
