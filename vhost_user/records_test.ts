/** Buffers in flight that survive a back end, and the log of pages that it has written. */

import assert from "node:assert/strict";
import { ProtocolFeature, Request } from "../generated/layout/vhost_user.ts";
import { EchoDevice } from "../runtime/echo_fixture.ts";
import { PeerError } from "../runtime/errors.ts";
import { featureSet, ReservedFeature } from "../runtime/features.ts";
import type { DeviceQueue } from "../runtime/queue.ts";
import { signal } from "./events.ts";
import { close } from "./ffi.ts";
import { fileSize, map } from "./shared_memory.ts";
import { receive, send } from "./sockets.ts";
import { recordsSize } from "./inflight.ts";
import { SplitRecords } from "./inflight_split.ts";
import { Lent, startRing } from "./lent_fixture.ts";
import { payload64, payloadOf } from "./protocol.ts";
import { FEATURES, messageOf, PROTOCOL, RawPeer } from "./raw_fixture.ts";
import { mark } from "./records.ts";
import { PACKED_START } from "./ring.ts";
import { limited } from "./serve_fixture.ts";

const SIZE = 64 << 10;
const RECORDED = PROTOCOL |
  featureSet(ProtocolFeature.INFLIGHT_SHMFD, ProtocolFeature.LOG_SHMFD);
const LOG_ALL = 1n << 26n;

function inflightOf(size: number, queues: number, queueSize: number): DataView<ArrayBuffer> {
  const payload = payloadOf(24);
  payload.setBigUint64(0, BigInt(size), true);
  payload.setUint16(16, queues, true);
  payload.setUint16(18, queueSize, true);
  return payload;
}

/** Asks a back end for memory to record in, and keeps the descriptor, which `Line` would close. */
async function askForInflight(peer: RawPeer): Promise<{ fd: number; size: number }> {
  const bytes = messageOf(Request.GET_INFLIGHT_FD, inflightOf(0, 2, 8));
  send(peer.fd, bytes);
  const answer = new Uint8Array(36);
  const files: number[] = [];
  let filled = 0;
  while (filled < answer.length) {
    const count = receive(peer.fd, answer.subarray(filled), files);
    if (count < 0) await new Promise((resolve) => setTimeout(resolve, 1));
    else filled += count;
  }
  assert.equal(files.length, 1);
  return { fd: files[0]!, size: Number(new DataView(answer.buffer).getBigUint64(12, true)) };
}

/** Agrees on features and asks for memory to record in, before that or afterwards. */
async function prepare(peer: RawPeer, features: bigint, early: boolean) {
  const say = (request: Request, value: bigint) =>
    send(peer.fd, messageOf(request, payload64(value)));
  say(Request.SET_PROTOCOL_FEATURES, RECORDED & ~8n);
  if (!early) say(Request.SET_FEATURES, features);
  const inflight = await askForInflight(peer);
  if (early) say(Request.SET_FEATURES, features);
  return inflight;
}

function answerEcho(queue: DeviceQueue, head: number): void {
  const chain = queue.chain(head);
  const bytes = new Uint8Array(chain.readableLength);
  chain.read(0, bytes, 0, bytes.length);
  chain.write(0, bytes, 0, bytes.length);
  queue.push(head, bytes.length);
}

/** With memory that was asked for once the features were agreed on, or before. */
const CASES = (["split", "packed"] as const).flatMap((format) =>
  [false, true].map((early) => ({ format, early }))
);

for (const { format, early } of CASES) {
  Deno.test(
    `a back end takes up what the one before had in flight, ${format}${
      early ? ", recorded early" : ""
    }`,
    limited(async () => {
      const packed = format === "packed";
      const features = FEATURES | (packed ? featureSet(ReservedFeature.VIRTIO_F_RING_PACKED) : 0n);
      const dying = new EchoDevice();
      const first = new RawPeer(dying);
      const { fd, size } = await prepare(first, features, early);
      assert.equal(size, 2 * recordsSize(8, early ? "packed" : format));
      assert.ok(fileSize(fd).size >= size);
      const file = first.memory(SIZE);
      const memory = map(file, 0, SIZE);
      const lent = new Lent(memory.bytes, 0, format);
      first.talk();
      await first.table([{ address: 0, size: SIZE, user: 0 }], [file]);
      const kick = await startRing(first, lent, 0, packed ? PACKED_START : 0);
      // The second and the fourth of four are answered: what is left is not what was taken last.
      dying.holding = true;
      const answers = ["one", "two", "three", "four"].map((text) => lent.send(text));
      signal(kick);
      while (dying.held < 4) await new Promise((resolve) => setTimeout(resolve, 1));
      const queue = dying.usable(0)!;
      for (const head of packed ? [1, 3] : [2, 6]) answerEcho(queue, head);
      queue.publish();
      await lent.collected();
      await lent.collected();
      const [, two, , four] = answers;
      assert.deepEqual([two!(), four!()], ["two", "four"]);
      const lost = lent.send("five"); // which nobody has taken yet, and which lies where others did

      const second = new EchoDevice();
      await using peer = new RawPeer(second);
      const line = await peer.greet(features, RECORDED);
      await line.tell(Request.SET_INFLIGHT_FD, inflightOf(size, 2, 8), [fd]);
      await peer.table([{ address: 0, size: SIZE, user: 0 }], [file]);
      // The used index, or the beginning, as a front end says that knows no better.
      await startRing(peer, lent, 0, packed ? PACKED_START : 2);
      for (let count = 0; count < 3; count++) await lent.collected();
      assert.deepEqual([answers[0]!(), answers[2]!(), lost()], ["one", "three", "five"]);
      assert.equal(lent.queue.collect(), -1);
      assert.equal(lent.queue.pending, 0);
      assert.match(peer.log.join(), /takes up 2 buffers/);
      assert.equal(await peer.base(0), packed ? 0x0002_0002 : 5);
      await first[Symbol.asyncDispose]();
      close(fd);
      memory.close();
    }),
  );
}

