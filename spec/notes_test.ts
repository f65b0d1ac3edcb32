/** NOTES.md has a reading for each issue of the standard, and points at what is there. */

import assert from "node:assert/strict";

const HERE = new URL("./", import.meta.url);

/** Issues of the standard by name, with the section that has each. */
const issues: Readonly<Record<string, string>> = JSON.parse(
  await Deno.readTextFile(new URL("issues.json", HERE)),
);
const notes = await Deno.readTextFile(new URL("NOTES.md", HERE));

/** An entry of the page. */
interface Entry {
  readonly name: string;
  readonly section: string;
  readonly text: string;
  readonly links: readonly string[];
}

/** Entries start with `- **name** (section).` and go on in indented lines. */
function entriesOf(page: string): Entry[] {
  const found = page.matchAll(/^- \*\*([\w-]+)\*\* \(([\d.]+)\)\. ((?:.*\n)(?: {2}.*\n)*)/gm);
  return [...found].map(([, name, section, text]) => ({
    name: name!,
    section: section!,
    text: text!,
    links: [...text!.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link!),
  }));
}

const entries = entriesOf(notes);

Deno.test("NOTES.md accounts for all 119 issues of the standard, each once, in its section", () => {
  assert.equal(Object.keys(issues).length, 119);
  const known = entries.filter(({ name }) => name in issues); // there are readings beyond them
  assert.deepEqual(
    known.map(({ name, section }) => `${name} ${section}`).sort(),
    Object.entries(issues).map(([name, section]) => `${name} ${section}`).sort(),
  );
});

Deno.test("NOTES.md points at files that are there", async () => {
  for (const { name, links } of entries) {
    for (const link of links) {
      const { isFile } = await Deno.stat(new URL(link, HERE)).catch(() => ({ isFile: false }));
      assert.ok(isFile, `${name}: ${link}`);
    }
  }
});

Deno.test("A file that NOTES.md points at names the entry, and names none that is not there", async () => {
  const found = new Map<string, Set<string>>();
  for (const link of new Set(entries.flatMap(({ links }) => links))) {
    if (!link.endsWith(".ts")) continue;
    const code = await Deno.readTextFile(new URL(link, HERE));
    const named = [...code.matchAll(/\/\/ NOTES\.md: ([\w, -]+)$/gm)];
    found.set(link, new Set(named.flatMap(([, names]) => names!.split(", "))));
  }
  for (const { name, text, links } of entries) {
    const is = links.some((link) => found.get(link)?.has(name));
    assert.ok(is || text.startsWith("Editorial: labels"), name);
  }
  const there = new Set(entries.map(({ name }) => name));
  const unknown = [...found.values()].flatMap((names) =>
    [...names].filter((one) => !there.has(one))
  );
  assert.deepEqual(unknown, []);
});

Deno.test("NOTES.md says for each issue where its reading is, unless it is editorial", () => {
  for (const { name, text, links } of entries) {
    assert.ok(links.length > 0 || text.startsWith("Editorial"), name);
    assert.match(text.replace(/\s+/g, " "), /\w.*\. ?(?:\[|$)/, `${name} has a sentence`);
  }
});

Deno.test("entries are read with their name, section, text and links", () => {
  const [entry] = entriesOf("- **some-name** (2.1). What we do.\n  And more. [`x`](x.ts)\n\nNo.\n");
  assert.deepEqual(entry, {
    name: "some-name",
    section: "2.1",
    text: "What we do.\n  And more. [`x`](x.ts)\n",
    links: ["x.ts"],
  });
});
