/** A Linux guest on our devices. */

import assert from "node:assert/strict";
import { attach, guestMissing, startGuest, told } from "./guest.ts";
import { type Peer, peerTest, run, Scratch, serve } from "./peers.ts";

const NEEDS = ["qemu-system-x86_64", "busybox", guestMissing];

async function digest(scratch: Scratch, bytes: Uint8Array): Promise<string> {
  Deno.writeFileSync(scratch.path("bytes"), bytes);
  return (await run("md5sum", [scratch.path("bytes")])).split(" ")[0]!;
}

/** Ends a process as a crash does. */
async function kill(peer: Peer): Promise<void> {
  peer.kill("SIGKILL");
  await peer.ended();
}

for (const packed of [false, true]) {
  const format = packed ? "packed" : "split";
  const threads = packed ? ", a thread for each" : "";
  peerTest(
    `a Linux guest reads and writes our disk with ${format} rings${threads}`,
    NEEDS,
    async () => {
      using scratch = new Scratch();
      const file = scratch.path("disk");
      const content = new Uint8Array(32 << 20);
      for (let at = 0; at < 1 << 20; at += 65536) {
        crypto.getRandomValues(content.subarray(at, at + 65536));
      }
      Deno.writeFileSync(file, content);
      const args = ["blk", "--file", file, "--serial", "our-disk", "--queues", "2"];
      if (packed) args.push("--threads");
      await using server = await serve(args, scratch.path("s"));
      const ring = packed ? ",packed=on" : "";
      await using guest = startGuest(scratch, {
        modules: ["blk"],
        qemu: attach(scratch.path("s"), `vhost-user-blk-pci,num-queues=2${ring}`),
        script: `
echo SIZE=$(cat /sys/block/vda/size)
echo SERIAL=$(cat /sys/block/vda/serial)
echo QUEUES=$(ls /sys/block/vda/mq | wc -l)
echo READ=$(dd if=/dev/vda bs=64k count=16 2>/dev/null | md5sum)
dd if=/dev/urandom of=/tmp/random bs=1M count=8 2>/dev/null
dd if=/tmp/random of=/dev/vda bs=256k seek=16 conv=fsync 2>&1
echo WRITTEN=$(md5sum < /tmp/random)
echo 3 > /proc/sys/vm/drop_caches
echo AGAIN=$(dd if=/dev/vda bs=1M skip=4 count=8 2>/dev/null | md5sum)
echo PACKED=$(cut -c35 /sys/bus/virtio/devices/virtio0/features)
`,
      });
      await guest.printed("GUEST ENDS");
      const { output } = guest;
      assert.equal(told(output, "SIZE"), "65536", output);
      assert.equal(told(output, "SERIAL"), "our-disk");
      assert.equal(told(output, "QUEUES"), "2");
      assert.equal(told(output, "READ"), await digest(scratch, content.subarray(0, 1 << 20)));
      assert.equal(told(output, "AGAIN"), told(output, "WRITTEN"));
      assert.equal(told(output, "PACKED"), packed ? "1" : "0");
      await guest.ended();
      server.kill("SIGINT");
      assert.equal(await server.ended(), 0, server.output);
      const written = Deno.readFileSync(file).subarray(4 << 20, 12 << 20);
      assert.equal(await digest(scratch, written), told(output, "WRITTEN"));
    },
  );
}

for (const packed of [false, true]) {
  const format = packed ? "packed" : "split";
  peerTest(
    `a Linux guest makes requests of more segments than its queue has entries: ${format} ring`,
    NEEDS,
    async () => {
      using scratch = new Scratch();
      const file = scratch.path("disk");
      Deno.writeFileSync(file, new Uint8Array(32 << 20));
      await using server = await serve(["blk", "--file", file], scratch.path("s"));
      const ring = `queue-size=16${packed ? ",packed=on" : ""}`;
      await using guest = startGuest(scratch, {
        modules: ["blk"],
        qemu: attach(scratch.path("s"), `vhost-user-blk-pci,num-queues=1,${ring}`),
        script: `
dd if=/dev/urandom of=/tmp/random bs=1M count=8 2>/dev/null
dd if=/tmp/random of=/dev/vda bs=1M conv=fsync 2>&1
echo WRITTEN=$(md5sum < /tmp/random)
echo 3 > /proc/sys/vm/drop_caches
echo AGAIN=$(dd if=/dev/vda bs=1M count=8 2>/dev/null | md5sum)
`,
      });
      await guest.printed("GUEST ENDS");
      assert.equal(told(guest.output, "AGAIN"), told(guest.output, "WRITTEN"), server.output);
    },
  );
}

