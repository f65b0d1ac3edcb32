/** A network card: QEMU's virtio-net, with us at the other end of its wire. */

import assert from "node:assert/strict";
import {
  NetworkAck,
  NetworkDriver,
  NetworkHashTypes,
  NetworkLinkStatus,
  type VirtioNetHdr,
} from "../../../generated/net/mod.ts";
import type { MachineTransport } from "../../../mod.ts";
import type { QemuMachine } from "../machine.ts";
import type { Trial } from "../trial.ts";
import { eventually, FarEnd } from "../wait.ts";

const OURS = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const OTHER = Uint8Array.of(0x52, 0x54, 0, 0x65, 0x43, 0x21);
const MULTICAST = Uint8Array.of(0x01, 0, 0x5e, 0, 0, 0x7f);
const ETHERTYPE = [0x88, 0xb5] as const; // for experiments
/** Shortest and longest ordinary packet, some between; the last ones fill several receive buffers. */
const SIZES = [60, 61, 333, 1000, 1514, 1600, 9000] as const;
const BUFFER = 1526;
const LINK_UP_AND_ANNOUNCE = NetworkLinkStatus.LINK_UP | NetworkLinkStatus.ANNOUNCE;

const HEADER: VirtioNetHdr = {
  flags: 0,
  gsoType: 0,
  hdrLen: 0,
  gsoSize: 0,
  csumStart: 0,
  csumOffset: 0,
  numBuffers: 0,
};

/** A packet of random bytes between two stations. */
function packet(to: Uint8Array, from: Uint8Array, size: number = SIZES[0]): Uint8Array {
  const bytes = crypto.getRandomValues(new Uint8Array(size));
  bytes.set(to);
  bytes.set(from, 6);
  bytes.set(ETHERTYPE, 12);
  return bytes;
}

/** The far end of the wire: each packet stands behind its length. */
class Wire {
  readonly #end: FarEnd;

  constructor(end: FarEnd) {
    this.#end = end;
  }

  async send(bytes: Uint8Array): Promise<void> {
    const framed = new Uint8Array(4 + bytes.length);
    new DataView(framed.buffer).setUint32(0, bytes.length);
    framed.set(bytes, 4);
    await this.#end.send(framed);
  }

  async take(): Promise<Uint8Array> {
    const length = await this.#end.take(4);
    return await this.#end.take(new DataView(length.buffer).getUint32(0));
  }
}

/** A driver, what it received, and the other end. */
interface Bench {
  readonly driver: NetworkDriver;
  readonly received: Uint8Array[];
  readonly wire: Wire;
}

/** Sends these packets to the driver, and finds that it receives those and no others. */
async function expectReceived(
  { received, wire }: Bench,
  sent: readonly Uint8Array[],
  expected: readonly Uint8Array[],
): Promise<void> {
  received.length = 0;
  for (const each of sent) await wire.send(each);
  await eventually("all packets arrived", () => received.length >= expected.length);
  assert.deepEqual(received, expected);
}

async function packets(bench: Bench, sizes: readonly number[] = SIZES): Promise<void> {
  const out = sizes.map((size) => packet(OTHER, OURS, size));
  await Promise.all(out.map((each) => bench.driver.transmit({ hdr: HEADER }, each)));
  for (const each of out) assert.deepEqual(await bench.wire.take(), each);
  const sent = sizes.map((size) => packet(OURS, OTHER, size));
  await expectReceived(bench, sent, sent);
}

/** Without merged buffers a legacy header ends before num_buffers; the driver that comes next resets the device. */
async function packetsWithShortHeaders(transport: MachineTransport, wire: Wire): Promise<void> {
  const received: Uint8Array[] = [];
  const driver = await NetworkDriver.open(transport, {
    features: ["MAC"],
    onReceive: (_value, data) => received.push(data.slice()),
  });
  const sizes = SIZES.filter((size) => size <= 1514);
  await packets({ driver, received, wire }, sizes);
}

interface Filter {
  readonly "main-mac": string;
  readonly promiscuous: boolean;
  readonly multicast: string;
  readonly "multicast-table": readonly string[];
  readonly "vlan-table": readonly number[];
}

