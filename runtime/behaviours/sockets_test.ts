// Sockets of both sides, against each other and against a peer that packs its packets by hand (VIRTIO 1.4, 5.10.6).

import assert from "node:assert/strict";
import {
  SocketDevice,
  SocketDriver,
  SocketOp,
  SocketSeqFlags,
  SocketShutdownFlag,
  type SocketTransmit,
  SocketType,
} from "../../generated/vsock/mod.ts";
import { covers } from "../../testing/covers.ts";
import { PeerError } from "../errors.ts";
import { loopback } from "../loopback.ts";
import { Random } from "../random.ts";
import { Credits, type Socket } from "./sockets.ts";
import {
  accepted,
  all,
  byHand,
  bytes,
  ends,
  GUEST,
  HOST,
  PORT,
  settled,
} from "./sockets_fixture.ts";

const { REQUEST, RESPONSE, RST, SHUTDOWN, RW, CREDIT_UPDATE, CREDIT_REQUEST } = SocketOp;
const { STREAM, SEQPACKET } = SocketType;
const BOTH = 1 << SocketShutdownFlag.RECEIVE | 1 << SocketShutdownFlag.SEND;
const HEADER = 44;
/** A receive buffer that holds less than one of our packets. */
const SMALL = 256;

Deno.test("credits count over 32 bits, which wrap (5.10.6.3)", () => {
  covers(
    "devicenormative:Device Types / Socket Device / Device Operation / Buffer Space Management#1",
    "drivernormative:Device Types / Socket Device / Device Operation / Buffer Space Management#1",
  );
  const near = 2 ** 32 - 10;
  const credits = new Credits(100, near);
  assert.ok(credits.update(30, near));
  credits.spend(25);
  assert.equal(credits.free, 5);
  assert.ok(credits.update(30, 5), "15 bytes further, past the wrap");
  assert.equal(credits.free, 20);
  assert.ok(!credits.update(30, 16), "more than was sent");
  assert.ok(!credits.update(30, 4), "less than before");
  assert.ok(credits.update(8, 5));
  assert.equal(credits.free, 0, "a buffer that shrinks leaves no debt");
  assert.ok(credits.take(100));
  assert.ok(!credits.take(1));
  credits.release(60);
  assert.equal(credits.forwarded, 50);
  assert.equal(credits.held, 40);
  assert.ok(credits.stale);
  credits.tell();
  assert.ok(!credits.stale);
});

for (const packed of [false, true]) {
  Deno.test(`a stream carries more than the buffers hold, both ways, ${packed ? "packed" : "split"} (5.10.6.5)`, async () => {
    const { host, guest, driver } = await ends(
      { sockets: { bufferSize: 1000 }, ring: { packed } },
      { sockets: { bufferSize: 5000 } },
    );
    const there = accepted(host);
    const here = await guest.connect(PORT);
    const other = await there;
    const [up, down] = [bytes(50_000), bytes(70_000, 3)];
    const sending = [
      here.write(up).then(() => here.shutdown({ send: true })),
      other.write(down).then(() => other.shutdown({ send: true })),
    ];
    assert.deepEqual(await all(other), up);
    assert.deepEqual(await all(here), down);
    await Promise.all(sending);
    await here.close();
    await other.ended;
    assert.equal(host.size + guest.size, 0);
    await driver.close();
  });
}

/** Whether bytes of a stream get from a driver to a device that offers these features. */
async function streams(features: readonly "SEQPACKET"[]): Promise<void> {
  const { host, guest, driver } = await ends({ features });
  const there = accepted(host);
  const here = await guest.connect(PORT);
  const other = await there;
  await here.write(bytes(30));
  assert.deepEqual(await other.read(), bytes(30));
  await driver.close();
}

Deno.test("a device and a driver without a feature have streams (5.10.3)", async () => {
  covers(
    "drivernormative:Device Types / Socket Device / Feature bits#2",
    "devicenormative:Device Types / Socket Device / Feature bits#2",
  );
  await streams([]);
});

