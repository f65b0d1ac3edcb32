/** The part of `node:assert/strict` that our tests use, for browsers. @module */

/** What an error is compared with. */
export type Expected =
  | RegExp
  | (new (...args: never[]) => Error)
  | ((error: never) => boolean)
  | Readonly<Record<string, unknown>>;

/** Throws unless the value is true in some sense. */
export function ok(value: unknown, message?: string): asserts value {
  if (!value) fail(message ?? `${show(value)} is not true`);
}

/** Throws always. */
export function fail(message = "failed"): never {
  throw new Error(`AssertionError: ${message}`);
}

/** Throws unless both are the same value. */
export function equal(actual: unknown, expected: unknown, message?: string): void {
  if (!Object.is(actual, expected)) {
    fail(`${message ?? ""} ${show(actual)} is not ${show(expected)}`);
  }
}

/** Throws if both are the same value. */
export function notEqual(actual: unknown, expected: unknown, message?: string): void {
  if (Object.is(actual, expected)) fail(`${message ?? ""} both are ${show(actual)}`);
}

/** Throws unless both have the same type and equal parts. */
export function deepEqual(actual: unknown, expected: unknown, message?: string): void {
  if (!same(actual, expected)) fail(`${message ?? ""} ${show(actual)} is not ${show(expected)}`);
}

/** Throws if both have the same type and equal parts. */
export function notDeepEqual(actual: unknown, expected: unknown, message?: string): void {
  if (same(actual, expected)) fail(`${message ?? ""} both are ${show(actual)}`);
}

/** Throws unless the text matches. */
export function match(text: string, wanted: RegExp, message?: string): void {
  if (!wanted.test(text)) fail(`${message ?? ""} ${show(text)} does not match ${wanted}`);
}

/** Throws unless the function throws what is expected. */
export function throws(run: () => unknown, expected?: Expected | string, message?: string): void {
  try {
    run();
  } catch (error) {
    return check(error, expected);
  }
  fail(message ?? "nothing was thrown");
}

/** Throws if the function does. */
export function doesNotThrow(run: () => unknown): void {
  run();
}

/** Rejects unless the promise rejects with what is expected. */
export async function rejects(
  promise: Promise<unknown> | (() => Promise<unknown>),
  expected?: Expected | string,
  message?: string,
): Promise<void> {
  try {
    await (typeof promise === "function" ? promise() : promise);
  } catch (error) {
    return check(error, expected);
  }
  fail(message ?? "nothing was rejected");
}

function check(error: unknown, expected: Expected | string | undefined): void {
  if (expected === undefined || typeof expected === "string") return;
  if (expected instanceof RegExp) return match(String(error), expected);
  if (typeof expected === "function") {
    if (expected === Error || expected.prototype instanceof Error) {
      return ok(error instanceof expected, `${error} is no ${expected.name}`);
    }
    return ok((expected as (error: unknown) => boolean)(error), `${error} is not as expected`);
  }
  for (const [name, wanted] of Object.entries(expected)) {
    const found = (error as Record<string, unknown>)[name];
    if (wanted instanceof RegExp) match(String(found), wanted);
    else deepEqual(found, wanted, name);
  }
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Map && b instanceof Map) return same([...a], [...b]);
  if (a instanceof Set && b instanceof Set) return same([...a], [...b]);
  if (a instanceof Error && b instanceof Error && a.message !== b.message) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length &&
    names.every((name) =>
      Object.hasOwn(b, name) &&
      same((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name])
    );
}

function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (ArrayBuffer.isView(value)) return `[${value}]`;
  try {
    return JSON.stringify(value, (_, part) => typeof part === "bigint" ? `${part}n` : part) ??
      `${value}`;
  } catch {
    return String(value);
  }
}

export default {
  deepEqual,
  doesNotThrow,
  equal,
  fail,
  match,
  notDeepEqual,
  notEqual,
  ok,
  rejects,
  throws,
};
