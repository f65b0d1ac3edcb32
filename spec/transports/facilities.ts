/**
 * What each transport can carry, and where the standard says that it cannot.
 *
 * @module
 */

/** Why a transport cannot carry something. */
export interface Missing {
  /** What is missing, in a few words. */
  readonly missing: string;
  /** Section of VIRTIO 1.4, or the document that defines the transport. */
  readonly section: string;
}

/** Whether a transport can carry something. */
export type Carried = true | Missing;

/** What may or may not be carried, beside feature bits. */
export interface Carries {
  /** Resetting one queue (VIRTIO 1.4, 2.6.1). */
  readonly queueReset: Carried;
  /** Shared memory regions (2.10). */
  readonly sharedMemory: Carried;
  /** Administration queues (2.13). */
  readonly adminQueue: Carried;
  /** The position in the ring with an available buffer notification (2.9). */
  readonly notificationData: Carried;
  /** The device's own value with an available buffer notification (2.9). */
  readonly notifConfigData: Carried;
  /** Suspending the device through its status (3.4). */
  readonly suspend: Carried;
  /** Virtual functions (6). */
  readonly srIov: Carried;
  /** A generation of the configuration space (2.5); without one, the space is read whole. */
  readonly configGeneration: Carried;
  /** Agreement on the features through the status (3.1). */
  readonly featuresOk: Carried;
}

/** What one transport can carry. */
export interface TransportFacilities extends Carries {
  /** Title, for people. */
  readonly title: string;
  /** Section of VIRTIO 1.4 that describes the transport, or the document that does. */
  readonly section: string;
  /** How many feature bits fit. */
  readonly featureBits: 32 | 64 | 128;
  /** Why no more than 32 or 64 feature bits fit. */
  readonly featureLimit?: Missing;
}

/** Transports, by the names that messages use. */
export type TransportName =
  | "loopback"
  | "mmio"
  | "mmio-legacy"
  | "pci"
  | "pci-legacy"
  | "ccw"
  | "vhost-user";

/** The reserved feature that a transport must not offer when it cannot carry what the feature brings. */
export const maskedFeatures: Readonly<Partial<Record<keyof Carries, string>>> = {
  queueReset: "RING_RESET",
  adminQueue: "ADMIN_VQ",
  notificationData: "NOTIFICATION_DATA",
  notifConfigData: "NOTIF_CONFIG_DATA",
  suspend: "SUSPEND",
  srIov: "SR_IOV",
};

function missing(what: string, section: string): Missing {
  return { missing: what, section };
}

/** The legacy interface, which is the one of drivers that do not accept VERSION_1. */
function legacy(section: string): Omit<TransportFacilities, "title" | "section"> {
  const above = missing("The feature's bit is above 31", section);
  return {
    featureBits: 32,
    featureLimit: missing("VERSION_1 is bit 32, and who accepts it is not legacy", "2.2.3"),
    queueReset: above,
    sharedMemory: missing("The legacy registers name no regions", section),
    adminQueue: above,
    notificationData: above,
    notifConfigData: above,
    suspend: above,
    srIov: above,
    configGeneration: missing("Legacy devices have no generation", "2.5.4"),
    featuresOk: missing("Legacy devices have no FEATURES_OK", "3.1.2"),
  };
}

// NOTES.md: mmio-notif-config
const notDefined = "Only the PCI transport defines the value";
const pciOnly = "Only PCI devices have virtual functions";

/** What each transport can carry. */
export const facilities: Readonly<Record<TransportName, TransportFacilities>> = {
  loopback: {
    title: "Both ends in one process",
    section: "Creating New Transports",
    featureBits: 128,
    queueReset: true,
    sharedMemory: true,
    adminQueue: true,
    notificationData: true,
    notifConfigData: missing(notDefined, "6"),
    suspend: true,
    srIov: missing(pciOnly, "6.2"),
    configGeneration: true,
    featuresOk: true,
  },
  mmio: {
    title: "Virtio Over MMIO",
    section: "4.2",
    featureBits: 128,
    queueReset: true,
    sharedMemory: true,
    adminQueue: missing("The feature is reserved for future use", "4.2.5"),
    notificationData: true,
    notifConfigData: missing(notDefined, "6"),
    suspend: true,
    srIov: missing(pciOnly, "6.2"),
    configGeneration: true,
    featuresOk: true,
  },
  "mmio-legacy": {
    title: "Virtio Over MMIO, legacy interface",
    section: "4.2.4",
    ...legacy("4.2.4"),
  },
  // NOTES.md: pci-feature-63
  pci: {
    title: "Virtio Over PCI Bus",
    section: "4.1",
    featureBits: 128,
    queueReset: true,
    sharedMemory: true,
    adminQueue: true,
    notificationData: true,
    notifConfigData: true,
    suspend: true,
    srIov: true,
    configGeneration: true,
    featuresOk: true,
  },
  "pci-legacy": {
    title: "Virtio Over PCI Bus, legacy interface",
    section: "4.1.4.10",
    ...legacy("4.1.4.10"),
  },
  ccw: {
    title: "Virtio Over Channel I/O",
    section: "4.3",
    featureBits: 128,
    queueReset: missing("The feature is reserved for future use", "4.3.4"),
    sharedMemory: missing("Regions are reserved for future use", "4.3.4"),
    adminQueue: missing("The feature is reserved for future use", "4.3.4"),
    notificationData: true,
    notifConfigData: missing(notDefined, "6"),
    // Both need READ_STATUS, hence revision 2 of the transport (4.3.2.3).
    suspend: true,
    srIov: missing(pciOnly, "6.2"),
    configGeneration: missing("One command reads the space whole", "4.3.2.5"),
    featuresOk: true,
  },
  "vhost-user": {
    title: "vhost-user",
    section: "vhost-user protocol",
    featureBits: 64,
    featureLimit: missing("Features are one word of 64 bits", "vhost-user protocol, SET_FEATURES"),
    queueReset: true,
    sharedMemory: missing("Regions are not announced", "vhost-user protocol, message types"),
    adminQueue: missing("Queues have no kinds", "vhost-user protocol, message types"),
    notificationData: missing("A kick is an event without a value", "vhost-user protocol, rings"),
    notifConfigData: missing(notDefined, "6"),
    suspend: missing(
      "The front end keeps the status, and stops rings one by one",
      "vhost-user protocol, GET_VRING_BASE",
    ),
    srIov: missing(pciOnly, "6.2"),
    configGeneration: missing(
      "One message reads the space whole",
      "vhost-user protocol, GET_CONFIG",
    ),
    // Through SET_STATUS where both ends have it; otherwise the front end agrees by itself.
    featuresOk: true,
  },
};
