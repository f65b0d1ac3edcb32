/**
 * Feature bits: the reserved ones, what a transport can carry, and the closure under prerequisites.
 * A set of features is a `bigint` with bits 0 to 127; sets are for the control plane only.
 *
 * @module
 */

import { ReservedFeature } from "../generated/layout/core.ts";
import type { QueueFeatures, QueueFormat } from "./queue.ts";
import type { ConfigFields, Facilities } from "./transport.ts";

export { ReservedFeature };

/** One feature of a device, as its description states it. */
export interface FeatureInfo {
  /** Name in the standard, such as `"VIRTIO_BLK_F_FLUSH"`. */
  readonly name: string;
  /** Bit number, 0 to 127. */
  readonly bit: number;
  /** The feature needs all the bits of one of these sets; no set means that it needs nothing. */
  readonly requires: readonly (readonly number[])[];
  /** A driver should not accept the feature without all the bits of one of these sets. */
  readonly wants?: readonly (readonly number[])[];
  /** The feature goes with none of these, and gives way to them. */
  readonly excludes?: readonly number[];
  /** The feature is never offered over a legacy interface. */
  readonly modern?: true;
  /** The feature is in force though it was not negotiated, as long as none of these is. */
  readonly impliedWithout?: readonly number[];
}

/** What both sides of a device know before they meet, a constant in generated code. */
export interface DeviceInfo {
  /** Number of the contract that the code was generated for. */
  readonly contract: number;
  /** Short name, such as `"blk"`. */
  readonly name: string;
  /** Device id (VIRTIO 1.4, 5). */
  readonly id: number;
  /** Name for people. */
  readonly title: string;
  /** The features that this device type defines. */
  readonly features: readonly FeatureInfo[];
  /** The fields of the configuration space, one behind the other. */
  readonly configFields?: ConfigFields;
}

/** Which features of the ring and the core a side takes part in; all but `inOrder`, and `platform` of a device, unless told. */
export interface RingOptions {
  /** VIRTIO_F_RING_PACKED */
  readonly packed?: boolean;
  /** VIRTIO_F_EVENT_IDX */
  readonly eventIdx?: boolean;
  /** VIRTIO_F_INDIRECT_DESC */
  readonly indirect?: boolean;
  /** VIRTIO_F_IN_ORDER */
  readonly inOrder?: boolean;
  /** VIRTIO_F_NOTIFICATION_DATA */
  readonly notificationData?: boolean;
  /** VIRTIO_F_RING_RESET */
  readonly reset?: boolean;
  /** VIRTIO_F_SUSPEND */
  readonly suspend?: boolean;
  /** VIRTIO_F_ACCESS_PLATFORM: memory has the addresses at which the platform lets the device access it */
  readonly platform?: boolean;
  /** VIRTIO_F_ADMIN_VQ; a device offers it if it owns groups of devices */
  readonly admin?: boolean;
}

/** Whether a feature counts in a negotiated set: it is there, or goes without saying in the absence of others. */
export function inForce(features: bigint, bit: number, infos: readonly FeatureInfo[]): boolean {
  if (hasBit(features, bit)) return true;
  const { impliedWithout } = infos.find((info) => info.bit === bit) ?? {};
  return impliedWithout?.every((other) => !hasBit(features, other)) ?? false;
}

/** The set of these bit numbers. */
export function featureSet(...bits: readonly number[]): bigint {
  return bits.reduce((set, bit) => set | 1n << BigInt(bit), 0n);
}

/** Whether the set has this bit. */
export function hasBit(features: bigint, bit: number): boolean {
  return (features >> BigInt(bit) & 1n) === 1n;
}

/** VIRTIO_F_VERSION_1 and the ring and core features that the options choose; devices offer ADMIN_VQ with groups. */
export function ringFeatures(options: RingOptions = {}): bigint {
  const F = ReservedFeature;
  const bits: number[] = [F.VIRTIO_F_VERSION_1];
  if (options.packed ?? true) bits.push(F.VIRTIO_F_RING_PACKED);
  if (options.eventIdx ?? true) bits.push(F.VIRTIO_F_EVENT_IDX);
  if (options.indirect ?? true) bits.push(F.VIRTIO_F_INDIRECT_DESC);
  if (options.inOrder ?? false) bits.push(F.VIRTIO_F_IN_ORDER);
  if (options.notificationData ?? true) bits.push(F.VIRTIO_F_NOTIFICATION_DATA);
  if (options.reset ?? true) bits.push(F.VIRTIO_F_RING_RESET);
  if (options.suspend ?? true) bits.push(F.VIRTIO_F_SUSPEND);
  if (options.platform ?? false) bits.push(F.VIRTIO_F_ACCESS_PLATFORM);
  return featureSet(...bits);
}

/** What negotiated features mean for the queues. */
export function queueFeatures(features: bigint): QueueFeatures {
  return {
    eventIdx: hasBit(features, ReservedFeature.VIRTIO_F_EVENT_IDX),
    indirect: hasBit(features, ReservedFeature.VIRTIO_F_INDIRECT_DESC),
    inOrder: hasBit(features, ReservedFeature.VIRTIO_F_IN_ORDER),
    notificationData: hasBit(features, ReservedFeature.VIRTIO_F_NOTIFICATION_DATA),
  };
}

