// Generated devices that are saved and restored under load, and from data that anything may have happened to.

import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockDevice, BlockDriver, BlockStatus } from "../generated/blk/mod.ts";
import { emptyVirtioNetHdr, NetworkDevice, NetworkDriver } from "../generated/net/mod.ts";
import type { Device } from "./device.ts";
import { turn } from "./doorbell.ts";
import { loopback, LOOPBACK_FACILITIES } from "./loopback.ts";
import { GuestMemory } from "./memory.ts";
import { queueTask } from "./task.ts";
import type { Transport } from "./transport.ts";

const SECTORS = 256;

/** Puts a device in another's place, as an emulator does that starts from what it saved; the driver notices nothing. */
function move(transport: Transport, from: Device, to: Device): void {
  const snapshot: unknown = JSON.parse(JSON.stringify(from.save()));
  from.unbind();
  attach(transport, to);
  to.restore(snapshot);
}

function attach(transport: Transport, device: Device): void {
  device.bind({
    memory: transport.memory,
    facilities: LOOPBACK_FACILITIES,
    notifyQueue: (index) => queueTask(() => transport.onQueueNotify(index)),
    notifyConfig: () => queueTask(() => transport.onConfigNotify()),
  });
  transport.notify = (index) => queueTask(() => device.notify(index));
  transport.getStatus = () => Promise.resolve(device.getStatus());
  transport.setStatus = (status) => Promise.resolve(device.setStatus(status));
  transport.writeConfig = (offset, bytes) => Promise.resolve(device.writeConfig(offset, bytes));
}

/** A disk that answers at once, soon or late. */
function disk(sectors: Uint8Array, failures: unknown[] = []): BlockDevice {
  let count = 0;
  const soon = async (work: () => void) => {
    if (count++ % 3 === 0) await new Promise((resolve) => setTimeout(resolve, count % 4));
    else await turn();
    work();
    return BlockStatus.OK;
  };
  const device = new BlockDevice({
    config: { capacity: SECTORS, writeback: 0 },
    flush: () => BlockStatus.OK,
    in: ({ sector }, data) => {
      if (sector % 2 === 0) return soon(() => data.write(sectors, sector * 512));
      data.write(sectors, sector * 512);
      return BlockStatus.OK;
    },
    out: ({ sector }, data) => {
      if (sector % 2 === 0) return soon(() => data.read(sectors, sector * 512));
      data.read(sectors, sector * 512);
      return BlockStatus.OK;
    },
  });
  device.onError = (error) => failures.push(error);
  return device;
}

