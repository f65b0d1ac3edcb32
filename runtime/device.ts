/**
 * The device's control plane: status, features, configuration and the life of the queues.
 *
 * Everything that arrives here was written by a driver and may be a lie. What is out of turn is not
 * heeded, what can not be is refused with a PeerError and changes nothing, and a queue that breaks
 * puts the device into DEVICE_NEEDS_RESET; a reset makes all good in every state.
 *
 * @module
 */

import { ConfigSpace } from "./config.ts";
import { OwnedGroups } from "./device_groups.ts";
import { type AdminServer, DeviceHooks } from "./device_hooks.ts";
import { type DeviceOptions, largestQueue, offeredBy } from "./device_options.ts";
import { DeviceQueues, type QueueWatcher } from "./device_queues.ts";
import { PeerError } from "./errors.ts";
import {
  carriedFeatures,
  closeFeatures,
  type DeviceInfo,
  hasBit,
  queueFeatures,
  queueFormat,
  ReservedFeature,
} from "./features.ts";
import type { GuestMemory } from "./memory.ts";
import type { DeviceQueue, QueueLayout, QueuePosition } from "./queue.ts";
import { checkQueueLayout, largestSize } from "./queue_check.ts";
import { type DeviceSnapshot, readSnapshot, refuseField, SNAPSHOT_HEAD } from "./snapshot.ts";
import { heededStatus, isLive, Status, statusName } from "./status.ts";
import type { AdminQueues, DeviceBinding } from "./transport.ts";

export type { DeviceOptions } from "./device_options.ts";

const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, SUSPEND, DEVICE_NEEDS_RESET, FAILED } = Status;

