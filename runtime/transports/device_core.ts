/**
 * What the device's ends of MMIO and PCI have in common: selected words of features, the registers of
 * each queue until it is enabled, status and configuration.
 *
 * Security model: every value here was written by a guest. Selectors are compared with what there is
 * before they are used, registers are kept for existing queues only, and a queue that cannot be
 * enabled leaves the device in DEVICE_NEEDS_RESET, never an exception in the emulator. Reading and
 * writing registers allocates nothing; steps of the device's life, such as a reset, may.
 *
 * @module
 */

import type { Device } from "../device.ts";
import { queueFormat, ReservedFeature } from "../features.ts";
import type { GuestMemory } from "../memory.ts";
import { Status } from "../status.ts";
import type { AdminQueues, Facilities } from "../transport.ts";
import { isSize } from "./register_bank.ts";
import { savedInteger, savedIntegers, savedList, savedRecord } from "./saved.ts";

/** The registers of one queue, as words of 32 bits. */
export const QueueWord = {
  SIZE: 0,
  DESC_LOW: 1,
  DESC_HIGH: 2,
  DRIVER_LOW: 3,
  DRIVER_HIGH: 4,
  DEVICE_LOW: 5,
  DEVICE_HIGH: 6,
  VECTOR: 7,
  ENABLED: 8,
} as const;

const QUEUE_WORDS = 9;
const FEATURE_WORDS = 4;
const WORD = 2 ** 32;

/** What a transport is told. */
export interface CoreEvents {
  /** Buffers of a queue were used. */
  queueUsed(index: number): void;
  /** The configuration or the status changed. */
  configChanged(): void;
  /** The device was reset. */
  deviceReset(): void;
}

/** How a core is made. */
export interface CoreOptions {
  /** What the driver lends. */
  readonly memory: GuestMemory;
  /** What the transport carries. */
  readonly facilities: Facilities;
  /** Whether the device may access memory now; always when not given. */
  readonly mayAccess?: () => boolean;
  /** Features that the transport itself implements, beside those of the device. */
  readonly ownFeatures?: bigint;
  /** The vector of a queue after a reset. */
  readonly noVector?: number;
}

/** The saved registers, and the device behind them. */
export interface SavedCore {
  /** The selectors: device features, driver features, queue. */
  readonly select: readonly number[];
  /** The driver's features, 32 bits each. */
  readonly features: readonly number[];
  /** The queues that were written to: the index, then the registers. */
  readonly queues: readonly (readonly number[])[];
  /** The device. */
  readonly device: unknown;
}

/** The device behind a register file. */
export class DeviceCore {
  /** The device. */
  readonly device: Device;
  /** Which 32 offered features are seen. */
  deviceFeatureSelect = 0;
  /** Which 32 accepted features are seen. */
  driverFeatureSelect = 0;
  /** Index of the queue whose registers are seen. */
  queueSelect = 0;

  readonly #events: CoreEvents;
  readonly #ownFeatures: bigint;
  readonly #noVector: number;
  readonly #offered = new Uint32Array(FEATURE_WORDS);
  readonly #accepted = new Uint32Array(FEATURE_WORDS);
  readonly #queues = new Map<number, Uint32Array>();
  readonly #scratch: readonly Uint8Array[] = [1, 2, 3, 4].map((size) => new Uint8Array(size));
  #selected: Uint32Array | undefined;
  #queueCount = 0;
  #admin: AdminQueues = { index: 0, count: 0 };
  #sizeMax = 0;
  #closed = false;

