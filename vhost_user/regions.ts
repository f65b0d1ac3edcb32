/**
 * The guest's memory as a front end lends it: files, mapped region by region.
 *
 * Security model: a region is refused unless all of it lies inside its file and none of it in another
 * region, by the guest's addresses and by the front end's. A peer that makes its file smaller later
 * still ends this process with SIGBUS; `requireSealed` takes only memory that can not shrink.
 *
 * @module
 */

import { PeerError } from "../runtime/errors.ts";
import { GuestMemory } from "../runtime/memory.ts";
import { fileSize, isSealed, map, type Mapping } from "./shared_memory.ts";
import type { RegionInfo } from "./protocol.ts";

interface Region extends RegionInfo {
  readonly mapping: Mapping;
  /** How often it was added: QEMU 7.2 tells of each region once for every pair of a network's queues. */
  times: number;
}

/** Most regions at a time, one by one. */
export const REGIONS_MAX = 64;

/** The regions of one session. */
export class Regions {
  /** The same regions by guest address, for a device. */
  readonly memory: GuestMemory = new GuestMemory();
  readonly #sealed: boolean;
  #regions: Region[] = [];

  /** No memory at first; `requireSealed` refuses memory that can shrink. */
  constructor(requireSealed: boolean) {
    this.#sealed = requireSealed;
  }

  /** How many there are. */
  get count(): number {
    return this.#regions.length;
  }

  /** Takes these regions in place of all; PeerError when one can not be, which changes nothing. */
  replace(infos: readonly RegionInfo[], descriptors: readonly number[]): void {
    infos.forEach((info, at) => {
      checkRegion(info, descriptors[at]!, this.#sealed);
      checkApart(info, infos.slice(0, at));
    });
    const fresh: Region[] = [];
    try {
      infos.forEach((info, at) => fresh.push(mapped(info, descriptors[at]!)));
    } catch (error) {
      fresh.forEach(({ mapping }) => mapping.close());
      throw error;
    }
    const old = this.#regions;
    this.#regions = fresh;
    for (const region of old) {
      if (!fresh.some((other) => sameRange(region, other))) {
        this.memory.removeRegion(region.address);
      }
    }
    for (const region of fresh) {
      const { address, mapping } = region;
      if (old.some((other) => sameRange(region, other))) {
        this.memory.replaceRegion(address, mapping.bytes);
      } else this.memory.addRegion({ address, bytes: mapping.bytes });
    }
    old.forEach(({ mapping }) => mapping.close());
  }

  /** Takes one region more, or one that is there once more; PeerError when it can not be. */
  add(info: RegionInfo, descriptor: number): void {
    const there = this.#regions.find((one) => sameRegion(one, info) && one.offset === info.offset);
    if (there !== undefined) {
      there.times++;
      return;
    }
    if (this.#regions.length >= REGIONS_MAX) {
      refuse("regions", `at most ${REGIONS_MAX}`, this.#regions.length + 1);
    }
    checkRegion(info, descriptor, this.#sealed);
    checkApart(info, this.#regions);
    const region = mapped(info, descriptor);
    this.#regions.push(region);
    this.memory.addRegion({ address: info.address, bytes: region.mapping.bytes });
  }

  /**
   * Lets go of one region, found by its addresses and size, when it was removed as often as it was added;
   * PeerError when there is none like it.
   */
  remove(info: RegionInfo): void {
    const at = this.#regions.findIndex((one) => sameRegion(one, info));
    if (at < 0) refuse("guest_phys_addr", "that of a region", info.address);
    const region = this.#regions[at]!;
    if (--region.times > 0) return;
    this.#regions.splice(at, 1);
    this.memory.removeRegion(info.address);
    region.mapping.close();
  }

  /** Lets go of all regions. */
  clear(): void {
    this.replace([], []);
  }

  /** The guest address of what the front end knows by an address of its own; -1 when it is in no region. */
  guestAddress(user: bigint): number {
    for (const region of this.#regions) {
      const offset = user - region.user;
      if (offset >= 0n && offset < BigInt(region.size)) return region.address + Number(offset);
    }
    return -1;
  }
}

function mapped(info: RegionInfo, descriptor: number): Region {
  return { ...info, mapping: map(descriptor, info.offset, info.size), times: 1 };
}

function sameRange(a: RegionInfo, b: RegionInfo): boolean {
  return a.address === b.address && a.size === b.size;
}

function sameRegion(a: RegionInfo, b: RegionInfo): boolean {
  return sameRange(a, b) && a.user === b.user;
}

function checkRegion(info: RegionInfo, descriptor: number, sealed: boolean): void {
  const { address, size, user, offset } = info;
  if (size === 0) refuse("memory_size", "more than 0", size);
  if (address + size > Number.MAX_SAFE_INTEGER) {
    refuse("memory_size", `an end below 2^53 from ${address} on`, size);
  }
  if (user + BigInt(size) > 1n << 64n) refuse("userspace_addr", "an end below 2^64", user);
  const file = fileSize(descriptor).size;
  if (offset + size > file) {
    refuse("memory_size", `inside the ${file} bytes of its file, from ${offset} on`, size);
  }
  if (sealed && !isSealed(descriptor)) refuse("descriptor", "memory that can not shrink", "other");
}

function checkApart(info: RegionInfo, others: readonly RegionInfo[]): void {
  const { address, size, user } = info;
  for (const other of others) {
    if (address < other.address + other.size && other.address < address + size) {
      refuse("guest_phys_addr", `outside the region at ${other.address}`, address);
    }
    if (user < other.user + BigInt(other.size) && other.user < user + BigInt(size)) {
      refuse("userspace_addr", `outside the region at ${other.user}`, user);
    }
  }
}

function refuse(field: string, wanted: string, got: string | number | bigint): never {
  throw new PeerError("Cannot map the region", { field, wanted, got });
}
