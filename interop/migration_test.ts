/** A guest that moves from one QEMU to another while it reads from our disk. */

import assert from "node:assert/strict";
import { guestMissing, startGuest } from "./guest.ts";
import { appeared, Peer, peerTest, run, Scratch, serve } from "./peers.ts";

/** The human monitor of a QEMU. */
class Monitor {
  readonly #connection: Deno.Conn;
  #text = "";

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Runs a command; what it printed. */
  async ask(command: string): Promise<string> {
    await this.#prompt();
    await this.#connection.write(new TextEncoder().encode(`${command}\n`));
    return await this.#prompt();
  }

  close(): void {
    this.#connection.close();
  }

  async #prompt(): Promise<string> {
    const chunk = new Uint8Array(65536);
    while (!this.#text.includes("(qemu) ")) {
      const count = await this.#connection.read(chunk);
      if (count === null) throw new Error(`Cannot read the monitor: ${this.#text}`);
      this.#text += new TextDecoder().decode(chunk.subarray(0, count));
    }
    const [before = "", ...after] = this.#text.split("(qemu) ");
    this.#text = after.length === 1 && after[0] === "" ? "(qemu) " : after.join("(qemu) ");
    return before;
  }
}

const FILES = 8;

peerTest("a Linux guest is migrated while it reads our disk", [
  "qemu-system-x86_64",
  "busybox",
  "mkfs.ext4",
  guestMissing,
], async () => {
  using scratch = new Scratch();
  const file = scratch.path("disk");
  const content = scratch.path("content");
  Deno.mkdirSync(content);
  for (let at = 0; at < FILES; at++) {
    const bytes = new Uint8Array(2 << 20);
    for (let to = 0; to < bytes.length; to += 65536) {
      crypto.getRandomValues(bytes.subarray(to, to + 65536));
    }
    Deno.writeFileSync(`${content}/file${at}`, bytes);
  }
  await run("sh", ["-c", `cd ${content} && md5sum file* > sums`]);
  Deno.writeFileSync(file, new Uint8Array(64 << 20));
  await run("mkfs.ext4", ["-q", "-d", content, file]);
  const start = async (name: string, more: readonly string[]) => {
    const socket = scratch.path(`${name}.disk`);
    const server = await serve(["blk", "--file", file], socket);
    const monitor = scratch.path(`${name}.monitor`);
    const guest = startGuest(scratch, {
      modules: ["blk", "ext4"],
      qemu: [
        ...["-chardev", `socket,id=c0,path=${socket}`],
        ...["-device", "vhost-user-blk-pci,chardev=c0,num-queues=1"],
        ...["-monitor", `unix:${monitor},server=on,wait=off`],
        ...more,
      ],
      seconds: 180,
      // Files are read into memory all the time, and looked at again after a while without reading.
      script: `
mount -t ext4 /dev/vda /mnt && cd /mnt
round=0
until test -e /tmp/last; do
  sync; echo 3 > /proc/sys/vm/drop_caches
  md5sum -c sums > /tmp/first 2>&1 || cat /tmp/first
  md5sum -c sums > /tmp/second 2>&1 || cat /tmp/second
  round=$((round + 1))
  echo ROUND$round
  test $round -ge 60 && touch /tmp/last
done
md5sum -c sums 2>&1
`,
    });
    await appeared(monitor);
    return { server, guest, monitor };
  };
  const channel = `unix:${scratch.path("channel")}`;
  const source = await start("source", []);
  const target = await start("target", ["-incoming", channel]);
  await using _peers: AsyncDisposable = {
    async [Symbol.asyncDispose]() {
      for (const { server, guest } of [source, target]) {
        await guest[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      }
    },
  };
  await source.guest.printed("ROUND3");
  const monitor = new Monitor(
    await Deno.connect({ transport: "unix", path: source.monitor }),
  );
  await monitor.ask("migrate_set_parameter max-bandwidth 64m");
  await monitor.ask(`migrate -d ${channel}`);
  for (;;) {
    const status = await monitor.ask("info migrate");
    if (/status: completed/.test(status)) break;
    assert.doesNotMatch(status, /failed|cancelled/, source.guest.output);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  monitor.close();
  await target.guest.printed("GUEST ENDS");
  const output = source.guest.output + target.guest.output;
  assert.match(target.guest.output, /ROUND60/);
  assert.doesNotMatch(source.guest.output, /ROUND60/);
  assert.doesNotMatch(output, /FAILED|WARNING|error/i, output);
  assert.equal(output.match(/file\d: OK/g)?.length, FILES);
});
