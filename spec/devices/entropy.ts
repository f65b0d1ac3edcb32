/**
 * Entropy device (VIRTIO 1.4, 5.4).
 *
 * @module
 */

import { defineDevice, type Device, payload } from "../dsl.ts";

/** The entropy device: random bytes for the guest. */
export const entropy: Device = defineDevice({
  name: "entropy",
  prefix: "Entropy",
  id: 4,
  title: "Entropy Device",
  section: "5.4",
  doc: "Random bytes of high quality, in any amount that the driver asks for",

  messages: {
    random: {
      doc:
        "Asks for random bytes; at least one comes back, and perhaps fewer than there is room for",
      section: "5.4.6",
      writable: { data: payload("The random bytes") },
    },
  },

  queues: {
    requestq: {
      doc: "Empty buffers, to be filled with random bytes",
      section: "5.4.2",
      role: "request",
      carries: "random",
      index: 0,
      used: "length",
    },
  },
});
