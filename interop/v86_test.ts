/** A Linux guest in v86, in this process, on our devices over PCI. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { i386Missing, readGuest } from "../examples/v86/guest.ts";
import { startMachine } from "../examples/v86/machine.ts";
import { peerTest, run, Scratch } from "./peers.ts";

const SECONDS = 240; // a quiet machine takes 20

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

peerTest("a Linux guest in v86 uses our entropy, disk, console and network card", [
  i386Missing,
  "e2fsck",
], async () => {
  const disk = new Uint8Array(8 << 20);
  for (let at = 0; at < disk.length; at += 65536) {
    crypto.getRandomValues(disk.subarray(at, at + 65536));
  }
  const before = md5(disk);
  let [output, serial] = ["", ""];
  const machine = await startMachine({
    ...readGuest(),
    disk,
    onOutput: (text) => output += text,
    onSerial: (text) => serial += text,
  });
  try {
    const printed = async (text: string) => {
      const end = performance.now() + SECONDS * 1000;
      while (!output.includes(text)) {
        if (performance.now() > end || serial.includes("Kernel panic")) {
          throw new Error(`It did not print ${JSON.stringify(text)}:\n${serial}\n${output}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await printed("READY");
    assert.doesNotMatch(serial + output, /FAILED|I\/O error/, output);
    const told = (name: string) => new RegExp(`^${name}=(\\S*)`, "m").exec(output)?.[1];
    assert.match(output, /random from virtio_rng\.0/);
    assert.match(told("RANDOM")!, /^[0-9a-f]{32}$/);
    assert.notEqual(told("RANDOM"), md5(new Uint8Array(4096)));
    assert.notEqual(told("RANDOM"), told("RANDOM_AGAIN"));
    assert.match(output, /DISK=disk-in-memory, 16384 sectors/);
    assert.equal(told("DISK_SUM"), before);
    const numbers = Array.from({ length: 200_000 }, (_, at) => `${at + 1}\n`).join("");
    assert.equal(told("NUMBERS"), md5(new TextEncoder().encode(numbers)));
    assert.equal(told("MAC"), "02:00:00:00:00:02");
    assert.match(output, /3 packets transmitted, 3 packets received/);
    await printed("# ");
    const command = "echo $((6 * 7)) are$((2 - 2))\r";
    assert.equal(machine.input(command), command.length);
    await printed("42 are0");
  } finally {
    await machine.stop();
  }
  using scratch = new Scratch();
  Deno.writeFileSync(scratch.path("disk"), disk);
  await run("e2fsck", ["-f", "-n", scratch.path("disk")]);
});
