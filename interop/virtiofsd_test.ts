/** Our driver against QEMU's virtiofsd. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { FileSystemDriver, FileSystemOpcode as Op } from "../generated/fs/mod.ts";
import {
  FUSE_ATTR,
  FUSE_DIRENT,
  FUSE_ENTRY_OUT,
  FUSE_ENTRY_OUT_SIZE,
  FUSE_INIT_OUT,
  FUSE_INIT_OUT_SIZE,
  FUSE_OPEN_OUT,
} from "../generated/layout/fuse.ts";
import { connect } from "../vhost_user/frontend.ts";
import { appeared, Peer, peerTest, run, Scratch } from "./peers.ts";

const ROOT = 1n;
const ENOENT = 2;

/** Asks the daemon for files. */
class Files {
  readonly #driver: FileSystemDriver;
  #unique = 0n;

  constructor(driver: FileSystemDriver) {
    this.#driver = driver;
  }

  /** Asks; the error, and what was yielded. */
  async ask(opcode: number, nodeid: bigint, input: Uint8Array, room: number) {
    const unique = ++this.#unique;
    const header = { opcode, unique, nodeid, uid: 0, gid: 0, pid: 1, totalExtlen: 0 };
    const answer = await this.#driver.req(header, input, new Uint8Array(room));
    assert.equal(answer.unique, unique);
    const { dataout } = answer;
    const view = new DataView(dataout.buffer, dataout.byteOffset, dataout.length);
    return { error: -answer.error >>> 0, dataout, view };
  }

  /** Asks, and expects success. */
  async get(opcode: number, nodeid: bigint, input: Uint8Array, room: number) {
    const { error, ...answer } = await this.ask(opcode, nodeid, input, room);
    assert.equal(error, 0, `opcode ${opcode}: errno ${error}`);
    return answer;
  }

  /** Opens a file or a directory; its handle. */
  async open(opcode: number, nodeid: bigint, flags: number): Promise<bigint> {
    const { view } = await this.get(opcode, nodeid, words(flags, 0), 16);
    return view.getBigUint64(FUSE_OPEN_OUT.fh, true);
  }

  /** The names in a directory. */
  async names(nodeid: bigint): Promise<string[]> {
    const fh = await this.open(Op.OPENDIR, nodeid, 0);
    const names: string[] = [];
    for (let offset = 0n;;) {
      const { dataout, view } = await this.get(Op.READDIR, nodeid, range(fh, offset, 512), 512);
      if (dataout.length === 0) break;
      for (let at = 0; at < dataout.length;) {
        const [start, length] = [
          at + FUSE_DIRENT.name,
          view.getUint32(at + FUSE_DIRENT.namelen, true),
        ];
        names.push(new TextDecoder().decode(dataout.subarray(start, start + length)));
        offset = view.getBigUint64(at + FUSE_DIRENT.off, true);
        at += Math.ceil((FUSE_DIRENT.name + length) / 8) * 8;
      }
    }
    await this.get(Op.RELEASEDIR, nodeid, pack(longs(fh, 0n, 0n)), 0);
    return names.sort();
  }
}

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

function longs(...values: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}

