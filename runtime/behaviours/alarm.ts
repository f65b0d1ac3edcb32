/**
 * The alarm of one clock (VIRTIO 1.4, 5.23.6.6).
 *
 * @module
 */

import { flag, integer64, record } from "../snapshot.ts";

/** When an alarm is, whether it is enabled, and whether the driver is to be told. */
export class Alarm {
  #time = 0n;
  #enabled = false;
  #ahead = false; // the clock was before the time, when it was looked at
  #serving = false; // it expired, and the driver does not know yet

  /** Time in nanoseconds. */
  get time(): bigint {
    return this.#time;
  }

  /** Whether it can expire. */
  get enabled(): boolean {
    return this.#enabled;
  }

  /** Whether it expired, and the driver is to be told. */
  get serving(): boolean {
    return this.#serving;
  }

  /** Sets it; one that is enabled and not in the future expires at once. What expired before is obsolete. */
  set(time: bigint, enabled: boolean, now: bigint): void {
    this.#time = time;
    this.#enabled = enabled;
    this.restart(now);
  }

  /** The device was reset, or the alarm set: it expires at once unless it is in the future. */
  restart(now: bigint): void {
    this.#ahead = now < this.#time;
    this.#serving = this.#enabled && !this.#ahead;
  }

  /** The clock has got here: the alarm expires if that was the way over its time. */
  look(now: bigint): void {
    const ahead = now < this.#time;
    if (this.#enabled && this.#ahead && !ahead) this.#serving = true;
    this.#ahead = ahead;
  }

  /** The driver was told. */
  told(): void {
    this.#serving = false;
  }

  /** All of it, as plain data. */
  save(): Record<string, unknown> {
    return {
      time: String(this.#time),
      enabled: this.#enabled,
      ahead: this.#ahead,
      serving: this.#serving,
    };
  }

  /** What {@linkcode Alarm.save} gave, from untrusted data; TypeError or RangeError naming the field. */
  static read(state: unknown, path: string): Alarm {
    const saved = record(state, path);
    const alarm = new Alarm();
    alarm.#time = integer64(saved.time, `${path}.time`);
    alarm.#enabled = flag(saved.enabled, `${path}.enabled`);
    alarm.#ahead = flag(saved.ahead, `${path}.ahead`);
    alarm.#serving = flag(saved.serving, `${path}.serving`) && alarm.#enabled;
    return alarm;
  }
}
