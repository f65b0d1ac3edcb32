/**
 * The device status field: its bits, and which of a driver's writes a device heeds.
 *
 * @module
 */

import { DeviceStatus as Status } from "../generated/layout/core.ts";

export { Status };

const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, SUSPEND, DEVICE_NEEDS_RESET, FAILED } = Status;
const FOUND = ACKNOWLEDGE | DRIVER;
const FROM_DRIVER = FOUND | DRIVER_OK | FEATURES_OK | SUSPEND | FAILED;

/**
 * The bits of a driver's write that a device heeds now: those that are new and whose step has come
 * (VIRTIO 1.4, 3.1.1). What the write leaves out stays set, since a driver never clears a bit; 0,
 * the reset, is not for this function. After FAILED nothing is heeded.
 */
export function heededStatus(current: number, written: number): number {
  if ((current & FAILED) !== 0) return 0;
  let fresh = written & ~current & FROM_DRIVER;
  const reached = current | fresh;
  if ((reached & FOUND) !== FOUND) fresh &= ~(FEATURES_OK | DRIVER_OK);
  if ((reached & FEATURES_OK) === 0) fresh &= ~DRIVER_OK;
  if ((current & DRIVER_OK) === 0) fresh &= ~SUSPEND;
  return fresh;
}

/** Whether a device in this status uses its queues: DRIVER_OK, and neither suspended nor broken. */
export function isLive(status: number): boolean {
  return (status & (DRIVER_OK | SUSPEND | DEVICE_NEEDS_RESET | FAILED)) === DRIVER_OK;
}

/** The status in words, for messages: `"ACKNOWLEDGE DRIVER"`, or `"0"` after a reset. */
export function statusName(status: number): string {
  const words = Object.entries(Status).filter(([, bit]) => (status & bit) !== 0).map(([name]) =>
    name
  );
  const known = Object.values(Status).reduce((all, bit) => all | bit, 0);
  const rest = status & ~known;
  if (rest !== 0) words.push(`0x${rest.toString(16)}`);
  return words.join(" ") || "0";
}
