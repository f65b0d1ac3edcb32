/**
 * The driver's side of replay protected memory: builds frames and their codes, and believes no
 * answer whose code, nonce or counter is not right (VIRTIO 1.4, 5.12.6).
 *
 * @module
 */

import { DriverBehaviour } from "../behaviour.ts";
import {
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

/** What the user may say of protected blocks. */
export interface DriverProtectedBlocksOptions {
  /** The key, of 32 bytes, that was programmed before. */
  readonly key?: Uint8Array;
}

/** What protected blocks use of the driver. */
export interface DriverProtectedBlocksHost {
  /** The configuration as the driver read it. */
  readonly config: { readonly maxWrCnt: number; readonly maxRdCnt: number };
  /** Programs the key. */
  programKey(
    request: ProtectedFramesRequest,
    room: number,
  ): Promise<{ frames: readonly ProtectedFrame[] }>;
  /** Reads the write counter. */
  getWriteCounter(request: ProtectedRequest): Promise<{ frame: ProtectedFrame }>;
  /** Writes blocks. */
  dataWrite(
    request: ProtectedFramesRequest,
    room: number,
  ): Promise<{ frames: readonly ProtectedFrame[] }>;
  /** Reads blocks. */
  dataRead(
    request: ProtectedRequest,
    room: number,
  ): Promise<{ frames: readonly ProtectedFrame[] }>;
}

/** The device refused a request on protected blocks, or gave an answer that is not authentic. */
export class ProtectedBlocksError extends Error {
  /** What the device answered; undefined where the answer can not be trusted. */
  readonly result: number | undefined;

  /** `found` is the end of the message. */
  constructor(verb: string, found: string, result?: number) {
    super(`Cannot ${verb}: ${found}`);
    this.name = "ProtectedBlocksError";
    this.result = result;
  }
}

/** The largest number of blocks that a frame can tell. */
const BLOCKS_MAX = 0xffff;

/** Protected blocks, as a driver uses them. */
export class DriverProtectedBlocks extends DriverBehaviour {
  readonly #host: DriverProtectedBlocksHost;
  readonly #codes: ProtectedBlocksCodes;
  #key: Uint8Array | undefined;
  #writes: Promise<unknown> = Promise.resolve();

  /** RangeError when the key does not have 32 bytes. */
  constructor(
    host: DriverProtectedBlocksHost,
    codes: ProtectedBlocksCodes,
    options: DriverProtectedBlocksOptions = {},
  ) {
    super();
    this.#host = host;
    this.#codes = codes;
    if (options.key !== undefined) this.#key = checkedKey(options.key);
  }

  /** Nothing of the user's handlers is replaced. */
  handlers(_user: object): object {
    return {};
  }

  /** Programs the key, once and for good; ProtectedBlocksError when the device has one already. */
  async programKey(key: Uint8Array): Promise<void> {
    const keyMac = checkedKey(key);
    const { responseType } = this.#codes;
    const { frames } = await this.#host.programKey(
      { ...protectedFrame({ keyMac, blockCount: 1 }), frames: [this.#resultRead()] },
      PROTECTED_FRAME,
    );
    this.#believe("program the key", frames, keyMac, { reqResp: responseType.PROGRAM_KEY });
    this.#key = keyMac;
  }

  /** Reads the write counter; ProtectedBlocksError when the answer is not authentic, TypeError without a key. */
  async writeCounter(): Promise<number> {
    const verb = "read the write counter";
    const nonce = freshNonce();
    const { frame } = await this.#host.getWriteCounter(protectedFrame({ nonce, blockCount: 1 }));
    this.#believe(verb, [frame], this.#keyTo(verb), {
      nonce,
      reqResp: this.#codes.responseType.GET_COUNTER,
    });
    return frame.writeCounter;
  }

  /** Reads blocks of 256 bytes, as many at a time as the device allows; errors as of {@linkcode DriverProtectedBlocks.writeCounter}. */
  async read(address: number, blocks: number): Promise<Uint8Array> {
    const verb = `read ${blocks} blocks from ${address} on`;
    const key = this.#keyTo(verb);
    const data = new Uint8Array(blocks * PROTECTED_BLOCK);
    const most = this.#host.config.maxRdCnt || BLOCKS_MAX;
    for (let done = 0; done < blocks;) {
      const expected = {
        nonce: freshNonce(),
        address: address + done,
        blockCount: Math.min(most, blocks - done),
      };
      const { blockCount } = expected;
      const { frames } = await this.#host.dataRead(
        protectedFrame(expected),
        blockCount * PROTECTED_FRAME,
      );
      this.#believe(verb, frames, key, {
        ...expected,
        reqResp: this.#codes.responseType.DATA_READ,
      });
      if (frames.length !== blockCount) {
        throw new ProtectedBlocksError(verb, `the answer has ${frames.length} frames`);
      }
      for (const frame of frames) data.set(frame.data, done++ * PROTECTED_BLOCK);
    }
    return data;
  }

  /**
   * Writes whole blocks of 256 bytes, as many at a time as the device allows, behind the writes that
   * were begun before. RangeError for part of a block; else errors as of {@linkcode DriverProtectedBlocks.writeCounter}.
   */
  write(address: number, data: Uint8Array): Promise<void> {
    const verb = `write ${data.length} bytes from block ${address} on`;
    if (data.length % PROTECTED_BLOCK !== 0) {
      throw new RangeError(`Cannot ${verb}: not a multiple of ${PROTECTED_BLOCK}`);
    }
    const written = this.#writes.then(() => this.#write(verb, address, data.slice()));
    this.#writes = written.catch(() => {});
    return written;
  }

  async #write(verb: string, address: number, data: Uint8Array): Promise<void> {
    const key = this.#keyTo(verb);
    let counter = await this.writeCounter();
    const step = (this.#host.config.maxWrCnt || BLOCKS_MAX) * PROTECTED_BLOCK;
    for (let from = 0; from < data.length; from += step) {
      const first = address + from / PROTECTED_BLOCK;
      const [head, ...others] = this.#written(
        key,
        first,
        data.subarray(from, from + step),
        counter,
      );
      const { frames } = await this.#host.dataWrite(
        { ...head!, frames: [...others, this.#resultRead()] },
        PROTECTED_FRAME,
      );
      this.#believe(verb, frames, key, {
        address: first,
        writeCounter: ++counter,
        reqResp: this.#codes.responseType.DATA_WRITE,
      });
    }
  }

  #written(
    key: Uint8Array,
    address: number,
    data: Uint8Array,
    writeCounter: number,
  ): ProtectedFrame[] {
    const blockCount = data.length / PROTECTED_BLOCK;
    const reqResp = this.#codes.requestType.DATA_WRITE;
    const frames = Array.from({ length: blockCount }, (_, at) =>
      protectedFrame({
        data: data.slice(at * PROTECTED_BLOCK, (at + 1) * PROTECTED_BLOCK),
        address,
        blockCount,
        writeCounter,
        reqResp,
      }));
    signFrames(key, frames);
    return frames;
  }

  #resultRead(): ProtectedFrame {
    return protectedFrame({ blockCount: 1, reqResp: this.#codes.requestType.RESULT_READ });
  }

  #keyTo(verb: string): Uint8Array {
    if (this.#key === undefined) throw new TypeError(`Cannot ${verb}: there is no key`);
    return this.#key;
  }

  /** Throws unless the frames say that all went well, and are an answer to this request. */
  #believe(
    verb: string,
    frames: readonly ProtectedFrame[],
    key: Uint8Array,
    expected: Partial<ProtectedFrame>,
  ): void {
    const { result } = this.#codes;
    const failed = frames.find((frame) => frame.result !== result.OK)?.result;
    if (failed !== undefined) {
      const name = Object.entries(result).find(([, value]) => value === failed)?.[0] ?? failed;
      throw new ProtectedBlocksError(verb, `the device answered ${name}`, failed);
    }
    if (frames.length === 0 || !verifyFrames(key, frames)) {
      throw new ProtectedBlocksError(verb, "the answer is not authentic");
    }
    const wrong = Object.entries(expected).find(([name, value]) =>
      frames.some((frame) => !same(frame[name as keyof ProtectedFrame], value))
    );
    if (wrong !== undefined) {
      throw new ProtectedBlocksError(verb, `the answer is to another request, by its ${wrong[0]}`);
    }
  }
}

function same(found: Uint8Array | number, wanted: Uint8Array | number): boolean {
  return String(found) === String(wanted);
}

function freshNonce(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(16));
}

function checkedKey(key: Uint8Array): Uint8Array {
  if (key.length === PROTECTED_KEY) return key.slice();
  throw new RangeError(`Cannot use the key: it has ${key.length} bytes, not ${PROTECTED_KEY}`);
}
