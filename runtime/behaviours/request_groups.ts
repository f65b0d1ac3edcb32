/**
 * Requests in groups of which the rest fails once one has failed (VIRTIO 1.4, 5.16.6.1).
 *
 * @module
 */

import { DeviceBehaviour, type Handler, type Names } from "../behaviour.ts";
import type { ReadableBytes, WritableBytes } from "../cursor.ts";
import { flag } from "../snapshot.ts";
import { isPromise } from "../values.ts";

/** The device's enumerations. */
export interface RequestGroupsCodes {
  /** How a request went. */
  readonly status: Names<"OK" | "ERR">;
}

/** A request, which may belong to a group. */
export interface GroupedRequest {
  /** 1 when the next request belongs to the same group. */
  readonly failNext: number;
}

/** How a request went, perhaps later. */
export type GroupedAnswer = number | Promise<number>;

/** A handler of requests. */
export type GroupedHandler = Handler<
  [request: GroupedRequest, written: ReadableBytes, read: WritableBytes],
  GroupedAnswer
>;

/** Handlers of the user that groups stand in front of. */
export interface RequestGroupsUser {
  /** Serves a request. */
  readonly req?: GroupedHandler | undefined;
}

/** The groups of one device; its requests come one after the other. */
export class RequestGroups extends DeviceBehaviour {
  readonly #codes: RequestGroupsCodes;
  #failed = false; // a request has failed, and the next one belongs to its group
  #session = {}; // another one whenever the queue stops

  /** No request has failed yet. */
  constructor(_host: object, codes: RequestGroupsCodes) {
    super();
    this.#codes = codes;
  }

  /** The handlers that stand in front of the user's. */
  handlers({ req }: RequestGroupsUser): RequestGroupsUser {
    return { req: req && ((...request) => this.#serve(req, request)) };
  }

  /** The requests that follow are others. */
  override queueStopped(_queue: number): void {
    this.#failed = false;
    this.#session = {};
  }

  /** Whether the next request is to fail. */
  override save(): unknown {
    return this.#failed;
  }

  /** Takes back what {@linkcode RequestGroups.save} gave, from untrusted data; TypeError naming the field. */
  override restore(state: unknown, path: string): void {
    this.#failed = flag(state, path);
  }

  #serve(handler: GroupedHandler, request: Parameters<GroupedHandler>): GroupedAnswer {
    const { failNext } = request[0];
    const { ERR } = this.#codes.status;
    if (this.#failed) return this.#ended(failNext, ERR);
    this.#failed = failNext !== 0; // for a handler that throws
    const session = this.#session;
    const answer = handler(...request);
    return isPromise(answer)
      ? answer.then((late) => session === this.#session ? this.#ended(failNext, late) : late)
      : this.#ended(failNext, answer);
  }

  #ended(failNext: number, status: number): number {
    this.#failed = status !== this.#codes.status.OK && failNext !== 0;
    return status;
  }
}
