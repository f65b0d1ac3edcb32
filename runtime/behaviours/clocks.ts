/**
 * Clocks that a driver reads, alone or together with a hardware counter, and their alarms
 * (VIRTIO 1.4, 5.23.6). What the time is, the user's functions say.
 *
 * Alarms outlive a reset. They are looked at while the driver's queue for them is live, at least once
 * a second, as clocks may step; one that was passed meanwhile expires when the queue starts.
 *
 * @module
 */

import { DeviceBehaviour, type Handler, type Names } from "../behaviour.ts";
import { integer64, list, record, refuseField } from "../snapshot.ts";
import { Alarm } from "./alarm.ts";

/** One clock. */
export interface ClockOptions {
  /** Its type. */
  readonly type: number;
  /** How a UTC_SMEARED clock is smeared: not said when not given. */
  readonly smearing?: number;
  /** The time, in nanoseconds. */
  readonly now: () => bigint;
  /** Hardware counters that it can be read with: what both show at one moment, or undefined if that can not be told. */
  readonly counters?: Readonly<Record<number, () => ClockAndCounter | undefined>>;
}

/** A clock and a hardware counter at one moment. */
export interface ClockAndCounter {
  /** The time, in nanoseconds. */
  readonly time: bigint;
  /** What the driver would have read from the counter. */
  readonly cycles: bigint;
}

/** What the user says of a device with clocks. */
export interface ClocksOptions {
  /** The clocks by their ids; each has an alarm. */
  readonly clocks: readonly ClockOptions[];
}

/** The device's enumerations and features. */
export interface ClocksCodes {
  /** How a request went. */
  readonly status: Names<"OK" | "EOPNOTSUPP" | "ENODEV" | "EIO">;
  /** Types of clocks. */
  readonly clockType: Names<"MONOTONIC" | "UTC_SMEARED">;
  /** How leap seconds are smeared. */
  readonly smearing: Names<"UNSPECIFIED">;
  /** Hardware counters of the standard. */
  readonly counter: Readonly<Record<string, number>>;
  /** What a clock can do. */
  readonly clockFlag: Names<"ALARM_CAP">;
  /** What a clock and a counter can do together. */
  readonly crossFlag: Names<"CROSS_CAP">;
  /** State of an alarm. */
  readonly alarmFlag: Names<"ALARM_ENABLED">;
  /** Features by their bits. */
  readonly features: Names<"ALARM">;
}

/** What clocks use of the device. */
export interface ClocksHost {
  /** Whether a feature was negotiated. */
  hasFeature(bit: number): boolean;
  /** Tells of an alarm; false when there is no room. */
  sendAlarm(value: { clockId: number }): boolean;
}

/** A request on a clock. */
export interface ClockRequest {
  /** The clock. */
  readonly clockId: number;
}

/** A request on a clock and a counter. */
export interface ClockCounterRequest extends ClockRequest {
  /** The counter. */
  readonly hwCounter: number;
}

/** A request that enables an alarm, or disables it. */
export interface AlarmRequest extends ClockRequest {
  /** Whether it is enabled. */
  readonly flags: number;
}

/** Handlers of the user that clocks stand in front of. */
export interface ClocksUser {
  /** There is room for alarms. */
  readonly alarmqAvailable?: ((queue: number) => void) | undefined;
}

/** The handlers that take the place of the user's. */
export interface ClocksHandlers extends ClocksUser {
  /** Reads a clock. */
  readonly read: Handler<[request: ClockRequest], number | { clockReading: bigint }>;
  /** Reads a clock together with a counter. */
  readonly readCross: Handler<
    [request: ClockCounterRequest],
    number | { clockReading: bigint; counterCycles: bigint }
  >;
  /** Tells the number of clocks. */
  readonly cfg: () => { numClocks: number };
  /** Tells what a clock is. */
  readonly clockCap: Handler<
    [request: ClockRequest],
    number | { type: number; leapSecondSmearing: number; flags: number }
  >;
  /** Tells whether a clock can be read together with a counter. */
  readonly crossCap: Handler<[request: ClockCounterRequest], number | { flags: number }>;
  /** Reads an alarm. */
  readonly readAlarm: Handler<
    [request: ClockRequest],
    number | { alarmTime: bigint; flags: number }
  >;
  /** Sets an alarm. */
  readonly setAlarm: Handler<[request: AlarmRequest & { readonly alarmTime: bigint }], number>;
  /** Enables or disables an alarm. */
  readonly setAlarmEnabled: Handler<[request: AlarmRequest], number>;
}

