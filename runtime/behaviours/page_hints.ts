/**
 * Free pages of a guest: rounds of hints that the device starts and ends, and reports
 * (VIRTIO 1.4, 5.5.6.5 and 5.5.6.7).
 *
 * @module
 */

import { DeviceBehaviour, type Handler } from "../behaviour.ts";
import type { WritableBytes } from "../cursor.ts";
import { integer, list, record } from "../snapshot.ts";
import { ConfigAnswers } from "./config_answers.ts";

/** The device's enumerations. */
export interface PageHintsCodes {
  /** Ids with a meaning of their own. */
  readonly hintCommand: { readonly STOP: number; readonly DONE: number };
}

/** What the user says of a device that wants hints. */
export interface DevicePageHintsOptions {
  /** Takes free pages: what they contain may be lost, until the hints are done. */
  readonly onHint: (pages: WritableBytes) => void | Promise<void>;
  /** The driver has no more pages for this round. */
  readonly onEnd?: () => void;
}

/** What hints use of the device. */
export interface DevicePageHintsHost {
  /** The configuration of the device. */
  readonly settings: { readonly freePageHintCmdId?: number };
  /** Changes the configuration, and tells the driver. */
  configure(changes: { freePageHintCmdId: number }): void;
}

/** The handlers that take the place of the user's. */
export interface DevicePageHintsHandlers {
  /** A round starts or ends. */
  readonly hintCommand: Handler<[request: { readonly cmdId: number }], void>;
  /** Free pages. */
  readonly hint: (pages: WritableBytes) => void | Promise<void>;
}

/** The first id that names a round. */
const FIRST = 2;
const LAST = 0xffff_ffff;

/** Rounds of hints, on the device's side. */
export class DevicePageHints extends DeviceBehaviour {
  readonly #host: DevicePageHintsHost;
  readonly #codes: PageHintsCodes;
  readonly #options: DevicePageHintsOptions | undefined;
  #next = FIRST;
  #heard = 0; // the round that the driver's hints belong to
  readonly #open = new Set<number>(); // rounds that the driver did not end
  #active = false;

  /** For a device. */
  constructor(
    host: DevicePageHintsHost,
    codes: PageHintsCodes,
    options: DevicePageHintsOptions | undefined,
  ) {
    super();
    this.#host = host;
    this.#codes = codes;
    this.#options = options;
  }

  /** The round that goes on; undefined when none does. */
  get round(): number | undefined {
    const id = this.#id;
    return id >= FIRST ? id : undefined;
  }

