/**
 * Holds the README's table of devices to what there is. Renew it: `deno run -R -W readme_test.ts --accept`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { devices } from "./spec/mod.ts";

const README = new URL("README.md", import.meta.url);
const START = "<!-- devices -->";
const END = "<!-- /devices -->";

/** Devices that Linux 6.1's headers, the ones compared with, know nothing of. */
const NO_HEADER = new Set(["can", "media", "rpmb", "rtc", "spi"]);

/** Outside peers that an interoperability test has met, by device. */
const PEERS: Readonly<Record<string, string>> = {
  blk: "Linux guest, QEMU's disk and its storage daemon",
  entropy: "Linux guest, QEMU's",
};

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(new URL(path, import.meta.url)).then(() => true, () => false);
}

/** How many vectors a device has; none is a dash. */
async function vectors(name: string): Promise<string> {
  const path = `testdata/vectors/${name}.json`;
  if (!(await exists(path))) return "—";
  return String(JSON.parse(await Deno.readTextFile(new URL(path, import.meta.url))).length);
}

async function table(): Promise<string> {
  const rows = await Promise.all(devices.map(async ({ name, id, title, section }) => [
    `[${name}](generated/${name}/README.md)`,
    title,
    String(id),
    section,
    await exists(`generated/${name}/loopback_test.ts`) ? "yes" : "—",
    await vectors(name),
    NO_HEADER.has(name) ? "—" : "yes",
    PEERS[name] ?? "—",
  ]));
  const head = ["", "Device", "Id", "Chapter", "Loopback", "Vectors", "C headers", "Real peers"];
  const widths = head.map((text, column) =>
    Math.max(2, text.length, ...rows.map((row) => row[column]!.length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** The README with the table as it should be. */
async function renewed(text: string): Promise<string> {
  const [before = "", rest = ""] = text.split(START);
  const [, after = ""] = rest.split(END);
  return `${before}${START}\n\n${await table()}\n\n${END}${after}`;
}

if (Deno.args.includes("--accept")) {
  await Deno.writeTextFile(README, await renewed(await Deno.readTextFile(README)));
} else {
  Deno.test("README lists all devices with what each is proven against", async () => {
    const text = await Deno.readTextFile(README);
    assert.equal(text, await renewed(text), "renew it: deno run -R -W readme_test.ts --accept");
  });
}
