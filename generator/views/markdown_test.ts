/** Markdown as `deno fmt` leaves it. */

import assert from "node:assert/strict";
import { anchor, code, paragraph, plain, table, tidy } from "./markdown.ts";

Deno.test("plain() makes text stand for itself", () => {
  assert.equal(
    plain("a | b * _c_ seg_max <x> `d` [e]"),
    "a \\| b \\* \\_c\\_ seg_max \\<x\\> \\`d\\` \\[e\\]",
  );
});

Deno.test("code() keeps a pipe out of the table", () => {
  assert.equal(code("a|b"), "`a\\|b`");
});

Deno.test("table() makes columns as wide as their widest cell", () => {
  assert.deepEqual(table(["Id", "Name"], [["1", "`a`"], ["22", "long"]]), [
    "| Id | Name |",
    "| -- | ---- |",
    "| 1  | `a`  |",
    "| 22 | long |",
  ]);
});

Deno.test("paragraph() breaks lines at 100 columns, never within a link", () => {
  const word = "x".repeat(48);
  assert.deepEqual(paragraph(`${word} ${word} [a b](#c)`), [`${word} ${word}`, "[a b](#c)"]);
  assert.deepEqual(paragraph(`- ${word} ${word}`, "  "), [`- ${word} ${word}`]);
  assert.deepEqual(paragraph(`- ${word} ${word} y`, "  "), [`- ${word} ${word}`, "  y"]);
});

Deno.test("tidy() leaves single empty lines between others", () => {
  assert.deepEqual(tidy(["", "a", "", "", "b", ""]), ["a", "", "b"]);
});

Deno.test("anchor() is what a heading is linked by", () => {
  assert.equal(anchor("Shared memory"), "shared-memory");
  assert.equal(anchor("virtio_blk_req"), "virtio_blk_req");
});
