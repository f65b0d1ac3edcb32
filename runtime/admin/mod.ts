/**
 * Administration: devices that own groups of devices, and the commands for their members (VIRTIO 1.4,
 * 2.12 to 2.14).
 *
 * @module
 */

export {
  Capability as AdminCapability,
  DevPart,
  DevPartFlag,
  GroupType,
  NotifyInfoFlags,
  Opcode as AdminOpcode,
  ResourceObject as AdminObject,
  Status as AdminStatus,
  StatusQualifier as AdminQualifier,
} from "../../generated/layout/admin.ts";
export { Capabilities, type Capability, type CapabilityWatcher } from "./capabilities.ts";
export { type AdminCommand, AdminError } from "./command.ts";
export {
  CommonCapabilities,
  CommonObjects,
  type PartsLimits,
  type PartsPurpose,
} from "./common.ts";
export {
  type LegacyNotifyAddress,
  type Member,
  type ObjectId,
  type ObjectOf,
  SELF,
  virtualFunction,
} from "./driver.ts";
export type {
  CommandResult,
  GroupCommand,
  GroupMember,
  LegacyField,
  LegacyRegisters,
  MemberCommand,
  MemberRegisters,
  NotifyPlace,
  VirtualFunction,
} from "./group.ts";
export {
  AdminLayout,
  type CapabilityCodec,
  CapabilityLayout,
  type HeldObject,
  type ObjectCodec,
  type ObjectHandlers,
  ObjectLayout,
  type ObjectLimit,
  type ObjectWithin,
  type ValueCodec,
} from "./layouts.ts";
export {
  type ObjectName,
  type ReadCapability,
  type ResourceObject,
  ResourceObjects,
  type ResourceType,
} from "./objects.ts";
export { GroupOwner, type GroupOwnerOptions } from "./owner.ts";
export type { Part, PartHead } from "./part_bytes.ts";
export type { SavedObject, SavedOwner } from "./saved.ts";
