/** What a back end does with messages that our own front end does not send. */

import assert from "node:assert/strict";
import { BackendRequest, ProtocolFeature, Request } from "../generated/layout/vhost_user.ts";
import { EchoDevice } from "../runtime/echo_fixture.ts";
import { featureSet } from "../runtime/features.ts";
import { drain, signal } from "./events.ts";
import { close } from "./ffi.ts";
import { map } from "./shared_memory.ts";
import { socketPair } from "./sockets.ts";
import { Lent, startRing } from "./lent_fixture.ts";
import { Line } from "./line.ts";
import { payload64, payloadOf, payloadState } from "./protocol.ts";
import { FEATURES, PROTOCOL, RawPeer, regionOf } from "./raw_fixture.ts";
import { limited } from "./serve_fixture.ts";

const SIZE = 64 << 10;
/** A ring in memory of a file. */
function lend(file: number, address: number): Lent {
  return new Lent(map(file, 0, SIZE).bytes, address);
}

Deno.test(
  "regions come and go one by one while a ring runs",
  limited(async () => {
    await using peer = new RawPeer(new EchoDevice());
    const line = await peer.greet();
    assert.equal(await line.ask64(Request.GET_MAX_MEM_SLOTS), 64n);
    const [low, high] = [peer.memory(SIZE), peer.memory(SIZE)];
    const lent = lend(low, 0);
    const more = lend(high, 2 ** 40);
    await line.tell(
      Request.ADD_MEM_REG,
      regionOf({ address: 0, size: SIZE, user: 0x7f00_0000_0000 }),
      [low],
    );
    const kick = await startRing(peer, lent, 0x7f00_0000_0000);
    const first = lent.send("first");
    signal(kick);
    await lent.collected();
    assert.equal(first(), "first");
    const region = { address: 2 ** 40, size: SIZE, user: 0x1000 };
    for (let round = 0; round < 3; round++) {
      await line.tell(Request.ADD_MEM_REG, regionOf(region), [high]);
      const second = lent.send(`second ${round}`, more);
      signal(kick);
      await lent.collected();
      assert.equal(second(), `second ${round}`);
      await line.tell(Request.REM_MEM_REG, regionOf(region), round === 1 ? [high] : []);
    }
    await assert.rejects(line.tell(Request.REM_MEM_REG, regionOf(region)));
    for (let time = 0; time < 2; time++) {
      await line.tell(Request.ADD_MEM_REG, regionOf(region), [high]);
    }
    await line.tell(Request.REM_MEM_REG, regionOf(region));
    const third = lent.send("added twice, removed once", more);
    signal(kick);
    await lent.collected();
    assert.equal(third(), "added twice, removed once");
    await line.tell(Request.REM_MEM_REG, regionOf(region));
    await assert.rejects(line.tell(Request.REM_MEM_REG, regionOf(region)));
  }),
);

Deno.test(
  "a ring goes on when the whole table is replaced",
  limited(async () => {
    const device = new EchoDevice();
    await using peer = new RawPeer(device);
    await peer.greet();
    const file = peer.memory(SIZE);
    const lent = lend(file, 0x8000);
    const region = { address: 0x8000, size: SIZE, user: 0x10_8000 };
    await peer.table([region], [file]);
    const kick = await startRing(peer, lent, 0x10_0000);
    for (let round = 0; round < 10; round++) {
      const answer = lent.send(`round ${round}`);
      signal(kick);
      await lent.collected();
      assert.equal(answer(), `round ${round}`);
      const other = { address: 0x100_0000 * (round + 1), size: 4096, user: 0 };
      await peer.table([region, other], [file, peer.memory(4096)]);
    }
    assert.deepEqual(device.log.filter((line) => line.startsWith("started")), ["started 0"]);
  }),
);

