/**
 * Virtio over the PCI bus (VIRTIO 1.4, 4.1).
 *
 * @module
 */

import {
  bytes,
  defineLayout,
  type Layout,
  le16,
  le32,
  padding,
  type Register,
  type Scalar,
  struct,
  u8,
} from "../dsl.ts";

const commonCfg = {
  device_feature_select: { offset: 0, size: 4, access: "RW", doc: "Selects 32 offered features" },
  device_feature: { offset: 4, size: 4, access: "R", doc: "Offered features, the selected 32" },
  driver_feature_select: { offset: 8, size: 4, access: "RW", doc: "Selects 32 accepted features" },
  driver_feature: { offset: 12, size: 4, access: "RW", doc: "Accepted features, the selected 32" },
  config_msix_vector: {
    offset: 16,
    size: 2,
    access: "RW",
    doc: "MSI-X vector of configuration changes",
  },
  // NOTES.md: pci-admin-index
  num_queues: { offset: 18, size: 2, access: "R", doc: "Most queues, administration ones apart" },
  device_status: { offset: 20, size: 1, access: "RW", doc: "Device status; writing 0 resets" },
  config_generation: {
    offset: 21,
    size: 1,
    access: "R",
    doc: "Changes when the configuration could be read in part before and in part after a change",
  },
  queue_select: { offset: 22, size: 2, access: "RW", doc: "Selects the queue of what follows" },
  queue_size: {
    offset: 24,
    size: 2,
    access: "RW",
    doc: "Number of descriptors, at first the largest; 0 when there is no such queue",
  },
  queue_msix_vector: { offset: 26, size: 2, access: "RW", doc: "MSI-X vector of the queue" },
  // NOTES.md: pci-queue-enable
  queue_enable: { offset: 28, size: 2, access: "RW", doc: "1 while the device may use the queue" },
  queue_notify_off: { offset: 30, size: 2, access: "R", doc: "Where to notify, in multiples" },
  queue_desc: { offset: 32, size: 8, access: "RW", doc: "Address of the descriptor area" },
  queue_driver: { offset: 40, size: 8, access: "RW", doc: "Address of the driver area" },
  queue_device: { offset: 48, size: 8, access: "RW", doc: "Address of the device area" },
  // NOTES.md: pci-notif-typo
  queue_notif_config_data: {
    offset: 56,
    size: 2,
    access: "R",
    doc: "What names the queue in a notification",
    when: "NOTIF_CONFIG_DATA",
  },
  queue_reset: {
    offset: 58,
    size: 2,
    access: "RW",
    doc: "Writing 1 resets the queue; reads 1 until that is done",
    when: "RING_RESET",
  },
  admin_queue_index: {
    offset: 60,
    size: 2,
    access: "R",
    doc: "Index of the first administration queue",
    when: "ADMIN_VQ",
  },
  admin_queue_num: {
    offset: 62,
    size: 2,
    access: "R",
    doc: "Number of administration queues",
    when: "ADMIN_VQ",
  },
} as const;

const scalars = { 1: "u8", 2: "le16", 4: "le32", 8: "le64" } as const;

/** The same registers as the fields of a struct. */
function fieldsOf<const R extends string>(
  registers: Readonly<Record<R, Register>>,
): Readonly<Record<R, Scalar<never>>> {
  const fields = Object.entries<Register>(registers).map(([name, { size, doc }]) =>
    [name, { kind: "scalar", type: scalars[size], doc }] as const
  );
  return Object.fromEntries(fields) as Readonly<Record<R, Scalar<never>>>;
}

