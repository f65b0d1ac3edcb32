/**
 * Wrong descriptions, each with the whole text that is said about it.
 *
 * `deno run -A generator/cases_test.ts --accept` writes what is said now and prints what changed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DescriptionError } from "./diagnostics.ts";
import { load, resolve } from "./front.ts";
import { type Pass, passes } from "./passes.ts";

const FOLDER = new URL("testdata/cases/", import.meta.url);

function cases(): string[] {
  return [...Deno.readDirSync(FOLDER)].filter((entry) => entry.isDirectory)
    .map((entry) => entry.name).sort();
}

/** What is said about the description of a case; its module need not exist. */
async function said(name: string, pipeline: readonly Pass[] = passes): Promise<string> {
  const loaded = await load(["input.ts"], new URL(`${name}/`, FOLDER));
  try {
    resolve(loaded, pipeline);
    return "no problem\n";
  } catch (error) {
    if (error instanceof DescriptionError) return `${error.message}\n`;
    throw error;
  }
}

function expectedFile(name: string): URL {
  return new URL(`${name}/diagnostics.txt`, FOLDER);
}

async function accept(): Promise<void> {
  for (const name of cases()) {
    const text = await said(name);
    const before = await Deno.readTextFile(expectedFile(name)).catch(() => "");
    if (text === before) continue;
    await Deno.writeTextFile(expectedFile(name), text);
    console.log(`${before === "" ? "new" : "changed"}: ${name}\n${text}`);
  }
}

if (Deno.args.includes("--accept")) await accept();
else {
  for (const name of cases()) {
    Deno.test(`resolve() says what is expected when a description is ${name}`, async () => {
      assert.equal(await said(name), await Deno.readTextFile(expectedFile(name)));
    });
  }

  Deno.test("resolve() lets a mistake pass, or fails, when any one pass is left out", async () => {
    const names = cases();
    const whole = await Promise.all(names.map((name) => said(name)));
    for (const left of passes) {
      const pipeline = passes.filter((pass) => pass !== left);
      const noticed = await Promise.all(
        names.map(async (name, i) => await outcome(name, pipeline) !== whole[i]),
      );
      assert.ok(noticed.includes(true), `no case needs the pass "${left.name}"`);
    }
  });

  Deno.test("passes come in an order where each fact is there before it is assumed", () => {
    const established = new Set<string>();
    for (const { name, assumes } of passes) {
      for (const fact of assumes) assert.ok(established.has(fact), `"${name}" assumes "${fact}"`);
      assert.ok(!established.has(name), `"${name}" is established twice`);
      established.add(name);
    }
  });
}

async function outcome(name: string, pipeline: readonly Pass[]): Promise<string> {
  try {
    return await said(name, pipeline);
  } catch (error) {
    return String(error);
  }
}
