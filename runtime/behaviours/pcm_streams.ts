/**
 * Streams of a sound device (VIRTIO 1.4, 5.14.6.6 to 5.14.6.8). Handlers of the user see valid
 * transitions, parameters that the stream has, and buffers of streams that are prepared; none is
 * needed but those for frames. A reset stops and releases what runs.
 *
 * @module
 */

import { DeviceBehaviour, type Handler, type Names } from "../behaviour.ts";
import type { ReadableBytes, WritableBytes } from "../cursor.ts";
import { list, refuseField } from "../snapshot.ts";
import { isPromise } from "../values.ts";
import {
  type PcmCommand,
  type PcmParams,
  type PcmState,
  PcmStream,
  type PcmStreamInfo,
} from "./pcm_stream.ts";

/** The device's enumerations. */
export interface PcmStreamsCodes {
  /** How requests go. */
  readonly status: Names<"OK" | "BAD_MSG" | "NOT_SUPP" | "IO_ERR">;
  /** Directions of streams. */
  readonly direction: Names<"OUTPUT" | "INPUT">;
  /** Features of streams, as numbers of bits. */
  readonly pcmFeature: Names<"EVT_SHMEM_PERIODS" | "EVT_XRUNS">;
  /** Formats of samples. */
  readonly pcmFormat: Readonly<Record<string, number>>;
  /** Rates. */
  readonly pcmRate: Readonly<Record<string, number>>;
}

/** What the user says of a device with streams. */
export interface PcmStreamsOptions {
  /** What each stream can do, by its id. */
  readonly infos: readonly PcmStreamInfo[];
}

/** What streams use of the device. */
export interface PcmStreamsHost {
  /** The configuration. */
  readonly settings: { readonly streams: number };
  /** Tells of a period that is over; false when there is no room. */
  sendPcmPeriodElapsed(value: { data: number }): boolean;
  /** Tells of an overrun or underrun; false when there is no room. */
  sendPcmXrun(value: { data: number }): boolean;
}

/** A request on a stream. */
export interface PcmStreamRequest {
  /** The stream. */
  readonly streamId: number;
}

/** How a command went, perhaps later. */
export type PcmStatus = number | Promise<number>;
/** What a buffer is answered with. */
export type PcmAnswer = number | { readonly latencyBytes: number; readonly status?: number };
/** A handler of commands. */
export type PcmCommandHandler = Handler<[request: PcmStreamRequest], PcmStatus>;
/** A handler of parameters. */
export type PcmParamsHandler = Handler<[request: PcmStreamRequest & PcmParams], PcmStatus>;
/** A handler of frames. */
export type PcmFramesHandler<F> = Handler<
  [request: PcmStreamRequest, frames: F],
  PcmAnswer | Promise<PcmAnswer>
>;

/** Handlers of the user that streams stand in front of. */
export interface PcmStreamsUser {
  /** Sets the parameters. */
  readonly pcmSetParams?: PcmParamsHandler | undefined;
  /** Prepares a stream. */
  readonly pcmPrepare?: PcmCommandHandler | undefined;
  /** Starts a stream. */
  readonly pcmStart?: PcmCommandHandler | undefined;
  /** Stops a stream. */
  readonly pcmStop?: PcmCommandHandler | undefined;
  /** Releases a stream; buffers that it does not answer are given back behind it. */
  readonly pcmRelease?: PcmCommandHandler | undefined;
  /** Plays frames. */
  readonly play?: PcmFramesHandler<ReadableBytes> | undefined;
  /** Records frames. */
  readonly record?: PcmFramesHandler<WritableBytes> | undefined;
}

/** The handlers that take the place of the user's. */
export interface PcmStreamsHandlers extends PcmStreamsUser {
  /** Tells what streams there are. */
  readonly pcmInfo: (
    request: { readonly startId: number; readonly count: number },
  ) => { items: readonly PcmStreamInfo[] };
}

type Stream = PcmStream<PcmAnswer>;