Deno.test("seqpacket sockets alone imply streams (5.10.3)", async () => {
  covers(
    "drivernormative:Device Types / Socket Device / Feature bits#3",
    "devicenormative:Device Types / Socket Device / Feature bits#3",
  );
  await streams(["SEQPACKET"]);
});

Deno.test("packets of a driver have its own address, its room and what it took (5.10.6.3, 5.10.6.4)", async () => {
  covers(
    "drivernormative:Device Types / Socket Device / Device Operation / Buffer Space Management#2",
    "drivernormative:Device Types / Socket Device / Device Operation / Receive and Transmit#1",
  );
  const seen: SocketTransmit[] = [];
  const device = new SocketDevice({
    config: { guestCid: GUEST },
    features: ["STREAM"],
    transmit: (packet) => void seen.push(structuredClone(packet)),
  });
  const driver = await SocketDriver.open(loopback(device), { sockets: { bufferSize: 500 } });
  const there = accepted(driver.sockets!);
  let took = 0;
  const from = (op: SocketOp, data: Uint8Array = new Uint8Array(0)) => {
    const [type, flags] = [STREAM, 0];
    const about = { srcCid: HOST, dstCid: GUEST, srcPort: 5000, dstPort: PORT, type, flags };
    device.sendReceive({ ...about, op, bufAlloc: 1000, fwdCnt: took }, data);
  };
  from(REQUEST);
  const socket = await there;
  from(RW, bytes(120));
  assert.equal((await socket.read())?.length, 120);
  await socket.write(bytes(30));
  took = 30;
  await socket.shutdown({ send: true });
  await settled();
  assert.deepEqual(seen.map(({ op }) => op), [RESPONSE, RW, SHUTDOWN]);
  for (const { srcCid, dstCid, bufAlloc } of seen) {
    assert.deepEqual([srcCid, dstCid, bufAlloc], [GUEST, HOST, 500]);
  }
  assert.deepEqual(seen.map(({ fwdCnt }) => fwdCnt), [0, 120, 120]);
  await driver.close();
});

Deno.test("a seqpacket socket keeps the bounds of messages and records (5.10.6.6.1)", async () => {
  const { host, guest, driver } = await ends();
  const there = accepted(guest, "seqpacket");
  const here = await host.connect(PORT, "seqpacket");
  const other = await there;
  await here.write(bytes(10));
  await here.write(bytes(0));
  await here.write(bytes(9000), { endsRecord: true });
  const read = async () => [(await other.read())?.length, other.endedRecord];
  assert.deepEqual([await read(), await read(), await read()], [
    [10, false],
    [0, false],
    [9000, true],
  ]);
  await assert.rejects(here.write(bytes(65537)), RangeError);
  await driver.close();
});

Deno.test("packets have the boundaries, the credits and the addresses of the standard (5.10.6)", async () => {
  covers(
    "devicenormative:Device Types / Socket Device / Device Operation / Buffer Space Management#2",
  );
  await using guest = await byHand({ sockets: { bufferSize: 64 } });
  const socket = accepted(guest.host, "seqpacket");
  const about = { type: SEQPACKET, bufAlloc: 5 };
  const [response] = await guest.send({ ...about, op: REQUEST });
  const { data: _, ...header } = response!;
  assert.deepEqual(header, {
    srcCid: HOST,
    dstCid: GUEST,
    srcPort: PORT,
    dstPort: 5000,
    type: SEQPACKET,
    op: RESPONSE,
    flags: 0,
    bufAlloc: 64,
    fwdCnt: 0,
  });
  const { EOM, EOR } = SocketSeqFlags;
  await guest.send(about, bytes(3));
  await guest.send({ ...about, flags: EOM }, bytes(4));
  assert.equal((await (await socket).read())?.length, 7);
  const writing = (await socket).write(bytes(5), { endsRecord: true });
  await settled();
  const last = guest.seen.at(-1)!;
  assert.deepEqual([last.op, last.flags, last.fwdCnt, last.data.length], [RW, EOM | EOR, 7, 5]);
  await writing;
});