/** The ring format that negotiated features mean. */
export function queueFormat(features: bigint): QueueFormat {
  return hasBit(features, ReservedFeature.VIRTIO_F_RING_PACKED) ? "packed" : "split";
}

/** The features out of a set that a transport can carry (VIRTIO 1.4, 2.2); never a reserved bit. */
export function carriedFeatures(features: bigint, facilities: Facilities): bigint {
  const F = ReservedFeature;
  const not: number[] = [44, 45, 46, 47, 48, 49];
  if (!facilities.notificationData) not.push(F.VIRTIO_F_NOTIFICATION_DATA);
  if (!facilities.queueReset) not.push(F.VIRTIO_F_RING_RESET);
  if (!facilities.adminQueue) not.push(F.VIRTIO_F_ADMIN_VQ);
  if (!facilities.suspend) not.push(F.VIRTIO_F_SUSPEND);
  return BigInt.asUintN(Math.min(facilities.featureBits, 128), features) & ~featureSet(...not);
}

/**
 * The largest part of a set in which every feature has its prerequisites (VIRTIO 1.4, 2.2.1), once
 * those are gone that give way to others.
 */
export function closeFeatures(features: bigint, infos: readonly FeatureInfo[]): bigint {
  for (let left = features & ~excluded(features, infos);;) {
    const unmet = infos.filter((info) => hasBit(left, info.bit) && !isMet(info, left));
    if (unmet.length === 0) return left;
    left &= ~featureSet(...unmet.map((info) => info.bit));
  }
}

/**
 * What a driver accepts of a set: its closed part, less the features that should not go without others
 * and would; those stay that are required, or needed by what is (VIRTIO 1.4, 2.2.1).
 */
export function acceptedFeatures(
  features: bigint,
  required: bigint,
  infos: readonly FeatureInfo[],
): bigint {
  const kept = withRequired(required, features, infos);
  for (let usable = features;;) {
    const accepted = closeFeatures(usable, infos);
    const lonely = infos.filter(({ bit, wants = [] }) =>
      hasBit(accepted & ~kept, bit) && !hasOneOf(wants, accepted)
    );
    if (lonely.length === 0) return accepted;
    usable &= ~featureSet(...lonely.map(({ bit }) => bit));
  }
}

/** A set with what its features need of those on offer, as far as there is no choice (VIRTIO 1.4, 2.2.1). */
export function withRequired(
  features: bigint,
  offered: bigint,
  infos: readonly FeatureInfo[],
): bigint {
  for (let all = features;;) {
    const unmet = infos.filter((info) => hasBit(all, info.bit) && !isMet(info, all));
    const needed = unmet.filter(({ requires }) => requires.length === 1)
      .flatMap(({ requires }) => requires[0]!);
    const more = all | featureSet(...needed) & offered;
    if (more === all) return all;
    all = more;
  }
}

/** The set in words: `"VIRTIO_BLK_F_RO, VIRTIO_F_VERSION_1, bit 57"`, or `"none"`. */
export function featureNames(features: bigint, infos: readonly FeatureInfo[]): string {
  const names: string[] = [];
  for (let bit = 0, rest = features; rest !== 0n; bit++, rest >>= 1n) {
    if ((rest & 1n) === 1n) names.push(featureName(bit, infos));
  }
  return names.join(", ") || "none";
}

/** Why the features of `lost` are not in `left`, in words: each with what it needs, if anything. */
export function featuresLost(lost: bigint, left: bigint, infos: readonly FeatureInfo[]): string {
  const needs = infos.filter((info) => hasBit(lost, info.bit) && !isMet(info, left)).map((info) => {
    const sets = info.requires.map((set) =>
      set.map((bit) => featureName(bit, infos)).join(" and ")
    );
    return `${info.name} needs ${sets.join(", or ")}`;
  });
  const others = infos.filter((info) => hasBit(lost & excluded(lost | left, infos), info.bit))
    .map(({ name, excludes = [] }) =>
      `${name} without ${excludes.map((bit) => featureName(bit, infos)).join(" and ")}`
    );
  return [...needs, ...others].join("; ") || featureNames(lost, infos);
}

/** The features that give way to others of the set. */
function excluded(features: bigint, infos: readonly FeatureInfo[]): bigint {
  const gone = infos.filter(({ excludes }) => excludes?.some((bit) => hasBit(features, bit)));
  return featureSet(...gone.map(({ bit }) => bit));
}

/** RangeError when a set has a bit that the device type does not define. */
export function checkDefined(verb: string, features: bigint, device: DeviceInfo): void {
  const unknown = features & ~featureSet(...device.features.map((info) => info.bit));
  if (unknown !== 0n) {
    const found = featureNames(unknown, device.features);
    throw new RangeError(`Cannot ${verb} ${found}: no feature of ${device.name}`);
  }
}

function isMet({ requires }: FeatureInfo, features: bigint): boolean {
  return hasOneOf(requires, features);
}

/** Whether all bits of one of the sets are there; so it is when there are no sets. */
function hasOneOf(sets: readonly (readonly number[])[], features: bigint): boolean {
  return sets.length === 0 || sets.some((set) => set.every((bit) => hasBit(features, bit)));
}

function featureName(bit: number, infos: readonly FeatureInfo[]): string {
  const own = infos.find((info) => info.bit === bit)?.name;
  return own ?? Object.entries(ReservedFeature).find(([, value]) => value === bit)?.[0] ??
    `bit ${bit}`;
}
