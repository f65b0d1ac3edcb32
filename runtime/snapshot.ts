/**
 * The saved form of a whole device, and how it is read back from untrusted data.
 *
 * @module
 */

import type { DeviceInfo } from "./features.ts";
import type { BufferElement, InflightBuffer, QueueLayout, QueuePosition } from "./queue.ts";
import { Status } from "./status.ts";

/** Name in every snapshot, so that other data is told apart. */
export const SNAPSHOT_NAME = "virtio-device";
/** Version of the snapshot's form. */
export const SNAPSHOT_VERSION = 1;

/** What every snapshot starts with. */
export const SNAPSHOT_HEAD = { name: SNAPSHOT_NAME, version: SNAPSHOT_VERSION } as const;

/** One enabled queue of a snapshot. */
export interface SavedQueue {
  /** Where the queue lies. */
  readonly layout: QueueLayout;
  /** Where the device stands in it. */
  readonly position: QueuePosition;
}

/** What the driver of an owner of groups set up. */
export interface SavedAdmin {
  /** Index of the first administration queue. */
  readonly index: number;
  /** What serves them keeps, in a form of its own. */
  readonly state: unknown;
}

/** A whole device as plain data, fit for JSON as long as `state` is; it holds no guest memory. */
export interface DeviceSnapshot {
  /** {@linkcode SNAPSHOT_NAME} */
  readonly name: string;
  /** {@linkcode SNAPSHOT_VERSION} */
  readonly version: number;
  /** Short name of the device type, such as `"blk"`. */
  readonly device: string;
  /** Device id. */
  readonly id: number;
  /** The device status field. */
  readonly status: number;
  /** SUSPEND was asked for, and buffers are still being processed. */
  readonly suspending: boolean;
  /** A configuration change notification waits for the device to resume. */
  readonly withheld: boolean;
  /** Features that the driver wrote, in hexadecimal with `0x`; negotiated if FEATURES_OK is set. */
  readonly accepted: string;
  /** Those came by a legacy interface. */
  readonly legacy?: boolean;
  /** The configuration space, byte by byte. */
  readonly config: readonly number[];
  /** The configuration's generation. */
  readonly generation: number;
  /** The enabled queues; each says its own index. */
  readonly queues: readonly SavedQueue[];
  /** What its behaviours keep, by their names. */
  readonly behaviours: Readonly<Record<string, unknown>>;
  /** What the device type keeps beside, in a form of its own. */
  readonly state: unknown;
  /** Devices that own groups alone: what their driver set up. */
  readonly admin?: SavedAdmin;
}

/**
 * The snapshot in `value` of a device of this type with so many bytes of configuration, every field
 * checked for type and range, and against the others. TypeError or RangeError naming the field, as
 * in `queues[0].layout.size`.
 */
export function readSnapshot(value: unknown, info: DeviceInfo, configSize: number): DeviceSnapshot {
  const root = record(value, "snapshot");
  same(root, "name", SNAPSHOT_NAME);
  same(root, "version", SNAPSHOT_VERSION);
  same(root, "device", info.name);
  same(root, "id", info.id);
  const saved = readFields(root);
  if (saved.config.length !== configSize) {
    refuseField("config", `${configSize} bytes`, `${saved.config.length} bytes`);
  }
  const agreed = (saved.status & Status.FEATURES_OK) !== 0;
  if (!agreed && (saved.status & (Status.DRIVER_OK | Status.SUSPEND)) !== 0) {
    refuseField("status", "with FEATURES_OK", saved.status);
  }
  return saved;
}

/** Throws the error of a snapshot's field that has the right type and yet can not be. */
export function refuseField(field: string, wanted: string, got: unknown): never {
  // An object may have a toString() that is no function, or throws.
  const found = typeof got === "object" ? kindOf(got) : String(got);
  throw new RangeError(`Cannot restore the device: ${field} must be ${wanted}, found ${found}`);
}

function readFields(root: Record<string, unknown>): DeviceSnapshot {
  return {
    ...SNAPSHOT_HEAD,
    device: text(root.device, "device"),
    id: integer(root.id, "id", 0xffff_ffff),
    status: integer(root.status, "status", 0xff),
    suspending: flag(root.suspending, "suspending"),
    withheld: flag(root.withheld, "withheld"),
    accepted: bits(root.accepted, "accepted"),
    ...(root.legacy === undefined ? {} : { legacy: flag(root.legacy, "legacy") }),
    config: [...bytes(root.config, "config")],
    generation: integer(root.generation, "generation", 0xffff_ffff),
    queues: list(root.queues, "queues").map((queue, at) => readQueue(queue, `queues[${at}]`)),
    behaviours: record(root.behaviours, "behaviours"),
    state: root.state,
    ...(root.admin === undefined ? {} : { admin: readAdmin(root.admin) }),
  };
}

