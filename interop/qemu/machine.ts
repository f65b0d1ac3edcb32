/**
 * QEMU's machine without a guest: its processor sleeps, and we drive its devices over the qtest socket,
 * through memory that both of us map.
 *
 * @module
 */

import {
  Arena,
  findBars,
  findMmio,
  GuestMemory,
  type MessageVector,
  type MmioTransport,
  type PciMachine,
  placeBar,
  type RegisterAccess,
} from "../../mod.ts";
import { close } from "../../vhost_user/ffi.ts";
import { map, type Mapping, memoryFile } from "../../vhost_user/shared_memory.ts";
import { Peer, type Scratch } from "../peers.ts";
import { programOf, type QemuBuild } from "./programs.ts";
import { hex, Qmp, Qtest } from "./qtest.ts";

const MEGABYTE = 1 << 20;
const MEMORY_SIZE = 64 * MEGABYTE;
/** Memory that we use lies above what a PC keeps for its own below 1 MiB. */
const SKIPPED = MEGABYTE;
const ACCEPT_LIMIT = 20_000;
const LIFE_SECONDS = 60;
/** Where nothing else of a PC lies. */
const MEMORY_BARS = 0xe000_0000;
const IO_BARS = 0xc000;
const LOOK_MILLISECONDS = 1;
/** Where the host bridge of a q35 is told to show configuration spaces in memory, and where we have them. */
const EXTENDED_REGISTER = 0x60;
const EXTENDED = 0xb000_0000;
const EXTENDED_SIZE = 4096;

/** A machine of QEMU's. */
interface Kind {
  readonly program: string;
  readonly options: readonly string[];
  /** What the processor finds where it starts, and where that is in the firmware. */
  readonly halt: { readonly code: readonly number[]; readonly at: number; readonly size: number };
  /** Where memory begins. */
  readonly memory: number;
  /** Whose inputs are the interrupts that devices raise: a child of this object, of this type. */
  readonly interrupts: { readonly parent: string; readonly type: string };
  /** Where virtio registers are, for so many devices. */
  readonly mmio?: { readonly base: number; readonly places: number };
}

const MMIO_SIZE = 0x200;
/** cli; hlt; jmp to hlt. */
const PC_HALT = { code: [0xfa, 0xf4, 0xeb, 0xfd], at: 0xfff0, size: 0x1_0000 };
/** wfi; b to wfi. */
const ARM_HALT = { code: [0x7f, 0x20, 0x03, 0xd5, 0xff, 0xff, 0xff, 0x17], at: 0, size: 8 };

/** The machines: a PC with PCI, a small one and an ARM board with devices behind MMIO. */
const KINDS = {
  q35: {
    program: "qemu-system-x86_64",
    options: [],
    halt: PC_HALT,
    memory: 0,
    interrupts: { parent: "/machine/q35", type: "child<ioapic>" },
  },
  // Of its two interrupt controllers, the one without a name of its own has the virtio devices.
  microvm: {
    program: "qemu-system-x86_64",
    options: [],
    halt: PC_HALT,
    memory: 0,
    interrupts: { parent: "/machine/unattached", type: "child<ioapic>" },
    mmio: { base: 0xfeb0_0000, places: 24 },
  },
  virt: {
    program: "qemu-system-aarch64",
    options: ["-cpu", "cortex-a53"],
    halt: ARM_HALT,
    memory: 0x4000_0000,
    interrupts: { parent: "/machine/unattached", type: "child<arm_gic>" },
    mmio: { base: 0x0a00_0000, places: 32 },
  },
} as const satisfies Readonly<Record<string, Kind>>;

/** The name of a machine. */
export type QemuKind = keyof typeof KINDS;

/** The name of the program that has a machine. */
export function programName(kind: QemuKind): string {
  return KINDS[kind].program;
}

/** What is said of a machine beside its devices. */
export interface MachineSettings {
  /** Memory that may be plugged, as `,maxmem=1G`. */
  readonly room?: string;
  /** Which QEMU it is; the installed one when not said. */
  readonly build?: QemuBuild;
  /** Whether it has a network of its own, for which it takes root. */
  readonly ownNetwork?: boolean;
}

