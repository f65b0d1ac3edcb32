/**
 * What the descriptions of single constructs share, and what tries them.
 *
 * @module
 */

import { type Device, le32, u8 } from "../../../spec/dsl.ts";
import type { Device as DeviceSide } from "../../../runtime/device.ts";
import type { Driver as DriverSide } from "../../../runtime/driver.ts";
import { className } from "../../names.ts";

export type { Vector } from "../../../testing/vectors.ts";

/** Both sides of a construct as they were generated, over loopback. */
export interface Sides {
  /** What `wire.ts` exports. */
  readonly wire: Readonly<Record<string, unknown>>;
  /** The class of the driver. */
  readonly Driver: object;
  makeDevice(options: Record<string, unknown>): DeviceSide;
  openDriver(
    device: DeviceSide,
    options?: Record<string, unknown>,
    over?: "loopback" | "legacy",
  ): Promise<DriverSide>;
}

/** Calls a method of a generated class. */
export function call(object: object, method: string, ...args: unknown[]): unknown {
  const found = (object as Record<string, unknown>)[method];
  if (typeof found !== "function") {
    throw new TypeError(`Cannot call ${method}: there is no such method`);
  }
  return found.apply(object, args);
}

/** A property of a generated object. */
export function get(object: object, property: string): unknown {
  return (object as Record<string, unknown>)[property];
}

type Parts = Omit<Partial<Device>, "name" | "messages"> & Pick<Device, "messages">;

/** A device that has one construct: what is not said is as simple as it can be. */
export function construct(name: string, parts: Parts): Device {
  const carries = Object.keys(parts.messages ?? {});
  return {
    dsl: 1,
    name,
    prefix: className(name),
    id: 0x1000 + [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 0xdfff, 0),
    title: name,
    section: "none",
    doc: name.replaceAll("_", " "),
    queues: { requestq: { doc: "Requests", role: "request", carries, index: 0 } },
    ...parts,
    enums: { S: status, ...parts.enums },
  };
}

const status = {
  doc: "How it went",
  name: "Status",
  members: { OK: 0, BAD: 1, UNKNOWN: 2, FAILED: 3 },
};

/** The status of a request. */
export const STATUS = {
  field: "status",
  ok: "OK",
  unknown: "UNKNOWN",
  malformed: "BAD",
  failed: "FAILED",
} as const;

/** The byte that says how a request went. */
export const code = u8("How it went", { enum: "S" });

/** A word that tells requests apart. */
export const tag = le32("What is asked for", { tag: true });

/** A request that is answered with a status alone. */
export const answered = { writable: { status: code }, status: STATUS } as const;
