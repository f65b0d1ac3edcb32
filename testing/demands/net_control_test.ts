// Commands of drivers of network devices, statement by statement (VIRTIO 1.4, 5.1.9.5).

import assert from "node:assert/strict";
import {
  NetworkAck,
  NetworkDevice,
  type NetworkDeviceOptions,
  NetworkDriver,
  type NetworkMqRssConfigRequest,
  VIRTIO_NET_F_CTRL_VQ,
  VIRTIO_NET_F_HASH_REPORT,
  VIRTIO_NET_F_HASH_TUNNEL,
  VIRTIO_NET_F_MQ,
  VIRTIO_NET_F_VQ_NOTF_COAL,
} from "../../generated/net/mod.ts";
import { featureSet, ReservedFeature } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";
import { DeviceBench } from "../device_bench.ts";
import { HandDevice } from "../driver_bench.ts";
import { QUEUE_SIZE_MAX } from "../subjects.ts";

const COMMANDS =
  "drivernormative:Device Types / Network Device / Device Operation / Control Virtqueue";

const PAIRS = 3;
const CONFIG = {
  maxVirtqueuePairs: PAIRS,
  rssMaxKeySize: 40,
  rssMaxIndirectionTableLength: 128,
  supportedHashTypes: 0x3f,
  supportedTunnelTypes: 0x7,
};

/** A device with every command, what it was asked for, and a driver with these features. */
async function asking(features: NonNullable<NetworkDeviceOptions["features"]> | "all" = "all") {
  const seen: string[] = [];
  const ok = () => NetworkAck.OK;
  const told = (name: string) => () => {
    seen.push(name);
    return NetworkAck.OK;
  };
  const device = new NetworkDevice({
    config: CONFIG,
    filter: {},
    coalescing: {},
    features: ["GUEST_CSUM", "GUEST_TSO4", "GUEST_TSO6", "GUEST_USO4", "GUEST_USO6"],
    mqVqPairsSet: told("pairs"),
    mqRssConfig: told("rss"),
    mqHashConfig: told("hash"),
    hashTunnelSet: told("tunnel"),
    guestOffloadsSet: told("offloads"),
    rssCtxCapGet: () => ({ maxRssContexts: 4 }),
    rssCtxAdd: told("add"),
    rssCtxMod: ok,
    rssCtxDel: told("del"),
  });
  const options = features === "all" ? {} : { features };
  const driver = await NetworkDriver.open(loopback(device), options);
  return { device, driver, seen, [Symbol.asyncDispose]: () => driver.close() };
}

/** Asserts that the driver does not send a command. */
async function refuses(send: () => Promise<unknown>, message: RegExp, name = "RangeError") {
  await assert.rejects(async () => await send(), { name, message });
}

const on = { on: 1 };
const MAC = new Uint8Array(6);

Deno.test("net: a driver sets filters where that was negotiated (5.1.9.5.1.2)", async () => {
  covers(`${COMMANDS} / Packet Receive Filtering#1`, `${COMMANDS} / Packet Receive Filtering#2`);
  await using guest = await asking([]);
  const { driver } = guest;
  for (const mode of ["rxPromisc", "rxAllmulti"] as const) {
    await refuses(() => driver[mode](on), /its features were not negotiated/, "TypeError");
  }
  for (const mode of ["rxAlluni", "rxNomulti", "rxNouni", "rxNobcast"] as const) {
    await refuses(() => driver[mode](on), /its features were not negotiated/, "TypeError");
  }
  const table = { unicast: { macs: [MAC] }, multicast: { macs: [] } };
  await refuses(() => driver.macTableSet(table), /were not negotiated/, "TypeError");
  await using other = await asking();
  assert.equal((await other.driver.rxAlluni(on)).ack, NetworkAck.OK);
  assert.equal((await other.driver.rxPromisc(on)).ack, NetworkAck.OK);
});

