import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import type { Diagnostic } from "./diagnostics.ts";
import { load, type LoadedDescription } from "./load.ts";

const LAMP = `{
  dsl: 1, name: "lamp", prefix: "Lamp", id: 0x3f00, title: "Lamp", section: "none",
  doc: "A lamp", queues: {},
}`;

/** Runs `test` in a folder with these files. */
async function inFolder(
  files: Readonly<Record<string, string>>,
  test: (root: URL) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await test(pathToFileURL(`${folder}/`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function problems(loaded: readonly LoadedDescription[]): Diagnostic[] {
  return loaded.flatMap((one) => one.diagnostics);
}

Deno.test("load() finds every description of a module once, whatever its export is called", async () => {
  const text = `const lamp = ${LAMP};
    export { lamp as default, lamp };
    export const light = { ...lamp, name: "light" };
    export const nothing = null, number = 5, other = {};`;
  await inFolder({ "lamps.ts": text }, async (root) => {
    const loaded = await load(["lamps.ts"], root);
    assert.deepEqual(loaded.map((one) => one.description?.name), ["lamp", "light"]);
    assert.deepEqual(loaded.map((one) => one.source), ["lamps.ts", "lamps.ts"]);
    assert.deepEqual(problems(loaded), []);
  });
});

Deno.test("load() keeps the order of its specifiers and of fields", async () => {
  const text = (name: string) =>
    `export const it = { ...${LAMP}, name: "${name}", features: {
      Z: { bit: 0, doc: "Last", by: "option" }, A: { bit: 1, doc: "First", by: "option" } } };`;
  await inFolder({ "b.ts": text("b"), "a.ts": text("a") }, async (root) => {
    const loaded = await load(["b.ts", "./a.ts"], root);
    assert.deepEqual(loaded.map((one) => one.description?.name), ["b", "a"]);
    assert.deepEqual(Object.keys(loaded[0]?.description?.features ?? {}), ["Z", "A"]);
  });
});

Deno.test("load() tells every module that cannot be loaded, without the folders of this machine", async () => {
  const files = {
    "syntax.ts": "export const lamp = {;",
    "imports.ts": 'import "./nowhere.ts";',
    "throws.ts": `throw new TypeError("cannot read " + import.meta.url);`,
  };
  await inFolder(files, async (root) => {
    const found = problems(await load([...Object.keys(files), "missing.ts", "."], root));
    assert.deepEqual(found.map((one) => one.code), ["V002", "V002", "V002", "V001", "V001"]);
    assert.match(found[0]!.found, /SyntaxError: Unexpected token `;`/);
    assert.match(found[1]!.found, /"nowhere\.ts"/);
    assert.equal(found[2]!.found, "TypeError: cannot read throws.ts");
    for (const { found: text } of found) assert.ok(!text.includes("file:"), text);
  });
});

Deno.test("load() names a module outside of the root by its file alone", async () => {
  await inFolder({ "lamp.ts": `export const lamp = ${LAMP};` }, async (root) => {
    const elsewhere = new URL("elsewhere/", root);
    const loaded = await load([new URL("lamp.ts", root).href, "../lamp.ts"], elsewhere);
    assert.deepEqual(loaded.map((one) => one.source), ["lamp.ts", "lamp.ts"]);
  });
});

Deno.test("load() keeps a description with bad texts, and drops one of a wrong shape", async () => {
  const text = `export const one = { ...${LAMP}, doc: "" };
    export const two = { ...${LAMP}, name: "light", queues: 5 };`;
  await inFolder({ "lamps.ts": text }, async (root) => {
    const loaded = await load(["lamps.ts"], root);
    assert.deepEqual(loaded.map((one) => one.description?.name), ["lamp", undefined]);
    assert.deepEqual(problems(loaded).map((one) => one.code), ["V015", "V012"]);
  });
});
