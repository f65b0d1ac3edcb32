/**
 * The device's side of replay protected memory: its key, which is programmed once, the counter of
 * writes, and the answers to all requests (VIRTIO 1.4, 5.12.6). The blocks are with the user, who
 * also keeps key and counter for good: both outlive all resets.
 *
 * @module
 */

import { DeviceBehaviour } from "../behaviour.ts";
import { bytes, integer, record, refuseField } from "../snapshot.ts";
import { isPromise } from "../values.ts";
import { InTurn } from "./in_turn.ts";
import {
  COUNTER_MAX,
  PROTECTED_BLOCK,
  PROTECTED_FRAME,
  PROTECTED_KEY,
  type ProtectedBlocksCodes,
  type ProtectedFrame,
  protectedFrame,
  type ProtectedFramesRequest,
  type ProtectedRequest,
  signFrames,
  verifyFrames,
} from "./protected_frames.ts";

/** Where the blocks are. What it throws is the result of the request, a failure to read or to write. */
export interface DeviceProtectedBlocksOptions {
  /** The key, of 32 bytes, where one was programmed. */
  readonly key?: Uint8Array;
  /** The write counter so far: 0 when not given. */
  readonly writeCounter?: number;
  /** Keeps the key for good. */
  readonly program: (key: Uint8Array) => void | Promise<void>;
  /** Reads blocks of 256 bytes. */
  readonly read: (address: number, blocks: number) => Uint8Array | Promise<Uint8Array>;
  /** Writes whole blocks, and the write counter with them: all, or nothing. */
  readonly write: (
    address: number,
    data: Uint8Array,
    writeCounter: number,
  ) => void | Promise<void>;
}

/** What protected blocks look at in their device. */
export interface DeviceProtectedBlocksHost {
  /** The configuration. */
  readonly settings: {
    readonly capacity: number;
    readonly maxWrCnt: number;
    readonly maxRdCnt: number;
  };
}

/** Frames of an answer. */
export interface ProtectedFrames {
  /** The frames. */
  frames: ProtectedFrame[];
}

/** One frame of an answer. */
export interface ProtectedAnswer {
  /** The frame. */
  frame: ProtectedFrame;
}

/** The handlers that take the place of the user's. */
export interface DeviceProtectedBlocksHandlers {
  /** Programs the key. */
  readonly programKey: (
    request: ProtectedFramesRequest,
    room: number,
  ) => ProtectedFrames | Promise<ProtectedFrames>;
  /** Reads the write counter. */
  readonly getWriteCounter: (
    request: ProtectedRequest,
  ) => ProtectedAnswer | Promise<ProtectedAnswer>;
  /** Writes blocks. */
  readonly dataWrite: (
    request: ProtectedFramesRequest,
    room: number,
  ) => ProtectedFrames | Promise<ProtectedFrames>;
  /** Reads blocks. */
  readonly dataRead: (
    request: ProtectedRequest,
    room: number,
  ) => ProtectedFrames | Promise<ProtectedFrames>;
  /** Tells how the key or write request before went. */
  readonly resultRead: (request: ProtectedRequest) => ProtectedAnswer | Promise<ProtectedAnswer>;
}

/** How a key or write request went. */
interface Outcome {
  readonly reqResp: number;
  readonly result: number;
  readonly address: number;
  readonly writeCounter: number;
}

/** Blocks in a unit of the capacity, 128 KiB. */
const UNIT = 512;

/** The protected blocks of one device. */
export class DeviceProtectedBlocks extends DeviceBehaviour {
  readonly #host: DeviceProtectedBlocksHost;
  readonly #codes: ProtectedBlocksCodes;
  readonly #options: DeviceProtectedBlocksOptions | undefined;
  #key: Uint8Array | undefined;
  #counter: number;
  #last: Outcome;
  readonly #turn = new InTurn();

  /** RangeError when there can be no such key or counter. */
  constructor(
    host: DeviceProtectedBlocksHost,
    codes: ProtectedBlocksCodes,
    options: DeviceProtectedBlocksOptions | undefined,
  ) {
    super();
    const { key, writeCounter = 0 } = options ?? {};
    const right = Number.isInteger(writeCounter) && writeCounter >= 0 &&
      writeCounter <= COUNTER_MAX;
    if (!right || (key !== undefined && key.length !== PROTECTED_KEY)) {
      const found = `a key of ${key?.length} bytes, ${writeCounter} writes`;
      throw new RangeError(`Cannot protect blocks: ${found}`);
    }
    this.#host = host;
    this.#codes = codes;
    this.#options = options;
    this.#key = key?.slice();
    this.#counter = writeCounter;
    this.#last = this.#nothing();
  }

  /** Whether the key is programmed. */
  get programmed(): boolean {
    return this.#key !== undefined;
  }

  /** The write counter. */
  get writeCounter(): number {
    return this.#counter;
  }