Deno.test(
  "a stopped ring gives back what was not answered",
  limited(async () => {
    const device = new EchoDevice();
    await using peer = new RawPeer(device);
    await peer.greet();
    const file = peer.memory(SIZE);
    const lent = lend(file, 0);
    await peer.table([{ address: 0, size: SIZE, user: 0 }], [file]);
    const kick = await startRing(peer, lent, 0);
    lent.send("answered");
    signal(kick);
    await lent.collected();
    device.holding = true;
    const answers = ["one", "two", "three"].map((text) => lent.send(text));
    signal(kick);
    while (device.held < 3) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(await peer.base(0), 1);
    device.release();
    device.holding = false;
    await startRing(peer, lent, 0, 1);
    for (const [at, text] of ["one", "two", "three"].entries()) {
      await lent.collected();
      assert.equal(answers[at]!(), text);
    }
    assert.equal(await peer.base(0), 4);
  }),
);

Deno.test(
  "a stopping ring waits for what is being answered",
  limited(async () => {
    const device = new EchoDevice();
    await using peer = new RawPeer(device);
    await peer.greet();
    const file = peer.memory(SIZE);
    const lent = lend(file, 0);
    await peer.table([{ address: 0, size: SIZE, user: 0 }], [file]);
    const kick = await startRing(peer, lent, 0);
    device.holding = true;
    const answer = lent.send("slow");
    signal(kick);
    while (device.held < 1) await new Promise((resolve) => setTimeout(resolve, 1));
    setTimeout(() => device.release(), 20);
    assert.equal(await peer.base(0), 1);
    await lent.collected();
    assert.equal(answer(), "slow");
  }),
);

Deno.test(
  "a disabled ring waits, an enabled one goes on",
  limited(async () => {
    const device = new EchoDevice();
    await using peer = new RawPeer(device);
    const line = await peer.greet();
    const file = peer.memory(SIZE);
    const lent = lend(file, 0);
    await peer.table([{ address: 0, size: SIZE, user: 0 }], [file]);
    const kick = await startRing(peer, lent, 0);
    lent.send("before");
    signal(kick);
    await lent.collected();
    await line.tell(Request.SET_VRING_ENABLE, payloadState(0, 0));
    const answer = lent.send("later");
    signal(kick);
    await line.ask64(Request.GET_QUEUE_NUM);
    assert.equal(lent.queue.collect(), -1);
    await line.tell(Request.SET_VRING_ENABLE, payloadState(0, 1));
    await lent.collected();
    assert.equal(answer(), "later");
  }),
);

Deno.test(
  "a reset device is ready for another driver",
  limited(async () => {
    const device = new EchoDevice();
    await using peer = new RawPeer(device);
    const line = await peer.greet();
    const file = peer.memory(SIZE);
    await peer.table([{ address: 0, size: SIZE, user: 0 }], [file]);
    for (let round = 0; round < 3; round++) {
      const lent = lend(file, 0);
      const kick = await startRing(peer, lent, 0);
      const answer = lent.send("again");
      signal(kick);
      await lent.collected();
      assert.equal(answer(), "again");
      await line.tell(Request.RESET_DEVICE);
      assert.equal(device.getStatus(), 0);
      await line.tell(Request.SET_FEATURES, payload64(FEATURES));
    }
  }),
);

Deno.test(
  "rings need no event to kick or to call",
  limited(async () => {
    await using peer = new RawPeer(new EchoDevice());
    const line = await peer.greet();
    const file = peer.memory(SIZE);
    const lent = lend(file, 0);
    await peer.table([{ address: 0, size: SIZE, user: 0 }], [file]);
    await line.tell(Request.SET_VRING_NUM, payloadState(0, 8));
    await line.tell(Request.SET_VRING_ADDR, lent.addresses(0));
    await line.tell(Request.SET_VRING_ENABLE, payloadState(0, 1));
    await line.tell(Request.SET_VRING_CALL, payload64(0x100));
    await line.tell(Request.SET_VRING_KICK, payload64(0x100));
    const answer = lent.send("polled");
    await lent.collected();
    assert.equal(answer(), "polled");
    await peer.base(0);
  }),
);

