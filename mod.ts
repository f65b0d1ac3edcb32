/**
 * The runtime: guest memory, queues in both ring formats, the control plane of both sides, and the
 * transports that need nothing from outside. Devices are imported by their own paths.
 *
 * ```ts
 * import { loopback } from "@virtio-ts/virtio";
 * import { BlockDevice, BlockDriver, BlockStatus } from "@virtio-ts/virtio/blk";
 *
 * const disk = new Uint8Array(1 << 20);
 * const device = new BlockDevice({
 *   config: { capacity: disk.length / 512 },
 *   in: ({ sector }, data) => (data.write(disk, sector * 512), BlockStatus.OK),
 *   out: ({ sector }, data) => (data.read(disk, sector * 512), BlockStatus.OK),
 * });
 *
 * await using driver = await BlockDriver.open(loopback(device));
 * const { status } = await driver.out({ sector: 1 }, new Uint8Array(512).fill(7));
 * console.log(status === BlockStatus.OK, disk[512]);
 * ```
 *
 * @module
 */

export * from "./runtime/contract.ts";
export * from "./runtime/admin/mod.ts";
export type { BufferBytes } from "./runtime/cursor.ts";
export type { MemoryUser, MemoryWindow } from "./runtime/memory.ts";
export type {
  BufferElement,
  DeviceQueueOptions,
  DriverPosition,
  DriverQueueOptions,
  InflightBuffer,
  PendingBuffer,
  QueueFeatures,
  QueueFormat,
  QueueLayout,
  QueuePosition,
} from "./runtime/queue.ts";
export { allocateQueue, createDeviceQueue, createDriverQueue, freeQueue } from "./runtime/queue.ts";
export { type AreaSize, ringSizes } from "./runtime/ring_sizes.ts";
export type { QueueWatcher } from "./runtime/device_queues.ts";
export { type DescribedDevice, describer } from "./runtime/describe.ts";
export type { Waiting } from "./runtime/doorbell.ts";
export {
  type MakeDevice,
  type ServedThread,
  serveThread,
  type ServeThreadOptions,
} from "./runtime/thread_device.ts";
export {
  openThread,
  type OpenThreadOptions,
  type ThreadTransport,
} from "./runtime/thread_driver.ts";
export {
  type Describe,
  trace,
  traceDeviceQueue,
  traceDriverQueue,
  type TraceSink,
} from "./runtime/trace.ts";
export * from "./runtime/transports/mod.ts";
