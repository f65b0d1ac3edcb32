/**
 * What the device's ends of both formats share: pooled chains, stopping, saving and resuming.
 *
 * Of all this, {@linkcode DeviceRing.keep} and {@linkcode DeviceRing.chain} alone run once per buffer.
 *
 * How the queues' methods are cut. What nearly every buffer needs is one short method with one way out to a long one for
 * everything else, which looks at the ring anew: V8 then puts the short ones of both ends in line with an application's loop
 * (up to 920 bytes of bytecode for one function, 460 for one of those, where all of the others' lines count), and the long
 * ones never. That is also why members are private for TypeScript alone: a name with # takes nearly twice the bytecode. See
 * bench/ring/README.md for what it saved.
 *
 * @module
 */

import { checkInteger } from "./check.ts";
import { Chain, FAULT_EMPTY, FAULT_NONE, FAULT_ORDER, FAULT_OUTSIDE } from "./chain.ts";
import { InOrder } from "./in_order.ts";
import { FewElements } from "./few_elements.ts";
import type { GuestMemory } from "./memory.ts";
import type {
  DeviceQueueOptions,
  InflightBuffer,
  QueueFeatures,
  QueueLayout,
  QueuePosition,
} from "./queue.ts";
import { Ring } from "./ring.ts";

const FIXED_SIZE = 64;
const INT32_MAX = 0x7fffffff;
/** The shape of a buffer that the chain of its head has, all of it. */
const IN_CHAIN = -1;

/** State of a device's end that does not depend on the format. */
export abstract class DeviceRing extends Ring {
  /** Called when the driver is to be notified. */
  onNotify: () => void = nothing;
  /** Heads of buffers that were taken and not begun, oldest first. */
  heldBack: () => readonly number[] = noHeads;

  /** The rows of all heads, which have all that nearly every buffer needs; see {@linkcode FewElements.rows}. */
  declare protected readonly rows: Int32Array;
  /** What keeps buffers in those rows. */
  declare protected readonly few: FewElements;
  protected readonly chains: (Chain | undefined)[];
  readonly #fixedSize: number;
  declare protected readonly order: InOrder | undefined;
  /** Buffers to pop again after resuming, oldest last. */
  protected readonly resumed: number[] = [];
  protected stopped: QueuePosition | undefined = undefined;

  constructor(
    memory: GuestMemory,
    layout: QueueLayout,
    features: QueueFeatures,
    options: DeviceQueueOptions,
  ) {
    super(memory, layout, features, !features.inOrder);
    this.few = new FewElements(memory, this.size, features.indirect);
    this.rows = this.few.rows;
    this.chains = new Array<Chain | undefined>(layout.size).fill(undefined);
    this.#fixedSize = options.fixedSize ?? FIXED_SIZE;
    this.order = features.inOrder ? new InOrder(layout.size) : undefined;
  }

  /** Both positions as they are saved. */
  protected abstract where(): { avail: number; used: number };

  /** Makes all pushed buffers visible. */
  abstract expose(): void;

  /** Buffers popped and not yet pushed; counted when asked for. */
  get pending(): number {
    let count = 0;
    for (let head = 0; head < this.size; head++) if (this.isPending(head)) count++;
    return count - this.resumed.length;
  }

  /** Buffers given back so far, modulo 2^31: a serial counts one up when popped and one when pushed. */
  get completed(): number {
    let count = 0;
    for (let head = 0; head < this.size; head++) count += this.rows[head << 4]! >>> 1;
    return count % 2 ** 31;
  }

  /** The buffer of that head; TypeError when there can be none. */
  chain(head: number): Chain {
    const chain = this.chains[head] ?? this.#makeChain(head);
    const row = head << 4;
    const rows = this.rows;
    if (rows[row | 1] === IN_CHAIN) return chain;
    this.few.show(chain);
    rows[row | 1] = IN_CHAIN;
    return chain;
  }

  /** Ends the use of the ring; pending buffers become unusable. */
  stop(): void {
    if (this.stopped !== undefined) return;
    this.stopped = this.position();
    this.leave();
    this.resumed.length = 0;
    for (let head = 0; head < this.size; head++) {
      if (!this.isPending(head)) continue;
      this.chain(head).abandon();
      this.rows[head << 4]!++;
    }
  }

  /** Where the queue stands, all pushed buffers being visible. */
  position(): QueuePosition {
    if (this.stopped !== undefined) return this.stopped;
    this.expose();
    const heads = this.order?.heads() ?? this.#pendingHeads();
    const inflight = heads.map((head): InflightBuffer => {
      const chain = this.chain(head);
      const written = this.order?.written(head);
      return {
        id: this.idOf(head),
        descriptors: chain.descriptors,
        elements: chain.elements(),
        ...(written === undefined ? {} : { written }),
      };
    });
    return { format: this.format, ...this.where(), inflight };
  }

