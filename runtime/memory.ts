/**
 * Guest memory: regions of bytes at guest addresses.
 *
 * Security model: addresses and lengths given to {@linkcode GuestMemory.locate} come from the other
 * side and are hostile; an access is granted only when all of its bytes lie inside one region. Regions
 * themselves come from our own user. A region that is removed or replaced takes effect at once, also
 * for buffers in flight: they hold the number of a window, never its bytes.
 *
 * @module
 */

/** A piece of guest memory. */
export interface MemoryRegion {
  /** Guest address of the first byte; the region ends at or below 2^53. */
  readonly address: number;
  /** The bytes, over an ArrayBuffer or a SharedArrayBuffer. */
  readonly bytes: Uint8Array;
  /** Whether somebody outside this agent writes the bytes; a SharedArrayBuffer always counts as such. */
  readonly shared?: boolean;
}

// Indexing a Uint8Array beyond 2 GiB costs 21 ns instead of 1 in V8, so a region is seen through windows: each
// starts at a multiple of 1 GiB (or where its region starts) and reaches to the region's end.
const WINDOW_SPAN = 2 ** 30;
const ADDRESS_END = 2 ** 53;
const WORD = 2 ** 32;
const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);

/** A part of a region, in which every byte that may start an access has an offset below 2^30. */
export class MemoryWindow {
  /** Guest address of offset 0. */
  declare readonly address: number;
  /** Offsets at which an access may start: 0 up to this. */
  declare readonly span: number;
  /** The bytes up to the end of the region; empty once the region was removed. */
  declare bytes: Uint8Array;
  /** The same as 32-bit words; empty where the buffer is not aligned for that. */
  declare words: Int32Array;

  /** Called by {@linkcode GuestMemory} alone. */
  constructor(address: number, span: number, bytes: Uint8Array) {
    this.address = address;
    this.span = span;
    this.bytes = bytes;
    this.words = wordsOf(bytes);
  }

  /** Exchanges the bytes. */
  aim(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.words = wordsOf(bytes);
  }
}

/** Who reaches guest memory through views of its own. */
export interface MemoryUser {
  /** Called whenever a region was added, removed or replaced; does no more than remember that. */
  memoryChanged(): void;
}

interface Region {
  readonly address: number;
  readonly windows: MemoryWindow[];
  bytes: Uint8Array;
  shared: boolean;
}

/** All memory that a device and its driver share, by guest address. */
export class GuestMemory {
  /** After {@linkcode GuestMemory.locate}: number of the window that holds the access. */
  found = 0;

  #regions: Region[] = [];
  readonly #users = new Set<MemoryUser>();
  #windows: MemoryWindow[] = []; // a number, once given, stands for the same addresses: windows are never taken out
  /** For queues: low half of the address of the window {@linkcode GuestMemory.found}, as int32. */
  hotLow = 0;
  /** For queues: the high half. */
  hotHigh = 0;
  /** For queues: its bytes that int32 arithmetic reaches. */
  hotLimit = 0;
  /** For queues: its words. */
  hotWords: Int32Array = NO_WORDS;

  /** The given regions make up the memory; more can follow. */
  constructor(regions: readonly MemoryRegion[] = []) {
    for (const region of regions) this.addRegion(region);
  }

  /** Memory of one region, which starts at `address`. */
  static of(buffer: ArrayBufferLike | Uint8Array, address = 0): GuestMemory {
    const bytes = buffer instanceof Uint8Array ? buffer : new Uint8Array(buffer);
    return new GuestMemory([{ address, bytes }]);
  }

  /** Whether somebody outside this agent may write to any of the regions. */
  get shared(): boolean {
    return this.#regions.some((region) => region.shared);
  }

  /** The regions, by rising address. */
  get regions(): readonly MemoryRegion[] {
    return this.#regions.map(({ address, bytes, shared }) => ({ address, bytes, shared }));
  }

