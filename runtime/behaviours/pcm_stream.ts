/**
 * One stream of a sound device: its state, its parameters, and the buffers that it holds
 * (VIRTIO 1.4, 5.14.6.6).
 *
 * @module
 */

import { Deferred } from "../deferred.ts";
import { integer, record, refuseField } from "../snapshot.ts";
import { InTurn } from "./in_turn.ts";

/** What a stream can do, as the driver reads it. */
export interface PcmStreamInfo {
  /** Node of the function group, as in HDA; it links items. */
  readonly hdaFnNid: number;
  /** Features, as bits. */
  readonly features: number;
  /** Formats, as bits. */
  readonly formats: bigint;
  /** Rates, as bits. */
  readonly rates: bigint;
  /** Whether frames come from the guest, or go there. */
  readonly direction: number;
  /** Fewest channels. */
  readonly channelsMin: number;
  /** Most channels. */
  readonly channelsMax: number;
}

/** The parameters of a stream. */
export interface PcmParams {
  /** Bytes of the driver's buffer. */
  readonly bufferBytes: number;
  /** Bytes of a period. */
  readonly periodBytes: number;
  /** Features that are used, as bits. */
  readonly features: number;
  /** Number of channels. */
  readonly channels: number;
  /** Format of a sample. */
  readonly format: number;
  /** Rate. */
  readonly rate: number;
}

/** What a driver can do to a stream. */
export type PcmCommand = "setParams" | "prepare" | "start" | "stop" | "release";
/** Where a stream is in the life that 5.14.6.6.1 tells. */
export type PcmState = "idle" | "set" | "prepared" | "started" | "stopped" | "released";

/** From where each command is a valid transition. */
const FROM: Readonly<Record<PcmCommand, readonly PcmState[]>> = {
  setParams: ["idle", "set", "prepared", "released"],
  prepare: ["set", "prepared", "released"],
  start: ["prepared", "stopped"],
  stop: ["started"],
  release: ["prepared", "stopped"],
};
const TO: Readonly<Record<PcmCommand, PcmState>> = {
  setParams: "set",
  prepare: "prepared",
  start: "started",
  stop: "stopped",
  release: "released",
};
/** What leads from the beginning to each state. */
const WAY: Readonly<Record<PcmState, readonly PcmCommand[]>> = {
  idle: [],
  set: ["setParams"],
  prepared: ["setParams", "prepare"],
  started: ["setParams", "prepare", "start"],
  stopped: ["setParams", "prepare", "start", "stop"],
  released: ["setParams"],
};
/** What leads from each state to where nothing is held any more. */
const END: Readonly<Record<PcmState, readonly PcmCommand[]>> = {
  idle: [],
  set: [],
  prepared: ["release"],
  started: ["stop", "release"],
  stopped: ["release"],
  released: [],
};

/** A buffer that the user has not answered yet. */
interface Held<T> {
  readonly answer: Deferred<T>;
  readonly ended: T;
}

/** A stream whose buffers are answered with `T`. */
export class PcmStream<T> {
  /** What it can do. */
  readonly info: PcmStreamInfo;
  /** Commands are obeyed one after the other. */
  readonly turn: InTurn;
  /** Where it is. */
  state: PcmState = "idle";
  /** Its parameters; undefined before the first. */
  params: PcmParams | undefined;
  readonly #held = new Set<Held<T>>();

  /** A stream at its beginning; what came before it may not have ended. */
  constructor(info: PcmStreamInfo, turn: InTurn = new InTurn()) {
    this.info = info;
    this.turn = turn;
  }

  /** Whether buffers can be given to it. */
  get open(): boolean {
    const { state } = this;
    return state === "started" || state === "prepared" || state === "stopped";
  }

  /** The commands that lead from the beginning to where it is. */
  get way(): readonly PcmCommand[] {
    return WAY[this.state];
  }

  /** The commands that end it. */
  get end(): readonly PcmCommand[] {
    return END[this.state];
  }

  /** Whether a command is a valid transition. */
  may(command: PcmCommand): boolean {
    return FROM[command].includes(this.state);
  }

  /** A command was obeyed. */
  did(command: PcmCommand): void {
    this.state = TO[command];
  }

  /** Whether it can have these parameters. */
  supports({ features, channels, format, rate }: PcmParams): boolean {
    const { info } = this;
    return (features & ~info.features) === 0 &&
      channels >= info.channelsMin && channels <= info.channelsMax &&
      hasBit(info.formats, format) && hasBit(info.rates, rate);
  }

  /** Holds a buffer until the user answers it, or the stream is released, which answers `ended`. */
  hold(given: PromiseLike<T>, ended: T): Promise<T> {
    const held = { answer: new Deferred<T>(), ended };
    this.#held.add(held);
    given.then(held.answer.resolve, held.answer.reject);
    const drop = () => this.#held.delete(held);
    held.answer.promise.then(drop, drop);
    return held.answer.promise;
  }

  /** Gives all buffers back; undefined when there are none. */
  flush(): Promise<unknown> | undefined {
    if (this.#held.size === 0) return undefined;
    return Promise.allSettled([...this.#held].map(({ answer, ended }) => {
      answer.resolve(ended);
      return answer.promise;
    }));
  }

  /** Where it is and its parameters, as plain data. */
  save(): unknown {
    return { state: this.state, params: this.params ?? null };
  }

  /** Takes back what {@linkcode PcmStream.save} gave, from untrusted data; TypeError or RangeError naming the field. */
  restore(value: unknown, path: string): void {
    const saved = record(value, path);
    const state = (Object.keys(WAY) as PcmState[]).find((one) => one === saved.state);
    if (state === undefined) return refuseField(`${path}.state`, "a state", saved.state);
    const params = saved.params === null ? undefined : readParams(saved.params, `${path}.params`);
    if (params === undefined ? state !== "idle" : !this.supports(params)) {
      refuseField(`${path}.params`, "parameters of the stream", JSON.stringify(saved.params));
    }
    this.state = state;
    this.params = params;
  }
}

function hasBit(bits: bigint, bit: number): boolean {
  return (bits >> BigInt(bit) & 1n) === 1n;
}

function readParams(value: unknown, path: string): PcmParams {
  const saved = record(value, path);
  const field = (name: keyof PcmParams, max: number) =>
    integer(saved[name], `${path}.${name}`, max);
  return {
    bufferBytes: field("bufferBytes", 0xffff_ffff),
    periodBytes: field("periodBytes", 0xffff_ffff),
    features: field("features", 0xffff_ffff),
    channels: field("channels", 0xff),
    format: field("format", 0xff),
    rate: field("rate", 0xff),
  };
}
