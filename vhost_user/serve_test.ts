/** Our back end and our front end over a socket, in one process. */

import assert from "node:assert/strict";
import { BlockDriver, type BlockDriverOptions, BlockStatus } from "../generated/blk/mod.ts";
import { ProtocolFeature } from "../generated/layout/vhost_user.ts";
import { RequestAborted, TransportError } from "../runtime/errors.ts";
import { hasBit } from "../runtime/features.ts";
import type { QueueLayout } from "../runtime/queue.ts";
import { connect as connectSocket } from "./sockets.ts";
import { connect, type ConnectOptions, type FrontEnd } from "./frontend.ts";
import { descriptors, limited, memoryDisk, socketPath } from "./serve_fixture.ts";
import { serve } from "./serve.ts";
import { RawPeer } from "./raw_fixture.ts";
import { poller } from "./poller.ts";

const { MQ, REPLY_ACK, BACKEND_REQ, CONFIG, RESET_DEVICE, STATUS } = ProtocolFeature;

async function open(
  path: string,
  options: BlockDriverOptions = {},
  connection: ConnectOptions = {},
): Promise<{ driver: BlockDriver; transport: FrontEnd }> {
  const transport = await connect(path, connection);
  return { driver: await BlockDriver.open(transport, options), transport };
}

/** Writes and reads back; the sector tells requests apart. */
async function use(driver: BlockDriver, sector: number, length = 512, queue = 0): Promise<void> {
  const written = crypto.getRandomValues(new Uint8Array(length));
  assert.equal((await driver.out({ sector }, written, { queue })).status, BlockStatus.OK);
  const read = new Uint8Array(length);
  assert.equal((await driver.in({ sector }, read, { queue })).status, BlockStatus.OK);
  assert.deepEqual(read, written);
}

for (const packed of [false, true]) {
  const format = packed ? "packed" : "split";

  Deno.test(
    `serve() and connect() carry a disk with ${format} rings`,
    limited(async () => {
      const before = descriptors();
      const path = socketPath();
      const server = await serve(memoryDisk(1 << 20), path);
      const { driver } = await open(path, { ring: { packed } });
      assert.equal(driver.config.capacity, (1 << 20) / 512);
      assert.equal(hasBit(driver.features, 34), packed);
      await use(driver, 8, 65536);
      assert.equal((await driver.flush({ sector: 0 })).status, BlockStatus.OK);
      await driver.close();
      await server.close();
      assert.deepEqual(descriptors(), before);
    }),
  );

  Deno.test(
    `a ${format} ring goes on from the base where it was stopped`,
    limited(async () => {
      const path = socketPath();
      await using _server = await serve(memoryDisk(1 << 20), path);
      const transport = await connect(path, { queueSizeMax: 4 });
      let layout: QueueLayout | undefined;
      const enable = transport.enableQueue;
      transport.enableQueue = (given, base) => {
        layout = given;
        return enable.call(transport, given, base);
      };
      await using driver = await BlockDriver.open(transport, {
        ring: { packed, indirect: false },
      });
      let requests = 0;
      for (let round = 0; round < 7; round++) {
        for (let each = 0; each < round; each++) await use(driver, round + each);
        requests += 2 * round;
        const base = await transport.stopQueue(0);
        if (!packed) assert.equal(base, requests);
        await transport.enableQueue(layout!, base);
      }
      await use(driver, 0);
    }),
  );
}

Deno.test(
  "connect() does without any of the protocol features",
  limited(async () => {
    const path = socketPath();
    await using _server = await serve(memoryDisk(1 << 20), path);
    const all = [MQ, REPLY_ACK, BACKEND_REQ, RESET_DEVICE, STATUS];
    for (const without of [[], ...all.map((one) => [one]), all, [REPLY_ACK, STATUS]]) {
      const { driver, transport } = await open(path, {}, { without });
      for (const feature of all) {
        assert.equal(hasBit(transport.protocolFeatures, feature), !without.includes(feature));
      }
      await use(driver, 1);
      await driver.close();
    }
    const config = new Uint8Array(60);
    config[1] = 8;
    const { driver } = await open(path, {}, { without: [...all, CONFIG], config });
    assert.equal(driver.config.capacity, 2048);
    await use(driver, 1);
    await driver.close();
    await assert.rejects(open(path, {}, { without: [CONFIG] }), TransportError);
    await poller.settle();
  }),
);

