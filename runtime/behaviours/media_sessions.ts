/**
 * Sessions of a media device, and buffers that are mapped (VIRTIO 1.4, 5.22.6). Handlers of the user
 * see commands on sessions that are open, and ends of mappings that there are.
 *
 * @module
 */

import { DeviceBehaviour, type Handler, type Names } from "../behaviour.ts";
import type { ReadableBytes, WritableBytes } from "../cursor.ts";
import { integer, list, record, refuseField } from "../snapshot.ts";
import { isPromise } from "../values.ts";

/** The device's enumerations. */
export interface MediaSessionsCodes {
  /** How a command went. */
  readonly status: Names<"OK" | "EINVAL" | "ENOTTY" | "ENOMEM">;
}

/** What the user may say of sessions. */
export interface MediaSessionsOptions {
  /** Most sessions at a time: 64 when not given. */
  readonly sessions?: number;
  /** A session is to be opened: 0, or the error number of Linux that refuses it. */
  readonly onOpen?: (sessionId: number) => number | Promise<number>;
}

/** What sessions use of the device. */
export interface MediaSessionsHost {
  /** Tells that a session is broken; false when there is no room. */
  sendError(value: { sessionId: number; errno: number }): boolean;
}

/** A command on a session. */
export interface MediaSessionRequest {
  /** The session. */
  readonly sessionId: number;
}

/** Where a buffer is mapped. */
export interface MediaMapping {
  /** Offset in the shared memory region. */
  readonly driverAddr: number;
  /** Bytes. */
  readonly len: number;
}

/** A status, perhaps later. */
export type MediaAnswer<T = never> = number | T | Promise<number | T>;

/** Handlers of the user that sessions stand in front of. */
export interface MediaSessionsUser {
  /** A session ends. */
  readonly closeSession?: Handler<[request: MediaSessionRequest], void | Promise<void>> | undefined;
  /** Runs an ioctl. */
  readonly ioctl?:
    | Handler<
      [
        request: MediaSessionRequest & { readonly code: number },
        input: ReadableBytes,
        output: WritableBytes,
      ],
      MediaAnswer
    >
    | undefined;
  /** Maps a buffer. */
  readonly mmap?:
    | Handler<
      [request: MediaSessionRequest & { readonly flags: number; readonly offset: number }],
      MediaAnswer<MediaMapping & { readonly status?: number }>
    >
    | undefined;
  /** Unmaps a buffer. */
  readonly munmap?: Handler<[request: { readonly driverAddr: number }], MediaAnswer> | undefined;
  /** There is room for events. */
  readonly eventqAvailable?: ((queue: number) => void) | undefined;
}

/** The handlers that take the place of the user's. */
export interface MediaSessionsHandlers extends MediaSessionsUser {
  /** Opens a session. */
  readonly openSession: () => MediaAnswer<{ sessionId: number }>;
}

/** What there is in the place of a session that is not broken. */
const INTACT = 0;
const LAST = 0xffff_ffff;

/**
 * Numbers of the ioctls that are not for a device: QUERYCAP, DQBUF, G_JPEGCOMP, S_JPEGCOMP,
 * LOG_STATUS and DQEVENT (VIRTIO 1.4, 5.22.6.1.5.7).
 */
const UNSUPPORTED: ReadonlySet<number> = new Set([0, 17, 61, 62, 70, 89]);

/** The sessions of one device. */
export class MediaSessions extends DeviceBehaviour {
  readonly #host: MediaSessionsHost;
  readonly #codes: MediaSessionsCodes;
  readonly #options: MediaSessionsOptions;
  #errors = new Map<number, number>(); // of sessions by their ids: INTACT, or why it is broken
  #untold = new Set<number>(); // broken, and the driver does not know yet
  #mappings = new Map<number, number>(); // lengths by their places in the region
  #user: MediaSessionsUser = {};
  #next = 1;

