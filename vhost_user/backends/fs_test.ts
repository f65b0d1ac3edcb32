/** A shared folder, asked by raw requests of FUSE. */

import assert from "node:assert/strict";
import { FileSystemDriver, FileSystemOpcode as Op } from "../../generated/fs/mod.ts";
import {
  FUSE_ATTR,
  FUSE_ATTR_OUT,
  FUSE_ENTRY_OUT,
  FUSE_ENTRY_OUT_SIZE,
  FUSE_INIT_OUT,
  FUSE_OPEN_OUT,
  InitFlag,
  SetAttribute,
} from "../../generated/layout/fuse.ts";
import { loopback } from "../../runtime/loopback.ts";
import { sharedFolder } from "./fs.ts";
import { pack, readIn, ROOM, ROOT, setattrIn, Shared, writeIn } from "./fs_fixture.ts";

const [EPERM, ENOENT, EBADF, EEXIST, EXDEV, EINVAL] = [1, 2, 9, 17, 18, 22];
const [ENAMETOOLONG, ENOSYS, ENOTEMPTY, ELOOP, EPROTO, ESTALE] = [36, 38, 39, 40, 71, 116];
Deno.test("fs starts a session of FUSE 7.38 with what both sides can do", async () => {
  await using shared = await Shared.open();
  const flags = InitFlag.ASYNC_READ | InitFlag.MAX_PAGES | 1 << 30;
  const { view } = await shared.get(Op.INIT, 0n, pack([32, 7], [32, 40], [32, 4096], [32, flags]));
  assert.equal(view.getUint32(FUSE_INIT_OUT.major, true), 7);
  assert.equal(view.getUint32(FUSE_INIT_OUT.minor, true), 38);
  const both = InitFlag.ASYNC_READ | InitFlag.MAX_PAGES;
  assert.equal(view.getUint32(FUSE_INIT_OUT.flags, true), both);
  assert.equal(view.getUint16(FUSE_INIT_OUT.maxPages, true), 256);
  const later = await shared.get(Op.INIT, 0n, pack([32, 8], [32, 0], [32, 0], [32, 0]));
  assert.equal(later.view.getUint32(FUSE_INIT_OUT.major, true), 7);
  await shared.refuse(EPROTO, Op.INIT, 0n, pack([32, 7], [32, 30], [32, 0], [32, 0]));
  await shared.refuse(EINVAL, Op.INIT, 0n, pack([32, 7]));
  await shared.refuse(EINVAL, Op.INIT, 0n, pack([32, 7], [32, 38], [32, 0], [32, 0]), 8);
});

Deno.test("fs makes, writes, reads, renames and removes files", async () => {
  await using shared = await Shared.open();
  const directory = await shared.get(Op.MKDIR, ROOT, pack([32, 0o777], [32, 0], "folder"));
  const folder = directory.view.getBigUint64(FUSE_ENTRY_OUT.nodeid, true);
  assert.equal(Deno.statSync(`${shared.path}/folder`).mode! & 0o7777, 0o777);
  const create = pack([32, 2], [32, 0o100666], [32, 0], [32, 0], "file");
  const made = await shared.get(Op.CREATE, folder, create);
  const file = made.view.getBigUint64(FUSE_ENTRY_OUT.nodeid, true);
  const fh = made.view.getBigUint64(FUSE_ENTRY_OUT_SIZE + FUSE_OPEN_OUT.fh, true);
  const mode = made.view.getUint32(FUSE_ENTRY_OUT.attr + FUSE_ATTR.mode, true);
  assert.equal(mode, 0o100666, "as asked for, whatever the umask of this process");
  const content = crypto.getRandomValues(new Uint8Array(60000));
  const wrote = await shared.get(Op.WRITE, file, writeIn(fh, 100, content));
  assert.equal(wrote.view.getUint32(0, true), content.length);
  await shared.get(Op.FSYNC, file, pack([64, fh], [32, 0], [32, 0]));
  const read = await shared.get(Op.READ, file, readIn(fh, 100, 65536), 65536);
  assert.deepEqual(read.dataout, content);
  const start = await shared.get(Op.READ, file, readIn(fh, 0, 50), 65536);
  assert.deepEqual(start.dataout, new Uint8Array(50));
  assert.equal((await shared.get(Op.READ, file, readIn(fh, 1 << 20, 9), 9)).dataout.length, 0);
  await shared.get(Op.RENAME, folder, pack([64, 1], "file", "moved"));
  assert.deepEqual(Deno.readFileSync(`${shared.path}/moved`).subarray(100), content);
  await shared.refuse(ENOENT, Op.LOOKUP, folder, pack("file"));
  assert.equal(await shared.lookup(ROOT, "moved"), file, "the same file");
  await shared.refuse(EEXIST, Op.RENAME2, ROOT, pack([64, 1], [32, 1], [32, 0], "moved", "folder"));
  await shared.get(Op.LINK, folder, pack([64, file], "second"));
  assert.equal(await shared.lookup(folder, "second"), file, "a second name of the same file");
  await shared.refuse(ENOTEMPTY, Op.RMDIR, ROOT, pack("folder"));
  await shared.get(Op.UNLINK, folder, pack("second"));
  await shared.get(Op.UNLINK, ROOT, pack("moved"));
  await shared.get(Op.RMDIR, ROOT, pack("folder"));
  const gone = await shared.get(Op.READ, file, readIn(fh, 100, 65536), 65536);
  assert.deepEqual(gone.dataout, content, "an open file lives on without a name");
  await shared.get(Op.RELEASE, file, pack([64, fh], [64, 0], [64, 0]));
  await shared.refuse(EBADF, Op.READ, file, readIn(fh, 0, 9));
  assert.deepEqual([...Deno.readDirSync(shared.path)], []);
});

