import assert from "node:assert/strict";
import {
  DescriptionError,
  type Diagnostic,
  editDistance,
  formatDiagnostics,
  listNames,
  nearest,
} from "./diagnostics.ts";

const one: Diagnostic = {
  code: "V030",
  path: "lamp: features.TELL.requires",
  found: '"DIMM"',
  expected: "a feature: DIM, TELL",
  hint: 'did you mean "DIM"?',
};

Deno.test("formatDiagnostics() prints code, place, rule, what was found and what is allowed", () => {
  assert.equal(
    formatDiagnostics([one]),
    `error[V030] lamp: features.TELL.requires
  a gate must name features
  found:    "DIMM"
  expected: a feature: DIM, TELL
  hint:     did you mean "DIM"?

1 problem found, nothing was written`,
  );
});

Deno.test("formatDiagnostics() paints only when asked to", () => {
  const escape = "\x1b";
  assert.ok(!formatDiagnostics([one]).includes(escape));
  const painted = formatDiagnostics([one], { colors: true });
  assert.ok(painted.includes(`${escape}[31merror[V030]${escape}[0m`));
  // deno-fmt-ignore
  const plain = painted.split(escape).map((part, i) => i === 0 ? part : part.replace(/^\[\d+m/, ""));
  assert.equal(plain.join(""), formatDiagnostics([one]));
});

Deno.test("DescriptionError has every diagnostic and their text", () => {
  const error = new DescriptionError([one, one]);
  assert.equal(error.diagnostics.length, 2);
  assert.match(error.message, /2 problems found/);
});

Deno.test("editDistance() counts insertions, deletions and replacements", () => {
  assert.equal(editDistance("", ""), 0);
  assert.equal(editDistance("", "abc"), 3);
  assert.equal(editDistance("flush", "flash"), 1);
  assert.equal(editDistance("kitten", "sitting"), 3);
});

Deno.test("nearest() finds what was meant, and nothing when nothing is near", () => {
  assert.equal(nearest("FLUSHH", ["FLUSH", "FLASH"]), "FLUSH");
  assert.equal(nearest("capcity", ["blk_size", "capacity"]), "capacity");
  assert.equal(nearest("RO", ["MQ", "ZONED"]), undefined);
  assert.equal(nearest("x", []), undefined);
});

Deno.test("listNames() shortens long lists", () => {
  assert.equal(listNames([]), "none");
  assert.equal(listNames(["A", "B"]), "A, B");
  const many = Array.from({ length: 15 }, (_, i) => `N${i}`);
  assert.match(listNames(many), /, N11 and 3 more$/);
});
