/** Where foreign functions are called. */

import assert from "node:assert/strict";

/** The files that call the C library, through `ffi.ts`. */
const CALLERS = ["events.ts", "files.ts", "shared_memory.ts", "sockets.ts", "tap.ts"];

function sources(folder: URL): URL[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) return sources(url);
    return /(?<!_test)\.ts$/.test(name) ? [url] : [];
  });
}

Deno.test("one file opens the C library, and five call it", () => {
  const here = new URL(".", import.meta.url);
  const names = (pattern: RegExp) =>
    sources(here).filter((url) => pattern.test(Deno.readTextFileSync(url)))
      .map(({ href }) => href.slice(here.href.length)).sort();
  assert.deepEqual(names(/\bDeno\.dlopen\b/), ["ffi.ts"]);
  assert.deepEqual(names(/\bload\(SYMBOLS\)/), CALLERS);
  assert.deepEqual(names(/import [^;]*\bload\b[^;]* from "[./]*ffi\.ts"/), CALLERS);
});
