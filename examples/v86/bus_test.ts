/**
 * Programs of a few instructions, in 16 bits and without an operating system, on two devices in v86. Each
 * runs in a round, which v86 soon compiles, until many rounds are over.
 *
 * @module
 */

import assert from "node:assert/strict";
import { EntropyDevice } from "../../generated/entropy/mod.ts";
import { DeviceStatus } from "../../generated/layout/core.ts";
import { PCI_COMMON } from "../../generated/layout/pci.ts";
import { DescriptorFlag } from "../../generated/layout/rings.ts";
import { V86Bus } from "./bus.ts";
import { V86, WASM } from "./deps.ts";

const { ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK } = DeviceStatus;
const WASM_BYTES = Deno.readFileSync(new URL(WASM));

const MEMORY = 1 << 20; // the devices' registers are behind
const BIOS_SIZE = 1 << 16;
const RESET = 0xfff0;
const JUMP_TO_START = [0xea, 0, 0, 0, 0xf0]; // jmp 0xf000:0
const [ROUND, HANDLER] = [0x80, 0xc0]; // where these are
const ROUNDS = 1000;
const SECONDS = 20;

/** What the handler counts, of either device. */
const COUNTS = [0x500, 0x502];
/** What CALL counts. */
const STALE = 0x504;
const QUEUES = [0x600, 0x680];
const [DRIVER_AREA, DEVICE_AREA] = [0x20, 0x40]; // behind a queue's descriptor
const BUFFERS = [0x3000, 0x700];
/** Two slots whose pins are at one input of the interrupt controller. */
const SLOTS = [13, 17];

/** Routes the pins to input 10, sets the controller up, and lets that input through, by its level. */
const START = `
  31c0 8ed8 8ed0 bc0010       ; ds = ss = 0, sp = 0x1000
  48 8ec0                     ; es = 0xffff: es:0x10 is where the registers are
  66b860080080 baf80c 66ef    ; out 0xcf8, the bridge's routes
  66b80a0a0a0a b2fc 66ef      ; out 0xcfc
  c706c801 c000               ; the handler of interrupt 0x72 is at HANDLER
  c706ca01 00f0
  b011 e620 e6a0              ; the controller's halves: first word,
  b008 e621 b070 e6a1         ; interrupts 8 to 15 and 0x70 to 0x77,
  b004 e621 b002 e6a1         ; one at the other's input 2,
  b001 e621 e6a1              ; last word;
  b0fb e621 e6a1              ; inputs 2 and 10 are let through
  bad104 b004 ee              ; input 10 is a level
  31f6 31ff                   ; si = di = 0: interrupts to expect of either device`;
const HANDLE = `
  50                          ; push ax
  26a05000 84c0 7406          ; interrupt status of the first device:
  ff060005 eb0c               ; count it, or
  26a05010 84c0 7404 ff060205 ; that of the second
  b020 e6a0 e620              ; end of interrupt
  58 cf                       ; pop ax, iret`;

// What rounds are made of.
const [DISABLE, ENABLE] = ["fa", "fb 90"];
const NOTIFY = [
  "ff062206 26c7069000 0000 46", // inc [the available index], mov es:[where to notify], 0, inc si
  "ff06a206 26c7069010 0000 47",
];
const WAIT = [
  "3b360005 75fa", // cmp si, [the first count]; jne back
  "3b3e0205 75fa",
];
/** Takes its time, so that v86 compiles the round. */
const WORK = "b98813 e2fe"; // mov cx, 5000; loop here
/** Notifies the second device and takes the interrupt's cause away. */
const WITHDRAW = "ff06a206 26c7069010 0000 26a05010";
/** Calls a function that gives a number, 500 times, and counts when it is not the round's. */
const CALL = "b9f401 9a00300000 39f0 7404 ff060405 e2f1";

function code(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(/;.*|\s/g, ""));
}

function bios(round: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BIOS_SIZE);
  const body = code(round);
  bytes.set(code(START));
  bytes.fill(0x90, code(START).length, ROUND); // nop
  bytes.set(body, ROUND);
  bytes.set([0xeb, -body.length - 2], ROUND + body.length); // jmp ROUND
  bytes.set(code(HANDLE), HANDLER);
  bytes.set(JUMP_TO_START, RESET);
  return bytes;
}

