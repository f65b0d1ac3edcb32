/**
 * The contract from the generator's side: every symbol of `runtime/contract.ts` that output may name.
 *
 * @module
 */

/** Number of the contract that output is generated for. */
export const CONTRACT = 1;

/** Classes that do what the protocol prescribes beyond layouts and checks. */
export const BEHAVIOURS: readonly string[] = [
  "Coalescing",
  "CryptoSessions",
  "DeviceAnnouncer",
  "DevicePageHints",
  "DevicePorts",
  "DeviceProtectedBlocks",
  "DeviceSockets",
  "DriverAnnouncer",
  "DriverPageHints",
  "DriverPorts",
  "DriverProtectedBlocks",
  "DriverSockets",
  "MemoryBlocks",
  "ReceiveFilter",
  "ReportedPages",
  "Statistics",
  "Tasks",
  "UnitEvents",
  "Zones",
];

/** Symbols that exist at run time. */
export const VALUES: readonly string[] = [
  ...BEHAVIOURS,
  "checkContract",
  "Decoder",
  "Device",
  "Driver",
  "Encoder",
  "ParkedBuffers",
  "PeerError",
  "QueuePlan",
  "ReadableBytes",
  "ReceiveBuffers",
  "RequestAborted",
  "RequestSlots",
  "Status",
  "Turns",
  "WritableBytes",
  "allowed",
  "answerBytes",
  "bounded",
  "chainSource",
  "featureSet",
  "getBytes",
  "getNumber64",
  "getText",
  "hasBit",
  "hasOtherBits",
  "inForce",
  "isMultiple",
  "isPromise",
  "knownValue",
  "lengthOf",
  "loopback",
  "sameLength",
  "setBytes",
  "setNumber64",
  "setText",
  "utf8Length",
  "within",
  "within64",
];

/** Symbols that are types only. */
export const TYPES: readonly string[] = [
  "CONTRACT",
  "AdminServer",
  "Chain",
  "CoalescingOptions",
  "CryptoSessionsOptions",
  "DeviceAnnouncerOptions",
  "DeviceInfo",
  "DevicePageHintsOptions",
  "DeviceProtectedBlocksOptions",
  "DeviceQueue",
  "DeviceSocketsOptions",
  "DriverAnnouncerOptions",
  "DriverPageHintsOptions",
  "DriverPortsOptions",
  "DriverProtectedBlocksOptions",
  "DriverQueue",
  "DriverSocketsOptions",
  "ReceiveFilterOptions",
  "ReportedPagesOptions",
  "RingOptions",
  "SharedMemory",
  "StatisticsOptions",
  "TasksOptions",
  "Transport",
  "UsedLengths",
  "ZonesOptions",
];
