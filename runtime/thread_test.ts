// A generated device in a Worker, its driver here: every way to wait, and every way to end.

import assert from "node:assert/strict";
import { GroupType } from "../generated/layout/admin.ts";
import { BlockDriver, BlockStatus } from "../generated/blk/mod.ts";
import { turn } from "./doorbell.ts";
import { RequestAborted, TransportError } from "./errors.ts";
import { GuestMemory } from "./memory.ts";
import { openThread } from "./thread_driver.ts";
import {
  type Disk,
  diskData,
  diskWorker,
  exercise,
  queue,
  SECTOR,
  withDisk,
  within,
} from "./thread_fixture.ts";

for (const waiting of ["poll", "sleep", "adaptive"] as const) {
  for (const how of [waiting, `${waiting} block`]) {
    for (const packed of [false, true]) {
      const format = packed ? "packed" : "split";
      Deno.test(`a disk in a Worker is written and read, ${format}, "${how}" there, "${waiting}" here`, async () => {
        await withDisk(how, { waiting, packed }, async ({ driver, data }) => {
          await exercise(driver, 20, 1);
          await exercise(driver, 5, 60);
          await queue(driver).in({ sector: SECTOR.SLOW }, new Uint8Array(512));
          assert.equal(new Int32Array(data.served)[0], 2 * (20 + 300) + 1);
        });
      });
    }
  }
}

Deno.test("a driver that polls takes its answers without a turn of the event loop", async () => {
  await withDisk("poll block", {}, ({ driver }) => {
    const requestq = queue(driver);
    const bytes = new Uint8Array(512);
    const end = performance.now() + 20_000;
    for (let done = 0; done < 500;) {
      if (requestq.submitIn({ sector: 1 }, bytes) >= 0) requestq.kick();
      while (requestq.poll() >= 0) done++;
      assert.ok(performance.now() < end, "the device answers");
    }
    return Promise.resolve();
  });
});

Deno.test("the driver may be in a Worker itself, and the device in a Worker of that", async () => {
  const worker = new Worker(new URL("./thread_nested_fixture.ts", import.meta.url), {
    type: "module",
  });
  try {
    await within(
      new Promise<void>((resolve, reject) => {
        worker.onmessage = () => resolve();
        worker.onerror = (event) => {
          event.preventDefault();
          reject(new Error(event.message));
        };
      }),
    );
  } finally {
    worker.terminate();
  }
});

/** What a request rejects with, once the disk ends in some way. */
async function ending(disk: Disk, end: () => unknown): Promise<RequestAborted> {
  const { driver } = disk;
  let told: Error | undefined;
  driver.onNeedsReset = (error) => told = error;
  const pending = [SECTOR.NEVER, SECTOR.NEVER].map((sector) =>
    assert.rejects(queue(driver).in({ sector }, new Uint8Array(512)), RequestAborted)
  );
  const last = queue(driver).in({ sector: SECTOR.NEVER }, new Uint8Array(512));
  const failed = last.then(() => assert.fail("answered"), (error) => error as RequestAborted);
  end();
  await Promise.all(pending);
  const error = await failed;
  assert.equal(error.cause, told);
  await assert.rejects(queue(driver).in({ sector: 0 }, new Uint8Array(512)), RequestAborted);
  await assert.rejects(disk.transport.getStatus(), TransportError);
  return error;
}