  /** The handlers that take the place of the user's. */
  handlers(_user: object): DeviceProtectedBlocksHandlers {
    return {
      programKey: (request, room) =>
        this.#turn.run(() => this.#concluded(request.frames.at(-1), room, this.#program(request))),
      getWriteCounter: (request) => this.#turn.run(() => ({ frame: this.#tellCounter(request) })),
      dataWrite: (request, room) =>
        this.#turn.run(() => this.#concluded(request.frames.at(-1), room, this.#write(request))),
      dataRead: (request, room) => this.#turn.run(() => this.#read(request, room)),
      resultRead: (request) =>
        this.#turn.run(() => ({ frame: this.#tellResult(request.blockCount) })),
    };
  }

  /** Key and counter stay; a driver to come asked for nothing yet. */
  override reset(): void {
    this.#last = this.#nothing();
  }

  /** The key, the counter, and how the last request went. A snapshot is as secret as the key. */
  override save(): unknown {
    return {
      key: this.#key === undefined ? null : [...this.#key],
      writeCounter: this.#counter,
      last: this.#last,
    };
  }

  /**
   * Takes back what {@linkcode DeviceProtectedBlocks.save} gave, from untrusted data. Neither goes
   * the counter back, nor does the key become another; TypeError or RangeError naming the field.
   */
  override restore(state: unknown, path: string): void {
    const saved = record(state, path);
    const key = saved.key === null ? undefined : readKey(saved.key, `${path}.key`);
    const writeCounter = integer(saved.writeCounter, `${path}.writeCounter`, COUNTER_MAX);
    const last = record(saved.last, `${path}.last`);
    const word = (name: string, max: number) => integer(last[name], `${path}.last.${name}`, max);
    const outcome = {
      reqResp: word("reqResp", 0xffff),
      result: word("result", 0xffff),
      address: word("address", 0xffff),
      writeCounter: word("writeCounter", COUNTER_MAX),
    };
    if (writeCounter < this.#counter) {
      refuseField(`${path}.writeCounter`, `${this.#counter} or more`, writeCounter);
    }
    if (this.#key?.some((byte, at) => byte !== key?.[at])) {
      refuseField(`${path}.key`, "the key of this device", "another");
    }
    this.#key = key;
    this.#counter = writeCounter;
    this.#last = outcome;
  }

