/**
 * Device parts as bytes: heads and values, one after the other (VIRTIO 1.4, 2.14).
 *
 * @module
 */

import {
  DevPart,
  DevPartFlag,
  VIRTIO_DEV_PART_HDR,
  VIRTIO_DEV_PART_HDR_SIZE,
} from "../../generated/layout/admin.ts";
import { joined, viewOf } from "./command.ts";

/** Which part of a device's state. */
export interface PartHead {
  /** Which part: a number of `DevPart`. */
  readonly type: number;
  /** Bits of `DevPartFlag`, as a mask. */
  readonly flags: number;
  /** Which of several such parts: the index of a queue, or the offset of a register. */
  readonly selector: number;
  /** Bytes of its value. */
  readonly length: number;
}

/** A part of a device's state. */
export interface Part extends PartHead {
  /** The state, in the layout of its type. */
  readonly value: Uint8Array;
}

/** Flag of a part that may be left out or ignored. */
export const OPTIONAL: number = 1 << DevPartFlag.OPTIONAL;

/** The head of a part. */
export function encodePartHead({ type, flags, selector, length }: PartHead): Uint8Array {
  const view = new DataView(new ArrayBuffer(VIRTIO_DEV_PART_HDR_SIZE));
  const at = VIRTIO_DEV_PART_HDR;
  view.setUint16(at.partType, type, true);
  view.setUint8(at.flags, flags);
  view.setUint32(at.selector, selector, true);
  view.setUint32(at.length, length, true);
  return new Uint8Array(view.buffer);
}

/** Heads and values of parts, one after the other. */
export function encodeParts(parts: readonly Part[]): Uint8Array {
  return joined(parts.flatMap((one) => [encodePartHead(one), one.value]));
}

/** The heads in these bytes; the rest of less than a head is ignored. */
export function decodePartHeads(bytes: Uint8Array): PartHead[] {
  const count = Math.floor(bytes.length / VIRTIO_DEV_PART_HDR_SIZE);
  return Array.from({ length: count }, (_, at) => headAt(bytes, at * VIRTIO_DEV_PART_HDR_SIZE));
}

/** The parts in these bytes: the value of the last may be shorter than its head says. */
export function decodeParts(bytes: Uint8Array): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at + VIRTIO_DEV_PART_HDR_SIZE <= bytes.length;) {
    const head = headAt(bytes, at);
    at += VIRTIO_DEV_PART_HDR_SIZE;
    parts.push({ ...head, value: bytes.slice(at, at + head.length) });
    at += head.length;
  }
  return parts;
}

function headAt(bytes: Uint8Array, offset: number): PartHead {
  const view = viewOf(bytes.subarray(offset), VIRTIO_DEV_PART_HDR_SIZE);
  const at = VIRTIO_DEV_PART_HDR;
  const type = view.getUint16(at.partType, true);
  const selector = view.getUint32(at.selector, true);
  return {
    type,
    flags: view.getUint8(at.flags),
    // Of the selector of a queue two bytes count, of that of a register four.
    selector: type === DevPart.PCI_COMMON_CFG ? selector : selector & 0xffff,
    length: view.getUint32(at.length, true),
  };
}
