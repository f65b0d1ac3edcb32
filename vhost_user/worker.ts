/**
 * The thread of one ring: it serves a device of its own, made by the module, and sleeps in the kernel
 * until its ring is kicked.
 *
 * After each event it looks for another one for a while before it sleeps: waking takes 30 µs and more,
 * and a driver that waits for an answer kicks again long before.
 *
 * @module
 */

import { Device } from "../runtime/device.ts";
import { GuestMemory } from "../runtime/memory.ts";
import type { QueuePosition } from "../runtime/queue.ts";
import type { DeviceBinding } from "../runtime/transport.ts";
import { queueTask } from "../runtime/task.ts";
import { FACILITIES } from "./facilities.ts";
import { drain, signal, Watch } from "./ffi.ts";
import { recorded } from "./records.ts";
import { drained } from "./runner.ts";
import type { Command, FromWorker, RunRing, ToWorker } from "./worker_runner.ts";

/** Milliseconds for which another event is looked for. */
const PATIENCE = 0.05;

const port = globalThis as unknown as {
  onmessage: (event: MessageEvent<ToWorker>) => void;
  postMessage: (message: FromWorker) => void;
};
const commands: Command[] = [];
let arrived: () => void = () => {};
let completed: () => number = () => 0;

port.onmessage = ({ data }) => {
  if (data.kind === "run") void run(data);
  else {
    commands.push(data);
    arrived();
  }
};

/** Takes a command, which may be on its way still; what ends the run, if that does. */
async function take(): Promise<"drain" | "stop" | undefined> {
  if (commands.length === 0) await new Promise<void>((resolve) => arrived = resolve);
  const { kind } = commands.shift()!;
  if (kind === "count") port.postMessage({ kind: "counted", completed: completed() });
  return kind === "drain" || kind === "stop" ? kind : undefined;
}

function tell(error: unknown): void {
  port.postMessage({
    kind: "failed",
    message: error instanceof Error ? error.message : `${error}`,
  });
}

/** Runs a ring until it is to stop, or waits for that when the ring can not be run. */
async function run(given: RunRing): Promise<void> {
  let position: QueuePosition | undefined;
  try {
    position = await serve(await deviceOf(given), given);
  } catch (error) {
    tell(error);
    while (await take() === undefined);
    drain(given.control);
  }
  port.postMessage({ kind: "stopped", position, completed: completed() });
}

async function deviceOf({ module }: RunRing): Promise<Device> {
  const { default: device } = await import(module);
  if (device instanceof Device) return device;
  throw new TypeError(`Cannot serve ${module}: its default export is no device`);
}

/** Serves the ring until it is to stop; where the device stands in it then. */
async function serve(device: Device, given: RunRing): Promise<QueuePosition | undefined> {
  const { snapshot, call, regions, records } = given;
  const binding: DeviceBinding = {
    memory: new GuestMemory(regions),
    facilities: FACILITIES,
    notifyQueue: () => signal(call),
    notifyConfig: () => {},
  };
  device.onError = tell;
  completed = () => device.completed(snapshot.queues[0]!.layout.index);
  device.bind(binding);
  try {
    recorded(device, records, () => device.restore(snapshot));
    const last = await listen(device, given);
    if (last === "drain") await drained(device);
    return device.resetQueue(snapshot.queues[0]!.layout.index);
  } finally {
    device.unbind();
  }
}

/** Serves the ring whenever it is kicked, until a command ends that. */
async function listen(device: Device, given: RunRing): Promise<"drain" | "stop"> {
  const { snapshot, kick, control } = given;
  const { index } = snapshot.queues[0]!.layout;
  const watch = new Watch();
  let awake = 0;
  try {
    watch.add(control);
    if (kick >= 0) watch.add(kick, true); // its count is never read, which saves a call each time
    for (;;) {
      let count = watch.wait(0);
      if (count === 0) {
        if (performance.now() < awake && device.idle) continue;
        count = await sleep(device, watch, kick < 0);
      }
      for (let at = 0; at < count; at++) {
        if (watch.ready(at) !== control) continue;
        for (let sent = drain(control); sent > 0; sent--) {
          const end = await take();
          if (end !== undefined) return end;
        }
      }
      device.notify(index);
      awake = performance.now() + PATIENCE;
      if (!device.idle) await new Promise<void>(queueTask);
    }
  } finally {
    watch.close();
  }
}

/** Sleeps until an event; in another thread as long as the device works on something in this one. */
async function sleep(device: Device, watch: Watch, polling: boolean): Promise<number> {
  if (!device.idle) return await watch.waitElsewhere();
  return watch.wait(polling ? 1 : -1);
}
