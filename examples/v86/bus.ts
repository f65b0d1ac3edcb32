/**
 * Plugs devices into the PCI bus of v86: its configuration space, I/O ports, memory-mapped blocks and
 * interrupt lines on one side, our `PciDevice` on the other.
 *
 * @module
 */

import type { V86 } from "./deps.ts";
import { type Device, GuestMemory, type PciBar, PciDevice } from "../../mod.ts";

/** What v86 calls on one I/O port. */
interface Port {
  readonly device: unknown;
  readonly read8: (port: number) => number;
  readonly read16: (port: number) => number;
  readonly read32: (port: number) => number;
  readonly write8: (value: number) => void;
  readonly write16: (value: number) => void;
  readonly write32: (value: number) => void;
}

/** What of the emulator is used here; its declarations do not have it, its builds do. */
interface Internals {
  do_tick(): void;
  readonly cpu: {
    readonly wasm_memory: WebAssembly.Memory;
    readonly mem8: { readonly byteOffset: number; readonly length: number };
    readonly flags: Int32Array;
    get_pic_addr_master(): number;
    get_pic_addr_slave(): number;
    jit_dirty_cache(start: number, end: number): void;
    codegen_finalize_finished(index: number, start: number, flags: number): void;
    readonly io: {
      readonly ports: Port[];
      create_empty_entry(): Port;
      register_read(port: number, device: object, ...by: ((port: number) => number)[]): void;
      register_write(port: number, device: object, ...by: ((value: number) => void)[]): void;
      mmap_register(
        address: number,
        size: number,
        read8: (address: number) => number,
        write8: (address: number, value: number) => void,
        read32: (address: number) => number,
        write32: (address: number, value: number) => void,
      ): void;
    };
    readonly devices: {
      readonly pci: {
        readonly pci_addr32: Int32Array;
        readonly isa_bridge_space8: Uint8Array;
        register_device(description: object): void;
        raise_irq(id: number): void;
        lower_irq(id: number): void;
      };
    };
  };
}

const CONFIG_DATA = 0xcfc;
const CONFIG_SIZE = 256;
/** Ports that devices on the bus may have; the machine's own are below. */
const PORTS_START = 0x1000;
const PORTS_END = 0x10000;
const ADDRESS_END = 2 ** 32;
const MMIO_BLOCK = 1 << 17; // v86 maps memory in blocks of 128 KiB
const ALL_ONES = 0xffff_ffff;
/** Where the bridge to the interrupt controller keeps which input each of the four lines goes to. */
const ROUTES = 0x60;
const LINES = 4;
/** The bit of the processor's flags that says that it takes interrupts. */
const INTERRUPTS_ON = 1 << 9;
/** Where v86 keeps what one half of its interrupt controller lets through, and what is requested. */
const [LET_THROUGH, REQUESTED] = [0, 3];
/** The input of the controller's master half that the slave half is at. */
const CASCADE = 1 << 2;

/** The PCI bus of one emulator. */
export class V86Bus {
  /** The guest's memory, as devices reach it. */
  readonly memory: GuestMemory;
  readonly #v86: Internals;
  readonly #functions = new Map<number, PciDevice>();
  readonly #placed = new Map<PciBar, number>(); // where each range lies at the moment
  readonly #blocks = new Set<number>();
  readonly #raised = new Set<number>(); // slots that want an interrupt
  #bytes: Uint8Array;
  #mapped = false; // whether the guest is in the middle of an access of memory

