/**
 * Nanoseconds to put frames into a network driver's buffers: `deno task bench`. Each iteration sends 64 of
 * them, collects them and parks the buffers again; divide by 64.
 *
 * Run with `--v8-flags=--trace-gc` and `allocation`, it sends 1.3 million frames between two lines: whatever
 * the collector prints between those was caused by frames.
 *
 * @module
 */

import { emptyNetworkReceive, NetworkDevice } from "../generated/net/mod.ts";
import { Arena } from "../runtime/arena.ts";
import { queueFeatures, queueFormat } from "../runtime/features.ts";
import { LOOPBACK_FACILITIES } from "../runtime/loopback.ts";
import { GuestMemory } from "../runtime/memory.ts";
import { allocateQueue, createDriverQueue } from "../runtime/queue.ts";

const FRAMES = 64;
const SIZE = 256;
const ROUNDS = 20_000;
const BYTES = 1 << 20;
const BASE = 0x1000_0000;
const VERSION_1 = 1n << 32n;
const EVENT_IDX = 1n << 29n;
const MRG_RXBUF = 1n << 15n;

/** Sends frames of so many bytes, each into so many buffers. */
function receiveRound(frameLength: number, buffers: number, burst: boolean): () => void {
  const memory = GuestMemory.of(new SharedArrayBuffer(BYTES), BASE);
  const arena = new Arena(memory, BASE, BYTES);
  const device = new NetworkDevice({ config: {}, queueSizeMax: SIZE, transmit() {} });
  device.onError = (error) => {
    throw error;
  };
  device.bind({
    memory,
    facilities: LOOPBACK_FACILITIES,
    notifyQueue() {},
    notifyConfig() {},
  });
  const features = VERSION_1 | EVENT_IDX | MRG_RXBUF;
  for (const status of [1, 3]) device.setStatus(status);
  device.setFeatures(features);
  device.setStatus(11);
  const layout = allocateQueue(arena, 0, SIZE, queueFormat(features));
  device.enableQueue(layout);
  device.setStatus(15);
  const driver = createDriverQueue(memory, layout, queueFeatures(features));
  const length = Math.ceil((12 + frameLength) / buffers);
  const { address } = arena.allocate(length * SIZE);
  const addresses = new Map<number, number>();
  const park = (at: number) => {
    driver.writable(at, length);
    addresses.set(driver.add(), at);
  };
  for (let at = 0; at < SIZE; at++) park(address + at * length);
  driver.kick();
  const value = emptyNetworkReceive();
  const frame = new Uint8Array(frameLength).fill(7);
  const send = () => {
    for (let count = 0; count < FRAMES; count++) {
      if (!device.sendReceive(value, frame)) throw new Error("Cannot send a frame");
    }
  };
  return () => {
    if (burst) device.burst(send);
    else send();
    for (let head = driver.collect(); head >= 0; head = driver.collect()) {
      park(addresses.get(head)!);
    }
    driver.kick();
    driver.arm();
  };
}

if (import.meta.main && Deno.args[0] === "allocation") {
  const round = receiveRound(1514, Number(Deno.args[1] ?? 1), true);
  for (let count = 0; count < ROUNDS; count++) round();
  console.log("measuring");
  for (let count = 0; count < ROUNDS; count++) round();
  console.log("measured");
} else {
  for (const [length, buffers] of [[60, 1], [1514, 1], [1514, 3]] as const) {
    for (const burst of [false, true]) {
      const round = receiveRound(length, buffers, burst);
      const name = `64 frames of ${length} bytes, ${buffers} buffers each${
        burst ? ", a burst" : ""
      }`;
      Deno.bench(name, round);
    }
  }
}