/** Index of the queue for alarms. */
const ALARMQ = 1;
/** How long alarms are not looked at, at most: milliseconds. */
const PAUSE = 1000;
const CLOCKS_MAX = 0xffff;

/** A clock, what it showed last, and its alarm. */
interface Clock {
  readonly options: ClockOptions;
  alarm: Alarm;
  last: bigint;
}

/** The clocks of one device. */
export class Clocks extends DeviceBehaviour {
  readonly #host: ClocksHost;
  readonly #codes: ClocksCodes;
  readonly #clocks: readonly Clock[];
  readonly #counters: ReadonlySet<number>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #live = false; // alarms can be told

  /** RangeError when there can be no such clocks. */
  constructor(host: ClocksHost, codes: ClocksCodes, options: ClocksOptions | undefined) {
    super();
    const clocks = options?.clocks ?? [];
    const smeared = codes.clockType.UTC_SMEARED;
    const wrong = clocks.findIndex(({ type, smearing }) =>
      smearing !== undefined && type !== smeared
    );
    if (wrong >= 0) throw new RangeError(`Cannot make clock ${wrong}: only UTC_SMEARED is smeared`);
    if (clocks.length === 0 || clocks.length > CLOCKS_MAX) {
      throw new RangeError(`Cannot make ${clocks.length} clocks: not 1 to ${CLOCKS_MAX}`);
    }
    this.#host = host;
    this.#codes = codes;
    this.#clocks = clocks.map((one) => ({ options: one, alarm: new Alarm(), last: 0n }));
    const known = clocks.flatMap(({ counters }) => Object.keys(counters ?? {}).map(Number));
    this.#counters = new Set([...Object.values(codes.counter), ...known]);
  }

  /** Looks at the alarms now: for who knows that a clock stepped. */
  look(): void {
    clearTimeout(this.#timer);
    for (const clock of this.#clocks) clock.alarm.look(this.#now(clock));
    this.#tell();
    const times = this.#clocks.filter(({ alarm }) => alarm.enabled).map((clock) => {
      const left = clock.alarm.time - this.#now(clock);
      return left <= 0n ? PAUSE : Math.min(Number(left) / 1e6, PAUSE);
    });
    if (!this.#live || times.length === 0) return;
    this.#timer = setTimeout(() => this.look(), Math.ceil(Math.min(...times)));
  }

  /** The handlers that take the place of the user's. */
  handlers({ alarmqAvailable }: ClocksUser): ClocksHandlers {
    return {
      read: ({ clockId }) => this.#of(clockId, (clock) => ({ clockReading: this.#now(clock) })),
      readCross: (request) => this.#of(request.clockId, (clock) => this.#cross(clock, request)),
      cfg: () => ({ numClocks: this.#clocks.length }),
      clockCap: ({ clockId }) => this.#of(clockId, ({ options }) => this.#describe(options)),
      crossCap: (request) => this.#of(request.clockId, (clock) => this.#canCross(clock, request)),
      readAlarm: ({ clockId }) =>
        this.#of(clockId, ({ alarm }) => ({
          alarmTime: alarm.time,
          flags: alarm.enabled ? this.#codes.alarmFlag.ALARM_ENABLED : 0,
        })),
      setAlarm: ({ clockId, alarmTime, flags }) =>
        this.#of(clockId, (clock) => this.#set(clock, alarmTime, flags)),
      setAlarmEnabled: ({ clockId, flags }) =>
        this.#of(clockId, (clock) => this.#set(clock, clock.alarm.time, flags)),
      alarmqAvailable: (queue) => {
        this.#tell();
        alarmqAvailable?.(queue);
      },
    };
  }

