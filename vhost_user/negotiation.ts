/**
 * What both sides agree on: features, protocol features and the device's status.
 *
 * @module
 */

import {
  ProtocolFeature,
  Request,
  VHOST_F_LOG_ALL,
  VHOST_USER_F_PROTOCOL_FEATURES,
} from "../generated/layout/vhost_user.ts";
import type { Device } from "../runtime/device.ts";
import { featureNames, featureSet, hasBit, withRequired } from "../runtime/features.ts";
import { Status } from "../runtime/status.ts";
import { refuse } from "./protocol.ts";
import type { Recorder } from "./recorder.ts";
import type { Rings } from "./rings.ts";

const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, DEVICE_NEEDS_RESET } = Status;
const F = ProtocolFeature;
/** Feature bits that are the protocol's own, and none of the device's. */
const OWN = featureSet(VHOST_USER_F_PROTOCOL_FEATURES, VHOST_F_LOG_ALL);

/** What was agreed on over one connection, and passing it on to the device and its rings. */
export class Negotiation {
  /** Protocol features on offer. */
  readonly offered: bigint;
  /** Protocol features that were chosen. */
  protocol = 0n;
  readonly #device: Device;
  readonly #rings: Rings;
  readonly #recorder: Recorder;

  /** Nothing is agreed on at first. */
  constructor(device: Device, rings: Rings, recorder: Recorder, offered: bigint) {
    this.#device = device;
    this.#rings = rings;
    this.#recorder = recorder;
    this.offered = offered;
  }

  /** Whether a protocol feature was chosen. */
  has(feature: ProtocolFeature): boolean {
    return hasBit(this.protocol, feature);
  }

  /** GET_FEATURES. */
  get features(): bigint {
    return this.#device.getFeatures() | OWN;
  }

  /** SET_FEATURES. */
  async setFeatures(written: bigint): Promise<undefined> {
    const device = this.#device;
    const rings = this.#rings;
    const given = written & ~OWN;
    const unknown = given & ~device.getFeatures();
    if (unknown !== 0n) {
      const names = featureNames(unknown, device.info.features);
      refuse(Request.SET_FEATURES, "features", "a set of those on offer", names);
    }
    // QEMU serves a card's control queue itself, and keeps back its feature, which others need.
    const features = withRequired(given, device.getFeatures(), device.info.features);
    const agreed = (device.getStatus() & (FEATURES_OK | DEVICE_NEEDS_RESET)) === FEATURES_OK;
    if (!agreed || device.features !== features) {
      if (rings.running) {
        refuse(Request.SET_FEATURES, "features", "those agreed on, while rings run", features);
      }
      device.setStatus(0);
      device.setStatus(ACKNOWLEDGE | DRIVER);
      device.setFeatures(features);
      // With STATUS the front end agrees by itself, and learns from the status whether that worked.
      if (!this.has(F.STATUS)) this.#agree();
    }
    if (!hasBit(written, VHOST_USER_F_PROTOCOL_FEATURES)) rings.enableAll();
    await this.#recorder.logWrites(hasBit(written, VHOST_F_LOG_ALL));
    rings.start();
  }

  /** SET_PROTOCOL_FEATURES. */
  setProtocol(features: bigint): undefined {
    const wrong = (wanted: string) =>
      refuse(Request.SET_PROTOCOL_FEATURES, "features", wanted, `0x${features.toString(16)}`);
    if ((features & ~this.offered) !== 0n) wrong(`within 0x${this.offered.toString(16)}`);
    const needs = featureSet(F.BACKEND_REQ, F.REPLY_ACK);
    if (hasBit(features, F.INBAND_NOTIFICATIONS) && (features & needs) !== needs) {
      wrong("BACKEND_REQ and REPLY_ACK with INBAND_NOTIFICATIONS");
    }
    this.protocol = features;
  }

  /** SET_STATUS. */
  setStatus(status: number): undefined | Promise<undefined> {
    if (status > 0xff) refuse(Request.SET_STATUS, "status", "at most 255", status);
    if (status === 0) return this.reset();
    // Front ends have been seen to set FEATURES_OK alone; the driver behind them has found the device.
    const found = (status & (FEATURES_OK | DRIVER_OK)) === 0 ? 0 : ACKNOWLEDGE | DRIVER;
    this.#device.setStatus(status | found);
    return this.#rings.start();
  }

  /** Resets the device, once its rings have stopped. */
  async reset(): Promise<undefined> {
    await this.#rings.reset();
    this.#device.setStatus(0);
  }

  #agree(): void {
    const device = this.#device;
    device.setStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    if ((device.getStatus() & FEATURES_OK) === 0) {
      refuse(Request.SET_FEATURES, "features", "a set to agree to, with VERSION_1", "others");
    }
    device.setStatus(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
  }
}