Deno.test("net: a driver sets up all queues before it asks for pairs, and for no others (5.1.9.5.6.1)", async () => {
  covers(
    `${COMMANDS} / Automatic receive steering in multiqueue mode#1`,
    `${COMMANDS} / Automatic receive steering in multiqueue mode#2`,
  );
  const bytes = new Uint8Array(28);
  bytes[8] = PAIRS;
  const bits = [ReservedFeature.VIRTIO_F_VERSION_1, VIRTIO_NET_F_CTRL_VQ, VIRTIO_NET_F_MQ];
  const hand = new HandDevice(1, featureSet(...bits), bytes);
  let enabled = 0;
  hand.onKick = ({ index }) => {
    if (index === 2 * PAIRS) enabled = hand.queues.size;
  };
  {
    const driver = await NetworkDriver.open(hand);
    const pending = driver.mqVqPairsSet({ virtqueuePairs: PAIRS });
    await new Promise((resolve) => setTimeout(resolve, 1));
    await Promise.all([driver.close(), assert.rejects(pending, { name: "RequestAborted" })]);
  }
  assert.equal(enabled, 2 * PAIRS + 1);
  await using guest = await asking();
  for (const virtqueuePairs of [0, PAIRS + 1, 0xffff]) {
    await refuses(() => guest.driver.mqVqPairsSet({ virtqueuePairs }), /One pair, or as many/);
  }
  assert.deepEqual(guest.seen, []);
  for (const virtqueuePairs of [1, PAIRS]) await guest.driver.mqVqPairsSet({ virtqueuePairs });
  assert.deepEqual(guest.seen, ["pairs", "pairs"]);
});

const table = (...pairs: number[]) => pairs.map((vqIndex116) => ({ vqIndex116 }));
const RSS: NetworkMqRssConfigRequest = {
  hashTypes: 0x21,
  unclassifiedQueue: { vqIndex116: 0 },
  indirectionTable: table(0, 1, 2, 2),
  maxTxVq: PAIRS,
  hashKeyData: new Uint8Array(40),
};

Deno.test("net: a driver sends hashes and tables that the device can use (5.1.9.5.7.2)", async () => {
  covers(
    `${COMMANDS} / Receive-side scaling (RSS)#3`,
    `${COMMANDS} / Receive-side scaling (RSS)#4`,
    `${COMMANDS} / Receive-side scaling (RSS)#5`,
  );
  await using guest = await asking();
  const set = (changes: Partial<NetworkMqRssConfigRequest>) => () =>
    guest.driver.mqRssConfig({ ...RSS, ...changes });
  const long = (length: number) => ({ indirectionTable: table(...Array<number>(length).fill(1)) });
  for (const length of [0, 3, 5, 127]) await refuses(set(long(length)), /as a power of two/);
  await refuses(set(long(256)), /No more entries than the device has/);
  for (const hashTypes of [0x40, 0x100, 0x3f | 2 ** 31]) {
    await refuses(set({ hashTypes: hashTypes >>> 0 }), /Only types that the device supports/);
  }
  await refuses(set({ hashKeyData: new Uint8Array(41) }), /A key that the device has room for/);
  assert.deepEqual(guest.seen, []);
  for (const length of [1, 2, 128]) {
    assert.equal((await set(long(length))()).ack, NetworkAck.OK);
  }
  await refuses(
    () => guest.driver.mqHashConfig({ hashTypes: 0x40, hashKeyData: RSS.hashKeyData }),
    /Only types/,
  );
});

Deno.test("net: a driver steers to queues that there are, where it may steer (5.1.9.5.7.2)", async () => {
  covers(
    `${COMMANDS} / Receive-side scaling (RSS)#1`,
    `${COMMANDS} / Receive-side scaling (RSS)#2`,
  );
  await using guest = await asking();
  const set = (changes: Partial<NetworkMqRssConfigRequest>) => () =>
    guest.driver.mqRssConfig({ ...RSS, ...changes });
  for (const wrong of [PAIRS, 0x7fff]) {
    await refuses(set({ indirectionTable: table(0, wrong) }), /Receive queues of the device/);
    await refuses(set({ unclassifiedQueue: { vqIndex116: wrong } }), /A receive queue of the/);
  }
  for (const maxTxVq of [0, PAIRS + 1]) await refuses(set({ maxTxVq }), /Some transmit queues/);
  assert.deepEqual(guest.seen, []);
  await set({})();
  assert.deepEqual(guest.seen, ["rss"]);
  await using other = await asking([]);
  await refuses(() => other.driver.mqRssConfig(RSS), /were not negotiated/, "TypeError");
});

