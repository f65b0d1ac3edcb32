/**
 * The thread of one ring: it serves a device of its own, made by the module, and sleeps in the kernel
 * until its ring is kicked.
 *
 * After each buffer it looks for another one for a while before it asks for a kick and sleeps: waking
 * takes 30 µs and more, and a driver that waits for an answer has another one long before. As long as
 * it looks, it makes no system call, and none is needed to reach it.
 *
 * @module
 */

import { Device } from "../runtime/device.ts";
import { GuestMemory } from "../runtime/memory.ts";
import type { QueuePosition } from "../runtime/queue.ts";
import type { DeviceBinding } from "../runtime/transport.ts";
import { queueTask } from "../runtime/task.ts";
import { FACILITIES } from "./facilities.ts";
import { signal, Watch } from "./events.ts";
import { recorded } from "./records.ts";
import { drained } from "./runner.ts";
import type { Command, FromWorker, RunRing, ToWorker } from "./worker_runner.ts";

/** How often a ring is looked into before anything else gets its turn: some microseconds. */
const LOOKS = 256;
/** After how many times that, all in vain, the thread sleeps: 50 µs or so. */
const PATIENCE = 16;

const port = globalThis as unknown as {
  onmessage: (event: MessageEvent<ToWorker>) => void;
  postMessage: (message: FromWorker) => void;
};
const commands: Command[] = [];
/** How many commands were taken, modulo 2^32; the others are on their way. */
let taken = 0;
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
  taken = taken + 1 | 0;
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

/** Serves the ring until a command ends that: polls while it is busy, and sleeps until it is kicked else. */
async function listen(device: Device, given: RunRing): Promise<"drain" | "stop"> {
  const { snapshot, kick, control, sent } = given;
  const { index } = snapshot.queues[0]!.layout;
  const watch = new Watch();
  try {
    // Counts of events are never read, which saves a call each time.
    watch.add(control, true);
    if (kick >= 0) watch.add(kick, true);
    for (let patience = 0;;) {
      patience = look(device, index) ? PATIENCE : patience - 1;
      while (Atomics.load(sent, 0) !== taken) {
        const end = await take();
        if (end !== undefined) return end;
      }
      if (!device.idle) await new Promise<void>(queueTask);
      if (patience > 0) continue;
      device.notify(index); // which asks for a kick
      await sleep(device, watch, kick < 0);
      patience = PATIENCE;
    }
  } finally {
    watch.close();
  }
}

/** Looks into the ring again and again for some microseconds; whether there was anything. */
function look(device: Device, index: number): boolean {
  let found = false;
  for (let count = 0; count < LOOKS; count++) found = device.poll(index) || found;
  return found;
}

/** Sleeps until an event; in another thread as long as the device works on something in this one. */
async function sleep(device: Device, watch: Watch, polling: boolean): Promise<void> {
  if (!device.idle) await watch.waitElsewhere();
  else watch.wait(polling ? 1 : -1);
}
