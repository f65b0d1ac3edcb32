/** A Linux guest and its host talk over our sockets. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { guestMissing, startGuest } from "./guest.ts";
import { peerTest, run, Scratch, serve } from "./peers.ts";

const SOURCE = fileURLToPath(new URL("guest_programs/vsock.c", import.meta.url));
const MIB = 8;

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

function random(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return bytes;
}

/** Takes all that comes, and then sends; what came. */
async function exchange(connection: Deno.Conn, answer: Uint8Array): Promise<string> {
  const digest = createHash("md5");
  const bytes = new Uint8Array(1 << 16);
  for (let count; (count = await connection.read(bytes)) !== null;) {
    digest.update(bytes.subarray(0, count));
  }
  for (let done = 0; done < answer.length;) done += await connection.write(answer.subarray(done));
  await connection.closeWrite();
  return digest.digest("hex");
}

/** Asks for a port of the guest, and gives the connection and what was answered. */
async function ask(path: string, line: string): Promise<{ connection: Deno.Conn; answer: string }> {
  const connection = await Deno.connect({ transport: "unix", path });
  await connection.write(new TextEncoder().encode(line));
  const bytes = new Uint8Array(1);
  let answer = "";
  const more = () => connection.read(bytes).catch(() => null); // an end, or a reset
  while (!answer.endsWith("\n") && await more() !== null) answer += String.fromCharCode(bytes[0]!);
  return { connection, answer };
}

peerTest("a Linux guest and its host open sockets to each other, and move 8 MiB each way", [
  "qemu-system-x86_64",
  "busybox",
  "gcc",
  guestMissing,
], async () => {
  using scratch = new Scratch();
  const program = scratch.path("vsock");
  await run("gcc", ["-static", "-O1", "-o", program, SOURCE]);
  const [socket, path] = [scratch.path("s"), scratch.path("v")];
  await using server = await serve(["vsock", "--cid", "7", "--path", path], socket);
  using listener = Deno.listen({ transport: "unix", path: `${path}_1234` });
  await using guest = startGuest(scratch, {
    modules: ["vsock"],
    programs: [program],
    qemu: [
      ...["-chardev", `socket,id=c0,path=${socket}`],
      ...["-device", "vhost-user-vsock-pci,chardev=c0"],
    ],
    script: `
dd if=/dev/urandom of=/tmp/file bs=1M count=${MIB} 2>/dev/null
echo SENT=$(md5sum < /tmp/file)
START=$(cut -d ' ' -f 1 /proc/uptime)
vsock connect 1234 < /tmp/file > /tmp/got
echo TIME=$START-$(cut -d ' ' -f 1 /proc/uptime)
echo GOT=$(md5sum < /tmp/got)
echo REFUSED=$(vsock connect 9 < /dev/null | tr ' ' _)
echo LISTENING
vsock listen 5000 < /tmp/file > /tmp/got
echo GOT_AGAIN=$(md5sum < /tmp/got)
`,
  });
  const told = (name: string) => new RegExp(`^${name}=(\\S*)`, "m").exec(guest.output)?.[1];
  const [first, second] = [random(MIB << 20), random(MIB << 20)];
  const accepted = await listener.accept();
  const sum = await exchange(accepted, first);
  accepted.close();
  await guest.printed("LISTENING");
  assert.equal(sum, told("SENT"), guest.output);
  assert.equal(told("GOT"), md5(first));
  assert.equal(told("REFUSED"), "connect:_Connection_reset_by_peer");

  for (const line of ["CONNECT 77\n", "HELLO\n", "CONNECT 99999999999\n", "x".repeat(40)]) {
    const { connection, answer } = await ask(path, line);
    assert.equal(answer, "", line);
    connection.close();
  }
  let asked = await ask(path, "CONNECT 5000\n");
  while (asked.answer === "") { // the guest does not listen yet
    asked.connection.close();
    asked = await ask(path, "CONNECT 5000\n");
  }
  const { connection, answer } = asked;
  assert.match(answer, /^OK \d+\n$/);
  const again = await exchange(connection, second);
  connection.close();
  await guest.printed("GUEST ENDS");
  assert.equal(again, told("SENT"));
  assert.equal(told("GOT_AGAIN"), md5(second));
  const [start, end] = told("TIME")!.split("-").map(Number);
  console.log(`${(2 * MIB / (end! - start!)).toFixed(0)} MiB/s`);
  await guest.ended();
  server.kill("SIGINT");
  assert.equal(await server.ended(), 0, server.output);
});
