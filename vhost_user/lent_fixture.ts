/** A ring in memory that a front end lends, for tests of the back end. @module */

import { Request } from "../generated/layout/vhost_user.ts";
import { Arena } from "../runtime/arena.ts";
import { GuestMemory } from "../runtime/memory.ts";
import { allocateQueue, createDriverQueue, type DriverQueue } from "../runtime/queue.ts";
import type { QueueFormat, QueueLayout } from "../runtime/queue.ts";
import { payload64, payloadState } from "./protocol.ts";
import { addressesOf, type RawPeer } from "./raw_fixture.ts";

const FEATURES_OF_QUEUE = {
  eventIdx: false,
  indirect: false,
  inOrder: false,
  notificationData: false,
};

/** A ring in memory that a peer lends; user addresses are guest addresses and `lift`. */
export class Lent {
  /** Where the ring lies. */
  readonly layout: QueueLayout;
  /** The driver's end. */
  readonly queue: DriverQueue;
  /** The rest of the memory. */
  readonly arena: Arena;
  /** Where the answer to what was sent last goes. */
  answerAddress = 0;
  /** The memory. */
  readonly memory: GuestMemory;

  constructor(bytes: Uint8Array, address: number, format: QueueFormat = "split") {
    this.memory = GuestMemory.of(bytes, address);
    this.arena = new Arena(this.memory, address, bytes.length);
    this.layout = allocateQueue(this.arena, 0, 8, format);
    this.queue = createDriverQueue(this.memory, this.layout, FEATURES_OF_QUEUE);
  }

  /** Sends what is to be echoed, and says how to read the answer. */
  send(text: string, memory: Lent = this): () => string {
    const bytes = new TextEncoder().encode(text);
    const sent = memory.arena.allocate(bytes.length);
    sent.bytes.set(bytes);
    const answer = memory.arena.allocate(bytes.length);
    this.answerAddress = answer.address;
    this.queue.readable(sent.address, bytes.length);
    this.queue.writable(answer.address, bytes.length);
    this.queue.add();
    this.queue.publish();
    return () => new TextDecoder().decode(answer.bytes.slice());
  }

  /** Waits for the next answer. */
  async collected(): Promise<void> {
    while (this.queue.collect() < 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** The payload of SET_VRING_ADDR. */
  addresses(lift: number): DataView<ArrayBuffer> {
    const { desc, driver, device } = this.layout;
    return addressesOf(0, desc + lift, driver + lift, device + lift);
  }
}

/** Sets the ring up, and starts it; its kick event. */
export async function startRing(
  peer: RawPeer,
  lent: Lent,
  lift: number,
  base = 0,
): Promise<number> {
  const line = peer.line!;
  await line.tell(Request.SET_VRING_NUM, payloadState(0, 8));
  await line.tell(Request.SET_VRING_BASE, payloadState(0, base));
  await line.tell(Request.SET_VRING_ADDR, lent.addresses(lift));
  const kick = peer.event();
  await line.tell(Request.SET_VRING_KICK, payload64(0), [kick]);
  await line.tell(Request.SET_VRING_ENABLE, payloadState(0, 1));
  return kick;
}
