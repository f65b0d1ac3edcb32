/**
 * Holds the README's tables to what there is. Renew it: `deno run -R -W readme_test.ts --accept`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { table } from "./generator/views/markdown.ts";
import { TRIALS } from "./interop/qemu/devices/mod.ts";
import { matrix } from "./interop/qemu/matrix.ts";
import { devices } from "./spec/mod.ts";

const README = new URL("README.md", import.meta.url);

/** Devices that Linux 6.1's headers, the ones compared with, know nothing of. */
const NO_HEADER = new Set(["can", "media", "rpmb", "rtc", "spi"]);

/** Outside peers that an interoperability test has met, beside QEMU's own devices. */
const PEERS: Readonly<Record<string, string>> = {
  blk: "Linux guest, QEMU's storage daemon",
  console: "Linux guest",
  entropy: "Linux guest",
  fs: "Linux guest, virtiofsd",
  gpio: "Linux guest",
  i2c: "Linux guest",
  input: "Linux guest",
  net: "Linux guest, QEMU's -netdev stream",
  scsi: "Linux guest",
  vsock: "Linux guest",
};

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(new URL(path, import.meta.url)).then(() => true, () => false);
}

/** Who has met it; nobody is a dash. */
function peers(name: string): string {
  const met = TRIALS.some(({ device }) => device === name) ? ["QEMU's device"] : [];
  return [PEERS[name] ?? [], met].flat().join(", ") || "—";
}

/** How many vectors a device has; none is a dash. */
async function vectors(name: string): Promise<string> {
  const path = `testdata/vectors/${name}.json`;
  if (!(await exists(path))) return "—";
  return String(JSON.parse(await Deno.readTextFile(new URL(path, import.meta.url))).length);
}

/** What each device is proven against. */
async function deviceTable(): Promise<string> {
  const rows = await Promise.all(devices.map(async ({ name, id, title, section }) => [
    `[${name}](generated/${name}/README.md)`,
    title,
    String(id),
    section,
    await exists(`generated/${name}/loopback_test.ts`) ? "yes" : "—",
    await vectors(name),
    NO_HEADER.has(name) ? "—" : "yes",
    peers(name),
  ]));
  const head = ["", "Device", "Id", "Chapter", "Loopback", "Vectors", "C headers", "Real peers"];
  return table(head, rows).join("\n");
}

/** What stands between the markers of each name. */
const PARTS: Readonly<Record<string, () => string | Promise<string>>> = {
  devices: deviceTable,
  matrix: () => matrix(TRIALS, () => "yes"),
};

/** The README with its tables as they should be. */
async function renewed(text: string): Promise<string> {
  let result = text;
  for (const [name, write] of Object.entries(PARTS)) {
    const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const [before = "", rest = ""] = result.split(start);
    const [, after = ""] = rest.split(end);
    result = `${before}${start}\n\n${await write()}\n\n${end}${after}`;
  }
  return result;
}

if (Deno.args.includes("--accept")) {
  await Deno.writeTextFile(README, await renewed(await Deno.readTextFile(README)));
} else {
  Deno.test("README lists all devices with what each is proven against, and the ways to QEMU's", async () => {
    const text = await Deno.readTextFile(README);
    assert.equal(text, await renewed(text), "renew it: deno run -R -W readme_test.ts --accept");
  });
}