/** The streams of one device. */
export class PcmStreams extends DeviceBehaviour {
  readonly #host: PcmStreamsHost;
  readonly #codes: PcmStreamsCodes;
  #streams: Stream[];
  #user: PcmStreamsUser = {};

  /** RangeError when there can be no such streams, or there are not as many as the configuration says. */
  constructor(
    host: PcmStreamsHost,
    codes: PcmStreamsCodes,
    options: PcmStreamsOptions | undefined,
  ) {
    super();
    const infos = options?.infos ?? [];
    if (infos.length !== host.settings.streams) {
      const wanted = `the configuration has ${host.settings.streams}`;
      throw new RangeError(`Cannot make ${infos.length} streams: ${wanted}`);
    }
    const wrong = infos.findIndex((info) => !isPossible(info, codes));
    if (wrong >= 0) {
      throw new RangeError(`Cannot make stream ${wrong}: it is like none there can be`);
    }
    this.#host = host;
    this.#codes = codes;
    this.#streams = infos.map((info) => new PcmStream(info));
  }

  /** Where a stream is; RangeError when there is no such stream. */
  state(id: number): PcmState {
    return this.#existing(id).state;
  }

  /** The parameters of a stream, undefined before there are any; RangeError when there is no such stream. */
  params(id: number): PcmParams | undefined {
    return this.#existing(id).params;
  }

  /** Tells of an overrun or underrun; false when the driver does not want to know, or there is no room. RangeError when there is no such stream. */
  xrun(id: number): boolean {
    const wanted = this.#uses(id, this.#codes.pcmFeature.EVT_XRUNS);
    return wanted && this.#host.sendPcmXrun({ data: id });
  }

  /** Tells that a period is over; results as of {@linkcode PcmStreams.xrun}. */
  periodElapsed(id: number): boolean {
    const wanted = this.#uses(id, this.#codes.pcmFeature.EVT_SHMEM_PERIODS);
    return wanted && this.#host.sendPcmPeriodElapsed({ data: id });
  }

  /** The handlers that stand in front of the user's. */
  handlers(user: PcmStreamsUser): PcmStreamsHandlers {
    const { direction: { OUTPUT, INPUT }, status: { OK, IO_ERR } } = this.#codes;
    const { play, record } = user;
    this.#user = { ...user }; // a copy: the record itself takes what is returned
    return {
      pcmInfo: ({ startId, count }) => ({
        items: this.#streams.slice(startId, startId + count).map(({ info }) => info),
      }),
      pcmSetParams: ({ streamId, ...params }) => this.#command({ streamId }, "setParams", params),
      pcmPrepare: (request) => this.#command(request, "prepare"),
      pcmStart: (request) => this.#command(request, "start"),
      pcmStop: (request) => this.#command(request, "stop"),
      pcmRelease: (request) => this.#command(request, "release"),
      play: play && ((request, frames) => {
        return this.#frames(OUTPUT, request, () => play(request, frames), IO_ERR);
      }),
      record: record && ((request, frames) => {
        const end = { latencyBytes: 0, status: OK }; // the end of the stream, with what there is
        return this.#frames(INPUT, request, () => record(request, frames), end);
      }),
    };
  }

  /** All streams begin anew; those that run are stopped and released. */
  override reset(): void {
    const before = this.#streams;
    this.#streams = before.map(({ info, turn }) => new PcmStream(info, turn));
    for (const [streamId, stream] of before.entries()) {
      stream.turn.run(() => this.#replay(streamId, stream.end, stream.params));
    }
  }

  /** Where streams are, and their parameters. */
  override save(): unknown {
    return this.#streams.map((stream) => stream.save());
  }

  /**
   * Takes back what {@linkcode PcmStreams.save} gave, from untrusted data, and leads the user's
   * handlers to where the streams are. TypeError or RangeError naming the field.
   */
  override restore(state: unknown, path: string): void {
    const saved = list(state, path);
    const { length } = this.#streams;
    if (saved.length !== length) refuseField(path, `${length} streams`, saved.length);
    const streams = this.#streams.map(({ info, turn }, id) => {
      const stream: Stream = new PcmStream(info, turn);
      stream.restore(saved[id], `${path}[${id}]`);
      return stream;
    });
    this.#streams = streams;
    for (const [streamId, { turn, way, params }] of streams.entries()) {
      turn.run(() => this.#replay(streamId, way, params));
    }
  }

