/** Linux guests in QEMU 10, which passes on more to back ends than 7.2 does, and connects to more of them again. */

import assert from "node:assert/strict";
import { emptyNetworkReceive, NetworkAck, NetworkDevice } from "../generated/net/mod.ts";
import { serve as serveDevice } from "../vhost_user/mod.ts";
import { attach, NEWER_GUEST, startGuest, told } from "./guest.ts";
import { type Peer, peerTest, Scratch, serve } from "./peers.ts";

const MIB = 1 << 20;

peerTest(
  "a Linux guest uses our folder and our SCSI disk by packed rings",
  NEWER_GUEST,
  async () => {
    using scratch = new Scratch();
    const [folder, disk] = [scratch.path("folder"), scratch.path("disk")];
    Deno.mkdirSync(folder);
    Deno.writeFileSync(disk, new Uint8Array(16 * MIB));
    await using fs = await serve(["fs", "--folder", folder, "--tag", "shared"], scratch.path("f"));
    await using scsi = await serve(["scsi", "--file", disk], scratch.path("s"));
    await using guest = startGuest(scratch, {
      modules: ["fs", "scsi"],
      build: "10",
      qemu: [
        ...attach(scratch.path("f"), "vhost-user-fs-pci,tag=shared,packed=on", "c0"),
        ...attach(scratch.path("s"), "vhost-user-scsi-pci,num_queues=1,packed=on", "c1"),
      ],
      script: `
for device in 0 1; do
  echo PACKED$device=$(cut -c35 /sys/bus/virtio/devices/virtio$device/features)
done
mount -t virtiofs shared /mnt || echo FAILED: mount
for i in 1 2 3 7 8 9 10; do test -e /dev/sda && break; sleep 1; done
dd if=/dev/urandom of=/mnt/file bs=1M count=8 2>/dev/null || echo FAILED: write
dd if=/mnt/file of=/dev/sda bs=1M seek=4 conv=fsync 2>/dev/null || echo FAILED: copy
echo 3 > /proc/sys/vm/drop_caches
dd if=/dev/sda of=/mnt/back bs=1M skip=4 count=8 2>/dev/null || echo FAILED: copy back
sync; umount /mnt || echo FAILED: umount
`,
    });
    await guest.printed("GUEST ENDS");
    const { output } = guest;
    assert.doesNotMatch(output, /FAILED/, output);
    for (const device of [0, 1]) assert.equal(told(output, `PACKED${device}`), "1", output);
    const file = Deno.readFileSync(`${folder}/file`);
    assert.equal(file.length, 8 * MIB);
    assert.ok(file.some((byte) => byte !== 0));
    assert.deepEqual(Deno.readFileSync(`${folder}/back`), file);
    assert.deepEqual(Deno.readFileSync(disk).subarray(4 * MIB, 12 * MIB), file);
    for (const server of [fs, scsi]) assert.doesNotMatch(server.output, /Error/, server.output);
  },
);

peerTest("a Linux guest goes on with our SCSI disk, which dies and comes back", [
  ...NEWER_GUEST,
], async () => {
  using scratch = new Scratch();
  const [socket, disk] = [scratch.path("s"), scratch.path("disk")];
  Deno.writeFileSync(disk, new Uint8Array(32 * MIB));
  const servers: Peer[] = [await serve(["scsi", "--file", disk], socket)];
  await using stack = new AsyncDisposableStack();
  stack.defer(() => servers.at(-1)![Symbol.asyncDispose]());
  await using guest = startGuest(scratch, {
    modules: ["scsi"],
    build: "10",
    seconds: 150,
    qemu: [
      ...["-chardev", `socket,id=c0,path=${socket},reconnect=1`],
      ...["-device", "vhost-user-scsi-pci,num_queues=1,chardev=c0"],
    ],
    script: `
for i in 1 2 3 7 8 9 10; do test -e /dev/sda && break; sleep 1; done
dd if=/dev/urandom of=/tmp/file bs=1M count=4 2>/dev/null
for i in 0 1 2 3 4 5; do
  dd if=/tmp/file of=/dev/sda bs=256k seek=$((16 * i)) conv=fsync 2>/dev/null || echo FAILED: write $i
  echo WROTE$i
done
echo 3 > /proc/sys/vm/drop_caches
for i in 0 1 2 3 4 5; do
  dd if=/dev/sda bs=1M skip=$((4 * i)) count=4 2>/dev/null | cmp - /tmp/file || echo FAILED: differs $i
done
dmesg | grep -iE 'sda.*(error|failed)|offline' && echo FAILED: errors
`,
  });
  for (const mark of ["WROTE0", "WROTE2"]) {
    await guest.printed(`${mark}\r\n`);
    await servers.at(-1)![Symbol.asyncDispose](); // as a crash ends it
    servers.push(await serve(["scsi", "--file", disk], socket));
  }
  await guest.printed("GUEST ENDS");
  assert.doesNotMatch(guest.output, /FAILED/, guest.output);
  for (const server of servers) assert.match(server.output, /a front end connected/);
});

/** A card of several pairs of queues that sends each frame back by the pair it came from, counting them. */
function mirror(frames: number[]): NetworkDevice {
  const device: NetworkDevice = new NetworkDevice({
    config: { maxVirtqueuePairs: frames.length },
    queueSizeMax: 1024,
    mqVqPairsSet: () => NetworkAck.OK,
    transmit: (_request, frame, pair) => {
      frames[pair]!++;
      device.sendReceive(emptyNetworkReceive(), frame.bytes(), pair);
    },
  });
  return device;
}

peerTest("a Linux guest uses two pairs of packed queues of our card, each by its interrupts", [
  ...NEWER_GUEST,
], async () => {
  using scratch = new Scratch();
  const frames = [0, 0];
  await using _server = await serveDevice(mirror(frames), scratch.path("s"));
  await using guest = startGuest(scratch, {
    modules: ["net"],
    build: "10",
    qemu: [
      ...["-chardev", `socket,id=c0,path=${scratch.path("s")}`],
      ...["-netdev", "vhost-user,id=n0,chardev=c0,queues=2"],
      ...["-device", "virtio-net-pci,netdev=n0,mq=on,vectors=6,packed=on"],
    ],
    script: `
ifconfig eth0 10.0.0.1 netmask 255.255.255.0 up
arp -s 10.0.0.2 02:00:00:00:00:02
for cpu in 1 2; do taskset $cpu ping -c 5 -i 0.1 -W 1 10.0.0.2 > /dev/null; done
echo PACKED=$(cut -c35 /sys/bus/virtio/devices/virtio0/features)
echo QUEUES=$(ls -d /sys/class/net/eth0/queues/rx-* | wc -l)
for pair in 0 1; do
  set -- $(grep virtio0-input.$pair /proc/interrupts)
  echo INTERRUPTS$pair=$(($2 + $3))
done
echo RECEIVED=$(cat /sys/class/net/eth0/statistics/rx_packets)
`,
  });
  await guest.printed("GUEST ENDS");
  const { output } = guest;
  const number = (name: string) => Number(told(output, name));
  assert.equal(told(output, "PACKED"), "1", output);
  assert.equal(told(output, "QUEUES"), "2");
  for (const pair of [0, 1]) {
    assert.ok(frames[pair]! >= 5, `${frames}\n${output}`);
    assert.ok(number(`INTERRUPTS${pair}`) > 0, output);
  }
  assert.ok(number("RECEIVED") >= 10, output);
});
