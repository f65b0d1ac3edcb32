/**
 * Tests that fail for a fault that is known: each of them must go on failing until the fault is mended, and leave this
 * list then.
 *
 * @module
 */

/** One fault. */
export interface KnownFault {
  /** Labels of the tests that show it. */
  readonly tests: RegExp;
  /** What is wrong. */
  readonly why: string;
}

/** All that are known. */
export const KNOWN_FAULTS: readonly KnownFault[] = [];
