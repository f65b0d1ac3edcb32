/**
 * A promise that is settled from outside: `Promise.withResolvers`, which Node 20 lacks.
 *
 * @module
 */

/** A promise with what settles it. */
export class Deferred<T> {
  /** Fulfills the promise. */
  resolve!: (value: T) => void;
  /** Rejects the promise. */
  reject!: (reason: unknown) => void;
  /** The promise. */
  readonly promise: Promise<T> = new Promise((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}
