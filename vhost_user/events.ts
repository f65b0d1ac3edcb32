/**
 * Events, and waiting for descriptors, by the C library of Linux.
 *
 * @module
 */

import { check, close, load } from "./ffi.ts";

const SYMBOLS = {
  dup3: { parameters: ["i32", "i32", "i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
} as const;

// The same function again, for the one call that may wait in another thread.
const WAIT = {
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32", nonblocking: true },
} as const;

const CLOEXEC = 0x80000;
const NONBLOCK = 0x800;
const EPOLLIN = 1;
const EPOLLET = 0x8000_0000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
/** Bytes of one event of epoll, and where its data is: x86_64 packs the structure. */
const EVENT_SIZE = Deno.build.arch === "x86_64" ? 12 : 16;
const EVENT_DATA = EVENT_SIZE - 8;

let library: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;
let elsewhere: Deno.DynamicLibrary<typeof WAIT>["symbols"] | undefined;

function libc(): NonNullable<typeof library> {
  return library ??= load(SYMBOLS);
}

/** An event that is counted until it is read. */
export function event(): number {
  return check("make an event", libc().eventfd(0, CLOEXEC | NONBLOCK));
}

/** Lets a descriptor's number stand for another one's file from now on. */
export function retarget(fd: number, other: number): void {
  check("exchange a descriptor", libc().dup3(other, fd, CLOEXEC));
}

const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);
const COUNT = new Uint8Array(8);
const COUNT_VIEW = new DataView(COUNT.buffer);

/** Signals an event; a count that is full already will be seen anyway. */
export function signal(fd: number): void {
  libc().write(fd, ONE, 8);
}

/** Takes an event back; how often it had been signalled, modulo 2^32. */
export function drain(fd: number): number {
  return libc().read(fd, COUNT, 8) === 8 ? COUNT_VIEW.getUint32(0, true) : 0;
}

/** A set of descriptors to wait for. */
export class Watch {
  readonly #fd: number;
  readonly #events: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  /** Tells of up to `most` descriptors at a time. */
  constructor(most = 64) {
    this.#fd = check("wait for descriptors", libc().epoll_create1(CLOEXEC));
    this.#events = new Uint8Array(most * EVENT_SIZE);
    this.#view = new DataView(this.#events.buffer);
  }

  /** Adds a descriptor, which is told of as long as there is something to read, or `once` for each event. */
  add(fd: number, once = false): void {
    const change = new DataView(new ArrayBuffer(EVENT_SIZE));
    change.setUint32(0, once ? EPOLLIN | EPOLLET : EPOLLIN, true);
    change.setInt32(EVENT_DATA, fd, true);
    const bytes = new Uint8Array(change.buffer);
    check("wait for a descriptor", libc().epoll_ctl(this.#fd, EPOLL_CTL_ADD, fd, bytes));
  }

  /** Removes a descriptor, before it is closed. */
  remove(fd: number): void {
    libc().epoll_ctl(this.#fd, EPOLL_CTL_DEL, fd, new Uint8Array(EVENT_SIZE));
  }

  /** Waits up to so many milliseconds, for ever when negative; returns how many descriptors are ready. */
  wait(milliseconds: number): number {
    const most = this.#events.length / EVENT_SIZE;
    return Math.max(0, libc().epoll_wait(this.#fd, this.#events, most, milliseconds));
  }

  /** The same in another thread; nothing else may be asked of this set meanwhile but to add and remove. */
  async waitElsewhere(): Promise<number> {
    const most = this.#events.length / EVENT_SIZE;
    return Math.max(
      0,
      await (elsewhere ??= load(WAIT)).epoll_wait(this.#fd, this.#events, most, -1),
    );
  }

  /** A descriptor that is ready. */
  ready(at: number): number {
    return this.#view.getInt32(at * EVENT_SIZE + EVENT_DATA, true);
  }

  /** Lets go of all. */
  close(): void {
    close(this.#fd);
  }
}