  /** Adds a region; RangeError when it is empty, overlaps another or ends above 2^53. */
  addRegion(region: MemoryRegion): void {
    const { address, bytes } = region;
    const what = `Cannot add the region at ${address}`;
    checkRange(what, address, bytes.length);
    if (bytes.length === 0) throw new RangeError(`${what}: it has no bytes`);
    this.#checkFree(what, address, address + bytes.length);
    const windows = windowsOf(address, bytes).map((window) => this.#enter(window));
    this.#regions.push({ address, bytes, windows, shared: isShared(region) });
    this.#regions.sort((a, b) => a.address - b.address);
    this.#changed();
  }

  /** Takes away the region that starts at `address`; RangeError when there is none. */
  removeRegion(address: number): void {
    const region = this.#regionAt("remove", address);
    for (const window of region.windows) window.aim(NO_BYTES);
    this.#regions.splice(this.#regions.indexOf(region), 1);
    this.#changed();
  }

  /**
   * Exchanges the bytes of the region that starts at `address`, as needed when WebAssembly memory has
   * grown (at once: until then, what is written goes nowhere); RangeError when there is no such region, the new bytes
   * are fewer, or overlap the next region.
   */
  replaceRegion(address: number, bytes: Uint8Array): void {
    const region = this.#regionAt("replace", address);
    const what = `Cannot replace the region at ${address}`;
    const old = region.windows.reduce((sum, window) => sum + window.span, 0);
    if (bytes.length < old) {
      throw new RangeError(`${what}: ${bytes.length} bytes instead of ${old}`);
    }
    checkRange(what, address, bytes.length);
    this.#checkFree(what, address, address + bytes.length, region);
    // Old windows keep their numbers and spans; what is new is reached through windows of its own.
    for (const window of region.windows) window.aim(bytes.subarray(window.address - address));
    if (bytes.length > old) {
      const more = windowsOf(address + old, bytes.subarray(old));
      region.windows.push(...more.map((window) => this.#enter(window)));
    }
    region.bytes = bytes;
    region.shared = isShared({ address, bytes, shared: region.shared });
    this.#changed();
  }

  /** Tells a user of every change from now on, until it is detached. */
  attach(user: MemoryUser): void {
    this.#users.add(user);
  }

  /** Tells a user of no more changes. */
  detach(user: MemoryUser): void {
    this.#users.delete(user);
  }

  /** Whether every byte of the range belongs to a region; adjacent regions count as one. */
  contains(address: number, length: number): boolean {
    while (length > 0) {
      const left = this.extent(address);
      if (left === 0) return false;
      address += left;
      length -= left;
    }
    return true;
  }

  /** How many bytes follow in the region that holds `address`: 0 when none does. */
  extent(address: number): number {
    for (const region of this.#regions) {
      const offset = address - region.address;
      if (offset >= 0 && offset < region.bytes.length) return region.bytes.length - offset;
    }
    return 0;
  }

  /** The bytes themselves, without a copy; undefined unless one region holds them all. */
  view(address: number, length: number): Uint8Array | undefined {
    for (const region of this.#regions) {
      const offset = address - region.address;
      if (offset >= 0 && offset + length <= region.bytes.length) {
        return region.bytes.subarray(offset, offset + length);
      }
    }
    return undefined;
  }

  /** Copies guest memory into `into`, also across adjacent regions; RangeError when a byte is outside. */
  read(address: number, into: Uint8Array): void {
    this.#eachPiece("read", address, into.length, (piece, at) => into.set(piece, at));
  }

  /** Copies `from` to guest memory, also across adjacent regions; RangeError when a byte is outside. */
  write(address: number, from: Uint8Array): void {
    this.#eachPiece("write", address, from.length, (piece, at) => {
      piece.set(from.subarray(at, at + piece.length));
    });
  }

  /** Guest address of the view's first byte when all of it lies in a region; otherwise -1. */
  addressOf(view: Uint8Array): number {
    for (const { address, bytes } of this.#regions) {
      const offset = view.byteOffset - bytes.byteOffset;
      if (view.buffer === bytes.buffer && offset >= 0 && offset + view.length <= bytes.length) {
        return address + offset;
      }
    }
    return -1;
  }

  /** The window of that number, as left in {@linkcode GuestMemory.found}. */
  window(number: number): MemoryWindow {
    return this.#windows[number]!;
  }

  /**
   * Finds `length` bytes at the address given as two 32-bit halves (all three as int32 bit patterns).
   * Returns their offset in the window {@linkcode GuestMemory.found}, or -1 when they are not all
   * inside one region or `length` is 0.
   */
  locate(low: number, high: number, length: number): number {
    // The hot window does not cross a multiple of 4 GiB within its limit, so an address below the window gives, as
    // int32, either a negative offset or one at or beyond the limit. A length of 2 GiB or more is negative here.
    const offset = (low - this.hotLow) | 0;
    const hot = high === this.hotHigh && offset >= 0 && length > 0 &&
      length <= (this.hotLimit - offset | 0);
    return hot ? offset : this.#search((high >>> 0) * WORD + (low >>> 0), length >>> 0);
  }

  #search(address: number, length: number): number {
    if (length === 0) return -1;
    for (let number = 0; number < this.#windows.length; number++) {
      const window = this.#windows[number]!;
      const offset = address - window.address;
      if (offset < 0 || offset >= window.span) continue;
      if (length > window.bytes.length - offset) continue;
      this.hotLow = window.address | 0;
      this.hotHigh = Math.floor(window.address / WORD) | 0;
      const limit = Math.min(window.bytes.length, 2 ** 31 - 1, WORD - window.address % WORD);
      // All of these fit, but as doubles they would make doubles of all that is computed from them: 5 ns a buffer.
      this.hotLimit = limit | 0;
      this.hotWords = window.words;
      this.found = number;
      return offset | 0;
    }
    return -1;
  }

