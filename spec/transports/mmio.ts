/**
 * Virtio over memory mapped registers (VIRTIO 1.4, 4.2).
 *
 * @module
 */

import { defineLayout, type Layout, type Register } from "../dsl.ts";

function register(
  offset: number,
  access: Register["access"],
  doc: string,
  when?: string,
): Register {
  return when === undefined ? { offset, size: 4, access, doc } : {
    offset,
    size: 4,
    access,
    doc,
    when,
  };
}

/** Registers of the MMIO transport, modern and legacy. */
export const mmio: Layout = defineLayout({
  name: "mmio",
  title: "Virtio Over MMIO",
  section: "4.2",
  doc: "Registers of 32 bits in memory, and the configuration space behind them",

  enums: {
    VIRTIO_MMIO_INT: {
      doc: "Causes of the interrupt",
      section: "4.2.2",
      name: "InterruptCause",
      as: "masks",
      members: {
        VRING: { value: 1, doc: "A buffer was used" },
        CONFIG: { value: 2, doc: "The configuration changed" },
      },
    },
  },

  constants: {
    VIRTIO_MMIO_MAGIC: { value: 0x74726976, doc: 'What MagicValue reads: "virt"' },
    VIRTIO_MMIO_VERSION: { value: 2, doc: "What Version reads" },
    VIRTIO_MMIO_VERSION_LEGACY: { value: 1, doc: "What Version reads on the legacy interface" },
    VIRTIO_MMIO_CONFIG: { value: 0x100, doc: "Offset of the configuration space" },
  },

  registers: {
    modern: {
      doc: "Control registers",
      section: "4.2.2",
      registers: {
        MagicValue: register(0x000, "R", "Tells that this is a virtio device"),
        Version: register(0x004, "R", "Version of the register layout"),
        DeviceID: register(0x008, "R", "Type of the device; 0 when there is none"),
        VendorID: register(0x00c, "R", "Vendor of the device"),
        DeviceFeatures: register(0x010, "R", "Offered features, the selected 32"),
        DeviceFeaturesSel: register(0x014, "W", "Selects 32 offered features"),
        DriverFeatures: register(0x020, "W", "Accepted features, the selected 32"),
        DriverFeaturesSel: register(0x024, "W", "Selects 32 accepted features"),
        QueueSel: register(0x030, "W", "Selects the queue that the other Queue registers are of"),
        QueueSizeMax: register(0x034, "R", "Most descriptors; 0 when there is no such queue"),
        QueueSize: register(0x038, "W", "Number of descriptors"),
        QueueReady: register(0x044, "RW", "1 while the device may use the queue"),
        QueueNotify: register(0x050, "W", "Notifies the device of available buffers"),
        InterruptStatus: register(0x060, "R", "Causes of the interrupt not yet acknowledged"),
        InterruptACK: register(0x064, "W", "Acknowledges causes of the interrupt"),
        Status: register(0x070, "RW", "Device status; writing 0 resets the device"),
        QueueDescLow: register(0x080, "W", "Address of the descriptor area, low half"),
        QueueDescHigh: register(0x084, "W", "Address of the descriptor area, high half"),
        QueueDriverLow: register(0x090, "W", "Address of the driver area, low half"),
        QueueDriverHigh: register(0x094, "W", "Address of the driver area, high half"),
        QueueDeviceLow: register(0x0a0, "W", "Address of the device area, low half"),
        QueueDeviceHigh: register(0x0a4, "W", "Address of the device area, high half"),
        SHMSel: register(0x0ac, "W", "Selects a shared memory region by its id"),
        SHMLenLow: register(0x0b0, "R", "Bytes of the region, low half; all ones for none"),
        SHMLenHigh: register(0x0b4, "R", "Bytes of the region, high half; all ones for none"),
        SHMBaseLow: register(0x0b8, "R", "Address of the region, low half; all ones for none"),
        SHMBaseHigh: register(0x0bc, "R", "Address of the region, high half; all ones for none"),
        QueueReset: register(
          0x0c0,
          "RW",
          "Writing 1 resets the queue; reads 1 until that is done",
          "RING_RESET",
        ),
        ConfigGeneration: register(
          0x0fc,
          "R",
          "Changes when the configuration could be read in part before and in part after a change",
        ),
      },
    },
    legacy: {
      doc: "Control registers of the legacy interface",
      section: "4.2.4",
      registers: {
        MagicValue: register(0x000, "R", "Tells that this is a virtio device"),
        Version: register(0x004, "R", "Version of the register layout"),
        DeviceID: register(0x008, "R", "Type of the device; 0 when there is none"),
        VendorID: register(0x00c, "R", "Vendor of the device"),
        HostFeatures: register(0x010, "R", "Offered features, the selected 32"),
        HostFeaturesSel: register(0x014, "W", "Selects 32 offered features"),
        GuestFeatures: register(0x020, "W", "Accepted features, the selected 32"),
        GuestFeaturesSel: register(0x024, "W", "Selects 32 accepted features"),
        GuestPageSize: register(0x028, "W", "Bytes of the page that QueuePFN counts in"),
        QueueSel: register(0x030, "W", "Selects the queue that the other Queue registers are of"),
        QueueSizeMax: register(0x034, "R", "Most descriptors; 0 when there is no such queue"),
        QueueSize: register(0x038, "W", "Number of descriptors"),
        QueueAlign: register(0x03c, "W", "Alignment of the used ring, in bytes"),
        QueuePFN: register(0x040, "RW", "First page of the queue; 0 while it is not in use"),
        QueueNotify: register(0x050, "W", "Notifies the device of available buffers"),
        InterruptStatus: register(0x060, "R", "Causes of the interrupt not yet acknowledged"),
        InterruptACK: register(0x064, "W", "Acknowledges causes of the interrupt"),
        Status: register(0x070, "RW", "Device status; writing 0 resets the device"),
      },
    },
  },
});
