/**
 * Prints the statements of the standard and the tests that check them: `deno task conformance`.
 *
 * @module
 */

import { allClaims, type Claim } from "./claims.ts";
import { type NormativeSection, sections } from "./covers.ts";

/** The table, line by line: each section, its statements, and their tests; the sums at the end. */
export function table(
  claims: readonly Claim[],
  of: readonly NormativeSection[] = sections,
): string[] {
  const tests = new Map<string, string[]>();
  for (const { path, line, test, ids } of claims) {
    for (const id of ids) {
      const place = line === undefined ? path : `${path}:${line}`;
      tests.set(id, [...tests.get(id) ?? [], `${place} ${test}`]);
    }
  }
  const lines: string[] = [];
  let covered = 0;
  for (const { label, side, section, title, statements } of of) {
    const rows = statements.map((word, at) => ({ word, tests: tests.get(`${label}#${at + 1}`) }));
    const some = rows.filter((row) => row.tests).length;
    covered += some;
    lines.push(`${section} ${title} (${side}): ${some} of ${statements.length}`);
    rows.forEach(({ word, tests }, at) => {
      const number = `  #${at + 1} ${word}`.padEnd(18);
      if (tests === undefined) lines.push(`${number}no test`);
      else tests.forEach((test, n) => lines.push((n === 0 ? number : " ".repeat(18)) + test));
    });
  }
  const all = of.reduce((sum, { statements }) => sum + statements.length, 0);
  lines.push(`${of.length} sections, ${all} statements, ${covered} with tests`);
  return lines;
}

if (import.meta.main) console.log(table(allClaims()).join("\n"));
