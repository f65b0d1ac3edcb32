/**
 * What a member becomes when parts of it are set (VIRTIO 1.4, 2.12.1.4.3.3): its present state with the
 * values of the parts in their places. Parts come from a peer: each is checked, and nothing is taken
 * unless all of it makes sense.
 *
 * @module
 */

import { DevPart, VIRTIO_DEV_PART_VQ_CFG_SIZE } from "../../generated/layout/admin.ts";
import { PCI_COMMON } from "../../generated/layout/pci.ts";
import type { GuestMemory } from "../memory.ts";
import type { QueueFormat, QueueLayout, QueuePosition } from "../queue.ts";
import { queueFormat } from "../features.ts";
import { DESC_F_USED, DESCRIPTOR_BYTES } from "../layout.ts";
import type { SavedQueue } from "../snapshot.ts";
import { invalidField, viewOf } from "./command.ts";
import type { GroupMember } from "./group.ts";
import { OPTIONAL, type Part } from "./part_bytes.ts";
import {
  acceptedIn,
  FEATURE_BYTES,
  featureBytes,
  featuresIn,
  type MemberState,
  notifyBytes,
  offeredBy,
  queueIn,
  type QueuePart,
} from "./parts.ts";

/** The state of a stopped member once parts are set; AdminError when they make no sense in it. */
export function withParts(
  member: GroupMember,
  before: MemberState,
  parts: readonly Part[],
): MemberState {
  let state = before;
  for (const one of parts) state = withPart(member, state, one);
  return withQueues(member, before, state, parts);
}

function withPart(member: GroupMember, state: MemberState, one: Part): MemberState {
  const { type, flags, selector } = one;
  switch (type) {
    case DevPart.DEV_FEATURES: // never set
      same(one, featureBytes(offeredBy(member)));
      return state;
    case DevPart.DRV_FEATURES:
      return withFeatures(member, state, sized(one, FEATURE_BYTES));
    case DevPart.PCI_COMMON_CFG: {
      const { registers } = state;
      const { offset, size } = PCI_COMMON.configMsixVector;
      if (registers === undefined || selector !== offset) break;
      const configVector = viewOf(sized(one, size)).getUint16(0, true);
      return { ...state, registers: { ...registers, configVector } };
    }
    case DevPart.DEVICE_STATUS:
      return { ...state, device: { ...state.device, status: sized(one, 1)[0]! } };
    case DevPart.VQ_CFG: // once the features are known
      sized(one, VIRTIO_DEV_PART_VQ_CFG_SIZE);
      return state;
    case DevPart.VQ_NOTIFY_CFG: // the function's own affair
      if (member.registers === undefined) break;
      same(one, notifyBytes(member.registers.notification(selector, acceptedIn(state))));
      return state;
  }
  if ((flags & OPTIONAL) === 0) throw invalidField();
  return state;
}

function withFeatures(member: GroupMember, state: MemberState, value: Uint8Array): MemberState {
  const { device, registers } = state;
  const features = featuresIn(value);
  if ((features & ~offeredBy(member)) !== 0n) throw invalidField();
  const accepted = `0x${(features & member.device.getFeatures()).toString(16)}`;
  const next = { ...device, accepted };
  if (registers === undefined) return { device: next };
  const words = [0n, 32n, 64n, 96n].map((at) => Number(features >> at & 0xffff_ffffn));
  return { device: next, registers: { ...registers, features: words } };
}

/** The value of a part that is as long as it has to be. */
function sized({ length, value }: Part, size: number): Uint8Array {
  if (length !== size || value.length !== size) throw invalidField();
  return value;
}

function same(one: Part, wanted: Uint8Array): void {
  if (sized(one, wanted.length).some((byte, at) => byte !== wanted[at])) throw invalidField();
}

function withQueues(
  member: GroupMember,
  before: MemberState,
  state: MemberState,
  parts: readonly Part[],
): MemberState {
  const set = parts.filter(({ type }) => type === DevPart.VQ_CFG).map((one) => {
    const queue = queueIn(one);
    if (queue === undefined) throw invalidField();
    return queue;
  });
  const { memory } = member.device;
  if (memory === undefined) throw invalidField();
  const format = queueFormat(BigInt(state.device.accepted));
  const indices = new Set(set.map(({ index }) => index));
  const kept = state.device.queues.filter(({ layout }) => !indices.has(layout.index));
  const added = set.filter(({ enabled }) => enabled).map((queue) =>
    savedQueue(memory, before.device.queues, queue, format)
  );
  const device = { ...state.device, queues: [...kept, ...added] };
  const { registers } = state;
  if (registers === undefined) return { device };
  const rows = registers.queues.filter(([index]) => !indices.has(index!));
  return {
    device,
    registers: { ...registers, device, queues: [...rows, ...set.map(rowOf)] },
  };
}

/** The registers of a queue, in the order of `QueueWord`. */
function rowOf(queue: QueuePart): number[] {
  const halves = (address: number) => [address % 2 ** 32, Math.floor(address / 2 ** 32)];
  return [
    queue.index,
    queue.size,
    ...[queue.desc, queue.driver, queue.device].flatMap(halves),
    queue.vector,
    queue.enabled ? 1 : 0,
  ];
}

function savedQueue(
  memory: GuestMemory,
  before: readonly SavedQueue[],
  { index, size, desc, driver, device }: QueuePart,
  format: QueueFormat,
): SavedQueue {
  const layout: QueueLayout = { index, size, format, desc, driver, device };
  const same = before.find((one) =>
    (Object.keys(layout) as (keyof QueueLayout)[]).every((key) => one.layout[key] === layout[key])
  );
  return same ?? { layout, position: positionIn(memory, layout) };
}

/** Where a device stands in a ring that holds no buffer in flight; AdminError where that cannot be told. */
function positionIn(memory: GuestMemory, layout: QueueLayout): QueuePosition {
  const { format } = layout;
  if (format === "split") {
    const used = memory.view(layout.device + 2, 2);
    if (used === undefined) throw invalidField();
    const index = viewOf(used.slice()).getUint16(0, true);
    return { format, avail: index, used: index, inflight: [] };
  }
  const ring = memory.view(layout.desc, layout.size * DESCRIPTOR_BYTES)?.slice();
  if (ring === undefined) throw invalidField();
  const view = viewOf(ring);
  for (let at = DESCRIPTOR_BYTES - 2; at < ring.length; at += DESCRIPTOR_BYTES) {
    if ((view.getUint16(at, true) & DESC_F_USED) !== 0) throw invalidField();
  }
  return { format, avail: 0x8000, used: 0x8000, inflight: [] };
}
