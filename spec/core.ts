/**
 * What every device and driver shares: the status field, the device ids and the reserved feature
 * bits (VIRTIO 1.4, 2.1, 5 and 6).
 *
 * @module
 */

import { defineLayout, type Layout } from "./dsl.ts";

/** Device status, device ids and reserved features. */
export const core: Layout = defineLayout({
  name: "core",
  title: "Basic Facilities",
  section: "2",
  doc: "The device status field, the device ids and the feature bits of all device types",

  enums: {
    // The standard writes these names bare; the prefix is that of Linux's header.
    VIRTIO_CONFIG_S: {
      doc: "Bits of the device status field",
      section: "2.1",
      name: "DeviceStatus",
      as: "masks",
      members: {
        ACKNOWLEDGE: { value: 1, doc: "The driver's system has noticed the device" },
        DRIVER: { value: 2, doc: "There is a driver that knows how to drive the device" },
        DRIVER_OK: { value: 4, doc: "The driver is set up, and the device is live" },
        FEATURES_OK: { value: 8, doc: "The driver has chosen its features, and the device agrees" },
        SUSPEND: { value: 16, doc: "The device is suspended, or is about to be" },
        DEVICE_NEEDS_RESET: {
          value: 64,
          doc: "The device met an error that only a reset ends",
        },
        FAILED: { value: 128, doc: "The driver has given up on the device" },
      },
    },
    VIRTIO_ID: {
      doc: "Device types",
      section: "5",
      name: "DeviceId",
      members: {
        RESERVED: { value: 0, doc: "Not a device", reserved: true },
        NET: { value: 1, doc: "Network device" },
        BLOCK: { value: 2, doc: "Block device" },
        CONSOLE: { value: 3, doc: "Console" },
        ENTROPY: { value: 4, doc: "Entropy source" },
        BALLOON: { value: 5, doc: "Memory balloon (traditional)" },
        IOMEM: { value: 6, doc: "ioMemory", reserved: true },
        RPMSG: { value: 7, doc: "Remote processor messaging", reserved: true },
        SCSI: { value: 8, doc: "SCSI host" },
        NINEP: { value: 9, doc: "9P transport", reserved: true },
        MAC80211_WLAN: { value: 10, doc: "mac80211 wireless LAN", reserved: true },
        RPROC_SERIAL: { value: 11, doc: "Serial link to a remote processor", reserved: true },
        CAIF: { value: 12, doc: "CAIF", reserved: true },
        MEMORY_BALLOON: { value: 13, doc: "Memory balloon", reserved: true },
        GPU: { value: 16, doc: "GPU device" },
        RTC: { value: 17, doc: "RTC (real time clock) device" },
        INPUT: { value: 18, doc: "Input device" },
        VSOCK: { value: 19, doc: "Socket device" },
        CRYPTO: { value: 20, doc: "Crypto device" },
        SIGNAL_DIST: { value: 21, doc: "Signal distribution module", reserved: true },
        PSTORE: { value: 22, doc: "pstore device", reserved: true },
        IOMMU: { value: 23, doc: "IOMMU device" },
        MEM: { value: 24, doc: "Memory device" },
        SOUND: { value: 25, doc: "Sound device" },
        FS: { value: 26, doc: "File system device" },
        PMEM: { value: 27, doc: "PMEM device" },
        RPMB: { value: 28, doc: "RPMB device" },
        MAC80211_HWSIM: { value: 29, doc: "Simulated mac80211 wireless device", reserved: true },
        VIDEO_ENCODER: { value: 30, doc: "Video encoder device", reserved: true },
        VIDEO_DECODER: { value: 31, doc: "Video decoder device", reserved: true },
        SCMI: { value: 32, doc: "SCMI device" },
        NITRO_SEC_MOD: { value: 33, doc: "Nitro secure module", reserved: true },
        I2C_ADAPTER: { value: 34, doc: "I2C adapter" },
        WATCHDOG: { value: 35, doc: "Watchdog", reserved: true },
        CAN: { value: 36, doc: "CAN device" },
        PARAM_SERV: { value: 38, doc: "Parameter server", reserved: true },
        AUDIO_POLICY: { value: 39, doc: "Audio policy device", reserved: true },
        BT: { value: 40, doc: "Bluetooth device", reserved: true },
        GPIO: { value: 41, doc: "GPIO device" },
        RDMA: { value: 42, doc: "RDMA device", reserved: true },
        CAMERA: { value: 43, doc: "Camera device", reserved: true },
        ISM: { value: 44, doc: "ISM device", reserved: true },
        SPI: { value: 45, doc: "SPI controller" },
        TEE: { value: 46, doc: "TEE device", reserved: true },
        CPU_BALLOON: { value: 47, doc: "CPU balloon device", reserved: true },
        MEDIA: { value: 48, doc: "Media device" },
        USB: { value: 49, doc: "USB controller", reserved: true },
      },
    },
  },

  features: {
    NOTIFY_ON_EMPTY: {
      bit: 24,
      doc: "A used buffer notification is sent when a queue runs empty, even if suppressed",
      by: "legacy",
    },
    ANY_LAYOUT: {
      bit: 27,
      doc: "Messages may be cut into descriptors anywhere",
      by: "legacy",
    },
    INDIRECT_DESC: {
      bit: 28,
      doc: "A descriptor may refer to a table of descriptors",
      by: "runtime",
    },
    EVENT_IDX: {
      bit: 29,
      doc: "Notifications may be asked for at one position of the ring",
      by: "runtime",
    },
    UNUSED: {
      bit: 30,
      doc: "Tells early drivers that negotiate wrongly; never to be accepted",
      by: "legacy",
    },
    VERSION_1: {
      bit: 32,
      doc: "The device follows this standard, not the legacy interface",
      mandatory: true,
      by: "runtime",
    },
    ACCESS_PLATFORM: {
      bit: 33,
      doc: "The platform limits or translates the device's accesses to memory",
      by: "option",
    },
    RING_PACKED: { bit: 34, doc: "Queues have the packed format", by: "runtime" },
    IN_ORDER: { bit: 35, doc: "Buffers come back in the order in which they went", by: "option" },
    ORDER_PLATFORM: {
      bit: 36,
      doc: "Memory accesses are ordered as the platform demands of its hardware",
      by: "option",
    },
    SR_IOV: { bit: 37, doc: "The device has virtual functions (PCI only)", by: "option" },
    NOTIFICATION_DATA: {
      bit: 38,
      doc: "Available buffer notifications carry the position in the ring",
      by: "runtime",
    },
    NOTIF_CONFIG_DATA: {
      bit: 39,
      doc: "Available buffer notifications name the queue by a value of the device's choice",
      since: "1.2",
      by: "option",
    },
    RING_RESET: { bit: 40, doc: "A queue can be reset alone", since: "1.2", by: "runtime" },
    ADMIN_VQ: {
      bit: 41,
      doc: "The device has administration queues (PCI only)",
      since: "1.3",
      by: "option",
    },
    SUSPEND: { bit: 43, doc: "The device can be suspended", since: "1.4", by: "runtime" },
  },
});
