/**
 * The rings of a device: what was said about each, and running those that may run.
 *
 * A ring runs once its size and addresses are known, it was started by a kick that may come, it is
 * enabled, and the features are agreed on; messages may bring that about in any order.
 *
 * @module
 */

import { VHOST_VRING_F_LOG } from "../generated/layout/vhost_user.ts";
import type { Device } from "../runtime/device.ts";
import { PeerError } from "../runtime/errors.ts";
import { queueFormat } from "../runtime/features.ts";
import type { QueueLayout, QueuePosition } from "../runtime/queue.ts";
import { Status } from "../runtime/status.ts";
import { signal } from "./events.ts";
import type { InflightMemory } from "./inflight.ts";
import { packedPosition } from "./inflight_packed.ts";
import { splitPosition } from "./inflight_split.ts";
import type { Records } from "./records.ts";
import type { RingAddresses } from "./protocol.ts";
import type { Regions } from "./regions.ts";
import { baseOf, layoutOf, PACKED_START, positionOf, Ring } from "./ring.ts";
import type { Runner } from "./runner.ts";

interface IndexAndNumber {
  readonly index: number;
  readonly num: number;
}

interface IndexAndFile {
  readonly index: number;
  readonly fd: number;
}

/** The rings of one connection. */
export class Rings {
  readonly #device: Device;
  readonly #regions: Regions;
  readonly #runner: Runner;
  readonly #log: (line: string) => void;
  readonly #rings = new Map<number, Ring>();
  /** Memory for the buffers in flight of all rings that are started from now on. */
  inflight: InflightMemory | undefined = undefined;
  /** The log of pages, while one is wanted. */
  log: Uint8Array | undefined = undefined;
  #enabled = false;

  /** No ring is known at first. */
  constructor(device: Device, regions: Regions, runner: Runner, log: (line: string) => void) {
    this.#device = device;
    this.#regions = regions;
    this.#runner = runner;
    this.#log = log;
  }

