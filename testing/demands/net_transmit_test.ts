// What drivers of network devices send, statement by statement (VIRTIO 1.4, 5.1.9.2).

import assert from "node:assert/strict";
import {
  emptyVirtioNetHdr,
  NetworkDevice,
  type NetworkDeviceOptions,
  NetworkDriver,
  VIRTIO_NET_F_CSUM,
  VIRTIO_NET_F_HOST_TSO4,
  VIRTIO_NET_F_HOST_TSO6,
  VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO,
  VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO_CSUM,
  VIRTIO_NET_F_HOST_USO,
  type VirtioNetHdr,
} from "../../generated/net/mod.ts";
import { featureSet, ReservedFeature } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";
import { DeviceBench } from "../device_bench.ts";
import { QUEUE_SIZE_MAX } from "../subjects.ts";
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

const SENDING =
  "drivernormative:Device Types / Network Device / Device Operation / Packet Transmission";

/** What a driver with these features may send: headers of 60 bytes that are sent, and those that it refuses, by the rule. */
async function sends(
  features: NonNullable<NetworkDeviceOptions["features"]>,
  good: readonly Partial<VirtioNetHdr>[],
  bad: readonly (readonly [Partial<VirtioNetHdr>, RegExp])[],
): Promise<void> {
  const seen: VirtioNetHdr[] = [];
  const device = new NetworkDevice({
    config: {},
    features,
    transmit: ({ hdr }) => void seen.push({ ...hdr }),
  });
  await using driver = await NetworkDriver.open(loopback(device), { features });
  const packet = new Uint8Array(60);
  const send = async (changes: Partial<VirtioNetHdr>) =>
    await driver.transmit({ hdr: { ...emptyVirtioNetHdr(), ...changes } }, packet);
  for (const [changes, message] of bad) {
    const text = JSON.stringify(changes);
    await assert.rejects(send(changes), { name: "RangeError", message }, text);
  }
  assert.deepEqual(seen, []);
  for (const changes of good) await send(changes);
  assert.equal(seen.length, good.length);
}

Deno.test("net: a driver leaves num_buffers and, without CSUM, flags at zero (5.1.9.2.1)", async () => {
  covers(`${SENDING}#2`, `${SENDING}#3`);
  await sends([], [{}], [
    [{ numBuffers: 1 }, /num_buffers is 0/],
    [{ flags: NEEDS_CSUM }, /No flag without CSUM/],
    [{ flags: 0x80 }, /No flag without CSUM/],
  ]);
  await sends(["CSUM"], [{}, { flags: NEEDS_CSUM }], [[{ numBuffers: 0xffff }, /num_buffers/]]);
});

Deno.test("net: a driver asks for IPsec where it was negotiated (5.1.9.2.1)", async () => {
  await sends(["CSUM"], [{}], [[{ flags: 0x10 }, /No SECURITY without IPSEC/]]);
  await sends(["IPSEC"], [{ flags: 0x10 }], []);
});

Deno.test("net: a driver has TCP cut where that was negotiated (5.1.9.2.1)", async () => {
  covers(`${SENDING}#7`, `${SENDING}#9`);
  await sends(["CSUM", "HOST_TSO6"], [cut(TCPV6), cut(TCPV6 | ECN)], [
    [cut(TCPV4), /No TCPV4/],
    [cut(TCPV4 | ECN), /No TCPV4/],
  ]);
  await sends(["CSUM", "HOST_TSO4"], [cut(TCPV4)], [[cut(TCPV6), /No TCPV6/]]);
});

Deno.test("net: a driver has UDP cut where that was negotiated (5.1.9.2.1)", async () => {
  covers(`${SENDING}#11`, `${SENDING}#13`);
  await sends(["CSUM", "HOST_USO"], [cut(UDP_L4)], [[cut(UDP), /No UDP without/]]);
  await sends(["CSUM", "HOST_UFO"], [cut(UDP)], [[cut(UDP_L4), /No UDP_L4/]]);
});

