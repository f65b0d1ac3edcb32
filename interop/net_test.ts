/** Linux guests on our network card. */

import assert from "node:assert/strict";
import { emptyNetworkTransmit, NetworkAck, NetworkDriver } from "../generated/net/mod.ts";
import { connect } from "../vhost_user/mod.ts";
import { guestMissing, NEWER_GUEST, startGuest, told } from "./guest.ts";
import { Peer, peerTest, run, Scratch, serve, tapMissing } from "./peers.ts";

/** The card of QEMU for our back end. With MSI-X, 7.2 without KVM ends by SIGSEGV as it starts the rings of any. */
const CARD = "virtio-net-pci,netdev=n0,vectors=0";
const NEWER_CARD = "virtio-net-pci,netdev=n0,packed=on";
const NEEDS = ["qemu-system-x86_64", "busybox", guestMissing];

/** A file of random bytes to serve, and its checksum. */
async function content(scratch: Scratch, mebibytes: number): Promise<string> {
  await run("dd", ["if=/dev/urandom", `of=${scratch.path("file")}`, "bs=1M", `count=${mebibytes}`]);
  return (await run("md5sum", [scratch.path("file")])).split(" ")[0]!;
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

/** The guest's card with split rings and one interrupt for all, or with packed rings and one for each. */
for (const packed of [false, true]) {
  const rings = packed ? "packed rings and MSI-X" : "split rings and INTx";
  const needs = packed ? NEWER_GUEST : NEEDS;
  peerTest(
    `a Linux guest moves 100 MiB each way over TCP between our card and the host's TAP: ${rings}`,
    [
      ...needs,
      "unshare",
      "nsenter",
      tapMissing,
    ],
    () => transfer(packed),
  );
}

async function transfer(packed: boolean): Promise<void> {
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
    build: packed ? "10" : "installed",
    qemu: [
      ...["-chardev", `socket,id=c0,path=${socket}`],
      ...["-netdev", "vhost-user,id=n0,chardev=c0", "-device", packed ? NEWER_CARD : CARD],
    ],
    script: `
echo PACKED=$(cut -c35 /sys/bus/virtio/devices/virtio0/features)
mount -t tmpfs -o size=110m tmpfs /mnt
ifconfig eth0 10.0.0.2 netmask 255.255.255.0 up
${timed("DOWN", "wget -q -O /mnt/file http://10.0.0.1/file")}
${timed("UP", "echo TAKEN=$(nc 10.0.0.1 5000 < /mnt/file)")}
echo SUM=$(md5sum < /mnt/file)
echo INTERRUPTS=$(grep -cE 'MSI.* virtio0-(in|out)put.0' /proc/interrupts)
`,
  });
  await guest.printed("GUEST ENDS");
  const { output } = guest;
  assert.equal(told(output, "SUM"), sum, output);
  assert.equal(told(output, "TAKEN"), sum);
  assert.equal(told(output, "PACKED"), packed ? "1" : "0");
  assert.equal(told(output, "INTERRUPTS"), packed ? "2" : "0", output);
  console.log(`${rate(output, "DOWN", 100)}, ${rate(output, "UP", 100)}`);
  await guest.ended();
  server.kill("SIGINT");
  assert.equal(await server.ended(), 0, server.output);
}