/** Commands, each seen in QEMU's own account of the filter, and in what passes it. */
async function commands(bench: Bench, { qmp }: QemuMachine): Promise<void> {
  const { driver } = bench;
  const good = async (answer: Promise<{ readonly ack: number }>) =>
    assert.equal((await answer).ack, NetworkAck.OK);
  const filter = async () => (await qmp.execute<Filter[]>("query-rx-filter", { name: "card" }))[0]!;
  const text = (mac: Uint8Array) =>
    Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
  await good(driver.rxPromisc({ on: 0 }));
  await good(driver.macTableSet({ unicast: { macs: [] }, multicast: { macs: [MULTICAST] } }));
  const [mine, theirs] = [packet(OURS, OTHER), packet(OTHER, OURS)];
  const [group, otherGroup] = [packet(MULTICAST, OTHER), packet(MULTICAST, OTHER)];
  otherGroup[5] = 0x7e;
  await expectReceived(bench, [theirs, group, otherGroup, mine], [group, mine]);
  await good(driver.macAddrSet({ mac: OTHER }));
  await expectReceived(bench, [mine, theirs], [theirs]);
  await good(driver.vlanAdd({ vid: 77 }));
  const found = await filter();
  assert.equal(found["main-mac"], text(OTHER));
  assert.equal(found.promiscuous, false);
  assert.deepEqual(found["multicast-table"], [text(MULTICAST)]);
  assert.deepEqual(found["vlan-table"], [77]);
  await good(driver.vlanDel({ vid: 77 }));
  await good(driver.rxAllmulti({ on: 1 }));
  assert.equal((await filter()).multicast, "all");
  await expectReceived(bench, [otherGroup], [otherGroup]);
  await good(driver.mqVqPairsSet({ virtqueuePairs: 1 }));
  await good(driver.rxPromisc({ on: 1 }));
}

/** Steering by hash, to the one queue that there is, by tables of any length. */
async function steer({ driver }: Bench): Promise<void> {
  const { rssMaxKeySize, rssMaxIndirectionTableLength, supportedHashTypes } = driver.config;
  assert.deepEqual([rssMaxKeySize, rssMaxIndirectionTableLength], [40, 128]);
  assert.ok((supportedHashTypes! & NetworkHashTypes.TCPv4) !== 0);
  const steered = async (queues: number) => {
    const answer = await driver.mqRssConfig({
      hashTypes: NetworkHashTypes.IPv4 | NetworkHashTypes.TCPv4,
      unclassifiedQueue: { vqIndex116: 0 },
      indirectionTable: Array.from({ length: queues }, () => ({ vqIndex116: 0 })),
      maxTxVq: 1,
      hashKeyData: crypto.getRandomValues(new Uint8Array(40)),
    });
    return answer.ack;
  };
  for (const length of [1, 128]) assert.equal(await steered(length), NetworkAck.OK);
}

/** The link goes down and up, and QEMU asks for an announcement; all are changes of the configuration. */
async function link({ driver }: Bench, { qmp }: QemuMachine): Promise<void> {
  const status = (wanted: number) =>
    eventually(`status ${wanted}`, () => driver.config.status === wanted);
  await qmp.execute("set_link", { name: "card", up: false });
  await status(0);
  await qmp.execute("set_link", { name: "card", up: true });
  await status(NetworkLinkStatus.LINK_UP);
  await qmp.execute("announce-self", { initial: 1, max: 1, rounds: 1, step: 1 });
  await status(LINK_UP_AND_ANNOUNCE);
  // That the announcement is over changes the configuration without a notification.
  assert.equal((await driver.announceAck()).ack, NetworkAck.OK);
  await qmp.execute("set_link", { name: "card", up: false });
  await status(0);
}

/** The trial. */
export const net: Trial = {
  device: "net",
  name: "virtio-net",
  properties: ["netdev=n0", "id=card", "mac=52:54:00:12:34:56", "mq=on", "rss=on"],
  options: (scratch) => [
    "-netdev",
    `stream,id=n0,server=on,addr.type=unix,addr.path=${scratch.path("wire")}`,
  ],
  proves:
    "packets both ways byte for byte, over several merged buffers too, over legacy interfaces also " +
    "without; receive filters, " +
    "the address, VLANs, pairs of queues, steering by hash; the link down and up, an announcement",
  run: async (transport, machine, scratch) => {
    await using end = await FarEnd.connect(scratch.path("wire"));
    const { events } = machine.qmp;
    await eventually("the wire is connected", () => events.includes("NETDEV_STREAM_CONNECTED"));
    const wire = new Wire(end);
    if (transport.legacyQueues !== undefined) await packetsWithShortHeaders(transport, wire);
    const received: Uint8Array[] = [];
    await using driver = await NetworkDriver.open(transport, {
      onReceive: (_value, data) => received.push(data.slice()),
      bufferSize: BUFFER,
    });
    assert.deepEqual(driver.config.mac, OURS);
    const bench = { driver, received, wire };
    await packets(bench);
    await commands(bench, machine);
    if (transport.legacyQueues === undefined) await steer(bench); // feature 60
    await packets(bench);
    await link(bench, machine);
  },
};