Deno.test(
  "a ring is not run without its records, whose memory came before its format and is too small",
  limited(async () => {
    const size = 2 * recordsSize(8, "split");
    const packed = FEATURES | featureSet(ReservedFeature.VIRTIO_F_RING_PACKED);
    for (const features of [FEATURES, packed]) {
      await using peer = new RawPeer(new EchoDevice());
      const line = peer.talk();
      await line.tell(Request.SET_PROTOCOL_FEATURES, payload64(RECORDED));
      line.acknowledged = true;
      await line.tell(Request.SET_INFLIGHT_FD, inflightOf(size, 2, 8), [peer.memory(size)]);
      await line.tell(Request.SET_FEATURES, payload64(features));
      const file = peer.memory(SIZE);
      const memory = map(file, 0, SIZE);
      const lent = new Lent(memory.bytes, 0, features === packed ? "packed" : "split");
      await peer.table([{ address: 0, size: SIZE, user: 0 }], [file]);
      const started = startRing(peer, lent, 0, features === packed ? PACKED_START : 0);
      if (features === packed) await assert.rejects(started, PeerError);
      else await started;
      const reason = /mmap_size must be at least \d+ for packed rings, found/;
      assert.equal(reason.test(peer.log.join()), features === packed);
      memory.close();
    }
  }),
);

Deno.test("SplitRecords completes a batch that was published and not recorded", () => {
  const bytes = new Uint8Array(recordsSize(8, "split"));
  const records = new SplitRecords(bytes, 8);
  assert.deepEqual(records.recover(5), []);
  for (const head of [3, 1, 7]) records.taken(head);
  records.giving([1, 3]);
  // The process ends between the ring's index and the records: two buffers were used.
  assert.deepEqual(new SplitRecords(bytes.slice(), 8).recover(7), [7]);
  // Or before the ring's index: none was.
  assert.deepEqual(new SplitRecords(bytes.slice(), 8).recover(5), [3, 1, 7]);
  records.given([1, 3]);
  const next = new SplitRecords(bytes, 8);
  assert.deepEqual(next.recover(7), [7]);
  next.taken(0);
  assert.deepEqual(new SplitRecords(bytes, 8).recover(7), [7, 0]);
});

Deno.test("SplitRecords bears records that lie", () => {
  for (let seed = 0; seed < 50; seed++) {
    const bytes = crypto.getRandomValues(new Uint8Array(recordsSize(8, "split")));
    const view = new DataView(bytes.buffer);
    view.setUint16(8, 1, true);
    view.setUint16(10, 8, true);
    const heads = new SplitRecords(bytes, 8).recover(seed);
    assert.ok(heads.every((head) => head < 8) && new Set(heads).size === heads.length);
  }
});

Deno.test("mark() sets the bits of the pages that a range touches", () => {
  const log = new Uint8Array(new SharedArrayBuffer(4));
  mark(log, 0, 0);
  assert.deepEqual([...log], [0, 0, 0, 0]);
  mark(log, 0, 1);
  mark(log, 4095, 2);
  mark(log, 7 * 4096, 2 * 4096);
  mark(log, 31 * 4096, 1 << 20); // and no further than the log
  assert.deepEqual([...log], [0b1000_0011, 1, 0, 0x80]);
});

Deno.test(
  "a back end logs the pages it writes while it is told to",
  limited(async () => {
    const device = new EchoDevice();
    await using peer = new RawPeer(device);
    const line = await peer.greet(FEATURES, RECORDED);
    const file = peer.memory(SIZE);
    const memory = map(file, 0, SIZE);
    const lent = new Lent(memory.bytes, 0);
    await peer.table([{ address: 0, size: SIZE, user: 0 }], [file]);
    const kick = await startRing(peer, lent, 0);
    const logFile = peer.memory(4096);
    const log = map(logFile, 0, 4096);
    const echo = async (text: string) => {
      const answer = lent.send(text);
      signal(kick);
      await lent.collected();
      assert.equal(answer(), text);
      await line.ask64(Request.GET_QUEUE_NUM);
    };
    await echo("before");
    const where = payloadOf(16);
    where.setBigUint64(0, 4096n, true);
    await line.ask(Request.SET_LOG_BASE, where, [logFile]);
    await echo("not yet");
    assert.ok(log.bytes.every((byte) => byte === 0));
    await line.tell(Request.SET_FEATURES, payload64(FEATURES | LOG_ALL));
    while (lent.arena.allocate(64).address < 3 * 4096); // so that it lies in another page
    await echo("logged");
    const page = Math.floor(lent.answerAddress / 4096);
    assert.ok((log.bytes[Math.floor(page / 8)]! >> page % 8 & 1) === 1, `page ${page}`);
    const used = Math.floor(lent.layout.device / 4096);
    const isMarked = (at: number) => (log.bytes[Math.floor(at / 8)]! >> at % 8 & 1) === 1;
    assert.equal(isMarked(used), false); // the ring is not logged before that is asked for
    const addresses = lent.addresses(0);
    addresses.setUint32(4, 1, true);
    addresses.setBigUint64(32, BigInt(0x40_0000 + lent.layout.device % 4096), true);
    await line.tell(Request.SET_VRING_ADDR, addresses);
    await echo("all of it");
    assert.equal(isMarked(0x400), true);
    await line.tell(Request.SET_FEATURES, payload64(FEATURES));
    log.bytes.fill(0);
    await echo("no more");
    assert.ok(log.bytes.every((byte) => byte === 0));
    log.close();
    memory.close();
  }),
);