Deno.test("fs tells and sets attributes, with the inode numbers of the host", async () => {
  await using shared = await Shared.open();
  Deno.writeTextFileSync(`${shared.path}/file`, "content");
  const file = await shared.lookup(ROOT, "file");
  const attributes = async () => (await shared.get(Op.GETATTR, file, new Uint8Array(16))).view;
  const host = () => Deno.statSync(`${shared.path}/file`);
  const view = await attributes();
  const at = FUSE_ATTR_OUT.attr;
  assert.equal(view.getBigUint64(at + FUSE_ATTR.ino, true), BigInt(host().ino!));
  assert.equal(view.getBigUint64(at + FUSE_ATTR.size, true), 7n);
  assert.equal(view.getUint32(at + FUSE_ATTR.nlink, true), 1);
  const mtime = Number(view.getBigUint64(at + FUSE_ATTR.mtime, true));
  assert.equal(mtime, Math.floor(host().mtime!.getTime() / 1000));
  const valid = SetAttribute.SIZE | SetAttribute.MODE | SetAttribute.ATIME;
  await shared.get(Op.SETATTR, file, setattrIn(valid, { size: 3, mode: 0o6755, atime: 1e9 }));
  assert.equal(host().mode! & 0o7777, 0o755, "never with the rights of its owner");
  assert.equal(host().atime!.getTime(), 1e12);
  assert.equal(Deno.readTextFileSync(`${shared.path}/file`), "con");
  const uid = host().uid!;
  await shared.get(Op.SETATTR, file, setattrIn(SetAttribute.UID, { uid }));
  assert.equal(host().uid, uid);
  const figures = await shared.get(Op.STATFS, ROOT);
  assert.ok(figures.view.getBigUint64(0, true) > 0n);
});

Deno.test("fs takes the rights of its owner from a file that is written or cut", async () => {
  await using shared = await Shared.open();
  const path = `${shared.path}/program`;
  Deno.writeTextFileSync(path, "content");
  const program = await shared.lookup(ROOT, "program");
  const rights = () => Deno.statSync(path).mode! & 0o7777;
  Deno.chmodSync(path, 0o4755);
  await shared.openFile(program);
  assert.equal(rights(), 0o4755);
  await shared.openFile(program, 1);
  assert.equal(rights(), 0o755);
  Deno.chmodSync(path, 0o2755);
  await shared.get(Op.SETATTR, program, setattrIn(SetAttribute.SIZE, { size: 3 }));
  assert.equal(rights(), 0o755);
});