Deno.test("net: a driver has nothing cut where nothing of that was negotiated (5.1.9.2.1)", async () => {
  covers(`${SENDING}#31`);
  const types = [TCPV4, UDP, TCPV6, UDP_L4, ECN, 2];
  await sends(["CSUM"], [{}], types.map((type) => [cut(type), /breaks the rule: N/] as const));
});

Deno.test("net: what is to be cut has a partial checksum and a size (5.1.9.2.1)", async () => {
  covers(`${SENDING}#32`, `${SENDING}#33`);
  await sends(["CSUM", "HOST_TSO4"], [cut(TCPV4), { flags: 0 }], [
    [cut(TCPV4, 0), /has NEEDS_CSUM/],
    [{ gsoType: TCPV4, flags: NEEDS_CSUM, gsoSize: 0 }, /has a size/],
  ]);
});

const tunnels = ["CSUM", "HOST_TSO4", "HOST_TSO6", "HOST_USO"] as const;

Deno.test("net: a driver sends tunnels where they were negotiated (5.1.9.2.1)", async () => {
  covers(`${SENDING}#17`, `${SENDING}#42`);
  await sends(tunnels, [cut(TCPV4)], [
    [inTunnel(TCPV4 | TUNNEL4), /No tunnel without/],
    [inTunnel(TCPV6 | TUNNEL6), /No tunnel without/],
  ]);
  await sends(
    [...tunnels, "HOST_UDP_TUNNEL_GSO"],
    [inTunnel(TCPV4 | TUNNEL4), inTunnel(TCPV6 | TUNNEL6)],
    [],
  );
});

Deno.test("net: a tunnel is of the inner header's kind, and says where the headers are (5.1.9.2.1)", async () => {
  covers(`${SENDING}#18`, `${SENDING}#19`, `${SENDING}#37`);
  const good = [TCPV4 | TUNNEL4, TCPV6 | TUNNEL6, UDP_L4 | TUNNEL4, UDP_L4 | TUNNEL6];
  await sends([...tunnels, "HOST_UDP_TUNNEL_GSO"], good.map((type) => inTunnel(type)), [
    [inTunnel(TCPV4 | TUNNEL6), /TCPV4 is in no tunnel for IPv6/],
    [inTunnel(TCPV6 | TUNNEL4 | ECN), /TCPV6 is in no tunnel for IPv4/],
    [{ ...inTunnel(UDP_L4 | TUNNEL4), outerThOffset: 0 }, /outer UDP header of a tunnel has/],
    [{ ...inTunnel(UDP_L4 | TUNNEL6), innerNhOffset: 0 }, /inner network header is behind/],
    [{ ...inTunnel(UDP_L4 | TUNNEL6), innerNhOffset: 27 }, /inner network header is behind/],
  ]);
});

Deno.test("net: no outer checksum is left to a device that did not agree (5.1.9.2.1)", async () => {
  covers(`${SENDING}#20`, `${SENDING}#23`);
  const packet = inTunnel(TCPV4 | TUNNEL4, NEEDS_CSUM | TUNNEL_CSUM);
  await sends(tunnels, [], [[packet, /No tunnel without/]]);
  await sends([...tunnels, "HOST_UDP_TUNNEL_GSO"], [], [[packet, /No UDP_TUNNEL_CSUM without/]]);
});

Deno.test("net: a partial checksum is in the packet (5.1.9.2.1)", async () => {
  covers(`${SENDING}#30`);
  const at = (csumStart: number, csumOffset: number, flags = NEEDS_CSUM) => ({
    flags,
    csumStart,
    csumOffset,
  });
  await sends(["CSUM"], [at(34, 16), at(0, 58), at(42, 16), at(100, 100, 0)], [
    [at(43, 16), /checksum is in the packet/],
    [at(0, 59), /checksum is in the packet/],
    [at(0xffff, 0), /checksum is in the packet/],
    [at(0, 0xffff), /checksum is in the packet/],
  ]);
});

