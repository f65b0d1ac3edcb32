/**
 * Device parts: the state of a member as a list of values, and back (VIRTIO 1.4, 2.14).
 *
 * Parts do not say where a device stands in its queues. A stopped device has used all that it took, so
 * that in a split ring the used index says it. In a packed ring only the beginning can be told, unless
 * the queue lies where it did.
 *
 * @module
 */

import {
  DevPart,
  VIRTIO_DEV_PART_VQ_CFG,
  VIRTIO_DEV_PART_VQ_CFG_SIZE,
  VIRTIO_DEV_PART_VQ_NOTIFY_DATA,
  VIRTIO_DEV_PART_VQ_NOTIFY_DATA_SIZE,
} from "../../generated/layout/admin.ts";
import { PCI_COMMON, VIRTIO_MSI_NO_VECTOR } from "../../generated/layout/pci.ts";
import type { DeviceSnapshot } from "../snapshot.ts";
import { viewOf } from "./command.ts";
import type { GroupMember, MemberRegisters } from "./group.ts";
import { OPTIONAL, type Part } from "./part_bytes.ts";
import { QueueWord } from "../transports/device_core.ts";

/** The device and the registers around it, where there are some. */
export interface MemberState {
  readonly device: DeviceSnapshot;
  readonly registers?: MemberRegisters;
}

/** Bytes of the features of one side: 128 bits. */
export const FEATURE_BYTES = 16;

/** The parts of a member, in the order of the standard (VIRTIO 1.4, 2.12.1.4.4). */
export function partsOf(member: GroupMember, state: MemberState): Part[] {
  const queues = [...queuesIn(state)];
  const { registers } = member;
  return [
    part(DevPart.DEV_FEATURES, featureBytes(offeredBy(member)), 0, OPTIONAL),
    part(DevPart.DRV_FEATURES, featureBytes(acceptedIn(state))),
    // The one register of the common configuration that is in no other part and can be written.
    ...(state.registers === undefined ? [] : [
      part(
        DevPart.PCI_COMMON_CFG,
        word16(state.registers.configVector),
        PCI_COMMON.configMsixVector.offset,
      ),
    ]),
    part(DevPart.DEVICE_STATUS, Uint8Array.of(state.device.status)),
    ...queues.map((queue) => part(DevPart.VQ_CFG, queueBytes(queue), queue.index)),
    ...(registers === undefined ? [] : queues.map(({ index }) =>
      part(
        DevPart.VQ_NOTIFY_CFG,
        notifyBytes(registers.notification(index, acceptedIn(state))),
        index,
      )
    )),
  ];
}

function part(type: number, value: Uint8Array, selector = 0, flags = 0): Part {
  return { type, flags, selector, length: value.length, value };
}

/** A queue as its part has it. */
export interface QueuePart {
  readonly index: number;
  readonly size: number;
  readonly vector: number;
  readonly enabled: boolean;
  readonly desc: number;
  readonly driver: number;
  readonly device: number;
}

function* queuesIn({ device, registers }: MemberState): Generator<QueuePart> {
  const written = new Map(registers?.queues.map((row) => [row[0]!, row.slice(1)]));
  const enabled = new Map(device.queues.map(({ layout }) => [layout.index, layout]));
  for (const index of [...new Set([...written.keys(), ...enabled.keys()])].sort((a, b) => a - b)) {
    const words = written.get(index);
    const layout = enabled.get(index);
    const address = (low: number) =>
      words === undefined ? 0 : words[low]! + words[low + 1]! * 2 ** 32;
    yield {
      index,
      size: layout?.size ?? words![QueueWord.SIZE]!,
      vector: words?.[QueueWord.VECTOR] ?? VIRTIO_MSI_NO_VECTOR,
      enabled: layout !== undefined,
      desc: layout?.desc ?? address(QueueWord.DESC_LOW),
      driver: layout?.driver ?? address(QueueWord.DRIVER_LOW),
      device: layout?.device ?? address(QueueWord.DEVICE_LOW),
    };
  }
}

/** The features that a member offers, with those that its registers implement. */
export function offeredBy({ device, registers }: GroupMember): bigint {
  return device.getFeatures() | (registers?.ownFeatures ?? 0n);
}

/** The features that the driver accepted, with those that the registers implement. */
export function acceptedIn({ device, registers }: MemberState): bigint {
  if (registers === undefined) return BigInt(device.accepted);
  return registers.features.reduceRight((set, word) => set << 32n | BigInt(word), 0n);
}

/** The value of a part with features. */
export function featureBytes(features: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(FEATURE_BYTES));
  view.setBigUint64(0, BigInt.asUintN(64, features), true);
  view.setBigUint64(8, features >> 64n, true);
  return new Uint8Array(view.buffer);
}

/** The features in the value of a part. */
export function featuresIn(value: Uint8Array): bigint {
  const view = viewOf(value, FEATURE_BYTES);
  return view.getBigUint64(0, true) | view.getBigUint64(8, true) << 64n;
}

function word16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8 & 0xff);
}

function queueBytes(queue: QueuePart): Uint8Array {
  const view = new DataView(new ArrayBuffer(VIRTIO_DEV_PART_VQ_CFG_SIZE));
  const at = VIRTIO_DEV_PART_VQ_CFG;
  view.setUint16(at.queueSize, queue.size, true);
  view.setUint16(at.vector, queue.vector, true);
  view.setUint16(at.enabled, queue.enabled ? 1 : 0, true);
  view.setBigUint64(at.queueDesc, BigInt(queue.desc), true);
  view.setBigUint64(at.queueDriver, BigInt(queue.driver), true);
  view.setBigUint64(at.queueDevice, BigInt(queue.device), true);
  return new Uint8Array(view.buffer);
}

/** The queue in a part; undefined when its addresses are beyond all memory. */
export function queueIn({ selector: index, value }: Part): QueuePart | undefined {
  const view = viewOf(value, VIRTIO_DEV_PART_VQ_CFG_SIZE);
  const at = VIRTIO_DEV_PART_VQ_CFG;
  const address = (offset: number) => Number(view.getBigUint64(offset, true));
  const [desc, driver, device] = [at.queueDesc, at.queueDriver, at.queueDevice].map(address);
  if (![desc, driver, device].every(Number.isSafeInteger)) return undefined;
  return {
    index,
    size: view.getUint16(at.queueSize, true),
    vector: view.getUint16(at.vector, true),
    enabled: view.getUint16(at.enabled, true) === 1,
    desc: desc!,
    driver: driver!,
    device: device!,
  };
}

/** The value of a part that says how a queue is notified. */
export function notifyBytes(
  { offset, data }: { readonly offset: number; readonly data: number },
): Uint8Array {
  const view = new DataView(new ArrayBuffer(VIRTIO_DEV_PART_VQ_NOTIFY_DATA_SIZE));
  view.setUint16(VIRTIO_DEV_PART_VQ_NOTIFY_DATA.queueNotifyOff, offset, true);
  view.setUint16(VIRTIO_DEV_PART_VQ_NOTIFY_DATA.queueNotifConfigData, data, true);
  return new Uint8Array(view.buffer);
}