peerTest(
  "frames of the host's TAP come by the pairs of queues that the driver uses, and none is lost between",
  ["unshare", "nsenter", "bash", tapMissing],
  async () => {
    using scratch = new Scratch();
    const socket = scratch.path("s");
    const served = ["net", "--tap", "tap0", "--queues", "3"];
    await using server = await serve(served, socket, ["unshare", "-n"]);
    const inside = (command: string) =>
      run("nsenter", ["-t", `${server.pid}`, "-n", "bash", "-c", command]);
    await inside("busybox ifconfig tap0 10.0.0.1 netmask 255.255.255.0 up");
    await inside("busybox arp -i tap0 -s 10.0.0.2 02:00:00:00:00:02");
    let seen: Map<number, number> = new Map(); // the pair by which each port's datagram came
    await using driver = await NetworkDriver.open(await connect(socket), {
      onReceive: (_value, data, pair) => {
        const view = new DataView(data.buffer, data.byteOffset, data.length);
        const isDatagram = view.getUint16(12) === 0x0800 && view.getUint8(23) === 17;
        if (isDatagram) seen.set(view.getUint16(36), pair);
      },
    });
    for (const virtqueuePairs of [3, 1, 2]) {
      const { ack } = await driver.mqVqPairsSet({ virtqueuePairs });
      assert.equal(ack, NetworkAck.OK);
      seen = new Map();
      await inside("for i in {1..96}; do echo > /dev/udp/10.0.0.2/$((5000 + i)); done");
      for (let look = 0; seen.size < 96 && look < 1000; look++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.equal(seen.size, 96);
      const pairs = new Set(seen.values());
      assert.deepEqual([...pairs].sort(), Array.from({ length: virtqueuePairs }, (_, at) => at));
    }
    await driver.close();
    server.kill("SIGINT");
    assert.equal(await server.ended(), 0, server.output);
  },
);

/** Interrupts by INTx of the installed QEMU, or a vector for each queue. */
for (const newer of [false, true]) {
  peerTest(
    `a Linux guest moves 100 MiB each way over TCP by two pairs of our card's queues at once: ${
      newer ? "MSI-X" : "INTx"
    }`,
    [...(newer ? NEWER_GUEST : NEEDS), "unshare", "nsenter", tapMissing],
    () => transferByPairs(newer),
  );
}

async function transferByPairs(newer: boolean): Promise<void> {
  using scratch = new Scratch();
  const sum = await content(scratch, 50);
  const socket = scratch.path("s");
  const served = ["net", "--tap", "tap0", "--queues", "2"];
  await using server = await serve(served, socket, ["unshare", "-n"]);
  const host = ["-t", `${server.pid}`, "-n", "busybox"];
  await run("nsenter", [...host, "ifconfig", "tap0", "10.0.0.1", "netmask", "255.255.255.0", "up"]);
  await using _http = new Peer("nsenter", [...host, "httpd", "-f", "-h", scratch.folder], 90);
  const taker = (port: string) =>
    new Peer("nsenter", [...host, "nc", "-l", "-p", port, "-e", "busybox", "md5sum"], 90);
  await using _first = taker("5000");
  await using _second = taker("5001");
  await using guest = startGuest(scratch, {
    modules: ["net"],
    build: newer ? "10" : "installed",
    qemu: [
      ...["-chardev", `socket,id=c0,path=${socket}`],
      ...["-netdev", "vhost-user,id=n0,chardev=c0,queues=2"],
      ...["-device", `virtio-net-pci,netdev=n0,mq=on${newer ? "" : ",vectors=0"}`],
    ],
    script: `
mount -t tmpfs -o size=120m tmpfs /mnt
ifconfig eth0 10.0.0.2 netmask 255.255.255.0 up
both() { for cpu in 0 1; do taskset $((1 << cpu)) sh -c "$1" $cpu & done; wait; }
${timed("DOWN", "both 'wget -q -O /mnt/file$0 http://10.0.0.1/file'")}
${timed("UP", "both 'echo TAKEN$0=$(nc 10.0.0.1 500$0 < /mnt/file$0)'")}
for pair in 0 1; do echo SUM$pair=$(md5sum < /mnt/file$pair); done
echo QUEUES=$(ls -d /sys/class/net/eth0/queues/rx-* | wc -l)
`,
  });
  await guest.printed("GUEST ENDS");
  const { output } = guest;
  server.kill("SIGUSR1");
  await server.printed("requests served");
  const counts = [...server.output.matchAll(/queue \d+: (\d+)/g)].map(([, count]) => Number(count));
  console.log(`${rate(output, "DOWN", 100)}, ${rate(output, "UP", 100)}, buffers ${counts}`);
  assert.equal(told(output, "QUEUES"), "2", output);
  for (const pair of [0, 1]) {
    assert.equal(told(output, `SUM${pair}`), sum, output);
    assert.equal(told(output, `TAKEN${pair}`), sum, output);
    // 50 MiB each way are 800 frames at least, were all of them as long as segmentation allows.
    assert.ok(counts[2 * pair]! >= 800 && counts[2 * pair + 1]! >= 800, `${counts}`);
  }
  await guest.ended();
  server.kill("SIGINT");
  assert.equal(await server.ended(), 0, server.output);
}

/** With split rings: where the packed ones of a card stood, QEMU does not know without the back end. */
for (const newer of [false, true]) {
  peerTest(
    `a Linux guest goes on once our card, which was killed, is there again: QEMU ${
      newer ? "10" : "7.2"
    }`,
    [...(newer ? NEWER_GUEST : NEEDS), "unshare", "nsenter", tapMissing],
    () => killed(newer),
  );
}

async function killed(newer: boolean): Promise<void> {
  using scratch = new Scratch();
  const sum = await content(scratch, 4);
  const socket = scratch.path("s");
  const web = `echo READY; exec busybox httpd -f -h ${scratch.folder}`;
  await using network = new Peer("unshare", ["-n", "sh", "-c", web], 90);
  await network.printed("READY"); // so that the network is one of its own by now
  const host = ["-t", `${network.pid}`, "-n"];
  const start = async () => {
    const server = await serve(["net", "--tap", "tap0"], socket, ["nsenter", ...host]);
    await server.printed("give QEMU"); // the socket of the one before may be there still
    const address = ["10.0.0.1", "netmask", "255.255.255.0", "up"];
    await run("nsenter", [...host, "busybox", "ifconfig", "tap0", ...address]);
    return server;
  };
  await using stack = new AsyncDisposableStack();
  const first = stack.use(await start());
  await using guest = startGuest(scratch, {
    modules: ["net"],
    build: newer ? "10" : "installed",
    qemu: [
      ...["-chardev", `socket,id=c0,path=${socket},reconnect=1`],
      ...[
        "-netdev",
        "vhost-user,id=n0,chardev=c0",
        "-device",
        newer ? "virtio-net-pci,netdev=n0" : CARD,
      ],
    ],
    script: `
ifconfig eth0 10.0.0.2 netmask 255.255.255.0 up
take() { wget -q -O /tmp/file http://10.0.0.1/file && echo $1=$(md5sum < /tmp/file); }
take BEFORE
while ping -c 1 -W 1 10.0.0.1 > /dev/null; do sleep 0.1; done
echo LOST
until ping -c 1 -W 1 10.0.0.1 > /dev/null; do :; done
take AFTER
`,
  });
  await guest.printed("BEFORE=");
  await first[Symbol.asyncDispose]();
  await guest.printed("LOST");
  const second = stack.use(await start());
  await guest.printed("GUEST ENDS");
  assert.equal(told(guest.output, "BEFORE"), sum, guest.output);
  assert.equal(told(guest.output, "AFTER"), sum, guest.output);
  await guest.ended();
  second.kill("SIGINT");
  assert.equal(await second.ended(), 0, second.output);
}

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

/** Frames of many sizes, each behind its length as four bytes. */
function frames(count: number): { readonly each: Uint8Array[]; readonly stream: Uint8Array } {
  const each = Array.from({ length: count }, (_, at) => {
    const length = at % 100 === 99 ? 60_000 : 60 + (at * 37) % 1400;
    return Uint8Array.from({ length }, (_, byte) => at + byte * 7);
  });
  const stream = each.flatMap((frame) => {
    const prefix = new Uint8Array(4);
    new DataView(prefix.buffer).setUint32(0, frame.length);
    return [prefix, frame];
  });
  return { each, stream: new Uint8Array(stream.flatMap((part) => [...part])) };
}

async function writeIn(connection: Deno.Conn, bytes: Uint8Array, most: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await connection.write(bytes.subarray(done, done + most));
  }
}

