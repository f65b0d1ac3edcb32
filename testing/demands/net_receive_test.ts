// What devices give to drivers of network devices, statement by statement (VIRTIO 1.4, 5.1.9.4).

import assert from "node:assert/strict";
import {
  emptyVirtioNetHdr,
  NetworkDevice,
  type NetworkDeviceOptions,
  NetworkDriver,
  VIRTIO_NET_F_CTRL_VQ,
  VIRTIO_NET_F_GUEST_CSUM,
  VIRTIO_NET_F_GUEST_TSO4,
  VIRTIO_NET_F_GUEST_TSO6,
  VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO,
  VIRTIO_NET_F_GUEST_UFO,
  VIRTIO_NET_F_GUEST_USO4,
  VIRTIO_NET_F_GUEST_USO6,
  VIRTIO_NET_F_HASH_REPORT,
  VIRTIO_NET_F_IPSEC,
  VIRTIO_NET_F_MRG_RXBUF,
  VIRTIO_NET_F_MTU,
  type VirtioNetHdr,
} from "../../generated/net/mod.ts";
import { featureSet, ReservedFeature } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";
import { HandDevice } from "../driver_bench.ts";
import {
  cut,
  DATA_VALID,
  ECN,
  inTunnel,
  NEEDS_CSUM,
  packetBytes,
  RSC_INFO,
  TCPV4,
  TCPV6,
  TUNNEL4,
  TUNNEL6,
  TUNNEL_CSUM,
  UDP,
  UDP_L4,
} from "./net_fixture.ts";

const INCOMING =
  "devicenormative:Device Types / Network Device / Device Operation / Processing of Incoming Packets";

type Features = NonNullable<NetworkDeviceOptions["features"]>;

const turn = () => new Promise((resolve) => setTimeout(resolve, 2));

/** What a device may give to a driver with these features: headers of 60 bytes that come, and those that it refuses, by the rule. */
async function gives(
  features: Features,
  good: readonly Partial<VirtioNetHdr>[],
  bad: readonly (readonly [Partial<VirtioNetHdr>, RegExp])[],
): Promise<void> {
  const device = new NetworkDevice({ config: {}, features });
  const seen: VirtioNetHdr[] = [];
  await using _driver = await NetworkDriver.open(loopback(device), {
    features,
    onReceive: ({ hdr }) => void seen.push({ ...hdr }),
  });
  await turn();
  const send = (changes: Partial<VirtioNetHdr>) =>
    device.sendReceive({ hdr: { ...emptyVirtioNetHdr(), ...changes } }, new Uint8Array(60));
  for (const [changes, message] of bad) {
    const text = JSON.stringify(changes);
    assert.throws(() => send(changes), { name: "RangeError", message }, text);
  }
  await turn();
  assert.deepEqual(seen, []);
  for (const changes of good) assert.equal(send(changes), true);
  await turn();
  const expected = good.map((changes) => ({ ...emptyVirtioNetHdr(), ...changes, numBuffers: 1 }));
  assert.deepEqual(seen, expected);
}

Deno.test("net: a device leaves flags at zero without GUEST_CSUM (5.1.9.4.1)", async () => {
  covers(`${INCOMING}#5`);
  await gives([], [{}], [
    [{ flags: NEEDS_CSUM }, /No flag without GUEST_CSUM/],
    [{ flags: DATA_VALID }, /No flag without GUEST_CSUM/],
    [{ flags: 0x80 }, /No flag without GUEST_CSUM/],
  ]);
  await gives(["GUEST_CSUM"], [{}, { flags: NEEDS_CSUM }, { flags: DATA_VALID }], []);
});

Deno.test("net: a device leaves TCP in one piece where that was negotiated (5.1.9.4.1)", async () => {
  covers(`${INCOMING}#7`, `${INCOMING}#9`);
  await gives(["GUEST_CSUM", "GUEST_TSO6"], [cut(TCPV6), cut(TCPV6 | ECN)], [
    [cut(TCPV4), /No TCPV4/],
    [cut(TCPV4 | ECN), /No TCPV4/],
  ]);
  await gives(["GUEST_CSUM", "GUEST_TSO4"], [cut(TCPV4)], [[cut(TCPV6), /No TCPV6/]]);
});

