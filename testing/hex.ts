/**
 * Bytes and values as the vectors spell them.
 *
 * @module
 */

/** Bytes of which some are not written. */
export interface Pattern {
  /** All bytes; 0 where nothing is written. */
  readonly bytes: Uint8Array;
  /** 1 for each byte that is written. */
  readonly written: Uint8Array;
}

/** Reads hex digits, spaced at will; `..` stands for a byte that is not written. */
export function parseHex(text: string): Pattern {
  const digits = text.replaceAll(/\s+/g, "");
  if (!/^([0-9a-f]{2}|\.\.)*$/.test(digits)) {
    throw new SyntaxError(`Cannot read the hex digits ${text}: there are others, or half a byte`);
  }
  const pairs = digits.match(/../g) ?? [];
  return {
    bytes: Uint8Array.from(pairs, (pair) => pair === ".." ? 0 : parseInt(pair, 16)),
    written: Uint8Array.from(pairs, (pair) => pair === ".." ? 0 : 1),
  };
}

/** Turns `"0x…n"` into a bigint and `"hex:…"` into bytes, at any depth. */
export function parseValue(value: unknown): unknown {
  if (typeof value === "string") {
    if (/^0x[0-9a-f]+n$/.test(value)) return BigInt(value.slice(0, -1));
    return value.startsWith("hex:") ? parseHex(value.slice(4)).bytes : value;
  }
  if (Array.isArray(value)) return value.map(parseValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, parseValue(each)]));
}

/** Bytes in words, for the messages of assertions. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
