/**
 * The files that a driver knows: a number for each, with a descriptor that stands for the file without
 * opening it.
 *
 * That is how nobody gets out of the shared folder. A driver names a file by a number that it was given
 * here, or by such a number and one name; the name has no slash and is not `..` (`input.ts`), and is
 * never followed when it is a symbolic link, which the driver resolves by itself. Nor is a file entered
 * that lies where another file system is mounted: inode numbers would not tell files apart any more.
 *
 * @module
 */

import { type Attributes, attributes, NodeFlag, openAt } from "../../files.ts";
import { close } from "../../ffi.ts";
import { FUSE_ROOT_ID } from "../../../generated/layout/fuse.ts";

/** Types of files, as the highest bits of a mode. */
export const FileType = {
  /** Where they are. */
  MASK: 0o170000,
  /** A pipe. */
  FIFO: 0o010000,
  /** A directory. */
  DIRECTORY: 0o040000,
  /** A file of bytes. */
  REGULAR: 0o100000,
  /** A socket. */
  SOCKET: 0o140000,
} as const;

const EXDEV = 18;
const LOOKUPS_MAX = Number.MAX_SAFE_INTEGER;

/** A file that the driver knows. */
export interface Node {
  /** Its number for the driver; none is given twice. */
  readonly id: number;
  /** Stands for the file. */
  readonly fd: number;
  /** Type of the file. */
  readonly type: number;
  /** What tells it from all other files. */
  readonly key: string;
  /** How often the driver was given the number, without what it forgot. */
  lookups: number;
}

/** The files that a driver knows. */
export class Nodes {
  readonly #byId = new Map<number, Node>();
  readonly #byKey = new Map<string, Node>();
  readonly #root: Node;
  readonly #mount: bigint;
  #last: number = FUSE_ROOT_ID;

  /** Takes over a descriptor of the shared folder, with the attributes of that. */
  constructor(fd: number, found: Attributes) {
    this.#mount = found.mount;
    this.#root = this.#add(FUSE_ROOT_ID, fd, found);
  }

  /** The file of a number. */
  get(id: bigint): Node | undefined {
    return this.#byId.get(Number(id));
  }

  /** How many files the driver knows. */
  get size(): number {
    return this.#byId.size;
  }

  /** Finds a name of a directory, and counts the lookup; or the number of an error, negated. */
  find(directory: Node, name: Uint8Array<ArrayBuffer>): { node: Node; found: Attributes } | number {
    const fd = openAt(directory.fd, name, NodeFlag.PATH);
    return fd < 0 ? fd : this.enter(fd);
  }

  /** Takes over a descriptor that stands for a file, and counts a lookup; or an error's number, negated. */
  enter(fd: number): { node: Node; found: Attributes } | number {
    const found = attributes(fd);
    if (typeof found === "number" || found.mount !== this.#mount) {
      close(fd);
      return typeof found === "number" ? found : -EXDEV;
    }
    let node = this.#byKey.get(keyOf(found));
    if (node === undefined) node = this.#add(++this.#last, fd, found);
    else close(fd);
    node.lookups = Math.min(node.lookups + 1, LOOKUPS_MAX);
    return { node, found };
  }

  /** Forgets lookups, and the file when none is left; never the shared folder. */
  forget(id: bigint, lookups: bigint): void {
    const node = this.get(id);
    if (node === undefined || node === this.#root) return;
    node.lookups -= Math.min(Number(lookups), node.lookups);
    if (node.lookups === 0) this.#drop(node);
  }

  /** Forgets everything but the shared folder. */
  clear(): void {
    for (const node of this.#byId.values()) if (node !== this.#root) this.#drop(node);
  }

  /** Forgets everything. */
  close(): void {
    for (const node of this.#byId.values()) this.#drop(node);
  }

  #add(id: number, fd: number, found: Attributes): Node {
    const type = found.mode & FileType.MASK;
    const node = { id, fd, type, key: keyOf(found), lookups: 0 };
    this.#byId.set(id, node);
    this.#byKey.set(node.key, node);
    return node;
  }

  #drop(node: Node): void {
    this.#byId.delete(node.id);
    this.#byKey.delete(node.key);
    close(node.fd);
  }
}

/** A file system in layers has several devices in one mount. */
function keyOf({ fileSystem, inode }: Attributes): string {
  return `${fileSystem.join(":")}:${inode}`;
}