/** Capabilities and registers of the PCI transport, modern and legacy. */
export const pci: Layout = defineLayout({
  name: "pci",
  title: "Virtio Over PCI Bus",
  section: "4.1",
  doc: "Structures in the memory of a PCI device, found through its capabilities",

  enums: {
    VIRTIO_PCI_CAP: {
      doc: "What a capability points to",
      section: "4.1.4",
      name: "CapabilityType",
      members: {
        COMMON_CFG: { value: 1, doc: "The common configuration" },
        NOTIFY_CFG: { value: 2, doc: "Where to notify" },
        ISR_CFG: { value: 3, doc: "The interrupt status" },
        DEVICE_CFG: { value: 4, doc: "The device's configuration space" },
        PCI_CFG: { value: 5, doc: "A window from PCI configuration space into the rest" },
        SHARED_MEMORY_CFG: { value: 8, doc: "A shared memory region" },
        VENDOR_CFG: { value: 9, doc: "Data of a vendor" },
      },
    },
    // NOTES.md: pci-isr
    VIRTIO_PCI_ISR: {
      doc: "Interrupt status; reading it clears it",
      section: "4.1.4.5",
      name: "InterruptCause",
      as: "masks",
      members: {
        QUEUE: { value: 1, doc: "A buffer was used" },
        CONFIG: { value: 2, doc: "The configuration changed" },
      },
    },
    // The standard lists these numbers without names (4.1.2.3).
    VIRTIO_TRANS_ID: {
      doc: "PCI device ids of transitional devices",
      section: "4.1.2",
      name: "TransitionalId",
      members: {
        NET: { value: 0x1000, doc: "Network device" },
        BLOCK: { value: 0x1001, doc: "Block device" },
        BALLOON: { value: 0x1002, doc: "Memory balloon (traditional)" },
        CONSOLE: { value: 0x1003, doc: "Console" },
        SCSI: { value: 0x1004, doc: "SCSI host" },
        ENTROPY: { value: 0x1005, doc: "Entropy source" },
        NINEP: { value: 0x1009, doc: "9P transport" },
      },
    },
  },

  constants: {
    VIRTIO_MSI_NO_VECTOR: { value: 0xffff, doc: "No MSI-X vector: no interrupt" },
    VIRTIO_PCI_VENDOR_ID: { value: 0x1af4, doc: "PCI vendor id" },
    VIRTIO_PCI_DEVICE_ID: { value: 0x1040, doc: "PCI device id of device type 0; add the type" },
    VIRTIO_PCI_CAP_VNDR: { value: 0x09, doc: "Id of PCI capabilities of vendors" },
    // NOTES.md: pci-legacy-shift
    VIRTIO_PCI_LEGACY_CONFIG: {
      value: 20,
      doc: "Offset of the configuration space in the legacy registers without MSI-X",
    },
    VIRTIO_PCI_LEGACY_CONFIG_MSIX: {
      value: 24,
      doc: "Offset of the configuration space in the legacy registers with MSI-X",
    },
    VIRTIO_PCI_LEGACY_QUEUE_ADDR_SHIFT: {
      value: 12,
      doc: "Bits of the page offset in a legacy queue address",
    },
  },

  structs: {
    virtio_pci_cap: {
      doc: "A capability: where a structure lies",
      section: "4.1.4",
      size: 16,
      fields: {
        cap_vndr: u8("Id of the PCI capability", { value: 0x09 }),
        cap_next: u8("Next capability"),
        cap_len: u8("Bytes of this capability, what follows included"),
        cfg_type: u8("What it points to", { enum: "VIRTIO_PCI_CAP" }),
        bar: u8("Base address register, 0 to 5; others are reserved"),
        id: u8("Tells several of one type apart, such as shared memory regions"),
        padding: padding(2),
        offset: le32("Start of the structure in the bar"),
        length: le32("Bytes of the structure"),
      },
    },
    virtio_pci_cap64: {
      doc: "A capability for structures beyond 4 GiB",
      section: "4.1.4",
      size: 24,
      fields: {
        cap: struct("virtio_pci_cap", "The capability, with the low halves"),
        offset_hi: le32("High half of the offset"),
        length_hi: le32("High half of the length"),
      },
    },
    virtio_pci_notify_cap: {
      doc: "Where to notify: at offset + queue_notify_off * notify_off_multiplier",
      section: "4.1.4.4",
      size: 20,
      fields: {
        cap: struct("virtio_pci_cap", "The capability"),
        // NOTES.md: pci-even-power
        notify_off_multiplier: le32("Bytes between queues: 0 or an even power of two"),
      },
    },
    // NOTES.md: pci-cfg-window
    virtio_pci_cfg_cap: {
      doc: "Window from PCI configuration space into a bar",
      section: "4.1.4.9",
      size: 20,
      fields: {
        cap: struct("virtio_pci_cap", "The capability; the driver writes bar, offset and length"),
        pci_cfg_data: bytes("The bytes at that place: the first 1, 2 or 4", 4),
      },
    },
    // NOTES.md: pci-vndr-native
    virtio_pci_vndr_data: {
      doc: "Data of a vendor",
      section: "4.1.4.8",
      size: 6,
      fields: {
        cap_vndr: u8("Id of the PCI capability", { value: 0x09 }),
        cap_next: u8("Next capability"),
        cap_len: u8("Bytes of this capability, what follows included"),
        cfg_type: u8("Vendor data", { enum: "VIRTIO_PCI_CAP", value: 9 }),
        vendor_id: le16("PCI vendor id of who defines the rest"),
      },
    },
    virtio_pci_common_cfg: {
      doc: "The common configuration",
      section: "4.1.4.3",
      size: 64,
      fields: fieldsOf(commonCfg),
    },
  },

  registers: {
    common: { doc: "The common configuration", section: "4.1.4.3", registers: commonCfg },
    isr: {
      doc: "The interrupt status",
      section: "4.1.4.5",
      registers: { isr: { offset: 0, size: 1, access: "R", doc: "Causes; reading clears them" } },
    },
    legacy: {
      doc: "Registers of the legacy interface, in the first bar",
      section: "4.1.4.10",
      registers: {
        device_features: { offset: 0, size: 4, access: "R", doc: "Offered features 0 to 31" },
        driver_features: { offset: 4, size: 4, access: "RW", doc: "Accepted features 0 to 31" },
        queue_address: {
          offset: 8,
          size: 4,
          access: "RW",
          doc: "Page of 4096 bytes where the queue starts; 0 while it is not in use",
        },
        queue_size: {
          offset: 12,
          size: 2,
          access: "R",
          doc: "Number of descriptors; 0 when there is no such queue",
        },
        queue_select: { offset: 14, size: 2, access: "RW", doc: "Selects a queue" },
        queue_notify: { offset: 16, size: 2, access: "RW", doc: "Notifies the device" },
        device_status: { offset: 18, size: 1, access: "RW", doc: "Device status" },
        isr_status: {
          offset: 19,
          size: 1,
          access: "R",
          doc: "Interrupt status; reading clears it",
        },
        config_msix_vector: {
          offset: 20,
          size: 2,
          access: "RW",
          doc: "MSI-X vector of configuration changes, there while MSI-X is enabled",
        },
        queue_msix_vector: {
          offset: 22,
          size: 2,
          access: "RW",
          doc: "MSI-X vector of the queue, there while MSI-X is enabled",
        },
      },
    },
  },
});