Deno.test("net: a device leaves UDP in one piece where that was negotiated (5.1.9.4.1)", async () => {
  covers(`${INCOMING}#8`, `${INCOMING}#10`);
  await gives(["GUEST_CSUM", "GUEST_UFO"], [cut(UDP)], [[cut(UDP_L4), /No UDP_L4 without/]]);
  for (const feature of ["GUEST_USO4", "GUEST_USO6"] as const) {
    await gives(["GUEST_CSUM", feature], [cut(UDP_L4)], [[cut(UDP), /No UDP without/]]);
  }
});

Deno.test("net: a device leaves nothing to be cut where nothing of that was negotiated (5.1.9.4.1)", async () => {
  covers(`${INCOMING}#26`);
  const types = [TCPV4, UDP, TCPV6, UDP_L4, ECN, 2];
  await gives(["GUEST_CSUM"], [{}], types.map((type) => [cut(type), /the rule: N/] as const));
});

const tunnels: Features = ["GUEST_CSUM", "GUEST_TSO4", "GUEST_TSO6", "GUEST_USO4", "GUEST_USO6"];
const tunnelled: Features = [...tunnels, "GUEST_UDP_TUNNEL_GSO"];
const OUTER = NEEDS_CSUM | TUNNEL_CSUM;

Deno.test("net: a device leaves tunnels in one piece where that was negotiated (5.1.9.4.1)", async () => {
  covers(`${INCOMING}#11`, `${INCOMING}#21`);
  const types = [TCPV4 | TUNNEL4, TCPV6 | TUNNEL6, UDP_L4 | TUNNEL4];
  await gives(tunnels, [], types.map((type) => [inTunnel(type), /No tunnel without/] as const));
  await gives(tunnelled, types.map((type) => inTunnel(type)), []);
});

Deno.test("net: a device leaves outer checksums to drivers where that was negotiated (5.1.9.4.1)", async () => {
  covers(`${INCOMING}#12`, `${INCOMING}#24`, `${INCOMING}#25`);
  await gives(tunnelled, [inTunnel(TCPV4 | TUNNEL4)], [
    [inTunnel(TCPV4 | TUNNEL4, OUTER), /No UDP_TUNNEL_CSUM without/],
    [{ flags: TUNNEL_CSUM | DATA_VALID }, /No UDP_TUNNEL_CSUM without/],
  ]);
  await gives([...tunnelled, "GUEST_UDP_TUNNEL_GSO_CSUM"], [
    inTunnel(TCPV4 | TUNNEL4, OUTER),
    { flags: TUNNEL_CSUM | DATA_VALID },
  ], []);
});

Deno.test("net: a device says of tunnels what they are and where their headers are (5.1.9.4.1)", async () => {
  covers(`${INCOMING}#22`, `${INCOMING}#23`, `${INCOMING}#34`);
  await gives(tunnelled, [inTunnel(TCPV4 | TUNNEL4), inTunnel(TCPV6 | TUNNEL6)], [
    [inTunnel(TCPV4 | TUNNEL6), /TCPV4 is in no tunnel for IPv6/],
    [inTunnel(TCPV6 | TUNNEL4), /TCPV6 is in no tunnel for IPv4/],
    [inTunnel(UDP_L4 | TUNNEL4 | TUNNEL6), /over IPv4 or over IPv6/],
    [{ ...inTunnel(UDP_L4 | TUNNEL4), outerThOffset: 0 }, /outer UDP header of a tunnel has/],
    [{ ...inTunnel(UDP_L4 | TUNNEL6), innerNhOffset: 27 }, /inner network header is behind/],
    [inTunnel(UDP_L4 | TUNNEL6, NEEDS_CSUM | DATA_VALID), /has no DATA_VALID/],
    [inTunnel(UDP_L4 | TUNNEL6, 0), /has NEEDS_CSUM/],
    [inTunnel(TUNNEL6), /What is in a tunnel is cut/],
  ]);
});

Deno.test("net: what a device leaves in one piece has a partial checksum and a size (5.1.9.4.1)", async () => {
  covers(`${INCOMING}#27`, `${INCOMING}#28`);
  await gives(["GUEST_CSUM", "GUEST_TSO4"], [cut(TCPV4), { flags: 0 }], [
    [cut(TCPV4, DATA_VALID), /has NEEDS_CSUM/],
    [{ ...cut(TCPV4), gsoSize: 0 }, /has a size/],
  ]);
});

