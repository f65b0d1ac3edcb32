/**
 * The MSI-X table and its pending bits, in a memory range of their own.
 *
 * @module
 */

import { isSize } from "./register_bank.ts";

/** Id of the MSI-X capability. */
export const MSIX_CAPABILITY = 0x11;
/** Bytes of the capability. */
export const MSIX_CAPABILITY_SIZE = 12;
/** Bytes of an entry of the table: address, data, control. */
export const MSIX_ENTRY_SIZE = 16;
/** Message control: messages are sent in place of interrupts. */
export const MSIX_ENABLE = 0x8000;
/** Message control: no message is sent, all are pending. */
export const MSIX_MASK_ALL = 0x4000;
/** Most entries of a table. */
export const MSIX_ENTRIES_MAX = 0x800;

const ENTRY_DATA = 8;
const ENTRY_CONTROL = 12;
const MASKED = 1;
const WORD = 2 ** 32;

/** The vectors of one function. */
export class MsixTable {
  /** Number of vectors. */
  readonly count: number;
  /** Offset of the pending bits behind the table. */
  readonly pendingOffset: number;
  /** Table and pending bits. */
  readonly bytes: Uint8Array;
  /** The message control register. */
  control = 0;
  readonly #view: DataView;
  readonly #send: (address: number, data: number) => void;

  /** RangeError unless there are 1 to 2048 vectors. */
  constructor(count: number, send: (address: number, data: number) => void) {
    if (!Number.isInteger(count) || count < 1 || count > MSIX_ENTRIES_MAX) {
      throw new RangeError(`Cannot make ${count} MSI-X vectors: not 1 to ${MSIX_ENTRIES_MAX}`);
    }
    this.count = count;
    this.pendingOffset = count * MSIX_ENTRY_SIZE;
    this.bytes = new Uint8Array(this.pendingOffset + 8 * Math.ceil(count / 64));
    this.#view = new DataView(this.bytes.buffer);
    this.#send = send;
    this.reset();
  }

  /** Nothing is pending, and all vectors are masked; the message control register is the caller's. */
  reset(): void {
    this.bytes.fill(0);
    for (let vector = 0; vector < this.count; vector++) {
      this.#view.setUint32(vector * MSIX_ENTRY_SIZE + ENTRY_CONTROL, MASKED, true);
    }
  }

  /** Whether messages are sent in place of interrupts. */
  get enabled(): boolean {
    return (this.control & MSIX_ENABLE) !== 0;
  }

  /** Sends the message of a vector, as soon as it is not masked; nothing for a vector that there is not. */
  raise(vector: number): void {
    if (!this.enabled || vector >= this.count) return;
    this.bytes[this.#pendingByte(vector)]! |= 1 << vector % 8;
    this.#flush(vector);
  }

  /** Writes the message control register. */
  setControl(control: number): void {
    this.control = control;
    this.#flushAll();
  }

  /** Reads 1, 2 or 4 bytes; 0 past the end. */
  read(offset: number, size: number): number {
    if (!isSize(size)) return 0;
    let value = 0;
    for (let at = size - 1; at >= 0; at--) value = value << 8 | (this.bytes[offset + at] ?? 0);
    return value >>> 0;
  }

  /** Writes 1, 2 or 4 bytes of the table; the pending bits are read-only. */
  write(offset: number, size: number, value: number): void {
    if (!isSize(size) || !(offset >= 0)) return;
    for (let at = 0; at < size && offset + at < this.pendingOffset; at++) {
      this.bytes[offset + at] = value >>> 8 * at;
    }
    const last = Math.min(offset + size, this.pendingOffset) - 1;
    for (const at of [offset, last]) if (at < this.pendingOffset) this.#flush(vectorAt(at));
  }

  /** Forgets the messages that wait behind a mask: they tell of a device that was reset. */
  forget(): void {
    this.bytes.fill(0, this.pendingOffset);
  }

  /** Becomes what was saved. */
  restore(control: number, bytes: readonly number[]): void {
    this.bytes.set(bytes);
    this.control = control;
  }

  #flushAll(): void {
    for (let vector = 0; vector < this.count; vector++) this.#flush(vector);
  }

  #flush(vector: number): void {
    const byte = this.#pendingByte(vector);
    if ((this.bytes[byte]! >> vector % 8 & 1) === 0) return;
    if ((this.control & (MSIX_ENABLE | MSIX_MASK_ALL)) !== MSIX_ENABLE) return;
    const entry = vector * MSIX_ENTRY_SIZE;
    if ((this.bytes[entry + ENTRY_CONTROL]! & MASKED) !== 0) return;
    this.bytes[byte]! &= ~(1 << vector % 8);
    const address = this.#view.getUint32(entry + 4, true) * WORD +
      this.#view.getUint32(entry, true);
    this.#send(address, this.#view.getUint32(entry + ENTRY_DATA, true));
  }

  #pendingByte(vector: number): number {
    return this.pendingOffset + (vector >> 3);
  }
}

function vectorAt(offset: number): number {
  return Math.floor(offset / MSIX_ENTRY_SIZE);
}
