/**
 * Nanoseconds of register accesses through the device's ends: `deno bench runtime/transports/`. Each
 * iteration makes 100 accesses.
 *
 * @module
 */

import { MMIO_MODERN as R } from "../../generated/layout/mmio.ts";
import { PCI_COMMON as C } from "../../generated/layout/pci.ts";
import { EchoDevice } from "../echo_fixture.ts";
import { GuestMemory } from "../memory.ts";
import { MmioDevice } from "./mmio_device.ts";
import { PciDevice } from "./pci_device.ts";

const memory = GuestMemory.of(new ArrayBuffer(1 << 16));
const config = new Uint8Array(96);
const mmio = new MmioDevice(new EchoDevice({ config }), { memory, interrupt: () => {} });

bench("mmio: read Status", () => mmio.read(R.Status.offset, 4));
bench("mmio: read InterruptStatus", () => mmio.read(R.InterruptStatus.offset, 4));
bench("mmio: write QueueSel, read QueueSizeMax", () => {
  mmio.write(R.QueueSel.offset, 4, 0);
  return mmio.read(R.QueueSizeMax.offset, 4);
});
bench("mmio: write QueueDescLow", () => mmio.write(R.QueueDescLow.offset, 4, 0x1000));
bench("mmio: write QueueNotify", () => mmio.write(R.QueueNotify.offset, 4, 0));
bench("mmio: write QueueDescLow as bytes", () => {
  for (let at = 0; at < 4; at++) mmio.write(R.QueueDescLow.offset + at, 1, 7);
});
bench("mmio: read 4 of 96 bytes of configuration", () => mmio.read(0x100, 4));

const pci = new PciDevice(new EchoDevice({ config }), { memory, interrupt: () => {} });
const bar = pci.bars[0]!;
bench("pci: read device_status", () => bar.read(C.deviceStatus.offset, 1));
bench("pci: write queue_select, read queue_size", () => {
  bar.write(C.queueSelect.offset, 2, 0);
  return bar.read(C.queueSize.offset, 2);
});
bench("pci: read the interrupt status", () => bar.read(0x40, 1));
bench("pci: notify", () => bar.write(0x80, 2, 0));
bench("pci: read 4 of 96 bytes of configuration", () => bar.read(0x100, 4));
bench("pci: read 4 bytes of configuration space", () => pci.readConfig(0, 4));

function bench(name: string, access: () => unknown): void {
  Deno.bench(name, () => {
    for (let count = 0; count < 100; count++) access();
  });
}