  /** Notes how a request went, and tells it at once where its buffer asks for that. */
  #concluded(
    last: ProtectedFrame | undefined,
    room: number,
    outcome: Outcome | Promise<Outcome>,
  ): ProtectedFrames | Promise<ProtectedFrames> {
    const before = this.#last;
    const end = (how: Outcome): ProtectedFrames => {
      if (this.#last === before) this.#last = how; // unless the device was reset meanwhile
      const asked = last?.reqResp === this.#codes.requestType.RESULT_READ;
      if (!asked || room < PROTECTED_FRAME) return { frames: [] };
      return { frames: [this.#tellResult(last.blockCount)] };
    };
    return isPromise(outcome) ? Promise.resolve(outcome).then(end) : end(outcome);
  }

  #program({ blockCount, keyMac }: ProtectedRequest): Outcome | Promise<Outcome> {
    const { OK, GENERAL_FAILURE, WRITE_FAILURE } = this.#codes.result;
    const ended = (result: number) => ({
      reqResp: this.#codes.responseType.PROGRAM_KEY,
      result,
      address: 0,
      writeCounter: 0,
    });
    if (blockCount !== 1) return ended(GENERAL_FAILURE);
    if (this.#key !== undefined) return ended(WRITE_FAILURE);
    const key = keyMac.slice();
    return attempt(() => this.#options?.program(key), () => {
      this.#key = key;
      return ended(OK);
    }, () => ended(WRITE_FAILURE));
  }

  #write(request: ProtectedFramesRequest): Outcome | Promise<Outcome> {
    const { OK, WRITE_FAILURE } = this.#codes.result;
    const { requestType, responseType } = this.#codes;
    const { address } = request;
    const first = { ...request, reqResp: requestType.DATA_WRITE };
    const written = [
      first,
      ...request.frames.filter(({ reqResp }) => reqResp === requestType.DATA_WRITE),
    ];
    const ended = (result: number) => ({
      reqResp: responseType.DATA_WRITE,
      result,
      address,
      writeCounter: this.#counter,
    });
    const refused = this.#refuseWrite(first, written);
    if (refused !== OK) return ended(refused);
    const data = new Uint8Array(written.length * PROTECTED_BLOCK);
    for (const [at, frame] of written.entries()) data.set(frame.data, at * PROTECTED_BLOCK);
    const counter = this.#counter + 1;
    return attempt(() => this.#options?.write(address, data, counter), () => {
      this.#counter = counter;
      return ended(OK);
    }, () => ended(WRITE_FAILURE));
  }

  /** What stands against a write, in the order of 5.12.6.1.3. */
  #refuseWrite(first: ProtectedFrame, frames: readonly ProtectedFrame[]): number {
    const { result } = this.#codes;
    const { blockCount, address, writeCounter } = first;
    if (this.#key === undefined) return result.NO_AUTH_KEY;
    const most = this.#host.settings.maxWrCnt;
    if (frames.length !== blockCount || (most > 0 && blockCount > most)) {
      return result.GENERAL_FAILURE;
    }
    if (this.#counter === COUNTER_MAX) return result.WRITE_COUNTER_EXPIRED;
    if (address + blockCount > this.#blocks) return result.ADDR_FAILURE;
    if (!verifyFrames(this.#key, frames)) return result.AUTH_FAILURE;
    return writeCounter === this.#counter ? result.OK : result.COUNT_FAILURE;
  }

  /** Nothing is read, or made, that the driver has no room for. */
  #read(
    { address, blockCount, nonce }: ProtectedRequest,
    room: number,
  ): ProtectedFrames | Promise<ProtectedFrames> {
    const { OK, READ_FAILURE } = this.#codes.result;
    const about = { address, blockCount, nonce: nonce.slice() };
    const fit = Math.floor(room / PROTECTED_FRAME);
    const refused = this.#refuseRead(address, blockCount, fit);
    const ended = (result: number, data?: Uint8Array) => this.#readFrames(about, result, fit, data);
    if (refused !== OK) return ended(refused);
    return attempt(() => this.#options?.read(address, blockCount), (data) => {
      const whole = data?.length === blockCount * PROTECTED_BLOCK;
      return whole ? ended(OK, data) : ended(READ_FAILURE);
    }, () => ended(READ_FAILURE));
  }

  #refuseRead(address: number, blockCount: number, fit: number): number {
    const { result } = this.#codes;
    if (this.#key === undefined) return result.NO_AUTH_KEY;
    const most = Math.min(fit, this.#host.settings.maxRdCnt || fit);
    if (blockCount === 0 || blockCount > most) return result.GENERAL_FAILURE;
    return address + blockCount > this.#blocks ? result.ADDR_FAILURE : result.OK;
  }

  /** A frame for each block; those of a read that failed are alike, and not worth a code: one at least, as many as fit. */
  #readFrames(
    about: Pick<ProtectedFrame, "address" | "blockCount" | "nonce">,
    result: number,
    fit: number,
    data: Uint8Array | undefined,
  ): ProtectedFrames {
    const head = { ...about, result, reqResp: this.#codes.responseType.DATA_READ };
    if (data === undefined) {
      const failed = protectedFrame(head);
      const length = Math.min(fit, Math.max(1, about.blockCount));
      return { frames: Array.from({ length }, () => failed) };
    }
    const frames = Array.from({ length: about.blockCount }, (_, at) =>
      protectedFrame({
        ...head,
        data: data.subarray(at * PROTECTED_BLOCK, (at + 1) * PROTECTED_BLOCK),
      }));
    return { frames: this.#signed(frames) };
  }

  #tellCounter({ blockCount, nonce }: ProtectedRequest): ProtectedFrame {
    const { OK, GENERAL_FAILURE, NO_AUTH_KEY } = this.#codes.result;
    const refused = blockCount === 1 ? OK : GENERAL_FAILURE;
    const result = this.#key === undefined ? NO_AUTH_KEY : refused;
    return this.#signed([protectedFrame({
      nonce: nonce.slice(),
      writeCounter: this.#counter,
      result,
      reqResp: this.#codes.responseType.GET_COUNTER,
    })])[0]!;
  }

  #tellResult(blockCount: number): ProtectedFrame {
    const wrong = blockCount === 1 ? {} : { result: this.#codes.result.GENERAL_FAILURE };
    return this.#signed([protectedFrame({ ...this.#last, ...wrong })])[0]!;
  }

  #signed(frames: ProtectedFrame[]): ProtectedFrame[] {
    if (this.#key !== undefined) signFrames(this.#key, frames);
    return frames;
  }

  /** What is told of a request that there was not. */
  #nothing(): Outcome {
    const { responseType, result } = this.#codes;
    return {
      reqResp: responseType.DATA_WRITE,
      result: result.GENERAL_FAILURE,
      address: 0,
      writeCounter: 0,
    };
  }

  get #blocks(): number {
    return this.#host.settings.capacity * UNIT;
  }
}

/** Runs what the user gave, and goes on with what comes of it, at once where that does. */
function attempt<T, R>(
  run: () => T | Promise<T>,
  done: (value: T) => R,
  failed: () => R,
): R | Promise<R> {
  try {
    const value = run();
    return isPromise(value) ? Promise.resolve(value).then(done, failed) : done(value);
  } catch {
    return failed();
  }
}

function readKey(value: unknown, path: string): Uint8Array {
  const key = bytes(value, path);
  if (key.length !== PROTECTED_KEY) refuseField(path, "32 bytes", key.length);
  return key;
}
