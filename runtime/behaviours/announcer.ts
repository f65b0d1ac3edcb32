/**
 * Gratuitous packets: a device asks its driver to announce itself on the network, and a driver does
 * so and says that it knows (VIRTIO 1.4, 5.1.9.5.4).
 *
 * @module
 */

import { DeviceBehaviour } from "../behaviour.ts";
import { ConfigAnswers } from "./config_answers.ts";

/** The device's enumerations. */
export interface AnnouncerCodes {
  /** Answers to commands. */
  readonly ack: { readonly OK: number };
  /** Bits of the state of the link. */
  readonly linkStatus: { readonly ANNOUNCE: number };
}

/** What the user may say of a device that asks. */
export interface DeviceAnnouncerOptions {
  /** The driver knows. */
  readonly onAcknowledged?: () => void;
}

/** What asking uses of the device. */
export interface DeviceAnnouncerHost {
  /** The configuration of the device. */
  readonly settings: { readonly status?: number };
  /** Changes the configuration, and tells the driver. */
  configure(changes: { status: number }): void;
}

/** Asks a driver for gratuitous packets. */
export class DeviceAnnouncer extends DeviceBehaviour {
  readonly #host: DeviceAnnouncerHost;
  readonly #codes: AnnouncerCodes;
  readonly #options: DeviceAnnouncerOptions;
  #active = false;

  /** RangeError when the configuration has no field to ask with. */
  constructor(
    host: DeviceAnnouncerHost,
    codes: AnnouncerCodes,
    options: DeviceAnnouncerOptions = {},
  ) {
    super();
    this.#host = host;
    this.#codes = codes;
    this.#options = options;
    if (host.settings.status === undefined) {
      throw new RangeError("Cannot ask for announcements: the configuration has no status");
    }
  }

  /** Whether the driver was asked and has not answered yet. */
  get pending(): boolean {
    return (this.#status & this.#codes.linkStatus.ANNOUNCE) !== 0;
  }

  /** Asks the driver, as after a migration; false when it does not take part. */
  announce(): boolean {
    if (!this.#active) return false;
    const { ANNOUNCE } = this.#codes.linkStatus;
    if (!this.pending) this.#host.configure({ status: this.#status | ANNOUNCE });
    return true;
  }

  /** The handler that takes the place of the user's. */
  handlers(_user: object): { readonly announceAck: () => number } {
    return {
      announceAck: () => {
        if (this.#clear()) this.#options.onAcknowledged?.();
        return this.#codes.ack.OK;
      },
    };
  }

  /** Notes whether the driver takes part. */
  override settle(active: boolean): boolean {
    this.#active = active;
    return true;
  }

  /** A driver to come was not asked. */
  override reset(): void {
    this.#active = false;
    this.#clear();
  }

  get #status(): number {
    return this.#host.settings.status ?? 0;
  }

  #clear(): boolean {
    if (!this.pending) return false;
    this.#host.configure({ status: this.#status & ~this.#codes.linkStatus.ANNOUNCE });
    return true;
  }
}

/** What the user says of a driver that is asked. */
export interface DriverAnnouncerOptions {
  /** Sends the packets, or sees to it that they are sent. */
  readonly onAnnounce: () => void | Promise<void>;
}

/** What answering uses of the driver. */
export interface DriverAnnouncerHost {
  /** The configuration as the driver read it. */
  readonly config: { readonly status?: number };
  /** Says that the driver knows. */
  announceAck(): Promise<unknown>;
}

/** Announces itself when asked, and says so. */
export class DriverAnnouncer extends ConfigAnswers {
  readonly #host: DriverAnnouncerHost;
  readonly #codes: AnnouncerCodes;
  readonly #options: DriverAnnouncerOptions | undefined;

  /** For a driver. */
  constructor(
    host: DriverAnnouncerHost,
    codes: AnnouncerCodes,
    options: DriverAnnouncerOptions | undefined,
  ) {
    super();
    this.#host = host;
    this.#codes = codes;
    this.#options = options;
  }

  /** Whether the device asks. */
  protected override get asked(): boolean {
    return ((this.#host.config.status ?? 0) & this.#codes.linkStatus.ANNOUNCE) !== 0;
  }

  /** Announces, and says so. */
  protected override async answer(): Promise<void> {
    await this.#options?.onAnnounce();
    await this.#host.announceAck();
  }
}
