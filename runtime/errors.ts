/** What a {@linkcode PeerError} found, as plain data. */
export interface PeerErrorDetail {
  /** Index of the queue, when the lie was told in a queue. */
  readonly queue?: number;
  /** Position of the offending item: a descriptor, a ring slot, a head or a byte offset. */
  readonly index?: number;
  /** Name of the offending field, as in the standard. */
  readonly field: string;
  /** What would have been right. */
  readonly wanted: string;
  /** What was there. */
  readonly got: string | number | bigint;
}

/** The other side broke a rule of the standard: its queue or message is refused, the process goes on. */
export class PeerError extends Error implements PeerErrorDetail {
  /** Index of the queue, when the lie was told in a queue. */
  readonly queue?: number;
  /** Position of the offending item: a descriptor, a ring slot, a head or a byte offset. */
  readonly index?: number;
  /** Name of the offending field, as in the standard. */
  readonly field: string;
  /** What would have been right. */
  readonly wanted: string;
  /** What was there. */
  readonly got: string | number | bigint;

  /** `cannot` is the start of the message, such as `"Cannot use the queue"`. */
  constructor(cannot: string, detail: PeerErrorDetail) {
    super(`${cannot}: ${describe(detail)}`);
    this.name = "PeerError";
    if (detail.queue !== undefined) this.queue = detail.queue;
    if (detail.index !== undefined) this.index = detail.index;
    this.field = detail.field;
    this.wanted = detail.wanted;
    this.got = detail.got;
  }
}

/** The path to the other side failed: a closed socket, a missing facility, a device that is gone. */
export class TransportError extends Error {
  /** `options.cause` carries the error underneath, when there is one. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TransportError";
  }
}

/** A request that was pending when its queue was reset, closed or broken; `cause` says which. */
export class RequestAborted extends Error {
  /** `options.cause` carries the error that ended the queue, when there is one. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RequestAborted";
  }
}

function describe(detail: PeerErrorDetail): string {
  const where = [
    detail.queue === undefined ? "" : `queue ${detail.queue}`,
    detail.index === undefined ? detail.field : `${detail.field} at ${detail.index}`,
  ].filter((part) => part !== "").join(", ");
  return `${where} must be ${detail.wanted}, found ${detail.got}`;
}