  /** Gives a window its number: that of one for the same addresses, if there was one whose region was removed. */
  #enter(window: MemoryWindow): MemoryWindow {
    const { address, span } = window;
    const old = this.#windows.find((one) => {
      return one.address === address && one.span === span && one.bytes.length === 0;
    });
    if (old === undefined) this.#windows.push(window);
    else old.aim(window.bytes);
    return old ?? window;
  }

  #changed(): void {
    this.hotLimit = 0;
    for (const user of this.#users) user.memoryChanged();
  }

  #regionAt(verb: string, address: number): Region {
    const region = this.#regions.find((region) => region.address === address);
    if (region === undefined) {
      throw new RangeError(`Cannot ${verb} the region at ${address}: no region starts there`);
    }
    return region;
  }

  #checkFree(what: string, start: number, end: number, except?: Region): void {
    for (const region of this.#regions) {
      const regionEnd = region.address + region.bytes.length;
      if (region !== except && start < regionEnd && region.address < end) {
        throw new RangeError(`${what}: it overlaps the region ${region.address} to ${regionEnd}`);
      }
    }
  }

  #eachPiece(
    verb: string,
    address: number,
    length: number,
    use: (piece: Uint8Array, at: number) => void,
  ): void {
    if (!this.contains(address, length)) {
      throw new RangeError(`Cannot ${verb} ${length} bytes at ${address}: outside guest memory`);
    }
    for (let at = 0; at < length;) {
      const count = Math.min(this.extent(address + at), length - at);
      use(this.view(address + at, count)!, at);
      at += count;
    }
  }
}

function checkRange(what: string, address: number, length: number): void {
  if (!Number.isInteger(address) || address < 0 || address > ADDRESS_END - length) {
    throw new RangeError(`${what}: not a range of addresses below 2^53`);
  }
}

function isShared(region: MemoryRegion): boolean {
  if (region.shared === true) return true;
  return typeof SharedArrayBuffer !== "undefined" &&
    region.bytes.buffer instanceof SharedArrayBuffer;
}

function windowsOf(address: number, bytes: Uint8Array): MemoryWindow[] {
  const windows: MemoryWindow[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const span = Math.min(WINDOW_SPAN - (address + offset) % WINDOW_SPAN, bytes.length - offset);
    const part = offset === 0 ? bytes : bytes.subarray(offset);
    windows.push(new MemoryWindow(address + offset, span, part));
    offset += span;
  }
  return windows;
}

function wordsOf(bytes: Uint8Array): Int32Array {
  if (bytes.length < 4 || bytes.byteOffset % 4 !== 0) return NO_WORDS;
  return new Int32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
}