Deno.test(
  "notifications can be messages",
  limited(async () => {
    const { BACKEND_REQ, INBAND_NOTIFICATIONS } = ProtocolFeature;
    await using peer = new RawPeer(new EchoDevice());
    const line = await peer.greet(
      FEATURES,
      PROTOCOL | featureSet(BACKEND_REQ, INBAND_NOTIFICATIONS),
    );
    const [ours, theirs] = socketPair();
    await line.tell(Request.SET_BACKEND_REQ_FD, payloadOf(0), [theirs]);
    close(theirs);
    const requests = new Line(ours);
    const called = new Promise<number>((resolve) => requests.onRequest = resolve);
    const file = peer.memory(SIZE);
    const lent = lend(file, 0);
    await peer.table([{ address: 0, size: SIZE, user: 0 }], [file]);
    await line.tell(Request.SET_VRING_NUM, payloadState(0, 8));
    await line.tell(Request.SET_VRING_ADDR, lent.addresses(0));
    await line.tell(Request.SET_VRING_ENABLE, payloadState(0, 1));
    const answer = lent.send("in band");
    await line.tell(Request.VRING_KICK, payloadState(0, 0));
    assert.equal(await called, BackendRequest.VRING_CALL);
    await lent.collected();
    assert.equal(answer(), "in band");
    requests.close();
  }),
);

Deno.test(
  "the MTU is set where there is a network",
  limited(async () => {
    const mtu = featureSet(ProtocolFeature.MTU);
    const seen: number[] = [];
    await using peer = new RawPeer(new EchoDevice(), {
      setMtu: (bytes) => bytes <= 9000 && seen.push(bytes) > 0,
    });
    const line = await peer.greet(FEATURES, PROTOCOL | mtu);
    await line.tell(Request.NET_SET_MTU, payload64(9000));
    await assert.rejects(line.tell(Request.NET_SET_MTU, payload64(9001)));
    assert.deepEqual(seen, [9000]);
    const other = new RawPeer(new EchoDevice());
    assert.equal(await other.talk().ask64(Request.GET_PROTOCOL_FEATURES) & mtu, 0n);
    await other[Symbol.asyncDispose]();
  }),
);

Deno.test(
  "the status is the device's where that is negotiated",
  limited(async () => {
    const device = new EchoDevice();
    await using peer = new RawPeer(device);
    const line = await peer.greet(FEATURES, PROTOCOL | featureSet(ProtocolFeature.STATUS));
    assert.equal(await line.ask64(Request.GET_STATUS), 3n);
    await line.tell(Request.SET_STATUS, payload64(8)); // alone, as QEMU does
    assert.equal(await line.ask64(Request.GET_STATUS), 0xbn);
    await line.tell(Request.SET_STATUS, payload64(0xf));
    assert.equal(device.log.includes("driver ok"), true);
    await assert.rejects(line.tell(Request.SET_STATUS, payload64(0x100)));
    await line.tell(Request.SET_STATUS, payload64(0));
    assert.equal(await line.ask64(Request.GET_STATUS), 0n);
  }),
);

Deno.test(
  "an event that a front end exchanges is signalled at once",
  limited(async () => {
    await using peer = new RawPeer(new EchoDevice());
    const line = await peer.greet();
    await peer.table([{ address: 0, size: SIZE, user: 0 }], [peer.memory(SIZE)]);
    await peer.ring(0, 8, 0);
    const call = peer.event();
    await line.tell(Request.SET_VRING_CALL, payload64(0), [call]);
    assert.ok(drain(call) > 0);
  }),
);

Deno.test(
  "a reset of the status keeps where the rings stood, for who asks later",
  limited(async () => {
    const device = new EchoDevice();
    await using peer = new RawPeer(device);
    const line = await peer.greet(FEATURES, PROTOCOL | featureSet(ProtocolFeature.STATUS));
    await line.tell(Request.SET_STATUS, payload64(11)); // and never DRIVER_OK, as QEMU's rng does
    const file = peer.memory(SIZE);
    const lent = lend(file, 0);
    await peer.table([{ address: 0, size: SIZE, user: 0 }], [file]);
    const kick = await startRing(peer, lent, 0);
    lent.send("one");
    signal(kick);
    await lent.collected();
    await line.tell(Request.SET_STATUS, payload64(0));
    assert.equal(device.getStatus(), 0);
    assert.equal(await peer.base(0), 1);
  }),
);
