/**
 * Which messages are events.
 *
 * @module
 */

import type { CaseModel, PartModel } from "./model.ts";

/** Whether the device alone writes the message, and that without being asked. */
export function isEvent({ readable, writable, status }: CaseModel): boolean {
  return readable.fields.length === 0 && writable.fields.length > 0 && status === null;
}

/** The part of a message that its checks look at: what its sender writes. */
export function checkedPart(one: CaseModel): PartModel {
  return isEvent(one) ? one.writable : one.readable;
}