Deno.test("net: a driver adds contexts where that was negotiated, from 1 on (5.1.9.5.8.4)", async () => {
  covers(`${COMMANDS} / RSS Context#1`, `${COMMANDS} / RSS Context#2`);
  await using guest = await asking();
  const { driver } = guest;
  for (const send of ["rssCtxAdd", "rssCtxMod"] as const) {
    await refuses(() => driver[send]({ ...RSS, rssCtxId: 0 }), /A context that there can be/);
  }
  await refuses(() => driver.rssCtxDel({ rssCtxId: 0 }), /A context that there can be/);
  await driver.rssCtxAdd({ ...RSS, rssCtxId: 1 });
  await driver.rssCtxDel({ rssCtxId: 1 });
  assert.deepEqual(guest.seen, ["add", "del"]);
  await using other = await asking([]);
  const shut = /were not negotiated/;
  await refuses(() => other.driver.rssCtxCapGet(), shut, "TypeError");
  await refuses(() => other.driver.rssCtxAdd({ ...RSS, rssCtxId: 1 }), shut, "TypeError");
  await refuses(() => other.driver.rssCtxMod({ ...RSS, rssCtxId: 1 }), shut, "TypeError");
  await refuses(() => other.driver.rssCtxDel({ rssCtxId: 1 }), shut, "TypeError");
});

const HASHES = `${COMMANDS} / Inner Header Hash` as const;

Deno.test("net: a driver has inner headers hashed that the device supports (5.1.9.4.4.5)", async () => {
  covers(`${HASHES}#1`, `${HASHES}#2`);
  await using guest = await asking();
  for (const enabledTunnelTypes of [8, 0xf, 2 ** 31]) {
    await refuses(() => guest.driver.hashTunnelSet({ enabledTunnelTypes }), /Only encapsulations/);
  }
  assert.deepEqual(guest.seen, []);
  for (const enabledTunnelTypes of [0, 7]) await guest.driver.hashTunnelSet({ enabledTunnelTypes });
  assert.deepEqual(guest.seen, ["tunnel", "tunnel"]);
  await using other = await asking([]);
  const set = () => other.driver.hashTunnelSet({ enabledTunnelTypes: 1 });
  await refuses(set, /were not negotiated/, "TypeError");
});

Deno.test("net: a driver takes no notice of encapsulations that nobody knows (5.1.9.4.4.5)", async () => {
  covers(`${HASHES}#3`);
  const bytes = new Uint8Array(28).fill(0xff, 17);
  const bits = [VIRTIO_NET_F_CTRL_VQ, VIRTIO_NET_F_HASH_REPORT, VIRTIO_NET_F_HASH_TUNNEL];
  const offered = featureSet(ReservedFeature.VIRTIO_F_VERSION_1, ...bits);
  const hand = new HandDevice(1, offered, bytes);
  await using driver = await NetworkDriver.open(hand);
  assert.equal(driver.features, offered);
  hand.onKick = (queue) => {
    for (let head = queue.pop(); head >= 0; head = queue.pop()) {
      queue.chain(head).writeByte(0, NetworkAck.OK);
      queue.push(head, 1);
    }
    queue.publish();
  };
  assert.deepEqual(await driver.hashTunnelSet({ enabledTunnelTypes: 1 }), { ack: NetworkAck.OK });
});

Deno.test("net: offloads that were not negotiated stay off (5.1.9.5.9.2)", async () => {
  covers(`${COMMANDS} / Offloads State Configuration / Setting Offloads State#1`);
  await using guest = await asking();
  const set = (...bits: number[]) => () =>
    guest.driver.guestOffloadsSet({ offloads: featureSet(...bits) });
  for (const bit of [9, 10, 46, 47]) {
    await refuses(set(1, bit), /No GUEST_\w+ that was not negotiated/);
  }
  assert.deepEqual(guest.seen, []);
  await set(1, 7, 8, 54, 55)();
  await set()();
  assert.deepEqual(guest.seen, ["offloads", "offloads"]);
  const device = new NetworkDevice({
    config: {},
    features: ["GUEST_CSUM", "GUEST_TSO4"],
    queueSizeMax: QUEUE_SIZE_MAX,
    guestOffloadsSet: () => NetworkAck.OK,
  });
  const bits = [ReservedFeature.VIRTIO_F_VERSION_1, 17, 2, 1];
  const bench = new DeviceBench(device, featureSet(...bits), 2);
  const asked = async (offloads: number) => {
    const readable = [Uint8Array.of(5, 0, offloads, 0, 0, 0, 0, 0, 0, 0)];
    return (await bench.serve({ readable, writable: [1] })).bytes[0];
  };
  assert.equal(await asked(2), NetworkAck.OK);
  assert.equal(await asked(0x82), NetworkAck.ERR, "TSO4 is offered, but was not negotiated");
});

const COALESCING = `${COMMANDS} / Notifications Coalescing` as const;

