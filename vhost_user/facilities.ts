/**
 * What vhost-user can carry, for both of its ends.
 *
 * @module
 */

import type { Facilities } from "../runtime/transport.ts";

/** What vhost-user can carry; the table of transports in `spec/transports/facilities.ts` says why. */
export const FACILITIES: Facilities = {
  name: "vhost-user",
  featureBits: 64,
  queueReset: true,
  sharedMemory: false,
  adminQueue: false,
  notificationData: false,
  suspend: false,
  configGeneration: false,
};
