/**
 * The configuration space as a driver reads it: bytes that belong together at once, one after the
 * other what belongs together in steps, and all of it again when it changes.
 *
 * @module
 */

import { PeerError } from "./errors.ts";
import type { Transport } from "./transport.ts";

/** How often a configuration that changes under the read is read again. */
const READS = 16;

/** Access to the configuration space of one device. */
export class ConfigAccess {
  readonly #transport: Transport;
  #steps: Promise<unknown> = Promise.resolve();
  #refreshing = false;
  #again = false;

  /** Over a transport. */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Reads bytes that belong together (VIRTIO 1.4, 2.5.1); PeerError when they never hold still. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const transport = this.#transport;
    if (!transport.facilities.configGeneration) return await transport.readConfig(offset, length);
    let generation = await transport.configGeneration();
    for (let reads = 0; reads < READS; reads++) {
      const bytes = await transport.readConfig(offset, length);
      const after = await transport.configGeneration();
      if (after === generation) return bytes;
      generation = after;
    }
    throw new PeerError("Cannot read the configuration", {
      field: "config_generation",
      wanted: `the same within ${READS} reads`,
      got: generation,
    });
  }

  /** Runs steps when those before have ended. */
  inTurn<T>(steps: () => Promise<T>): Promise<T> {
    const result = this.#steps.then(steps);
    this.#steps = result.catch(() => {});
    return result;
  }

  /** Calls `refresh`, and again for what changed meanwhile, until it answers false; one call at a time. */
  async refresh(refresh: () => Promise<boolean>): Promise<void> {
    this.#again = true;
    if (this.#refreshing) return;
    this.#refreshing = true;
    try {
      do this.#again = false; while (await refresh() && this.#again);
    } finally {
      this.#refreshing = false;
    }
  }
}