Deno.test("data wait for credit, and ask for it once (5.10.6.3)", async () => {
  await using guest = await byHand();
  const socket = accepted(guest.host);
  await guest.send({ op: REQUEST, bufAlloc: 4 });
  const writing = (await socket).write(bytes(10));
  await settled();
  assert.deepEqual(guest.seen.map(({ op }) => op), [RESPONSE, RW, CREDIT_REQUEST]);
  assert.equal(guest.seen[1]?.data.length, 4);
  assert.deepEqual(await guest.send({ op: CREDIT_UPDATE, bufAlloc: 4, fwdCnt: 0 }), []);
  const more = await guest.send({ op: CREDIT_UPDATE, bufAlloc: 20, fwdCnt: 4 });
  assert.deepEqual(more.map(({ op, data }) => [op, data.length]), [[RW, 6]]);
  await writing;
});

Deno.test("a credit request is answered, and room that was made is told (5.10.6.3)", async () => {
  await using guest = await byHand({ sockets: { bufferSize: 10 } });
  const socket = accepted(guest.host);
  await guest.send({ op: REQUEST });
  const [update] = await guest.send({ op: CREDIT_REQUEST });
  assert.deepEqual([update?.op, update?.bufAlloc, update?.fwdCnt], [CREDIT_UPDATE, 10, 0]);
  assert.deepEqual(await guest.send({}, bytes(10)), []);
  await (await socket).read();
  await settled();
  const told = guest.seen.at(-1)!;
  assert.deepEqual([told.op, told.fwdCnt], [CREDIT_UPDATE, 10]);
});

Deno.test("what breaks the rules is answered with RST (5.10.6.4, 5.10.6.5)", async () => {
  covers(
    "devicenormative:Device Types / Socket Device / Device Operation / Receive and Transmit#2",
    "drivernormative:Device Types / Socket Device / Device Operation / Receive and Transmit#2",
  );
  const wrong: readonly [string, Partial<SocketTransmit>, number][] = [
    ["an unknown type", { type: 3, op: REQUEST }, 0],
    ["no listener", { op: REQUEST, dstPort: 81 }, 0],
    ["data to nobody", { srcPort: 5001 }, 3],
    ["another type than the connection", { type: SEQPACKET }, 3],
    ["more than the buffer holds", {}, 11],
    ["more released than was sent", { op: CREDIT_UPDATE, fwdCnt: 1 }, 0],
    ["a second request", { op: REQUEST }, 0],
    ["an operation without a meaning", { op: 99 }, 0],
  ];
  for (const [what, packet, length] of wrong) {
    await using guest = await byHand({ sockets: { bufferSize: 10 } });
    guest.host.listen(PORT, () => {});
    await guest.send({ op: REQUEST });
    const [answer] = await guest.send(packet, bytes(length));
    assert.equal(answer?.op, RST, what);
    assert.equal(answer?.dstPort, packet.srcPort ?? 5000, what);
  }
  await using guest = await byHand();
  assert.deepEqual(await guest.send({ op: RST }), [], "an RST is not answered");
  assert.deepEqual(await guest.send({ op: REQUEST, srcCid: 9 }), [], "of somebody else");
});

Deno.test("without a feature sockets are streams; with SEQPACKET alone and no implied ones they are not (5.10.3)", async () => {
  {
    await using guest = await byHand({ features: [] });
    guest.host.listen(PORT, () => {});
    guest.host.listen(PORT, () => {}, "seqpacket");
    assert.equal((await guest.send({ op: REQUEST }))[0]?.op, RESPONSE);
    assert.equal((await guest.send({ op: REQUEST, type: SEQPACKET, srcPort: 1 }))[0]?.op, RST);
    await assert.rejects(guest.host.connect(1, "seqpacket"), TypeError);
  }
  await using guest = await byHand({ features: ["SEQPACKET", "NO_IMPLIED_STREAM"] });
  guest.host.listen(PORT, () => {});
  assert.equal((await guest.send({ op: REQUEST }))[0]?.op, RST);
});

