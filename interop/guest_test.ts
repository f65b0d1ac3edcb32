/** A Linux guest on our devices. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { guestMissing, startGuest } from "./guest.ts";
import { appeared, Peer, peerTest, run, Scratch } from "./peers.ts";

const CLI = fileURLToPath(new URL("../cli.ts", import.meta.url));
const NEEDS = ["qemu-system-x86_64", "busybox", guestMissing];

/** A back end of ours, in a process of its own. */
async function serve(device: readonly string[], socket: string): Promise<Peer> {
  const args = ["run", "-A", "--no-lock", CLI, "serve", ...device, "--socket", socket];
  const peer = new Peer(Deno.execPath(), args, 180);
  await appeared(socket);
  return peer;
}

async function digest(path: string): Promise<string> {
  return (await run("md5sum", [path])).split(" ")[0]!;
}

/** What a guest printed as `name=value`. */
function told(output: string, name: string): string | undefined {
  return new RegExp(`^${name}=(\\S*)`, "m").exec(output)?.[1];
}

peerTest("a Linux guest reads and writes our disk", NEEDS, async () => {
  using scratch = new Scratch();
  const file = scratch.path("disk");
  Deno.writeFileSync(file, new Uint8Array(32 << 20));
  using disk = Deno.openSync(file, { write: true });
  for (let at = 0; at < 16; at++) disk.writeSync(crypto.getRandomValues(new Uint8Array(65536)));
  const before = (await run("sh", ["-c", `head -c 1M ${file} | md5sum`])).split(" ")[0];
  await using server = await serve(
    ["blk", "--file", file, "--serial", "our-disk"],
    scratch.path("s"),
  );
  await using guest = startGuest(scratch, {
    modules: ["blk"],
    qemu: [
      ...["-chardev", `socket,id=c0,path=${scratch.path("s")}`],
      ...["-device", "vhost-user-blk-pci,chardev=c0,num-queues=1"],
    ],
    script: `
echo SIZE=$(cat /sys/block/vda/size)
echo SERIAL=$(cat /sys/block/vda/serial)
echo READ=$(dd if=/dev/vda bs=64k count=16 2>/dev/null | md5sum)
dd if=/dev/urandom of=/tmp/random bs=1M count=8 2>/dev/null
dd if=/tmp/random of=/dev/vda bs=256k seek=16 conv=fsync 2>&1
echo WRITTEN=$(md5sum < /tmp/random)
echo 3 > /proc/sys/vm/drop_caches
echo AGAIN=$(dd if=/dev/vda bs=1M skip=4 count=8 2>/dev/null | md5sum)
`,
  });
  await guest.printed("GUEST ENDS");
  const { output } = guest;
  assert.equal(told(output, "SIZE"), "65536", output);
  assert.equal(told(output, "SERIAL"), "our-disk");
  assert.equal(told(output, "READ"), before);
  assert.equal(told(output, "AGAIN"), told(output, "WRITTEN"));
  await guest.ended();
  server.kill("SIGINT");
  assert.equal(await server.ended(), 0, server.output);
  const part = scratch.path("part");
  Deno.writeFileSync(part, Deno.readFileSync(file).subarray(4 << 20, 12 << 20));
  assert.equal(await digest(part), told(output, "WRITTEN"));
});