Deno.test("net: a device counts what it coalesced with RSC_EXT, else never (5.1.9.4.1)", async () => {
  covers(`${INCOMING}#29`, `${INCOMING}#30`);
  const coalesced = { ...cut(TCPV4, NEEDS_CSUM | RSC_INFO), csumStart: 0xffff, csumOffset: 0xffff };
  const features = ["GUEST_CSUM", "GUEST_TSO4"] as const;
  await gives([...features, "CSUM", "HOST_TSO4", "RSC_EXT"], [coalesced, {}], [
    [cut(TCPV4), /has RSC_INFO with RSC_EXT/],
  ]);
  await gives(features, [cut(TCPV4)], [
    [{ ...coalesced, csumStart: 0, csumOffset: 0 }, /No RSC_INFO without/],
    [{ flags: RSC_INFO }, /No RSC_INFO without/],
  ]);
});

Deno.test("net: a partial checksum that a device leaves is in the packet (5.1.9.4.1)", async () => {
  covers(`${INCOMING}#20`);
  const at = (csumStart: number, csumOffset: number, flags = NEEDS_CSUM) => ({
    flags,
    csumStart,
    csumOffset,
  });
  await gives(["GUEST_CSUM"], [at(34, 16), at(42, 16), at(100, 100, DATA_VALID)], [
    [at(43, 16), /checksum is in the packet/],
    [at(0xffff, 0), /checksum is in the packet/],
    [at(0, 0xffff), /checksum is in the packet/],
  ]);
});

Deno.test("net: a device says nothing of IPsec where there is none (5.1.9.4.1)", async () => {
  covers(`${INCOMING}#39`, `${INCOMING}#42`);
  const flags = [0x10, 0x20, 0x40, 0x70].map((flag) => ({ flags: flag }));
  await gives(["GUEST_CSUM"], [{}], flags.map((hdr) => [hdr, /No SECURITY without/] as const));
  await gives(["IPSEC"], flags, [[{ flags: 0x11 }, /No flag without GUEST_CSUM/]]);
});

Deno.test("net: a device gives nothing longer than mtu, but what is to be cut (5.1.4.1)", async () => {
  covers("devicenormative:Device Types / Network Device / Device configuration layout#5");
  const features = ["GUEST_CSUM", "GUEST_TSO4"] as const;
  const device = new NetworkDevice({ config: { mtu: 1280 }, features });
  const seen: number[] = [];
  const onReceive = (_value: unknown, data: Uint8Array) => void seen.push(data.length);
  const send = (length: number, changes: Partial<VirtioNetHdr> = {}) =>
    device.sendReceive({ hdr: { ...emptyVirtioNetHdr(), ...changes } }, new Uint8Array(length));
  {
    const options = { features: ["MTU", ...features] as const, bufferSize: 9100, onReceive };
    await using _driver = await NetworkDriver.open(loopback(device), options);
    await turn();
    for (const length of [1294, 1298]) assert.ok(send(length));
    assert.ok(send(9000, cut(TCPV4)));
    for (const length of [1299, 9000]) {
      assert.throws(() => send(length), { name: "RangeError", message: /than mtu/ });
      assert.throws(() => send(length, { gsoType: ECN }), { message: /than mtu/ });
    }
    await turn();
  }
  const options = { features: [], bufferSize: 9100, onReceive };
  await using _driver = await NetworkDriver.open(loopback(device), options);
  await turn();
  assert.ok(send(1299));
  await turn();
  assert.deepEqual(seen, [1294, 1298, 9000, 1299]);
});

Deno.test("net: without MRG_RXBUF a packet is in one buffer, and says so (5.1.9.4.1)", async () => {
  covers(
    `${INCOMING}#1`,
    "devicenormative:Device Types / Network Device / Device Operation / Setting Up Receive Buffers#2",
  );
  const device = new NetworkDevice({ config: {} });
  const seen: [number, number][] = [];
  await using _driver = await NetworkDriver.open(loopback(device), {
    features: [],
    bufferSize: 1526,
    onReceive: ({ hdr }, data) => void seen.push([hdr.numBuffers ?? -1, data.length]),
  });
  await turn();
  for (const numBuffers of [0, 1, 7]) {
    const hdr = { ...emptyVirtioNetHdr(), numBuffers };
    assert.equal(device.sendReceive({ hdr }, new Uint8Array(60)), true);
    assert.equal(device.sendReceive({ hdr }, new Uint8Array(1600)), false);
  }
  await turn();
  assert.deepEqual(seen, [[1, 60], [1, 60], [1, 60]]);
});

