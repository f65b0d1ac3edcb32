/**
 * Frames of replay protected memory, and their authentication code (VIRTIO 1.4, 5.12.6.1).
 *
 * @module
 */

import type { Names } from "../behaviour.ts";
import { hmacSha256 } from "./sha256.ts";

/** A frame: a request or an answer for one block. */
export interface ProtectedFrame {
  /** Key to program, else the code. */
  keyMac: Uint8Array;
  /** One block. */
  data: Uint8Array;
  /** Random bytes of a read, repeated in the answer. */
  nonce: Uint8Array;
  /** Writes so far. */
  writeCounter: number;
  /** First block. */
  address: number;
  /** Number of blocks. */
  blockCount: number;
  /** How it went, in answers. */
  result: number;
  /** Type of the request, or of the answer. */
  reqResp: number;
}

/** The first frame of a request, whose type its message tells. */
export type ProtectedRequest = Omit<ProtectedFrame, "reqResp">;

/** A request that more frames follow in the same buffer. */
export interface ProtectedFramesRequest extends ProtectedRequest {
  /** The other frames. */
  readonly frames: readonly ProtectedFrame[];
}

/** The device's enumerations. */
export interface ProtectedBlocksCodes {
  /** Types of requests. */
  readonly requestType: Names<
    "PROGRAM_KEY" | "GET_WRITE_COUNTER" | "DATA_WRITE" | "DATA_READ" | "RESULT_READ"
  >;
  /** Types of answers. */
  readonly responseType: Names<"PROGRAM_KEY" | "GET_COUNTER" | "DATA_WRITE" | "DATA_READ">;
  /** How requests go. */
  readonly result: Names<
    | "OK"
    | "GENERAL_FAILURE"
    | "AUTH_FAILURE"
    | "COUNT_FAILURE"
    | "ADDR_FAILURE"
    | "WRITE_FAILURE"
    | "READ_FAILURE"
    | "NO_AUTH_KEY"
    | "WRITE_COUNTER_EXPIRED"
  >;
}

/** Bytes of a block. */
export const PROTECTED_BLOCK = 256;
/** Bytes of a frame. */
export const PROTECTED_FRAME = 512;
/** Bytes of a key, and of a code. */
export const PROTECTED_KEY = 32;
/** The last value of the write counter. */
export const COUNTER_MAX = 0xffff_ffff;

/** Bytes of a frame behind its code, which are what the code is of. */
const AUTHENTICATED = 284;

/** A frame with some fields, the others zero. */
export function protectedFrame(fields: Partial<ProtectedFrame>): ProtectedFrame {
  return {
    keyMac: new Uint8Array(PROTECTED_KEY),
    data: new Uint8Array(PROTECTED_BLOCK),
    nonce: new Uint8Array(16),
    writeCounter: 0,
    address: 0,
    blockCount: 0,
    result: 0,
    reqResp: 0,
    ...fields,
  };
}

/** Writes the code of frames that belong together into the last of them. */
export function signFrames(key: Uint8Array, frames: readonly ProtectedFrame[]): void {
  const last = frames.at(-1);
  if (last !== undefined) last.keyMac = codeOf(key, frames);
}

/** Whether the last of the frames has their code. */
export function verifyFrames(key: Uint8Array, frames: readonly ProtectedFrame[]): boolean {
  const found = frames.at(-1)?.keyMac;
  const code = codeOf(key, frames);
  return found !== undefined &&
    code.reduce((wrong, byte, at) => wrong | byte ^ found[at]!, 0) === 0;
}

function codeOf(key: Uint8Array, frames: readonly ProtectedFrame[]): Uint8Array {
  return hmacSha256(key, frames.map(authenticated));
}

function authenticated(frame: ProtectedFrame): Uint8Array {
  const bytes = new Uint8Array(AUTHENTICATED);
  const view = new DataView(bytes.buffer);
  bytes.set(frame.data);
  bytes.set(frame.nonce, 256);
  view.setUint32(272, frame.writeCounter);
  view.setUint16(276, frame.address);
  view.setUint16(278, frame.blockCount);
  view.setUint16(280, frame.result);
  view.setUint16(282, frame.reqResp);
  return bytes;
}