Deno.test("a shutdown of both directions is answered with RST, and what came before can be read (5.10.6.5)", async () => {
  await using guest = await byHand();
  const next = accepted(guest.host);
  await guest.send({ op: REQUEST });
  const socket = await next;
  await guest.send({}, bytes(3));
  const first = await guest.send({ op: SHUTDOWN, flags: 1 << SocketShutdownFlag.RECEIVE });
  assert.deepEqual(first, []);
  await assert.rejects(socket.write(bytes(1)), PeerError);
  const [answer] = await guest.send({ op: SHUTDOWN, flags: 1 << SocketShutdownFlag.SEND });
  assert.equal(answer?.op, RST, "the first half still holds");
  assert.deepEqual(await socket.read(), bytes(3));
  assert.equal(await socket.read(), undefined);
  assert.equal(guest.host.size, 0);
});

Deno.test("a clean end waits for the peer's RST, an abort for nothing (5.10.6.5)", async () => {
  await using guest = await byHand();
  const next = accepted(guest.host);
  await guest.send({ op: REQUEST });
  let closed = false;
  const closing = (await next).close().then(() => closed = true);
  await settled();
  const last = guest.seen.at(-1)!;
  assert.deepEqual([last.op, last.flags], [SHUTDOWN, BOTH]);
  assert.equal(closed, false);
  await guest.send({ op: RST });
  await closing;
  guest.host.listen(PORT, undefined);
  const again = accepted(guest.host);
  await guest.send({ op: REQUEST });
  (await again).abort();
  await settled();
  assert.equal(guest.seen.at(-1)?.op, RST);
});

Deno.test("a shutdown goes behind all that is written before it (5.10.6.5)", async () => {
  await using guest = await byHand();
  const next = accepted(guest.host);
  await guest.send({ op: REQUEST });
  const socket = await next;
  const all = [socket.write(bytes(150)), socket.shutdown({ send: true }), socket.write(bytes(3))];
  for (const fwdCnt of [50, 150]) await guest.send({ op: CREDIT_UPDATE, fwdCnt });
  await Promise.all(all);
  assert.deepEqual(guest.seen.slice(-2).map(({ op }) => op), [RW, SHUTDOWN]);
});

Deno.test("a peer that breaks off ends what waits, with what came before read first (5.10.6.5)", async () => {
  await using guest = await byHand();
  const next = accepted(guest.host);
  await guest.send({ op: REQUEST, bufAlloc: 0 });
  const socket = await next;
  const writing = assert.rejects(socket.write(bytes(4)), PeerError);
  await guest.send({ bufAlloc: 0 }, bytes(2));
  await guest.send({ op: RST });
  await writing;
  assert.deepEqual(await socket.read(), bytes(2));
  await assert.rejects(socket.read(), PeerError);
  await assert.rejects(
    (await ends()).host.connect(99),
    PeerError,
    "nobody listens in the guest",
  );
});

Deno.test("packets are cut to what the buffers of a guest hold (5.10.6.4)", async () => {
  const sizes: number[] = [];
  const { host, guest, device, driver } = await ends({}, { bufferSize: SMALL });
  const { sendReceive } = device;
  device.sendReceive = (header, data) => {
    const went = sendReceive.call(device, header, data);
    if (went && header.op === RW) sizes.push(data.length);
    return went;
  };
  const there = accepted(host);
  const here = await guest.connect(PORT);
  const other = await there;
  const sent = bytes(10_000);
  const writing = other.write(sent).then(() => other.shutdown({ send: true }));
  assert.deepEqual(await all(here), sent);
  await writing;
  assert.equal(Math.max(...sizes), SMALL - HEADER);
  await driver.close();
});

Deno.test("a guest that takes no packets does not stop the device from taking its own (5.10.6.1)", async () => {
  covers(
    "devicenormative:Device Types / Socket Device / Device Operation / Virtqueue Flow Control#1",
  );
  const { device, driver } = await ends({}, { onReceive: () => {}, queueSize: 4 });
  let answered = 0;
  const sent = Array.from({ length: 400 }, (_, srcPort) =>
    driver.transmit({
      srcCid: GUEST,
      dstCid: HOST,
      srcPort,
      dstPort: PORT,
      type: STREAM,
      op: RW,
      flags: 0,
      bufAlloc: 0,
      fwdCnt: 0,
    }, new Uint8Array(0)).then(() => answered++));
  await Promise.all(sent);
  assert.equal(answered, 400);
  assert.equal(device.sockets?.size, 0);
  await driver.close();
});

