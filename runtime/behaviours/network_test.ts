// What a network device keeps beyond its commands (VIRTIO 1.4, 5.1.9.5).

import assert from "node:assert/strict";
import {
  emptyVirtioNetHdr,
  NetworkAck,
  NetworkDevice,
  type NetworkDeviceOptions,
  NetworkDriver,
  type NetworkDriverOptions,
  NetworkLinkStatus,
  VIRTIO_NET_F_CTRL_VQ,
  VIRTIO_NET_F_VQ_NOTF_COAL,
} from "../../generated/net/mod.ts";
import { covers } from "../../testing/covers.ts";
import { DeviceBench } from "../../testing/device_bench.ts";
import { QUEUE_SIZE_MAX } from "../../testing/subjects.ts";
import { featureSet, ReservedFeature } from "../features.ts";
import { loopback } from "../loopback.ts";
import { DriverAnnouncer } from "./announcer.ts";

const { OK, ERR } = NetworkAck;
const { LINK_UP, ANNOUNCE } = NetworkLinkStatus;

async function settled(): Promise<void> {
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

function made(options: Partial<NetworkDeviceOptions> = {}): NetworkDevice {
  return new NetworkDevice({ config: { status: LINK_UP, maxVirtqueuePairs: 2 }, ...options });
}

async function opened(device: NetworkDevice, options: Partial<NetworkDriverOptions> = {}) {
  return await NetworkDriver.open(loopback(device), options);
}

Deno.test("a device asks for announcements until the driver says that it knows (5.1.9.5.4)", async () => {
  covers(
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Gratuitous Packet Sending#1",
  );
  let known = 0;
  const device = made({ announcer: { onAcknowledged: () => known++ } });
  const driver = await opened(device);
  assert.equal(device.announcer!.announce(), true);
  await settled();
  assert.equal(driver.config.status, LINK_UP | ANNOUNCE);
  assert.equal(known, 0);
  assert.equal((await driver.announceAck()).ack, OK);
  await settled();
  assert.equal(driver.config.status, LINK_UP);
  assert.equal(known, 1);
  assert.equal((await driver.announceAck()).ack, OK);
  assert.equal(known, 1, "nothing was asked");
  device.announcer!.announce();
  await driver.close();
  assert.equal(device.settings.status, LINK_UP, "a driver to come was not asked");
  const other = await opened(device, { features: ["STATUS"] });
  assert.equal(device.announcer!.announce(), false, "it does not take part");
  await other.close();
  assert.throws(() => new NetworkDevice({ config: {}, announcer: {} }), RangeError);
  assert.equal(made().offered & 1n << 21n, 0n, "not offered by a device that does not ask");
});

Deno.test("a driver that is asked announces itself, then says so (5.1.9.5.4)", async () => {
  covers(
    "drivernormative:Device Types / Network Device / Device Operation / Control Virtqueue / Gratuitous Packet Sending#1",
    "drivernormative:Device Types / Network Device / Device Operation / Control Virtqueue / Gratuitous Packet Sending#2",
  );
  const events: string[] = [];
  const device = made({ announcer: { onAcknowledged: () => events.push("acknowledged") } });
  const driver = await opened(device, {
    announcer: { onAnnounce: () => void events.push("announced") },
  });
  for (let i = 0; i < 2; i++) {
    device.announcer!.announce();
    await settled();
  }
  assert.deepEqual(events, ["announced", "acknowledged", "announced", "acknowledged"]);
  await driver.close();
});

Deno.test("a driver that is asked again while it answers answers again (5.1.9.5.4)", async () => {
  const acknowledged: (() => void)[] = [];
  const host = {
    config: { status: ANNOUNCE as number },
    announceAck: () => new Promise<void>((resolve) => acknowledged.push(resolve)),
  };
  let announced = 0;
  const codes = { ack: NetworkAck, linkStatus: NetworkLinkStatus };
  const driver = new DriverAnnouncer(host, codes, { onAnnounce: () => void announced++ });
  driver.started();
  await settled();
  driver.configChanged(); // cleared, and set again, before the answer to the command was seen
  acknowledged[0]!();
  await settled();
  assert.deepEqual([announced, acknowledged.length], [2, 2]);
  host.config.status = 0;
  driver.configChanged();
  acknowledged[1]!();
  await settled();
  assert.equal(announced, 2);
});

Deno.test("the last command sets when a queue notifies, one queue or a direction (5.1.9.5.10)", async () => {
  covers(
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Notifications Coalescing#3",
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Notifications Coalescing#4",
  );
  const told: (readonly [number, number])[] = [];
  const device = made({
    mqVqPairsSet: () => OK,
    coalescing: { onChange: (queue, { maxPackets }) => told.push([queue, maxPackets]) },
  });
  const driver = await opened(device);
  const coal = (maxPackets: number) => ({ maxPackets, maxUsecs: 10 * maxPackets });
  const get = async (vqIndex: number) => {
    const { maxPackets, maxUsecs } = await driver.notfCoalVqGet({ vqIndex }) as {
      maxPackets: number;
      maxUsecs: number;
    };
    assert.equal(maxUsecs, 10 * maxPackets);
    return maxPackets;
  };
  const all = async () => [await get(0), await get(1), await get(2), await get(3)];
  assert.deepEqual(await all(), [0, 0, 0, 0]);
  told.length = 0;
  await driver.notfCoalRxSet(coal(1));
  await driver.notfCoalVqSet({ vqIndex: 0, coal: coal(2) });
  assert.deepEqual(await all(), [2, 0, 1, 0]);
  await driver.notfCoalVqSet({ vqIndex: 1, coal: coal(4) });
  assert.deepEqual(await all(), [2, 4, 1, 0]);
  await driver.notfCoalTxSet(coal(5));
  assert.deepEqual(await all(), [2, 5, 1, 5]);
  assert.deepEqual(told, [[0, 1], [2, 1], [0, 2], [1, 4], [1, 5], [3, 5]]);
  await driver.close();
  const bench = new DeviceBench(
    made({ coalescing: {}, queueSizeMax: QUEUE_SIZE_MAX }),
    featureSet(ReservedFeature.VIRTIO_F_VERSION_1, VIRTIO_NET_F_CTRL_VQ, VIRTIO_NET_F_VQ_NOTF_COAL),
    2,
  );
  for (const vqIndex of [0, 1, 2, 3]) {
    const set = [Uint8Array.of(6, 2, vqIndex, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)];
    const get = [Uint8Array.of(6, 3, vqIndex, 0, 0, 0)];
    assert.equal((await bench.serve({ readable: set, writable: [1] })).bytes[0], ERR);
    assert.equal((await bench.serve({ readable: get, writable: [9] })).bytes[0], ERR);
  }
});

Deno.test("a queue that is enabled again has the parameters of its direction, a device that was reset none (5.1.9.5.10.6)", async () => {
  covers(
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Notifications Coalescing#5",
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Notifications Coalescing#6",
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Notifications Coalescing#9",
  );
  const device = made({ coalescing: {}, mqVqPairsSet: () => OK });
  const { coalescing } = device;
  const driver = await opened(device);
  await driver.notfCoalTxSet({ maxPackets: 6, maxUsecs: 7 });
  for (const vqIndex of [0, 1]) {
    await driver.notfCoalVqSet({ vqIndex, coal: { maxPackets: 1, maxUsecs: 1 } });
  }
  await driver.resetQueue(driver.transmitq[0]!.ring);
  await settled();
  assert.deepEqual(coalescing!.parameters(1), { maxPackets: 6, maxUsecs: 7 });
  assert.deepEqual(coalescing!.parameters(0), { maxPackets: 1, maxUsecs: 1 });
  const saved = JSON.parse(JSON.stringify(device.save())).behaviours.coalescing;
  assert.deepEqual(saved.directions[1], { maxPackets: 6, maxUsecs: 7 });
  const wrong: readonly [string, unknown][] = [
    ["c", undefined],
    ["c.directions", { ...saved, directions: 1 }],
    ["c.directions[1]", { ...saved, directions: [saved.directions[0]] }],
    ["c.queues[0][0]", { ...saved, queues: [[-1, saved.directions[0]]] }],
    ["c.queues[0][1].maxUsecs", { ...saved, queues: [[0, { maxPackets: 1 }]] }],
  ];
  for (const [field, state] of wrong) {
    const named = (error: Error) => error.message.includes(`${field} must be`);
    assert.throws(() => made({ coalescing: {} }).coalescing!.restore(state, "c"), named, field);
  }
  await driver.close();
  const again = await opened(device);
  assert.deepEqual(coalescing!.parameters(0), { maxPackets: 0, maxUsecs: 0 });
  assert.deepEqual(coalescing!.parameters(1), { maxPackets: 0, maxUsecs: 0 });
  await again.close();
});

/** A packet to an address, perhaps with a VLAN tag. */
function packet(to: string, vid?: number): Uint8Array {
  const bytes = new Uint8Array(60);
  bytes.set(to.split(":").map((byte) => parseInt(byte, 16)));
  if (vid !== undefined) bytes.set([0x81, 0x00, 0xe0 | vid >> 8, vid & 0xff], 12);
  return bytes;
}

const OWN = "52:54:00:12:34:56";
const OTHER = "52:54:00:00:00:01";
const GROUP = "01:00:5e:00:00:01";
const ALL = "ff:ff:ff:ff:ff:ff";

function mac(text: string): Uint8Array {
  return packet(text).slice(0, 6);
}

Deno.test("packets pass by mode and by address, and everything does after a reset (5.1.9.5.1, 5.1.9.5.2)", async () => {
  covers(
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Packet Receive Filtering#1",
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Packet Receive Filtering#5",
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Setting MAC Address Filtering#1",
  );
  const device = made({ filter: {}, config: { mac: mac(OWN) } });
  const driver = await opened(device);
  const passed = () => [OWN, OTHER, GROUP, ALL].map((to) => device.filter!.accepts(packet(to)));
  const no = { on: 0 };
  const yes = { on: 1 };
  assert.deepEqual(passed(), [true, true, true, true]);
  await driver.rxPromisc(no);
  assert.deepEqual(passed(), [true, false, false, true]);
  await driver.rxAlluni(yes);
  assert.deepEqual(passed(), [true, true, false, true]);
  await driver.rxNouni(yes);
  await driver.rxAllmulti(yes);
  assert.deepEqual(passed(), [false, false, true, true]);
  await driver.rxNomulti(yes);
  await driver.rxNobcast(yes);
  assert.deepEqual(passed(), [false, false, false, false]);
  await driver.rxPromisc(yes);
  assert.deepEqual(passed(), [true, true, true, true], "whatever the other modes say");
  for (const off of ["rxPromisc", "rxAlluni", "rxNouni", "rxAllmulti", "rxNomulti"] as const) {
    await driver[off](no);
  }
  await driver.macTableSet({ unicast: { macs: [mac(OTHER)] }, multicast: { macs: [mac(GROUP)] } });
  assert.deepEqual(passed(), [true, true, true, false]);
  await driver.macTableSet({ unicast: { macs: [] }, multicast: { macs: [] } });
  await driver.macAddrSet({ mac: mac(OTHER) });
  assert.deepEqual(passed(), [false, true, false, false]);
  assert.deepEqual(device.settings.mac, mac(OTHER));
  const saved = JSON.parse(JSON.stringify(device.save())).behaviours.filter;
  const other = made({ filter: {}, config: { mac: mac(OWN) } });
  other.filter!.restore(saved, "f");
  assert.deepEqual(other.filter!.save(), saved);
  const wrong: readonly [string, object][] = [
    ["f.mac", { mac: "zz" }],
    ["f.table[0]", { table: [1] }],
    ["f.vlans[0]", { vlans: [4096] }],
    ["f.modes.promiscuous", { modes: {} }],
  ];
  for (const [field, change] of wrong) {
    const named = (error: Error) => error.message.includes(`${field} must be`);
    assert.throws(() => other.filter!.restore({ ...saved, ...change }, "f"), named, field);
  }
  await driver.close();
  const again = await opened(device);
  assert.deepEqual(device.settings.mac, mac(OWN));
  await again.rxPromisc(no);
  assert.deepEqual(passed(), [true, false, false, true], "the tables are empty");
  await again.close();
});

Deno.test("tagged packets pass by the table of VLANs, others always (5.1.9.5.3)", async () => {
  covers(
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / VLAN Filtering#1",
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / VLAN Filtering#2",
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / VLAN Filtering#3",
  );
  const device = made({ filter: {}, config: { mac: mac(OWN) } });
  const passed = () => [undefined, 5, 300].map((vid) => device.filter!.accepts(packet(OWN, vid)));
  {
    const driver = await opened(device, { features: ["CTRL_VQ", "CTRL_RX", "MAC"] });
    await driver.rxPromisc({ on: 0 });
    assert.deepEqual(passed(), [true, true, true], "VLANs were not negotiated");
    await driver.close();
  }
  const driver = await opened(device);
  await driver.rxPromisc({ on: 0 });
  assert.deepEqual(passed(), [true, false, false]);
  await driver.vlanAdd({ vid: 300 });
  await driver.vlanAdd({ vid: 5 });
  assert.deepEqual(passed(), [true, true, true]);
  await driver.vlanDel({ vid: 5 });
  assert.deepEqual(passed(), [true, false, true]);
  await driver.close();
});

Deno.test("a packet larger than a buffer fills several, and its header says how many (5.1.9.4)", async () => {
  for (const packed of [false, true]) {
    const device = made({ ring: { packed } });
    const seen: [number | undefined, Uint8Array][] = [];
    const driver = await opened(device, {
      bufferSize: 1526,
      onReceive: ({ hdr }, data) => seen.push([hdr.numBuffers, data.slice()]),
    });
    await settled();
    const data = Uint8Array.from({ length: 5000 }, (_, at) => at * 7);
    const hdr = { ...emptyVirtioNetHdr(), numBuffers: 0 };
    assert.equal(device.sendReceive({ hdr }, data), true);
    assert.equal(device.sendReceive({ hdr }, data.subarray(0, 60)), true);
    await settled();
    assert.deepEqual(seen.map(([count, { length }]) => [count, length]), [[4, 5000], [1, 60]]);
    assert.deepEqual(seen[0]![1], data);
    await driver.close();
    const whole = await opened(device, { features: [], bufferSize: 1526 });
    await settled();
    assert.equal(device.sendReceive({ hdr }, data), false, "without MRG_RXBUF it has to fit");
    await whole.close();
  }
});