for (const packed of [false, true]) {
  const format = packed ? "packed" : "split";
  peerTest(
    `a Linux guest keeps a file system on our disk, which dies and comes back: ${format} ring`,
    [
      ...NEEDS,
      "mkfs.ext4",
      "e2fsck",
    ],
    async () => {
      using scratch = new Scratch();
      const file = scratch.path("disk");
      Deno.writeFileSync(file, new Uint8Array(64 << 20));
      await run("mkfs.ext4", ["-q", file]);
      const socket = scratch.path("s");
      const args = ["blk", "--file", file];
      const servers = [await serve(args, socket)];
      await using _last: AsyncDisposable = {
        async [Symbol.asyncDispose]() {
          await Promise.all(servers.map(kill));
        },
      };
      await using guest = startGuest(scratch, {
        modules: ["blk", "ext4"],
        qemu: attach(socket, `vhost-user-blk-pci,num-queues=1${packed ? ",packed=on" : ""}`),
        seconds: 180,
        script: `
mount -t ext4 /dev/vda /mnt || echo MOUNT FAILED
echo PACKED=$(cut -c35 /sys/bus/virtio/devices/virtio0/features)
seq 1 300000 > /mnt/numbers
sync
echo MOUNTED
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
  seq $i 1000000 | head -c 2M > /mnt/file$i
  sync
  echo WROTE$i
done
echo 3 > /proc/sys/vm/drop_caches
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
  test "$(seq $i 1000000 | head -c 2M | md5sum)" = "$(md5sum < /mnt/file$i)" || echo DIFFERS$i
done
echo NUMBERS=$(md5sum < /mnt/numbers)
umount /mnt
`,
      });
      for (const [at, mark] of ["WROTE1", "WROTE4", "WROTE7"].entries()) {
        await guest.printed(`${mark}\r\n`);
        await new Promise((resolve) => setTimeout(resolve, 50 * at)); // somewhere in the next write
        await kill(servers.at(-1)!);
        servers.push(await serve(args, socket));
      }
      await guest.printed("GUEST ENDS");
      assert.doesNotMatch(guest.output, /FAILED|DIFFERS|I\/O error/, guest.output);
      assert.equal(told(guest.output, "PACKED"), packed ? "1" : "0");
      assert.equal(told(guest.output, "NUMBERS"), "daef482d6c698625ab13d987d14e8781");
      await guest.ended();
      await kill(servers.at(-1)!);
      await run("e2fsck", ["-f", "-n", file]);
    },
  );
}

for (const format of ["split", "packed"]) {
  peerTest(
    `a Linux guest gets each request back once from disks that die: ${format} ring`,
    NEEDS,
    async () => {
      using scratch = new Scratch();
      const file = scratch.path("disk");
      Deno.writeFileSync(file, new Uint8Array(16 << 20));
      const socket = scratch.path("s");
      const args = [`${new URL("slow_disk.ts", import.meta.url)}?file=${file}`];
      const servers = [await serve(args, socket)];
      await using _last: AsyncDisposable = {
        async [Symbol.asyncDispose]() {
          await Promise.all(servers.map(kill));
        },
      };
      const ring = format === "packed" ? ",packed=on" : "";
      await using guest = startGuest(scratch, {
        modules: ["blk"],
        qemu: attach(socket, `vhost-user-blk-pci,num-queues=1${ring}`),
        seconds: 180,
        script: `
dd if=/dev/urandom of=/tmp/random bs=1M count=8 2>/dev/null
echo PACKED=$(cut -c35 /sys/bus/virtio/devices/virtio0/features)
for i in 1 2 3; do
  echo WRITING$i
  for part in 0 1 2 3 4 5 6 7; do
    dd if=/tmp/random of=/dev/vda bs=64k skip=$((16 * part)) seek=$((16 * part + i)) count=16 conv=fsync 2>/dev/null &
  done
  wait
  echo 3 > /proc/sys/vm/drop_caches
  echo READ$i=$(dd if=/dev/vda bs=64k skip=$i count=128 2>/dev/null | md5sum)
done
echo WRITTEN=$(md5sum < /tmp/random)
`,
      });
      for (const mark of ["WRITING1", "WRITING2", "WRITING3"]) {
        await guest.printed(`${mark}\r\n`);
        await new Promise((resolve) => setTimeout(resolve, 500));
        await kill(servers.at(-1)!);
        servers.push(await serve(args, socket));
      }
      await guest.printed("GUEST ENDS");
      const { output } = guest;
      assert.doesNotMatch(output, /is not a head|I\/O error/, output);
      assert.equal(told(output, "PACKED"), format === "packed" ? "1" : "0");
      for (const at of [1, 2, 3]) assert.equal(told(output, `READ${at}`), told(output, "WRITTEN"));
      const taken = servers.map(({ output }) => /takes up (\d+) buffers/.exec(output)?.[1] ?? "0");
      assert.ok(taken.some((count) => Number(count) > 1), `taken up: ${taken}`);
      await guest.ended();
    },
  );
}

peerTest("a Linux guest takes random bytes from us", NEEDS, async () => {
  using scratch = new Scratch();
  await using _server = await serve(["entropy"], scratch.path("s"));
  await using guest = startGuest(scratch, {
    modules: ["entropy"],
    qemu: attach(scratch.path("s"), "vhost-user-rng-pci"),
    script: `
echo CURRENT=$(cat /sys/class/misc/hw_random/rng_current)
echo FIRST=$(dd if=/dev/hwrng bs=64 count=16 2>/dev/null | md5sum)
echo SECOND=$(dd if=/dev/hwrng bs=64 count=16 2>/dev/null | md5sum)
echo BYTES=$(dd if=/dev/hwrng bs=4096 count=4 2>/dev/null | wc -c)
`,
  });
  await guest.printed("GUEST ENDS");
  const { output } = guest;
  assert.equal(told(output, "CURRENT"), "virtio_rng.0", output);
  assert.notEqual(told(output, "FIRST"), told(output, "SECOND"));
  assert.equal(told(output, "BYTES"), "16384");
});
