/**
 * Devices for virtual machines, and drivers for devices of other processes, over vhost-user on Linux.
 *
 * ```ts
 * import { BlockDevice, BlockStatus } from "../generated/blk/mod.ts";
 * import { serve } from "./mod.ts";
 *
 * const disk = new Uint8Array(64 << 20);
 * await using _server = await serve(
 *   new BlockDevice({
 *     config: { capacity: disk.length / 512 },
 *     in: ({ sector }, data) => (data.write(disk, sector * 512, data.length), BlockStatus.OK),
 *   }),
 *   "disk.sock",
 * );
 * ```
 *
 * @module
 */

export { ProtocolFeature } from "../generated/layout/vhost_user.ts";
export { connect, type ConnectOptions, FrontEnd } from "./frontend.ts";
export type { ServeOptions } from "./backend.ts";
export { serve, type Server } from "./serve.ts";
