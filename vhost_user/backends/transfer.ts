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
  const memory = data.memory();
  if (memory !== undefined) {
    const { offset, remaining } = data;
    const wanted = Math.min(length, remaining);
    let done = readAt(fd, memory, offset, wanted, position);
    if (done > 0 && done < wanted) done = rest(readAt, fd, memory, offset, wanted, position, done);
    if (done > 0) data.advance(done);
    return done;
  }
  return bounced(fd, position, length, undefined, data);
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
  const memory = data.memory();
  if (memory !== undefined) {
    const { offset, remaining } = data;
    const wanted = Math.min(length, remaining);
    let done = writeAt(fd, memory, offset, wanted, position);
    if (done > 0 && done < wanted) done = rest(writeAt, fd, memory, offset, wanted, position, done);
    if (done > 0) data.skip(done);
    return done;
  }
  return bounced(fd, position, length, data, undefined);
}

/** By way of memory of our own, from a request's data or to them; returns what reading and writing do. */
function bounced(
  fd: number,
  position: number,
  length: number,
  from: ReadableBytes | undefined,
  to: WritableBytes | undefined,
): number {
  bounce ??= new Uint8Array(CHUNK);
  for (let at = 0; at < length;) {
    const part = Math.min(CHUNK, length - at);
    from?.read(bounce, 0, part);
    const done = whole(from === undefined ? readAt : writeAt, fd, bounce, part, position + at);
    if (done < 0) return at > 0 ? at : done;
    to?.write(bounce, 0, done);
    at += done;
    if (done < part) return at;
  }
  return length;
}

/** Writes a block again and again, many at a time; whether all were written. */
export function fillFile(fd: number, position: number, length: number, block: Uint8Array): boolean {
  const many = new Uint8Array(Math.min(CHUNK, length));
  for (let at = 0; at < many.length; at += block.length) many.set(block, at);
  for (let done = 0; done < length; done += many.length) {
    const part = Math.min(many.length, length - done);
    if (whole(writeAt, fd, many, part, position + done) !== part) return false;
  }
  return true;
}

/** Reads or writes until all of the first bytes are done, or none more can be. */
function whole(
  access: typeof readAt,
  fd: number,
  bytes: Uint8Array,
  length: number,
  position: number,
): number {
  const done = access(fd, bytes, 0, length, position);
  return done > 0 ? rest(access, fd, bytes, 0, length, position, done) : done;
}

/** Goes on where `done` bytes were read or written. */
function rest(
  access: typeof readAt,
  fd: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
  done: number,
): number {
  while (done < length) {
    const more = access(fd, bytes, offset + done, length - done, position + done);
    if (more <= 0) return done;
    done += more;
  }
  return done;
}
