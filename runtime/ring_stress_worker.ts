/** The other thread of the stress test: an honest device, or somebody who scribbles into the ring. @module */

import { GuestMemory } from "./memory.ts";
import { createDeviceQueue, type QueueFeatures, type QueueLayout } from "./queue.ts";
import { Random } from "./random.ts";

/** What the thread is to do. */
export interface StressJob {
  readonly role: "device" | "scribbler";
  readonly buffer: SharedArrayBuffer;
  readonly base: number;
  readonly layout: QueueLayout;
  readonly features: QueueFeatures;
  /** Its first word turns 1 when the thread is to end; the second counts its rounds. */
  readonly control: SharedArrayBuffer;
}

/** The part of a worker's global scope that is needed here. */
interface Scope {
  onmessage: ((event: MessageEvent<StressJob>) => void) | null;
  postMessage(message: string): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data }) => {
  scope.postMessage("ready");
  if (data.role === "device") serve(data);
  else scribble(data);
  scope.postMessage("done");
};

/** Answers each buffer with the sum of its readable bytes, until told to end. */
function serve(job: StressJob): void {
  const control = new Int32Array(job.control);
  const memory = GuestMemory.of(job.buffer, job.base);
  const device = createDeviceQueue(memory, job.layout, job.features);
  const sum = new Uint8Array(4);
  while (Atomics.load(control, 0) === 0) {
    for (let head = device.pop(); head >= 0; head = device.pop()) {
      const chain = device.chain(head);
      const length = chain.readableLength;
      chain.readFixed(0, length);
      let total = 0;
      for (let at = 0; at < length; at++) total += chain.fixed[at]!;
      sum[0] = total;
      sum[1] = total >> 8;
      chain.write(0, sum, 0, 4);
      device.push(head, 4);
    }
    device.publish();
    if (device.broken !== undefined) throw device.broken;
  }
}

/** Changes bytes of the ring, without rest. */
function scribble(job: StressJob): void {
  const control = new Int32Array(job.control);
  const bytes = new Uint8Array(job.buffer, 0, 4096);
  const random = new Random(1);
  while (Atomics.load(control, 0) === 0) {
    bytes[random.below(bytes.length)] = random.word();
    Atomics.add(control, 1, 1);
  }
}
