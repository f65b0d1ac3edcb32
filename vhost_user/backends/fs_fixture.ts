/** A shared folder for tests, and a driver that asks for what is in it. @module */

import assert from "node:assert/strict";
import { FileSystemDriver, FileSystemOpcode as Op } from "../../generated/fs/mod.ts";
import {
  FUSE_DIRENT,
  FUSE_ENTRY_OUT,
  FUSE_ENTRY_OUT_SIZE,
  FUSE_OPEN_OUT,
} from "../../generated/layout/fuse.ts";
import { loopback } from "../../runtime/loopback.ts";
import { descriptors } from "../serve_fixture.ts";
import { sharedFolder } from "./fs.ts";

/** Number of the shared folder. */
export const ROOT = 1n;
/** Answers have room for an entry and a handle when nothing else is said. */
export const ROOM = FUSE_ENTRY_OUT_SIZE + 16;

/** Bytes of a request: numbers of so many bits, texts with a NUL behind, and bytes. */
export function pack(
  ...parts: readonly ([32 | 64, number | bigint] | string | Uint8Array)[]
): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => {
    if (typeof part === "string") return [...new TextEncoder().encode(part), 0];
    if (part instanceof Uint8Array) return [...part];
    const [bits, value] = part;
    const view = new DataView(new ArrayBuffer(bits / 8));
    if (bits === 32) view.setUint32(0, Number(value), true);
    else view.setBigUint64(0, BigInt(value), true);
    return [...new Uint8Array(view.buffer)];
  }));
}

/** A folder, and a driver that asks for what is in it. */
export class Shared implements AsyncDisposable {
  readonly path: string;
  readonly outside: string;
  readonly errors: unknown[] = [];
  readonly server;
  readonly #folder: string;
  readonly #before: readonly number[];
  readonly #driver: FileSystemDriver;
  readonly #close: () => void;
  #unique = 0n;

  private constructor(
    driver: FileSystemDriver,
    shared: ReturnType<typeof sharedFolder>,
    folder: string,
    before: readonly number[],
  ) {
    this.#before = before;
    this.#folder = folder;
    this.path = `${folder}/shared`;
    this.outside = `${folder}/outside`;
    this.#driver = driver;
    this.server = shared.server;
    this.#close = shared.close;
    shared.device.onError = (error) => this.errors.push(error);
  }

  static async open(): Promise<Shared> {
    const before = descriptors();
    const folder = Deno.makeTempDirSync({ prefix: "virtio-" });
    Deno.mkdirSync(`${folder}/shared`);
    Deno.writeTextFileSync(`${folder}/outside`, "secret");
    const shared = sharedFolder({ folder: `${folder}/shared`, tag: "test" });
    const driver = await FileSystemDriver.open(loopback(shared.device));
    return new Shared(driver, shared, folder, before);
  }

  /** Asks; the error, and what was yielded. */
  async ask(opcode: number, nodeid: bigint, input: Uint8Array = pack(), room = ROOM) {
    const unique = ++this.#unique;
    const header = { opcode, unique, nodeid, uid: 0, gid: 0, pid: 1, totalExtlen: 0 };
    const answer = await this.#driver.req(header, input, new Uint8Array(room));
    assert.equal(answer.unique, unique);
    const { dataout } = answer;
    const view = new DataView(dataout.buffer, dataout.byteOffset, dataout.length);
    return { error: -answer.error >>> 0, dataout, view };
  }

  /** Asks, and expects success. */
  async get(opcode: number, nodeid: bigint, input?: Uint8Array, room?: number) {
    const { error, ...answer } = await this.ask(opcode, nodeid, input, room);
    assert.equal(error, 0, `errno ${error}`);
    return answer;
  }

  /** Asks, and expects an error. */
  async refuse(errno: number, opcode: number, nodeid: bigint, input?: Uint8Array, room?: number) {
    const { error, dataout } = await this.ask(opcode, nodeid, input, room);
    assert.equal(error, errno);
    assert.equal(dataout.length, 0);
  }

  async lookup(directory: bigint, name: string): Promise<bigint> {
    const { view } = await this.get(Op.LOOKUP, directory, pack(name));
    return view.getBigUint64(FUSE_ENTRY_OUT.nodeid, true);
  }

  async openFile(nodeid: bigint, flags = 0): Promise<bigint> {
    const { view } = await this.get(Op.OPEN, nodeid, pack([32, flags], [32, 0]));
    return view.getBigUint64(FUSE_OPEN_OUT.fh, true);
  }

  async names(nodeid: bigint, room = 4096): Promise<string[]> {
    const opened = await this.get(Op.OPENDIR, nodeid, pack([32, 0], [32, 0]));
    const fh = opened.view.getBigUint64(FUSE_OPEN_OUT.fh, true);
    const names: string[] = [];
    for (let offset = 0n;;) {
      const { dataout, view } = await this.get(Op.READDIR, nodeid, readIn(fh, offset, room), room);
      if (dataout.length === 0) break;
      for (let at = 0; at < dataout.length;) {
        const start = at + FUSE_DIRENT.name;
        const length = view.getUint32(at + FUSE_DIRENT.namelen, true);
        names.push(new TextDecoder().decode(dataout.subarray(start, start + length)));
        offset = view.getBigUint64(at + FUSE_DIRENT.off, true);
        at += Math.ceil((FUSE_DIRENT.name + length) / 8) * 8;
      }
    }
    await this.get(Op.RELEASEDIR, nodeid, pack([64, fh], [64, 0], [64, 0]));
    return names.sort();
  }

  forget(nodeid: bigint, lookups: bigint): Promise<void> {
    const header = { unique: 0n, nodeid, uid: 0, gid: 0, pid: 1, totalExtlen: 0 };
    return this.#driver.forget(header, pack([64, lookups]));
  }

  batchForget(input: Uint8Array): Promise<void> {
    const header = { unique: 0n, nodeid: 0n, uid: 0, gid: 0, pid: 1, totalExtlen: 0 };
    return this.#driver.batchForget(header, input);
  }

  async [Symbol.asyncDispose]() {
    await this.#driver.close();
    this.#close();
    Deno.removeSync(this.#folder, { recursive: true });
    assert.deepEqual(this.errors, []);
    assert.deepEqual(descriptors(), this.#before);
  }
}

export function readIn(fh: bigint, offset: bigint | number, size: number): Uint8Array {
  return pack([64, fh], [64, offset], [32, size], [32, 0], [64, 0], [32, 0], [32, 0]);
}

export function writeIn(fh: bigint, offset: bigint | number, content: Uint8Array): Uint8Array {
  return pack(readIn(fh, offset, content.length), content);
}

export function setattrIn(
  valid: number,
  values: { size?: number; mode?: number; atime?: number; uid?: number },
): Uint8Array {
  const { size = 0, mode = 0, atime = 0, uid = 0 } = values;
  const input = pack([32, valid], [32, 0], [64, 0], [64, size], [64, 0], [64, atime]);
  return pack(input, new Uint8Array(28), [32, mode], [32, 0], [32, uid], [64, 0]);
}
