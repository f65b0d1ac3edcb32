/**
 * The words for queues: where each stands, and what it is for.
 *
 * @module
 */

import type { Gate, Length, Path } from "./fields.ts";

/** A number of queues: `value * times + plus`, where the value is the field's, or `otherwise` while the gate is shut. */
export type Count<N extends string = string> =
  | number
  | {
    readonly config: N;
    readonly when?: Gate<N>;
    readonly otherwise?: number;
    readonly times?: number;
    readonly plus?: number;
  };

/**
 * Where a queue, or the first of several, stands. `"next"`: behind the ones declared before it that
 * exist. `{ first, then, step }`: item 0 at `first`, item i at `then + (i - 1) * step`.
 */
export type Index<N extends string = string> =
  | Count<N>
  | "next"
  | { readonly first: number; readonly then?: number; readonly step: number };

/** Who puts buffers into a queue, and what for. */
export type Role =
  /** The driver asks, the device answers in the same buffer. */
  | "request"
  /** The driver sends; nothing is written back. */
  | "transmit"
  /** The driver parks writable buffers; the device fills one when it has something. */
  | "receive"
  /** The driver parks readable buffers; the device hands one back to ask for a new one. */
  | "pull";

/** A least size of parked buffers, with or without some features only. */
export interface Parks<N extends string = string> {
  /** Only with these features negotiated. */
  readonly when?: Gate<N>;
  /** Only without these features. */
  readonly unless?: Gate<N>;
  /** Bytes. */
  readonly length: Length<N>;
  /** All buffers of the queue together have so many. */
  readonly together?: true;
}

/** One queue, or a family of equal ones. */
export interface Queue<N extends string = string, R extends string = string> {
  /** One sentence in our own words. */
  readonly doc: string;
  /** Section of VIRTIO 1.4, as a number. */
  readonly section?: string;
  /** Who puts buffers into it, and what for. */
  readonly role: Role;
  /** Message sets it carries (more than one: readable and writable buffers mixed). */
  readonly carries: R | readonly R[];
  /** Where it stands among the queues. */
  readonly index: Index<N>;
  /** Where the standard's text differs from what is deployed: its own index, used with `strict: true`. */
  readonly strictIndex?: Index<N>;
  /** How many there are; one when not said. */
  readonly count?: Count<N>;
  /** Exists with these features only. */
  readonly when?: Gate<N>;
  /** Least size in bytes of a parked buffer; of several, the largest whose gate is open. */
  readonly parks?: Length<N> | readonly Parks<N>[];
  /** One message may fill several buffers; this field of the first says how many. */
  readonly merges?: { readonly field: Path<N>; readonly when: Gate<N> };
  /** Requests that the device serves in order, none begun before the one ahead is answered: all, or those with the same value of a field. */
  readonly order?: "any" | "queue" | { readonly key: N };
  /** Its requests wait until something happens, and keep no device from being suspended. */
  readonly waits?: true;
  /** What the used length says: how much was written, at most that, nothing to rely on, or always all. */
  readonly used?: "length" | "bound" | "ignored" | "all";
  /** Over a legacy interface the used length is not to be trusted. */
  readonly legacyUsed?: "ignored";
}
