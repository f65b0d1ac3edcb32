/**
 * What needs the C library of Linux: sockets that carry descriptors, shared memory, events and
 * waiting. Files are in `files.ts`; no third file calls foreign functions.
 *
 * Descriptors are plain numbers; whoever holds one closes it. A call that fails throws a
 * TransportError with the name of the error. Structures are those of 64-bit Linux, which x86_64 and
 * aarch64 share except where a constant below says otherwise.
 *
 * A shared mapping lies inside the buffer of a WebAssembly memory, whose pages are replaced. That
 * gives a real SharedArrayBuffer: it can be posted to Workers, and the memory model covers it. Pages
 * of a mapping that was closed are anonymous memory from then on, so that a view that somebody kept
 * reads zeroes instead of ending the process; the collector takes the address range back.
 *
 * @module
 */

import { TransportError } from "../runtime/errors.ts";

/** Memory of a file, mapped and shared. */
export interface Mapping {
  /** The bytes, over a SharedArrayBuffer of their own. */
  readonly bytes: Uint8Array;
  /** Where the first byte lies in this process. */
  readonly address: number;
  /** Puts anonymous pages in its place. */
  close(): void;
}

// Numbers are passed for parameters of 32 bits alone, bigints for 64: anything else is twice as slow
// (740 instead of 400 ns for a signalled event). Calls that move less than 2^31 bytes return 32 bits.
const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  strerror: { parameters: ["i32"], result: "pointer" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept4: { parameters: ["i32", "usize", "usize", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  dup3: { parameters: ["i32", "i32", "i32"], result: "i32" },
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
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

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const CLOEXEC = 0x80000;
const NONBLOCK = 0x800;
const MSG_DONTWAIT = 0x40;
const MSG_CTRUNC = 8;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MFD_CLOEXEC_AND_SEALING = 3;
const F_GETFD = 1;
const F_SETFL = 4;
const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;
const F_SEAL_SHRINK = 2;
const AT_EMPTY_PATH = 0x1000;
const STATX_SIZE = 0x200;
const READ_WRITE = 3;
const MAP_SHARED_FIXED = 0x11;
const MAP_PRIVATE_FIXED_ANONYMOUS = 0x32;
const EPOLLIN = 1;
const EPOLLET = 0x8000_0000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EAGAIN = 11;
const EINTR = 4;
const ECONNABORTED = 103;
const ECONNREFUSED = 111;

/** Most descriptors that one message may bring; a ninth is enough to know that there are too many. */
const DESCRIPTORS_MAX = 16;
const CONTROL_SIZE = 16 + 4 * DESCRIPTORS_MAX;
const PAGE = 4096;
const WASM_PAGE = 65536;
/** Bytes of one event of epoll, and where its data is: x86_64 packs the structure. */
const EVENT_SIZE = Deno.build.arch === "x86_64" ? 12 : 16;
const EVENT_DATA = EVENT_SIZE - 8;

let library: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;
let elsewhere: Deno.DynamicLibrary<typeof WAIT>["symbols"];

/** Functions of the C library; TransportError where there is none like it. */
export function load<const S extends Deno.ForeignLibraryInterface>(
  symbols: S,
): Deno.DynamicLibrary<S>["symbols"] {
  const { os } = Deno.build;
  if (os !== "linux") throw new TransportError(`Cannot use vhost-user on ${os}: it needs Linux`);
  try {
    return Deno.dlopen("libc.so.6", symbols).symbols;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new TransportError("Cannot use vhost-user: there is no libc.so.6 to load", { cause });
  }
}

/** The functions used here, loaded when they are first needed. */
function libc(): NonNullable<typeof library> {
  if (library !== undefined) return library;
  elsewhere = load(WAIT);
  return library = load(SYMBOLS);
}

/** The error of the call that failed just now. */
export function errno(): number {
  return new Deno.UnsafePointerView(libc().__errno_location()!).getInt32();
}

function errorText(error: number): string {
  return new Deno.UnsafePointerView(libc().strerror(error)!).getCString();
}

/** Throws a TransportError with what the C library says of an error. */
export function fail(what: string, error: number = errno()): never {
  throw new TransportError(`Cannot ${what}: ${errorText(error)} (errno ${error})`);
}

/** -1 for a call that may be made again later. */
function later(what: string): -1 {
  const error = errno();
  return [EAGAIN, EINTR, ECONNABORTED].includes(error) ? -1 : fail(what, error);
}

function check(what: string, result: number): number {
  return result < 0 ? fail(what) : result;
}

/** A text as C has it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** Where bytes lie in this process; those of a mapping stay there, others may be moved by the collector. */
export function addressOf(bytes: Uint8Array): number {
  return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes as Uint8Array<ArrayBuffer>)));
}