/** A machine with devices. */
export class QemuMachine implements AsyncDisposable {
  /** The part of the machine's memory that drivers use. */
  readonly memory: GuestMemory;
  /** What drivers allocate from. */
  readonly arena: Arena;
  /** The machine protocol, ready for commands. */
  readonly qmp: Qmp;
  /** Called when an interrupt line rises. */
  onInterrupt: () => void = () => {};
  readonly #kind: Kind;
  readonly #peer: Peer;
  readonly #qtest: Qtest;
  readonly #mapping: Mapping;
  #look: ReturnType<typeof setInterval> | undefined;
  #nextMemory = MEMORY_BARS;
  #nextPort = IO_BARS;

  private constructor(kind: Kind, peer: Peer, qtest: Qtest, qmp: Qmp, mapping: Mapping) {
    this.#kind = kind;
    this.#peer = peer;
    this.#qtest = qtest;
    this.qmp = qmp;
    this.#mapping = mapping;
    const address = kind.memory + SKIPPED;
    this.memory = new GuestMemory([{ address, bytes: mapping.bytes, shared: true }]);
    this.arena = new Arena(this.memory, address, mapping.bytes.length);
    qtest.onInterrupt = (_line, raised) => {
      if (raised) this.onInterrupt();
    };
  }

  /**
   * Starts QEMU with these options beside those of the machine. An error with what QEMU printed when it
   * refuses.
   */
  static async start(
    scratch: Scratch,
    name: QemuKind,
    options: readonly string[],
    { room = "", build = "installed", ownNetwork = false }: MachineSettings = {},
  ): Promise<QemuMachine> {
    const kind: Kind = KINDS[name];
    const fd = memoryFile("qemu", MEMORY_SIZE);
    const [qtestPath, qmpPath] = [scratch.path("qtest"), scratch.path("qmp")];
    using qtestListener = Deno.listen({ transport: "unix", path: qtestPath });
    using qmpListener = Deno.listen({ transport: "unix", path: qmpPath });
    const program = programOf(kind.program, build);
    const behind = ownNetwork ? ["unshare", "-n"] : [];
    const [command, ...first] = [...behind, program.name, ...program.args];
    const peer = new Peer(
      command!,
      [
        ...first,
        ...["-M", `${name},memory-backend=mem`, "-m", `64M${room}`, "-accel", "tcg"],
        ...["-bios", firmware(scratch, kind), "-nodefaults", "-display", "none", ...kind.options],
        ...["-qtest", `unix:${qtestPath}`, "-qtest-log", "none", "-qmp", `unix:${qmpPath}`],
        "-object",
        `memory-backend-file,id=mem,size=64M,share=on,mem-path=/proc/${Deno.pid}/fd/${fd}`,
        ...options,
      ],
      LIFE_SECONDS,
      program.env,
    );
    try {
      const output = () => peer.output;
      const qmp = new Qmp(await accepted(qmpListener, peer), output);
      const qtest = new Qtest(await accepted(qtestListener, peer), output);
      await qtest.ask("endianness"); // once it answers, it has opened the memory
      await qmp.execute("qmp_capabilities");
      await intercept(kind, qtest, qmp);
      const mapping = map(fd, SKIPPED, MEMORY_SIZE - SKIPPED);
      return new QemuMachine(kind, peer, qtest, qmp, mapping);
    } catch (error) {
      await peer[Symbol.asyncDispose]();
      throw error;
    } finally {
      close(fd);
    }
  }

  /** The function in a slot of the first bus, its ranges placed; with vectors where messages are written. */
  async pci(slot: number, vectors: readonly MessageVector[]): Promise<PciMachine> {
    const config = this.#config(slot);
    const addresses = new Map<number, RegisterAccess & { readonly address: number }>();
    for (const bar of await findBars(config)) {
      const io = bar.kind === "io";
      const from = io ? this.#nextPort : this.#nextMemory;
      const address = Math.ceil(from / bar.size) * bar.size;
      if (io) this.#nextPort = address + bar.size;
      else this.#nextMemory = address + bar.size;
      await placeBar(config, bar, address);
      const registers = io ? this.#qtest.ports(address) : this.space(address);
      addresses.set(bar.index, { address, ...registers });
    }
    const { memory, arena } = this;
    return { memory, arena, config, bar: (index) => addresses.get(index), vectors };
  }

