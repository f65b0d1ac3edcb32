/**
 * QEMU's machine without a guest: its processor sleeps, and we drive its devices over the qtest socket,
 * through memory that both of us map.
 *
 * @module
 */

import {
  type AccessSize,
  Arena,
  findBars,
  findMmio,
  GuestMemory,
  type PciMachine,
  placeBar,
} from "../mod.ts";
import type { MmioTransport, RegisterAccess } from "../mod.ts";
import { close, map, type Mapping, memoryFile } from "../vhost_user/ffi.ts";
import { Peer, type Scratch } from "./peers.ts";

const MEGABYTE = 1 << 20;
const MEMORY_SIZE = 64 * MEGABYTE;
/** Memory that we use lies above what a PC keeps for its own below 1 MiB. */
const MEMORY_START = MEGABYTE;
const ROM_SIZE = 64 << 10;
/** cli; hlt; jmp: what the processor finds where it starts. */
const HALT = Uint8Array.of(0xfa, 0xf4, 0xeb, 0xfd);
const START = 0xfff0;
const ACCEPT_LIMIT = 20_000;
const LIFE_SECONDS = 60;
/** Where nothing else of the machine lies. */
const MEMORY_BARS = 0xe000_0000;
const IO_BARS = 0xc000;
/** Where the microvm has its registers. */
const MMIO_BASE = 0xfeb0_0000;
const MMIO_SIZE = 0x200;
const MMIO_PLACES = 24;

