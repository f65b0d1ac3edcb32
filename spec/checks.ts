/**
 * The words for checks: what the standard demands of messages.
 *
 * @module
 */

import type { Gate, Path } from "./fields.ts";

/** A value in a check: a number, a field (a whole word of bits, too), a length, a configuration field, or arithmetic on those. */
export type Operand<N extends string = string> =
  | number
  | { readonly field: Path<N> }
  | { readonly config: Path<N> }
  | { readonly length: N }
  | { readonly sum: readonly Operand<N>[] }
  | { readonly product: readonly Operand<N>[] }
  /** Rounded down. */
  | { readonly quotient: readonly [Operand<N>, number] }
  /** One bit, 0 or 1, by its number; 0 where there is no such bit. */
  | { readonly bit: readonly [Operand<N>, Operand<N>] }
  /** The value of the lowest bit that is set; 0 of 0. */
  | { readonly lowestBit: Operand<N> }
  /** The bits that it has of a mask. */
  | { readonly masked: readonly [Operand<N>, number] };

/** How a value is compared. */
export interface Comparison<N extends string = string> {
  /** Fails when `of` is greater. */
  readonly atMost?: Operand<N>;
  /** Fails when `of` is less. */
  readonly atLeast?: Operand<N>;
  /** Fails when `of` is another value. */
  readonly equals?: Operand<N>;
  /** Fails when `of` is this value. */
  readonly differs?: Operand<N>;
  /** Every value is a multiple of 0, which is how the configuration leaves an alignment open. */
  readonly multipleOf?: Operand<N>;
  /** Bits of `of` that must be clear. */
  readonly clear?: Operand<N>;
  /** The only bits that `of` may have. */
  readonly within?: Operand<N>;
}

/**
 * What the standard demands of a message: that nobody sends one that fails, or that nobody takes it,
 * or both. An event, which only the device writes, is checked in what it writes; any other message in
 * what the driver writes.
 */
export interface Check<N extends string = string> extends Comparison<N> {
  /** One sentence in our own words. */
  readonly doc: string;
  /** Section of VIRTIO 1.4, as a number. */
  readonly section?: string;
  /** The value under test; absent: the check fails whenever its gates are open. */
  readonly of?: Operand<N>;
  /** Only with these features negotiated, or only without them. */
  readonly when?: Gate<N>;
  /** Only without these features. */
  readonly unless?: Gate<N>;
  /** Only with these features offered, negotiated or not. */
  readonly offered?: Gate<N>;
  /** Fails when `of`, a field of an enumeration, is none of its members and in no range that it keeps. */
  readonly named?: true;
  /** For every element of this array instead of once. */
  readonly each?: N;
  /** Member of the status enumeration with which a device refuses a request that fails, before a handler runs. */
  readonly otherwise?: string;
  /** Section that demands it of the driver, which sends no request that fails. */
  readonly driver?: string;
  /** Section that demands it of the device, which sends no event that fails. */
  readonly device?: string;
  /** Section that demands it of whoever receives a message without a status: no handler gets one that fails. */
  readonly dropped?: string;
}

/** What the standard demands of the fields of the configuration among each other: a device is made with nothing else, a driver refuses anything else. */
export interface ConfigCheck<N extends string = string> extends Comparison<N> {
  /** What is demanded, in our own words: "at least requested_size". */
  readonly doc: string;
  /** Section of VIRTIO 1.4, as a number. */
  readonly section?: string;
  /** The field under test. */
  readonly of: { readonly config: Path<N> };
}