  /** Buffers that are pending, those that are held back last and in their order. */
  #pendingHeads(): number[] {
    const held = this.heldBack();
    const others = Array.from(this.chains.keys())
      .filter((head) => this.isPending(head) && !held.includes(head));
    return [...others, ...held];
  }

  /** The head (split) or the buffer id (packed) as the driver knows it. */
  protected abstract idOf(head: number): number;

  /** Whether a buffer of that head is popped and not pushed. */
  protected isPending(head: number): boolean {
    return head >= 0 && head < this.size && (this.rows[head << 4]! & 1) === 1;
  }

  /** Bytes of the buffer, pending or just given back, that the device may write. */
  protected writableOf(head: number): number {
    const row = head << 4;
    if (this.rows[row | 1]! === IN_CHAIN) return this.chains[head]!.writableLength;
    return Math.max(0, this.rows[row | 3]!);
  }

  /** Keeps a buffer of one element, given as int32 bit patterns; false when that needs a closer look. */
  protected keep(row: number, low: number, high: number, length: number, write: number): boolean {
    const { memory, rows } = this;
    // As GuestMemory.locate does it in the window of the last access.
    const offset = (low - memory.hotLow) | 0;
    if (
      high !== memory.hotHigh || offset < 0 || length <= 0 ||
      length > (memory.hotLimit - offset | 0)
    ) return false;
    rows[row | 1] = memory.found;
    rows[row | 2] = offset;
    rows[row | 3] = write !== 0 ? length : -length | 0;
    return true;
  }

  /**
   * What the ring holds for that many written bytes when {@linkcode DeviceRing.rows} does not allow them: an int32 bit
   * pattern, in which 2^32 counts as one byte less. RangeError for more bytes than the buffer has.
   */
  protected lengthWord(head: number, written: number): number {
    const writable = this.writableOf(head);
    if (written >= 0 && written <= writable) return Math.min(written, 0xffffffff) | 0;
    throw new RangeError(
      `Cannot push the buffer ${head} of queue ${this.index}: ${written} bytes written of ${writable}`,
    );
  }

  /** What is wrong with all elements of a chain together; it is complete then. */
  protected total(chain: Chain): number {
    const writable = chain.writableLength;
    this.rows[chain.head << 4 | 3] = writable < INT32_MAX ? writable : INT32_MAX;
    return chain.total();
  }

  /** The chain of that head, empty. */
  protected clearChain(head: number): Chain {
    const chain = this.chains[head] ?? this.#makeChain(head);
    this.rows[head << 4 | 1] = IN_CHAIN;
    chain.clear();
    return chain;
  }

  protected get purpose(): string {
    return "take a buffer";
  }

  /** Breaks the queue for what {@linkcode Chain.append} or {@linkcode Chain.open} found. */
  protected breakFor(fault: number, index: number, length: number): false {
    if (fault === FAULT_EMPTY) return this.break("len", index, "more than 0", 0);
    if (fault === FAULT_OUTSIDE) {
      return this.break("addr", index, `${length >>> 0} bytes inside guest memory`, "others");
    }
    if (fault === FAULT_ORDER) {
      return this.break("flags", index, "WRITE after a device-writable element", "readable");
    }
    return this.break("len", index, "at most 2^32 bytes in all", "more");
  }

  /** A push of what is not pending: TypeError, except that buffers of a stopped queue are dropped in silence. */
  protected refusePush(head: number): void {
    if (this.stopped !== undefined) return;
    throw new TypeError(`Cannot push the buffer ${head} of queue ${this.index}: it is not pending`);
  }

  /** Takes over the buffers in flight of a saved position; `headOf` names the head for each. */
  protected resume(position: QueuePosition, headOf: (buffer: InflightBuffer) => number): void {
    const what = `Cannot resume queue ${this.index}`;
    if (position.format !== this.format) {
      throw new TypeError(`${what}: format is ${position.format} instead of ${this.format}`);
    }
    for (const buffer of position.inflight) {
      checkInteger(`${what}: id`, buffer.id, 0, 0xffff);
      checkInteger(`${what}: descriptors`, buffer.descriptors, 1, this.size);
      const head = headOf(buffer);
      if (!(head < this.size) || this.isPending(head)) {
        throw new RangeError(`${what}: buffer ${buffer.id} can not be in flight`);
      }
      const chain = this.clearChain(head);
      chain.descriptors = buffer.descriptors;
      for (const { address, length, writable } of buffer.elements) {
        checkInteger(`${what}: address`, address, 0, Number.MAX_SAFE_INTEGER);
        checkInteger(`${what}: length`, length, 1, 0xffffffff);
        const fault = chain.append(address | 0, (address / 2 ** 32) | 0, length | 0, writable);
        if (fault !== FAULT_NONE) throw new RangeError(`${what}: no such element at ${address}`);
      }
      if (this.total(chain) !== FAULT_NONE) {
        throw new RangeError(`${what}: buffer ${buffer.id} too long`);
      }
      this.rows[head << 4]!++;
      this.order?.add(head);
      if (buffer.written === undefined) {
        this.resumed.unshift(head);
      } else {
        checkInteger(`${what}: written`, buffer.written, 0, chain.writableLength);
        if (this.order === undefined) {
          throw new TypeError(`${what}: written needs VIRTIO_F_IN_ORDER`);
        }
        this.rows[head << 4]!++;
        this.order.complete(head, buffer.written);
      }
    }
  }

  #makeChain(head: number): Chain {
    if (!(head >= 0 && head < this.size)) {
      throw new TypeError(
        `Cannot get the buffer ${head} of queue ${this.index}: it is not pending`,
      );
    }
    return this.chains[head] = new Chain(this.memory, this.rows, head, this.#fixedSize);
  }
}

function nothing(): void {}

function noHeads(): readonly number[] {
  return [];
}
