/**
 * All that generated code may import, under one number.
 *
 * Generated code states the number that it was written for, and {@linkcode checkContract} refuses
 * any other when the code is loaded. The number changes whenever code generated before could break.
 *
 * @module
 */

/** The contract that this runtime keeps. */
export const CONTRACT = 1 as const;

/** Throws one clear error unless generated code was written for the contract of this runtime. */
export function checkContract(wanted: number): void {
  if (wanted === CONTRACT) return;
  throw new Error(
    `Cannot use generated code of contract ${wanted}: this runtime keeps contract ${CONTRACT}; ` +
      `generate the code again, or import the runtime that it was generated for`,
  );
}

export { AdminDriver } from "./admin/driver.ts";
export { CapabilityLayout, ObjectLayout } from "./admin/layouts.ts";
export { Arena, type DmaBuffer } from "./arena.ts";
export {
  DeviceBehaviour,
  DeviceBehaviours,
  DriverBehaviour,
  type Handler,
  type Names,
  type QueueEvents,
} from "./behaviour.ts";
export * from "./behaviours/zones.ts";
export * from "./behaviours/zones_messages.ts";
export * from "./behaviours/announcer.ts";
export type { AnswerLines } from "./behaviours/answer_lines.ts";
export * from "./behaviours/clocks.ts";
export type { ConfigAnswers } from "./behaviours/config_answers.ts";
export * from "./behaviours/coalescing.ts";
export type * from "./behaviours/display_commands.ts";
export * from "./behaviours/display_resources.ts";
export * from "./behaviours/fences.ts";
export type {
  DisplayPointer,
  DisplayResource,
  DisplayShown,
  MemoryPiece,
  Rectangle,
} from "./behaviours/resource_table.ts";
export * from "./behaviours/page_hints.ts";
export * from "./behaviours/statistics.ts";
export * from "./behaviours/tasks.ts";
export * from "./behaviours/media_sessions.ts";
export * from "./behaviours/driver_media_sessions.ts";
export * from "./behaviours/memory_blocks.ts";
export * from "./behaviours/pcm_streams.ts";
export * from "./behaviours/platform_events.ts";
export type { PcmCommand, PcmParams, PcmState, PcmStreamInfo } from "./behaviours/pcm_stream.ts";
export * from "./behaviours/protected_blocks.ts";
export * from "./behaviours/driver_protected_blocks.ts";
export type {
  ProtectedBlocksCodes,
  ProtectedFrame,
  ProtectedFramesRequest,
  ProtectedRequest,
} from "./behaviours/protected_frames.ts";
export * from "./behaviours/bus_controller.ts";
export * from "./behaviours/domains.ts";
export type { AddressRange } from "./behaviours/mappings.ts";
export * from "./behaviours/line_interrupts.ts";
export * from "./behaviours/request_groups.ts";
export * from "./behaviours/crypto_messages.ts";
export * from "./behaviours/crypto_provider.ts";
export * from "./behaviours/crypto_sessions.ts";
export * from "./behaviours/receive_filter.ts";
export * from "./behaviours/ports.ts";
export * from "./behaviours/driver_ports.ts";
export * from "./behaviours/sockets.ts";
export type { ZonesCodes } from "./behaviours/zone_table.ts";
export { Chain } from "./chain.ts";
export { type ConfigRange, ConfigSpace } from "./config.ts";
export { ReadableBytes, WritableBytes } from "./cursor.ts";
export * from "./decoder.ts";
export { Device, type DeviceOptions } from "./device.ts";
export type { AdminServer, DeviceHooks } from "./device_hooks.ts";
export { Driver, type NegotiateOptions } from "./driver.ts";
export * from "./encoder.ts";
export { PeerError, type PeerErrorDetail, RequestAborted, TransportError } from "./errors.ts";
export {
  type DeviceInfo,
  type FeatureInfo,
  featureSet,
  hasBit,
  inForce,
  ReservedFeature,
  type RingOptions,
} from "./features.ts";
export { loopback, type LoopbackOptions } from "./loopback.ts";
export { GuestMemory, type MemoryRegion } from "./memory.ts";
export type {
  BufferElement,
  DeviceQueue,
  DriverPosition,
  DriverQueue,
  InflightBuffer,
  PendingBuffer,
  QueueFormat,
  QueueLayout,
  QueuePosition,
  UsedLengths,
} from "./queue.ts";
export { RequestSlots } from "./requests.ts";
export type { DeviceSnapshot, SavedAdmin, SavedQueue } from "./snapshot.ts";
export { Status } from "./status.ts";
export type {
  AdminQueues,
  ConfigFields,
  DeviceBinding,
  Facilities,
  SharedMemory,
  SharedRegion,
  Transport,
} from "./transport.ts";
export * from "./plan.ts";
export * from "./values.ts";
export * from "./answers.ts";
export { ParkedBuffers } from "./parked.ts";
export { ReceiveBuffers } from "./receive.ts";
export { type TurnKey, Turns } from "./turns.ts";
