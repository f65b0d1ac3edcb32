/**
 * The driver's control plane: initialisation, negotiation, queues, configuration, suspend and end.
 *
 * What arrives from the device may be a lie. A wrong answer is refused with an error; a queue that
 * breaks, a device that needs a reset and a lost transport all end in one way: every pending request
 * is aborted, and {@linkcode Driver.onNeedsReset} is told why.
 *
 * @module
 */

import { AdminDriver } from "./admin/driver.ts";
import { PeerError, type PeerErrorDetail, TransportError } from "./errors.ts";
import {
  acceptedFeatures,
  carriedFeatures,
  checkDefined,
  type DeviceInfo,
  featureNames,
  featuresLost,
  hasBit,
  queueFeatures,
  queueFormat,
  ReservedFeature,
  ringFeatures,
  type RingOptions,
} from "./features.ts";
import { QUEUE_SIZE_MAX } from "./layout.ts";
import { ConfigAccess } from "./driver_config.ts";
import { DriverQueues } from "./driver_queues.ts";
import type { DriverQueue, UsedLengths } from "./queue.ts";
import { largestSize } from "./queue_check.ts";
import type { RequestSlots } from "./requests.ts";
import { Status, statusName } from "./status.ts";
import { until } from "./task.ts";
import type { Transport } from "./transport.ts";

const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, SUSPEND, DEVICE_NEEDS_RESET, FAILED } = Status;

/** Descriptors of a queue unless told otherwise. */
const QUEUE_SIZE = 256;
/** Descriptors of an administration queue: its commands go one by one. */
const ADMIN_QUEUE_SIZE = 16;
const ADMIN_VQ = 1n << BigInt(ReservedFeature.VIRTIO_F_ADMIN_VQ);

/** What a driver wants of a device. */
export interface NegotiateOptions {
  /** Features of the device type that the driver understands. */
  readonly want: bigint;
  /** Features without which it can not work. */
  readonly require?: bigint;
  /** Which features of the ring and the core it takes part in. */
  readonly ring?: RingOptions;
  /** Ends the negotiation; the device is left with FAILED. */
  readonly signal?: AbortSignal;
}

/** Base of every driver. */
export abstract class Driver implements AsyncDisposable {
  /** What the device type is. */
  readonly info: DeviceInfo;
  /** Called when the configuration has changed and the driver's copy of it is fresh again. */
  onConfigChange: () => void = () => {};
  /** Called once when the driver can not go on; all pending requests were aborted. */
  onNeedsReset: (error: Error) => void = () => {};
  /** The way to the device. */
  protected readonly transport: Transport;

  readonly #queues: DriverQueues;
  readonly #config: ConfigAccess;
  #admin: AdminDriver | undefined;
  #status = 0;
  #offered = 0n;
  #features = 0n;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;

