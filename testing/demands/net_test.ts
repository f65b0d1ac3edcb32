// Network devices and their drivers, statement by statement (VIRTIO 1.4, 5.1).

import assert from "node:assert/strict";
import {
  emptyVirtioNetHdr,
  NetworkAck,
  NetworkDevice,
  type NetworkDeviceOptions,
  NetworkDriver,
  type NetworkDriverOptions,
  VIRTIO_NET_F_CTRL_RX_EXTRA,
  VIRTIO_NET_F_CTRL_VQ,
  VIRTIO_NET_F_HASH_REPORT,
  type VirtioNetHdr,
} from "../../generated/net/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";

const SENDING =
  "drivernormative:Device Types / Network Device / Device Operation / Packet Transmission";
const COMMANDS =
  "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue";
const FILTERING = `${COMMANDS} / Packet Receive Filtering` as const;
const MACS = `${COMMANDS} / Setting MAC Address Filtering` as const;

const [TCPV4, UDP, TCPV6, UDP_L4] = [1, 3, 4, 5];
const [TUNNEL4, TUNNEL6, ECN] = [0x20, 0x40, 0x80];
const [NEEDS_CSUM, DATA_VALID, RSC_INFO, TUNNEL_CSUM] = [1, 2, 4, 8];

/** What a driver with these features may send: headers that are sent, and those that it refuses, by the rule. */
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

const cut = (gsoType: number, flags = NEEDS_CSUM) => ({ gsoType, flags, gsoSize: 1400 });

Deno.test("net: a driver leaves num_buffers and, without CSUM, flags at zero (5.1.9.2.1)", async () => {
  covers(`${SENDING}#2`, `${SENDING}#3`);
  await sends([], [{}], [
    [{ numBuffers: 1 }, /num_buffers is 0/],
    [{ flags: NEEDS_CSUM }, /No flag without CSUM/],
    [{ flags: 0x80 }, /No flag without CSUM/],
  ]);
  await sends(["CSUM"], [{}, { flags: NEEDS_CSUM }], [[{ numBuffers: 0xffff }, /num_buffers/]]);
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
    [cut(TCPV4 | TUNNEL4), /No tunnel without/],
    [cut(TCPV6 | TUNNEL6), /No tunnel without/],
  ]);
  await sends(
    [...tunnels, "HOST_UDP_TUNNEL_GSO"],
    [cut(TCPV4 | TUNNEL4), cut(TCPV6 | TUNNEL6)],
    [],
  );
});

Deno.test("net: a driver leaves outer checksums to the device where that was negotiated (5.1.9.2.1)", async () => {
  covers(`${SENDING}#22`, `${SENDING}#26`, `${SENDING}#43`);
  const both = NEEDS_CSUM | TUNNEL_CSUM;
  await sends([...tunnels, "HOST_UDP_TUNNEL_GSO"], [cut(TCPV4 | TUNNEL4)], [
    [cut(TCPV4 | TUNNEL4, both), /No UDP_TUNNEL_CSUM without/],
  ]);
  const all = [...tunnels, "HOST_UDP_TUNNEL_GSO", "HOST_UDP_TUNNEL_GSO_CSUM"] as const;
  await sends(all, [cut(TCPV4 | TUNNEL4, both), cut(TCPV6 | TUNNEL6, both)], [
    [cut(TCPV4, both), /is of a tunnel/],
    [{ flags: TUNNEL_CSUM }, /is of a tunnel/],
  ]);
});

Deno.test("net: a tunnel is of one kind, and has no fragments (5.1.9.2.1)", async () => {
  covers(`${SENDING}#24`, `${SENDING}#25`);
  await sends([...tunnels, "HOST_UFO", "HOST_UDP_TUNNEL_GSO"], [cut(UDP), cut(UDP_L4 | TUNNEL4)], [
    [cut(TCPV4 | TUNNEL4 | TUNNEL6), /over IPv4 or over IPv6/],
    [cut(UDP | TUNNEL4), /No UDP in a tunnel/],
    [cut(UDP | TUNNEL6 | ECN), /No UDP in a tunnel/],
  ]);
});