  #existing(id: number): Stream {
    const stream = this.#streams[id];
    if (stream !== undefined) return stream;
    throw new RangeError(`Cannot use stream ${id}: there are ${this.#streams.length}`);
  }

  #uses(id: number, feature: number): boolean {
    return ((this.#existing(id).params?.features ?? 0) >>> feature & 1) === 1;
  }

  #command({ streamId }: PcmStreamRequest, command: PcmCommand, params?: PcmParams): PcmStatus {
    const stream = this.#streams[streamId];
    if (stream === undefined) return this.#codes.status.BAD_MSG;
    return stream.turn.run(() => this.#obey(stream, streamId, command, params));
  }

  #obey(
    stream: Stream,
    streamId: number,
    command: PcmCommand,
    params: PcmParams | undefined,
  ): PcmStatus {
    const { BAD_MSG, NOT_SUPP } = this.#codes.status;
    if (!stream.may(command)) return BAD_MSG;
    if (params !== undefined && !stream.supports(params)) return NOT_SUPP;
    const answer = this.#ask(streamId, command, params);
    const end = (status: number) => this.#obeyed(stream, command, status, params);
    return isPromise(answer) ? Promise.resolve(answer).then(end) : end(answer);
  }

  #obeyed(
    stream: Stream,
    command: PcmCommand,
    status: number,
    params: PcmParams | undefined,
  ): PcmStatus {
    if (status !== this.#codes.status.OK) return status;
    stream.did(command);
    if (params !== undefined) stream.params = params;
    if (command !== "release") return status;
    return stream.flush()?.then(() => status) ?? status;
  }

  /** The user's answer to a command; OK where he has none. */
  #ask(streamId: number, command: PcmCommand, params: PcmParams | undefined): PcmStatus {
    const { pcmSetParams, pcmPrepare, pcmStart, pcmStop, pcmRelease } = this.#user;
    const { OK } = this.#codes.status;
    if (command === "setParams") {
      return params === undefined ? OK : pcmSetParams?.({ ...params, streamId }) ?? OK;
    }
    const others = { prepare: pcmPrepare, start: pcmStart, stop: pcmStop, release: pcmRelease };
    return others[command]?.({ streamId }) ?? OK;
  }

  /** Gives commands to the user that no driver gave at this moment. */
  async #replay(
    streamId: number,
    commands: readonly PcmCommand[],
    params: PcmParams | undefined,
  ): Promise<void> {
    try {
      for (const command of commands) await this.#ask(streamId, command, params);
    } catch (error) {
      console.error(error);
    }
  }

  #frames(
    direction: number,
    { streamId }: PcmStreamRequest,
    ask: () => PcmAnswer | Promise<PcmAnswer>,
    ended: PcmAnswer,
  ): PcmAnswer | Promise<PcmAnswer> {
    const stream = this.#streams[streamId];
    if (stream === undefined || !stream.open || stream.info.direction !== direction) {
      return this.#codes.status.IO_ERR;
    }
    const answer = ask();
    return isPromise(answer) ? stream.hold(answer, ended) : answer;
  }
}

/** Whether a stream has a direction, channels, and no bit that the standard does not know (VIRTIO 1.4, 5.14.6.6.2.1). */
function isPossible(info: PcmStreamInfo, codes: PcmStreamsCodes): boolean {
  const known = (bits: bigint, names: Readonly<Record<string, number>>) =>
    Object.values(names).reduce((left, bit) => left & ~(1n << BigInt(bit)), bits) === 0n;
  return Object.values(codes.direction).includes(info.direction) &&
    info.channelsMin <= info.channelsMax &&
    known(BigInt(info.features), codes.pcmFeature) &&
    known(info.formats, codes.pcmFormat) && known(info.rates, codes.pcmRate);
}
