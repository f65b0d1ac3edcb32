/** Requests that are served one after the other, those that wait for the user too. @module */

import { isPromise } from "../values.ts";

/** Runs one thing after the other; at once, as long as nothing waits. */
export class InTurn {
  #turn: Promise<unknown> | undefined;

  /** Runs `serve` when all that was given before has ended, well or not. */
  run<T>(serve: () => T | Promise<T>): T | Promise<T> {
    const answer = this.#turn === undefined ? serve() : this.#turn.then(serve);
    if (!isPromise(answer)) return answer;
    const done = Promise.resolve(answer).catch(() => {}).then(() => {
      if (this.#turn === done) this.#turn = undefined;
    });
    this.#turn = done;
    return answer;
  }
}
