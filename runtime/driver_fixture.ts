/**
 * A driver and a device that echoes, for tests of the driver's control plane.
 *
 * @module
 */

import { EchoDevice, EchoDriver } from "./echo_fixture.ts";
import { RequestAborted } from "./errors.ts";
import { loopback } from "./loopback.ts";
import { Status } from "./status.ts";
import type { Transport } from "./transport.ts";

export const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, SUSPEND, DEVICE_NEEDS_RESET, FAILED } =
  Status;
export const FOUND = ACKNOWLEDGE | DRIVER;
export const AGREED = FOUND | FEATURES_OK;
export const READY = AGREED | DRIVER_OK;
export const SPLIT = { packed: false };
export const BYTES = Uint8Array.of(1, 2, 3);

/** A device, the way to it, and a driver that has done nothing yet. */
export function pair(device = new EchoDevice()) {
  const transport = loopback(device);
  return { device, transport, driver: new EchoDriver(transport) };
}

/** The same with everything running. */
export async function running(device = new EchoDevice()) {
  const all = pair(device);
  await all.driver.start({ want: 0n, ring: SPLIT });
  return all;
}

/** Notes every status that the driver writes. */
export function recordStatus(transport: Transport): number[] {
  const written: number[] = [];
  const { setStatus } = transport;
  transport.setStatus = (status) => {
    written.push(status);
    return setStatus.call(transport, status);
  };
  return written;
}

/** Lets all tasks that are queued now run. */
export function tasks(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 3));
}

/** Whether an error is the end of a request, for this reason. */
export function aborted(because: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof RequestAborted && because.test(error.message);
}