Deno.test("a transport reset ends connections, keeps listeners, and reads guest_cid again (5.10.6.7)", async () => {
  covers(
    "drivernormative:Device Types / Socket Device / Device Operation / Device Events#2",
    "drivernormative:Device Types / Socket Device / Device Operation / Device Events#3",
    "drivernormative:Device Types / Socket Device / Device Operation / Device Events#4",
  );
  const { host, guest, device, driver } = await ends();
  const there = accepted(guest);
  const here = await host.connect(PORT);
  const other = await there;
  new DataView(device.config.bytes.buffer).setUint32(0, 9, true);
  device.configure({ guestCid: 9 });
  host.interrupt();
  await assert.rejects(other.read(), PeerError);
  await assert.rejects(here.read(), TypeError);
  await settled();
  assert.equal(driver.config.guestCid, 9);
  guest.listen(PORT, undefined);
  const again = accepted(guest);
  await host.connect(PORT);
  assert.equal((await again).address.peerCid, HOST);
  await driver.close();
  assert.equal(host.size + guest.size, 0, "the end of the driver is the end of all connections");
});

Deno.test("a connection to a port that nobody listens on goes to who takes the others, or is refused (5.10.6.5)", async () => {
  const taken = Promise.withResolvers<Socket>();
  const { host, guest, driver } = await ends({
    sockets: { otherwise: (port) => port === 7000 ? taken.resolve : undefined },
  });
  const listened = accepted(host);
  const [first, second] = [await guest.connect(PORT), await guest.connect(7000)];
  assert.equal((await listened).address.port, PORT);
  assert.equal((await taken.promise).address.port, 7000);
  await assert.rejects(guest.connect(7001), PeerError);
  first.abort();
  second.abort();
  await driver.close();
});

Deno.test("random packets of a guest harm nobody else, and cost no more than the buffers (5.10.6)", async () => {
  const random = new Random(7);
  const sizes = { bufferSize: 64, connections: 8 };
  await using guest = await byHand({ sockets: sizes });
  const errors: unknown[] = [];
  guest.device.onError = (error) => errors.push(error);
  const sockets: Socket[] = [];
  guest.host.listen(PORT, (socket) => void sockets.push(socket));
  guest.host.listen(PORT, (socket) => void sockets.push(socket), "seqpacket");
  const word = () => random.below(3) === 0 ? random.below(2 ** 32) : random.below(80);
  for (let i = 0; i < 3000; i++) {
    await guest.driver.transmit({
      srcCid: random.below(50) === 0 ? word() : GUEST,
      dstCid: random.below(50) === 0 ? word() : HOST,
      srcPort: random.below(12),
      dstPort: random.below(20) === 0 ? word() : PORT,
      type: random.below(20) === 0 ? random.below(2 ** 16) : 1 + random.below(2),
      op: random.below(9),
      flags: random.below(4),
      bufAlloc: word(),
      fwdCnt: random.below(4) === 0 ? word() : 0,
    }, bytes(random.below(80)));
    const socket = sockets[random.below(sockets.length || 1)];
    if (random.below(4) === 0) void socket?.write(bytes(random.below(200))).catch(() => {});
    if (random.below(8) === 0) void socket?.read().catch(() => {});
    assert.ok(guest.host.size <= sizes.connections);
    for (const { credits } of sockets) assert.ok(credits.held <= sizes.bufferSize);
  }
  assert.deepEqual(errors, []);
  for (const socket of sockets) socket.abort();
  const next = new Promise<Socket>((resolve) => guest.host.listen(PORT + 1, resolve));
  await guest.send({ op: REQUEST, dstPort: PORT + 1, srcPort: 99 });
  await guest.send({ dstPort: PORT + 1, srcPort: 99 }, bytes(5));
  assert.deepEqual(await (await next).read(), bytes(5), "an honest connection still works");
});