Deno.test("fs lists a directory, in pieces if need be", async () => {
  await using shared = await Shared.open();
  const names = Array.from({ length: 300 }, (_, at) => `${"n".repeat(at % 200)}${at}`);
  for (const name of names) Deno.writeTextFileSync(`${shared.path}/${name}`, "");
  const all = [".", "..", ...names].sort();
  assert.deepEqual(await shared.names(ROOT, 1 << 20), all);
  assert.deepEqual(await shared.names(ROOT, 256), all);
});

Deno.test("fs lets nobody out of the folder", async () => {
  await using shared = await Shared.open();
  Deno.symlinkSync(shared.outside, `${shared.path}/link`);
  Deno.symlinkSync("..", `${shared.path}/up`);
  for (const name of ["..", ".", "", "../outside", "/etc/passwd", "link/", "a/b"]) {
    await shared.refuse(EINVAL, Op.LOOKUP, ROOT, pack(name));
    await shared.refuse(EINVAL, Op.MKDIR, ROOT, pack([32, 0o755], [32, 0], name));
    await shared.refuse(EINVAL, Op.CREATE, ROOT, pack([32, 1], [32, 0o644], [64, 0], name));
    await shared.refuse(EINVAL, Op.UNLINK, ROOT, pack(name));
    await shared.refuse(EINVAL, Op.SYMLINK, ROOT, pack(name, "target"));
    await shared.refuse(EINVAL, Op.RENAME, ROOT, pack([64, 1], "link", name));
    await shared.refuse(EINVAL, Op.RENAME, ROOT, pack([64, 1], name, "link"));
  }
  const link = await shared.lookup(ROOT, "link");
  const { dataout } = await shared.get(Op.READLINK, link, undefined, 4096);
  assert.equal(new TextDecoder().decode(dataout), shared.outside);
  await shared.refuse(EINVAL, Op.OPEN, link, pack([32, 0], [32, 0]));
  await shared.refuse(EINVAL, Op.SETATTR, link, setattrIn(SetAttribute.SIZE, {}));
  const before = Deno.statSync(shared.outside);
  await shared.ask(Op.SETATTR, link, setattrIn(SetAttribute.MODE, { mode: 0o777 }));
  await shared.get(Op.SETATTR, link, setattrIn(SetAttribute.ATIME, { atime: 5 }));
  await shared.refuse(EINVAL, Op.CREATE, ROOT, pack([32, 1], [32, 0o644], [64, 0], "link"));
  await shared.refuse(EEXIST, Op.CREATE, ROOT, pack([32, 0x81], [32, 0o644], [64, 0], "link"));
  await shared.refuse(20, Op.LOOKUP, link, pack("outside"));
  const up = await shared.lookup(ROOT, "up");
  await shared.refuse(20, Op.LOOKUP, up, pack("outside"));
  const { error } = await shared.ask(Op.OPENDIR, up, pack([64, 0]));
  assert.ok(error === 20 || error === ELOOP);
  const after = Deno.statSync(shared.outside);
  assert.deepEqual([after.mode, after.atime], [before.mode, before.atime]);
  assert.equal(Deno.readTextFileSync(shared.outside), "secret");
});

Deno.test("fs opens no pipe and makes no device's file", async () => {
  await using shared = await Shared.open();
  const pipe = await shared.get(Op.MKNOD, ROOT, pack([32, 0o010644], [32, 0], [64, 0], "pipe"));
  const id = pipe.view.getBigUint64(FUSE_ENTRY_OUT.nodeid, true);
  await shared.refuse(EINVAL, Op.OPEN, id, pack([32, 0], [32, 0]));
  await shared.refuse(EINVAL, Op.CREATE, ROOT, pack([32, 1], [32, 0o644], [64, 0], "pipe"));
  for (const mode of [0o020666, 0o060666, 0o040777, 0o120777, 0]) {
    await shared.refuse(EPERM, Op.MKNOD, ROOT, pack([32, mode], [32, 259], [64, 0], "null"));
  }
  assert.deepEqual([...Deno.readDirSync(shared.path)].map(({ name }) => name), ["pipe"]);
});

Deno.test("fs does not enter what is mounted in the folder", async () => {
  const { device, close } = sharedFolder({ folder: "/", tag: "all" });
  const driver = await FileSystemDriver.open(loopback(device));
  const header = { opcode: Op.LOOKUP, unique: 1n, nodeid: ROOT, uid: 0, gid: 0, pid: 1 };
  const room = new Uint8Array(ROOM);
  const { error } = await driver.req({ ...header, totalExtlen: 0 }, pack("proc"), room);
  assert.equal(error | 0, -EXDEV);
  await driver.close();
  close();
});

