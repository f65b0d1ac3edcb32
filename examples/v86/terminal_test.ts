import assert from "node:assert/strict";
import { Terminal, typed } from "./terminal.ts";

Deno.test("a terminal shows lines, and what is written over them", () => {
  const terminal = new Terminal();
  terminal.print("one\r\ntwo\rT\r\nab\b\b\x1b[J");
  terminal.print("c\x1b");
  terminal.print("[6");
  terminal.print("nd\x1b[1;31me\x1b7\x07");
  assert.equal(terminal.text, "one\nTwo\ncde7");
});

Deno.test("a terminal sends keys as a shell expects them", () => {
  const key = (key: string, ctrlKey = false) => typed({ key, ctrlKey });
  assert.equal(key("a"), "a");
  assert.equal(key("c", true), "\x03");
  assert.equal(key("Enter"), "\r");
  assert.equal(key("ArrowUp"), "\x1b[A");
  assert.equal(key("Shift"), undefined);
});
