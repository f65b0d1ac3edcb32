/** Several pairs of queues of QEMU's network card, on an interface of a network that is QEMU's own. */

import assert from "node:assert/strict";
import { emptyNetworkTransmit, NetworkAck, NetworkDriver } from "../../generated/net/mod.ts";
import { peerTest, run, Scratch, tapMissing } from "../peers.ts";
import { QemuMachine } from "./machine.ts";
import { eventually } from "./wait.ts";
import { BUSES, reach, type Ring } from "./ways.ts";

const PAIRS = 2;
const CARD = [0x52, 0x54, 0, 0x12, 0x34, 0x56] as const;
const [HOST_ADDRESS, OUR_ADDRESS] = [[10, 0, 0, 1], [10, 0, 0, 2]] as const;
const [ECHO_REQUEST, ECHO_REPLY] = [8, 0];
/** In a packet: of the kind of ICMP message, and of its sequence number, behind 20 bytes of IP. */
const [KIND, SEQUENCE] = [34, 40];

/** The checksum of the Internet. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const [at, byte] of bytes.entries()) sum += at % 2 === 0 ? byte << 8 : byte;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** An echo request to the host. */
function ping(to: Uint8Array, sequence: number): Uint8Array {
  const packet = new Uint8Array(60);
  const view = new DataView(packet.buffer);
  packet.set([...to, ...CARD, 0x08, 0x00, 0x45]);
  view.setUint16(16, packet.length - 14);
  packet.set([64, 1], 22); // hops, ICMP
  packet.set([...HOST_ADDRESS], 30);
  packet.set([...OUR_ADDRESS], 26);
  view.setUint16(24, checksum(packet.subarray(14, 34)));
  packet[KIND] = ECHO_REQUEST;
  view.setUint16(SEQUENCE, sequence);
  view.setUint16(36, checksum(packet.subarray(34)));
  return packet;
}

/** Brings the interface up, which then knows us; its address. */
async function interfaceUp(pid: number): Promise<Uint8Array> {
  const inside = (...command: string[]) =>
    run("nsenter", ["-t", `${pid}`, "-n", "busybox", ...command]);
  await inside("ifconfig", "tap0", HOST_ADDRESS.join("."), "netmask", "255.255.255.0", "up");
  const ours = CARD.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  await inside("arp", "-i", "tap0", "-s", OUR_ADDRESS.join("."), ours);
  const [, address] = /HWaddr (\S+)/.exec(await inside("ifconfig", "tap0"))!;
  return Uint8Array.fromHex(address!.replaceAll(":", ""));
}

/** Pings by each pair, on which the answer then comes: the interface remembers where a flow came from. */
async function pairs(ring: Ring): Promise<void> {
  using scratch = new Scratch();
  const card = ["netdev=n0", "mq=on", `packed=${ring === "packed" ? "on" : "off"}`];
  await using machine = await QemuMachine.start(scratch, BUSES.pci.machine, [
    ...["-netdev", `tap,id=n0,ifname=tap0,queues=${PAIRS},script=no,downscript=no`],
    ...["-device", [BUSES.pci.device("virtio-net"), ...card].join(",")],
  ], { ownNetwork: true });
  const host = await interfaceUp(machine.pid);
  const transport = await reach(machine, { bus: "pci", ring, interrupt: "INTx" }, () => {});
  const answers: (readonly [sequence: number, queue: number])[] = [];
  await using driver = await NetworkDriver.open(transport, {
    onReceive: (_value, data, queue) => {
      if (data[KIND] !== ECHO_REPLY || data[13] !== 0 || data[12] !== 8) return;
      answers.push([data[SEQUENCE]! << 8 | data[SEQUENCE + 1]!, queue]);
    },
  });
  assert.equal(driver.config.maxVirtqueuePairs, PAIRS);
  assert.equal((await driver.mqVqPairsSet({ virtqueuePairs: PAIRS })).ack, NetworkAck.OK);
  // It learns a flow's queue once it has handed the packet on: the first answer may come by another.
  for (let sequence = 0; sequence < 4 * PAIRS; sequence++) {
    const queue = (sequence >> 1) % PAIRS;
    await driver.transmit(emptyNetworkTransmit(), ping(host, sequence), { queue });
    await eventually(`answer ${sequence}`, () => answers.length > sequence);
    const [answered, by] = answers[sequence]!;
    assert.equal(answered, sequence);
    if (sequence % 2 === 1) assert.equal(by, queue, "the queue of the answer");
  }
}

for (const ring of ["split", "packed"] as const) {
  const needs = ["qemu-system-x86_64", "busybox", "unshare", "nsenter", tapMissing];
  peerTest(
    `our driver pings by two pairs of QEMU's network card, ${ring} (5.1.9.5.6)`,
    needs,
    () => pairs(ring),
  );
}
