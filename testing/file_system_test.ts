// Sessions and queues of a file system device (VIRTIO 1.4, 5.11.6).

import assert from "node:assert/strict";
import {
  FileSystemDevice,
  type FileSystemDeviceOptions,
  FileSystemDriver,
  FileSystemOpcode,
} from "../generated/fs/mod.ts";
import { loopback } from "../runtime/loopback.ts";
import { covers } from "./covers.ts";

const { INIT, GETATTR } = FileSystemOpcode;
const NOTHING = new Uint8Array(0);

function made(options: Partial<FileSystemDeviceOptions>): FileSystemDevice {
  return new FileSystemDevice({ config: { tag: "shared", numRequestQueues: 1 }, ...options });
}

/** What all requests have in common. */
function header(unique: bigint, nodeid: bigint) {
  return { unique, nodeid, uid: 0, gid: 0, pid: 0, totalExtlen: 0 };
}

Deno.test("a FUSE_INIT fixes the byte order of its session, and the next one may change it (5.11.6.1)", async () => {
  const seen: string[] = [];
  const device = made({
    req: ({ opcode, nodeid, unique }) => {
      seen.push(`${opcode} ${nodeid}`);
      return { unique, error: 0 };
    },
    forget: ({ nodeid }) => void seen.push(`forget ${nodeid}`),
  });
  for (const byteOrder of ["big", "little"] as const) {
    await using driver = await FileSystemDriver.open(loopback(device), { byteOrder });
    for (const opcode of [INIT, GETATTR]) {
      const request = { ...header(7n, 0x0102n), opcode };
      assert.equal((await driver.req(request, NOTHING, NOTHING)).unique, 7n);
    }
    await driver.forget(header(8n, 3n), new Uint8Array(8));
    assert.deepEqual(seen.splice(0), [`${INIT} 258`, `${GETATTR} 258`, "forget 3"], byteOrder);
    device.unbind();
  }
});

Deno.test("the hiprio queue is served while all requests wait (5.11.6.2.1)", async () => {
  covers(
    "devicenormative:Device Types / File System Device / Device Operation / Device Operation: High Priority Queue#1",
  );
  const waiting: ((error: number) => void)[] = [];
  const device = made({
    req: ({ unique }) =>
      new Promise((resolve) => waiting.push((error) => resolve({ unique, error }))),
    interrupt: ({ unique }, datain) => {
      assert.equal(datain.length, 8);
      waiting.shift()!(4);
      return { unique, error: 0 };
    },
  });
  await using driver = await FileSystemDriver.open(loopback(device), { queueSize: 8 });
  const requests = Array.from(
    { length: 10 },
    (_, at) => driver.req({ ...header(BigInt(at), 1n), opcode: GETATTR }, NOTHING, NOTHING),
  );
  while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await driver.interrupt(header(100n, 0n), new Uint8Array(8), NOTHING);
  assert.equal((await requests[0]!).error, 4);
  for (let answered = 1; answered < 10; answered++) {
    while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    waiting.shift()!(0);
  }
  await Promise.all(requests);
});