  /** On a q35 alone: the whole configuration space, 4096 bytes, of the function with a routing id. */
  async extended(): Promise<(routingId: number) => RegisterAccess> {
    await this.#config(0).write(EXTENDED_REGISTER, 4, EXTENDED + 1);
    return (routingId) => this.space(EXTENDED + routingId * EXTENDED_SIZE);
  }

  /** The machine's memory space from an address on, whatever lies there. */
  space(address: number): RegisterAccess {
    return this.#qtest.space(address);
  }

  /** The first device behind MMIO registers; undefined when all places are empty. */
  async mmio(): Promise<MmioTransport | undefined> {
    const { memory, arena } = this;
    const { base, places } = this.#kind.mmio!;
    for (let place = 0; place < places; place++) {
      const registers = this.space(base + place * MMIO_SIZE);
      const transport = await findMmio({ registers, memory, arena });
      if (transport !== undefined) return transport;
    }
    return undefined;
  }

  /**
   * Messages that can be told apart: each is a store into memory that nobody else writes, one word for
   * each vector, at which we look all the time.
   */
  messages(count: number, arrived: (vector: number) => void): readonly MessageVector[] {
    const words = this.arena.allocate(4 * count, 4);
    words.bytes.fill(0);
    const view = new Int32Array(words.bytes.buffer, words.bytes.byteOffset, count);
    this.#look = setInterval(() => {
      for (let vector = 0; vector < count; vector++) {
        if (Atomics.exchange(view, vector, 0) !== 0) arrived(vector);
      }
    }, LOOK_MILLISECONDS);
    return Array.from(view, (_, vector) => ({
      address: words.address + 4 * vector,
      data: vector + 1,
    }));
  }

  /** The process of QEMU. */
  get pid(): number {
    return this.#peer.pid;
  }

  /** Kills QEMU: whatever waits for it fails. */
  kill(): void {
    this.#peer.kill();
  }

  /** Kills QEMU and gives the memory back. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#look);
    await this.#peer[Symbol.asyncDispose]();
    await this.#qtest.close();
    await this.qmp.close();
    this.#mapping.close();
  }

  /** Configuration space by the ports that every PC has. */
  #config(slot: number): RegisterAccess {
    const select = (offset: number) =>
      this.#qtest.ask(`outl 0xcf8 ${hex((0x8000_0000 | slot << 11 | offset & 0xfc) >>> 0)}`);
    const ports = this.#qtest.ports(0xcfc);
    return {
      read: async (offset, size) => {
        const selected = select(offset);
        const [value] = await Promise.all([ports.read(offset & 3, size), selected]);
        return value;
      },
      write: async (offset, size, value) => {
        const selected = select(offset);
        const written = ports.write(offset & 3, size, value);
        await Promise.all([selected, written]);
      },
    };
  }
}

/** Has changes of the interrupt lines told. */
async function intercept({ interrupts }: Kind, qtest: Qtest, qmp: Qmp): Promise<void> {
  const { parent, type } = interrupts;
  const children = await qmp.execute<{ name: string; type: string }[]>("qom-list", {
    path: parent,
  });
  const found = children.find((child) => child.type === type);
  if (found === undefined) throw new Error(`Cannot find ${type} in ${parent}`);
  await qtest.ask(`irq_intercept_in ${parent}/${found.name}`);
}

/** The path of a firmware in which the processor sleeps. */
function firmware(scratch: Scratch, { halt }: Kind): string {
  const rom = new Uint8Array(halt.size);
  rom.set(halt.code, halt.at);
  const path = scratch.path("halt.rom");
  Deno.writeFileSync(path, rom);
  return path;
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