  /** For a device. */
  constructor(
    host: MediaSessionsHost,
    codes: MediaSessionsCodes,
    options: MediaSessionsOptions = {},
  ) {
    super();
    this.#host = host;
    this.#codes = codes;
    this.#options = options;
  }

  /** Ids of the sessions that are open and not broken. */
  get open(): readonly number[] {
    return [...this.#errors].flatMap(([id, errno]) => errno === INTACT ? [id] : []);
  }

  /** The buffers that are mapped, also those of sessions that were closed. */
  get mappings(): readonly MediaMapping[] {
    return [...this.#mappings].map(([driverAddr, len]) => ({ driverAddr, len }));
  }

  /**
   * Breaks a session by an error number of Linux: the driver is told, can only close it, and no other
   * gets its id before (VIRTIO 1.4, 5.22.6.2.2). RangeError when no such session is open.
   */
  fail(sessionId: number, errno: number): void {
    if (!this.#isOpen(sessionId) || !Number.isInteger(errno) || errno <= INTACT || errno > LAST) {
      throw new RangeError(`Cannot break session ${sessionId} by error ${errno}: it is not open`);
    }
    this.#errors.set(sessionId, errno);
    this.#untold.add(sessionId);
    this.#tell();
  }

  /** The handlers that stand in front of the user's. */
  handlers(user: MediaSessionsUser): MediaSessionsHandlers {
    const { EINVAL, ENOTTY } = this.#codes.status;
    const { closeSession, ioctl, mmap, munmap, eventqAvailable } = user;
    this.#user = { ...user }; // a copy: the record itself takes what is returned
    return {
      openSession: () => this.#open(),
      closeSession: (request) => {
        this.#untold.delete(request.sessionId);
        if (this.#errors.delete(request.sessionId)) return closeSession?.(request);
      },
      ioctl: ioctl && ((request, input, output) => {
        if (!this.#isOpen(request.sessionId)) return EINVAL;
        if (UNSUPPORTED.has(request.code)) return ENOTTY;
        return this.#given(ioctl(request, input, output), output);
      }),
      mmap: mmap && ((request) => {
        return this.#isOpen(request.sessionId) ? this.#map(mmap(request)) : EINVAL;
      }),
      munmap: (request) => {
        const { driverAddr } = request;
        if (!this.#mappings.has(driverAddr)) return EINVAL;
        return this.#unmap(driverAddr, munmap?.(request) ?? this.#codes.status.OK);
      },
      eventqAvailable: (queue) => {
        this.#tell();
        eventqAvailable?.(queue);
      },
    };
  }

  /** All sessions are closed, and all buffers unmapped. */
  override reset(): void {
    const [sessions, mappings] = [this.#errors, this.#mappings];
    this.#errors = new Map();
    this.#mappings = new Map();
    this.#untold = new Set();
    this.#next = 1;
    for (const sessionId of sessions.keys()) {
      this.#end(() => this.#user.closeSession?.({ sessionId }));
    }
    for (const driverAddr of mappings.keys()) this.#end(() => this.#user.munmap?.({ driverAddr }));
  }

  /** The sessions and the mappings, without what the user keeps of them. */
  override save(): unknown {
    return {
      next: this.#next,
      sessions: [...this.#errors].map(([id, errno]) => ({ id, errno })),
      untold: [...this.#untold],
      mappings: this.mappings,
    };
  }

  /** Takes back what {@linkcode MediaSessions.save} gave, from untrusted data; TypeError or RangeError naming the field. */
  override restore(state: unknown, path: string): void {
    const saved = record(state, path);
    const next = integer(saved.next, `${path}.next`, LAST);
    const errors = new Map<number, number>();
    for (const [at, one] of list(saved.sessions, `${path}.sessions`).entries()) {
      const where = `${path}.sessions[${at}]`;
      const { id, errno } = record(one, where);
      errors.set(integer(id, `${where}.id`, LAST), integer(errno, `${where}.errno`, LAST));
    }
    const untold = list(saved.untold, `${path}.untold`).map((value, at) => {
      const id = integer(value, `${path}.untold[${at}]`, LAST);
      return (errors.get(id) ?? INTACT) !== INTACT
        ? id
        : refuseField(`${path}.untold[${at}]`, "a broken session", id);
    });
    const mappings = new Map<number, number>();
    for (const [at, one] of list(saved.mappings, `${path}.mappings`).entries()) {
      const where = `${path}.mappings[${at}]`;
      const { driverAddr, len } = record(one, where);
      const most = Number.MAX_SAFE_INTEGER;
      mappings.set(
        integer(driverAddr, `${where}.driverAddr`, most),
        integer(len, `${where}.len`, most),
      );
    }
    this.#next = next;
    this.#errors = errors;
    this.#untold = new Set(untold);
    this.#mappings = mappings;
  }

  #isOpen(id: number): boolean {
    return this.#errors.get(id) === INTACT;
  }

  /** The id is taken before the user is asked, and free again if he refuses. */
  #open(): MediaAnswer<{ sessionId: number }> {
    const { OK, ENOMEM } = this.#codes.status;
    const sessions = this.#errors;
    if (sessions.size >= (this.#options.sessions ?? 64)) return ENOMEM;
    while (sessions.has(this.#next)) this.#advance();
    const sessionId = this.#next;
    this.#advance();
    sessions.set(sessionId, INTACT);
    const end = (status: number) => {
      if (status === OK) return { sessionId };
      sessions.delete(sessionId);
      return status;
    };
    const fail = (error: unknown): never => {
      sessions.delete(sessionId);
      throw error;
    };
    try {
      const answer = this.#options.onOpen?.(sessionId) ?? OK;
      return isPromise(answer) ? Promise.resolve(answer).then(end, fail) : end(answer);
    } catch (error) {
      return fail(error);
    }
  }

  #advance(): void {
    this.#next = this.#next === LAST ? 1 : this.#next + 1;
  }

  /** What an ioctl gives is there once it succeeded (VIRTIO 1.4, 5.22.6.1.5.2). */
  #given(answer: MediaAnswer, output: WritableBytes): MediaAnswer {
    const check = (status: number) => {
      if (status !== this.#codes.status.OK || output.written > 0 || output.length === 0) {
        return status;
      }
      throw new TypeError("Cannot answer the ioctl: nothing was written of what it gives");
    };
    return isPromise(answer) ? Promise.resolve(answer).then(check) : check(answer);
  }

  #map<T extends MediaMapping>(answer: MediaAnswer<T>): MediaAnswer<T> {
    const mappings = this.#mappings;
    const note = (mapped: number | T) => {
      if (typeof mapped === "object") {
        const { driverAddr, len } = mapped;
        if (mappings !== this.#mappings) { // the device was reset meanwhile
          this.#end(() => this.#user.munmap?.({ driverAddr }));
          return mapped;
        }
        for (const [start, length] of mappings) {
          if (driverAddr >= start + length || start >= driverAddr + len) continue;
          throw new RangeError(`Cannot map ${len} bytes at ${driverAddr}: there are others`);
        }
        mappings.set(driverAddr, len);
      }
      return mapped;
    };
    return isPromise(answer) ? Promise.resolve(answer).then(note) : note(answer);
  }

  #unmap(driverAddr: number, answer: MediaAnswer): MediaAnswer {
    const mappings = this.#mappings;
    const note = (status: number) => {
      if (status === this.#codes.status.OK) mappings.delete(driverAddr);
      return status;
    };
    return isPromise(answer) ? Promise.resolve(answer).then(note) : note(answer);
  }

  #tell(): void {
    for (const sessionId of this.#untold) {
      const errno = this.#errors.get(sessionId) ?? INTACT;
      if (!this.#host.sendError({ sessionId, errno })) return;
      this.#untold.delete(sessionId);
    }
  }

  /** Ends something that no driver asks to end at this moment. */
  async #end(act: () => unknown): Promise<void> {
    try {
      await act();
    } catch (error) {
      console.error(error);
    }
  }
}