for (const packed of [false, true]) {
  for (const inOrder of [false, true]) {
    const ring = { packed, inOrder };
    const how = `${packed ? "packed" : "split"}${inOrder ? ", in order" : ""}`;

    Deno.test(`a disk moves under load: every request is answered, with its own data, ${how}`, async () => {
      const sectors = new Uint8Array(SECTORS * 512);
      const failures: unknown[] = [];
      let device = disk(sectors, failures);
      const transport = loopback(device);
      const driver = await BlockDriver.open(transport, { ring, queueSize: 64 });
      let [moves, rounds] = [0, 0];
      const worker = async (sector: number) => {
        for (let round = 0; moves < 20; round++) {
          const sent = new Uint8Array(512).fill(sector + round);
          const back = new Uint8Array(512);
          const written = await driver.requestq[0]!.out({ sector }, sent);
          assert.equal(written.status, BlockStatus.OK);
          await driver.requestq[0]!.in({ sector }, back);
          assert.deepEqual(back, sent);
          rounds++;
        }
      };
      const load = Promise.all(Array.from({ length: 40 }, (_, sector) => worker(sector)));
      while (moves < 20) {
        await new Promise((resolve) => setTimeout(resolve, 3));
        const next = disk(sectors, failures);
        move(transport, device, next);
        device = next;
        moves++;
      }
      await load;
      assert.ok(rounds > 40);
      assert.deepEqual(failures, []);
      await driver.setWriteback(1);
      assert.equal(device.settings.writeback, 1);
      const last = disk(sectors);
      move(transport, device, last);
      assert.equal(last.settings.writeback, 1);
      await driver.close();
      last.unbind();
    });

    Deno.test(`a network card moves under load: no packet is lost, ${how}`, async () => {
      const sent: number[] = [];
      const make = () => {
        const card = new NetworkDevice({
          config: {},
          transmit: (_, data) => void sent.push(data.bytes()[0]!),
        });
        card.onError = (error) => failures.push(error);
        return card;
      };
      const failures: unknown[] = [];
      let device = make();
      const transport = loopback(device);
      const received: number[] = [];
      const onReceive = (_: unknown, data: Uint8Array) => void received.push(data[0]!);
      const driver = await NetworkDriver.open(transport, { ring, onReceive, queueSize: 16 });
      const hdr = { ...emptyVirtioNetHdr(), numBuffers: 1 };
      let [come, gone] = [0, 0];
      const pending: Promise<void>[] = [];
      for (let moves = 0; moves < 20; moves++) {
        for (let packets = 0; packets < 7; packets++) {
          if (device.sendReceive({ hdr }, Uint8Array.of(come & 0xff, 1, 2))) come++;
          pending.push(
            driver.transmitq[0]!.transmit(
              { hdr: emptyVirtioNetHdr() },
              Uint8Array.of(gone++ & 0xff),
            ),
          );
        }
        const next = make();
        move(transport, device, next);
        device = next;
        if (moves % 2 === 0) await turn();
      }
      await Promise.all(pending);
      for (let turns = 0; received.length < come && turns < 1000; turns++) await turn();
      assert.ok(come >= 20);
      assert.deepEqual(received, Array.from({ length: come }, (_, at) => at & 0xff));
      assert.deepEqual(sent, Array.from({ length: gone }, (_, at) => at & 0xff));
      assert.deepEqual(failures, []);
      await driver.close();
      device.unbind();
    });
  }
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

/** Every property and element of some data, at any depth. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}

/** What may become of a value: another one, nothing, or twice the same. */
const CHANGE = fc.oneof(
  fc.jsonValue({ maxDepth: 1 }),
  fc.constantFrom(
    0,
    1,
    -1,
    0.5,
    127,
    255,
    256,
    32768,
    65535,
    65536,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    NaN,
  ),
  fc.integer({ min: 0x1000_0000, max: 0x1100_0000 }),
  fc.constantFrom("0x0", "0x100000000", "split", "packed", "blk", "net"),
  fc.constant(undefined),
);

/**
 * Restores what is wrong in up to three places, on a copy of the memory. What is accepted is served, and breaks no more
 * than the queue.
 */
function attack(saved: unknown, device: Device, transport: Transport): void {
  const regions = transport.memory.regions.map(({ address, bytes }) => ({
    address,
    bytes: bytes.slice(),
  }));
  device.bind({
    memory: new GuestMemory(regions),
    facilities: LOOPBACK_FACILITIES,
    notifyQueue: () => {},
    notifyConfig: () => {},
  });
  const changes = fc.array(fc.tuple(fc.nat(), CHANGE), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(changes, (changes) => {
      const data: unknown = JSON.parse(JSON.stringify(saved));
      for (const [at, value] of changes) {
        const places = placesIn(data);
        const { holder, key } = places[at % places.length]!;
        if (value === undefined) delete holder[key];
        else holder[key] = value;
      }
      try {
        device.restore(data);
        for (let index = 0; index < 3; index++) device.notify(index);
      } catch (error) {
        assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
        assert.match(error.message, /^Cannot restore the device: \S+ /);
        assert.equal(device.getStatus(), 0);
      }
      device.setStatus(0);
    }),
    { numRuns: 1500 },
  );
  device.unbind();
}

Deno.test("a disk restores from anything, or refuses it by the name of a field", async () => {
  const sectors = new Uint8Array(SECTORS * 512);
  const device = disk(sectors);
  const transport = loopback(device);
  const driver = await BlockDriver.open(transport, { queueSize: 8 });
  const pending = [2, 4, 6].map((sector) =>
    driver.requestq[0]!.in({ sector }, new Uint8Array(512))
  );
  await turn();
  const saved = device.save();
  assert.ok(saved.queues[0]!.position.inflight.length > 0);
  device.unbind();
  const other = disk(sectors, []);
  attack(saved, other, transport);
  attach(transport, other);
  other.restore(saved);
  await Promise.all(pending);
  await driver.close();
  other.unbind();
});

Deno.test("a network card restores from anything, or refuses it by the name of a field", async () => {
  const make = () => new NetworkDevice({ config: {}, transmit: () => {} });
  const device = make();
  const transport = loopback(device);
  const driver = await NetworkDriver.open(transport, { queueSize: 8 });
  await driver.transmitq[0]!.transmit({ hdr: emptyVirtioNetHdr() }, new Uint8Array(60));
  while (
    !device.sendReceive({ hdr: { ...emptyVirtioNetHdr(), numBuffers: 1 } }, new Uint8Array(9))
  ) {
    await turn();
  }
  const saved = device.save();
  device.unbind();
  const other = make();
  other.onError = () => {};
  attack(saved, other, transport);
  attach(transport, other);
  other.restore(saved);
  await driver.transmitq[0]!.transmit({ hdr: emptyVirtioNetHdr() }, new Uint8Array(60));
  await driver.close();
  other.unbind();
});