/** Places a device's registers and gives it a queue of one writable buffer. */
function plug(bus: V86Bus, index: number, device: EntropyDevice): void {
  const pci = bus.plug(SLOTS[index]!, device);
  pci.writeConfig(0x20, 4, MEMORY + 4096 * index);
  pci.writeConfig(4, 2, 6); // memory is decoded, and may be reached
  const bar = pci.bars.find(({ address }) => address !== undefined)!;
  const set = (name: keyof typeof PCI_COMMON, value: number) =>
    bar.write(PCI_COMMON[name].offset, Math.min(PCI_COMMON[name].size, 4), value);
  const queue = QUEUES[index]!;
  const descriptor = new DataView(new ArrayBuffer(16));
  descriptor.setUint32(0, BUFFERS[index]!, true);
  descriptor.setUint32(8, 4, true);
  descriptor.setUint16(12, DescriptorFlag.WRITE, true);
  bus.memory.write(queue, new Uint8Array(descriptor.buffer));
  set("deviceStatus", ACKNOWLEDGE | DRIVER);
  set("driverFeatureSelect", 1);
  set("driverFeature", 1); // VIRTIO_F_VERSION_1
  set("deviceStatus", ACKNOWLEDGE | DRIVER | FEATURES_OK);
  set("queueSize", 1);
  set("queueDesc", queue);
  set("queueDriver", queue + DRIVER_AREA);
  set("queueDevice", queue + DEVICE_AREA);
  set("queueEnable", 1);
  set("deviceStatus", ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

/** What of the emulator a test looks into. */
interface Internals {
  readonly v86: {
    readonly cpu: {
      readonly wasm_memory: WebAssembly.Memory;
      jit_dirty_cache(start: number, end: number): void;
    };
  };
}

/** The memory of an emulator moves with each buffer that comes back. */
function moveMemory(emulator: V86): void {
  const { cpu } = (emulator as unknown as Internals).v86;
  const { jit_dirty_cache } = cpu;
  cpu.jit_dirty_cache = (start, end) => {
    jit_dirty_cache.call(cpu, start, end);
    cpu.wasm_memory.grow(1);
  };
}

/** Runs rounds, and gives what was counted in the end. */
async function run(
  round: readonly string[],
  prepare: (emulator: V86) => void = () => {},
): Promise<{ readonly stale: number }> {
  const emulator = new V86({
    wasm_fn: async (imports) =>
      (await WebAssembly.instantiate(WASM_BYTES, imports)).instance.exports,
    memory_size: MEMORY,
    bios: { buffer: bios(round.join("\n")).buffer },
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
    autostart: false,
  });
  await new Promise<void>((resolve) => emulator.add_listener("emulator-ready", () => resolve()));
  prepare(emulator);
  const bus = new V86Bus(emulator);
  let number = 0;
  const numbers = new EntropyDevice({
    random: (data) => {
      number++;
      data.write(Uint8Array.of(0xb8, number, number >> 8, 0xcb)); // mov ax, number; retf
    },
  });
  plug(bus, 0, numbers);
  plug(bus, 1, new EntropyDevice({ random: (data) => void data.write(Uint8Array.of(1)) }));
  const count = (address: number) => {
    const [low, high] = bus.memory.view(address, 2)!;
    return low! | high! << 8;
  };
  try {
    await emulator.run();
    const end = performance.now() + 1000 * SECONDS;
    while (count(COUNTS[0]!) < ROUNDS) {
      const counts = COUNTS.map(count);
      assert.ok(performance.now() < end, `the program waits, after ${counts} interrupts`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(count(QUEUES[0]! + DEVICE_AREA + 2), number, "the used index");
    return { stale: count(STALE) };
  } finally {
    await emulator.destroy();
  }
}

Deno.test("a program that v86 has compiled is interrupted when it has notified a device", async () => {
  await run([ENABLE, WORK, NOTIFY[0]!, WAIT[0]!]);
});

Deno.test("an input of v86's controller is up until both devices that share it are served", async () => {
  await run([DISABLE, NOTIFY[0]!, NOTIFY[1]!, ENABLE, WAIT[0]!, WAIT[1]!]);
});

Deno.test("an interrupt that is withdrawn in v86 does not keep others away", async () => {
  await run([DISABLE, WITHDRAW, ENABLE, NOTIFY[0]!, WAIT[0]!]);
});

Deno.test("a function that a device writes in v86 is the one that runs", async () => {
  assert.equal((await run([ENABLE, NOTIFY[0]!, WAIT[0]!, CALL])).stale, 0);
});

Deno.test("buffers come back where v86's memory moves at that moment", async () => {
  await run([ENABLE, NOTIFY[0]!, WAIT[0]!], moveMemory);
});
