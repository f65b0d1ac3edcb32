/**
 * The words for messages: requests and events, and how each is answered.
 *
 * @module
 */

import type { Check } from "./checks.ts";
import type { Field, Gate, Path, Tag } from "./fields.ts";

/** The byte or word that says how a request went. */
export interface Status<N extends string = string> {
  /** Name of the field, or the way to it. */
  readonly field: Path<N>;
  /** Members of its enumeration: success; no such request, or a selector in it without a meaning; not well formed; the handler failed. */
  readonly ok: string;
  /** Answer to a request that no case or handler stands for. */
  readonly unknown: string;
  /** Answer to a request that is too short or makes no sense. */
  readonly malformed: string;
  /** Answer to a request whose handler threw. */
  readonly failed: string;
  /** Answers are written whole: what has no value with a status is zero. */
  readonly whole?: true;
  /** Data that came with another status than success are not to be used: the driver hands out zeroes. */
  readonly discards?: true;
}

/** The standard's struct for a whole message, or one for each of its parts. */
export type Whole = string | { readonly readable?: string; readonly writable?: string };

/** One request of a set. */
export interface Case<N extends string = string, K extends string = string> {
  /** One sentence in our own words. */
  readonly doc: string;
  /** Section of VIRTIO 1.4, as a number. */
  readonly section?: string;
  /** A value for each tag field, in order. */
  readonly tag: Tag | readonly Tag[];
  /** Further tags that mean the same, on the legacy interface. */
  readonly legacyTags?: readonly Tag[];
  /** Exists with these features only. */
  readonly feature?: Gate<N>;
  /** Only without these features; with them, another case of the same tag takes its place. */
  readonly unless?: Gate<N>;
  /** The standard's struct for the whole request, when it names one. */
  readonly struct?: Whole;
  /** Structs of the standard that consist of these fields of the request, of either part. */
  readonly structs?: Readonly<Record<string, readonly N[]>>;
  /** Fields that the driver writes. */
  readonly readable?: { readonly [P in K]?: Field<N> };
  /** Fields that the device writes. */
  readonly writable?: { readonly [P in K]?: Field<N> };
  /**
   * The used length counts the filled bytes of the first payload and the trailing status, without
   * what lies between them: it alone says how long the payload is.
   */
  readonly used?: "filled";
  /** The answer's own tag, where it has one (member of the status enumeration). */
  readonly ok?: string;
  /** Another status than the set's, or none for a request that is not answered: then nothing is written back. */
  readonly status?: Status<N> | "none";
  /** What is checked before a handler runs. */
  readonly checks?: readonly Check<N>[];
  /** Who may send it, on queues that carry messages both ways. */
  readonly from?: "driver" | "device";
}

/** Messages of one shape: fixed parts around a body that the tag selects. */
export interface Messages<N extends string = string, K extends string = string> {
  /** One sentence in our own words. */
  readonly doc: string;
  /** Section of VIRTIO 1.4, as a number. */
  readonly section?: string;
  /** The standard's struct for the whole, when it names one. */
  readonly struct?: Whole;
  /** Fields that the driver writes. */
  readonly readable?: { readonly [P in K]?: Field<N> };
  /** Fields that the device writes. */
  readonly writable?: { readonly [P in K]?: Field<N> };
  /** As for a case. */
  readonly used?: "filled";
  /** Where the status of an answer lies. */
  readonly status?: Status<N>;
  /** A message whose field is this member, in one byte order or the other, starts a session of that order. */
  readonly starts?: { readonly field: N; readonly member: string };
  /** The messages by name; without them the set is one message. */
  readonly cases?: Readonly<Record<string, Case<N, K>>>;
  /** What is checked before a handler runs. */
  readonly checks?: readonly Check<N>[];
}