/** Base of every device: its methods are what a driver does to it, its hooks what a device adds. */
export abstract class Device extends DeviceHooks {
  /** What the device type is. */
  readonly info: DeviceInfo;
  /** The configuration space; call {@linkcode Device.configChanged} after an edit. */
  readonly config: ConfigSpace;
  readonly #sizeMax: number;
  readonly #queues: DeviceQueues = new DeviceQueues(this.behaviours.told({
    serving: () => this.#mayUse && !this.#suspending && !this.#stopped,
    serve: (queue) => this.#groups.has(queue.index) ? this.#groups.serve(queue) : this.serve(queue),
    started: (queue) => this.#groups.has(queue.index) || this.queueStarted(queue),
    stopped: (index) => this.#groups.has(index) || this.queueStopped(index),
    notify: (index) => this.#binding?.notifyQueue(index),
    broken: (error) => this.needsReset(error),
    failed: (error) => this.needsReset(error),
  }));
  readonly #groups: OwnedGroups;
  #offered: bigint;
  #stopped = false;
  #binding: DeviceBinding | undefined;
  #status = 0;
  #accepted = 0n;
  #legacy = false;
  #features = 0n;
  #suspending = false;
  #withheld = false;

  /** RangeError when a feature, a size or a range of the options is not possible. */
  constructor(info: DeviceInfo, options: DeviceOptions) {
    super();
    this.info = info;
    this.#offered = offeredBy(options, info);
    this.#sizeMax = largestQueue(options);
    this.#groups = new OwnedGroups(options.ring?.admin ?? true);
    this.config = new ConfigSpace(options.config, options.writable);
  }

  /** All features that are implemented; a transport may carry fewer. */
  get offered(): bigint {
    return this.#offered;
  }

  /** Features that were negotiated; none until FEATURES_OK. */
  get features(): bigint {
    return this.#features;
  }

  /** Whether they were negotiated over a legacy interface, where some layouts are shorter (VIRTIO 1.4, 2.2.3). */
  get legacy(): boolean {
    return this.#legacy;
  }

  /** Whether a feature was negotiated; for the control plane, not for each request. */
  hasFeature(bit: number): boolean {
    return hasBit(this.#features, bit);
  }

  /**
   * Makes the device the owner of groups, which offers VIRTIO_F_ADMIN_VQ where the transport carries it
   * (VIRTIO 1.4, 2.12). TypeError once the device is bound or owns some, or when its options exclude it.
   */
  own(groups: AdminServer): void {
    this.#groups.take(groups, this, this.#binding !== undefined);
    this.#offered |= 1n << BigInt(ReservedFeature.VIRTIO_F_ADMIN_VQ);
  }

  /** Who serves the groups that the device owns; undefined when it owns none. */
  get ownedGroups(): AdminServer | undefined {
    return this.#groups.server;
  }

  /** The memory that the driver lends; undefined while the device is bound to no transport. */
  get memory(): GuestMemory | undefined {
    return this.#binding?.memory;
  }

  /** Where the administration queues are, once they are negotiated. */
  get adminQueues(): AdminQueues {
    return this.#groups.queues(this.countQueues());
  }

  /** How many queues the device has, with the features and the configuration of this moment. */
  get queueCount(): number {
    return this.countQueues();
  }

  /** Buffers of a queue that were given back so far, modulo 2^31, over all resets. */
  completed(index: number): number {
    return this.#queues.completed(index);
  }

  /** Calls `watch` with each queue that is enabled, now and in future, before buffers are taken from it. */
  watchQueues(watch: QueueWatcher): void {
    this.#queues.watch(watch);
  }

  /** Whether nothing goes on: no buffer is being processed, and no queue waits to be served further. */
  get idle(): boolean {
    return !this.#queues.scheduled && !this.#processing();
  }

  // What the device's end of a transport calls.

  /** Ties the device to a transport; TypeError when it is tied to one already. */
  bind(binding: DeviceBinding): void {
    const other = this.#binding?.facilities.name;
    if (other !== undefined) throw new TypeError(`Cannot bind the device: it is bound to ${other}`);
    this.#binding = binding;
  }

  /** Resets the device and unties it from its transport. */
  unbind(): void {
    this.#reset();
    this.#binding = undefined;
  }

  /** Reads the device status field (VIRTIO 1.4, 2.1). */
  getStatus(): number {
    this.#suspendWhenIdle();
    return this.#status;
  }

  /** Writes the device status field; 0 resets the device, at once. What is out of turn is ignored. */
  setStatus(written: number): void {
    if (written === 0) return this.#reset();
    const fresh = heededStatus(this.#status, written);
    this.#status |= fresh & (ACKNOWLEDGE | DRIVER | FAILED);
    if ((fresh & FEATURES_OK) !== 0) this.#agree();
    if ((fresh & DRIVER_OK) !== 0 && (this.#status & FEATURES_OK) !== 0) {
      if ((this.#status & SUSPEND) !== 0) this.#resume();
      else this.#goLive();
    }
    if ((fresh & SUSPEND) !== 0 && this.hasFeature(ReservedFeature.VIRTIO_F_SUSPEND)) {
      this.#suspending = isLive(this.#status);
      this.#suspendWhenIdle();
    }
  }

  /** Reads the features on offer over this transport (VIRTIO 1.4, 2.2). */
  getFeatures(): bigint {
    const facilities = this.#binding?.facilities;
    if (facilities === undefined) return this.offered;
    return closeFeatures(carriedFeatures(this.offered, facilities), this.info.features);
  }

  /** Writes the features that the driver accepts, by a legacy interface or not; ignored once FEATURES_OK is set. */
  setFeatures(features: bigint, legacy = false): void {
    if ((this.#status & FEATURES_OK) === 0) [this.#accepted, this.#legacy] = [features, legacy];
  }

  /** The largest size of a queue, in descriptors; 0 when there is no such queue. */
  queueSizeMax(index: number): number {
    const exists = Number.isInteger(index) && index >= 0 && index < this.countQueues();
    return exists || this.#groups.has(index)
      ? largestSize(queueFormat(this.#features), this.#sizeMax)
      : 0;
  }

  /**
   * Enables a queue, at its beginning or at a position to resume from. PeerError naming the field
   * when the features are not negotiated, there is no such queue, it is enabled, or its layout is
   * wrong; RangeError or TypeError for a position that makes no sense.
   */
  enableQueue(layout: QueueLayout, position?: QueuePosition): void {
    const { memory } = this.#bound("enable a queue");
    const queue = layout.index;
    const refuse = (field: string, wanted: string, got: string | number) => {
      throw new PeerError("Cannot enable the queue", { queue, field, wanted, got });
    };
    if ((this.#status & FEATURES_OK) === 0) {
      refuse("device_status", "FEATURES_OK", statusName(this.#status));
    }
    const sizeMax = this.queueSizeMax(queue);
    if (sizeMax === 0) refuse("index", `less than ${this.countQueues()}`, queue);
    if (this.#queues.get(queue) !== undefined) refuse("enable", "0 before", 1);
    checkQueueLayout(layout, queueFormat(this.#features), sizeMax, memory);
    this.#queues.open(memory, layout, queueFeatures(this.#features), position);
    if (isLive(this.#status)) this.#queues.start();
  }

  /** Resets one queue and says where the device stood in it; nothing happens unless it is enabled. */
  resetQueue(index: number): QueuePosition | undefined {
    return this.#queues.close(index);
  }

  /** Copies configuration bytes out (VIRTIO 1.4, 2.5); zeros past the end. */
  readConfig(offset: number, into: Uint8Array): void {
    this.config.read(offset, into);
  }

  /** Writes configuration bytes where the driver may; the rest, and all while suspended, is ignored. */
  writeConfig(offset: number, bytes: Uint8Array): void {
    if (this.#suspending || (this.#status & SUSPEND) !== 0) return;
    for (const { offset: at, length } of this.config.write(offset, bytes)) {
      this.#attempt(() => this.configWritten(at, length));
    }
  }

  /** The generation of the configuration space. */
  configGeneration(): number {
    return this.config.generation;
  }

  /** A kick: serves a queue until it is empty, or for a fair while and then again in a later task. */
  notify(index: number): void {
    this.#queues.serve(index);
  }

  /** Serves what waits in a queue, up to its size, asking for no kicks meanwhile; whether anything did. */
  poll(index: number): boolean {
    return this.#queues.poll(index);
  }

  // What handlers and users call.

  /** To be called after an edit of `config.bytes`: notifies the driver, on resume if it is suspended. */
  configChanged(): void {
    if (this.#stopped || (this.#status & SUSPEND) !== 0) this.#withheld = true;
    else if ((this.#status & DRIVER_OK) !== 0) this.#binding?.notifyConfig();
  }

  /**
   * Stops the device for who owns its group: until {@linkcode Device.go}, also over a reset, it touches no
   * queue and sends no notification (VIRTIO 1.4, 2.12.1.4). Done once the device is {@linkcode Device.idle}.
   */
  stop(): void {
    this.#stopped = true;
  }

  /** Whether the device is stopped; what it had begun may still go on. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Lets a stopped device go on, with what it holds by now. */
  go(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#tellWithheld();
    this.wake();
  }

  /** To be called when something held the device up that does so no more: looks into every queue. */
  wake(): void {
    if (isLive(this.#status)) this.#queues.start();
  }

  /** Declares the device broken until its next reset, and reports the cause (VIRTIO 1.4, 2.1.2). */
  needsReset(cause: unknown): void {
    const already = (this.#status & DEVICE_NEEDS_RESET) !== 0;
    this.#status |= DEVICE_NEEDS_RESET;
    this.#suspending = false;
    if (!already) this.configChanged();
    this.report(cause);
  }

  /** A queue, as long as buffers of it may be used: live, not suspended, not broken. */
  protected queue(index: number): DeviceQueue | undefined {
    const mayUse = this.#mayUse && (!this.#stopped || this.#processing());
    return mayUse ? this.#queues.get(index) : undefined;
  }

  /** The whole device as plain data, between two tasks; buffers in flight are served again after a restore. */
  save(): DeviceSnapshot {
    return {
      ...SNAPSHOT_HEAD,
      device: this.info.name,
      id: this.info.id,
      status: this.#status,
      suspending: this.#suspending,
      withheld: this.#withheld,
      accepted: `0x${this.#accepted.toString(16)}`,
      ...(this.#legacy ? { legacy: true } : {}),
      config: [...this.config.bytes],
      generation: this.config.generation,
      queues: this.#queues.save(),
      behaviours: this.behaviours.save(),
      state: this.saveState(),
      ...this.#groups.save(),
    };
  }

  /**
   * Becomes what was saved, from untrusted data, on a transport whose memory holds what it held
   * then. TypeError or RangeError naming the field, which leaves the device reset or untouched.
   */
  restore(snapshot: unknown): void {
    this.#bound("restore the device");
    const saved = readSnapshot(snapshot, this.info, this.config.bytes.length);
    this.#reset();
    try {
      this.#take(saved);
    } catch (error) {
      this.#reset();
      throw error;
    }
  }

  #take(saved: DeviceSnapshot): void {
    const { config } = this;
    this.setFeatures(BigInt(saved.accepted), saved.legacy);
    if ((saved.status & FEATURES_OK) !== 0) {
      this.#agree();
      if (this.#status !== FEATURES_OK) {
        refuseField("accepted", "features that the device can agree to", saved.accepted);
      }
    }
    config.restore(Uint8Array.from(saved.config), saved.generation);
    this.configRestored();
    this.#groups.restore(saved.admin, this.countQueues());
    this.#status = saved.status;
    this.#withheld = saved.withheld;
    this.#suspending = saved.suspending && isLive(saved.status);
    if ((saved.status & SUSPEND) !== 0) config.freeze();
    saved.queues.forEach((queue, at) => this.#takeQueue(queue, `queues[${at}]`));
    this.behaviours.restore(saved.behaviours);
    this.restoreState(saved.state);
    if (isLive(this.#status)) this.#queues.start();
  }

  #takeQueue({ layout, position }: DeviceSnapshot["queues"][number], path: string): void {
    const sizeMax = this.queueSizeMax(layout.index);
    if (sizeMax === 0 || this.#queues.get(layout.index) !== undefined) {
      refuseField(`${path}.layout.index`, "an unused queue of the device", layout.index);
    }
    const { memory } = this.#bound("restore the device");
    try {
      checkQueueLayout(layout, queueFormat(this.#features), sizeMax, memory);
      this.#queues.open(memory, layout, queueFeatures(this.#features), position);
    } catch (cause) {
      const why = (cause as Error).message;
      throw new RangeError(`Cannot restore the device: ${path} is wrong: ${why}`, { cause });
    }
  }

  get #mayUse(): boolean {
    return isLive(this.#status) && (this.#binding?.mayAccess?.() ?? true);
  }

  #bound(verb: string): DeviceBinding {
    if (this.#binding === undefined) {
      throw new TypeError(`Cannot ${verb}: the device is not bound to a transport`);
    }
    return this.#binding;
  }

  #reset(): void {
    this.#status = 0;
    this.#queues.closeAll();
    this.#attempt(() => this.behaviours.reset());
    this.#attempt(() => this.deviceReset());
    this.#attempt(() => this.#groups.reset());
    this.#status = 0;
    this.#accepted = this.#features = 0n;
    this.#legacy = this.#suspending = this.#withheld = false;
    this.config.thaw();
  }

  /** Makes the written features those in force, and sets FEATURES_OK, unless they can not be. */
  #agree(): void {
    const features = this.#accepted;
    if ((features & ~this.getFeatures()) !== 0n) return;
    if (closeFeatures(features, this.info.features) !== features) return;
    if (!hasBit(features, ReservedFeature.VIRTIO_F_VERSION_1)) return;
    if (!this.acceptsFeatures(features) || !this.behaviours.settle(features)) return;
    this.#features = features;
    this.featuresAgreed();
    this.#groups.agree(features, this.countQueues());
    this.#status |= FEATURES_OK;
  }

  #goLive(): void {
    this.#status |= DRIVER_OK;
    if (!isLive(this.#status)) return;
    this.#queues.start();
    this.#attempt(() => this.driverOk());
  }

  #resume(): void {
    if ((this.#status & DEVICE_NEEDS_RESET) !== 0) return;
    this.#status = this.#status & ~SUSPEND | DRIVER_OK;
    this.config.thaw();
    this.#tellWithheld();
    this.#queues.start();
  }

  /** Tells the driver of changes that it was not told of while the device was suspended or stopped. */
  #tellWithheld(): void {
    if (!this.#withheld || this.#stopped || (this.#status & SUSPEND) !== 0) return;
    this.#withheld = false;
    this.configChanged();
  }

  /** Shows SUSPEND once no buffer is being processed any more (VIRTIO 1.4, 3.4.2). */
  #suspendWhenIdle(): void {
    if (!this.#suspending || this.#processing()) return;
    this.#suspending = false;
    this.#status = this.#status & ~DRIVER_OK | SUSPEND;
    this.config.freeze();
  }

  #processing(): boolean {
    return this.#queues.all().some((queue) => this.inFlight(queue) > 0);
  }

  #attempt(hook: () => void): void {
    try {
      hook();
    } catch (error) {
      this.needsReset(error);
    }
  }
}
