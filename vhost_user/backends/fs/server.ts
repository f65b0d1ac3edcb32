/**
 * What requests of FUSE do with the files of a shared folder. They are done as the user who runs this
 * process: the driver checks permissions by itself, and new files belong to that user. No request
 * gives a file the rights of its owner or group when it is run, or makes a device's file.
 *
 * @module
 */

import { FileSystemOpcode } from "../../../generated/fs/mod.ts";
import {
  FUSE_ATTR_OUT_SIZE,
  FUSE_BATCH_FORGET_IN,
  FUSE_BATCH_FORGET_IN_SIZE,
  FUSE_CREATE_IN,
  FUSE_CREATE_IN_SIZE,
  FUSE_ENTRY_OUT_SIZE,
  FUSE_FORGET_IN,
  FUSE_FORGET_IN_SIZE,
  FUSE_FORGET_ONE,
  FUSE_FORGET_ONE_SIZE,
  FUSE_INIT_IN,
  FUSE_INIT_OUT,
  FUSE_INIT_OUT_SIZE,
  FUSE_KERNEL_MINOR_VERSION,
  FUSE_KERNEL_VERSION,
  FUSE_KSTATFS_SIZE,
  FUSE_LINK_IN,
  FUSE_LINK_IN_SIZE,
  FUSE_MKDIR_IN,
  FUSE_MKDIR_IN_SIZE,
  FUSE_MKNOD_IN,
  FUSE_MKNOD_IN_SIZE,
  FUSE_OPEN_OUT_SIZE,
  FUSE_RENAME2_IN,
  FUSE_RENAME2_IN_SIZE,
  FUSE_RENAME_IN,
  FUSE_RENAME_IN_SIZE,
  FUSE_SETATTR_IN,
  FUSE_SETATTR_IN_SIZE,
  InitFlag,
  SetAttribute,
} from "../../../generated/layout/fuse.ts";
import type { ReadableBytes, WritableBytes } from "../../../runtime/cursor.ts";
import { close } from "../../ffi.ts";
import * as files from "../../files.ts";
import { NodeFlag } from "../../files.ts";
import { expectRoom, put, putAttributes, putEntry, putFigures } from "./answers.ts";
import { dropRights, Handles, OPEN_FLAGS, openFile, PERMISSIONS } from "./handles.ts";
import { Refusal, take, takeName, takePath } from "./input.ts";
import { FileType, type Node, Nodes } from "./nodes.ts";

/** Most bytes of a write; a page for each is what a driver may use. */
const WRITE_MAX = 1 << 20;
const PAGE = 4096;
/** The oldest minor version that there are drivers of over virtio. */
const MINOR_MIN = 31;

const EPERM = 1;
const EEXIST = 17;
const EINVAL = 22;
const ENOSYS = 38;
const EPROTO = 71;
const ESTALE = 116;

const O_TRUNC = 0x200;

const FLAGS = InitFlag.ASYNC_READ | InitFlag.BIG_WRITES | InitFlag.AUTO_INVAL_DATA |
  InitFlag.PARALLEL_DIROPS | InitFlag.MAX_PAGES;

/** What a request does; 0, or the number of an error, negated. */
type Operation = (node: Node, input: ReadableBytes, output: WritableBytes) => number;

/** Serves the requests of one driver. */
export class FuseServer {
  readonly #nodes: Nodes;
  readonly #handles = new Handles();
  readonly #operations: ReadonlyMap<number, Operation>;