  /** Binds the device; TypeError when it is bound already. */
  constructor(device: Device, options: CoreOptions, events: CoreEvents) {
    const { memory, facilities, mayAccess, ownFeatures = 0n, noVector = 0 } = options;
    device.bind({
      memory,
      facilities,
      ...(mayAccess === undefined ? {} : { mayAccess }),
      notifyQueue: (index) => events.queueUsed(index),
      notifyConfig: () => events.configChanged(),
    });
    this.device = device;
    this.#events = events;
    this.#ownFeatures = ownFeatures;
    this.#noVector = noVector;
    setWords(this.#offered, device.getFeatures() | ownFeatures);
    this.#refresh();
  }

  /** The device was taken away. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Where the administration queues are, which do not count among the others. */
  get adminQueues(): AdminQueues {
    return this.#admin;
  }

  /** How many queues there are. */
  get queueCount(): number {
    return this.#queueCount;
  }

  /** The selected 32 offered features. */
  deviceFeatures(): number {
    return this.deviceFeatureSelect < FEATURE_WORDS ? this.#offered[this.deviceFeatureSelect]! : 0;
  }

  /** The selected 32 accepted features. */
  driverFeatures(): number {
    return this.driverFeatureSelect < FEATURE_WORDS ? this.#accepted[this.driverFeatureSelect]! : 0;
  }

  /** Accepts 32 features; ignored once FEATURES_OK is set. */
  setDriverFeatures(value: number): void {
    const at = this.driverFeatureSelect;
    if (at < FEATURE_WORDS && !this.#agreed()) this.#accepted[at] = value;
  }

  /** Whether a feature that the transport implements was negotiated. */
  hasOwnFeature(bit: number): boolean {
    return this.#agreed() && (this.#accepted[bit >>> 5]! >>> (bit & 31) & 1) === 1;
  }

  /** The device status. */
  status(): number {
    return this.device.getStatus();
  }

  /** Writes the device status, of which 0 resets; FEATURES_OK agrees to the features, by a legacy interface or not. */
  setStatus(status: number, legacy = false): void {
    if (status === 0) return this.#reset();
    if ((status & Status.FEATURES_OK) !== 0 && !this.#agreed()) {
      const words = this.#accepted;
      let features = 0n;
      for (let at = FEATURE_WORDS - 1; at >= 0; at--) {
        features = features << 32n | BigInt(words[at]!);
      }
      this.device.setFeatures(features & ~this.#ownFeatures, legacy);
    }
    this.device.setStatus(status);
    this.#refresh();
  }

  /** Selects a queue. */
  selectQueue(index: number): void {
    this.queueSelect = index;
    this.#selected = this.#queues.get(index);
  }

  /** The largest size of the selected queue; 0 when there is none. */
  queueSizeMax(): number {
    return this.#exists(this.queueSelect) ? this.#sizeMax : 0;
  }

  /** A register of the selected queue. */
  queueWord(word: number): number {
    if (this.#selected !== undefined) return this.#selected[word]!;
    return word === QueueWord.VECTOR ? this.#noVector : 0;
  }

  /** Writes a register of the selected queue; all but the vector stand still while it is enabled. */
  setQueueWord(word: number, value: number): void {
    const queue = this.#selected ??= this.#firstWrite();
    if (queue === undefined) return;
    if (queue[QueueWord.ENABLED] === 0 || word === QueueWord.VECTOR) queue[word] = value;
  }

  /** A register of any queue. */
  wordOf(index: number, word: number): number {
    const queue = this.#queues.get(index);
    if (queue !== undefined) return queue[word]!;
    return word === QueueWord.VECTOR ? this.#noVector : 0;
  }

  /** The size that the selected queue has, or would have. */
  queueSize(): number {
    const size = this.queueWord(QueueWord.SIZE);
    return size === 0 || this.queueSizeMax() === 0 ? this.queueSizeMax() : size;
  }

  /** Enables the selected queue as its registers say. */
  enableQueue(): void {
    const queue = this.#selected ??= this.#firstWrite();
    if (queue === undefined) return;
    this.enableQueueAt(
      queue[QueueWord.DESC_LOW]! + queue[QueueWord.DESC_HIGH]! * WORD,
      queue[QueueWord.DRIVER_LOW]! + queue[QueueWord.DRIVER_HIGH]! * WORD,
      queue[QueueWord.DEVICE_LOW]! + queue[QueueWord.DEVICE_HIGH]! * WORD,
    );
  }

  /** Enables the selected queue, whose areas lie at these addresses. */
  enableQueueAt(desc: number, driver: number, device: number): void {
    const queue = this.#selected ??= this.#firstWrite();
    if (queue === undefined || queue[QueueWord.ENABLED] !== 0) return;
    const format = queueFormat(this.device.features);
    const [index, size] = [this.queueSelect, this.queueSize()];
    try {
      this.device.enableQueue({ index, size, format, desc, driver, device });
      queue[QueueWord.ENABLED] = 1;
    } catch (error) {
      this.device.needsReset(error);
    }
  }

  /** Resets the selected queue alone, if the driver may ask for that (VIRTIO 1.4, 2.6.1). */
  ringReset(): void {
    if (this.device.hasFeature(ReservedFeature.VIRTIO_F_RING_RESET)) this.disableQueue();
  }

  /** Stops the selected queue; its registers can be written again. */
  disableQueue(): void {
    this.device.resetQueue(this.queueSelect);
    if (this.#selected === undefined) return;
    this.#queues.delete(this.queueSelect);
    this.#selected = undefined;
  }

  /** Reads 1, 2 or 4 bytes of the configuration space. */
  readConfig(offset: number, size: number): number {
    if (!isSize(size)) return 0;
    const bytes = this.#scratch[size - 1]!;
    this.device.readConfig(offset, bytes);
    let value = 0;
    for (let at = size - 1; at >= 0; at--) value = value << 8 | bytes[at]!;
    return value >>> 0;
  }

  /** Writes 1, 2 or 4 bytes of the configuration space. */
  writeConfig(offset: number, size: number, value: number): void {
    if (!isSize(size)) return;
    const bytes = this.#scratch[size - 1]!;
    for (let at = 0; at < size; at++) bytes[at] = value >>> 8 * at;
    this.device.writeConfig(offset, bytes);
  }

  /** Takes the device away: it is reset, and free to be bound elsewhere. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.device.unbind();
  }

  /** The registers and the device as plain data. */
  save(): SavedCore {
    return {
      select: [this.deviceFeatureSelect, this.driverFeatureSelect, this.queueSelect],
      features: [...this.#accepted],
      queues: [...this.#queues].map(([index, words]) => [index, ...words]),
      device: this.device.save(),
    };
  }

  /** Becomes what was saved, from untrusted data; TypeError or RangeError leave the device reset or untouched. */
  restore(value: unknown, path: string): void {
    const saved = savedRecord(value, path);
    const select = savedIntegers(saved.select, `${path}.select`, 3);
    const features = savedIntegers(saved.features, `${path}.features`, FEATURE_WORDS);
    const queues = savedList(saved.queues, `${path}.queues`).map((queue, at) =>
      savedIntegers(queue, `${path}.queues[${at}]`, QUEUE_WORDS + 1)
    );
    try {
      this.device.restore(saved.device);
      this.#forget();
      this.#accepted.set(features);
      this.#refresh();
      this.#restoreQueues(queues, `${path}.queues`);
    } catch (error) {
      this.#reset();
      throw error;
    }
    [this.deviceFeatureSelect, this.driverFeatureSelect] = [select[0]!, select[1]!];
    this.selectQueue(select[2]!);
  }

  #restoreQueues(queues: readonly (readonly number[])[], path: string): void {
    const enabled = new Set(this.device.save().queues.map(({ layout }) => layout.index));
    queues.forEach(([index], at) => {
      if (!this.#exists(index!)) savedInteger(index, `${path}[${at}][0]`, this.#queueCount - 1);
    });
    for (const [index, ...words] of queues) {
      words[QueueWord.ENABLED] = enabled.delete(index!) ? 1 : 0;
      this.#queues.set(index!, Uint32Array.from(words));
    }
    for (const index of enabled) { // enabled without registers, as over channel I/O
      this.selectQueue(index);
      this.#firstWrite()![QueueWord.ENABLED] = 1;
    }
  }

  #exists(index: number): boolean {
    const { index: first, count } = this.#admin;
    return index < this.#queueCount || index >= first && index < first + count;
  }

  #agreed(): boolean {
    return (this.device.getStatus() & Status.FEATURES_OK) !== 0;
  }

  #firstWrite(): Uint32Array | undefined {
    if (!this.#exists(this.queueSelect)) return undefined;
    const words = new Uint32Array(QUEUE_WORDS);
    words[QueueWord.VECTOR] = this.#noVector;
    this.#queues.set(this.queueSelect, words);
    return words;
  }

  #reset(): void {
    this.device.setStatus(0);
    this.#forget();
    this.#refresh();
    this.#events.deviceReset();
  }

  #forget(): void {
    this.deviceFeatureSelect = this.driverFeatureSelect = this.queueSelect = 0;
    this.#accepted.fill(0);
    this.#queues.clear();
    this.#selected = undefined;
  }

  /** Counting queues allocates, and what it depends on changes with the status. */
  #refresh(): void {
    this.#queueCount = this.device.queueCount;
    this.#admin = this.device.adminQueues;
    this.#sizeMax = this.device.queueSizeMax(0);
  }
}

function setWords(words: Uint32Array, features: bigint): void {
  for (let at = 0; at < words.length; at++) {
    words[at] = Number(features >> BigInt(32 * at) & 0xffff_ffffn);
  }
}
