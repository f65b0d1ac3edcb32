/**
 * What a request of FUSE brings along: a struct, and names.
 *
 * @module
 */

import type { ReadableBytes } from "../../../runtime/cursor.ts";

/** Bytes of the longest name, and of the longest path in a symbolic link. */
const NAME_MAX = 255;
const PATH_MAX = 4095;

const EINVAL = 22;
const ENAMETOOLONG = 36;

const SLASH = "/".charCodeAt(0);
const DOT = ".".charCodeAt(0);

/** A request is answered with an error. */
export class Refusal extends Error {
  /** Number of the error. */
  readonly errno: number;

  /** With the number of the error. */
  constructor(errno: number) {
    super(`errno ${errno}`);
    this.errno = errno;
  }
}

/** The next bytes of a request, copied; a Refusal when there are fewer. */
export function take(data: ReadableBytes, size: number): DataView {
  if (data.remaining < size) throw new Refusal(EINVAL);
  const bytes = new Uint8Array(size);
  data.read(bytes, 0, size);
  return new DataView(bytes.buffer);
}

/**
 * The next name of a directory, with the NUL behind it. A Refusal when it is none: empty, too long, with
 * a slash, or one of `.` and `..`, which a driver resolves by itself.
 */
export function takeName(data: ReadableBytes): Uint8Array<ArrayBuffer> {
  const name = takeText(data, NAME_MAX);
  const dots = name.length <= 3 && name.subarray(0, -1).every((byte) => byte === DOT);
  if (dots || name.includes(SLASH)) throw new Refusal(EINVAL);
  return name;
}

/** The next path, with the NUL behind it, which leads anywhere: nothing here follows it. */
export function takePath(data: ReadableBytes): Uint8Array<ArrayBuffer> {
  return takeText(data, PATH_MAX);
}

function takeText(data: ReadableBytes, most: number): Uint8Array<ArrayBuffer> {
  const text = new Uint8Array(most + 1);
  for (let at = 0; at < text.length; at++) {
    if (data.remaining === 0) throw new Refusal(EINVAL);
    text[at] = data.getUint8();
    if (text[at] !== 0) continue;
    if (at === 0) throw new Refusal(EINVAL);
    return text.subarray(0, at + 1);
  }
  throw new Refusal(ENAMETOOLONG);
}
