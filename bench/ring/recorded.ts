/** Peers that can not be had on every machine. @module */

/** How many times the C reference a peer took, one thread, split ring of 256, batch 64. */
export interface Recorded {
  /** Who. */
  readonly name: string;
  /** Its time over that of the C reference of the same machine, in the same session. */
  readonly ratio: number;
}

/**
 * Recorded on two cores of a shared Xeon with gcc 12 -O2 and Deno 2.9; C, publishing once per burst, took 8.05 ns
 * there. The last two are two pinned threads that poll, where C took 23 ns.
 */
export const RECORDED: readonly Recorded[] = [
  { name: "rust-vmm virtio-queue 0.14", ratio: 3.5 },
  { name: "rust-vmm virtio-queue 0.18", ratio: 5.0 },
  { name: "v86 VirtQueue on typed arrays", ratio: 5.5 },
  { name: "v86 VirtQueue on wasm memory", ratio: 14.8 },
  { name: "ringtest ring, two threads", ratio: 1.2 },
  { name: "ringtest virtio_ring_0_9, two threads", ratio: 9.0 },
];
