/**
 * The ways to a device of QEMU's: each bus with the rings and interrupts that it has.
 *
 * @module
 */

import { findLegacyPci, findPci, type MmioTransport, type PciTransport } from "../../mod.ts";
import type { QemuKind, QemuMachine } from "./machine.ts";

/** Where the device is plugged; the machine's own functions lie elsewhere. */
const SLOT = 4;
const VECTORS = 3;

/** The format of all queues. */
export type Ring = "split" | "packed";

/** How the device interrupts: by a message, the pin of its function, or a wire of its own. */
export type Interrupt = "MSI-X" | "INTx" | "wire";

/** A bus, and how a device of QEMU's is plugged into it. */
export interface Bus {
  /** As the table of results says it. */
  readonly title: string;
  /** The machine that has it. */
  readonly machine: QemuKind;
  /** Driven through the legacy interface. */
  readonly legacy: boolean;
  readonly rings: readonly Ring[];
  readonly interrupts: readonly Interrupt[];
  /** QEMU's options beside those of the device. */
  readonly options: readonly string[];
  /** What is said of a device with this name: `virtio-blk`. */
  device(name: string): string;
}

const BOTH = ["split", "packed"] as const;

function pci(title: string, kind: "modern" | "transitional" | "legacy"): Bus {
  const legacy = kind === "legacy";
  return {
    title,
    machine: "q35",
    legacy,
    rings: legacy ? ["split"] : BOTH,
    interrupts: ["MSI-X", "INTx"],
    options: [],
    device: (name) =>
      kind === "modern"
        ? `${name}-pci,disable-legacy=on,addr=${SLOT}`
        : `${name}-pci-transitional,addr=${SLOT}`,
  };
}

function mmio(title: string, machine: QemuKind, legacy: boolean): Bus {
  return {
    title,
    machine,
    legacy,
    rings: legacy ? ["split"] : BOTH,
    interrupts: ["wire"],
    options: ["-global", `virtio-mmio.force-legacy=${legacy}`],
    device: (name) => `${name}-device`,
  };
}

/** All buses. */
export const BUSES = {
  "pci": pci("PCI", "modern"),
  "pci-transitional": pci("PCI transitional", "transitional"),
  "pci-legacy": pci("PCI legacy", "legacy"),
  "microvm": mmio("MMIO", "microvm", false),
  "microvm-legacy": mmio("MMIO legacy", "microvm", true),
  "virt": mmio("ARM MMIO", "virt", false),
  "virt-legacy": mmio("ARM MMIO legacy", "virt", true),
} as const satisfies Readonly<Record<string, Bus>>;

/** The name of a bus. */
export type BusName = keyof typeof BUSES;

/** The names of all buses, in the order of the table. */
export const BUS_NAMES = Object.keys(BUSES) as readonly BusName[];

/** Where QEMU has no device with this name, as all of its are modern ones, and words of its answer. */
export function modernOnly(name: string): Partial<Readonly<Record<BusName, string>>> {
  const answer = `'${name}-pci-transitional' is not a valid device model name`;
  return { "pci-transitional": answer, "pci-legacy": answer };
}

/** One way to a device. */
export interface Way {
  readonly bus: BusName;
  readonly ring: Ring;
  readonly interrupt: Interrupt;
}

/** All ways over a bus. */
export function waysOver(bus: BusName): readonly Way[] {
  const { rings, interrupts }: Bus = BUSES[bus];
  return rings.flatMap((ring) => interrupts.map((interrupt) => ({ bus, ring, interrupt })));
}

/** The transport to the machine's device; `arrived` is called with each interrupt. */
export async function reach(
  machine: QemuMachine,
  way: Way,
  arrived: () => void,
): Promise<MmioTransport | PciTransport> {
  const { machine: kind, legacy }: Bus = BUSES[way.bus];
  let pci: PciTransport | undefined;
  let transport: MmioTransport | PciTransport | undefined;
  if (kind === "q35") {
    const vectors = way.interrupt !== "MSI-X" ? [] : machine.messages(VECTORS, (vector) => {
      arrived();
      pci?.message(vector);
    });
    const place = await machine.pci(SLOT, vectors);
    pci = await (legacy ? findLegacyPci(place) : findPci(place));
    transport = pci;
  } else transport = await machine.mmio();
  if (transport === undefined) throw new Error(`Cannot find the device over ${way.bus}`);
  const found = transport;
  machine.onInterrupt = () => {
    arrived();
    found.interrupt();
  };
  return found;
}
