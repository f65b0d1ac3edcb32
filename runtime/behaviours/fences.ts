/**
 * Fences: a command that has one is answered once it is complete, and so are all before it on the
 * same timeline (VIRTIO 1.4, 5.7.6.7). A driver that hears of one fence takes those before for
 * passed: an answer that is ready too early waits for them, be it a refusal.
 *
 * @module
 */

import type { Names } from "../behaviour.ts";
import type { DeviceQueue } from "../queue.ts";
import { AnswerLines } from "./answer_lines.ts";

/** The device's enumerations and features. */
export interface FencesCodes {
  /** Flags of a command. */
  readonly flag: Names<"FENCE" | "INFO_RING_IDX">;
  /** Features by their bits. */
  readonly features: Names<"CONTEXT_INIT">;
}

/** What fences look at in their device. */
export interface FencesHost {
  /** Whether a feature was negotiated. */
  hasFeature(bit: number): boolean;
}

/** The timelines of one device. */
export class Fences extends AnswerLines {
  readonly #host: FencesHost;
  readonly #codes: FencesCodes;

  /** For a device. */
  constructor(host: FencesHost, codes: FencesCodes) {
    super();
    this.#host = host;
    this.#codes = codes;
  }

  /** Puts a command with a fence in its timeline: one for each ring of a context, and one for all that name none. */
  stand(queue: DeviceQueue, head: number, flags: number, context: number, ring: number): void {
    const { flag, features } = this.#codes;
    if ((flags & flag.FENCE) === 0) return;
    const named = (flags & flag.INFO_RING_IDX) !== 0 &&
      this.#host.hasFeature(features.CONTEXT_INIT);
    this.join(queue, head, named ? `${context}.${ring}` : "");
  }
}
