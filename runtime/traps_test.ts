// Mistakes that were found in other implementations, each with its section of the standard, and that they are not ours.

import assert from "node:assert/strict";
import { BLK_INFO, BlockDevice, BlockDriver, BlockStatus } from "../generated/blk/mod.ts";
import type { BlockDeviceOptions } from "../generated/blk/mod.ts";
import { EchoDevice, EchoDriver } from "./echo_fixture.ts";
import { PeerError } from "./errors.ts";
import { featureNames, featureSet, hasBit, ReservedFeature } from "./features.ts";
import { loopback } from "./loopback.ts";
import { allocateQueue, createDriverQueue, type DriverQueue } from "./queue.ts";
import { addBuffer, collectAll, makeRing, serve } from "./ring_fixture.ts";
import { Status } from "./status.ts";
import { driverAttacks, HostilePeer } from "./testing.ts";
import type { Transport } from "./transport.ts";
import { covers } from "../testing/covers.ts";

const FORMATS = ["split", "packed"] as const;
const ALL_STEPS = [1, 3, 11, 15];

/** A disk of 64 sectors in memory. */
function disk(
  options: Partial<BlockDeviceOptions> = {},
): { device: BlockDevice; bytes: Uint8Array } {
  const bytes = new Uint8Array(64 * 512).map((_, at) => at * 31 >> 3);
  const device = new BlockDevice({
    config: { capacity: 64 },
    in: ({ sector }, data) => {
      data.write(bytes, sector * 512);
      return BlockStatus.OK;
    },
    out: ({ sector }, data) => {
      data.read(bytes, sector * 512);
      return BlockStatus.OK;
    },
    ...options,
  });
  return { device, bytes };
}

/** The first queue of a device that is driven by hand. */
async function rawQueue(
  device: BlockDevice | EchoDevice,
  packed: boolean,
): Promise<{ transport: Transport; queue: DriverQueue }> {
  const transport = loopback(device);
  const features = featureSet(
    ReservedFeature.VIRTIO_F_VERSION_1,
    ...(packed ? [ReservedFeature.VIRTIO_F_RING_PACKED] : []),
  );
  await transport.setFeatures(features);
  for (const status of ALL_STEPS.slice(0, 3)) await transport.setStatus(status);
  const { memory, arena } = transport;
  const layout = allocateQueue(arena, 0, 64, packed ? "packed" : "split");
  const plain = { eventIdx: false, indirect: false, inOrder: false, notificationData: false };
  const queue = createDriverQueue(memory, layout, plain);
  queue.onKick = () => transport.notify(0, 0);
  await transport.enableQueue(layout);
  await transport.setStatus(ALL_STEPS[3]!);
  return { transport, queue };
}

