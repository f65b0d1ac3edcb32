/** Linux guests on our network card. */

import assert from "node:assert/strict";
import { guestMissing, startGuest } from "./guest.ts";
import { Peer, peerTest, run, Scratch, serve } from "./peers.ts";

/** The card of QEMU for our back end. With MSI-X, 7.2 without KVM ends by SIGSEGV as it starts the rings of any. */
const CARD = "virtio-net-pci,netdev=n0,vectors=0";
const NEEDS = ["qemu-system-x86_64", "busybox", guestMissing];

/** A file of random bytes to serve, and its checksum. */
async function content(scratch: Scratch, mebibytes: number): Promise<string> {
  await run("dd", ["if=/dev/urandom", `of=${scratch.path("file")}`, "bs=1M", `count=${mebibytes}`]);
  return (await run("md5sum", [scratch.path("file")])).split(" ")[0]!;
}

function told(output: string, name: string): string | undefined {
  return new RegExp(`^${name}=(\\S*)`, "m").exec(output)?.[1];
}

/** What a guest's shell measures and prints. */
function timed(name: string, command: string): string {
  return `
START=$(cut -d ' ' -f 1 /proc/uptime)
${command}
echo ${name}_TIME=$START-$(cut -d ' ' -f 1 /proc/uptime)
`;
}

/** MiB a second of a measured transfer, as the guest's clock has it. */
function rate(output: string, name: string, mebibytes: number): string {
  const [start, end] = told(output, `${name}_TIME`)!.split("-").map(Number);
  return `${name.toLowerCase()} ${(mebibytes / (end! - start!)).toFixed(0)} MiB/s`;
}

peerTest("a Linux guest moves 100 MiB each way over TCP between our card and the host's TAP", [
  ...NEEDS,
  "unshare",
  "nsenter",
], async () => {
  using scratch = new Scratch();
  const sum = await content(scratch, 100);
  const socket = scratch.path("s");
  await using server = await serve(["net", "--tap", "tap0"], socket, ["unshare", "-n"]);
  const host = ["-t", `${server.pid}`, "-n", "busybox"];
  await run("nsenter", [...host, "ifconfig", "tap0", "10.0.0.1", "netmask", "255.255.255.0", "up"]);
  await using _http = new Peer("nsenter", [...host, "httpd", "-f", "-h", scratch.folder], 60);
  const taker = ["nc", "-l", "-p", "5000", "-e", "busybox", "md5sum"];
  await using _taker = new Peer("nsenter", [...host, ...taker], 60);
  await using guest = startGuest(scratch, {
    modules: ["net"],
    qemu: [
      ...["-chardev", `socket,id=c0,path=${socket}`],
      ...["-netdev", "vhost-user,id=n0,chardev=c0", "-device", CARD],
    ],
    script: `
mount -t tmpfs -o size=110m tmpfs /mnt
ifconfig eth0 10.0.0.2 netmask 255.255.255.0 up
${timed("DOWN", "wget -q -O /mnt/file http://10.0.0.1/file")}
${timed("UP", "echo TAKEN=$(nc 10.0.0.1 5000 < /mnt/file)")}
echo SUM=$(md5sum < /mnt/file)
`,
  });
  await guest.printed("GUEST ENDS");
  const { output } = guest;
  assert.equal(told(output, "SUM"), sum, output);
  assert.equal(told(output, "TAKEN"), sum);
  console.log(`${rate(output, "DOWN", 100)}, ${rate(output, "UP", 100)}`);
  await guest.ended();
  server.kill("SIGINT");
  assert.equal(await server.ended(), 0, server.output);
});

peerTest(
  "two Linux guests talk, one on our card, one on QEMU's with -netdev stream",
  NEEDS,
  async () => {
    using scratch = new Scratch();
    const [socket, wire] = [scratch.path("s"), scratch.path("wire")];
    await using server = await serve(["net", "--listen", wire], socket);
    await using ours = startGuest(scratch, {
      modules: ["net"],
      qemu: [
        ...["-chardev", `socket,id=c0,path=${socket}`, "-netdev", "vhost-user,id=n0,chardev=c0"],
        ...["-device", `${CARD},mac=52:54:00:00:00:01`],
      ],
      script: `
ifconfig eth0 10.0.0.1 netmask 255.255.255.0 up
dd if=/dev/urandom of=/tmp/file bs=1M count=20 2>/dev/null
echo SENT=$(md5sum < /tmp/file)
httpd -h /tmp
nc -l -p 5000 | md5sum > /tmp/sum
echo GOT=$(cat /tmp/sum)
`,
    });
    using other = new Scratch();
    await using theirs = startGuest(other, {
      modules: ["net"],
      qemu: [
        ...["-netdev", `stream,id=n0,addr.type=unix,addr.path=${wire},server=off`],
        ...["-device", "virtio-net-pci,netdev=n0,mac=52:54:00:00:00:02"],
      ],
      script: `
ifconfig eth0 10.0.0.2 netmask 255.255.255.0 up
until wget -q -O /tmp/file http://10.0.0.1/file; do sleep 0.2; done
echo FILE=$(md5sum < /tmp/file)
nc 10.0.0.1 5000 < /tmp/file
`,
    });
    await Promise.all([ours.printed("GUEST ENDS"), theirs.printed("GUEST ENDS")]);
    assert.match(told(ours.output, "SENT")!, /^[0-9a-f]{32}$/);
    assert.equal(told(theirs.output, "FILE"), told(ours.output, "SENT"), theirs.output);
    assert.equal(told(ours.output, "GOT"), told(ours.output, "SENT"));
    await Promise.all([ours.ended(), theirs.ended()]);
    server.kill("SIGINT");
    assert.equal(await server.ended(), 0, server.output);
  },
);