Deno.test("net: a driver has notifications coalesced of queues that there are, where it may (5.1.9.5.10.5)", async () => {
  covers(`${COALESCING}#1`, `${COALESCING}#2`, `${COALESCING}#3`);
  const coal = { maxPackets: 8, maxUsecs: 50 };
  await using guest = await asking();
  const { driver } = guest;
  for (const vqIndex of [2 * PAIRS, 2 * PAIRS + 1, 0xffff]) {
    await refuses(() => driver.notfCoalVqSet({ vqIndex, coal }), /A receive or transmit queue/);
    await refuses(() => driver.notfCoalVqGet({ vqIndex }), /A receive or transmit queue/);
  }
  const vqIndex = 2 * PAIRS - 1;
  assert.equal((await driver.notfCoalVqSet({ vqIndex, coal })).ack, NetworkAck.OK);
  assert.deepEqual(await driver.notfCoalVqGet({ vqIndex }), { ack: NetworkAck.OK, ...coal });
  await using other = await asking([]);
  const shut = /were not negotiated/;
  await refuses(() => other.driver.notfCoalTxSet(coal), shut, "TypeError");
  await refuses(() => other.driver.notfCoalRxSet(coal), shut, "TypeError");
  await refuses(() => other.driver.notfCoalVqSet({ vqIndex: 0, coal }), shut, "TypeError");
  await refuses(() => other.driver.notfCoalVqGet({ vqIndex: 0 }), shut, "TypeError");
});

const SERVED =
  "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Notifications Coalescing";

Deno.test("net: what is reserved beside the index of a queue says nothing (5.1.9.5.10.6)", async () => {
  covers(`${SERVED}#1`);
  const seen: number[] = [];
  const device = new NetworkDevice({
    config: {},
    queueSizeMax: QUEUE_SIZE_MAX,
    notfCoalVqSet: ({ vqIndex, coal }) => {
      seen.push(vqIndex, coal.maxPackets, coal.maxUsecs);
      return NetworkAck.OK;
    },
    notfCoalVqGet: ({ vqIndex }) => ({ maxPackets: vqIndex, maxUsecs: 7 }),
  });
  const bits = [
    ReservedFeature.VIRTIO_F_VERSION_1,
    VIRTIO_NET_F_CTRL_VQ,
    VIRTIO_NET_F_VQ_NOTF_COAL,
  ];
  const bench = new DeviceBench(device, featureSet(...bits), 2);
  const reserved = [0xff, 0xff];
  const set = [Uint8Array.of(6, 2, 1, 0, ...reserved, 8, 0, 0, 0, 50, 0, 0, 0)];
  const get = [Uint8Array.of(6, 3, 1, 0, ...reserved)];
  assert.deepEqual([...(await bench.serve({ readable: set, writable: [1] })).bytes], [0]);
  assert.deepEqual(seen, [1, 8, 50]);
  const { bytes } = await bench.serve({ readable: get, writable: [9] });
  assert.deepEqual([...bytes], [0, 1, 0, 0, 0, 7, 0, 0, 0]);
});

Deno.test("net: what can not be coalesced so is refused (5.1.9.5.10.6)", async () => {
  covers(`${SERVED}#2`);
  const fail = (): never => {
    throw new Error("the hardware is busy");
  };
  const device = new NetworkDevice({ config: {}, notfCoalTxSet: fail, notfCoalRxSet: fail });
  const errors: unknown[] = [];
  device.onError = (error) => errors.push(error);
  await using driver = await NetworkDriver.open(loopback(device));
  const coal = { maxPackets: 8, maxUsecs: 50 };
  assert.equal((await driver.notfCoalTxSet(coal)).ack, NetworkAck.ERR);
  assert.equal((await driver.notfCoalRxSet(coal)).ack, NetworkAck.ERR);
  assert.equal(errors.length, 2);
});

Deno.test("net: a device with contexts has room for one at least (5.1.9.5.8.3)", async () => {
  covers(
    "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / RSS Context#1",
  );
  const ok = () => NetworkAck.OK;
  let maxRssContexts = 0;
  const device = new NetworkDevice({
    config: CONFIG,
    mqRssConfig: ok,
    rssCtxCapGet: () => ({ maxRssContexts }),
    rssCtxAdd: ok,
    rssCtxMod: ok,
    rssCtxDel: ok,
  });
  device.onError = () => {}; // that of the answer
  await using driver = await NetworkDriver.open(loopback(device));
  assert.equal((await driver.rssCtxCapGet()).ack, NetworkAck.ERR);
  for (maxRssContexts of [1, 0xffff]) {
    assert.deepEqual(await driver.rssCtxCapGet(), { ack: NetworkAck.OK, maxRssContexts });
  }
});
