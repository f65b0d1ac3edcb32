/**
 * Mappings of ranges of addresses, none of which overlap.
 *
 * @module
 */

/** Addresses, the end included. */
export interface AddressRange {
  /** The first one. */
  readonly start: bigint;
  /** The last one. */
  readonly end: bigint;
}

/** A range that is mapped. */
export interface Mapping extends AddressRange {
  /** Where the first address leads. */
  readonly phys: bigint;
  /** What it may be used for. */
  readonly flags: number;
}

/** The mappings of one address space, in ascending order. */
export class Mappings {
  readonly #all: Mapping[] = [];

  /** How many there are. */
  get count(): number {
    return this.#all.length;
  }

  /** All of them, in ascending order. */
  get all(): readonly Mapping[] {
    return this.#all;
  }

  /** The mapping that an address is in. */
  find(address: bigint): Mapping | undefined {
    const mapping = this.#all[this.#from(address)];
    return mapping !== undefined && mapping.start <= address ? mapping : undefined;
  }

  /** Whether some address of the range is mapped. */
  overlaps({ start, end }: AddressRange): boolean {
    const mapping = this.#all[this.#from(start)];
    return mapping !== undefined && mapping.start <= end;
  }

  /** Adds a mapping that overlaps none. */
  add(mapping: Mapping): void {
    this.#all.splice(this.#from(mapping.start), 0, mapping);
  }

  /** Removes all mappings in the range; false, and nothing is removed, when it has a part of one only. */
  remove({ start, end }: AddressRange): boolean {
    const first = this.#from(start);
    let after = first;
    while (after < this.#all.length && this.#all[after]!.start <= end) after++;
    if (after === first) return true;
    if (this.#all[first]!.start < start || this.#all[after - 1]!.end > end) return false;
    this.#all.splice(first, after - first);
    return true;
  }

  /** Place of the first mapping that does not end before the address. */
  #from(address: bigint): number {
    let [low, high] = [0, this.#all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#all[middle]!.end < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Whether two ranges have an address in common. */
export function overlap(one: AddressRange, other: AddressRange): boolean {
  return one.start <= other.end && other.start <= one.end;
}