function pack(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function name(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

/** `struct fuse_read_in`, and the start of FUSE_WRITE. */
function range(fh: bigint, offset: bigint, size: number): Uint8Array {
  return pack(longs(fh, offset), words(size, 0), longs(0n), words(0, 0));
}

/** The daemon, with a folder shared at the scratch folder's `s`. */
async function daemon(scratch: Scratch, folder: string): Promise<Peer> {
  const socket = scratch.path("s");
  // It calls unshare(), which a test's sandbox may not allow, unless it is told to use chroot() alone.
  const peer = new Peer("virtiofsd", [
    `--socket-path=${socket}`,
    ...["-o", `source=${folder}`, "-o", "cache=none", "-o", "sandbox=chroot"],
  ], 60);
  await appeared(socket);
  return peer;
}

peerTest("our driver looks up, lists, reads, writes and forgets files with QEMU's virtiofsd", [
  "virtiofsd",
], async () => {
  using scratch = new Scratch();
  const folder = scratch.path("shared");
  Deno.mkdirSync(folder);
  const content = crypto.getRandomValues(new Uint8Array(60_000));
  Deno.writeFileSync(`${folder}/file`, content);
  for (let at = 0; at < 50; at++) Deno.writeTextFileSync(`${folder}/name ${at}`, "");
  await using _daemon = await daemon(scratch, folder);
  await using driver = await FileSystemDriver.open(
    await connect(scratch.path("s"), { config: CONFIG }),
  );
  const files = new Files(driver);
  const init = await files.get(Op.INIT, 0n, words(7, 31, 1 << 20, 1), FUSE_INIT_OUT_SIZE);
  assert.equal(init.view.getUint32(FUSE_INIT_OUT.major, true), 7);
  const found = await files.get(Op.LOOKUP, ROOT, name("file"), FUSE_ENTRY_OUT_SIZE);
  const file = found.view.getBigUint64(FUSE_ENTRY_OUT.nodeid, true);
  const size = found.view.getBigUint64(FUSE_ENTRY_OUT.attr + FUSE_ATTR.size, true);
  assert.equal(size, BigInt(content.length));
  const missing = await files.ask(Op.LOOKUP, ROOT, name("none"), FUSE_ENTRY_OUT_SIZE);
  assert.deepEqual([missing.error, missing.dataout.length], [ENOENT, 0]);

  const expected = [".", "..", "file", ...Array.from({ length: 50 }, (_, at) => `name ${at}`)];
  assert.deepEqual(await files.names(ROOT), expected.sort());

  const fh = await files.open(Op.OPEN, file, 2);
  const read = await files.get(Op.READ, file, range(fh, 0n, 65536), 65536);
  assert.deepEqual(read.dataout, content);
  const more = crypto.getRandomValues(new Uint8Array(30_000));
  await files.get(Op.WRITE, file, pack(range(fh, 50_000n, more.length), more), 8);
  const reads = Array.from({ length: 20 }, (_, at) => {
    return files.get(Op.READ, file, range(fh, BigInt(4000 * at), 4000), 4000);
  });
  const parts = await Promise.all(reads);
  assert.deepEqual(
    pack(...parts.map(({ dataout }) => dataout)),
    Deno.readFileSync(`${folder}/file`),
  );
  assert.deepEqual(Deno.readFileSync(`${folder}/file`).subarray(50_000), more);
  await files.get(Op.RELEASE, file, longs(fh, 0n, 0n), 0);
  await driver.forget(
    { unique: 0n, nodeid: file, uid: 0, gid: 0, pid: 1, totalExtlen: 0 },
    longs(1n),
  );
  const again = await files.get(Op.LOOKUP, ROOT, name("file"), FUSE_ENTRY_OUT_SIZE);
  assert.ok(again.view.getBigUint64(FUSE_ENTRY_OUT.nodeid, true) > 0n);
});

peerTest("probe tries QEMU's virtiofsd", ["virtiofsd"], async () => {
  using scratch = new Scratch();
  Deno.mkdirSync(scratch.path("shared"));
  await using _daemon = await daemon(scratch, scratch.path("shared"));
  const cli = fileURLToPath(new URL("../cli.ts", import.meta.url));
  const args = ["run", "-A", "--no-lock", cli, "probe", scratch.path("s"), "--device", "fs"];
  assert.match(await run(Deno.execPath(), args), /^FUSE: 7\.\d+\nfree: [1-9]\d* bytes$/m);
});

/** What the daemon would tell of itself if it could: QEMU makes this up, too. */
const CONFIG = new Uint8Array(44);
CONFIG.set(new TextEncoder().encode("shared"));
CONFIG[36] = 1;
