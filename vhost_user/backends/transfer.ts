/**
 * Between files and the data of requests, in place where these lie in one piece.
 *
 * @module
 */

import type { ReadableBytes, WritableBytes } from "../../runtime/cursor.ts";
import { readAt, writeAt } from "../files.ts";

/** Bytes of one access to the file when a request's data are in pieces. */
const CHUNK = 128 << 10;

let bounce: Uint8Array | undefined;

/**
 * Reads a file into a request's data, as many bytes as they have room for when not told; returns how
 * many there were up to the file's end, or the number of an error, negated.
 */
export function readFile(
  fd: number,
  position: number,
  data: WritableBytes,
  length: number = data.remaining,
): number {
  const view = data.view();
  if (view !== undefined) {
    const done = whole(readAt, fd, first(view, length), position);
    if (done > 0) data.advance(done);
    return done;
  }
  bounce ??= new Uint8Array(CHUNK);
  for (let at = 0; at < length;) {
    const part = bounce.subarray(0, Math.min(CHUNK, length - at));
    const done = whole(readAt, fd, part, position + at);
    if (done < 0) return at > 0 ? at : done;
    at += data.write(part, 0, done);
    if (done < part.length) return at;
  }
  return length;
}

/**
 * Writes a request's data to a file, all that remain when not told; returns how many bytes were
 * written, or the number of an error, negated, when none were.
 */
export function writeFile(
  fd: number,
  position: number,
  data: ReadableBytes,
  length: number = data.remaining,
): number {
  const view = data.view();
  if (view !== undefined) {
    const done = whole(writeAt, fd, first(view, length), position);
    if (done > 0) data.skip(done);
    return done;
  }
  bounce ??= new Uint8Array(CHUNK);
  for (let at = 0; at < length;) {
    const part = bounce.subarray(0, Math.min(CHUNK, length - at));
    data.read(part, 0, part.length);
    const done = whole(writeAt, fd, part, position + at);
    if (done < 0) return at > 0 ? at : done;
    at += done;
    if (done < part.length) return at;
  }
  return length;
}

/** Writes a block again and again, many at a time; whether all were written. */
export function fillFile(fd: number, position: number, length: number, block: Uint8Array): boolean {
  const many = new Uint8Array(Math.min(CHUNK, length));
  for (let at = 0; at < many.length; at += block.length) many.set(block, at);
  for (let done = 0; done < length; done += many.length) {
    const part = first(many, length - done);
    if (whole(writeAt, fd, part, position + done) !== part.length) return false;
  }
  return true;
}

function first(view: Uint8Array, length: number): Uint8Array {
  return view.length > length ? view.subarray(0, length) : view;
}

/** Goes on until all bytes are read or written, or none more can be. */
function whole(
  access: typeof readAt,
  fd: number,
  bytes: Uint8Array,
  position: number,
): number {
  let done = access(fd, bytes, position);
  while (done > 0 && done < bytes.length) {
    const more = access(fd, bytes.subarray(done), position + done);
    if (more <= 0) return done;
    done += more;
  }
  return done;
}