/** The qtest protocol: a line for each command, answered in order; interrupts come in between. */
class Qtest {
  /** Called with each change of an intercepted interrupt. */
  onInterrupt: (line: number, raised: boolean) => void = () => {};
  readonly #connection: Deno.Conn;
  readonly #output: () => string;
  readonly #waiting: PromiseWithResolvers<string>[] = [];
  readonly #done: Promise<void>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(connection: Deno.Conn, output: () => string) {
    this.#connection = connection;
    this.#output = output;
    this.#done = this.#receive();
  }

  /** The words of the answer after OK. */
  async ask(command: string): Promise<string> {
    const answer = Promise.withResolvers<string>();
    this.#waiting.push(answer);
    const line = new TextEncoder().encode(`${command}\n`);
    this.#last = this.#last.then(() => this.#connection.write(line));
    await this.#last;
    return await answer.promise;
  }

  async close(): Promise<void> {
    this.#connection.close();
    await this.#done;
  }

  async #receive(): Promise<void> {
    let rest = "";
    const bytes = new Uint8Array(4096);
    const text = new TextDecoder();
    for (;;) {
      const count = await this.#connection.read(bytes).catch(() => null);
      if (count === null) break;
      const lines = (rest + text.decode(bytes.subarray(0, count), { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#line(line);
    }
    const gone = new Error(`Cannot go on, QEMU is gone:\n${this.#output()}`);
    for (const { reject } of this.#waiting) reject(gone);
  }

  #line(line: string): void {
    const interrupt = /^IRQ (raise|lower) (\d+)/.exec(line);
    if (interrupt !== null) return this.onInterrupt(Number(interrupt[2]), interrupt[1] === "raise");
    const answer = this.#waiting.shift();
    if (line.startsWith("OK")) answer?.resolve(line.slice(3));
    else answer?.reject(new Error(`Cannot carry out a command of qtest: ${line}`));
  }
}

/** The machines: a PC with PCI, and a small one with devices behind MMIO. */
export type QemuKind = "q35" | "microvm";

/** A machine with devices. */
export class QemuMachine implements AsyncDisposable {
  /** The part of the machine's memory that drivers use. */
  readonly memory: GuestMemory;
  /** What drivers allocate from. */
  readonly arena: Arena;
  /** Called when an interrupt line rises. */
  onInterrupt: () => void = () => {};
  readonly #peer: Peer;
  readonly #qtest: Qtest;
  readonly #mapping: Mapping;
  #nextMemory = MEMORY_BARS;
  #nextPort = IO_BARS;

  private constructor(peer: Peer, qtest: Qtest, mapping: Mapping) {
    this.#peer = peer;
    this.#qtest = qtest;
    this.#mapping = mapping;
    this.memory = new GuestMemory([{ address: MEMORY_START, bytes: mapping.bytes, shared: true }]);
    this.arena = new Arena(this.memory, MEMORY_START, mapping.bytes.length);
    qtest.onInterrupt = (_line, raised) => {
      if (raised) this.onInterrupt();
    };
  }

  /** Starts QEMU with these options beside those of the machine. */
  static async start(
    scratch: Scratch,
    options: readonly string[],
    kind: QemuKind = "q35",
  ): Promise<QemuMachine> {
    const fd = memoryFile("qemu", MEMORY_SIZE);
    const path = scratch.path("qtest");
    const rom = new Uint8Array(ROM_SIZE);
    rom.set(HALT, START);
    Deno.writeFileSync(scratch.path("halt.rom"), rom);
    using listener = Deno.listen({ transport: "unix", path });
    const peer = new Peer("qemu-system-x86_64", [
      ...["-M", `${kind},memory-backend=mem`, "-m", "64M", "-accel", "tcg"],
      ...["-bios", scratch.path("halt.rom"), "-nodefaults", "-display", "none"],
      ...["-qtest", `unix:${path}`, "-qtest-log", "none"],
      "-object",
      `memory-backend-file,id=mem,size=64M,share=on,mem-path=/proc/${Deno.pid}/fd/${fd}`,
      ...options,
    ], LIFE_SECONDS);
    try {
      const qtest = new Qtest(await accepted(listener, peer), () => peer.output);
      const mapping = map(fd, MEMORY_START, MEMORY_SIZE - MEMORY_START);
      await qtest.ask("endianness"); // once it answers, it has opened the memory
      if (kind === "q35") await qtest.ask("irq_intercept_in ioapic");
      return new QemuMachine(peer, qtest, mapping);
    } catch (error) {
      await peer[Symbol.asyncDispose]();
      throw error;
    } finally {
      close(fd);
    }
  }

  /** The function in a slot of the first bus, its ranges placed; with vectors where messages are written. */
  async pci(slot: number, vectors: PciMachine["vectors"] = []): Promise<PciMachine> {
    const config = this.#config(slot);
    const addresses = new Map<number, RegisterAccess & { readonly address: number }>();
    for (const bar of await findBars(config)) {
      const io = bar.kind === "io";
      const from = io ? this.#nextPort : this.#nextMemory;
      const address = Math.ceil(from / bar.size) * bar.size;
      if (io) this.#nextPort = address + bar.size;
      else this.#nextMemory = address + bar.size;
      await placeBar(config, bar, address);
      addresses.set(bar.index, { address, ...(io ? this.#ports(address) : this.#space(address)) });
    }
    const { memory, arena } = this;
    return { memory, arena, config, bar: (index) => addresses.get(index), vectors };
  }

  /** The devices behind MMIO: one for each place of the microvm that is not empty. */
  async mmio(): Promise<MmioTransport[]> {
    const { memory, arena } = this;
    const found: MmioTransport[] = [];
    for (let place = 0; place < MMIO_PLACES; place++) {
      const registers = this.#space(MMIO_BASE + place * MMIO_SIZE);
      const transport = await findMmio({ registers, memory, arena });
      if (transport !== undefined) found.push(transport);
    }
    return found;
  }

  /** Kills QEMU and gives the memory back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
    await this.#qtest.close();
    this.#mapping.close();
  }

  /** Configuration space by the ports that every PC has. */
  #config(slot: number): RegisterAccess {
    const select = (offset: number) =>
      this.#qtest.ask(`outl 0xcf8 ${hex((0x8000_0000 | slot << 11 | offset & 0xfc) >>> 0)}`);
    const ports = this.#ports(0xcfc);
    return {
      read: async (offset, size) => {
        const selected = select(offset);
        const value = ports.read(offset & 3, size);
        await selected;
        return await value;
      },
      write: async (offset, size, value) => {
        const selected = select(offset);
        const written = ports.write(offset & 3, size, value);
        await Promise.all([selected, written]);
      },
    };
  }

  #ports(base: number): RegisterAccess {
    return this.#access(base, "in", "out", { 1: "b", 2: "w", 4: "l" });
  }

  #space(base: number): RegisterAccess {
    return this.#access(base, "read", "write", { 1: "b", 2: "w", 4: "l" });
  }

  #access(
    base: number,
    input: string,
    output: string,
    letters: Readonly<Record<AccessSize, string>>,
  ): RegisterAccess {
    return {
      read: async (offset, size) =>
        Number(await this.#qtest.ask(`${input}${letters[size]} ${hex(base + offset)}`)),
      write: async (offset, size, value) => {
        await this.#qtest.ask(`${output}${letters[size]} ${hex(base + offset)} ${hex(value)}`);
      },
    };
  }
}

/** QEMU's connection; an error when it does not come, or QEMU ends. */
async function accepted(listener: Deno.Listener, peer: Peer): Promise<Deno.Conn> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(new Error(`Cannot reach QEMU:\n${peer.output}`));
    timer = setTimeout(fail, ACCEPT_LIMIT);
    peer.ended().then(fail);
  });
  try {
    return await Promise.race([listener.accept(), late]);
  } finally {
    clearTimeout(timer);
    late.catch(() => {});
  }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
