/**
 * A trial of one device of QEMU's: what is said to QEMU, and the proof that our driver drives it.
 *
 * To add a device, write `devices/<name>.ts` that exports a {@linkcode Trial}, and list it in
 * `devices/mod.ts`: it then runs over every bus, ring and interrupt, and has its row in the README, which
 * `deno run -R -W readme_test.ts --accept` renews.
 * Where QEMU does not offer it, name the bus in `refused` with words of what QEMU answers.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type MachineTransport, ReservedFeature } from "../../mod.ts";
import { Scratch } from "../peers.ts";
import { type MachineSettings, QemuMachine } from "./machine.ts";
import { type Bus, BUSES, type BusName, reach, type Way } from "./ways.ts";

const LIMIT_MILLISECONDS = 15_000;

/** One device of QEMU's, and our driver's proof on it. */
export interface Trial {
  /** Its description's name: that of its file in `spec/devices`. */
  readonly device: string;
  /** QEMU's name for it, without what says the bus: `virtio-blk`. */
  readonly name: string;
  /** Properties of QEMU's device, as `drive=d0`. */
  readonly properties?: readonly string[];
  /** What QEMU is told before the device is plugged: objects, character devices, files. */
  readonly options?: (scratch: Scratch) => readonly string[];
  /** What QEMU is told after that: devices on the bus that it brings. */
  readonly children?: readonly string[];
  /** What is said of the machine. */
  readonly machine?: MachineSettings;
  /** Where QEMU has no such device, and words of its answer. */
  readonly refused?: Partial<Readonly<Record<BusName, string>>>;
  /** What the proof covers, in a few words. */
  readonly proves: string;
  /** The proof. */
  readonly run: (
    transport: MachineTransport,
    machine: QemuMachine,
    scratch: Scratch,
  ) => Promise<void>;
}

/** Starts QEMU with the device of a trial. */
async function start(trial: Trial, { bus: name, ring }: Way, scratch: Scratch) {
  const bus: Bus = BUSES[name];
  const device = [
    bus.device(trial.name),
    ...(ring === "packed" ? ["packed=on"] : []),
    ...(trial.properties ?? []),
  ];
  return await QemuMachine.start(scratch, bus.machine, [
    ...bus.options,
    ...(trial.options?.(scratch) ?? []),
    ...["-device", device.join(",")],
    ...(trial.children ?? []).flatMap((child) => ["-device", child]),
  ], trial.machine);
}

/** Runs a trial over one way; the ring and the interrupt must have been those. */
export async function conduct(trial: Trial, way: Way): Promise<void> {
  using scratch = new Scratch();
  await using machine = await start(trial, way, scratch);
  let interrupts = 0;
  const transport = await reach(machine, way, () => interrupts++);
  assert.equal(transport.legacyQueues !== undefined, BUSES[way.bus].legacy, "the interface");
  let agreed = 0n;
  const setFeatures = transport.setFeatures.bind(transport);
  transport.setFeatures = (features) => setFeatures(agreed = features);
  await run(trial, transport, machine, scratch);
  const packed = agreed >> BigInt(ReservedFeature.VIRTIO_F_RING_PACKED) & 1n;
  assert.equal(packed === 1n, way.ring === "packed", "VIRTIO_F_RING_PACKED");
  assert.ok(interrupts > 0, "no interrupt came");
}

/** Runs a trial, for so long: then the device is taken for lost, and whatever waits for it fails. */
async function run(
  trial: Trial,
  transport: MachineTransport,
  machine: QemuMachine,
  scratch: Scratch,
) {
  const timer = setTimeout(() => {
    transport.unplugged(new Error(`the trial took more than ${LIMIT_MILLISECONDS} ms`));
    machine.kill();
  }, LIMIT_MILLISECONDS);
  try {
    await trial.run(transport, machine, scratch);
  } finally {
    clearTimeout(timer);
  }
}

/** Finds that QEMU has no such device on a bus, and that it says so in these words. */
export async function conductRefusal(trial: Trial, bus: BusName, words: string): Promise<void> {
  using scratch = new Scratch();
  const way = { bus, ring: "split", interrupt: "wire" } as const;
  await assert.rejects(async () => {
    await using _machine = await start(trial, way, scratch);
  }, (error: Error) => error.message.includes(words));
}