  /** Takes over the bus of an emulator that is ready ("emulator-ready") and was not run yet. */
  constructor(emulator: V86) {
    this.#v86 = (emulator as unknown as { readonly v86: Internals }).v86;
    this.#bytes = this.#memoryNow();
    this.memory = GuestMemory.of(this.#bytes);
    this.#refreshAfter(this.#v86, "do_tick");
    this.#refreshAfter(this.#v86.cpu, "codegen_finalize_finished");
    this.#refreshAfter(this.#v86.cpu, "jit_dirty_cache");
    for (let at = 0; at < 4; at++) this.#takeConfigPort(at);
  }

  /** Puts a device into a slot, 2 to 31: its registers in memory, or among the I/O ports. */
  plug(slot: number, device: Device, io = false): PciDevice {
    const id = slot << 3;
    const pci = new PciDevice(device, {
      memory: this.memory,
      io,
      interrupt: (level) => this.#interrupt(slot, level),
      moved: (bar) => this.#moved(bar),
    });
    this.#functions.set(id, pci);
    this.#v86.cpu.devices.pci.register_device({
      pci_id: id,
      pci_space: Array.from({ length: CONFIG_SIZE }, (_, at) => pci.readConfig(at, 1)),
      pci_bars: [],
      name: device.info.name,
    });
    // Code that v86 has compiled is void where a device writes.
    device.watchQueues((queue) => {
      const { push } = queue;
      queue.push = (head, written) => {
        for (const { address, length, writable } of queue.chain(head).elements()) {
          if (writable) this.#v86.cpu.jit_dirty_cache(address, address + length);
        }
        push.call(queue, head, written);
      };
    });
    return pci;
  }

  #memoryNow(): Uint8Array {
    const { mem8, wasm_memory } = this.#v86.cpu;
    return new Uint8Array(wasm_memory.buffer, mem8.byteOffset, mem8.length);
  }

  /** Looks after each call of a function whether the memory has moved. */
  #refreshAfter<Name extends string>(
    object: Record<Name, (...values: number[]) => void>,
    name: Name,
  ): void {
    const before = object[name];
    object[name] = (...values) => {
      before.apply(object, values);
      this.#refresh();
    };
  }

  /** The emulator's memory moves when its compiler wants more: in a step, or around one. */
  #refresh(): void {
    if (this.#bytes.length > 0) return;
    this.#bytes = this.#memoryNow();
    this.memory.replaceRegion(0, this.#bytes);
  }

  /** Accesses of the configuration space come with an address that was written before. */
  #takeConfigPort(at: number): void {
    const { io, devices: { pci } } = this.#v86.cpu;
    const port = CONFIG_DATA + at;
    const before = { ...io.ports[port]! };
    const selected = () => {
      this.#refresh();
      const address = pci.pci_addr32[0]!;
      return address < 0 ? this.#functions.get(address >> 8 & 0xffff) : undefined;
    };
    const offset = () => (pci.pci_addr32[0]! & 0xfc) + at;
    const read = (size: number, other: (port: number) => number) => (): number =>
      selected()?.readConfig(offset(), size) ?? other.call(before.device, port);
    const write = (size: number, other: (value: number) => void) => (value: number): void => {
      const found = selected();
      if (found === undefined) other.call(before.device, value);
      else found.writeConfig(offset(), size, value);
    };
    const { read8, read16, read32, write8, write16, write32 } = before;
    io.register_read(port, this, read(1, read8), read(2, read16), read(4, read32));
    io.register_write(port, this, write(1, write8), write(2, write16), write(4, write32));
  }

  /**
   * v86's processor takes an interrupt as soon as the controller has it. Compiled code that accesses
   * memory does not expect that: it goes on behind its access, the handler never runs, and the controller
   * waits for ever to hear that it has. There the processor has to wait for its next step; a line that
   * falls has nothing for it in any case.
   */
  #interrupt(slot: number, level: boolean): void {
    const { flags } = this.#v86.cpu;
    const before = flags[0]!;
    const later = this.#mapped || !level;
    if (later) flags[0] = before & ~INTERRUPTS_ON;
    if (level) this.#raise(slot);
    else this.#lower(slot);
    if (later) flags[0] = before;
  }

  #raise(slot: number): void {
    this.#raised.add(slot);
    this.#v86.cpu.devices.pci.raise_irq(slot << 3);
  }

  /** Inputs of the interrupt controller are shared: one stays up while any device on it wants that. */
  #lower(slot: number): void {
    const { pci } = this.#v86.cpu.devices;
    const route = (slot: number) => pci.isa_bridge_space8[ROUTES + (slot - 1) % LINES];
    this.#raised.delete(slot);
    if ([...this.#raised].some((other) => route(other) === route(slot))) return;
    pci.lower_irq(slot << 3);
    this.#withdraw();
  }

  /**
   * When the slave half of the controller has no request any more, the master half forgets it: v86's own
   * would hand the processor an interrupt of nobody, and wait for its end.
   */
  #withdraw(): void {
    const { cpu } = this.#v86;
    const bytes = new Uint8Array(cpu.wasm_memory.buffer);
    const [master, slave] = [cpu.get_pic_addr_master(), cpu.get_pic_addr_slave()];
    if ((bytes[slave + REQUESTED]! & bytes[slave + LET_THROUGH]!) !== 0) return;
    bytes[master + REQUESTED]! &= ~CASCADE;
  }

  #moved(bar: PciBar): void {
    const before = this.#placed.get(bar);
    if (before !== undefined && bar.kind === "io") this.#freePorts(before, bar.size);
    this.#placed.delete(bar);
    const { address } = bar;
    const [start, end] = bar.kind === "io" ? [PORTS_START, PORTS_END] : [0, ADDRESS_END];
    if (address === undefined || address < start || address + bar.size > end) return;
    this.#placed.set(bar, address);
    if (bar.kind === "io") this.#placePorts(bar, address);
    else this.#placeMemory(bar, address);
  }

  #placePorts(bar: PciBar, address: number): void {
    const { io } = this.#v86.cpu;
    for (let offset = 0; offset < bar.size; offset++) {
      const read = (size: number) => () => (this.#refresh(), bar.read(offset, size));
      const write = (size: number) => (value: number) => {
        this.#refresh();
        bar.write(offset, size, value);
      };
      io.register_read(address + offset, this, read(1), read(2), read(4));
      io.register_write(address + offset, this, write(1), write(2), write(4));
    }
  }

  #freePorts(address: number, size: number): void {
    const { io } = this.#v86.cpu;
    for (let port = address; port < address + size; port++) {
      io.ports[port] = io.create_empty_entry();
    }
  }

  /** A block of the emulator may hold several ranges, so that each access looks for its own. */
  #placeMemory(bar: PciBar, address: number): void {
    for (let at = address - address % MMIO_BLOCK; at < address + bar.size; at += MMIO_BLOCK) {
      if (this.#blocks.has(at)) continue;
      this.#blocks.add(at);
      const read = (size: number) => (address: number) =>
        this.#access(address >>> 0, (bar, offset) => bar.read(offset, size)) ??
          (size === 4 ? ALL_ONES : 0xff);
      const write = (size: number) => (address: number, value: number) =>
        this.#access(address >>> 0, (bar, offset) => bar.write(offset, size, value));
      this.#v86.cpu.io.mmap_register(at, MMIO_BLOCK, read(1), write(1), read(4), write(4));
    }
  }

  #access<T>(address: number, access: (bar: PciBar, offset: number) => T): T | undefined {
    this.#refresh();
    for (const [bar, start] of this.#placed) {
      if (bar.kind === "io" || address < start || address >= start + bar.size) continue;
      this.#mapped = true;
      try {
        return access(bar, address - start);
      } finally {
        this.#mapped = false;
      }
    }
    return undefined;
  }
}
