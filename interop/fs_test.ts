/** A Linux guest on a folder that we share. */

import assert from "node:assert/strict";
import { attach, guestMissing, startGuest, told } from "./guest.ts";
import { peerTest, run, Scratch, serve } from "./peers.ts";

/** A tree of folders, files of many sizes, links and names of all kinds, with sums of the files. */
async function plant(folder: string): Promise<void> {
  Deno.mkdirSync(`${folder}/deep/down/below`, { recursive: true });
  for (const [at, size] of [0, 1, 100, 4095, 4096, 4097, 65536, 300_000, 2_000_000].entries()) {
    const bytes = new Uint8Array(size);
    for (let to = 0; to < size; to += 65536) crypto.getRandomValues(bytes.subarray(to, to + 65536));
    Deno.writeFileSync(`${folder}/${at % 2 === 0 ? "deep/down" : "deep"}/file ${at}`, bytes);
  }
  for (let at = 0; at < 200; at++) {
    Deno.writeTextFileSync(`${folder}/deep/down/below/${at}`, `${at}`);
  }
  Deno.writeTextFileSync(`${folder}/ümlaut ✓ "quoted"`, "name");
  Deno.linkSync(`${folder}/deep/down/below/1`, `${folder}/hard`);
  Deno.symlinkSync("deep/down/below/2", `${folder}/soft`);
  Deno.chmodSync(`${folder}/hard`, 0o640);
  await run("sh", ["-c", `cd '${folder}' && find . -type f -exec md5sum {} + > ../sums`]);
}

const SCRIPT = `
mount -t virtiofs shared /mnt || echo FAILED: mount
cp -a /mnt/tree /tmp/tree || echo FAILED: copy
cd /tmp/tree && md5sum -c /mnt/sums > /tmp/checked 2>&1 || { echo FAILED: sums; grep -v ': OK' /tmp/checked; }
echo CHECKED=$(grep -c ': OK' /tmp/checked)
echo SOFT=$(readlink soft)
echo INODE=$(stat -c %i /mnt/tree/hard)
test $(stat -c %i /mnt/tree/hard) = $(stat -c %i /mnt/tree/deep/down/below/1) || echo FAILED: links
cp -a /tmp/tree /mnt/back || echo FAILED: copy back
cd /mnt

mkdir work && cd work
seq 1 50000 > numbers; seq 50001 100000 >> numbers
echo NUMBERS=$(md5sum < numbers)
mv numbers renamed && mv renamed ../back/renamed && test ! -e renamed || echo FAILED: rename
echo other > other; mv other ../back/soft && test "$(cat ../back/soft)" = other || echo FAILED: replace
mv ../back/deep/down/below ../work/below && test -f below/199 || echo FAILED: directory
mv ../back ../back/deep/inside 2>/dev/null && echo FAILED: into itself
truncate -s 1000000 holes && echo end >> holes && truncate -s 5 ../back/renamed
echo HOLES=$(stat -c %s holes)
sh -c 'set -C; echo x > holes' 2>/dev/null && echo FAILED: exclusive
exec 5> open; echo first >&5; rm open; echo second >&5; exec 5>&-
test ! -e open || echo FAILED: unlink
chmod 600 holes; touch -d '2001-02-03 04:05:06' holes
ln -s target link; ln holes again; echo LINKS=$(stat -c %h holes)
rmdir ../work 2>/dev/null && echo FAILED: rmdir
rm -r below || echo FAILED: rm
mkfifo pipe; mknod null c 1 3 2>/dev/null && echo FAILED: device
echo BLOCKS=$(stat -f -c %b .)
cd /

ln -s ../../../../../../../../.. /mnt/root; ln -s /proc/self/root /mnt/proc
for path in ../outside tree/../../outside escape up/outside absolute root/outside proc/outside; do
  grep -s secret /mnt/$path && echo "FAILED: escaped by $path"
  echo gone > /mnt/$path # into this machine's own files, if anywhere
done 2>/dev/null
sync; umount /mnt || echo FAILED: umount
mount -t virtiofs shared /mnt && echo AGAIN=$(cat /mnt/back/soft)
`;

peerTest("a Linux guest copies trees from and to a folder that we share, and does not get out", [
  "qemu-system-x86_64",
  "busybox",
  guestMissing,
], async () => {
  using scratch = new Scratch();
  const shared = scratch.path("shared");
  Deno.mkdirSync(`${shared}/tree`, { recursive: true });
  await plant(`${shared}/tree`);
  const outside = scratch.path("outside");
  Deno.writeTextFileSync(outside, "secret");
  Deno.symlinkSync(outside, `${shared}/absolute`);
  Deno.symlinkSync("../outside", `${shared}/escape`);
  Deno.symlinkSync("..", `${shared}/up`);
  const socket = scratch.path("s");
  await using server = await serve(["fs", "--folder", shared, "--tag", "shared"], socket);
  await using guest = startGuest(scratch, {
    modules: ["fs"],
    qemu: attach(socket, "vhost-user-fs-pci,tag=shared"),
    script: SCRIPT,
  });
  await guest.printed("GUEST ENDS");
  const { output } = guest;
  assert.doesNotMatch(output, /FAILED/, output);
  const sums = Deno.readTextFileSync(`${shared}/sums`).trim().split("\n");
  assert.equal(told(output, "CHECKED"), `${sums.length}`, output);
  assert.equal(told(output, "SOFT"), "deep/down/below/2");
  assert.equal(told(output, "INODE"), `${Deno.statSync(`${shared}/tree/hard`).ino}`);
  assert.equal(told(output, "LINKS"), "2");
  assert.equal(told(output, "HOLES"), "1000004");
  assert.notEqual(told(output, "BLOCKS"), "0");
  assert.equal(told(output, "AGAIN"), "other");
  assert.equal(Deno.readTextFileSync(outside), "secret");
  await verify(shared);
  await guest.ended();
  server.kill("SIGINT");
  assert.equal(await server.ended(), 0, server.output);
  assert.doesNotMatch(server.output, /Error/, server.output);
});

/** Looks at what the guest left in the folder. */
async function verify(shared: string): Promise<void> {
  const check = `cd '${shared}/back' && grep -v below/ ../sums | md5sum -c --quiet -`;
  await run("sh", ["-c", check]);
  const holes = Deno.statSync(`${shared}/work/holes`);
  assert.equal(holes.mode! & 0o7777, 0o600);
  assert.equal(holes.mtime!.toISOString(), "2001-02-03T04:05:06.000Z");
  const bytes = Deno.readFileSync(`${shared}/work/holes`);
  assert.deepEqual(bytes.subarray(999_990), new TextEncoder().encode(`${"\0".repeat(10)}end\n`));
  assert.equal(Deno.readTextFileSync(`${shared}/back/renamed`), "1\n2\n3");
  assert.equal(Deno.readLinkSync(`${shared}/work/link`), "target");
  assert.equal(Deno.statSync(`${shared}/back/hard`).mode! & 0o777, 0o640);
  const left = [...Deno.readDirSync(`${shared}/work`)].map(({ name }) => name).sort();
  assert.deepEqual(left, ["again", "holes", "link", "pipe"]);
}