Deno.test("net: hdr_len has all headers of what is to be cut, where it is exact (5.1.9.2.1)", async () => {
  covers(`${SENDING}#34`);
  const packet = (hdrLen: number, gsoType = TCPV4) => ({ ...cut(gsoType), csumStart: 34, hdrLen });
  await sends(["CSUM", "HOST_TSO4", "GUEST_HDRLEN"], [packet(54), packet(42), packet(0, 0)], [
    [packet(0), /hdr_len reaches behind/],
    [packet(34), /hdr_len reaches behind/],
    [packet(41), /hdr_len reaches behind/],
    [packet(61), /hdr_len reaches no further/],
  ]);
  await sends(["CSUM", "HOST_TSO4"], [packet(0), packet(61)], []);
});

Deno.test("net: a driver sends nothing longer than mtu, but what is to be cut (5.1.4.2)", async () => {
  covers("drivernormative:Device Types / Network Device / Device configuration layout#9");
  const lengths: number[] = [];
  const device = new NetworkDevice({
    config: { mtu: 1280 },
    features: ["CSUM", "HOST_TSO4"],
    transmit: (_request, data) => void lengths.push(data.length),
  });
  const send = async (driver: NetworkDriver, length: number, changes: Partial<VirtioNetHdr> = {}) =>
    await driver.transmit({ hdr: { ...emptyVirtioNetHdr(), ...changes } }, new Uint8Array(length));
  {
    await using driver = await NetworkDriver.open(loopback(device));
    for (const length of [1294, 1298]) await send(driver, length);
    await send(driver, 9000, cut(TCPV4));
    for (const length of [1299, 9000]) {
      await assert.rejects(send(driver, length), { name: "RangeError", message: /than mtu/ });
      await assert.rejects(send(driver, length, { gsoType: ECN }), { message: /than mtu/ });
    }
  }
  await using other = await NetworkDriver.open(loopback(device), { features: [] });
  await send(other, 1299);
  assert.deepEqual(lengths, [1294, 1298, 9000, 1299]);
});

Deno.test("net: a driver leaves outer checksums to the device where that was negotiated (5.1.9.2.1)", async () => {
  covers(`${SENDING}#22`, `${SENDING}#26`, `${SENDING}#43`);
  const both = NEEDS_CSUM | TUNNEL_CSUM;
  await sends([...tunnels, "HOST_UDP_TUNNEL_GSO"], [inTunnel(TCPV4 | TUNNEL4)], [
    [inTunnel(TCPV4 | TUNNEL4, both), /No UDP_TUNNEL_CSUM without/],
  ]);
  const all = [...tunnels, "HOST_UDP_TUNNEL_GSO", "HOST_UDP_TUNNEL_GSO_CSUM"] as const;
  await sends(all, [inTunnel(TCPV4 | TUNNEL4, both), inTunnel(TCPV6 | TUNNEL6, both)], [
    [cut(TCPV4, both), /is of a tunnel/],
    [{ flags: TUNNEL_CSUM }, /is of a tunnel/],
  ]);
});

Deno.test("net: a tunnel is of one kind, and has no fragments (5.1.9.2.1)", async () => {
  covers(`${SENDING}#24`, `${SENDING}#25`);
  const features = [...tunnels, "HOST_UFO", "HOST_UDP_TUNNEL_GSO"] as const;
  await sends(features, [cut(UDP), inTunnel(UDP_L4 | TUNNEL4)], [
    [inTunnel(TCPV4 | TUNNEL4 | TUNNEL6), /over IPv4 or over IPv6/],
    [inTunnel(UDP | TUNNEL4), /No UDP in a tunnel/],
    [inTunnel(UDP | TUNNEL6 | ECN), /No UDP in a tunnel/],
  ]);
});