/** Whether a number is that of an open descriptor. */
export function isOpen(fd: number): boolean {
  return libc().fcntl(fd, F_GETFD, 0) >= 0;
}

/** Closes a descriptor. */
export function close(fd: number): void {
  libc().close(fd);
}

function socketAddress(path: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(path);
  const address = new Uint8Array(110);
  if (name.length === 0 || name.length > 107) {
    throw new TransportError(`Cannot use the socket ${JSON.stringify(path)}: not 1 to 107 bytes`);
  }
  address[0] = AF_UNIX;
  address.set(name, 2);
  return address;
}

function socketFor(path: string, use: (fd: number, address: Uint8Array<ArrayBuffer>) => void) {
  const address = socketAddress(path);
  const fd = check("make a socket", libc().socket(AF_UNIX, SOCK_STREAM | CLOEXEC | NONBLOCK, 0));
  try {
    use(fd, address);
  } catch (error) {
    close(fd);
    throw error;
  }
  return fd;
}

/** A socket that listens at a path, which must be free. */
export function listen(path: string): number {
  return socketFor(path, (fd, address) => {
    check(`listen at ${path}`, libc().bind(fd, address, address.length));
    check(`listen at ${path}`, libc().listen(fd, 8));
  });
}

/** The next connection to a listening socket; -1 when there is none now. */
export function accept(fd: number): number {
  const accepted = libc().accept4(fd, 0n, 0n, CLOEXEC | NONBLOCK);
  return accepted >= 0 ? accepted : later("accept");
}

/** A socket connected to the one that listens at a path. */
export function connect(path: string): number {
  return socketFor(path, (fd, address) => {
    check(`connect to ${path}`, libc().connect(fd, address, address.length));
  });
}

/** Whether somebody listens at the socket that a path has, as far as can be known: it is not refused. */
export function isListenedAt(path: string): boolean {
  let refused = false;
  close(socketFor(path, (fd, address) => {
    refused = libc().connect(fd, address, address.length) < 0 && errno() === ECONNREFUSED;
  }));
  return !refused;
}

/** Two sockets connected to each other. */
export function socketPair(): [number, number] {
  const pair = new Int32Array(2);
  const [type, into] = [SOCK_STREAM | CLOEXEC | NONBLOCK, new Uint8Array(pair.buffer)];
  check("make a pair of sockets", libc().socketpair(AF_UNIX, type, 0, into));
  return [pair[0]!, pair[1]!];
}

/** The header, control buffer and vector of one sendmsg or recvmsg; they refer to each other. */
function messageHeader(bytes: Uint8Array, control: Uint8Array | undefined) {
  const words = new BigUint64Array(9); // 56 bytes of msghdr, then the vector's 16
  const header = new Uint8Array(words.buffer);
  words[7] = BigInt(addressOf(bytes));
  words[8] = BigInt(bytes.length);
  words[2] = BigInt(addressOf(header) + 56);
  words[3] = 1n;
  if (control !== undefined) {
    words[4] = BigInt(addressOf(control));
    words[5] = BigInt(control.length);
  }
  return { header, words };
}

/** Sends bytes, with descriptors at the first of them; returns how many were taken, -1 when none can be now. */
export function send(fd: number, bytes: Uint8Array, descriptors: readonly number[] = []): number {
  let control: Uint8Array | undefined;
  if (descriptors.length > 0) {
    control = new Uint8Array(Math.ceil((16 + 4 * descriptors.length) / 8) * 8);
    const view = new DataView(control.buffer);
    view.setBigUint64(0, BigInt(16 + 4 * descriptors.length), true);
    view.setInt32(8, SOL_SOCKET, true);
    view.setInt32(12, SCM_RIGHTS, true);
    descriptors.forEach((descriptor, at) => view.setInt32(16 + 4 * at, descriptor, true));
  }
  const { header } = messageHeader(bytes, control);
  const sent = libc().sendmsg(fd, header, MSG_DONTWAIT | MSG_NOSIGNAL);
  keep(bytes, control);
  return sent >= 0 ? sent : later("send");
}

/**
 * Receives bytes, and appends the descriptors that came with them; 0 at the end of the connection,
 * -1 when nothing came yet. TransportError when there were more descriptors than fit, all of which
 * are appended or closed.
 */
