/**
 * When each receive and transmit queue of a network device notifies (VIRTIO 1.4, 5.1.9.5.10).
 *
 * @module
 */

import { DeviceBehaviour, type Handler } from "../behaviour.ts";
import { integer, list, record } from "../snapshot.ts";

/** When a queue notifies: after so many packets or microseconds, at once where either is 0. */
export interface CoalescingParameters {
  /** After so many packets. */
  maxPackets: number;
  /** So many microseconds after the first packet. */
  maxUsecs: number;
}

/** What the user may say of coalescing. */
export interface CoalescingOptions {
  /** The parameters of a queue, by its index, are others. */
  readonly onChange?: (queue: number, parameters: CoalescingParameters) => void;
}

/** The device's enumerations. */
export interface CoalescingCodes {
  /** Answers to commands. */
  readonly ack: { readonly OK: number; readonly ERR: number };
  /** Features by their bits. */
  readonly features: { readonly MQ: number; readonly RSS: number };
}

/** What coalescing looks at in its device. */
export interface CoalescingHost {
  /** The configuration of the device. */
  readonly settings: { readonly maxVirtqueuePairs?: number };
  /** Whether a feature was negotiated. */
  hasFeature(bit: number): boolean;
}

/** The handlers that take the place of the user's. */
export interface CoalescingHandlers {
  /** Sets all transmit queues. */
  readonly notfCoalTxSet: Handler<[request: CoalescingParameters], number>;
  /** Sets all receive queues. */
  readonly notfCoalRxSet: Handler<[request: CoalescingParameters], number>;
  /** Sets one queue. */
  readonly notfCoalVqSet: Handler<
    [request: { readonly vqIndex: number; readonly coal: CoalescingParameters }],
    number
  >;
  /** Reads one queue. */
  readonly notfCoalVqGet: Handler<
    [request: { readonly vqIndex: number }],
    number | CoalescingParameters
  >;
}

const OFF: CoalescingParameters = { maxPackets: 0, maxUsecs: 0 };
const WORD = 0xffff_ffff;

/** Receive queues have even indices, transmit queues odd ones. */
const DIRECTIONS = 2;

/** The parameters of all queues. A queue that starts again has those of its direction. */
export class Coalescing extends DeviceBehaviour {
  readonly #host: CoalescingHost;
  readonly #codes: CoalescingCodes;
  readonly #options: CoalescingOptions;
  #directions: CoalescingParameters[] = [OFF, OFF];
  readonly #queues = new Map<number, CoalescingParameters>(); // those that are enabled
  #saved = new Map<number, CoalescingParameters>(); // of queues that are about to start

  /** For a device. */
  constructor(host: CoalescingHost, codes: CoalescingCodes, options: CoalescingOptions = {}) {
    super();
    this.#host = host;
    this.#codes = codes;
    this.#options = options;
  }

  /** The parameters of an enabled queue, by its index. */
  parameters(queue: number): CoalescingParameters | undefined {
    return this.#queues.get(queue);
  }

  /** The handlers that take the place of the user's. */
  handlers(_user: object): CoalescingHandlers {
    const { OK, ERR } = this.#codes.ack;
    return {
      notfCoalRxSet: (coal) => this.#setAll(0, coal),
      notfCoalTxSet: (coal) => this.#setAll(1, coal),
      notfCoalVqSet: ({ vqIndex, coal }) => {
        if (!this.#queues.has(vqIndex)) return ERR;
        this.#set(vqIndex, coal);
        return OK;
      },
      notfCoalVqGet: ({ vqIndex }) => this.#queues.get(vqIndex) ?? ERR,
    };
  }

  /** A queue that starts has the parameters of its direction. */
  override queueStarted(queue: number): void {
    if (queue >= this.#dataQueues) return;
    const parameters = this.#saved.get(queue) ?? this.#directions[queue % DIRECTIONS]!;
    this.#saved.delete(queue);
    this.#set(queue, parameters);
  }

  /** A queue that stops forgets its own. */
  override queueStopped(queue: number): void {
    this.#queues.delete(queue);
  }

  /** All parameters are 0 again (VIRTIO 1.4, 5.1.9.5.10.6). */
  override reset(): void {
    this.#directions = [OFF, OFF];
    this.#queues.clear();
    this.#saved.clear();
  }

  /** The parameters of both directions, and of each queue. */
  override save(): unknown {
    return { directions: [...this.#directions], queues: [...this.#queues] };
  }

  /** Takes back what {@linkcode Coalescing.save} gave; TypeError or RangeError naming the field. */
  override restore(state: unknown, path: string): void {
    const saved = record(state, path);
    const [rx, tx] = list(saved.directions, `${path}.directions`);
    const directions = [rx, tx].map((one, at) => read(one, `${path}.directions[${at}]`));
    const queues = list(saved.queues, `${path}.queues`).map((one, at) => {
      const place = `${path}.queues[${at}]`;
      const [queue, parameters] = list(one, place);
      return [integer(queue, `${place}[0]`, 0xffff), read(parameters, `${place}[1]`)] as const;
    });
    this.#directions = directions;
    this.#saved = new Map(queues);
  }

  /** How many receive and transmit queues there are; the control queue comes behind them. */
  get #dataQueues(): number {
    const { MQ, RSS } = this.#codes.features;
    const many = this.#host.hasFeature(MQ) || this.#host.hasFeature(RSS);
    return DIRECTIONS * (many ? this.#host.settings.maxVirtqueuePairs ?? 1 : 1);
  }

  #setAll(direction: number, coal: CoalescingParameters): number {
    this.#directions[direction] = copy(coal);
    for (const queue of [...this.#queues.keys()]) {
      if (queue % DIRECTIONS === direction) this.#set(queue, coal);
    }
    return this.#codes.ack.OK;
  }

  #set(queue: number, parameters: CoalescingParameters): void {
    this.#queues.set(queue, copy(parameters));
    this.#options.onChange?.(queue, copy(parameters));
  }
}

function copy({ maxPackets, maxUsecs }: CoalescingParameters): CoalescingParameters {
  return { maxPackets, maxUsecs };
}

function read(value: unknown, path: string): CoalescingParameters {
  const { maxPackets, maxUsecs } = record(value, path);
  return {
    maxPackets: integer(maxPackets, `${path}.maxPackets`, WORD),
    maxUsecs: integer(maxUsecs, `${path}.maxUsecs`, WORD),
  };
}
