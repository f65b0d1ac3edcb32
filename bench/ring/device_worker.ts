/** The device's end of a ring in a thread of its own: it polls, and answers all that comes. @module */

import { GuestMemory } from "../../runtime/memory.ts";
import { createDeviceQueue, type QueueFeatures, type QueueLayout } from "../../runtime/queue.ts";
import { serve } from "./rings.ts";

/** What the thread serves. */
export interface DeviceTask {
  /** All of guest memory. */
  readonly buffer: SharedArrayBuffer;
  /** Guest address of its first byte. */
  readonly base: number;
  /** Where the ring is. */
  readonly layout: QueueLayout;
  /** What was negotiated. */
  readonly features: QueueFeatures;
  /** Its word turns 1 when the thread is to end. */
  readonly control: Int32Array;
}

/** The part of a worker's global scope that is needed here. */
interface Scope {
  onmessage: ((event: MessageEvent<DeviceTask>) => void) | null;
  postMessage(message: string): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data }) => {
  const memory = GuestMemory.of(data.buffer, data.base);
  const device = createDeviceQueue(memory, data.layout, data.features);
  scope.postMessage("ready");
  while (Atomics.load(data.control, 0) === 0) {
    serve(device);
    if (device.broken !== undefined) throw device.broken;
  }
};
