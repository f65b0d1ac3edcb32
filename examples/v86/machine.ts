/**
 * A PC in v86 with four of our devices on its PCI bus: entropy, disk, console and network card. It runs
 * in a browser as in Deno.
 *
 * @module
 */

import { BlockDevice, BlockStatus } from "../../generated/blk/mod.ts";
import { ConsoleDevice } from "../../generated/console/mod.ts";
import { EntropyDevice } from "../../generated/entropy/mod.ts";
import { V86Bus } from "./bus.ts";
import { V86 } from "./deps.ts";
import { networkCard } from "./network.ts";

/** What a machine boots. */
export interface Guest {
  /** The BIOS. */
  readonly bios: Uint8Array<ArrayBuffer>;
  /** A Linux kernel, as `vmlinuz`. */
  readonly kernel: Uint8Array<ArrayBuffer>;
  /** Its first file system. */
  readonly initrd: Uint8Array<ArrayBuffer>;
  /** The emulator's own program, `v86.wasm`. */
  readonly wasm: Uint8Array<ArrayBuffer>;
}

/** How a machine is made. */
export interface MachineOptions extends Guest {
  /** The disk; its length is a multiple of 512. */
  readonly disk: Uint8Array;
  /** Takes what the guest writes to its console. */
  readonly onOutput: (text: string) => void;
  /** Takes what the guest writes to its serial port: what the kernel says. */
  readonly onSerial: (text: string) => void;
}

/** A machine that runs. */
export interface Machine {
  /** Types on the console; how many of the bytes the guest had room for. */
  input(text: string): number;
  /** Ends the machine. */
  stop(): Promise<void>;
}

const MEMORY = 160 << 20;
/** Slots of the bus that the emulator's own devices leave free. */
export const SLOT = { entropy: 13, disk: 14, console: 15, network: 16 } as const;
const RANDOM_MAX = 65536; // what getRandomValues gives at a time

/** Builds the machine and starts it. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { disk, onOutput, onSerial } = options;
  const terminal = consoleOf(onOutput);
  const emulator = await powerOn(options, onSerial, (bus) => {
    bus.plug(SLOT.entropy, entropy(), true);
    bus.plug(SLOT.disk, diskOf(disk));
    bus.plug(SLOT.console, terminal);
    bus.plug(SLOT.network, networkCard(), true);
  });
  return {
    input: (text) => terminal.sendPortInput(new TextEncoder().encode(text)),
    stop: () => emulator.destroy(),
  };
}

/** Boots a guest on what is plugged into the bus, in slots that the emulator's own devices leave free. */
export async function powerOn(
  { bios, kernel, initrd, wasm }: Guest,
  onSerial: (text: string) => void,
  plug: (bus: V86Bus) => void,
): Promise<V86> {
  const emulator = new V86({
    wasm_fn: async (imports) => (await WebAssembly.instantiate(wasm, imports)).instance.exports,
    memory_size: MEMORY,
    bios: { buffer: bios.slice().buffer },
    bzimage: { buffer: kernel.slice().buffer },
    initrd: { buffer: initrd.slice().buffer },
    cmdline: "console=ttyS0 tsc=reliable panic=-1",
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
    autostart: false,
  });
  await new Promise<void>((resolve) => emulator.add_listener("emulator-ready", () => resolve()));
  emulator.add_listener("serial0-output-byte", (byte) => onSerial(String.fromCharCode(byte)));
  plug(new V86Bus(emulator));
  await emulator.run();
  return emulator;
}

function entropy(): EntropyDevice {
  return new EntropyDevice({
    random: (data) => {
      const bytes = new Uint8Array(Math.min(data.length, RANDOM_MAX));
      data.write(crypto.getRandomValues(bytes));
    },
  });
}

function diskOf(disk: Uint8Array): BlockDevice {
  return new BlockDevice({
    config: { capacity: disk.length / 512 },
    in: ({ sector }, data) => (data.write(disk, sector * 512), BlockStatus.OK),
    out: ({ sector }, data) => (data.read(disk, sector * 512), BlockStatus.OK),
    flush: () => BlockStatus.OK,
    getId: () => ({ id: "disk-in-memory" }),
  });
}

function consoleOf(onOutput: (text: string) => void): ConsoleDevice {
  const decoder = new TextDecoder();
  return new ConsoleDevice({
    config: { cols: 100, rows: 30 },
    portOutput: (data) => onOutput(decoder.decode(data.bytes(), { stream: true })),
  });
}
