/** Checks of values that our own user, or a saved record, gave. @module */

/** RangeError unless the value is an integer from `low` to `high`. */
export function checkInteger(what: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new RangeError(`${what} is ${value}, not an integer from ${low} to ${high}`);
}
