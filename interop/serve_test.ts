/** What `serve` tells a person, and how it ends. */

import assert from "node:assert/strict";
import { BlockDriver, BlockStatus } from "../generated/blk/mod.ts";
import { InputDriver, type InputEvent } from "../generated/input/mod.ts";
import { connect } from "../vhost_user/mod.ts";
import { Peer, peerTest, Scratch, serve, serveCommand, tapMissing } from "./peers.ts";
import { needOf, programOf, type QemuBuild } from "./qemu/programs.ts";

const REQUESTS = 30;

function disk(scratch: Scratch): string[] {
  Deno.writeFileSync(scratch.path("disk"), new Uint8Array(1 << 20));
  return ["blk", "--file", scratch.path("disk")];
}

async function read(socket: string): Promise<void> {
  await using driver = await BlockDriver.open(await connect(socket));
  for (let sector = 0; sector < REQUESTS; sector++) {
    const { status } = await driver.in({ sector }, new Uint8Array(512));
    assert.equal(status, BlockStatus.OK);
  }
}

for (const options of [[], ["--queues", "2", "--threads"]]) {
  const how = options.length > 0 ? ", with a thread for each queue" : "";
  peerTest(`serve tells on SIGUSR1 how many requests it served${how}`, [], async () => {
    using scratch = new Scratch();
    const socket = scratch.path("s");
    await using server = await serve([...disk(scratch), ...options], socket);
    await read(socket);
    server.kill("SIGUSR1");
    await server.printed(`${REQUESTS} requests served (queue 0: ${REQUESTS}`);
    server.kill("SIGINT");
    assert.equal(await server.ended(), 0, server.output);
    assert.throws(() => Deno.lstatSync(socket), Deno.errors.NotFound);
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  peerTest(`serve ends a connection and itself on ${signal}`, [], async () => {
    using scratch = new Scratch();
    const socket = scratch.path("s");
    await using server = await serve(disk(scratch), socket);
    const transport = await connect(socket);
    await server.printed("a front end connected");
    server.kill(signal);
    assert.equal(await server.ended(), 0, server.output);
    assert.match(server.output, /the connection was closed: the server was closed/);
    await transport.close();
  });
}

peerTest("serve traces requests by the names of their fields", [], async () => {
  using scratch = new Scratch();
  const socket = scratch.path("s");
  await using server = await serve([...disk(scratch), "--trace"], socket);
  await read(socket);
  await server.printed("sector=29");
  await server.printed("the connection was closed");
  const asked = server.output.match(/^blk requestq\[0\] > in: type=VIRTIO_BLK_T_IN sector=/gm);
  const told = server.output.match(/< in: data=\(512 bytes\) status=VIRTIO_BLK_S_OK/g);
  assert.deepEqual([asked?.length, told?.length], [REQUESTS, REQUESTS]);
});

peerTest("serve input takes events from a socket, and stops in the midst of it", [], async () => {
  using scratch = new Scratch();
  const [socket, path] = [scratch.path("s"), scratch.path("events")];
  await using server = await serve(["input", "--kind", "mouse", "--events", path], socket);
  const seen: InputEvent[] = [];
  await using driver = await InputDriver.open(await connect(socket), {
    onEvent: (event) => seen.push({ ...event }),
  });
  const writer = await Deno.connect({ transport: "unix", path });
  const line = `${JSON.stringify([{ type: "rel", code: 0, value: 3 }])}\n`;
  for (const byte of new TextEncoder().encode(line + line)) await writer.write(Uint8Array.of(byte));
  while (seen.length < 4) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(seen[2], { type: 2, code: 0, value: 3 });
  await driver.close();
  server.kill("SIGINT");
  assert.equal(await server.ended(), 0, server.output);
  writer.close();
  assert.throws(() => Deno.lstatSync(path), Deno.errors.NotFound);
});

peerTest("serve shows requests of each second on a terminal", ["script"], async () => {
  using scratch = new Scratch();
  const socket = scratch.path("s");
  const command = serveCommand(disk(scratch), socket).map((word) => `'${word}'`).join(" ");
  await using server = new Peer("script", ["-qec", command, "/dev/null"], 30);
  await server.printed("give QEMU");
  await read(socket);
  await server.printed("requests/s");
  await server.printed("\x1b[K0 requests/s"); // nothing was asked since
  const rates = server.output.split("\r\x1b[K").map((line) => Number.parseInt(line));
  assert.ok(rates.some((rate) => rate > 0 && rate <= REQUESTS), server.output);
});

const QEMU = "qemu-system-x86_64";

/** Starts QEMU with arguments as a shell takes them, up to where the guest would run; its exit code. */
async function pasted(args: string, build: QemuBuild): Promise<{ code: number; output: string }> {
  const { name, args: first, env } = programOf(QEMU, build);
  const rest = "-accel tcg -S -nodefaults -display none -monitor stdio";
  const line = `echo quit | ${name} ${first.join(" ")} ${args} ${rest}`;
  await using peer = new Peer("sh", ["-c", line], 30, env);
  return { code: await peer.ended(), output: peer.output };
}

for (const build of ["installed", "10"] as const) {
  const version = build === "installed" ? "7.2" : "10";
  peerTest(
    `QEMU ${version} starts with the arguments that serve prints, whatever the paths`,
    [needOf(QEMU, build), "unshare", tapMissing],
    async () => {
      using scratch = new Scratch();
      Deno.writeFileSync(scratch.path("disk"), new Uint8Array(1 << 20));
      const devices = [
        ["blk", "--file", scratch.path("disk"), "--queues", "2"],
        ["entropy"],
        ["fs", "--folder", scratch.folder, "--tag", "what's, here"],
        ["gpio"],
        ["i2c"],
        ["net", "--listen", scratch.path("wire")],
        ["net", "--tap", "tap0", "--queues", "3"],
        ["scsi", "--file", scratch.path("disk")],
        ["vsock", "--path", scratch.path("sockets")],
        ...(build === "10" ? [["input", "--events", scratch.path("events")]] : []),
      ];
      const socket = scratch.path("a socket, 'quoted'");
      for (const device of devices) {
        await using server = await serve(device, socket, ["unshare", "-n"]);
        await server.printed("chardev=virtio0");
        const [, printed = ""] = /give QEMU\n((?: .*\n)+)/.exec(server.output) ?? [];
        const { code, output } = await pasted(printed.trimEnd(), build);
        assert.equal(code, 0, `${device[0]}: ${printed}${output}`);
        assert.match(server.output, /a front end connected/);
        server.kill("SIGINT");
        assert.equal(await server.ended(), 0, server.output);
      }
    },
  );
}
