/**
 * A bank of registers behind `read(offset, size)` and `write(offset, size, value)`.
 *
 * The guest chooses offsets, sizes and values freely. An access of a register's own offset and size
 * goes straight to it; any other is taken apart into bytes. Bytes written are gathered, and a
 * register takes effect once, when all of its bytes have come; a byte of another register in between
 * drops what was gathered.
 *
 * @module
 */

/** A register of a generated layout. */
export interface Register {
  /** Bytes from the start of the bank. */
  readonly offset: number;
  /** Bytes: 1, 2 or 4, or 8 for two halves of 4. */
  readonly size: number;
  /** What the driver may do. */
  readonly access: "R" | "W" | "RW";
}

/** What a device does with accesses of one register, or of one half of a register of 8 bytes. */
export interface Action<T> {
  /** The value, of which the lowest bytes count. */
  readonly read?: (target: T) => number;
  /** Takes the value, an unsigned number of the register's size. */
  readonly write?: (target: T, value: number) => void;
}

type Readable<A, T> = A extends "R" | "RW" ? { readonly read: (target: T) => number } : unknown;
type Writable<A, T> = A extends "W" | "RW" ? { readonly write: (target: T, value: number) => void }
  : unknown;
type ActionOf<A, T> = Readable<A, T> & Writable<A, T>;

/** An action for each register of a layout, in the directions that its access has. */
export type Actions<R extends Readonly<Record<string, Register>>, T> = {
  readonly [N in keyof R]: R[N]["size"] extends 8
    ? { readonly low: ActionOf<R[N]["access"], T>; readonly high: ActionOf<R[N]["access"], T> }
    : ActionOf<R[N]["access"], T>;
};

interface Slot<T> {
  readonly offset: number;
  readonly size: number;
  readonly read: (target: T) => number;
  readonly write: (target: T, value: number) => void;
}

/** The registers of a layout with their actions, shared by all devices of a kind. */
export class RegisterMap<T> {
  /** The register at each byte. */
  readonly slots: readonly (Slot<T> | undefined)[];

  private constructor(slots: readonly (Slot<T> | undefined)[]) {
    this.slots = slots;
  }

  /** Joins a layout with its actions. */
  static of<R extends Readonly<Record<string, Register>>, T>(
    registers: R,
    actions: Actions<R, T>,
  ): RegisterMap<T> {
    const slots: (Slot<T> | undefined)[] = [];
    for (const [name, { offset, size }] of Object.entries(registers)) {
      const action = actions[name] as Action<T> & { low?: Action<T>; high?: Action<T> };
      if (size === 8) {
        place(slots, offset, 4, action.low!);
        place(slots, offset + 4, 4, action.high!);
      } else place(slots, offset, size, action);
    }
    return new RegisterMap(Array.from(slots));
  }

  /** Maps beside each other, each at an offset. */
  static join<T>(
    ...parts: readonly (readonly [offset: number, map: RegisterMap<T>])[]
  ): RegisterMap<T> {
    const slots: (Slot<T> | undefined)[] = [];
    for (const [base, map] of parts) {
      map.slots.forEach((slot, at) => {
        if (slot?.offset === at) place(slots, base + at, slot.size, slot);
      });
    }
    return new RegisterMap(Array.from(slots));
  }
}

function place<T>(
  slots: (Slot<T> | undefined)[],
  offset: number,
  size: number,
  { read = () => 0, write = () => {} }: Action<T>,
): void {
  for (let at = 0; at < size; at++) slots[offset + at] = { offset, size, read, write };
}

/** The registers of one device. */
export class RegisterBank<T> {
  readonly #slots: readonly (Slot<T> | undefined)[];
  readonly #target: T;
  // A register of which some bytes were written.
  #partial = -1;
  #written = 0;
  #value = 0;

  /** Registers whose actions work on `target`. */
  constructor(map: RegisterMap<T>, target: T) {
    this.#slots = map.slots;
    this.#target = target;
  }

  /** Reads 1, 2 or 4 bytes as an unsigned number; 0 where there is no register to read. */
  read(offset: number, size: number): number {
    const slot = this.#slots[offset];
    if (slot !== undefined && slot.offset === offset && slot.size === size) {
      return slot.read(this.#target) >>> 0;
    }
    return this.#readBytes(offset, size);
  }

  /** Writes the lowest 1, 2 or 4 bytes of a value. */
  write(offset: number, size: number, value: number): void {
    const slot = this.#slots[offset];
    if (slot !== undefined && slot.offset === offset && slot.size === size) {
      this.#partial = -1;
      slot.write(this.#target, low(value, size));
    } else this.#writeBytes(offset, size, value);
  }

  #readBytes(offset: number, size: number): number {
    if (!isSize(size)) return 0;
    let result = 0;
    let register = -1;
    let value = 0;
    for (let at = 0; at < size; at++) {
      const slot = this.#slots[offset + at];
      if (slot === undefined) continue;
      if (slot.offset !== register) { // reading may have an effect: once an access
        register = slot.offset;
        value = slot.read(this.#target);
      }
      result |= (value >>> 8 * (offset + at - register) & 0xff) << 8 * at;
    }
    return result >>> 0;
  }

  #writeBytes(offset: number, size: number, value: number): void {
    if (!isSize(size)) return;
    for (let at = 0; at < size; at++) {
      const slot = this.#slots[offset + at];
      if (slot === undefined) continue;
      if (slot.offset !== this.#partial) {
        this.#partial = slot.offset;
        this.#written = this.#value = 0;
      }
      const byte = offset + at - slot.offset;
      this.#written |= 1 << byte;
      this.#value = this.#value & ~(0xff << 8 * byte) | (value >>> 8 * at & 0xff) << 8 * byte;
      if (this.#written !== (1 << slot.size) - 1) continue;
      this.#partial = -1;
      slot.write(this.#target, low(this.#value, slot.size));
    }
  }
}

/** Whether an access may have this many bytes; wider ones are the emulator's to take apart. */
export function isSize(size: number): boolean {
  return size === 1 || size === 2 || size === 4;
}

/** The lowest bytes of a value, as an unsigned number. */
export function low(value: number, size: number): number {
  return size === 4 ? value >>> 0 : value & (1 << 8 * size) - 1;
}