export function receive(fd: number, into: Uint8Array, descriptors: number[]): number {
  const control = new Uint8Array(CONTROL_SIZE);
  const { header, words } = messageHeader(into, control);
  const received = libc().recvmsg(fd, header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  keep(into, control);
  if (received < 0) return later("receive");
  const view = new DataView(control.buffer);
  const filled = Number(words[5]);
  for (let at = 0; at + 16 <= filled;) {
    const length = Number(view.getBigUint64(at, true));
    if (view.getInt32(at + 8, true) === SOL_SOCKET && view.getInt32(at + 12, true) === SCM_RIGHTS) {
      for (let each = at + 16; each + 4 <= at + length; each += 4) {
        descriptors.push(view.getInt32(each, true));
      }
    }
    at += Math.max(16, Math.ceil(length / 8) * 8);
  }
  if ((Number(words[6]) & MSG_CTRUNC) !== 0) {
    throw new TransportError("Cannot receive: more descriptors than any message has");
  }
  return received;
}

/** What a foreign call reads by its address must be alive, and used, until that call returned. */
function keep(..._bytes: (Uint8Array | undefined)[]): void {}

/** Anonymous shared memory of so many bytes, which nobody can make smaller. */
export function memoryFile(name: string, size: number): number {
  const fd = check("make memory", libc().memfd_create(cString(name), MFD_CLOEXEC_AND_SEALING));
  try {
    check("make memory", libc().ftruncate(fd, BigInt(size)));
    check("seal memory", libc().fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
  } catch (error) {
    close(fd);
    throw error;
  }
  return fd;
}

/** Whether nobody can make a descriptor's memory smaller. */
export function isSealed(fd: number): boolean {
  const seals = libc().fcntl(fd, F_GET_SEALS, 0);
  return seals >= 0 && (seals & F_SEAL_SHRINK) !== 0;
}

/** The bytes of a descriptor's file, and of its pages. */
export function fileSize(fd: number): { readonly size: number; readonly page: number } {
  const stat = new Uint8Array(256);
  check("look at a file", libc().statx(fd, cString(""), AT_EMPTY_PATH, STATX_SIZE, stat));
  const view = new DataView(stat.buffer);
  return { size: Number(view.getBigUint64(40, true)), page: view.getUint32(4, true) };
}

/** Maps a part of a descriptor's file, which must have it; the descriptor may be closed afterwards. */
export function map(fd: number, offset: number, size: number): Mapping {
  // Files of huge pages are mapped at multiples of these; their pages are larger than any disk's blocks.
  const { page } = fileSize(fd);
  const unit = page >= 2 << 20 ? page : PAGE;
  const before = offset % unit;
  const length = Math.ceil((before + size) / unit) * unit;
  const slack = unit > WASM_PAGE ? unit : 0;
  const buffer = addressSpace(length + slack);
  const base = addressOf(new Uint8Array(buffer));
  const start = Math.ceil(base / unit) * unit;
  const [at, bytes, from] = [BigInt(start), BigInt(length), BigInt(offset - before)];
  const mapped = libc().mmap(at, bytes, READ_WRITE, MAP_SHARED_FIXED, fd, from);
  if (Number(mapped) !== start) fail(`map ${size} bytes of memory`);
  return {
    bytes: new Uint8Array(buffer, start - base + before, size),
    address: start + before,
    close() {
      libc().mmap(at, bytes, READ_WRITE, MAP_PRIVATE_FIXED_ANONYMOUS, -1, 0n);
    },
  };
}

/** Addresses for so many bytes, as a buffer. */
function addressSpace(length: number): ArrayBufferLike {
  const pages = BigInt(Math.ceil(length / WASM_PAGE));
  const descriptor = { initial: pages, maximum: pages, shared: true, address: "i64" };
  try {
    const Memory = WebAssembly.Memory as unknown as new (
      _: typeof descriptor,
    ) => WebAssembly.Memory;
    return new Memory(descriptor).buffer;
  } catch (cause) {
    throw new TransportError(`Cannot map ${length} bytes of memory: no room for them`, { cause });
  }
}

/** An event that is counted until it is read. */
export function event(): number {
  return check("make an event", libc().eventfd(0, CLOEXEC | NONBLOCK));
}

/** Lets a descriptor's number stand for another one's file from now on. */
export function retarget(fd: number, other: number): void {
  check("exchange a descriptor", libc().dup3(other, fd, CLOEXEC));
}

/** Makes sure that a descriptor of the other side never makes us wait. */
export function neverBlock(fd: number): void {
  check("use a descriptor", libc().fcntl(fd, F_SETFL, NONBLOCK));
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
    return Math.max(0, await elsewhere.epoll_wait(this.#fd, this.#events, most, -1));
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
