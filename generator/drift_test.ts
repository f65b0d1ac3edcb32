/** The committed output is what the descriptions give: `deno task generate` makes it so. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { contents, inFolder, put } from "./cli_fixture.ts";
import { formatDiagnostics } from "./diagnostics.ts";
import type { OutputFile } from "./files.ts";
import { print } from "./mod.ts";
import { compare, drift } from "./plan.ts";
import { HOME } from "./standard.ts";

const OUT = new URL("generated/", HOME);

let printed: Promise<OutputFile[]> | undefined;

/** The files as they are generated now, formatted anew. */
function files(): Promise<OutputFile[]> {
  printed ??= print({ root: HOME, out: fileURLToPath(OUT) });
  return printed;
}

async function differences(out: URL): Promise<string[]> {
  const found = drift(compare(out, "generated", await files()), "deno task generate");
  return found.map((one) => formatDiagnostics([one]));
}

Deno.test("generated/ is what spec/ and templates/ give", async () => {
  const found = await differences(OUT);
  assert.equal(found.length, 0, `${found.length} files differ; the first:\n${found[0]}\n`);
});

Deno.test("the check of generated/ fails on a changed byte, a missing file and an extra one", async () => {
  const copy = Object.fromEntries((await files()).map(({ path, text }) => [path, text]));
  const [path, text] = Object.entries(copy).find(([path]) => path.endsWith("/wire.ts"))!;
  await inFolder(copy, async (folder) => {
    assert.deepEqual(await differences(folder), []);
    put(folder, path, text.replace("export", "exporT"));
    assert.match((await differences(folder)).join(), /^error\[V102\] generated\/.*wire\.ts/);
    put(folder, path, `${text} `);
    assert.match((await differences(folder)).join(), /^error\[V102\].*deno task generate/s);
    Deno.removeSync(new URL(path, folder));
    assert.match((await differences(folder)).join(), /^error\[V103\] generated\/.*wire\.ts/);
    put(folder, path, text);
    put(folder, "none/wire.ts", text);
    assert.match((await differences(folder)).join(), /^error\[V104\] generated\/none\/wire\.ts/);
  });
});

Deno.test("output is the same however many devices are generated together", async () => {
  const all = new Map((await files()).map(({ path, text }) => [path, text]));
  const one = await print({ root: HOME, out: fileURLToPath(OUT), spec: ["spec/devices/blk.ts"] });
  for (const { path, text } of one.filter(({ path }) => path.endsWith(".ts"))) {
    assert.equal(text, all.get(path), path);
  }
});

Deno.test("the imports of generated/ are paths within the project", async () => {
  for (const { path, text } of await files()) {
    assert.ok(!/from "(?:file|https?):/.test(text), path);
  }
  assert.ok(Object.keys(contents(OUT)).length > 0);
});