  /** Takes over a descriptor of the shared folder, with the attributes of that. */
  constructor(folder: number, found: files.Attributes) {
    this.#nodes = new Nodes(folder, found);
    this.#operations = new Map<number, Operation>([
      [FileSystemOpcode.INIT, this.#init],
      [FileSystemOpcode.DESTROY, () => this.#reset()],
      [FileSystemOpcode.STATFS, this.#statfs],
      [FileSystemOpcode.SYNCFS, (node) => files.syncAll(node.fd)],
      [FileSystemOpcode.LOOKUP, this.#lookup],
      [FileSystemOpcode.GETATTR, (node, _, output) => this.#attributes(node, output)],
      [FileSystemOpcode.SETATTR, this.#setattr],
      [FileSystemOpcode.READLINK, this.#readlink],
      [FileSystemOpcode.MKNOD, this.#mknod],
      [FileSystemOpcode.MKDIR, this.#mkdir],
      [FileSystemOpcode.SYMLINK, this.#symlink],
      [FileSystemOpcode.LINK, this.#link],
      [FileSystemOpcode.UNLINK, (node, input) => files.remove(node.fd, takeName(input), false)],
      [FileSystemOpcode.RMDIR, (node, input) => files.remove(node.fd, takeName(input), true)],
      [FileSystemOpcode.RENAME, this.#rename],
      [FileSystemOpcode.RENAME2, this.#rename2],
      [FileSystemOpcode.CREATE, this.#create],
      [FileSystemOpcode.OPEN, (node, ...data) => this.#handles.open(node, ...data)],
      [FileSystemOpcode.OPENDIR, (node, _, output) => this.#handles.openDirectory(node, output)],
      [FileSystemOpcode.READ, (_, ...data) => this.#handles.read(...data)],
      [FileSystemOpcode.READDIR, (_, ...data) => this.#handles.readDirectory(...data)],
      [FileSystemOpcode.WRITE, (_, ...data) => this.#handles.write(...data)],
      [FileSystemOpcode.FLUSH, () => 0],
      [FileSystemOpcode.FSYNC, (_, input) => this.#handles.sync(input)],
      [FileSystemOpcode.FSYNCDIR, (_, input) => this.#handles.sync(input)],
      [FileSystemOpcode.RELEASE, (_, input) => this.#handles.release(input)],
      [FileSystemOpcode.RELEASEDIR, (_, input) => this.#handles.release(input)],
    ]);
  }

  /** How many files the driver knows, and how many it has open. */
  get counts(): { readonly nodes: number; readonly handles: number } {
    return { nodes: this.#nodes.size, handles: this.#handles.size };
  }

  /** Serves a request; 0, or the number of an error, negated. What is not served, drivers do without. */
  serve(opcode: number, nodeid: bigint, input: ReadableBytes, output: WritableBytes): number {
    const operation = this.#operations.get(opcode);
    if (operation === undefined) return -ENOSYS;
    const node = this.#nodes.get(opcode === FileSystemOpcode.INIT ? 1n : nodeid);
    if (node === undefined) return -ESTALE;
    try {
      return Math.min(0, operation.call(this, node, input, output));
    } catch (error) {
      if (error instanceof Refusal) return -error.errno;
      throw error;
    }
  }

  /** Forgets lookups of a file. */
  forget(nodeid: bigint, input: ReadableBytes): void {
    if (input.remaining < FUSE_FORGET_IN_SIZE) return;
    const request = take(input, FUSE_FORGET_IN_SIZE);
    this.#nodes.forget(nodeid, request.getBigUint64(FUSE_FORGET_IN.nlookup, true));
  }

  /** Forgets lookups of many files. */
  batchForget(input: ReadableBytes): void {
    if (input.remaining < FUSE_BATCH_FORGET_IN_SIZE) return;
    const head = take(input, FUSE_BATCH_FORGET_IN_SIZE);
    let count = head.getUint32(FUSE_BATCH_FORGET_IN.count, true);
    for (; count > 0 && input.remaining >= FUSE_FORGET_ONE_SIZE; count--) {
      const one = take(input, FUSE_FORGET_ONE_SIZE);
      this.#nodes.forget(
        one.getBigUint64(FUSE_FORGET_ONE.nodeid, true),
        one.getBigUint64(FUSE_FORGET_ONE.nlookup, true),
      );
    }
  }

  /** Closes everything. */
  close(): void {
    this.#reset();
    this.#nodes.close();
  }

  #reset(): number {
    this.#handles.close();
    this.#nodes.clear();
    return 0;
  }

  /** Starts a session: whoever knew files before, a driver that is gone, does no more. */
  #init(_node: Node, input: ReadableBytes, output: WritableBytes): number {
    expectRoom(output, FUSE_INIT_OUT_SIZE);
    const request = take(input, FUSE_INIT_IN.flags2);
    const major = request.getUint32(FUSE_INIT_IN.major, true);
    const minor = request.getUint32(FUSE_INIT_IN.minor, true);
    if (major < FUSE_KERNEL_VERSION || (major === FUSE_KERNEL_VERSION && minor < MINOR_MIN)) {
      return -EPROTO;
    }
    this.#reset();
    // A driver of a later version starts again with ours.
    put(output, FUSE_INIT_OUT_SIZE, (view) => {
      view.setUint32(FUSE_INIT_OUT.major, FUSE_KERNEL_VERSION, true);
      view.setUint32(FUSE_INIT_OUT.minor, FUSE_KERNEL_MINOR_VERSION, true);
      if (major > FUSE_KERNEL_VERSION) return;
      const readahead = request.getUint32(FUSE_INIT_IN.maxReadahead, true);
      view.setUint32(FUSE_INIT_OUT.maxReadahead, readahead, true);
      view.setUint32(
        FUSE_INIT_OUT.flags,
        request.getUint32(FUSE_INIT_IN.flags, true) & FLAGS,
        true,
      );
      view.setUint32(FUSE_INIT_OUT.maxWrite, WRITE_MAX, true);
      view.setUint32(FUSE_INIT_OUT.timeGran, 1, true);
      view.setUint16(FUSE_INIT_OUT.maxPages, WRITE_MAX / PAGE, true);
    });
    return 0;
  }

  #statfs(node: Node, _input: ReadableBytes, output: WritableBytes): number {
    expectRoom(output, FUSE_KSTATFS_SIZE);
    const found = files.figures(node.fd);
    if (typeof found === "number") return found;
    putFigures(output, found);
    return 0;
  }

  #lookup(directory: Node, input: ReadableBytes, output: WritableBytes): number {
    return this.#entry(directory, takeName(input), output);
  }

  /** Answers with a name's file, which the driver knows from now on. */
  #entry(directory: Node, name: Uint8Array<ArrayBuffer>, output: WritableBytes): number {
    expectRoom(output, FUSE_ENTRY_OUT_SIZE);
    const entry = this.#nodes.find(directory, name);
    if (typeof entry === "number") return entry;
    putEntry(output, entry.node.id, entry.found);
    return 0;
  }

  #attributes(node: Node, output: WritableBytes): number {
    expectRoom(output, FUSE_ATTR_OUT_SIZE);
    const found = files.attributes(node.fd);
    if (typeof found === "number") return found;
    putAttributes(output, found);
    return 0;
  }

  #setattr(node: Node, input: ReadableBytes, output: WritableBytes): number {
    expectRoom(output, FUSE_ATTR_OUT_SIZE);
    const request = take(input, FUSE_SETATTR_IN_SIZE);
    const valid = request.getUint32(FUSE_SETATTR_IN.valid, true);
    const has = (flag: number) => (valid & flag) !== 0;
    let done = 0;
    if (has(SetAttribute.MODE)) {
      const mode = request.getUint32(FUSE_SETATTR_IN.mode, true);
      done = files.setPermissions(node.fd, mode & PERMISSIONS);
    }
    if (done === 0 && has(SetAttribute.UID | SetAttribute.GID)) {
      const owner = (flag: number, at: number) =>
        has(flag) ? request.getUint32(at, true) : ~0 >>> 0;
      const user = owner(SetAttribute.UID, FUSE_SETATTR_IN.uid);
      const group = owner(SetAttribute.GID, FUSE_SETATTR_IN.gid);
      done = files.setOwner(node.fd, user, group);
    }
    if (done === 0 && has(SetAttribute.SIZE)) {
      if (node.type !== FileType.REGULAR) return -EINVAL;
      done = dropRights(node);
      if (done === 0) {
        done = files.setSize(node.fd, request.getBigUint64(FUSE_SETATTR_IN.size, true));
      }
    }
    if (done === 0 && has(SetAttribute.ATIME | SetAttribute.MTIME)) {
      const time = (flag: number, now: number, at: number, nanoseconds: number): files.Time => {
        if (!has(flag)) return "same";
        if (has(now)) return "now";
        return [request.getBigInt64(at, true), request.getUint32(nanoseconds, true) % 1e9];
      };
      const { ATIME, ATIME_NOW, MTIME, MTIME_NOW } = SetAttribute;
      const { atime, atimensec, mtime, mtimensec } = FUSE_SETATTR_IN;
      const read = time(ATIME, ATIME_NOW, atime, atimensec);
      done = files.setTimes(node.fd, read, time(MTIME, MTIME_NOW, mtime, mtimensec));
    }
    return done < 0 ? done : this.#attributes(node, output);
  }

  #readlink(node: Node, _input: ReadableBytes, output: WritableBytes): number {
    const path = new Uint8Array(PAGE);
    const length = files.readLink(node.fd, path);
    if (length > 0) output.write(path, 0, length);
    return length;
  }

  #mknod(directory: Node, input: ReadableBytes, output: WritableBytes): number {
    expectRoom(output, FUSE_ENTRY_OUT_SIZE);
    const mode = take(input, FUSE_MKNOD_IN_SIZE).getUint32(FUSE_MKNOD_IN.mode, true);
    const type = mode & FileType.MASK;
    const harmless: readonly number[] = [FileType.REGULAR, FileType.FIFO, FileType.SOCKET];
    if (!harmless.includes(type)) return -EPERM;
    const name = takeName(input);
    const made = files.makeNode(directory.fd, name, type | (mode & PERMISSIONS));
    return made < 0 ? made : this.#made(directory, name, mode, output);
  }

  #mkdir(directory: Node, input: ReadableBytes, output: WritableBytes): number {
    expectRoom(output, FUSE_ENTRY_OUT_SIZE);
    const mode = take(input, FUSE_MKDIR_IN_SIZE).getUint32(FUSE_MKDIR_IN.mode, true);
    const name = takeName(input);
    const made = files.makeDirectory(directory.fd, name, mode & PERMISSIONS);
    return made < 0 ? made : this.#made(directory, name, mode, output);
  }

  /** Answers with a file that was made; its permissions are not to be masked by those of this process. */
  #made(
    directory: Node,
    name: Uint8Array<ArrayBuffer>,
    mode: number,
    output: WritableBytes,
  ): number {
    const fd = files.openAt(directory.fd, name, NodeFlag.PATH);
    if (fd < 0) return fd;
    files.setPermissions(fd, mode & PERMISSIONS);
    return this.#entered(fd, output);
  }

  /** Answers with the file that a descriptor stands for. */
  #entered(fd: number, output: WritableBytes): number {
    const entry = this.#nodes.enter(fd);
    if (typeof entry === "number") return entry;
    putEntry(output, entry.node.id, entry.found);
    return 0;
  }

  #symlink(directory: Node, input: ReadableBytes, output: WritableBytes): number {
    expectRoom(output, FUSE_ENTRY_OUT_SIZE);
    const name = takeName(input);
    const made = files.makeLink(directory.fd, name, takePath(input));
    return made < 0 ? made : this.#entry(directory, name, output);
  }

  #link(directory: Node, input: ReadableBytes, output: WritableBytes): number {
    expectRoom(output, FUSE_ENTRY_OUT_SIZE);
    const id = take(input, FUSE_LINK_IN_SIZE).getBigUint64(FUSE_LINK_IN.oldnodeid, true);
    const node = this.#nodes.get(id);
    if (node === undefined) return -ESTALE;
    const name = takeName(input);
    const made = files.link(node.fd, directory.fd, name);
    return made < 0 ? made : this.#entry(directory, name, output);
  }

  #rename(directory: Node, input: ReadableBytes): number {
    const request = take(input, FUSE_RENAME_IN_SIZE);
    return this.#move(directory, request.getBigUint64(FUSE_RENAME_IN.newdir, true), 0, input);
  }

  #rename2(directory: Node, input: ReadableBytes): number {
    const request = take(input, FUSE_RENAME2_IN_SIZE);
    const flags = request.getUint32(FUSE_RENAME2_IN.flags, true);
    return this.#move(directory, request.getBigUint64(FUSE_RENAME2_IN.newdir, true), flags, input);
  }

  #move(directory: Node, id: bigint, flags: number, input: ReadableBytes): number {
    const other = this.#nodes.get(id);
    if (other === undefined) return -ESTALE;
    const name = takeName(input);
    return files.rename(directory.fd, name, other.fd, takeName(input), flags);
  }

  #create(directory: Node, input: ReadableBytes, output: WritableBytes): number {
    expectRoom(output, FUSE_ENTRY_OUT_SIZE + FUSE_OPEN_OUT_SIZE);
    const request = take(input, FUSE_CREATE_IN_SIZE);
    const name = takeName(input);
    const flags = request.getUint32(FUSE_CREATE_IN.flags, true);
    const mode = request.getUint32(FUSE_CREATE_IN.mode, true);
    const create = (flags & OPEN_FLAGS) | NodeFlag.CREATE | NodeFlag.EXCLUSIVE;
    const fd = files.openAt(directory.fd, name, create, mode & PERMISSIONS);
    if (fd === -EEXIST && (flags & NodeFlag.EXCLUSIVE) === 0) {
      return this.#openThere(directory, name, flags, output);
    }
    if (fd < 0) return fd;
    files.setPermissions(fd, mode & PERMISSIONS);
    const path = files.reopen(fd, NodeFlag.PATH);
    const entered = path < 0 ? path : this.#entered(path, output);
    if (entered === 0) return this.#handles.handOut(fd, output);
    close(fd);
    return entered;
  }

  /** Opens a file that is there already. */
  #openThere(
    directory: Node,
    name: Uint8Array<ArrayBuffer>,
    flags: number,
    output: WritableBytes,
  ): number {
    const entry = this.#nodes.find(directory, name);
    if (typeof entry === "number") return entry;
    const { node, found } = entry;
    const fd = openFile(node, flags);
    if (fd < 0) {
      this.#nodes.forget(BigInt(node.id), 1n);
      return fd;
    }
    if ((flags & O_TRUNC) !== 0) files.setSize(node.fd, 0n);
    const now = files.attributes(node.fd);
    putEntry(output, node.id, typeof now === "number" ? found : now);
    return this.#handles.handOut(fd, output);
  }
}
