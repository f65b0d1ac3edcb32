/**
 * What the driver's ends of all buses have in common: one sequence of accesses at a time, and one way
 * to lose the device.
 *
 * @module
 */

import { InterruptCause } from "../../generated/layout/mmio.ts";
import { Arena } from "../arena.ts";
import { TransportError } from "../errors.ts";
import type { GuestMemory } from "../memory.ts";
import type { QueueLayout } from "../queue.ts";
import { queueTask, until } from "../task.ts";
import type { ConfigFields, Facilities, SharedMemory } from "../transport.ts";
import type { AccessSize, Machine, MachineTransport, RegisterAccess } from "./bus.ts";

const CAUSES = InterruptCause.VRING | InterruptCause.CONFIG;

/** Base of the driver's end of a bus. */
export abstract class BusTransport implements MachineTransport {
  readonly facilities: Facilities;
  readonly deviceId: number;
  readonly memory: GuestMemory;
  readonly arena: Arena;
  onQueueNotify: (index: number) => void = () => {};
  onConfigNotify: () => void = () => {};
  onLost: (error: TransportError) => void = () => {};
  configFields?: ConfigFields;
  /** The queues that are enabled. */
  protected readonly queues: Set<number> = new Set();
  #last: Promise<unknown> = Promise.resolve();
  #end: TransportError | undefined;
  #refusal: TransportError | undefined;

  /** For a device that was found. */
  protected constructor(machine: Machine, facilities: Facilities, deviceId: number) {
    this.facilities = facilities;
    this.deviceId = deviceId;
    this.memory = machine.memory;
    this.arena = machineArena(machine);
  }

  abstract getStatus(): Promise<number>;
  abstract setStatus(status: number): Promise<void>;
  abstract getFeatures(): Promise<bigint>;
  abstract setFeatures(features: bigint): Promise<void>;
  abstract queueSizeMax(index: number): Promise<number>;
  abstract enableQueue(layout: QueueLayout): Promise<void>;
  abstract resetQueue(index: number): Promise<void>;
  abstract readConfig(offset: number, length: number): Promise<Uint8Array>;
  abstract writeConfig(offset: number, bytes: Uint8Array): Promise<void>;
  abstract configGeneration(): Promise<number>;
  abstract sharedMemory(id: number): Promise<SharedMemory | undefined>;
  abstract notify(index: number, data: number): void;

  /** To be called when the device was unplugged, or the way to it is known to be gone. */
  unplugged(cause?: unknown): void {
    this.lose(cause);
  }

  close(): Promise<void> {
    this.#end ??= new TransportError(`Cannot reach the device: ${this.facilities.name} is closed`);
    this.onQueueNotify = this.onConfigNotify = this.onLost = () => {};
    return Promise.resolve();
  }