Deno.test(
  "a disk has several queues, and connect() knows how many",
  limited(async () => {
    const path = socketPath();
    const disk = memoryDisk(1 << 20, { config: { capacity: 2048, numQueues: 4 } });
    await using _server = await serve(disk, path);
    const { driver, transport } = await open(path);
    assert.equal(transport.queueCount, 4);
    assert.equal(driver.requestq.length, 4);
    const uses = Array.from({ length: 32 }, (_, at) => use(driver, at, 512, at % 4));
    await Promise.all(uses);
    assert.equal(await transport.queueSizeMax(4), 0);
    await driver.close();
  }),
);

Deno.test(
  "a change of the configuration reaches the driver",
  limited(async () => {
    const path = socketPath();
    const disk = memoryDisk(1 << 20);
    await using _server = await serve(disk, path);
    const { driver } = await open(path);
    const changed = new Promise<void>((resolve) => driver.onConfigChange = resolve);
    disk.configure({ capacity: 1000 });
    await changed;
    assert.equal(driver.config.capacity, 1000);
    await driver.close();
  }),
);

Deno.test(
  "a driver writes the configuration",
  limited(async () => {
    const path = socketPath();
    const seen: number[] = [];
    const disk = memoryDisk(1 << 20, {
      config: { capacity: 2048, writeback: 1 },
      onWriteback: (value) => seen.push(value),
    });
    await using _server = await serve(disk, path);
    const { driver } = await open(path);
    await driver.setWriteback(0);
    assert.deepEqual(seen, [0]);
    await driver.close();
  }),
);

Deno.test(
  "one front end is served after the other",
  limited(async () => {
    const before = descriptors();
    const path = socketPath();
    const log: string[] = [];
    const server = await serve(memoryDisk(1 << 20), path, { log: (line) => log.push(line) });
    for (let round = 0; round < 3; round++) {
      const { driver } = await open(path);
      await use(driver, round);
      await driver.close();
    }
    // One that only connects, one that is gone in the middle of its work.
    const { close } = await import("./ffi.ts");
    close(connectSocket(path));
    const { driver, transport } = await open(path);
    const pending = use(driver, 1, 65536);
    await transport.close();
    await driver.close().catch(() => {});
    await assert.rejects(pending);
    const { driver: last } = await open(path);
    await use(last, 5);
    await last.close();
    await server.close();
    assert.equal(log.filter((line) => line === "a front end connected").length, 6);
    assert.deepEqual(descriptors(), before);
  }),
);

Deno.test(
  "a driver learns that its back end is gone",
  limited(async () => {
    const path = socketPath();
    const held = Promise.withResolvers<BlockStatus>();
    const server = await serve(memoryDisk(1 << 20, { in: () => held.promise }), path);
    const { driver } = await open(path);
    const lost = new Promise<Error>((resolve) => driver.onNeedsReset = resolve);
    const pending = driver.in({ sector: 0 }, new Uint8Array(512));
    const rejected = assert.rejects(pending, RequestAborted);
    await server.close();
    assert.ok(await lost instanceof TransportError);
    await rejected;
    await driver.close();
    held.resolve(BlockStatus.OK); // nobody waits for it any more
  }),
);

for (const inOrder of [false, true]) {
  Deno.test(
    `serve() counts requests over all connections${inOrder ? ", in order" : ""}`,
    limited(async () => {
      const path = socketPath();
      await using server = await serve(memoryDisk(1 << 20, { ring: { inOrder } }), path);
      for (const [connection, packed] of [false, true, false].entries()) {
        const { driver } = await open(path, { ring: { packed, inOrder } });
        for (let sector = 0; sector < 300; sector++) await use(driver, sector);
        assert.deepEqual(await server.completed(), [600 * (connection + 1)]);
        await driver.close();
      }
      assert.deepEqual(await server.completed(), [1800]);
    }),
  );
}

Deno.test(
  "serve() replaces a socket that nobody listens at, and no other",
  limited(async () => {
    const path = socketPath();
    const first = await serve(memoryDisk(512), path);
    await assert.rejects(serve(memoryDisk(512), path), /somebody does already/);
    await first.close();
    Deno.writeTextFileSync(path, "");
    await assert.rejects(serve(memoryDisk(512), path), /what is there is no socket/);
    Deno.removeSync(path);
    await assert.rejects(connect(path), /No such file or directory \(errno 2\)/);
    await assert.rejects(connect(`/tmp/${"x".repeat(120)}`), /not 1 to 107 bytes/);
  }),
);

Deno.test(
  "a device serves one front end at a time",
  limited(async () => {
    const disk = memoryDisk(512);
    await using _peer = new RawPeer(disk);
    assert.throws(() => new RawPeer(disk), TypeError);
  }),
);
