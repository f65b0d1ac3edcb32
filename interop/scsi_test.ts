/** A Linux guest on our SCSI disk. */

import assert from "node:assert/strict";
import { attach, guestMissing, startGuest, told } from "./guest.ts";
import { peerTest, run, Scratch, serve } from "./peers.ts";

const SIZE = 64 << 20;

peerTest("a Linux guest makes a file system on our SCSI disk, and finds all again", [
  "qemu-system-x86_64",
  "busybox",
  "mkfs.ext4",
  "e2fsck",
  guestMissing,
], async () => {
  using scratch = new Scratch();
  const file = scratch.path("disk");
  Deno.writeFileSync(file, crypto.getRandomValues(new Uint8Array(65536)));
  Deno.truncateSync(file, SIZE);
  const socket = scratch.path("s");
  await using server = await serve([
    "scsi",
    "--file",
    file,
    "--serial",
    "our-disk",
    "--queues",
    "2",
  ], socket);
  await using guest = startGuest(scratch, {
    modules: ["scsi", "ext4"],
    programs: ["/sbin/mkfs.ext4"],
    qemu: attach(socket, "vhost-user-scsi-pci,num_queues=2"),
    script: `
for i in 1 2 3 7 8 9 10; do test -e /dev/sda && break; sleep 1; done
cd /sys/block/sda
echo SIZE=$(cat size)
echo MODEL=$(cat device/model | tr ' ' _)
echo CACHE=$(cat device/scsi_disk/*/cache_type | tr ' ' _)
echo FUA=$(cat queue/fua)
echo ROTATES=$(cat queue/rotational)
echo PROVISIONING=$(cat device/scsi_disk/*/provisioning_mode)
echo DISCARD=$(cat queue/discard_max_bytes)
echo SERIAL=$(tail -c +5 device/vpd_pg80)
echo QUEUES=$(ls mq | wc -l)
echo UNITS=$(ls /sys/class/scsi_disk | wc -l)
mkfs.ext4 -q /dev/sda || echo FAILED: mkfs
mount -t ext4 -o discard /dev/sda /mnt || echo FAILED: mount
for i in 1 2 3; do seq $i 300000 > /mnt/file$i; done
sync; echo 3 > /proc/sys/vm/drop_caches
for i in 1 2 3; do
  test "$(seq $i 300000 | md5sum)" = "$(md5sum < /mnt/file$i)" || echo FAILED: file$i
done
rm /mnt/file1; sync
fstrim /mnt || echo FAILED: trim
umount /mnt || echo FAILED: umount
dd if=/dev/sda bs=64k skip=1023 count=1 2>/dev/null | wc -c
dmesg | grep -E 'sd 0|scsi' | grep -iE 'error|fail|sense key|abort' && echo FAILED: errors
dd if=/dev/zero of=/dev/sda bs=64k seek=1024 count=1 2>/dev/null && echo FAILED: beyond
`,
  });
  await guest.printed("GUEST ENDS");
  const { output } = guest;
  assert.doesNotMatch(output, /FAILED/, output);
  assert.equal(told(output, "SIZE"), `${SIZE / 512}`, output);
  assert.equal(told(output, "MODEL"), "TypeScript_disk_");
  assert.equal(told(output, "CACHE"), "write_back");
  assert.equal(told(output, "FUA"), "1");
  assert.equal(told(output, "ROTATES"), "0");
  assert.equal(told(output, "PROVISIONING"), "unmap");
  assert.notEqual(told(output, "DISCARD"), "0");
  assert.equal(told(output, "SERIAL"), "our-disk");
  assert.equal(told(output, "QUEUES"), "2");
  assert.equal(told(output, "UNITS"), "1");
  await guest.ended();
  server.kill("SIGINT");
  assert.equal(await server.ended(), 0, server.output);
  assert.doesNotMatch(server.output, /Error/, server.output);
  await run("e2fsck", ["-f", "-n", file]);
});

peerTest("a Linux guest protects its blocks with T10_PI, whose lengths stand before the CDB", [
  "qemu-system-x86_64",
  "busybox",
  guestMissing,
], async () => {
  using scratch = new Scratch();
  const file = scratch.path("disk");
  Deno.writeFileSync(file, new Uint8Array(4 << 20));
  const socket = scratch.path("s");
  await using server = await serve(
    [`${new URL("protected_scsi.ts", import.meta.url)}?file=${file}`],
    socket,
  );
  await using guest = startGuest(scratch, {
    modules: ["scsi"],
    qemu: attach(socket, "vhost-user-scsi-pci,num_queues=1,t10_pi=on"),
    script: `
for i in 1 2 3 7 8 9 10; do test -e /dev/sda && break; sleep 1; done
echo T10_PI=$(cut -c4 /sys/bus/virtio/devices/virtio0/features)
echo FORMAT=$(cat /sys/block/sda/integrity/format)
dd if=/dev/urandom of=/tmp/random bs=64k count=32 2>/dev/null
dd if=/tmp/random of=/dev/sda bs=64k conv=fsync 2>/dev/null || echo FAILED: write
echo 3 > /proc/sys/vm/drop_caches
echo READ=$(dd if=/dev/sda bs=64k count=32 2>/dev/null | md5sum)
echo WRITTEN=$(md5sum < /tmp/random)
dmesg | grep -iE 'i/o error|ref tag|guard tag' && echo FAILED: errors
`,
  });
  await guest.printed("GUEST ENDS");
  const { output } = guest;
  assert.doesNotMatch(output, /FAILED/, output);
  assert.equal(told(output, "T10_PI"), "1", output);
  assert.equal(told(output, "FORMAT"), "T10-DIF-TYPE1-CRC", output);
  assert.equal(told(output, "READ"), told(output, "WRITTEN"));
  await guest.ended();
  server.kill("SIGINT");
  assert.equal(await server.ended(), 0, server.output);
  assert.match(server.output, /PROTECTED write/, server.output);
  assert.match(server.output, /PROTECTED read/, server.output);
  assert.doesNotMatch(server.output, /WRONG|Error/, server.output);
});
