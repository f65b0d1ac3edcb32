/**
 * Reading the saved registers of a transport back from untrusted data.
 *
 * @module
 */

/** The object at `path` of a snapshot; TypeError when there is none. */
export function savedRecord(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new TypeError(`Cannot restore the registers: ${path} must be an object`);
}

/** The array at `path` of a snapshot; TypeError when there is none. */
export function savedList(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`Cannot restore the registers: ${path} must be an array`);
}

/** The integer at `path` of a snapshot; TypeError or RangeError unless it is one from 0 to `max`. */
export function savedInteger(value: unknown, path: string, max = 0xffff_ffff): number {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot restore the registers: ${path} must be a number`);
  }
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new RangeError(
    `Cannot restore the registers: ${path} must be an integer from 0 to ${max}, found ${value}`,
  );
}

/** `count` integers at `path` of a snapshot, each from 0 to `max`. */
export function savedIntegers(
  value: unknown,
  path: string,
  count: number,
  max = 0xffff_ffff,
): number[] {
  const list = savedList(value, path);
  if (list.length !== count) {
    throw new RangeError(
      `Cannot restore the registers: ${path} must have ${count} numbers, found ${list.length}`,
    );
  }
  return list.map((item, at) => savedInteger(item, `${path}[${at}]`, max));
}

/** RangeError unless a snapshot is one of this transport, in the form that is read here. */
export function checkSaved(root: Record<string, unknown>, name: string, version: number): void {
  for (const [field, wanted] of [["name", name], ["version", version]] as const) {
    if (root[field] === wanted) continue;
    throw new RangeError(
      `Cannot restore the registers: ${field} must be ${wanted}, found ${root[field]}`,
    );
  }
}
