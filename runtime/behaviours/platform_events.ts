/**
 * What a platform tells on its own account (VIRTIO 1.4, 5.17.6.3): notifications, which may get lost,
 * and delayed responses to commands, which wait until the driver has a buffer for them.
 *
 * @module
 */

import { DeviceBehaviour, type Names } from "../behaviour.ts";
import { bytes, integer, list, record } from "../snapshot.ts";

/** The device's features. */
export interface PlatformEventsCodes {
  /** Features by their bits. */
  readonly features: Names<"P2A_CHANNELS">;
}

/** A notification or a delayed response. */
export interface PlatformEvent {
  /** Header of the message, as SCMI defines it. */
  readonly hdr: number;
  /** What it tells; that of a response starts with a status of 32 bits. */
  readonly payload: Uint8Array;
}

/** What events use of their device. */
export interface PlatformEventsHost {
  /** Whether a feature was negotiated. */
  hasFeature(bit: number): boolean;
  /** Sends an event; false when there is no room. */
  sendEvent(value: PlatformEvent): boolean;
}

/** Handlers of the user that events stand in front of. */
export interface PlatformEventsUser {
  /** There is room for events. */
  readonly eventqAvailable?: ((queue: number) => void) | undefined;
}

/** Responses that wait at most: a driver that takes none can not make more of them. */
const WAITING_MAX = 1024;
/** Bytes of a status, of which 0 is success. */
const STATUS_SIZE = 4;

/** The events of one device. */
export class PlatformEvents extends DeviceBehaviour {
  readonly #host: PlatformEventsHost;
  readonly #codes: PlatformEventsCodes;
  #waiting: PlatformEvent[] = [];

  /** For a device. */
  constructor(host: PlatformEventsHost, codes: PlatformEventsCodes) {
    super();
    this.#host = host;
    this.#codes = codes;
  }

  /** How many delayed responses wait for a buffer. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Tells of something; false when that is lost, for want of a buffer or because responses wait for one. */
  notify(event: PlatformEvent): boolean {
    return this.#waiting.length === 0 && this.#host.sendEvent(event);
  }

  /**
   * Responds to a command that was answered before, as soon as there is a buffer; of a response with
   * another status than 0, the status alone. False when the driver takes no such responses, so that
   * the command has to be denied (VIRTIO 1.4, 5.17.6.1.1), and when 1024 of them wait.
   */
  respond({ hdr, payload }: PlatformEvent): boolean {
    if (!this.#host.hasFeature(this.#codes.features.P2A_CHANNELS)) return false;
    if (this.#waiting.length >= WAITING_MAX) return false;
    const failed = payload.subarray(0, STATUS_SIZE).some((byte) => byte !== 0);
    this.#waiting.push({ hdr, payload: payload.slice(0, failed ? STATUS_SIZE : undefined) });
    this.#send();
    return true;
  }

  /** The handler that stands in front of the user's. */
  handlers({ eventqAvailable }: PlatformEventsUser): PlatformEventsUser {
    return {
      eventqAvailable: (queue) => {
        this.#send();
        eventqAvailable?.(queue);
      },
    };
  }

  /** No driver waits for responses any more. */
  override reset(): void {
    this.#waiting = [];
  }

  /** The responses that wait. */
  override save(): unknown {
    return this.#waiting.map(({ hdr, payload }) => ({ hdr, payload: [...payload] }));
  }

  /** Takes back what {@linkcode PlatformEvents.save} gave, from untrusted data; TypeError or RangeError naming the field. */
  override restore(state: unknown, path: string): void {
    this.#waiting = list(state, path).map((saved, at) => {
      const { hdr, payload } = record(saved, `${path}[${at}]`);
      return {
        hdr: integer(hdr, `${path}[${at}].hdr`, 0xffff_ffff),
        payload: bytes(payload, `${path}[${at}].payload`),
      };
    });
  }

  /** Sends what waits, in its order, as far as there is room. */
  #send(): void {
    let sent = 0;
    while (sent < this.#waiting.length && this.#host.sendEvent(this.#waiting[sent]!)) sent++;
    this.#waiting.splice(0, sent);
  }
}
