/** A module, served by a thread for each queue. */

import assert from "node:assert/strict";
import { BlockDriver, BlockStatus } from "../generated/blk/mod.ts";
import { connect } from "./frontend.ts";
import { descriptors, limited, socketPath } from "./serve_fixture.ts";
import { serve } from "./serve.ts";
import { TransportError } from "../runtime/errors.ts";

const DISK = new URL("./worker_fixture.ts", import.meta.url);

function diskModule(choices: Readonly<Record<string, string>>): URL {
  const url = new URL(DISK);
  for (const [name, value] of Object.entries(choices)) url.searchParams.set(name, value);
  return url;
}

async function useAll(driver: BlockDriver, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await Promise.all(driver.requestq.map(async (_, queue) => {
      const sector = 8 * queue;
      const written = crypto.getRandomValues(new Uint8Array(4096));
      assert.equal((await driver.out({ sector }, written, { queue })).status, BlockStatus.OK);
      const read = new Uint8Array(4096);
      assert.equal((await driver.in({ sector }, read, { queue })).status, BlockStatus.OK);
      assert.deepEqual(read, written);
    }));
  }
}

/** Waits until ended threads have closed what they had open. */
async function settled(before: number[]): Promise<void> {
  for (let look = 0; look < 200 && descriptors().length > before.length; look++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(descriptors().length <= before.length, `${descriptors()} instead of ${before}`);
}

for (const packed of [false, true]) {
  const format = packed ? "packed" : "split";
  Deno.test(
    `a thread serves each queue, with ${format} rings`,
    limited(async () => {
      await serveTwice(packed); // Deno opens files of its own when the first thread starts
      const before = descriptors();
      await serveTwice(packed);
      await settled(before);
    }, 60),
  );
}

/** Serves two connections, one after the other. */
async function serveTwice(packed: boolean): Promise<void> {
  const path = socketPath();
  await using server = await serve(diskModule({ queues: "2" }), path);
  assert.deepEqual(await server.completed(), [0, 0]);
  for (let connection = 1; connection <= 2; connection++) {
    await using driver = await BlockDriver.open(await connect(path), { ring: { packed } });
    assert.equal(driver.requestq.length, 2);
    await useAll(driver, 50);
    assert.deepEqual(await server.completed(), [100 * connection, 100 * connection]);
  }
}

Deno.test(
  "a thread waits for promises, and stops having kept them",
  limited(async () => {
    const path = socketPath();
    await using _server = await serve(diskModule({ slow: "true" }), path);
    const transport = await connect(path);
    const driver = await BlockDriver.open(transport);
    await useAll(driver, 5);
    const pending = driver.in({ sector: 0 }, new Uint8Array(512));
    await new Promise((resolve) => setTimeout(resolve, 1));
    await transport.stopQueue(0);
    transport.onQueueNotify(0);
    assert.equal((await pending).status, BlockStatus.OK);
    await driver.close();
  }),
);

Deno.test(
  "serve() says what is wrong with a module",
  limited(async () => {
    const path = socketPath();
    await assert.rejects(serve(new URL("data:text/javascript,"), path), TransportError);
  }),
);
