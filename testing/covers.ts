/**
 * How a test says which statements of the standard it checks, so that a table can show them all
 * (`deno task conformance`).
 *
 * @module
 */

import conformance from "../spec/conformance.json" with { type: "json" };

/** A section of the standard that says what devices or drivers must do. */
export interface NormativeSection {
  /** The standard's own label: `"devicenormative:Device Types / Block Device / Device Operation"`. */
  readonly label: string;
  /** Whom it binds. */
  readonly side: "device" | "driver";
  /** Number of the section: `"5.2.6.2"`. */
  readonly section: string;
  /** Its title. */
  readonly title: string;
  /** The word that makes each statement one, in the order of the text: `"MUST NOT"`. */
  readonly statements: readonly string[];
}

/** A statement: the label of its section and its number there, from 1. */
export type StatementId = `${"device" | "driver"}normative:${string}#${number}`;

/** All normative sections, in the order of the standard. */
export const sections: readonly NormativeSection[] = conformance as NormativeSection[];

const counts: ReadonlyMap<string, number> = new Map(
  sections.map(({ label, statements }) => [label, statements.length]),
);

/**
 * Says inside a test that one of its assertions fails when a statement is broken: of at most three
 * statements. RangeError if the standard has no such statement.
 */
export function covers(first: StatementId, second?: StatementId, third?: StatementId): void {
  for (const id of [first, second, third]) {
    if (id !== undefined && !isStatement(id)) {
      throw new RangeError(`Cannot cover a statement that the standard does not have: ${id}`);
    }
  }
}

/** Whether the standard has such a statement. */
export function isStatement(id: string): boolean {
  const [, label = "", number] = id.match(/^(.*)#([1-9]\d*)$/) ?? [];
  return Number(number) <= (counts.get(label) ?? 0);
}
