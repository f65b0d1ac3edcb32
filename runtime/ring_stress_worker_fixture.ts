/** The other thread of a stress test: an honest device, or somebody who scribbles into the ring. @module */

import { Doorbell } from "./doorbell.ts";
import { GuestMemory } from "./memory.ts";
import { createDeviceQueue, type DeviceQueue } from "./queue.ts";
import { Random } from "./random.ts";
import { checksum, END, PAYLOAD, ROUNDS, type StressJob } from "./ring_stress_fixture.ts";
import { TO_DEVICE, TO_DRIVER } from "./thread_calls.ts";

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

/** Answers each buffer with the checksum of its payload, until told to end. */
function serve(job: StressJob): void {
  const control = new Int32Array(job.control);
  const memory = GuestMemory.of(job.buffer, job.base);
  const device = createDeviceQueue(memory, job.layout, job.features);
  const toDevice = new Doorbell(job.bells, TO_DEVICE);
  const toDriver = new Doorbell(job.bells, TO_DRIVER);
  device.onNotify = () => toDriver.ring(0);
  const answer = new Int32Array(1);
  const bytes = new Uint8Array(answer.buffer);
  while (Atomics.load(control, END) === 0) {
    device.suppress();
    for (let head = device.pop(); head >= 0; head = device.pop()) {
      answer[0] = payloadSum(device, head);
      device.chain(head).write(0, bytes, 0, 4);
      device.push(head, 4);
    }
    device.publish();
    if (device.broken !== undefined) throw device.broken;
    if (!job.asleep || !device.arm()) continue;
    while (!toDevice.rung) toDevice.block(); // until the bell is rung: no pulse saves who loses a wake
    toDevice.take();
  }
}

function payloadSum(device: DeviceQueue, head: number): number {
  const chain = device.chain(head);
  if (chain.readableLength !== PAYLOAD) throw new Error("the payload has another length");
  chain.readFixed(0, PAYLOAD);
  return checksum(chain.view, 0);
}

/** Changes bytes of the ring, without rest. */
function scribble(job: StressJob): void {
  const control = new Int32Array(job.control);
  const bytes = new Uint8Array(job.buffer, 0, 4096);
  const random = new Random(1);
  while (Atomics.load(control, END) === 0) {
    bytes[random.below(bytes.length)] = random.word();
    Atomics.add(control, ROUNDS, 1);
  }
}