for (const how of ["sleep", "sleep block", "poll block"]) {
  Deno.test(`all requests end when the device's thread throws, "${how}"`, async () => {
    await withDisk(how, {}, async (disk) => {
      const error = await ending(disk, () => {
        queue(disk.driver).in({ sector: SECTOR.THROW }, new Uint8Array(512)).catch(() => {});
      });
      assert.ok(error.cause instanceof TransportError);
      assert.match(error.message, /its thread ended: .*the disk broke/);
    });
  });

  Deno.test(`all requests end when the device's thread closes, "${how}"`, async () => {
    await withDisk(how, {}, async (disk) => {
      const error = await ending(disk, () => {
        queue(disk.driver).out({ sector: SECTOR.CLOSE }, new Uint8Array(512)).catch(() => {});
      });
      assert.match(error.message, /its thread ended: the disk was taken out/);
    });
  });

  Deno.test(`all requests end within the limit when the Worker is terminated, "${how}"`, async () => {
    await withDisk(how, { limit: 1000 }, async (disk) => {
      const error = await ending(disk, () => disk.worker.terminate());
      assert.match(error.message, /no sign of life for 1000 ms/);
    });
  });

  Deno.test(`all requests end within the limit when a handler never returns, "${how}"`, async () => {
    await withDisk(how, { limit: 1000 }, async (disk) => {
      const error = await ending(disk, () => {
        queue(disk.driver).in({ sector: SECTOR.HANG }, new Uint8Array(512)).catch(() => {});
      });
      assert.match(error.message, /no sign of life for 1000 ms/);
    });
  });

  Deno.test(`closing the driver ends its requests and the Worker, "${how}"`, async () => {
    await withDisk(how, {}, async ({ driver, transport }) => {
      const pending = queue(driver).in({ sector: SECTOR.NEVER }, new Uint8Array(512));
      const aborted = assert.rejects(pending, RequestAborted);
      await driver.close();
      await aborted;
      await assert.rejects(transport.getStatus(), TransportError);
      await transport.close();
    });
  });

  Deno.test(`move() takes a disk to another Worker with its requests in flight, "${how}"`, async () => {
    await withDisk(how, {}, async ({ driver, transport, data }) => {
      await exercise(driver, 2, 10);
      const slow = Array.from(
        { length: 8 },
        () => queue(driver).out({ sector: SECTOR.SLOW }, new Uint8Array(512)),
      );
      const sent = new Uint8Array(512).fill(77);
      const written = queue(driver).out({ sector: 3 }, sent);
      await driver.setWriteback(1);
      for (let moves = 0; moves < 3; moves++) {
        const moving = transport.move(diskWorker(how));
        const read = new Uint8Array(512);
        const reading = queue(driver).in({ sector: 3 }, read);
        await moving;
        await reading;
        await written;
        assert.deepEqual(read, sent);
      }
      for (const { status } of await Promise.all(slow)) assert.equal(status, BlockStatus.OK);
      assert.equal((await transport.readConfig(32, 1))[0], 1, "writeback");
      assert.equal(new Uint8Array(data.sectors)[3 * 512], 77);
      await exercise(driver, 2, 10);
    });
  });
}

Deno.test("openThread() rejects when the device can not be made or its module not be loaded", async () => {
  const none = { limit: 5000, data: {} };
  await assert.rejects(within(openThread(diskWorker(""), none)), {
    name: "TransportError",
    message: "Cannot make the disk: it has no sectors",
  });
  const missing = new Worker(new URL("./no_such_module.ts", import.meta.url), { type: "module" });
  await assert.rejects(within(openThread(missing)), TransportError);
  const silent = new Worker(new URL("./errors.ts", import.meta.url), { type: "module" });
  await assert.rejects(within(openThread(silent, { limit: 1000 })), TransportError);
  const memory = GuestMemory.of(new ArrayBuffer(1 << 20));
  await assert.rejects(openThread(diskWorker(""), { data: diskData(), memory }), TypeError);
});

Deno.test("move() to a Worker that fails loses the device, and ends its requests", async () => {
  await withDisk("sleep", { limit: 2000 }, async (disk) => {
    const error = await ending(disk, () => {
      const worker = new Worker(new URL("./no_such_module.ts", import.meta.url), {
        type: "module",
      });
      disk.transport.move(worker).catch(() => {});
    });
    assert.ok(error.cause instanceof TransportError);
  });
});

Deno.test("a device in a thread may own groups: its administration queue is found there (2.13)", async () => {
  const transport = await openThread(diskWorker("sleep"), { data: { ...diskData(), owner: true } });
  const driver = await BlockDriver.open(transport);
  try {
    assert.deepEqual(await within(driver.admin!.listQuery(GroupType.SELF)), [0, 1]);
    await within(exercise(driver, 1, 4));
  } finally {
    await within(driver.close());
  }
});

Deno.test("a callback that throws ends no more than itself", async () => {
  await withDisk("sleep block", {}, async ({ driver, transport }) => {
    const { onQueueNotify } = transport;
    const thrown: unknown[] = [];
    const caught = (event: Event) => {
      event.preventDefault();
      thrown.push(event);
    };
    addEventListener("error", caught);
    transport.onQueueNotify = (index) => {
      onQueueNotify(index);
      throw new Error("a bug of the user");
    };
    for (let more = 0; more < 3; more++) {
      await queue(driver).in({ sector: 1 }, new Uint8Array(512));
      await turn();
    }
    removeEventListener("error", caught);
    transport.onQueueNotify = onQueueNotify;
    assert.equal(thrown.length, 3);
    await exercise(driver, 1, 10);
  });
});