Deno.test("fs counts lookups, and forgets a file with the last one", async () => {
  await using shared = await Shared.open();
  for (const name of ["a", "b", "c"]) Deno.writeTextFileSync(`${shared.path}/${name}`, name);
  const a = await shared.lookup(ROOT, "a");
  assert.equal(await shared.lookup(ROOT, "a"), a);
  const [b, c] = [await shared.lookup(ROOT, "b"), await shared.lookup(ROOT, "c")];
  assert.equal(shared.server.counts.nodes, 4);
  await shared.forget(a, 1n);
  await shared.get(Op.GETATTR, a);
  await shared.forget(a, 1n);
  await shared.refuse(ESTALE, Op.GETATTR, a);
  assert.notEqual(await shared.lookup(ROOT, "a"), a, "no number is given twice");
  await shared.forget(ROOT, 1n << 63n);
  await shared.forget(1n << 63n, 1n);
  await shared.get(Op.GETATTR, ROOT);
  // More are announced than there are, and one is cut off.
  await shared.batchForget(pack([32, 1000], [32, 0], [64, b], [64, 99], [64, c], [64, 1], [64, a]));
  assert.equal(shared.server.counts.nodes, 2);
  await shared.batchForget(pack([32, 1]));
  await shared.get(Op.INIT, 0n, pack([32, 7], [32, 38], [32, 0], [32, 0]));
  assert.deepEqual(shared.server.counts, { nodes: 1, handles: 0 });
});

/** What goes by another queue. */
const OVERTAKING: readonly number[] = [Op.FORGET, Op.INTERRUPT, Op.BATCH_FORGET];

Deno.test("fs refuses what is malformed, unknown or too long with an error", async () => {
  await using shared = await Shared.open();
  Deno.writeTextFileSync(`${shared.path}/file`, "content");
  const file = await shared.lookup(ROOT, "file");
  const fh = await shared.openFile(file, 2);
  for (let opcode = 0; opcode < 64; opcode++) {
    if (opcode === Op.DESTROY || opcode === Op.INIT || OVERTAKING.includes(opcode)) continue;
    for (const nodeid of [file, ROOT, 0n, 99n, 1n << 60n]) {
      for (const input of [new Uint8Array(0), new Uint8Array(3), new Uint8Array(200).fill(255)]) {
        const { error, dataout } = await shared.ask(opcode, nodeid, input, 0);
        assert.ok(error >= 0 && error < 200 && dataout.length === 0, `${opcode} ${error}`);
      }
    }
  }
  for (
    const opcode of [Op.GETXATTR, Op.SETXATTR, Op.LISTXATTR, Op.REMOVEXATTR, Op.IOCTL, 0x1a000000]
  ) {
    await shared.refuse(ENOSYS, opcode, file, new Uint8Array(100));
  }
  await shared.refuse(EINVAL, Op.LOOKUP, ROOT, new TextEncoder().encode("file")); // no NUL
  await shared.refuse(ENAMETOOLONG, Op.LOOKUP, ROOT, pack("n".repeat(256)));
  await shared.refuse(EINVAL, Op.SYMLINK, ROOT, pack("link"));
  await shared.refuse(ENAMETOOLONG, Op.SYMLINK, ROOT, pack("link", "t".repeat(4096)));
  await shared.refuse(EINVAL, Op.LOOKUP, ROOT, pack("file"), 100);
  await shared.refuse(EINVAL, Op.READ, file, readIn(fh, 1n << 63n, 10));
  await shared.refuse(EINVAL, Op.WRITE, file, readIn(fh, 0n, 1));
  await shared.refuse(EBADF, Op.WRITE, file, writeIn(fh + 1n, 0n, new Uint8Array(1)));
  await shared.refuse(ESTALE, Op.LINK, ROOT, pack([64, 99], "second"));
  await shared.refuse(ESTALE, Op.RENAME, ROOT, pack([64, 99], "file", "other"));
  assert.equal(Deno.readTextFileSync(`${shared.path}/file`), "content");
  assert.deepEqual(shared.server.counts, { nodes: 2, handles: 1 });
});