Deno.test("net: what only devices say of packets is not sent (5.1.9.2.1)", async () => {
  covers(`${SENDING}#45`);
  await sends(["CSUM"], [{ flags: NEEDS_CSUM }], [
    [{ flags: DATA_VALID }, /for devices/],
    [{ flags: RSC_INFO | NEEDS_CSUM }, /for devices/],
  ]);
});

/** A packet to an address. */
function packet(to: string): Uint8Array {
  const bytes = new Uint8Array(60);
  bytes.set(Uint8Array.fromHex(to.replaceAll(":", "")));
  return bytes;
}

const OWN = "52:54:00:12:34:56";
const OTHER = "52:54:00:00:00:01";
const GROUP = "01:00:5e:00:00:01";
const ALL = "ff:ff:ff:ff:ff:ff";
const mac = (text: string) => packet(text).slice(0, 6);

/** A device that filters, and which of its own, another's, a group's and everybody's packets it takes. */
async function filtering() {
  const device = new NetworkDevice({ config: { mac: mac(OWN) }, filter: {} });
  const driver = await NetworkDriver.open(loopback(device));
  await driver.rxPromisc({ on: 0 });
  return {
    device,
    driver,
    taken: () =>
      [OWN, OTHER, GROUP, ALL].map((to) => device.filter!.accepts(packet(to)) ? 1 : 0).join(""),
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

const [on, off] = [{ on: 1 }, { on: 0 }];

Deno.test("net: promiscuous takes everything, whatever the other modes say (5.1.9.5.1.1)", async () => {
  covers(`${FILTERING}#2`, `${FILTERING}#3`);
  await using guest = await filtering();
  const { driver } = guest;
  assert.equal(guest.taken(), "1001");
  await driver.rxPromisc(on);
  assert.equal(guest.taken(), "1111");
  for (const mode of ["rxNomulti", "rxNouni", "rxNobcast", "rxAllmulti", "rxAlluni"] as const) {
    await driver[mode](on);
    assert.equal(guest.taken(), "1111", mode);
  }
});

Deno.test("net: all groups or all others are taken when it is said (5.1.9.5.1.1)", async () => {
  covers(`${FILTERING}#4`, `${FILTERING}#6`);
  await using guest = await filtering();
  await guest.driver.rxAllmulti(on);
  assert.equal(guest.taken(), "1011");
  await guest.driver.rxAlluni(on);
  assert.equal(guest.taken(), "1111");
  await guest.driver.rxAllmulti(off);
  assert.equal(guest.taken(), "1101");
});

Deno.test("net: groups are suppressed, broadcasts are none (5.1.9.5.1.1)", async () => {
  covers(`${FILTERING}#7`, `${FILTERING}#8`, `${FILTERING}#9`);
  await using guest = await filtering();
  await guest.driver.macTableSet({ unicast: { macs: [] }, multicast: { macs: [mac(GROUP)] } });
  assert.equal(guest.taken(), "1011");
  await guest.driver.rxNomulti(on);
  assert.equal(guest.taken(), "1001");
  await guest.driver.rxAllmulti(on);
  assert.equal(guest.taken(), "1001");
});

Deno.test("net: what is for one is suppressed, also where all of it is taken (5.1.9.5.1.1)", async () => {
  covers(`${FILTERING}#10`, `${FILTERING}#11`);
  await using guest = await filtering();
  await guest.driver.rxNouni(on);
  assert.equal(guest.taken(), "0001");
  await guest.driver.rxAlluni(on);
  assert.equal(guest.taken(), "0001");
});

Deno.test("net: broadcasts are suppressed, also where all groups are taken (5.1.9.5.1.1)", async () => {
  covers(`${FILTERING}#12`, `${FILTERING}#13`);
  await using guest = await filtering();
  await guest.driver.rxNobcast(on);
  assert.equal(guest.taken(), "1000");
  await guest.driver.rxAllmulti(on);
  assert.equal(guest.taken(), "1010");
});

Deno.test("net: tables and addresses are in force once their command is answered (5.1.9.5.2.1)", async () => {
  covers(`${MACS}#2`, `${MACS}#3`, `${MACS}#4`);
  await using guest = await filtering();
  const { driver, device } = guest;
  const table = { unicast: { macs: [mac(OTHER)] }, multicast: { macs: [mac(GROUP)] } };
  assert.equal((await driver.macTableSet(table)).ack, NetworkAck.OK);
  assert.equal(guest.taken(), "1111");
  assert.equal(device.filter!.accepts(packet("52:54:00:00:00:02")), false);
  await driver.macTableSet({ unicast: { macs: [] }, multicast: { macs: [] } });
  assert.equal((await driver.macAddrSet({ mac: mac(OTHER) })).ack, NetworkAck.OK);
  assert.deepEqual(device.settings.mac, mac(OTHER));
  assert.equal(guest.taken(), "0101");
});

const LAYOUT = "devicenormative:Device Types / Network Device / Device configuration layout";

Deno.test("net: a device keeps its mtu (5.1.4.1)", () => {
  covers(`${LAYOUT}#4`);
  const device = new NetworkDevice({ config: { mtu: 1500 } });
  const bytes = device.config.bytes.slice();
  for (const mtu of [1280, 9000]) assert.throws(() => device.configure({ mtu }), TypeError);
  assert.deepEqual(device.config.bytes, bytes);
});

Deno.test("net: what goes over the control queue is offered with it (5.1.4.1)", () => {
  covers(`${LAYOUT}#13`, `${LAYOUT}#14`);
  const ok = () => NetworkAck.OK;
  const rx = { rxAlluni: ok, rxNomulti: ok, rxNouni: ok, rxNobcast: ok };
  const config = { rssMaxKeySize: 40, supportedHashTypes: 1 };
  const extra = new NetworkDevice({ config: {}, ...rx });
  const hashes = new NetworkDevice({ config, mqHashConfig: ok });
  for (
    const [{ offered }, bit] of [
      [extra, VIRTIO_NET_F_CTRL_RX_EXTRA],
      [hashes, VIRTIO_NET_F_HASH_REPORT],
    ] as const
  ) {
    assert.ok((offered >> BigInt(bit) & 1n) === 1n);
    assert.ok((offered >> BigInt(VIRTIO_NET_F_CTRL_VQ) & 1n) === 1n);
  }
});

Deno.test("net: a driver takes what goes over the control queue only with it (5.1.4.2)", async () => {
  const LAYOUT = "drivernormative:Device Types / Network Device / Device configuration layout";
  covers(`${LAYOUT}#13`, `${LAYOUT}#14`);
  const ok = () => NetworkAck.OK;
  const config = { rssMaxKeySize: 40, supportedHashTypes: 1 };
  const rx = { rxAlluni: ok, rxNomulti: ok, rxNouni: ok, rxNobcast: ok };
  const taken = async (options: NetworkDriverOptions, hidden = 0n) => {
    const transport = loopback(new NetworkDevice({ config, ...rx, mqHashConfig: ok }));
    const offered = await transport.getFeatures();
    transport.getFeatures = () => Promise.resolve(offered & ~hidden);
    await using driver = await NetworkDriver.open(transport, options);
    return [VIRTIO_NET_F_CTRL_RX_EXTRA, VIRTIO_NET_F_HASH_REPORT].map((bit) =>
      driver.hasFeature(bit)
    );
  };
  const control = 1n << BigInt(VIRTIO_NET_F_CTRL_VQ);
  assert.deepEqual(await taken({}), [true, true]);
  assert.deepEqual(await taken({}, control), [false, false]);
  assert.deepEqual(await taken({ features: ["CTRL_RX_EXTRA", "HASH_REPORT"] }), [false, false]);
  assert.deepEqual(await taken({ require: ["HASH_REPORT"] }, control), [false, true]);
});

const INCOMING =
  "devicenormative:Device Types / Network Device / Device Operation / Processing of Incoming Packets";

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
  await new Promise((resolve) => setTimeout(resolve, 5));
  for (const numBuffers of [0, 1, 7]) {
    const hdr = { ...emptyVirtioNetHdr(), numBuffers };
    assert.equal(device.sendReceive({ hdr }, new Uint8Array(60)), true);
    assert.equal(device.sendReceive({ hdr }, new Uint8Array(1600)), false);
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(seen, [[1, 60], [1, 60], [1, 60]]);
});