  /** Alarms can be told from now on. */
  override queueStarted(queue: number): void {
    if (queue !== ALARMQ || !this.#host.hasFeature(this.#codes.features.ALARM)) return;
    this.#live = true;
    this.look();
  }

  /** Nobody is to be told any more. */
  override queueStopped(queue: number): void {
    if (queue !== ALARMQ) return;
    this.#live = false;
    clearTimeout(this.#timer);
  }

  /** Alarms stay; one that is not in the future expires. */
  override reset(): void {
    for (const clock of this.#clocks) clock.alarm.restart(this.#now(clock));
  }

  /** What the clocks showed last, and their alarms, by the ids of the clocks. */
  override save(): unknown {
    return this.#clocks.map(({ alarm, last }) => ({ ...alarm.save(), last: String(last) }));
  }

  /** Takes back what {@linkcode Clocks.save} gave, from untrusted data; TypeError or RangeError naming the field. */
  override restore(state: unknown, path: string): void {
    const alarms = list(state, path).map((saved, id) => Alarm.read(saved, `${path}[${id}]`));
    if (alarms.length !== this.#clocks.length) {
      refuseField(path, `alarms of ${this.#clocks.length} clocks`, alarms.length);
    }
    const shown = list(state, path).map((saved, id) =>
      integer64(record(saved, `${path}[${id}]`).last, `${path}[${id}].last`)
    );
    for (const [id, clock] of this.#clocks.entries()) {
      clock.alarm = alarms[id]!;
      clock.last = shown[id]!;
    }
  }

  #of<T>(id: number, answer: (clock: Clock) => T): T | number {
    const clock = this.#clocks[id];
    return clock === undefined ? this.#codes.status.ENODEV : answer(clock);
  }

  #now(clock: Clock): bigint {
    return this.#reading(clock, clock.options.now());
  }

  /** Readings of a monotonic clock do not go back (VIRTIO 1.4, 5.23.6.5.2). */
  #reading(clock: Clock, time: bigint): bigint {
    const back = time < clock.last && clock.options.type === this.#codes.clockType.MONOTONIC;
    return clock.last = back ? clock.last : time;
  }

  #cross(
    clock: Clock,
    { hwCounter }: ClockCounterRequest,
  ): number | { clockReading: bigint; counterCycles: bigint } {
    const { EOPNOTSUPP, EIO } = this.#codes.status;
    const counter = clock.options.counters?.[hwCounter];
    if (counter === undefined) return EOPNOTSUPP;
    const both = counter();
    if (both === undefined) return EIO;
    return { clockReading: this.#reading(clock, both.time), counterCycles: both.cycles };
  }

  #canCross({ options }: Clock, { hwCounter }: ClockCounterRequest): number | { flags: number } {
    if (!this.#counters.has(hwCounter)) return this.#codes.status.EOPNOTSUPP;
    const can = options.counters?.[hwCounter] !== undefined;
    return { flags: can ? this.#codes.crossFlag.CROSS_CAP : 0 };
  }

  #describe({ type, smearing }: ClockOptions) {
    const { clockFlag, features, smearing: { UNSPECIFIED } } = this.#codes;
    return {
      type,
      leapSecondSmearing: smearing ?? UNSPECIFIED,
      flags: this.#host.hasFeature(features.ALARM) ? clockFlag.ALARM_CAP : 0,
    };
  }

  #set(clock: Clock, time: bigint, flags: number): number {
    clock.alarm.set(time, flags === this.#codes.alarmFlag.ALARM_ENABLED, this.#now(clock));
    this.look();
    return this.#codes.status.OK;
  }

  /** Tells of alarms that expired, as far as there is room. */
  #tell(): void {
    if (!this.#live) return;
    for (const [clockId, { alarm }] of this.#clocks.entries()) {
      if (alarm.serving && this.#host.sendAlarm({ clockId })) alarm.told();
    }
  }
}
