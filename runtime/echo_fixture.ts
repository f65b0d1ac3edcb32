/** A small device and its driver, written by hand, for the tests of the control plane. @module */

import { Device, type DeviceOptions } from "./device.ts";
import { Driver, type NegotiateOptions } from "./driver.ts";
import { type DeviceInfo, featureSet, type RingOptions } from "./features.ts";
import type { DeviceQueue, DriverQueue } from "./queue.ts";
import type { RequestSlots } from "./requests.ts";
import type { Transport } from "./transport.ts";

/** Bits of the echo device: the interesting places in a set, and prerequisites. */
export const ECHO: DeviceInfo = {
  contract: 1,
  name: "echo",
  id: 9, // one that all transports have a number for
  title: "Echo Device",
  features: [
    { name: "VIRTIO_ECHO_F_BASE", bit: 0, requires: [] },
    { name: "VIRTIO_ECHO_F_ON_BASE", bit: 1, requires: [[0]] },
    { name: "VIRTIO_ECHO_F_ON_TOP", bit: 2, requires: [[1]] },
    { name: "VIRTIO_ECHO_F_EITHER", bit: 3, requires: [[0, 1], [63]] },
    { name: "VIRTIO_ECHO_F_MQ", bit: 4, requires: [] },
    { name: "VIRTIO_ECHO_F_63", bit: 63, requires: [] },
    { name: "VIRTIO_ECHO_F_64", bit: 64, requires: [] },
    { name: "VIRTIO_ECHO_F_127", bit: 127, requires: [[64]] },
  ],
};

/** Gives back what it reads: at once, or when `release` is called. */
export class EchoDevice extends Device {
  readonly log: string[] = [];
  readonly errors: unknown[] = [];
  /** Keeps buffers instead of answering. */
  holding = false;
  /** Thrown by the next buffer, if set. */
  bug: Error | undefined;
  /** Called in the middle of serving, if set. */
  during: (() => void) | undefined;
  kept = 0;
  calls = 0;
  refused = 0n;
  readonly #held: { queue: DeviceQueue; head: number }[] = [];

  constructor(options: Partial<DeviceOptions> = {}) {
    super(ECHO, {
      offered: featureSet(0, 1, 2, 3, 4, 63, 64, 127),
      config: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      writable: [{ offset: 4, length: 2 }],
      ...options,
    });
    this.onError = (error) => this.errors.push(error);
  }

  protected override serve(queue: DeviceQueue): boolean {
    this.calls++;
    let head = -1;
    for (let count = 0; count < queue.size; count++) {
      head = queue.pop();
      if (head < 0) break;
      if (this.bug !== undefined) throw this.bug;
      this.during?.();
      if (this.holding) this.#held.push({ queue, head });
      else this.#answer(queue, head);
    }
    queue.publish();
    return head >= 0;
  }

  #answer(queue: DeviceQueue, head: number): void {
    const chain = queue.chain(head);
    const length = Math.min(chain.readableLength, chain.writableLength);
    const bytes = new Uint8Array(length);
    chain.read(0, bytes, 0, length);
    chain.write(0, bytes, 0, length);
    queue.push(head, length);
  }

  /** Answers what was held, unless its queue is gone; or, carelessly, even then. */
  release(careless = false): void {
    for (const { queue, head } of this.#held.splice(0)) {
      if (this.queue(queue.index) !== queue && !careless) continue;
      this.#answer(queue, head);
      queue.publish();
    }
  }

  get held(): number {
    return this.#held.length;
  }

  /** The queue as generated code sees it. */
  usable(index: number): DeviceQueue | undefined {
    return this.queue(index);
  }

  protected override countQueues(): number {
    return this.hasFeature(4) ? 3 : 1;
  }

  protected override acceptsFeatures(features: bigint): boolean {
    return (features & this.refused) === 0n;
  }

  protected override queueStarted(queue: DeviceQueue): void {
    this.log.push(`started ${queue.index}`);
  }

  protected override queueStopped(index: number): void {
    this.log.push(`stopped ${index}`);
  }

  protected override configWritten(offset: number, length: number): void {
    this.log.push(`written ${offset}+${length}`);
  }

  protected override configRestored(): void {
    this.log.push(`config ${this.config.bytes[0]}`);
  }

  protected override driverOk(): void {
    this.log.push("driver ok");
  }

  protected override deviceReset(): void {
    this.log.push("reset");
  }

  protected override saveState(): unknown {
    return { kept: this.kept };
  }

  protected override restoreState(state: unknown): void {
    const { kept } = state as { kept: unknown };
    if (typeof kept !== "number") throw new TypeError("Cannot restore the device: no number kept");
    this.kept = kept;
  }
}

/** Sends bytes and awaits them back. */
export class EchoDriver extends Driver {
  collected = 0;
  collects = 0;
  refreshed = 0;
  /** Thrown by the next collect, if set. */
  bug: Error | undefined;
  readonly aborted: string[] = [];
  queue: DriverQueue | undefined;
  slots: RequestSlots | undefined;

  constructor(transport: Transport) {
    super(transport, ECHO);
  }

  static async open(transport: Transport, ring: RingOptions = {}): Promise<EchoDriver> {
    const driver = new EchoDriver(transport);
    await driver.start({ want: 0n, ring });
    return driver;
  }

  async start(options: NegotiateOptions, size?: number): Promise<void> {
    await this.negotiate(options);
    this.use(await this.openQueue(0, size));
    await this.ready();
  }

  use(queue: DriverQueue): void {
    this.queue = queue;
    this.slots = this.requestSlots(queue, 64);
  }

  agree(options: NegotiateOptions): Promise<void> {
    return this.negotiate(options);
  }

  openOne(index: number, size?: number): Promise<DriverQueue> {
    return this.openQueue(index, size);
  }

  go(): Promise<void> {
    return this.ready();
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.readConfig(offset, length);
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.writeConfig(offset, bytes);
  }

  async echo(data: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const slots = this.slots!;
    let slot = slots.acquire(2);
    if (slot < 0) slot = await slots.wait(2, signal);
    const answer = new Uint8Array(data.length);
    const queue = this.queue!;
    queue.readable(slots.readable(slot, data), data.length);
    queue.writable(slots.writable(slot, answer), answer.length);
    slots.sent(queue.add(), slot);
    this.#answers[slot] = answer;
    const promise = slots.promise<Uint8Array>(slot);
    queue.kick();
    return await promise;
  }

  readonly #answers: Uint8Array[] = [];

  protected override collect(queue: DriverQueue): void {
    this.collects++;
    const { bug } = this;
    this.bug = undefined;
    if (bug !== undefined) throw bug;
    const slots = this.slots!;
    for (let head = queue.collect(); head >= 0; head = queue.collect()) {
      this.collected++;
      const slot = slots.slotOf(head);
      const answer = this.#answers[slot]!;
      slots.fetch(slot, answer, queue.usedLength);
      slots.resolve(slot, answer);
    }
  }

  protected override configChanged(): Promise<void> {
    this.refreshed++;
    return Promise.resolve();
  }

  protected override abort(error: Error): void {
    this.aborted.push(error.message);
  }
}