  /** Takes over the transport's callbacks; nothing is sent before {@linkcode Driver.negotiate}. */
  protected constructor(transport: Transport, info: DeviceInfo) {
    this.transport = transport;
    this.info = info;
    if (info.configFields !== undefined) transport.configFields = info.configFields;
    this.#config = new ConfigAccess(transport);
    this.#queues = new DriverQueues(transport, {
      collect: (queue) =>
        this.#admin?.queue === queue ? this.#admin.collect() : this.collect(queue),
      polls: (queue) => this.#admin?.queue !== queue && this.polls(queue),
      broken: (error) => this.#fail(error, FAILED),
    });
    transport.onQueueNotify = (index) => this.#queues.notified(index);
    transport.onConfigNotify = () => void this.#refresh();
    transport.onLost = (error) => this.#fail(error);
  }

  /** Features that were negotiated. */
  get features(): bigint {
    return this.#features;
  }

  /** Features that the device offered. */
  get offered(): bigint {
    return this.#offered;
  }

  /** The commands to the groups that the device owns, once the driver is open; undefined without VIRTIO_F_ADMIN_VQ. */
  get admin(): AdminDriver | undefined {
    return this.#admin;
  }

  /** Whether the device is driven over a legacy interface, where some layouts are shorter (VIRTIO 1.4, 2.2.3). */
  get legacy(): boolean {
    return this.transport.legacyQueues !== undefined;
  }

  /** Whether a feature was negotiated; for the control plane, not for each request. */
  hasFeature(bit: number): boolean {
    return hasBit(this.#features, bit);
  }

  /** Whether the device offered a feature, which is what the configuration depends on. */
  wasOffered(bit: number): boolean {
    return hasBit(this.#offered, bit);
  }

  /**
   * Resets the device and goes through its initialisation up to FEATURES_OK (VIRTIO 1.4, 3.1.1),
   * which also starts afresh after a failure. Of what it wants, the driver accepts what was offered,
   * what the transport carries, and what then has its prerequisites; a feature that should not go
   * without others goes without them only where it is required. TransportError when the device is of
   * another type or does not answer, PeerError naming the features that are missing or that the
   * device refuses; in these cases the device is left with FAILED.
   */
  protected async negotiate(options: NegotiateOptions): Promise<void> {
    const { info, transport } = this;
    const { want, require = 0n, ring, signal } = options;
    checkDefined("accept", want | require, info);
    if ((transport.deviceId ?? info.id) !== info.id) {
      const found = `${transport.facilities.name} carries a device with id ${transport.deviceId}`;
      throw new TransportError(`Cannot drive a device with id ${info.id}: ${found}`);
    }
    await this.#reset(new Error("the device was reset"), signal);
    this.#failure = undefined;
    try {
      await this.#setStatus(ACKNOWLEDGE);
      await this.#setStatus(DRIVER);
      this.#offered = await transport.getFeatures();
      const core = ringFeatures({ platform: true, ...ring }) |
        (ring?.admin === false ? 0n : ADMIN_VQ);
      const accepted = this.#choose(want | require | core, require);
      await transport.setFeatures(accepted);
      signal?.throwIfAborted();
      await this.#setStatus(FEATURES_OK);
      const status = await transport.getStatus();
      if ((status & FEATURES_OK) === 0) {
        const wanted = `FEATURES_OK for ${featureNames(accepted, info.features)}`;
        this.#refuse({ field: "device_status", wanted, got: statusName(status) });
      }
      signal?.throwIfAborted();
      this.#features = accepted;
    } catch (error) {
      await this.#giveUp();
      throw error;
    }
  }

  /**
   * Allocates and enables a queue of `size` descriptors, or as many as the device and the format
   * allow. PeerError when the device has no such queue, RangeError when the arena is full.
   */
  protected async openQueue(index: number, size: number = QUEUE_SIZE): Promise<DriverQueue> {
    if (this.#features === 0n) throw new TypeError("Cannot open a queue: nothing is negotiated");
    const max = await this.transport.queueSizeMax(index);
    if (!Number.isInteger(max) || max < 1 || max > QUEUE_SIZE_MAX) {
      this.#refuse({
        queue: index,
        field: "queue_size",
        wanted: `1 to ${QUEUE_SIZE_MAX}`,
        got: max,
      });
    }
    const format = queueFormat(this.#features);
    const fixed = this.transport.legacyQueues?.fixedSize === true;
    const actual = largestSize(format, fixed ? max : Math.min(size, max));
    const lengths = this.lengths(index, this.legacy);
    const features = { ...queueFeatures(this.#features), lengths };
    return await this.#queues.open(index, actual, format, features);
  }

  /** The slots for requests on a queue; they are paused, aborted and freed with it. */
  protected requestSlots(queue: DriverQueue, slotSize: number): RequestSlots {
    return this.#queues.slots(
      queue,
      slotSize,
      this.hasFeature(ReservedFeature.VIRTIO_F_INDIRECT_DESC),
    );
  }

  /** Opens the administration queue, if there is one, sets DRIVER_OK, and sends the kicks that had to wait for it. */
  protected async ready(): Promise<void> {
    if (this.hasFeature(ReservedFeature.VIRTIO_F_ADMIN_VQ)) await this.#openAdmin();
    await this.#setStatus(DRIVER_OK);
    if (this.#failure === undefined) this.#queues.start();
  }

  /** Collects all used buffers of a queue; suppressing and arming is done around it. */
  protected abstract collect(queue: DriverQueue): void;

  /** Whether used buffers of a queue are looked for without a notification, which is suppressed then. */
  protected polls(_queue: DriverQueue): boolean {
    return false;
  }

  /** What used lengths of a queue are worth; over a legacy interface, many devices said too much (VIRTIO 1.4, 2.7.8.1). */
  protected lengths(_index: number, legacy: boolean): UsedLengths {
    return legacy ? "bound" : "exact";
  }

  /** The configuration has changed: time to read it again. */
  protected configChanged(): void | Promise<void> {}

  /** Pending requests end, those of one queue or all; those of {@linkcode Driver.requestSlots} have ended already. */
  protected abort(_error: Error, _queue?: DriverQueue): void {}

  /** Reads configuration bytes that belong together (VIRTIO 1.4, 2.5.1); PeerError when they never hold still. */
  protected readConfig(offset: number, length: number): Promise<Uint8Array> {
    return this.#config.read(offset, length);
  }

  /** Writes configuration bytes; TypeError before FEATURES_OK and while suspended (VIRTIO 1.4, 3.1.1 and 3.4.1). */
  protected async writeConfig(offset: number, bytes: Uint8Array): Promise<void> {
    if (this.#features === 0n || (this.#status & SUSPEND) !== 0) {
      const why = this.#features === 0n ? "nothing is negotiated" : "the device is suspended";
      throw new TypeError(`Cannot write the configuration: ${why}`);
    }
    await this.transport.writeConfig(offset, bytes);
  }

  /** Runs steps on the configuration when those before have ended: what one selects, no other reads or unselects. */
  protected configuring<T>(steps: () => Promise<T>): Promise<T> {
    return this.#config.inTurn(steps);
  }

  /**
   * Resets one queue, aborts its pending requests, and enables it again (VIRTIO 1.4, 2.6.1).
   * TypeError unless VIRTIO_F_RING_RESET is negotiated and the queue is open.
   */
  async resetQueue(queue: DriverQueue): Promise<DriverQueue> {
    if (!this.hasFeature(ReservedFeature.VIRTIO_F_RING_RESET)) {
      throw new TypeError("Cannot reset the queue: VIRTIO_F_RING_RESET is not negotiated");
    }
    const cause = new Error("the queue was reset");
    await this.#queues.close(queue, cause);
    this.abort(cause, queue);
    return await this.openQueue(queue.index, queue.size);
  }

  /**
   * Suspends the device (VIRTIO 1.4, 3.4): it answers what it has begun, which is collected on resume;
   * requests made meanwhile wait. TypeError unless VIRTIO_F_SUSPEND is negotiated and the device runs.
   * TransportError or PeerError when it does not suspend within seconds, after which it needs a reset.
   */
  async suspend(): Promise<void> {
    if (!this.hasFeature(ReservedFeature.VIRTIO_F_SUSPEND)) {
      throw new TypeError("Cannot suspend the device: VIRTIO_F_SUSPEND is not negotiated");
    }
    if ((this.#status & (DRIVER_OK | SUSPEND)) !== DRIVER_OK || this.#failure !== undefined) {
      throw new TypeError("Cannot suspend the device: it does not run");
    }
    this.#queues.stop();
    await this.#setStatus(SUSPEND);
    await this.#reach(SUSPEND, DRIVER_OK);
  }

  /** Resumes a suspended device; errors as for {@linkcode Driver.suspend}. */
  async resume(): Promise<void> {
    if ((this.#status & (DRIVER_OK | SUSPEND)) !== SUSPEND || this.#failure !== undefined) {
      throw new TypeError("Cannot resume the device: it is not suspended");
    }
    await this.#setStatus(DRIVER_OK);
    await this.#reach(DRIVER_OK, SUSPEND);
    this.#queues.start();
  }

  /** Reads the configuration again, as when the device says that it changed. */
  async refreshConfig(): Promise<void> {
    await this.#refresh();
  }

  /** Aborts what is pending, resets the device and closes the transport; a second call does nothing more. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** The same as {@linkcode Driver.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #choose(wanted: bigint, require: bigint): bigint {
    const { info, transport } = this;
    const usable = wanted & carriedFeatures(this.#offered, transport.facilities);
    const accepted = acceptedFeatures(usable, require, info.features);
    const needed = require | 1n << BigInt(ReservedFeature.VIRTIO_F_VERSION_1);
    const missing = needed & ~accepted;
    if (missing !== 0n) {
      this.#refuse({
        field: "device_feature",
        wanted: `a set with ${featuresLost(missing, accepted, info.features)}`,
        got: featureNames(this.#offered, info.features),
      });
    }
    return accepted;
  }

  async #openAdmin(): Promise<void> {
    const { index, count } = await this.transport.adminQueues!();
    if (count < 1) this.#refuse({ field: "admin_queue_num", wanted: "at least 1", got: count });
    const queue = await this.openQueue(index, ADMIN_QUEUE_SIZE);
    this.#admin = new AdminDriver(queue, this.requestSlots(queue, AdminDriver.slotSize));
  }

  #refuse(detail: PeerErrorDetail): never {
    throw new PeerError(`Cannot drive the ${this.info.name} device`, detail);
  }

  async #setStatus(bits: number): Promise<void> {
    this.#status |= bits;
    await this.transport.setStatus(this.#status);
  }

  /** Waits until the device shows one status bit instead of another, or fails. */
  async #reach(shown: number, gone: number): Promise<void> {
    const { transport } = this;
    let status = 0;
    try {
      await until(async () => {
        status = await transport.getStatus();
        return (status & DEVICE_NEEDS_RESET) !== 0 || (status & (shown | gone)) === shown;
      }, () => `Cannot go on with the device: its status stays ${statusName(status)}`);
      if ((status & DEVICE_NEEDS_RESET) !== 0) throw needsReset(status);
    } catch (error) {
      this.#fail(error as Error);
      throw error;
    }
    this.#status = status;
  }

  async #reset(cause: Error, signal?: AbortSignal): Promise<void> {
    const { transport } = this;
    this.#queues.stop();
    this.#abortAll(cause);
    this.#status = 0;
    this.#offered = this.#features = 0n;
    this.#admin = undefined;
    await transport.setStatus(0);
    let status = 0;
    await until(
      async () => (status = await transport.getStatus()) === 0,
      () => `Cannot reset the device: its status stays ${statusName(status)}`,
      signal,
    );
    this.#queues.free();
  }

  async #refresh(): Promise<void> {
    await this.#config.refresh(async () => {
      if (this.#failure !== undefined || this.#closing !== undefined) return false;
      try {
        const status = await this.transport.getStatus();
        if ((status & DEVICE_NEEDS_RESET) !== 0) throw needsReset(status);
        await this.configuring(async () => await this.configChanged());
      } catch (error) {
        this.#fail(error as Error);
        return false;
      }
      this.onConfigChange();
      return true;
    });
  }

  #fail(error: Error, status = 0): void {
    if (this.#failure !== undefined || this.#closing !== undefined) return;
    this.#failure = error;
    this.#queues.stop();
    this.#abortAll(error);
    if (status !== 0) void this.#giveUp();
    this.onNeedsReset(error);
  }

  #abortAll(cause: Error): void {
    this.#queues.abort(cause);
    this.abort(cause);
  }

  /** Sets FAILED, if that is still possible. */
  async #giveUp(): Promise<void> {
    try {
      await this.#setStatus(FAILED);
    } catch {
      // What went wrong before matters more.
    }
  }

  async #close(): Promise<void> {
    const cause = new Error("the driver was closed");
    try {
      if (this.#failure instanceof TransportError) this.#queues.stop();
      else await this.#reset(cause);
    } finally {
      await this.transport.close();
    }
  }
}

function needsReset(status: number): PeerError {
  return new PeerError("Cannot go on with the device", {
    field: "device_status",
    wanted: "without DEVICE_NEEDS_RESET",
    got: statusName(status),
  });
}
