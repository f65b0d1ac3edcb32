/** The table of what the standard demands, and what tests say about it. */

import assert from "node:assert/strict";
import { allClaims, claimsIn } from "./claims.ts";
import { table } from "./conformance.ts";
import { covers, isStatement, type NormativeSection, sections } from "./covers.ts";
import { vectorClaims } from "./vector_claims.ts";
import { readVectors } from "./vectors.ts";

const BLOCK = "devicenormative:Device Types / Block Device / Device Operation";

// NOTES.md: core-suspend-conformance, packed-label, scsi-label, media-empty
Deno.test("the table has all normative sections and statements of VIRTIO 1.4", () => {
  assert.equal(sections.length, 309);
  assert.equal(new Set(sections.map(({ label }) => label)).size, 309);
  assert.equal(sections.reduce((sum, { statements }) => sum + statements.length, 0), 1596);
});

Deno.test("tests cover statements that exist, three at most", () => {
  const claims = allClaims();
  assert.ok(claims.length > 0);
  for (const { path, line, test, ids } of claims) {
    const where = `${path}:${line ?? test}`;
    assert.notEqual(test, "", where);
    assert.ok(ids.length <= 3, where);
    assert.deepEqual(ids.filter((id) => !isStatement(id)), [], where);
  }
  const tests = claims.map(({ path, test }) => `${path} ${test}`);
  assert.deepEqual(tests.filter((test, at) => tests.indexOf(test) !== at), [], "covers() twice");
});

Deno.test("vectors that cover statements are there", () => {
  for (const [device, vectors] of Object.entries(vectorClaims)) {
    const names = readVectors(device).map(({ message, name }) => `${message}: ${name}`);
    for (const name of Object.keys(vectors)) {
      assert.ok(names.includes(name), `${device} has no vector "${name}"`);
    }
  }
});

Deno.test("covers() refuses what the standard does not have", () => {
  covers(`${BLOCK}#1`);
  for (const id of [`${BLOCK}#0`, `${BLOCK}#999`, `${BLOCK}`, `${BLOCK} #1`, "#1"]) {
    assert.equal(isStatement(id), false, id);
  }
  assert.throws(() => covers(`${BLOCK}#1`, `${BLOCK}#999`), RangeError);
});

Deno.test("claimsIn() finds the test around each call", () => {
  const code = [
    'Deno.test("first", () => {',
    `  covers("${BLOCK}#1");`,
    "});",
    "test(`second, ${how}`, () => {",
    `  covers(\n    "${BLOCK}#2",\n    "${BLOCK}#3",\n  );`,
    "});",
    `const BLOCK = "${BLOCK}";`,
    'Deno.test("third", () => {',
    "  const HERE = `${BLOCK} / Here` as const;",
    "  covers(`${BLOCK}#4`, `${HERE}#1`);",
    "});",
  ].join("\n");
  assert.deepEqual(claimsIn("x_test.ts", code), [
    { path: "x_test.ts", line: 2, test: "first", ids: [`${BLOCK}#1`] },
    { path: "x_test.ts", line: 5, test: "second, ${how}", ids: [`${BLOCK}#2`, `${BLOCK}#3`] },
    {
      path: "x_test.ts",
      line: 13,
      test: "third",
      ids: [`${BLOCK}#4`, `${BLOCK} / Here#1`],
    },
  ]);
});

Deno.test("table() shows each statement with its tests, and the sums", () => {
  const section: NormativeSection = {
    label: BLOCK,
    side: "device",
    section: "5.2.6.2",
    title: "Device Operation",
    statements: ["MUST", "SHOULD NOT"],
  };
  const claim = { path: "x_test.ts", line: 2, ids: [`${BLOCK}#1`] };
  assert.deepEqual(table([{ ...claim, test: "a" }, { ...claim, line: 9, test: "b" }], [section]), [
    "5.2.6.2 Device Operation (device): 1 of 2",
    "  #1 MUST         x_test.ts:2 a",
    "                  x_test.ts:9 b",
    "  #2 SHOULD NOT   no test",
    "1 sections, 2 statements, 1 with tests",
  ]);
});