function readAdmin(value: unknown): SavedAdmin {
  const admin = record(value, "admin");
  return { index: integer(admin.index, "admin.index", 0xffff), state: admin.state };
}

function readQueue(value: unknown, path: string): SavedQueue {
  const queue = record(value, path);
  const layout = record(queue.layout, `${path}.layout`);
  const position = record(queue.position, `${path}.position`);
  const word = (from: Record<string, unknown>, name: string, part: string, max: number) =>
    integer(from[name], `${path}.${part}.${name}`, max);
  return {
    layout: {
      index: word(layout, "index", "layout", 0xffff),
      size: word(layout, "size", "layout", 0x8000),
      format: format(layout.format, `${path}.layout.format`),
      desc: word(layout, "desc", "layout", Number.MAX_SAFE_INTEGER),
      driver: word(layout, "driver", "layout", Number.MAX_SAFE_INTEGER),
      device: word(layout, "device", "layout", Number.MAX_SAFE_INTEGER),
    },
    position: {
      format: format(position.format, `${path}.position.format`),
      avail: word(position, "avail", "position", 0xffff),
      used: word(position, "used", "position", 0xffff),
      inflight: list(position.inflight, `${path}.position.inflight`).map((buffer, at) =>
        readBuffer(buffer, `${path}.position.inflight[${at}]`)
      ),
    },
  };
}

function readBuffer(value: unknown, path: string): InflightBuffer {
  const buffer = record(value, path);
  const read = {
    id: integer(buffer.id, `${path}.id`, 0xffff),
    descriptors: integer(buffer.descriptors, `${path}.descriptors`, 0x8000),
    elements: list(buffer.elements, `${path}.elements`).map((element, at) =>
      readElement(element, `${path}.elements[${at}]`)
    ),
  };
  if (buffer.written === undefined) return read;
  return { ...read, written: integer(buffer.written, `${path}.written`, 0xffff_ffff) };
}

function readElement(value: unknown, path: string): BufferElement {
  const element = record(value, path);
  return {
    address: integer(element.address, `${path}.address`, Number.MAX_SAFE_INTEGER),
    length: integer(element.length, `${path}.length`, 0xffff_ffff),
    writable: flag(element.writable, `${path}.writable`),
  };
}

/** A value that must be an object; these throw a TypeError or RangeError naming the field. */
export function record(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    mistyped(path, "an object", value);
  }
  return value as Record<string, unknown>;
}

/** A value that must be an array. */
export function list(value: unknown, path: string): unknown[] {
  return Array.isArray(value) ? value : mistyped(path, "an array", value);
}

/** A value that must be an array of bytes. */
export function bytes(value: unknown, path: string): Uint8Array {
  return Uint8Array.from(list(value, path), (byte, at) => integer(byte, `${path}[${at}]`, 0xff));
}

function text(value: unknown, path: string): string {
  return typeof value === "string" ? value : mistyped(path, "a string", value);
}

/** A value that must be true or false. */
export function flag(value: unknown, path: string): boolean {
  return typeof value === "boolean" ? value : mistyped(path, "true or false", value);
}

/** A value that must be a whole number from 0 to `max`. */
export function integer(value: unknown, path: string, max: number): number {
  if (typeof value !== "number") mistyped(path, "a number", value);
  if (!Number.isSafeInteger(value) || value < 0 || value > max) {
    refuseField(path, `an integer from 0 to ${max}`, value);
  }
  return value;
}

/** A value that must be a whole number of 64 bits, in decimal digits: JSON has no such numbers. */
export function integer64(value: unknown, path: string): bigint {
  const right = typeof value === "string" && /^[0-9]{1,20}$/.test(value);
  const number = right ? BigInt(value) : -1n;
  if (number !== BigInt.asUintN(64, number)) refuseField(path, "64 bits in decimal digits", value);
  return number;
}

function bits(value: unknown, path: string): string {
  const hex = text(value, path);
  if (!/^0x[0-9a-f]{1,32}$/.test(hex)) refuseField(path, "0x and 1 to 32 hexadecimal digits", hex);
  return hex;
}

function format(value: unknown, path: string): "split" | "packed" {
  if (value === "split" || value === "packed") return value;
  return refuseField(path, "split or packed", text(value, path));
}

function same(root: Record<string, unknown>, field: string, wanted: string | number): void {
  if (root[field] !== wanted) refuseField(field, String(wanted), root[field]);
}

function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
}

function mistyped(path: string, wanted: string, got: unknown): never {
  throw new TypeError(`Cannot restore the device: ${path} must be ${wanted}, found ${kindOf(got)}`);
}