const PARKING =
  "drivernormative:Device Types / Network Device / Device Operation / Setting Up Receive Buffers";

/** How large the buffers are that a driver parks for a device with these features, and their number. */
async function parked(
  bits: readonly number[],
  { mtu = 0, bufferSize }: { mtu?: number; bufferSize?: number } = {},
): Promise<{ size: number; count: number }> {
  const config = new Uint8Array(28);
  new DataView(config.buffer).setUint16(10, mtu, true);
  const features = featureSet(ReservedFeature.VIRTIO_F_VERSION_1, ...bits);
  const hand = new HandDevice(1, features, config);
  const options = bufferSize === undefined ? {} : { bufferSize };
  await using driver = await NetworkDriver.open(hand, options);
  assert.equal(driver.features, features);
  const sizes: number[] = [];
  const queue = hand.queues.get(0)!;
  for (let head = queue.pop(); head >= 0; head = queue.pop()) {
    sizes.push(queue.chain(head).writableLength);
  }
  assert.equal(new Set(sizes).size, 1);
  return { size: sizes[0]!, count: sizes.length };
}

Deno.test("net: a driver parks buffers for whole frames, or for what waits to be cut (5.1.9.3.1)", async () => {
  covers(`${PARKING}#1`, `${PARKING}#2`);
  const hashes = [VIRTIO_NET_F_CTRL_VQ, VIRTIO_NET_F_HASH_REPORT];
  assert.equal((await parked([], { bufferSize: 1 })).size, 1526);
  assert.equal((await parked(hashes, { bufferSize: 1 })).size, 1534);
  for (
    const large of [
      VIRTIO_NET_F_GUEST_TSO4,
      VIRTIO_NET_F_GUEST_TSO6,
      VIRTIO_NET_F_GUEST_UFO,
      VIRTIO_NET_F_GUEST_USO4,
      VIRTIO_NET_F_GUEST_USO6,
    ]
  ) {
    const bits = [VIRTIO_NET_F_GUEST_CSUM, large];
    assert.ok((await parked(bits)).size >= 65601);
    assert.ok((await parked([...bits, ...hashes], { bufferSize: 1 })).size >= 65609);
  }
});

Deno.test("net: a buffer that others may follow holds the header at least (5.1.9.3.1)", async () => {
  covers(`${PARKING}#3`);
  const hashes = [VIRTIO_NET_F_CTRL_VQ, VIRTIO_NET_F_HASH_REPORT];
  for (const [bits, least] of [[[], 12], [hashes, 20], [[VIRTIO_NET_F_IPSEC], 32]] as const) {
    const { size } = await parked([VIRTIO_NET_F_MRG_RXBUF, ...bits], { bufferSize: 1 });
    assert.ok(size >= least, `${size}`);
  }
});

Deno.test("net: a driver has room for a packet as long as mtu (5.1.4.2)", async () => {
  covers("drivernormative:Device Types / Network Device / Device configuration layout#8");
  for (const mtu of [68, 1500, 9000, 65535]) {
    const alone = await parked([VIRTIO_NET_F_MTU], { mtu });
    assert.ok(alone.size >= mtu + 14 + 12);
    const merged = await parked([VIRTIO_NET_F_MTU, VIRTIO_NET_F_MRG_RXBUF], { mtu, bufferSize: 1 });
    assert.ok(merged.size * merged.count >= mtu + 14 + 12);
  }
});

const TAKEN =
  "drivernormative:Device Types / Network Device / Device Operation / Processing of Incoming Packets";

