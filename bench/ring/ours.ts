/**
 * Our rings, measured as reference.c measures its own: reads lines
 * `<format> <threads> burst <elements> <batch> <milliseconds>` and answers each with the nanoseconds per buffer.
 * With `--after-devices`, all generated devices run over rings of both formats first, in this process.
 *
 * @module
 */

import { createDeviceQueue, type QueueFormat } from "../../runtime/queue.ts";
import { runAllDevices } from "./all_devices.ts";
import type { DeviceTask } from "./device_worker.ts";
import { readLines } from "./lines.ts";
import { FEATURES, makeBench } from "./rings.ts";

/** Buffers that are timed together. */
const SLICE = 2048;
const WARM_UP_MS = 300;

/**
 * The loops for one case. An application has the loops of its own drivers and devices, which see one format, one kind of
 * request and one way to come each; a module of their own for each case makes those here alike.
 */
function loopsOf({ format, threads, elements, batch }: Job): Promise<typeof import("./rings.ts")> {
  return import(`./rings.ts?${format}-${threads}-${elements}-${batch}`);
}

interface Job {
  readonly format: QueueFormat;
  readonly threads: number;
  readonly elements: number;
  readonly batch: number;
  readonly milliseconds: number;
}

function parse(line: string): Job {
  const [format, threads, publish, elements, batch, milliseconds] = line.split(" ");
  if ((format !== "split" && format !== "packed") || publish !== "burst") {
    throw new TypeError(`Cannot measure "${line}"`);
  }
  return {
    format,
    threads: Number(threads),
    elements: Number(elements),
    batch: Number(batch),
    milliseconds: Number(milliseconds),
  };
}

/** Repeats `step`, which says how many buffers it moved, for that long; nanoseconds per buffer, in the tenth of all slices disturbed least. */
function spend(milliseconds: number, step: () => number): number {
  const start = performance.now();
  const times: number[] = [];
  for (let before = start; before - start < milliseconds;) {
    let buffers = 0;
    while (buffers < SLICE) buffers += step();
    const after = performance.now();
    times.push((after - before) * 1e6 / buffers);
    before = after;
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 10)]!;
}

/** Both ends in this thread. */
async function measureOne(job: Job): Promise<number> {
  const { elements, batch } = job;
  const bench = makeBench(job.format, false);
  const device = createDeviceQueue(bench.memory, bench.layout, FEATURES);
  const { round } = await loopsOf(job);
  const step = () => {
    round(bench, device, elements, batch);
    return batch;
  };
  spend(WARM_UP_MS, step);
  return spend(job.milliseconds, step);
}

/** The device's end in a thread of its own. */
async function measureTwo(job: Job): Promise<number> {
  const { elements, batch } = job;
  const bench = makeBench(job.format, true);
  const { driver, memory, layout } = bench;
  const control = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL("./device_worker.ts", import.meta.url), { type: "module" });
  const region = memory.regions[0]!;
  const task: DeviceTask = {
    buffer: region.bytes.buffer as SharedArrayBuffer,
    base: region.address,
    layout,
    features: FEATURES,
    control,
  };
  await new Promise((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = reject;
    worker.postMessage(task);
  });
  await pinThreads();
  let pending = 0;
  let added = 0;
  const { keep } = await loopsOf(job);
  const step = () => {
    const before = pending;
    pending = keep(bench, added, pending, elements, batch);
    added = (added + batch - before) | 0;
    return batch - before;
  };
  spend(WARM_UP_MS, step);
  const time = spend(job.milliseconds, step);
  const limit = performance.now() + 1000;
  while (driver.pending > 0 && performance.now() < limit) driver.collect();
  Atomics.store(control, 0, 1);
  worker.terminate();
  return time;
}

/** The main thread to the first processor, the worker to the second, where the system can do that. */
async function pinThreads(): Promise<void> {
  if (Deno.build.os !== "linux") return;
  await pin(0, Deno.pid);
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    const comm = Deno.readTextFileSync(`/proc/self/task/${name}/comm`);
    if (comm.startsWith("worker")) await pin(1, Number(name));
  }
}

async function pin(processor: number, thread: number): Promise<void> {
  const args = ["-cp", String(processor), String(thread)];
  await new Deno.Command("taskset", { args, stdout: "null", stderr: "null" }).output();
}

if (Deno.args.includes("--after-devices")) await runAllDevices();
for await (const line of readLines(Deno.stdin.readable)) {
  const job = parse(line);
  const time = await (job.threads === 1 ? measureOne(job) : measureTwo(job));
  console.log(time.toFixed(2));
}