  /** Whether the device uses any of them. */
  get running(): boolean {
    return [...this.#rings.values()].some((ring) => ring.running !== undefined);
  }

  /** SET_VRING_NUM. */
  setSize({ index, num }: IndexAndNumber): undefined {
    const ring = this.#stopped(index, "num");
    if (num < 1 || num > 32768) refuse(index, "num", "1 to 32768", num);
    ring.size = num;
    return this.start();
  }

  /** SET_VRING_ADDR; of a running ring, only the log may change. */
  async setAddresses(addresses: RingAddresses): Promise<undefined> {
    const ring = this.#ring(addresses.index);
    const old = ring.addresses;
    if (ring.running !== undefined && old !== undefined) {
      for (const area of ["desc", "driver", "device"] as const) {
        if (old[area] === addresses[area]) continue;
        refuse(ring.index, area, "the same as before while the ring runs", addresses[area]);
      }
    }
    ring.addresses = addresses;
    const sameLog = old?.flags === addresses.flags && old?.log === addresses.log;
    if (!sameLog) await this.#halt(ring, true);
    this.start();
  }

  /** SET_VRING_BASE. */
  setBase({ index, num }: IndexAndNumber): undefined {
    const ring = this.#stopped(index, "base");
    ring.base = num;
    ring.position = undefined;
    return this.start();
  }

  /** SET_VRING_KICK. */
  async setKick({ index, fd }: IndexAndFile): Promise<undefined> {
    const ring = this.#ring(index);
    const old = ring.exchange("kick", fd);
    if (ring.running !== undefined) await this.#runner.watch(ring);
    ring.drop(old);
    ring.started = true;
    this.start();
  }

  /** SET_VRING_CALL and SET_VRING_ERR. */
  setEvent(event: "call" | "error", { index, fd }: IndexAndFile): undefined {
    const ring = this.#ring(index);
    ring.drop(ring.exchange(event, fd));
    if (event === "error" || ring.running === undefined) return;
    this.#runner.retarget(ring);
    if (fd >= 0) signal(fd); // what was used before the event came would be missed otherwise
  }

  /** SET_VRING_ENABLE. */
  async enable({ index, num }: IndexAndNumber): Promise<undefined> {
    const ring = this.#ring(index);
    if (num > 1) refuse(index, "num", "0 or 1", num);
    ring.enabled = num === 1;
    if (!ring.enabled) await this.#halt(ring);
    this.start();
  }

  /** Enables all rings, and those to come. */
  enableAll(): void {
    this.#enabled = true;
    for (const ring of this.#rings.values()) ring.enabled = true;
  }

  /** Disables all rings. */
  async disableAll(): Promise<undefined> {
    this.#enabled = false;
    for (const ring of this.#rings.values()) {
      ring.enabled = false;
      await this.#halt(ring);
    }
  }

  /** VRING_KICK. */
  kick(index: number): undefined {
    const ring = this.#ring(index);
    ring.started = true;
    this.start();
    if (ring.running !== undefined) this.#runner.kick(ring);
    return undefined;
  }

  /**
   * GET_VRING_BASE: waits until what the device works on is given back, for some seconds, then stops
   * the ring and says where it stands.
   */
  async stop(index: number): Promise<number> {
    const ring = this.#ring(index);
    await this.#settle(ring);
    ring.started = false;
    ring.drop(ring.exchange("kick", -1));
    ring.drop(ring.exchange("call", -1));
    return ring.base ?? this.#start();
  }

  /** Runs every ring that may run; PeerError when one can not be where it is said to be. */
  start(): undefined {
    if ((this.#device.getStatus() & Status.FEATURES_OK) === 0) return;
    for (const ring of this.#rings.values()) {
      const ready = ring.started && ring.enabled && ring.size > 0 && ring.addresses !== undefined;
      if (ready && ring.running === undefined) this.#run(ring);
    }
  }

  /** Stops all rings for a change that they are not to see; {@linkcode Rings.start} lets them go on. */
  async pause(): Promise<void> {
    for (const ring of this.#rings.values()) await this.#halt(ring, true);
  }

  /** Memory has changed: rings that are elsewhere now go on there. */
  async moved(): Promise<undefined> {
    for (const ring of this.#rings.values()) {
      const { running } = ring;
      if (running === undefined) continue;
      const { desc, driver, device } = this.#layout(ring);
      const { layout } = running;
      if (desc === layout.desc && driver === layout.driver && device === layout.device) continue;
      await this.#halt(ring);
    }
    this.start();
  }

  /**
   * Stops all rings, to be followed by a reset of the device. Where they stood is kept: QEMU has been
   * seen to reset the status before it asks for that.
   */
  async reset(): Promise<void> {
    for (const ring of this.#rings.values()) {
      await this.#settle(ring);
      ring.started = ring.enabled = false;
      ring.drop(ring.exchange("kick", -1));
    }
    this.#enabled = false;
  }

  /** Forgets where the rings stood. */
  forget(): void {
    for (const ring of this.#rings.values()) ring.base = ring.position = undefined;
  }

  /** Stops all rings at once, and lets go of all descriptors. */
  async close(): Promise<void> {
    for (const ring of this.#rings.values()) {
      await this.#halt(ring);
      ring.close();
    }
  }

  /** Tells the driver that buffers of a ring were used; false when the ring has no event for that. */
  call(index: number): boolean {
    const ring = this.#rings.get(index);
    if (ring === undefined || ring.call < 0) return false;
    signal(ring.call);
    return true;
  }

  /** Tells the front end that the device is broken. */
  signalErrors(): void {
    for (const { error } of this.#rings.values()) if (error >= 0) signal(error);
  }

  #ring(index: number): Ring {
    if (index > 255) refuse(index, "index", "at most 255", index);
    let ring = this.#rings.get(index);
    if (ring === undefined) {
      ring = new Ring(index);
      ring.enabled = this.#enabled;
      this.#rings.set(index, ring);
    }
    return ring;
  }

  #stopped(index: number, field: string): Ring {
    const ring = this.#ring(index);
    if (ring.running !== undefined) refuse(index, field, "the same while the ring runs", "another");
    return ring;
  }

  #layout(ring: Ring): QueueLayout {
    const format = queueFormat(this.#device.features);
    return layoutOf(ring, format, (user) => this.#regions.guestAddress(user));
  }

  #start(): number {
    return queueFormat(this.#device.features) === "packed" ? PACKED_START : 0;
  }

  #run(ring: Ring): void {
    let records: Records;
    try {
      records = this.#records(ring);
      this.#runner.start(ring, records, this.#position(ring, records));
    } catch (error) {
      ring.started = false; // so that it is not tried again and again
      if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
      throw new PeerError("Cannot run the ring", {
        queue: ring.index,
        field: "base",
        wanted: "a position in the ring",
        got: error.message,
      });
    }
    ring.running = records;
    // Some front ends keep DRIVER_OK to themselves; a ring that is started says as much.
    const { ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK } = Status;
    this.#device.setStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
  }

  #records(ring: Ring): Records {
    const layout = this.#layout(ring);
    const { addresses } = ring;
    for (const area of ["desc", "driver", "device"] as const) {
      if (layout[area] >= 0) continue;
      // What a person sees who forgot share=on.
      const address = `0x${addresses![area].toString(16)}`;
      refuse(ring.index, area, "in memory that the front end shares", address);
    }
    const { log } = this;
    const logged = log !== undefined && (addresses!.flags >> VHOST_VRING_F_LOG & 1) === 1;
    const inflight = this.inflight?.of(layout);
    return {
      layout,
      ...(inflight === undefined ? {} : { inflight }),
      ...(log === undefined ? {} : { log }),
      ...(logged ? { usedAddress: Number(BigInt.asUintN(53, addresses!.log)) } : {}),
    };
  }

  /** Where the ring goes on: where it stopped, with what was in flight, at its base, or at its beginning. */
  #position(ring: Ring, { layout, inflight }: Records): QueuePosition | undefined {
    if (ring.position !== undefined) return ring.position;
    const { memory } = this.#regions;
    const { base = this.#start() } = ring;
    const position = memory.contains(layout.device, 4)
      ? positionOf(base, layout, memory)
      : undefined; // which the device will refuse
    if (inflight !== undefined && position !== undefined) {
      const recorded = layout.format === "packed"
        ? packedPosition(inflight, layout, memory)
        : splitPosition(inflight, position.used, layout, memory);
      const count = recorded?.inflight.length ?? 0;
      if (count > 0) this.#log(`ring ${ring.index} takes up ${count} buffers in flight`);
      // The base of a split ring says the same, unless there are buffers in flight.
      if (count > 0 || layout.format === "packed" && recorded !== undefined) return recorded;
    }
    return base === this.#start() ? undefined : position;
  }

  /** Stops a ring, having waited for its buffers, and turns where it stood into its base. */
  async #settle(ring: Ring): Promise<void> {
    const { running } = ring;
    await this.#halt(ring, true);
    if (running === undefined || ring.position === undefined) return;
    const { base, lost } = baseOf(ring.position, running.layout, this.#regions.memory);
    if (lost > 0) this.#log(`ring ${ring.index} was stopped with ${lost} buffers in flight`);
    ring.base = base;
    ring.position = undefined;
  }

  /** Takes a ring from the device, keeping where it stood. */
  async #halt(ring: Ring, drained = false): Promise<void> {
    if (ring.running === undefined) return;
    ring.position = await this.#runner.stop(ring, drained);
    ring.running = undefined;
  }
}

function refuse(
  queue: number,
  field: string,
  wanted: string,
  got: string | number | bigint,
): never {
  throw new PeerError("Cannot set up the ring", { queue, field, wanted, got });
}