  /** Starts a round, and returns its id; TypeError when the driver takes no part. */
  start(): number {
    if (!this.#active) throw new TypeError("Cannot ask for hints: the driver gives none");
    while (this.#open.has(this.#next) || this.#next === this.#id) this.#next = after(this.#next);
    const id = this.#next;
    this.#next = after(id);
    this.#open.add(id);
    this.#host.configure({ freePageHintCmdId: id });
    return id;
  }

  /** Wants no more hints for now; the pages stay where they are. */
  stop(): void {
    this.#host.configure({ freePageHintCmdId: this.#codes.hintCommand.STOP });
  }

  /** Has no use for the hinted pages any more: from now on they are the guest's. */
  done(): void {
    this.#host.configure({ freePageHintCmdId: this.#codes.hintCommand.DONE });
  }

  /** The handlers that take the place of the user's. */
  handlers(_user: object): DevicePageHintsHandlers {
    return {
      hintCommand: ({ cmdId }) => this.#command(cmdId),
      hint: (pages) => {
        if (this.#heard === this.round) return this.#options?.onHint(pages);
      },
    };
  }

  /** Notes whether the driver takes part. */
  override settle(active: boolean): boolean {
    this.#active = active;
    return true;
  }

  /** All rounds are over. */
  override reset(): void {
    this.#active = false;
    this.#heard = 0;
    this.#open.clear();
    if (this.round !== undefined) this.done();
  }

  /** The rounds that go on. */
  override save(): unknown {
    return { next: this.#next, heard: this.#heard, open: [...this.#open] };
  }

  /** Takes back what {@linkcode DevicePageHints.save} gave; TypeError or RangeError naming the field. */
  override restore(state: unknown, path: string): void {
    const saved = record(state, path);
    const next = integer(saved.next, `${path}.next`, LAST);
    const heard = integer(saved.heard, `${path}.heard`, LAST);
    const open = list(saved.open, `${path}.open`).map((id, at) =>
      integer(id, `${path}.open[${at}]`, LAST)
    );
    this.#next = Math.max(FIRST, next);
    this.#heard = heard;
    this.#open.clear();
    for (const id of open) this.#open.add(id);
  }

  get #id(): number {
    return this.#host.settings.freePageHintCmdId ?? this.#codes.hintCommand.DONE;
  }

  #command(id: number): void {
    if (id !== this.#codes.hintCommand.STOP) {
      this.#heard = id;
      return;
    }
    const ended = this.#heard === this.round;
    this.#heard = 0;
    this.#open.clear(); // rounds come one after the other: all before have ended too
    if (ended) this.#options?.onEnd?.();
  }
}

function after(id: number): number {
  return id === LAST ? FIRST : id + 1;
}

/** What the user says of a driver that hints. */
export interface DriverPageHintsOptions {
  /** Free pages, until there are no more; they are kept unused until they are released. */
  readonly pages: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** All pages that were hinted are free to be used again. */
  readonly release: () => void;
}

/** What hints use of the driver. */
export interface DriverPageHintsHost {
  /** The configuration as the driver read it. */
  readonly config: { readonly freePageHintCmdId?: number };
  /** Starts or ends a round. */
  hintCommand(request: { cmdId: number }): Promise<void>;
  /** Hints at pages. */
  hint(pages: Uint8Array): Promise<unknown>;
}

/** Hints at free pages, whenever the device starts a round. */
export class DriverPageHints extends ConfigAnswers {
  readonly #host: DriverPageHintsHost;
  readonly #codes: PageHintsCodes;
  readonly #options: DriverPageHintsOptions | undefined;
  #round = 0; // the last one that was begun
  #held = false; // pages that were hinted

  /** For a driver. */
  constructor(
    host: DriverPageHintsHost,
    codes: PageHintsCodes,
    options: DriverPageHintsOptions | undefined,
  ) {
    super();
    this.#host = host;
    this.#codes = codes;
    this.#options = options;
  }

  /** Whether a round was started that was not begun here. */
  protected override get asked(): boolean {
    return this.#id >= FIRST && this.#id !== this.#round;
  }

  /** One round after the other, as long as the device starts new ones. */
  protected override async answer(): Promise<void> {
    while (this.asked) await this.#hintRound(this.#id);
  }

  /** The pages are the guest's again, once the device has no use for them. */
  protected override rest(): void {
    if (this.#id !== this.#codes.hintCommand.DONE || !this.#held) return;
    this.#held = false;
    this.#options?.release();
  }

  get #id(): number {
    return this.#host.config.freePageHintCmdId ?? this.#codes.hintCommand.DONE;
  }

  /** A round that was begun is ended, also when the user has no pages to give (VIRTIO 1.4, 5.5.6.5.1). */
  async #hintRound(id: number): Promise<void> {
    this.#round = id;
    await this.#host.hintCommand({ cmdId: id });
    try {
      for await (const pages of this.#options?.pages() ?? []) {
        if (this.#id !== id) break;
        this.#held = true;
        await this.#host.hint(pages);
      }
    } finally {
      await this.#host.hintCommand({ cmdId: this.#codes.hintCommand.STOP });
    }
  }
}

/** What the rule for reported pages looks at in its device. */
export interface ReportedPagesHost {
  /** The configuration of the device. */
  readonly settings: { readonly poisonVal?: number };
  /** Whether a feature was negotiated. */
  hasFeature(bit: number): boolean;
}

/** What the user says of a device that takes reports. */
export interface ReportedPagesOptions {
  /** Lets go of free pages, which may be zeroes afterwards. */
  readonly onReport: (pages: WritableBytes) => void | Promise<void>;
}

/**
 * Reported pages. They stay as they are where the guest counts on what they contain: whoever lets
 * go of pages leaves zeroes, which is right for a poison_val of 0 alone (VIRTIO 1.4, 5.5.6.7.2).
 */
export class ReportedPages extends DeviceBehaviour {
  readonly #host: ReportedPagesHost;
  readonly #poison: number;
  readonly #options: ReportedPagesOptions | undefined;

  /** For a device. */
  constructor(
    host: ReportedPagesHost,
    codes: { readonly features: { readonly PAGE_POISON: number } },
    options: ReportedPagesOptions | undefined,
  ) {
    super();
    this.#host = host;
    this.#poison = codes.features.PAGE_POISON;
    this.#options = options;
  }

  /** Whether the guest counts on what its free pages contain. */
  get kept(): boolean {
    return this.#host.hasFeature(this.#poison) && this.#host.settings.poisonVal !== 0;
  }

  /** The handler that takes the place of the user's. */
  handlers(
    _user: object,
  ): { readonly report: (pages: WritableBytes) => void | Promise<void> } {
    return {
      report: (pages) => {
        if (!this.kept) return this.#options?.onReport(pages);
      },
    };
  }
}