  /** Runs a sequence of accesses when those before have ended; a failure of one loses the device. */
  protected sequence<T>(steps: () => Promise<T>): Promise<T> {
    const run = async () => {
      this.check();
      try {
        return await steps();
      } catch (error) {
        throw error === this.#refusal ? error : this.lose(error);
      }
    };
    const result = this.#last.then(run, run);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Starts an access whose end nobody waits for. */
  protected send(access: () => void | Promise<void>): void {
    if (this.#end !== undefined) return;
    try {
      access()?.catch((error) => this.lose(error));
    } catch (error) {
      this.lose(error);
    }
  }

  /** Throws once the device is lost or the transport closed. */
  protected check(): void {
    if (this.#end !== undefined) throw this.#end;
  }

  /** Whether the device is lost or the transport closed. */
  protected get ended(): boolean {
    return this.#end !== undefined;
  }

  /** The device is lost: everything fails from now on. */
  protected lose(cause: unknown): TransportError {
    if (this.#end !== undefined) return this.#end;
    const { name } = this.facilities;
    const options = cause === undefined ? {} : { cause };
    this.#end = new TransportError(`Cannot reach the device over ${name}: it is gone`, options);
    this.onLost(this.#end);
    return this.#end;
  }

  /** Ends a sequence with an error after which the device is still there. */
  protected refuse(message: string): never {
    throw this.#refusal = new TransportError(message);
  }

  /**
   * Handles an interrupt over MMIO. Causes are acknowledged before queues are looked at, since what comes
   * after is a cause again. One that came before holds the line up, which does not rise then: so they
   * are read again, as a task of its own, lest a device that always has one holds up everything else.
   */
  protected async interrupted(
    read: () => number | Promise<number>,
    acknowledge: (causes: number) => void | Promise<void>,
  ): Promise<void> {
    if (this.#end !== undefined) return;
    try {
      const causes = await read() & CAUSES;
      if (causes === 0) return;
      await acknowledge(causes);
      if ((causes & InterruptCause.VRING) !== 0) this.queuesUsed();
      if ((causes & InterruptCause.CONFIG) !== 0) this.onConfigNotify();
      if ((await read() & CAUSES) !== 0) {
        queueTask(() => void this.interrupted(read, acknowledge));
      }
    } catch (error) {
      this.lose(error);
    }
  }

  /** The configuration space that starts at an offset of the registers. */
  protected config(base: number): ConfigPlace {
    return { base, fields: this.configFields };
  }

  /** Tells the driver that any of its queues may have used buffers. */
  protected queuesUsed(): void {
    for (const index of [...this.queues]) this.onQueueNotify(index);
  }
}

/** Waits until a register that is 1 while a queue is being reset reads 0. */
export async function untilQueueReset(
  index: number,
  read: () => number | Promise<number>,
): Promise<void> {
  await until(
    async () => await read() === 0,
    () => `Cannot reset queue ${index}: the device does not come to an end with it`,
  );
}

/** A configuration space: where it starts, and its fields as far as they are known. */
export interface ConfigPlace {
  /** Offset of its first byte among the registers. */
  readonly base: number;
  /** Its fields. */
  readonly fields: ConfigFields | undefined;
}

/** Reads configuration bytes field by field, of which wide ones are read in halves; in the widest aligned accesses where none are known. */
export async function readBytes(
  registers: RegisterAccess,
  { base, fields }: ConfigPlace,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const size = accessSize(fields, offset + at, length - at);
    const value = await registers.read(base + offset + at, size);
    for (let byte = 0; byte < size; byte++) bytes[at + byte] = value >>> 8 * byte;
    at += size;
  }
  return bytes;
}

/** Writes configuration bytes, as {@linkcode readBytes} reads them. */
export async function writeBytes(
  registers: RegisterAccess,
  { base, fields }: ConfigPlace,
  offset: number,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const size = accessSize(fields, offset + at, bytes.length - at);
    let value = 0;
    for (let byte = size - 1; byte >= 0; byte--) value = value << 8 | bytes[at + byte]!;
    await registers.write(base + offset + at, size, value >>> 0);
    at += size;
  }
}

/** The 32 bits of a set of features that a selector of `word` chooses. */
export function featureWord(features: bigint, word: number): number {
  return Number(features >> BigInt(32 * word) & 0xffff_ffffn);
}

/** An address or a length below 2^53 as its two halves. */
export function halves(value: number): readonly [low: number, high: number] {
  return [value % 2 ** 32, Math.floor(value / 2 ** 32)];
}

/** Bytes of the access at an offset of the configuration: the field's, or half of it; 1 inside of a field. */
function accessSize(
  fields: ConfigFields | undefined,
  offset: number,
  left: number,
): AccessSize {
  let from = 0;
  for (const [width, count] of fields ?? []) {
    const end = from + width * count;
    if (offset < end) {
      const size = Math.min(width, 4);
      const whole = (offset - from) % size === 0 && offset % size === 0 && size <= left;
      return whole ? size as AccessSize : 1;
    }
    from = end;
  }
  return widest(offset, left);
}

function widest(offset: number, left: number): AccessSize {
  if (offset % 4 === 0 && left >= 4) return 4;
  return offset % 2 === 0 && left >= 2 ? 2 : 1;
}

/** The machine's arena, or all of its first region. */
export function machineArena({ arena, memory }: Machine): Arena {
  if (arena !== undefined) return arena;
  const region = memory.regions[0];
  if (region === undefined) throw new TypeError("Cannot drive a device: its memory has no region");
  return new Arena(memory, region.address, region.bytes.length);
}