/** Lets everything happen that is on its way. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}

for (const format of FORMATS) {
  Deno.test(`${format}: an event index is heeded, not only computed (2.7.10, 2.8.10)`, () => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Used Buffer Notification Suppression#5",
      "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Used Buffer Notification Suppression#6",
      "drivernormative:Basic Facilities of a Virtio Device / Virtqueues / Available Buffer Notification Suppression#6",
    );
    const ring = makeRing({ format, eventIdx: true, size: 16 });
    const { driver, device, count } = ring;
    assert.ok(driver.arm() && device.arm());
    let armed = 0;
    for (let round = 0; round < 1000; round++) {
      for (let more = 0; more <= round % 3; more++) {
        addBuffer(ring, [8], [8]);
        driver.kick();
      }
      assert.equal(count.kicks, armed + 1, "one kick for each time the device armed");
      for (let head = device.pop(); head >= 0; head = device.pop()) {
        device.push(head, 8);
        device.publish();
      }
      assert.equal(count.notifications, armed + 1);
      if (round % 4 !== 3) {
        collectAll(ring); // nobody arms: nobody is to be interrupted
        continue;
      }
      collectAll(ring);
      assert.ok(driver.arm() && device.arm());
      armed++;
    }
  });

  // NOTES.md: split-event-idx
  Deno.test(`${format}: indices are compared modulo 2^16 (2.7.7.2, 2.8.10)`, () => {
    const ring = makeRing({ format, eventIdx: true, size: 8 });
    for (let done = 0; done < 0xfffe; done++) {
      addBuffer(ring, [4], []);
      ring.driver.kick();
      serve(ring);
      ring.driver.collect();
    }
    for (let round = 0; round < 4; round++) {
      assert.ok(ring.driver.arm() && ring.device.arm());
      ring.count.kicks = ring.count.notifications = 0;
      for (let more = 0; more < 5; more++) {
        addBuffer(ring, [4], []);
        ring.driver.kick();
      }
      const heads = serve(ring);
      assert.equal(heads.length, 5);
      assert.equal(new Set(collectAll(ring).map(({ head }) => head)).size, 5);
      assert.deepEqual(ring.count, { kicks: 1, notifications: 1 });
    }
  });

  Deno.test(`${format}: a buffer is used once, however often it is completed (2.7.8, 2.8.1)`, () => {
    const ring = makeRing({ format });
    addBuffer(ring, [4], [4]);
    addBuffer(ring, [4], [4]);
    ring.driver.kick();
    const head = ring.device.pop();
    ring.device.push(head, 1);
    assert.throws(() => ring.device.push(head, 2), TypeError);
    assert.throws(() => ring.device.chain(head).writeByte(0, 1), TypeError);
    ring.device.publish();
    assert.deepEqual(collectAll(ring).map(({ length }) => length), [1]);
  });

  Deno.test(`${format}: rings and buffers may lie above 4 GiB (2.7.5, 2.8.13)`, () => {
    for (const base of [2 ** 32 - 4096, 2 ** 32, 2 ** 40 + 2 ** 31, 2 ** 53 - 65536]) {
      const ring = makeRing({ format, base, indirect: true });
      for (let round = 0; round < 20; round++) {
        ring.bytes.fill(round + 1, 0, 24);
        addBuffer(ring, [7, 9], [8]);
        ring.driver.kick();
        const head = ring.device.pop();
        const chain = ring.device.chain(head);
        assert.deepEqual(chain.elements().map(({ address }) => address - ring.buffer), [0, 7, 16]);
        assert.deepEqual([...chain.readable(0, 16).bytes()], Array(16).fill(round + 1));
        chain.writable(0, 8).write(new Uint8Array(8).fill(99));
        ring.device.push(head, 8);
        ring.device.publish();
        assert.deepEqual(collectAll(ring), [{ head, length: 8 }]);
        assert.equal(ring.bytes[23], 99);
      }
    }
  });

  // NOTES.md: split-used-len
  Deno.test(`${format}: the used length counts bytes written, all of them and no others (2.7.8.2)`, async () => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / The Virtqueue Used Ring#2",
    );
    const { device } = disk();
    const { transport, queue } = await rawQueue(device, format === "packed");
    const { address, bytes } = transport.arena.allocate(4096);
    const send = async (type: number, readable: number, writable: number) => {
      bytes.fill(0, 0, 16)[0] = type;
      queue.readable(address, 16 + readable);
      queue.writable(address + 2048, writable);
      queue.add();
      queue.kick();
      await settle();
      assert.ok(queue.collect() >= 0);
      return queue.usedLength;
    };
    assert.equal(await send(0, 0, 1024 + 1), 1024 + 1, "what was read and the status");
    assert.equal(await send(1, 512, 1), 1, "the status, and nothing that the device read");
    assert.equal(await send(77, 0, 513), 513, "a status at the end of zeroes");
    await transport.close();
  });

  Deno.test(`${format}: a request is the same however it is cut into descriptors (2.7.4.2)`, async () => {
    covers("devicenormative:Basic Facilities of a Virtio Device / Message Framing#1");
    const { device, bytes: sectors } = disk();
    const { transport, queue } = await rawQueue(device, format === "packed");
    const { address, bytes } = transport.arena.allocate(4096);
    const whole = 16 + 512;
    for (let cut = 0; cut < whole; cut++) {
      bytes.fill(0, 0, 16);
      bytes[0] = 1;
      bytes[8] = cut % 64;
      bytes.fill(cut, 16, whole);
      bytes[whole] = 0xff;
      if (cut > 0) queue.readable(address, cut);
      queue.readable(address + cut, whole - cut);
      queue.writable(address + whole, 1);
      queue.add();
      queue.kick();
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      while (queue.collect() < 0) await settle();
      assert.equal(bytes[whole], BlockStatus.OK, `cut at ${cut}`);
      assert.equal(sectors[(cut % 64) * 512 + 511], cut & 0xff);
    }
    for (let cut = 1; cut < 513; cut++) {
      bytes.fill(0, 0, 16);
      queue.readable(address, 16);
      queue.writable(address + 1024, cut);
      queue.writable(address + 1024 + cut, 513 - cut);
      queue.add();
      queue.kick();
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      while (queue.collect() < 0) await settle();
      assert.deepEqual(bytes.subarray(1024, 1536), sectors.subarray(0, 512), `cut at ${cut}`);
      assert.equal(bytes[1536], BlockStatus.OK);
    }
    await transport.close();
  });

  const endless = ["loop over two descriptors", "list without an end", "loop in an indirect table"];
  const nested = ["indirect table in an indirect table", "indirect descriptor within a list"];
  const empty = ["element of no bytes", "element that wraps around 2^64"];
  for (
    const [trap, section, names] of [
      ["an endless chain ends", "2.7.5, 2.8.6", endless],
      ["an indirect table refers to no other", "2.7.5.3.1, 2.8.19", nested],
      ["an empty or overflowing element is an error", "2.7.5.2", empty],
    ] as const
  ) {
    Deno.test(`${format}: ${trap}, with a typed error (${section})`, () => {
      const attacks = driverAttacks.filter(({ name, format: only }) =>
        names.some((one) => one === name) && (only ?? format) === format
      );
      assert.ok(attacks.length > 0);
      for (const attack of attacks) {
        const ring = makeRing({ format, indirect: attack.indirect ?? true });
        attack.run(new HostilePeer(ring.memory, ring.layout, ring.buffer));
        assert.equal(ring.device.pop(), -1, attack.name);
        assert.ok(ring.device.broken instanceof PeerError);
        assert.equal(ring.device.broken.field, attack.field);
      }
    });
  }
}

Deno.test("packed: a used descriptor carries WRITE when something was written, and only then (2.8.3)", () => {
  const ring = makeRing({ format: "packed" });
  const flags = () =>
    [0, 1].map((at) => ring.memory.view(ring.layout.desc + at * 16 + 14, 2)![0]! & 2);
  addBuffer(ring, [], [4]);
  addBuffer(ring, [4], []);
  ring.driver.kick();
  serve(ring);
  assert.deepEqual(flags(), [2, 0]);
});

Deno.test("feature bits 31, 32, 63, 64 and 127 are bits like all others (2.2)", async () => {
  for (const bit of [0, 31, 32, 63, 64, 127]) {
    assert.ok(hasBit(featureSet(bit), bit));
    assert.equal(featureSet(bit), 2n ** BigInt(bit));
    assert.ok(!hasBit(~featureSet(bit) & featureSet(...Array(128).keys()), bit));
    assert.equal(featureNames(featureSet(bit), []).split(", ").length, 1);
  }
  const device = new EchoDevice();
  const driver = new EchoDriver(loopback(device));
  await driver.start({ want: featureSet(63, 64, 127) });
  for (const bit of [32, 63, 64, 127]) assert.ok(driver.hasFeature(bit) && device.hasFeature(bit));
  await driver.close();
});

Deno.test("a device is told of DRIVER_OK once, however often it is written (3.1.1)", async () => {
  const device = new EchoDevice();
  const { transport } = await rawQueue(device, false);
  for (let more = 0; more < 3; more++) await transport.setStatus(15);
  assert.equal(device.log.filter((line) => line === "driver ok").length, 1);
  await transport.setStatus(0);
  for (const status of ALL_STEPS) {
    await transport.setFeatures(featureSet(ReservedFeature.VIRTIO_F_VERSION_1));
    await transport.setStatus(status);
  }
  assert.equal(device.log.filter((line) => line === "driver ok").length, 2);
  await transport.close();
});

Deno.test("each device has the id of the standard (5), and no two the same", () => {
  // The memory balloon is 5; an older table has another device of that name at 13.
  const ids = {
    ...{ net: 1, blk: 2, console: 3, entropy: 4, balloon: 5, scsi: 8, gpu: 16, rtc: 17 },
    ...{ input: 18, vsock: 19, crypto: 20, iommu: 23, mem: 24, sound: 25, fs: 26, pmem: 27 },
    ...{ rpmb: 28, scmi: 32, i2c: 34, can: 36, gpio: 41, spi: 45, media: 48 },
  };
  const text = Deno.readTextFileSync(new URL("../generated/virtio.json", import.meta.url));
  const { devices } = JSON.parse(text) as { devices: Record<string, { id: number }> };
  const found = Object.entries(devices).map(([name, { id }]) => [name, id] as const);
  const wanted = new Map(Object.entries(ids));
  assert.deepEqual(found, found.map(([name]) => [name, wanted.get(name)]));
  assert.equal(new Set(found.map(([, id]) => id)).size, found.length);
  assert.equal(BLK_INFO.id, ids.blk);
});

Deno.test("what is aligned stays as large as it is (2.7, 2.8)", () => {
  const ring = makeRing({ format: "split", bytes: 1 << 20 });
  for (const size of [64, 4096, 65536]) {
    const before = ring.arena.available;
    const buffer = ring.arena.allocate(size, 64);
    assert.equal(before - ring.arena.available, size);
    assert.equal(buffer.address % 64, 0);
  }
  for (const format of FORMATS) {
    const { arena } = makeRing({ format, bytes: 1 << 20 });
    arena.close();
    const before = arena.available;
    const first = allocateQueue(arena, 0, 256, format);
    const used = before - arena.available;
    const second = allocateQueue(arena, 1, 256, format);
    assert.equal(before - arena.available, 2 * used);
    assert.equal(second.desc - first.desc, used);
  }
});

Deno.test("a feature is offered only where something implements it (2.2)", () => {
  covers("devicenormative:Basic Facilities of a Virtio Device / Feature Bits#4");
  const offered = (options: Partial<BlockDeviceOptions>) => disk(options).device.offered;
  const flush = featureSet(9);
  assert.equal(offered({}) & flush, 0n);
  assert.equal(offered({ flush: () => BlockStatus.OK }) & flush, flush);
  const discard = featureSet(13);
  const config = {
    capacity: 64,
    maxDiscardSectors: 1,
    maxDiscardSeg: 1,
    discardSectorAlignment: 1,
  };
  assert.equal(offered({ config }) & discard, 0n);
  assert.equal(offered({ config, discard: () => BlockStatus.OK }) & discard, discard);
  const packed = featureSet(ReservedFeature.VIRTIO_F_RING_PACKED);
  assert.equal(offered({ ring: { packed: false } }) & packed, 0n);
});

Deno.test("a configuration field that the driver may write arrives at the device (2.5, 5.2.6.2)", async () => {
  covers("drivernormative:Device Types / Block Device / Device Operation#12");
  const written: number[] = [];
  const { device } = disk({
    config: { capacity: 64, writeback: 0 },
    flush: () => BlockStatus.OK,
    onWriteback: (value) => written.push(value),
  });
  await using driver = await BlockDriver.open(loopback(device));
  await driver.setWriteback(1);
  assert.deepEqual(written, [1]);
  assert.equal(device.settings.writeback, 1);
});

Deno.test("a kick before the queue is enabled or the driver ready is no harm, and no loss (3.1.1)", async () => {
  covers(
    "devicenormative:Basic Facilities of a Virtio Device / Device Status Field#1",
    "devicenormative:Basic Facilities of a Virtio Device / Virtqueues / Available Buffer Notification Suppression#5",
  );
  const { device } = disk();
  device.notify(0);
  const transport = loopback(device);
  transport.notify(0, 0);
  await transport.setFeatures(featureSet(ReservedFeature.VIRTIO_F_VERSION_1));
  for (const status of ALL_STEPS.slice(0, 3)) {
    await transport.setStatus(status);
    transport.notify(0, 0);
    await settle();
  }
  const layout = allocateQueue(transport.arena, 0, 8, "split");
  const plain = { eventIdx: false, indirect: false, inOrder: false, notificationData: false };
  const queue = createDriverQueue(transport.memory, layout, plain);
  const { address, bytes } = transport.arena.allocate(1024);
  bytes.fill(0);
  queue.readable(address, 16);
  queue.writable(address + 16, 513);
  queue.add();
  queue.onKick = () => transport.notify(0, 0);
  await transport.enableQueue(layout);
  queue.kick();
  await settle();
  assert.equal(queue.collect(), -1, "nothing is used before DRIVER_OK");
  await transport.setStatus(15);
  await settle();
  assert.ok(queue.collect() >= 0, "what was published before is used after");
  await transport.close();
});

Deno.test("saved queues are restored by their index, not by their place", async () => {
  const make = () => disk({ config: { capacity: 64, numQueues: 3 } }).device;
  const device = make();
  const transport = loopback(device);
  const driver = await BlockDriver.open(transport);
  assert.equal(driver.requestq.length, 3);
  for (let done = 0; done < 7; done++) {
    await driver.requestq[done % 3]!.in({ sector: done }, new Uint8Array(512));
  }
  const saved = device.save();
  const other = make();
  const second = loopback(other, { memory: transport.memory });
  other.restore({ ...saved, queues: saved.queues.toReversed() });
  const byIndex = (queues: typeof saved.queues) =>
    queues.toSorted((a, b) => a.layout.index - b.layout.index);
  assert.deepEqual(byIndex(other.save().queues), byIndex(saved.queues));
  assert.equal(other.getStatus() & Status.DRIVER_OK, Status.DRIVER_OK);
  await second.close();
  await driver.close();
});
