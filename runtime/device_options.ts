/**
 * How a device is made.
 *
 * @module
 */

import type { ConfigRange } from "./config.ts";
import {
  checkDefined,
  closeFeatures,
  type DeviceInfo,
  featuresLost,
  ringFeatures,
  type RingOptions,
} from "./features.ts";
import { QUEUE_SIZE_MAX } from "./layout.ts";

/** How a device is made. */
export interface DeviceOptions {
  /** Features of the device type that are implemented; RangeError unless they are closed. */
  readonly offered: bigint;
  /** The first bytes of the configuration space, which are copied. */
  readonly config: Uint8Array;
  /** Which parts of the configuration space the driver may write. */
  readonly writable?: readonly ConfigRange[];
  /** Which features of the ring and the core are offered. */
  readonly ring?: RingOptions;
  /** The largest queue, in descriptors: 1 to 32768, 256 when not given. */
  readonly queueSizeMax?: number;
}

/** All features that a device of these options offers; RangeError when one of them is not possible. */
export function offeredBy({ offered, ring }: DeviceOptions, info: DeviceInfo): bigint {
  checkDefined("offer", offered, info);
  const all = offered | ringFeatures(ring);
  const closed = closeFeatures(all, info.features);
  if (closed === all) return all;
  const why = featuresLost(all & ~closed, closed, info.features);
  throw new RangeError(`Cannot offer the features of ${info.name}: ${why}`);
}

/** The largest queue of a device of these options, in descriptors; RangeError when there is none like it. */
export function largestQueue({ queueSizeMax = 256 }: DeviceOptions): number {
  if (Number.isInteger(queueSizeMax) && queueSizeMax >= 1 && queueSizeMax <= QUEUE_SIZE_MAX) {
    return queueSizeMax;
  }
  throw new RangeError(
    `Cannot make queues of up to ${queueSizeMax} descriptors: not 1 to ${QUEUE_SIZE_MAX}`,
  );
}
