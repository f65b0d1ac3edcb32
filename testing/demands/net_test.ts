// Network devices and their drivers, statement by statement (VIRTIO 1.4, 5.1), but for packets.

import assert from "node:assert/strict";
import {
  emptyVirtioNetHdr,
  NetworkAck,
  NetworkDevice,
  NetworkDriver,
  type NetworkDriverOptions,
  VIRTIO_NET_F_CTRL_RX_EXTRA,
  VIRTIO_NET_F_CTRL_VQ,
  VIRTIO_NET_F_HASH_REPORT,
  VIRTIO_NET_F_MAC,
  VIRTIO_NET_F_MTU,
  VIRTIO_NET_F_STANDBY,
} from "../../generated/net/mod.ts";
import { featureSet, ReservedFeature } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";
import { HandDevice } from "../driver_bench.ts";

const COMMANDS =
  "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue";
const FILTERING = `${COMMANDS} / Packet Receive Filtering` as const;
const MACS = `${COMMANDS} / Setting MAC Address Filtering` as const;

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

Deno.test("net: a driver writes a configuration only where it may, a card's never (5.1.4.2)", async () => {
  covers("drivernormative:Device Types / Network Device / Device configuration layout#1");
  const written: number[] = [];
  const bits = featureSet(ReservedFeature.VIRTIO_F_VERSION_1, 3, 5, 16, 63);
  const hand = new HandDevice(1, bits, new Uint8Array(28).fill(1));
  hand.writeConfig = (offset) => {
    written.push(offset);
    return Promise.resolve();
  };
  const driver = await NetworkDriver.open(hand);
  hand.onConfigNotify();
  await driver.refreshConfig();
  assert.equal(driver.config.status, 0x101);
  await driver.close();
  assert.deepEqual(written, []);
  assert.ok(!("setMac" in driver || "setStatus" in driver));
});

Deno.test("net: a driver takes an address, an MTU and standing by where they are offered (5.1.4.2)", async () => {
  const LAYOUT = "drivernormative:Device Types / Network Device / Device configuration layout";
  covers(`${LAYOUT}#2`, `${LAYOUT}#7`, `${LAYOUT}#10`);
  const device = new NetworkDevice({
    config: { mac: mac(OWN), mtu: 1500 },
    features: ["STANDBY"],
  });
  await using driver = await NetworkDriver.open(loopback(device));
  for (const bit of [VIRTIO_NET_F_MAC, VIRTIO_NET_F_MTU, VIRTIO_NET_F_STANDBY]) {
    assert.equal(driver.hasFeature(bit), true);
  }
  assert.deepEqual(driver.config, { mac: mac(OWN), mtu: 1500 });
});

Deno.test("net: a driver reads speed and duplex again once they have changed (5.1.4.2)", async () => {
  covers("drivernormative:Device Types / Network Device / Device configuration layout#12");
  const device = new NetworkDevice({ config: { status: 0, speed: 1000, duplex: 1 } });
  await using driver = await NetworkDriver.open(loopback(device));
  const changed = new Promise<void>((resolve) => driver.onConfigChange = resolve);
  device.configure({ speed: 25_000, duplex: 0 });
  await changed;
  assert.deepEqual([driver.config.speed, driver.config.duplex], [25_000, 0]);
});

Deno.test("net: a link is half or full duplex, or that is unknown, whatever else a device says (5.1.4.1)", async () => {
  covers(`${LAYOUT}#11`);
  const device = new NetworkDevice({ config: { speed: 1000, duplex: 1 } });
  for (const duplex of [0, 1, 0xff]) device.configure({ duplex });
  for (const duplex of [2, 0x7f, 0xfe]) {
    assert.throws(() => new NetworkDevice({ config: { speed: 1000, duplex } }), RangeError);
    assert.throws(() => device.configure({ duplex }), RangeError);
  }
  const bytes = device.config.bytes.slice();
  bytes[16] = 7;
  const bits = featureSet(ReservedFeature.VIRTIO_F_VERSION_1, 63);
  await using driver = await NetworkDriver.open(new HandDevice(1, bits, bytes));
  assert.deepEqual(driver.config, { speed: 1000, duplex: 7 }, "a driver is open to it");
});

Deno.test("net: a packet for queues that are reset is dropped, and comes by another (5.1.9.5.6.2)", async () => {
  covers(
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Automatic receive steering in multiqueue mode#4",
  );
  const device = new NetworkDevice({ config: { maxVirtqueuePairs: 2 }, mqVqPairsSet: () => 0 });
  const transport = loopback(device);
  const seen: number[] = [];
  await using driver = await NetworkDriver.open(transport, {
    onReceive: (_value, data) => void seen.push(data[0]!),
  });
  await driver.mqVqPairsSet({ virtqueuePairs: 2 });
  const hdr = emptyVirtioNetHdr();
  const send = (mark: number, pair: number) =>
    device.sendReceive({ hdr }, new Uint8Array(60).fill(mark), pair);
  await transport.resetQueue(0);
  assert.deepEqual([send(1, 0), send(2, 1)], [false, true]);
  await transport.resetQueue(2);
  assert.deepEqual([send(3, 0), send(4, 1)], [false, false]);
  await new Promise((resolve) => setTimeout(resolve, 2));
  assert.deepEqual(seen, [2]);
  assert.deepEqual([device.receiveRoom(0), device.receiveRoom(1)], [0, 0]);
});
