// Linux boots in a tab of headless Chromium on our devices, and its shell answers what is typed.

import assert from "node:assert/strict";
import { i386Missing, readGuest } from "../../examples/v86/guest.ts";
import { servePage } from "../../examples/v86/serve.ts";
import { peerTest } from "../peers.ts";
import { Chromium, findChromium } from "./chromium.ts";

const SECONDS = 240; // a quiet machine takes 20
const NEEDS = [
  i386Missing,
  () => findChromium() === undefined ? "Chromium in PATH" : undefined,
];

peerTest("Linux boots in a browser's tab on our devices", NEEDS, async () => {
  await using site = await servePage(readGuest(), 0);
  await using chromium = await Chromium.start(findChromium()!);
  const page = await chromium.open(`http://127.0.0.1:${site.addr.port}/`);
  const shown = (id: string) =>
    chromium.evaluate(page, `document.getElementById("${id}")?.textContent ?? ""`) as Promise<
      string
    >;
  const shows = async (wanted: string) => {
    const end = performance.now() + SECONDS * 1000;
    for (;;) {
      const text = await shown("console");
      if (text.includes(wanted)) return text;
      const late = performance.now() > end;
      assert.ok(!late, `no ${wanted}: ${await shown("state")}\n${await shown("serial")}\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  };
  const output = await shows("READY");
  assert.match(output, /random from virtio_rng\.0/);
  assert.match(output, /DISK=disk-in-memory, 16384 sectors/);
  assert.match(output, /DISK_SUM=96995b58d4cbf6aaa9041b4f00c7f6ae/); // of 8 MiB of zeroes
  assert.match(output, /NUMBERS=0e10426a1d5bddffcef02f1345787128/); // of `seq 1 200000`
  assert.match(output, /3 packets transmitted, 3 packets received/);
  assert.doesNotMatch(output, /FAILED/);
  await shows("# ");
  await chromium.type(page, "echo $((6 * 7)) are$((2 - 2))\r");
  await shows("42 are0");
});
