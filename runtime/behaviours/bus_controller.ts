/**
 * A controller on a bus, which is stopped, started, or thrown off the bus by errors, and what becomes
 * of frames that wait for it then (VIRTIO 1.4, 5.20.5).
 *
 * @module
 */

import { DeviceBehaviour, type Handler, type Names } from "../behaviour.ts";
import { Deferred } from "../deferred.ts";
import { flag } from "../snapshot.ts";
import { isPromise } from "../values.ts";
import { InTurn } from "./in_turn.ts";

/** The device's enumerations. */
export interface BusControllerCodes {
  /** How a request went. */
  readonly result: Names<"OK" | "NOT_OK">;
  /** Bits of the configured status. */
  readonly controllerStatus: Names<"CTRL_BUSOFF">;
}

/** What the user may do when the driver starts or stops the controller. */
export interface BusControllerOptions {
  /** Takes part in the bus from now on; false when that is not possible. */
  readonly onStart?: () => boolean | Promise<boolean>;
  /** Keeps off the bus from now on. What handlers answer for frames that they had is dropped. */
  readonly onStop?: () => void | Promise<void>;
}

/** A frame. */
export interface BusFrame {
  /** Kind of the frame. */
  readonly flags: number;
  /** Identifier. */
  readonly canId: number;
  /** The data. */
  readonly sdu: Uint8Array;
}

/** What a controller uses of its device. */
export interface BusControllerHost {
  /** The configuration. */
  readonly settings: { readonly status: number };
  /** Changes the configuration, and tells the driver. */
  configure(changes: { status: number }): void;
  /** Gives the driver a frame; false when it has no buffer for that. */
  sendRx(frame: BusFrame): boolean;
}

/** How a request went, perhaps later. */
export type BusAnswer = number | Promise<number>;
/** A handler of frames to send. */
export type BusTransmit = Handler<[frame: BusFrame], BusAnswer>;

/** Handlers of the user that the controller stands in front of. */
export interface BusControllerUser {
  /** Puts a frame on the bus. */
  readonly tx?: BusTransmit | undefined;
}

/** The handlers that take the place of the user's. */
export interface BusControllerHandlers extends BusControllerUser {
  /** Starts the controller. */
  readonly start: () => BusAnswer;
  /** Stops the controller. */
  readonly stop: () => BusAnswer;
}

/** The controller of one device. */
export class BusController extends DeviceBehaviour {
  readonly #host: BusControllerHost;
  readonly #codes: BusControllerCodes;
  readonly #options: BusControllerOptions;
  readonly #pending = new Set<(result: number) => void>(); // frames that handlers have
  readonly #turn = new InTurn();
  #started = false;
  #session = {}; // another one with each reset

  /** The controller is stopped at first. */
  constructor(
    host: BusControllerHost,
    codes: BusControllerCodes,
    options: BusControllerOptions = {},
  ) {
    super();
    this.#host = host;
    this.#codes = codes;
    this.#options = options;
  }

  /** Whether the controller takes part in the bus. */
  get started(): boolean {
    return this.#started;
  }

  /**
   * Errors threw the controller off the bus: it is stopped, the driver is told, and frames that wait come
   * back. Nothing happens to one that is stopped.
   */
  busOff(): void {
    if (!this.#started) return;
    this.#showBusOff(true);
    this.#halt();
  }

  /** Gives the driver a frame from the bus; false when it has no buffer, or the controller is stopped. */
  receive(frame: BusFrame): boolean {
    return this.#started && this.#host.sendRx(frame);
  }

  /** The handlers that stand in front of the user's. */
  handlers({ tx }: BusControllerUser): BusControllerHandlers {
    return {
      tx: tx && ((frame) => this.#started ? this.#send(tx, frame) : this.#codes.result.NOT_OK),
      start: () => this.#turn.run(() => this.#start()),
      stop: () => this.#turn.run(() => this.#stop()),
    };
  }

  /** The controller is stopped. */
  override reset(): void {
    const started = this.#started;
    this.#started = false;
    this.#session = {};
    this.#pending.clear();
    this.#showBusOff(false);
    if (started) void this.#keepOff();
  }

  /** Whether the controller is started; the rest is in the configuration. */
  override save(): unknown {
    return this.#started;
  }

  /** Takes back what {@linkcode BusController.save} gave, from untrusted data; TypeError naming the field. */
  override restore(state: unknown, path: string): void {
    this.#started = flag(state, path);
  }

  #send(tx: BusTransmit, frame: BusFrame): BusAnswer {
    const answer = tx(frame);
    if (!isPromise(answer)) return answer;
    const { promise, resolve, reject } = new Deferred<number>();
    this.#pending.add(resolve);
    answer.then(resolve, reject).finally(() => this.#pending.delete(resolve));
    return promise;
  }

  #start(): BusAnswer {
    if (this.#started) return this.#codes.result.OK;
    const can = this.#options.onStart?.() ?? true;
    if (!isPromise(can)) return this.#startedAs(can);
    const session = this.#session;
    return can.then((later) => {
      return session === this.#session ? this.#startedAs(later) : this.#startedTooLate(later);
    });
  }

  /** The device was reset meanwhile: nobody started the controller. */
  async #startedTooLate(can: boolean): Promise<number> {
    if (can) await this.#keepOff();
    return this.#codes.result.NOT_OK;
  }

  /** Stops what no driver asks to stop at this moment. */
  async #keepOff(): Promise<void> {
    try {
      await this.#options.onStop?.();
    } catch (error) {
      console.error(error);
    }
  }

  /** The status is up to date before the request comes back (VIRTIO 1.4, 5.20.5.1). */
  #startedAs(can: boolean): number {
    if (!can) return this.#codes.result.NOT_OK;
    this.#started = true;
    this.#showBusOff(false);
    return this.#codes.result.OK;
  }

  #stop(): BusAnswer {
    const { OK } = this.#codes.result;
    if (!this.#started) return OK;
    this.#halt();
    const done = this.#options.onStop?.();
    return isPromise(done) ? done.then(() => OK) : OK;
  }

  /** What waits to be sent is not any more. */
  #halt(): void {
    this.#started = false;
    for (const resolve of this.#pending) resolve(this.#codes.result.NOT_OK);
    this.#pending.clear();
  }

  #showBusOff(off: boolean): void {
    const { CTRL_BUSOFF } = this.#codes.controllerStatus;
    const { status } = this.#host.settings;
    const shown = off ? status | CTRL_BUSOFF : status & ~CTRL_BUSOFF;
    if (shown !== status) this.#host.configure({ status: shown });
  }
}
