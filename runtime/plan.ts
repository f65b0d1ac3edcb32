/**
 * Where the queues of a device stand: families of equal queues, spread over the indices.
 *
 * @module
 */

/** Where a family begins and how it goes on. */
export interface QueuePlace {
  /** Index of the first queue; `"next"`: behind the families before it. */
  readonly first: number | "next";
  /** Index of the second queue, where it is not `first + step`. */
  readonly then?: number;
  /** Distance of one queue to the next. */
  readonly step: number;
}

/** Queues of one kind. */
export interface QueueFamily extends QueuePlace {
  /** The standard's place, where what is deployed differs. */
  readonly strict?: QueuePlace;
  /** How many there are; 0 when a feature is missing. */
  readonly count: number;
}

/** Most queues that a device can have (VIRTIO 1.4, 2.6). */
const QUEUES_MAX = 65536;

/** Which queue is what. */
export class QueuePlan {
  /** How many indices there are: one more than the largest. */
  readonly count: number;
  /** How many queues each family has. */
  readonly counts: readonly number[];
  readonly #indices: number[][];
  readonly #kinds: Int16Array;
  readonly #items: Int32Array;

  /** Lays families out; `strict` takes the standard's places. RangeError past 65536 queues. */
  constructor(families: readonly QueueFamily[], strict = false) {
    let next = 0;
    this.#indices = families.map((family) => {
      const place = strict ? family.strict ?? family : family;
      const count = Math.max(0, family.count);
      if (count > QUEUES_MAX) throw tooMany(count);
      const first = place.first === "next" ? next : place.first;
      const indices = Array.from({ length: count }, (_, item) => {
        if (item === 0) return first;
        return (place.then ?? first + place.step) + (item - 1) * place.step;
      });
      next = Math.max(next, ...indices.slice(-1).map((index) => index + 1));
      return indices;
    });
    this.count = next;
    this.counts = this.#indices.map((indices) => indices.length);
    if (next > QUEUES_MAX) throw tooMany(next);
    this.#kinds = new Int16Array(next).fill(-1);
    this.#items = new Int32Array(next);
    this.#indices.forEach((indices, kind) =>
      indices.forEach((index, item) => {
        this.#kinds[index] = kind;
        this.#items[index] = item;
      })
    );
  }

  /** Index of a family's item; RangeError when it has no such item. */
  index(kind: number, item = 0): number {
    const index = this.#indices[kind]?.[item];
    if (index === undefined) {
      throw new RangeError(
        `Cannot find queue ${item}: there are ${this.counts[kind] ?? 0} of its kind`,
      );
    }
    return index;
  }

  /** Family of the queue at an index, -1 where there is none. */
  kind(index: number): number {
    return this.#kinds[index] ?? -1;
  }

  /** Number of the queue at an index within its family. */
  item(index: number): number {
    return this.#items[index] ?? 0;
  }
}

function tooMany(count: number): RangeError {
  return new RangeError(`Cannot lay out ${count} queues: there can be ${QUEUES_MAX}`);
}
