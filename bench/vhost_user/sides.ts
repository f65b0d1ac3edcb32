/** The back ends that are compared. @module */

import { BackEnd } from "./peers.ts";

/** Bytes of the file, which lies in memory (tmpfs). */
const FILE_BYTES = 64 << 20;
const NULL_BYTES = 16 << 20;

/** A back end by its name in the tables. */
export interface Side {
  /** Its name. */
  readonly name: string;
  /** Which of the daemon's it is compared with; undefined for those of the daemon. */
  readonly against?: "null" | "file";
  /** What the daemon's has, which is compared with. */
  readonly kind: "null" | "file";
  /** Starts it, with flags for V8 if it is ours. */
  start(folder: string, flags?: readonly string[]): Promise<BackEnd>;
}

/** All back ends, in the order in which they are measured. */
export const SIDES: readonly Side[] = [
  ours("our null", "null", () => [module("./null_disk.ts")]),
  daemon("null-co", "null", "", nullNode),
  ours("our memory, 256 KiB", "null", () => [module("./memory_disk.ts?kib=256")]),
  ours("our memory, 16 MiB", "null", () => [module("./memory_disk.ts?kib=16384")]),
  daemon("null-co, I/O thread", "null", "t0", nullNode),
  ours("our file", "file", (folder) => ["blk", "--file", file(folder)]),
  daemon("its file", "file", "", fileNode),
  daemon("its file, I/O thread", "file", "t0", fileNode),
];

/** The path of the file in that folder. */
export function file(folder: string): string {
  return `${folder}/disk`;
}

/** Makes the file. */
export async function makeFile(folder: string): Promise<void> {
  await Deno.writeFile(file(folder), new Uint8Array(FILE_BYTES).fill(7));
}

function ours(name: string, kind: Side["kind"], what: (folder: string) => string[]): Side {
  return {
    name,
    kind,
    against: kind,
    start(folder, flags = []) {
      const socket = socketOf(folder, name);
      return BackEnd.start(socket, Deno.execPath(), [
        ...["run", "-A", "--no-check", ...flags, module("../../cli.ts"), "serve", ...what(folder)],
        ...["--threads", "--quiet", "--socket", socket],
      ]);
    },
  };
}

function daemon(
  name: string,
  kind: Side["kind"],
  thread: string,
  node: (folder: string) => string,
): Side {
  return {
    name,
    kind,
    start(folder) {
      const socket = socketOf(folder, name);
      const where = thread === "" ? "" : `,iothread=${thread}`;
      return BackEnd.start(socket, "qemu-storage-daemon", [
        ...(thread === "" ? [] : ["--object", `iothread,id=${thread}`]),
        ...["--blockdev", `${node(folder)},node-name=d0`],
        "--export",
        `type=vhost-user-blk,id=e0,node-name=d0,addr.type=unix,addr.path=${socket}${where}`,
      ]);
    },
  };
}

function nullNode(): string {
  return `driver=null-co,size=${NULL_BYTES}`;
}

function fileNode(folder: string): string {
  return `driver=file,filename=${file(folder)}`;
}

function socketOf(folder: string, name: string): string {
  return `${folder}/${name.replaceAll(/\W+/g, "-")}`;
}

function module(path: string): string {
  const { pathname, search } = new URL(path, import.meta.url);
  return pathname + search;
}
