/**
 * The device's configuration space (VIRTIO 1.4, 2.5).
 *
 * @module
 */

/** A range of bytes in configuration space. */
export interface ConfigRange {
  /** Offset of the first byte. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
}

/**
 * The bytes of a configuration space, with a generation that moves when a driver could otherwise
 * put together two versions. It moves lazily, on a read that finds other bytes than the read
 * before: a generation of eight bits that counted changes could come round to the same value.
 */
export class ConfigSpace {
  /** The bytes; the device edits them in place. */
  readonly bytes: Uint8Array;
  /** The same bytes, for fields of several bytes (little-endian). */
  readonly view: DataView;
  readonly #writable: Uint8Array; // 1 for each byte that the driver may write
  readonly #current: Version;
  readonly #seen: Version; // as of the last read
  #frozen: Version | undefined;
  #generation = 0;

  /** Starts with a copy of `initial`; RangeError when a writable range leaves the space. */
  constructor(initial: Uint8Array, writable: readonly ConfigRange[] = []) {
    this.#current = new Version(initial);
    this.#seen = new Version(initial);
    this.bytes = this.#current.bytes;
    this.view = new DataView(this.bytes.buffer, 0, initial.length);
    this.#writable = new Uint8Array(initial.length);
    for (const { offset, length } of writable) {
      if (offset < 0 || length < 0 || offset + length > initial.length) {
        throw new RangeError(
          `Cannot make bytes ${offset} to ${offset + length} of the configuration writable: ` +
            `it has ${initial.length}`,
        );
      }
      this.#writable.fill(1, offset, offset + length);
    }
  }

  /** The generation that a driver sees, 32 bits; a transport with fewer takes the lowest. */
  get generation(): number {
    return this.#generation;
  }

  /** Copies bytes out; past the end there are zeros. */
  read(offset: number, into: Uint8Array): void {
    const visible = this.#frozen ?? this.#current;
    if (!visible.equals(this.#seen)) {
      this.#seen.bytes.set(visible.bytes);
      this.#generation = (this.#generation + 1) >>> 0;
    }
    const { bytes } = visible;
    for (let at = 0; at < into.length; at++) {
      const from = offset + at;
      into[at] = offset >= 0 && from < bytes.length ? bytes[from]! : 0;
    }
  }

  /** Copies in what the driver may write, drops the rest, and says which ranges it wrote. */
  write(offset: number, bytes: Uint8Array): ConfigRange[] {
    const written: ConfigRange[] = [];
    for (let from = 0; from < bytes.length;) {
      let to = from;
      while (to < bytes.length && this.#writable[offset + to] === 1) to++;
      if (to > from) {
        this.bytes.set(bytes.subarray(from, to), offset + from);
        this.#seen.bytes.set(bytes.subarray(from, to), offset + from);
        written.push({ offset: offset + from, length: to - from });
      }
      from = to + 1;
    }
    return written;
  }

  /** From now on reads find the bytes of this moment, whatever the device does to them. */
  freeze(): void {
    this.#frozen = new Version(this.bytes);
  }

  /** Ends {@linkcode ConfigSpace.freeze}. */
  thaw(): void {
    this.#frozen = undefined;
  }

  /** Takes over saved bytes, which must be as many, and their generation. */
  restore(bytes: Uint8Array, generation: number): void {
    this.bytes.set(bytes);
    this.#seen.bytes.set(bytes);
    this.#generation = generation;
  }
}

/** The bytes of one moment, padded with zeros to words: these are compared, on each read. */
class Version {
  readonly bytes: Uint8Array;
  readonly #words: Uint32Array;

  constructor(bytes: Uint8Array) {
    this.#words = new Uint32Array(Math.ceil(bytes.length / 4));
    this.bytes = new Uint8Array(this.#words.buffer, 0, bytes.length);
    this.bytes.set(bytes);
  }

  equals(other: Version): boolean {
    const words = this.#words;
    const others = other.#words;
    for (let at = 0; at < words.length; at++) if (words[at] !== others[at]) return false;
    return true;
  }
}
