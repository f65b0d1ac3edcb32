/**
 * Descriptors that become readable, as callbacks on the event loop.
 *
 * One wait is outstanding at a time, in another thread: more of them would use up the threads that
 * asynchronous file access needs. It costs 30 µs to wake from there, so whatever is ready already is
 * asked for without waiting first.
 *
 * @module
 */

import { queueTask } from "../runtime/task.ts";
import { drain, event, signal, Watch } from "./events.ts";
import { close } from "./ffi.ts";

/** Calls back when descriptors are readable. The process stays alive as long as any is watched. */
export class Poller {
  readonly #callbacks = new Map<number, () => void>();
  #watch: Watch | undefined;
  #wake = -1;
  #running: Promise<void> = Promise.resolve();

  /** Calls back, again and again, as long as there is something to read; TypeError when it is watched already. */
  add(fd: number, ready: () => void): void {
    if (this.#callbacks.has(fd)) throw new TypeError(`Cannot watch ${fd}: it is watched already`);
    const watch = this.#watch ?? this.#open();
    watch.add(fd);
    this.#callbacks.set(fd, ready);
    if (this.#callbacks.size === 1) this.#running = this.#running.then(() => this.#run());
  }

  /** Calls back no more; to be called before the descriptor is closed. */
  remove(fd: number): void {
    if (!this.#callbacks.delete(fd)) return;
    this.#watch!.remove(fd);
    if (this.#callbacks.size === 0) signal(this.#wake);
  }

  /** Settles once nothing waits any more, which is at once while something is watched. */
  async settle(): Promise<void> {
    if (this.#callbacks.size === 0) await this.#running;
  }

  #open(): Watch {
    const watch = this.#watch = new Watch();
    this.#wake = event();
    watch.add(this.#wake);
    return watch;
  }

  async #run(): Promise<void> {
    const watch = this.#watch ?? this.#open();
    while (this.#callbacks.size > 0) {
      const count = watch.wait(0) || await watch.waitElsewhere();
      for (let at = 0; at < count; at++) this.#call(watch.ready(at));
      await new Promise<void>(queueTask); // everything else gets its turn
    }
    watch.close();
    close(this.#wake);
    this.#watch = undefined;
  }

  #call(fd: number): void {
    if (fd === this.#wake) drain(fd);
    else this.#callbacks.get(fd)?.(); // unless a callback before removed it
  }
}

/** The poller of this agent. */
export const poller: Poller = new Poller();
