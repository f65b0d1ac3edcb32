/** The commands of docs/first_device.md, as they stand there. */

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { guestMissing } from "./guest.ts";
import { Peer, peerTest } from "./peers.ts";

const ROOT = new URL("../", import.meta.url);

/** The blocks of a page in a language. */
function blocks(page: string, language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))]
    .map((found) => found[1]!);
}

peerTest("the commands of docs/first_device.md do what it says", [
  "qemu-system-x86_64",
  "busybox",
  guestMissing,
], async () => {
  const page = Deno.readTextFileSync(new URL("docs/first_device.md", ROOT));
  const script = [
    `PATH='${dirname(Deno.execPath())}':$PATH`,
    `cd '${fileURLToPath(ROOT)}'`,
    ...blocks(page, "sh"),
    'rm -r "$PWD"', // the empty folder of the first block
  ].join("\n");
  await using shell = new Peer("bash", ["-e", "-c", script], 100);
  const code = await shell.ended();
  assert.equal(code, 0, shell.output);
  const shown = blocks(page, "text").flatMap((block) => block.trimEnd().split("\n"));
  assert.equal(shown.length, 5);
  for (const line of shown) assert.ok(shell.output.includes(line), `${line}\n${shell.output}`);
});