peerTest(
  "serve net loses no frame of a stream while the other side is slow, and refuses nonsense",
  [],
  async () => {
    using scratch = new Scratch();
    const [socket, path] = [scratch.path("s"), scratch.path("wire")];
    await using server = await serve(["net", "--listen", path], socket);
    const { each, stream } = frames(600);

    // Frames that come before there is a driver wait, and then for its few buffers.
    const wire = await Deno.connect({ transport: "unix", path });
    const written = writeIn(wire, stream, 1000);
    const seen: Uint8Array[] = [];
    await using driver = await NetworkDriver.open(await connect(socket), {
      queueSize: 64,
      bufferSize: 1526,
      onReceive: (_value, data) => seen.push(data.slice()),
    });
    await written;
    while (seen.length < each.length) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(seen, each);

    // What the driver sends waits for who does not read.
    const sent = Promise.all(each.map((frame) => driver.transmit(emptyNetworkTransmit(), frame)));
    const late = sent.then(() => false);
    const waits = new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 300));
    assert.ok(await Promise.race([late, waits]));
    const taken = new Uint8Array(stream.length);
    for (let filled = 0; filled < taken.length;) {
      filled += await wire.read(taken.subarray(filled)) ?? assert.fail("it hung up");
    }
    assert.deepEqual(taken, stream);
    await sent;

    await driver.transmit(emptyNetworkTransmit(), new Uint8Array(69_633));
    server.kill("SIGUSR1");
    await server.printed("dropped frames: 1");

    await writeIn(wire, Uint8Array.of(0, 1, 0x10, 1), 4); // 69633 bytes
    assert.equal(await wire.read(taken).catch(() => null), null);
    wire.close();
    await server.printed("length must be at most 69632, found 69633");
    const again = await Deno.connect({ transport: "unix", path });
    await writeIn(again, stream.subarray(0, 4 + each[0]!.length), 7);
    while (seen.length === each.length) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(seen.at(-1), each[0]);
    await driver.close();
    server.kill("SIGINT");
    assert.equal(await server.ended(), 0, server.output);
    again.close();
  },
);
