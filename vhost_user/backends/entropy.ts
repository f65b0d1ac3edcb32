/**
 * Random bytes, from the system.
 *
 * @module
 */

import { EntropyDevice } from "../../generated/entropy/mod.ts";
import { defineBackEnd } from "./ready.ts";

/** What `crypto.getRandomValues` gives in one call. */
const CHUNK = 65536;

/** A source of entropy; it fills at most 64 KiB of a request, which the standard allows. */
export function randomSource(): EntropyDevice {
  const random = new Uint8Array(CHUNK);
  return new EntropyDevice({
    queueSizeMax: 1024,
    random: (data) => {
      const part = random.subarray(0, Math.min(CHUNK, data.remaining));
      data.write(crypto.getRandomValues(part));
    },
  });
}

/** `serve entropy`. */
export const backEnd = defineBackEnd({
  usage: "",
  help: "",
  options: {},
  load: () => ({
    device: randomSource(),
    qemu: ["-device vhost-user-rng-pci,chardev=virtio0"],
  }),
});
