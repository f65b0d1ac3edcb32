/**
 * Fences: a command that has one is answered once it is complete, and so are all before it on the
 * same timeline (VIRTIO 1.4, 5.7.6.7). A driver that hears of one fence takes those before for
 * passed: an answer that is ready too early waits for them.
 *
 * @module
 */

import { DeviceBehaviour, type Handler, type Names } from "../behaviour.ts";
import { isPromise } from "../values.ts";

/** The device's enumerations and features. */
export interface FencesCodes {
  /** Flags of a command. */
  readonly flag: Names<"FENCE" | "INFO_RING_IDX">;
  /** Features by their bits. */
  readonly features: Names<"CONTEXT_INIT">;
}

/** What fences look at in their device. */
export interface FencesHost {
  /** Whether a feature was negotiated. */
  hasFeature(bit: number): boolean;
}

/** The header of a command. */
export interface FencedRequest {
  /** Flags. */
  readonly flags: number;
  /** The context. */
  readonly ctxId: number;
  /** The timeline in the context. */
  readonly ringIdx: number;
}

/** A handler of any command. */
export type FencedHandler = Handler<[request: FencedRequest, ...data: unknown[]], unknown>;
/** Handlers of commands by their names. */
export type FencedHandlers = Readonly<Record<string, FencedHandler | undefined>>;

/** The timelines of one device. */
export class Fences extends DeviceBehaviour {
  readonly #host: FencesHost;
  readonly #codes: FencesCodes;
  readonly #last = new Map<string, Promise<unknown>>(); // what is not complete, by timeline

  /** For a device. */
  constructor(host: FencesHost, codes: FencesCodes) {
    super();
    this.#host = host;
    this.#codes = codes;
  }

  /** How many timelines have commands that are not complete. */
  get pending(): number {
    return this.#last.size;
  }

  /** The handlers that stand in front of the user's. */
  handlers(user: FencedHandlers): FencedHandlers {
    return Object.fromEntries(
      Object.entries(user).map(([name, handler]) => [
        name,
        handler && ((request, ...data) => this.#order(request, handler(request, ...data))),
      ]),
    );
  }

  /** Nothing is waited for any more. */
  override reset(): void {
    this.#last.clear();
  }

  #order(request: FencedRequest, answer: unknown): unknown {
    if ((request.flags & this.#codes.flag.FENCE) === 0) return answer;
    const timeline = this.#timeline(request);
    const before = this.#last.get(timeline);
    if (before === undefined && !isPromise(answer)) return answer;
    const turn = Promise.allSettled([answer, before]).then(() => answer);
    const drop = () => {
      if (this.#last.get(timeline) === turn) this.#last.delete(timeline);
    };
    turn.then(drop, drop);
    this.#last.set(timeline, turn);
    return turn;
  }

  /** The timeline of a fence: one for each ring of a context, and one for all that name none. */
  #timeline({ flags, ctxId, ringIdx }: FencedRequest): string {
    const { flag, features } = this.#codes;
    const named = (flags & flag.INFO_RING_IDX) !== 0 &&
      this.#host.hasFeature(features.CONTEXT_INIT);
    return named ? `${ctxId}.${ringIdx}` : "";
  }
}
