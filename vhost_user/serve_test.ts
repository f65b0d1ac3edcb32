/** Our back end and our front end over a socket, in one process. */

import assert from "node:assert/strict";
import { BlockDevice, BlockDriver, BlockStatus } from "../generated/blk/mod.ts";
import { ProtocolFeature } from "../generated/layout/vhost_user.ts";
import { RequestAborted, TransportError } from "../runtime/errors.ts";
import { hasBit } from "../runtime/features.ts";
import { connect } from "./frontend.ts";
import { descriptors, limited, memoryDisk, socketPath } from "./serve_fixture.ts";
import { serve } from "./serve.ts";

for (const packed of [false, true]) {
  const format = packed ? "packed" : "split";
  Deno.test(
    `serve() and connect() carry a disk with ${format} rings`,
    limited(async () => {
      const before = descriptors();
      const path = socketPath();
      const disk = memoryDisk(1 << 20);
      const server = await serve(disk, path);
      const transport = await connect(path);
      const driver = await BlockDriver.open(transport, { ring: { packed } });
      assert.equal(driver.config.capacity, (1 << 20) / 512);
      assert.equal(hasBit(driver.features, 34), packed);
      const written = crypto.getRandomValues(new Uint8Array(64 << 10));
      assert.equal((await driver.out({ sector: 8 }, written)).status, BlockStatus.OK);
      const read = new Uint8Array(64 << 10);
      assert.equal((await driver.in({ sector: 8 }, read)).status, BlockStatus.OK);
      assert.deepEqual(read, written);
      assert.equal((await driver.flush({ sector: 0 })).status, BlockStatus.OK);
      await driver.close();
      await server.close();
      assert.deepEqual(descriptors(), before);
    }),
  );
}