Deno.test("net: what only devices say of packets is not sent (5.1.9.2.1)", async () => {
  covers(`${SENDING}#45`, `${SENDING}#46`);
  await sends([...tunnels, "HOST_UDP_TUNNEL_GSO"], [{ flags: NEEDS_CSUM }], [
    [{ flags: DATA_VALID }, /for devices/],
    [{ flags: RSC_INFO | NEEDS_CSUM }, /for devices/],
    [inTunnel(TCPV4 | TUNNEL4, NEEDS_CSUM | DATA_VALID), /for devices/],
  ]);
});

const SENT =
  "devicenormative:Device Types / Network Device / Device Operation / Packet Transmission";

/** Whether a device hands out a packet with this header. */
function takes(changes: Partial<VirtioNetHdr>): boolean {
  const seen: VirtioNetHdr[] = [];
  const device = new NetworkDevice({
    config: {},
    features: [...tunnels, "HOST_UDP_TUNNEL_GSO", "HOST_UDP_TUNNEL_GSO_CSUM"],
    queueSizeMax: QUEUE_SIZE_MAX,
    transmit: ({ hdr }) => void seen.push({ ...hdr }),
  });
  const bits = [
    VIRTIO_NET_F_CSUM,
    VIRTIO_NET_F_HOST_TSO4,
    VIRTIO_NET_F_HOST_TSO6,
    VIRTIO_NET_F_HOST_USO,
    VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO,
    VIRTIO_NET_F_HOST_UDP_TUNNEL_GSO_CSUM,
  ];
  const bench = new DeviceBench(device, featureSet(ReservedFeature.VIRTIO_F_VERSION_1, ...bits), 1);
  bench.add({ readable: [packetBytes(changes, 24)], writable: [] });
  bench.kick();
  assert.equal(bench.collect()?.length, 0, "it comes back");
  assert.deepEqual(bench.errors, []);
  return seen.length === 1;
}

Deno.test("net: a device takes packets whatever else their flags say (5.1.9.2.2)", () => {
  covers(`${SENT}#1`);
  for (const flag of [0x20, 0x40, 0x80, 0xe0]) {
    assert.ok(takes({ flags: flag }), `${flag}`);
    assert.ok(takes(cut(TCPV4, NEEDS_CSUM | flag)), `${flag}`);
    assert.ok(takes(inTunnel(TCPV4 | TUNNEL4, NEEDS_CSUM | flag)), `${flag}`);
  }
});

Deno.test("net: a device takes no packet in two tunnels at once (5.1.9.2.2)", () => {
  covers(`${SENT}#8`);
  assert.ok(takes(inTunnel(TCPV4 | TUNNEL4)) && takes(inTunnel(UDP_L4 | TUNNEL6 | ECN)));
  for (const type of [TCPV4, TCPV6, UDP_L4, 0, ECN]) {
    assert.ok(!takes(inTunnel(type | TUNNEL4 | TUNNEL6)), `${type}`);
  }
});

Deno.test("net: a device takes nothing from a tunnel but what is to be cut (5.1.9.2.2)", () => {
  covers(`${SENT}#10`);
  assert.ok(takes(inTunnel(TCPV4 | TUNNEL4, NEEDS_CSUM | TUNNEL_CSUM)));
  for (const tunnel of [TUNNEL4, TUNNEL6]) {
    assert.ok(!takes(inTunnel(UDP_L4 | tunnel, 0)), "no partial checksum");
    assert.ok(!takes(inTunnel(UDP_L4 | tunnel, NEEDS_CSUM | DATA_VALID)), "a verified checksum");
    assert.ok(!takes(inTunnel(tunnel)), "nothing to cut");
    assert.ok(!takes(inTunnel(tunnel | ECN)), "nothing to cut");
  }
  assert.ok(takes({ flags: DATA_VALID }) && takes({ flags: 0 }), "outside of tunnels all is well");
  assert.ok(!takes({ flags: TUNNEL_CSUM }), "an outer checksum without a tunnel");
});