/** Which of these packets a driver hands on; it reports the others, and goes on. */
async function taken(...packets: readonly Partial<VirtioNetHdr>[]): Promise<boolean[]> {
  const bits = [
    VIRTIO_NET_F_GUEST_CSUM,
    VIRTIO_NET_F_GUEST_TSO4,
    VIRTIO_NET_F_GUEST_TSO6,
    VIRTIO_NET_F_GUEST_USO4,
    VIRTIO_NET_F_GUEST_USO6,
    VIRTIO_NET_F_GUEST_UDP_TUNNEL_GSO,
  ];
  const hand = new HandDevice(
    1,
    featureSet(ReservedFeature.VIRTIO_F_VERSION_1, ...bits),
    new Uint8Array(28),
  );
  const seen: unknown[] = [];
  await using _driver = await NetworkDriver.open(hand, {
    queueSize: 1,
    onReceive: ({ hdr }) => void seen.push(hdr.gsoSize),
    onError: (error) => void seen.push(error),
  });
  await turn();
  const queue = hand.queues.get(0)!;
  for (const [id, changes] of packets.entries()) {
    const head = queue.pop();
    assert.ok(head >= 0, "the driver parks its only buffer again");
    const bytes = packetBytes({ ...changes, gsoSize: id + 1, numBuffers: 1 }, 24);
    queue.chain(head).write(0, bytes, 0, bytes.length);
    queue.push(head, bytes.length);
    queue.publish();
    await turn();
  }
  assert.equal(seen.length, packets.length);
  return seen.map((each, id) => {
    if (typeof each === "number") assert.equal(each, id + 1);
    else assert.equal((each as Error).name, "PeerError");
    return typeof each === "number";
  });
}

Deno.test("net: a driver drops a packet whose other buffers are not used with the first (5.1.9.4.1)", async () => {
  for (const queueSize of [2, 4]) {
    const bits = [ReservedFeature.VIRTIO_F_VERSION_1, VIRTIO_NET_F_MRG_RXBUF];
    const hand = new HandDevice(1, featureSet(...bits), new Uint8Array(28));
    const seen: unknown[] = [];
    await using _driver = await NetworkDriver.open(hand, {
      queueSize,
      onReceive: ({ hdr }, data) => void seen.push([hdr.numBuffers, data.length]),
      onError: (error) => void seen.push((error as Error).message),
    });
    await turn();
    const queue = hand.queues.get(0)!;
    const use = async (numBuffers: number, buffers: number) => {
      for (let i = 0; i < buffers; i++) {
        const head = queue.pop();
        assert.ok(head >= 0, "the driver parks its buffers again");
        const bytes = i === 0 ? packetBytes({ numBuffers }, 12) : new Uint8Array(20);
        queue.chain(head).write(0, bytes, 0, bytes.length);
        queue.push(head, bytes.length);
      }
      queue.publish();
      await turn();
      return seen.splice(0);
    };
    const [, more] = [await use(1, 1), await use(2, 2)];
    assert.deepEqual(more.map((each) => (each as number[])[0]), [2]);
    for (const [wanted, used] of [[2, 1], [3, 2], [256, 1]] as const) {
      const [message, ...others] = await use(wanted, used);
      assert.match(
        String(message),
        new RegExp(`hdr.numBuffers.*${used} at most.*${wanted}`),
        `${used} of ${wanted}`,
      );
      assert.deepEqual(others, []);
      assert.equal((await use(1, 1)).length, 1, "the queue goes on");
    }
  }
});

Deno.test("net: a driver takes packets whatever else their flags say (5.1.9.4.2)", async () => {
  covers(`${TAKEN}#1`);
  const packets = [0x80, 0x10, 0xf8].flatMap((flag) => [
    { flags: flag },
    cut(TCPV4, NEEDS_CSUM | flag),
    inTunnel(TCPV4 | TUNNEL4, NEEDS_CSUM | flag),
  ]);
  assert.deepEqual(await taken(...packets), packets.map(() => true));
});

Deno.test("net: a driver takes no packet in two tunnels at once (5.1.9.4.2)", async () => {
  covers(`${TAKEN}#8`);
  const types = [TCPV4, TCPV6, UDP_L4, 0, ECN].map((type) => type | TUNNEL4 | TUNNEL6);
  const packets = [UDP_L4 | TUNNEL4, ...types, UDP_L4 | TUNNEL6].map((type) => inTunnel(type));
  assert.deepEqual(await taken(...packets), [true, ...types.map(() => false), true]);
});

Deno.test("net: a driver takes nothing from a tunnel but what is to be cut (5.1.9.4.2)", async () => {
  covers(`${TAKEN}#10`);
  for (const tunnel of [TUNNEL4, TUNNEL6]) {
    const bad = [
      inTunnel(UDP_L4 | tunnel, 0),
      inTunnel(UDP_L4 | tunnel, NEEDS_CSUM | DATA_VALID),
      inTunnel(tunnel),
      inTunnel(tunnel | ECN),
    ];
    assert.deepEqual(
      await taken(inTunnel(UDP_L4 | tunnel), ...bad, { flags: DATA_VALID }),
      [true, false, false, false, false, true],
    );
  }
});
