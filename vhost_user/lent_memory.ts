/**
 * The memory that a front end of ours lends to a back end, for rings and data.
 *
 * @module
 */

import {
  VHOST_USER_MEMORY,
  VHOST_USER_MEMORY_REGION,
  VHOST_USER_MEMORY_REGION_SIZE,
  VHOST_VRING_ADDR,
  VHOST_VRING_ADDR_SIZE,
} from "../generated/layout/vhost_user.ts";
import { Arena } from "../runtime/arena.ts";
import { GuestMemory } from "../runtime/memory.ts";
import type { QueueLayout } from "../runtime/queue.ts";
import { close } from "./ffi.ts";
import { payloadOf } from "./protocol.ts";
import { map, type Mapping, memoryFile } from "./shared_memory.ts";

const ADDRESS = 0x1000_0000;

/** One region of shared memory, mapped here and by the back end. */
export class LentMemory {
  /** The descriptor that the back end is sent. */
  readonly file: number;
  /** The region, as the device sees it. */
  readonly memory: GuestMemory;
  /** All of it, to be allocated from. */
  readonly arena: Arena;
  readonly #mapping: Mapping;

  /** So many bytes; TransportError when there are none. */
  constructor(size: number) {
    this.file = memoryFile("virtio", size);
    try {
      this.#mapping = map(this.file, 0, size);
    } catch (error) {
      close(this.file);
      throw error;
    }
    this.memory = GuestMemory.of(this.#mapping.bytes, ADDRESS);
    this.arena = new Arena(this.memory, ADDRESS, size);
  }

  /** The payload of SET_MEM_TABLE. */
  table(): DataView<ArrayBuffer> {
    const table = payloadOf(VHOST_USER_MEMORY.regions + VHOST_USER_MEMORY_REGION_SIZE);
    table.setUint32(VHOST_USER_MEMORY.nregions, 1, true);
    const field = (name: keyof typeof VHOST_USER_MEMORY_REGION, value: number) => {
      const at = VHOST_USER_MEMORY.regions + VHOST_USER_MEMORY_REGION[name];
      table.setBigUint64(at, BigInt(value), true);
    };
    field("guestPhysAddr", ADDRESS);
    field("memorySize", this.#mapping.bytes.length);
    field("userspaceAddr", this.#mapping.address);
    return table;
  }

  /** The payload of SET_VRING_ADDR for a queue in it. */
  addresses({ index, desc, driver, device }: QueueLayout): DataView<ArrayBuffer> {
    const payload = payloadOf(VHOST_VRING_ADDR_SIZE);
    payload.setUint32(VHOST_VRING_ADDR.index, index, true);
    const field = (name: keyof typeof VHOST_VRING_ADDR, address: number) => {
      const user = address - ADDRESS + this.#mapping.address;
      payload.setBigUint64(VHOST_VRING_ADDR[name], BigInt(user), true);
    };
    field("descUserAddr", desc);
    field("availUserAddr", driver);
    field("usedUserAddr", device);
    return payload;
  }

  /** Takes the memory away, once. */
  close(): void {
    if (this.memory.regions.length === 0) return;
    this.memory.removeRegion(ADDRESS);
    this.#mapping.close();
    close(this.file);
  }
}
