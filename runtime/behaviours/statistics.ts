/**
 * Statistics of a guest's memory, which the device pulls: it hands the driver's buffer back, and
 * the next one has them (VIRTIO 1.4, 5.5.6.3).
 *
 * @module
 */

import { DeviceBehaviour, type Handler } from "../behaviour.ts";
import { Deferred } from "../deferred.ts";

/** A statistic as it comes. */
export interface Statistic {
  /** What it is about. */
  readonly tag: number;
  /** Its value. */
  readonly val: bigint;
}

/** What the user may say of statistics. */
export interface StatisticsOptions {
  /** There are new ones, asked for or not: values by their tags. */
  readonly onChange?: (statistics: ReadonlyMap<number, bigint>) => void;
}

/** What statistics use of the device. */
export interface StatisticsHost {
  /** Hands the driver's buffer back; false when there is none. */
  pullStatsq(): boolean;
}

/** The device's enumerations. */
export interface StatisticsCodes {
  /** What a statistic is about. */
  readonly statTag: Readonly<Record<string, number>>;
}

/** The last statistics of the guest, and the way to new ones. */
export class Statistics extends DeviceBehaviour {
  readonly #host: StatisticsHost;
  readonly #known: ReadonlySet<number>;
  readonly #options: StatisticsOptions;
  #latest: ReadonlyMap<number, bigint> | undefined;
  #asked: Deferred<ReadonlyMap<number, bigint>> | undefined;
  #active = false;

  /** For a device. */
  constructor(host: StatisticsHost, codes: StatisticsCodes, options: StatisticsOptions = {}) {
    super();
    this.#host = host;
    this.#known = new Set(Object.values(codes.statTag));
    this.#options = options;
  }

  /** The statistics that came last, by their tags; undefined before the first. */
  get latest(): ReadonlyMap<number, bigint> | undefined {
    return this.#latest;
  }

  /** Asks for new statistics; TypeError when the driver gives none, or is reset meanwhile. */
  ask(): Promise<ReadonlyMap<number, bigint>> {
    if (!this.#active) {
      return Promise.reject(new TypeError("Cannot ask for statistics: the driver gives none"));
    }
    if (this.#asked === undefined) {
      this.#asked = new Deferred();
      // Without a buffer the driver is about to give one, which is the answer then.
      this.#host.pullStatsq();
    }
    return this.#asked.promise;
  }

  /** The handler that takes the place of the user's. */
  handlers(
    _user: object,
  ): { readonly stats: Handler<[request: { readonly stats: readonly Statistic[] }], void> } {
    return { stats: ({ stats }) => this.#take(stats) };
  }

  /** Notes whether the driver takes part. */
  override settle(active: boolean): boolean {
    this.#active = active;
    return true;
  }

  /** Nobody answers any more. */
  override reset(): void {
    this.#active = false;
    this.#latest = undefined;
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.reject(new TypeError("Cannot ask for statistics: the device was reset"));
  }

  /** Tags without a name are ignored (5.5.6.3.2). */
  #take(stats: readonly Statistic[]): void {
    const latest = new Map(
      stats.filter(({ tag }) => this.#known.has(tag)).map(({ tag, val }) => [tag, val]),
    );
    this.#latest = latest;
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.resolve(latest);
    this.#options.onChange?.(latest);
  }
}
