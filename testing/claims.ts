/**
 * What the tests say that they cover, read from their code.
 *
 * @module
 */

import { vectorClaims } from "./vector_claims.ts";

/** What one test says with `covers()`. */
export interface Claim {
  /** The file, from the root of the repository. */
  readonly path: string;
  /** Where the call is, from 1; none for a vector, which is found by its name. */
  readonly line?: number;
  /** Name of the test, as its code has it. */
  readonly test: string;
  /** The statements, as `"label#number"`. */
  readonly ids: readonly string[];
}

const ROOT = new URL("../", import.meta.url);

/** Folders without tests of ours. */
const SKIPPED = /^(?:\..*|node_modules|generated|dist|docs|templates|testdata)$/;

const TEST_NAME = /\b(?:\w+\.)?(?:\w*[tT]est)\(\s*(["`])((?:\\.|(?!\1)[^\\])*)\1/g;
const COVERS = /\bcovers\(\s*((?:(?:"[^"\n]*"|`[^`\n]*`)\s*,?\s*)+)\)/g;
const CONSTANT = /\bconst (\w+) =\s*("[^"\n]*"|`[^`\n]*`)(?: as const)?;/g;

/** What a file with this code says; a label may begin with a constant of the file. */
export function claimsIn(path: string, code: string): Claim[] {
  const names = [...code.matchAll(TEST_NAME)];
  const constants = [...code.matchAll(CONSTANT)];
  const textOf = (literal: string, before: number): string =>
    literal.slice(1, -1).replace(/\$\{(\w+)\}/g, (whole, name) => {
      const found = constants.findLast((one) => one[1] === name && one.index < before);
      return found === undefined ? whole : textOf(found[2]!, found.index);
    });
  return [...code.matchAll(COVERS)].map((match) => {
    const name = names.findLast(({ index }) => index < match.index)?.[2] ?? "";
    const line = code.slice(0, match.index).split("\n").length;
    const ids = [...match[1]!.matchAll(/"[^"]*"|`[^`]*`/g)].map(([id]) => textOf(id, match.index));
    return { path, line, test: name, ids };
  });
}

/** Files with tests, from the root of the repository. */
function* testFiles(folder = ""): Generator<string> {
  const entries = [...Deno.readDirSync(new URL(folder, ROOT))];
  for (const { name, isDirectory } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (isDirectory && !SKIPPED.test(name)) yield* testFiles(`${folder}${name}/`);
    else if (/_(?:test|fixture)\.ts$/.test(name)) yield folder + name;
  }
}

/** What vectors say: each is a test on both sides. */
export function claimsOfVectors(): Claim[] {
  return Object.entries(vectorClaims).flatMap(([device, vectors]) =>
    Object.entries(vectors).map(([test, ids]) => {
      return { path: `testdata/vectors/${device}.json`, test, ids };
    })
  );
}

/** What all tests say. */
export function allClaims(): Claim[] {
  const calls = [...testFiles()]
    .filter((path) => path !== "testing/conformance_test.ts")
    .flatMap((path) => claimsIn(path, Deno.readTextFileSync(new URL(path, ROOT))));
  return [...calls, ...claimsOfVectors()];
}
