/**
 * Interrupts of lines: enabled by a request, unmasked by a buffer that waits for the next one, and
 * latched or not meanwhile (VIRTIO 1.4, 5.18.6.6 and 5.18.7). The lines stay with the user, who says
 * when the level of one has changed.
 *
 * @module
 */

import { DeviceBehaviour, type Handler, type Names } from "../behaviour.ts";
import { Deferred } from "../deferred.ts";
import { flag, integer, list, record, refuseField } from "../snapshot.ts";
import { Status } from "../status.ts";
import { isPromise } from "../values.ts";

/** The device's enumerations. */
export interface LineInterruptsCodes {
  /** How a request went. */
  readonly status: Names<"OK" | "ERR">;
  /** Direction of a line. */
  readonly direction: Names<"NONE" | "OUT">;
  /** What interrupts a line: bits of edges, or one level. */
  readonly irqType: Names<"NONE" | "EDGE_RISING" | "EDGE_FALLING" | "LEVEL_HIGH" | "LEVEL_LOW">;
  /** Why a buffer comes back. */
  readonly irqStatus: Names<"INVALID" | "VALID">;
}

/** What the user says of the lines. */
export interface LineInterruptsOptions {
  /** What is sensed on a line at this moment: 0 low, 1 high. */
  readonly level: (gpio: number) => number;
  /** The driver enabled interrupts of a line, of this type, or disabled them (0). */
  readonly onType?: (gpio: number, type: number) => void;
}

/** What interrupts look at in their device. */
export interface LineInterruptsHost {
  /** The configuration. */
  readonly settings: { readonly ngpio: number };
  /** The device status. */
  getStatus(): number;
}

/** A request about a line. */
export interface LineRequest {
  /** Number of the line. */
  readonly gpio: number;
}

/** A request that sets something of a line. */
export interface LineChange extends LineRequest {
  /** What is set. */
  readonly value: number;
}

/** How a request went, perhaps later. */
export type LineAnswer = number | Promise<number>;

/** Handlers of the user that interrupts stand in front of. */
export interface LineInterruptsUser {
  /** Sets the direction of a line. */
  readonly setDirection?: Handler<[request: LineChange], LineAnswer> | undefined;
}

/** The handlers that take the place of the user's. */
export interface LineInterruptsHandlers extends LineInterruptsUser {
  /** Enables interrupts of a line, or disables them. */
  readonly setIrqType: (request: LineChange) => number;
  /** Unmasks interrupts of a line. */
  readonly irq: (request: LineRequest) => LineAnswer;
}

/** A line whose interrupts are enabled. */
interface Line {
  readonly type: number;
  level: number;
  /** An edge came while the interrupt was masked. */
  latched: boolean;
  /** Ends the request that unmasked the interrupt, as long as that waits. */
  unmasked: ((status: number) => void) | undefined;
  /** An interrupt came while the device was suspended: the driver is told on resume. */
  withheld: boolean;
}

/** Index of the queue whose requests wait for interrupts (VIRTIO 1.4, 5.18.2). */
const EVENTQ = 1;

/** The interrupts of one device. */
export class LineInterrupts extends DeviceBehaviour {
  readonly #host: LineInterruptsHost;
  readonly #codes: LineInterruptsCodes;
  readonly #options: LineInterruptsOptions;
  readonly #lines = new Map<number, Line>();
  #outputs = new Set<number>(); // another set with each reset

  /** Nothing is enabled at first; TypeError without options. */
  constructor(
    host: LineInterruptsHost,
    codes: LineInterruptsCodes,
    options: LineInterruptsOptions | undefined,
  ) {
    super();
    if (options === undefined) {
      throw new TypeError("Cannot make interrupts: nothing tells the levels of lines");
    }
    this.#host = host;
    this.#codes = codes;
    this.#options = options;
  }

  /** What interrupts a line; 0 when nothing does. */
  type(gpio: number): number {
    return this.#lines.get(gpio)?.type ?? this.#codes.irqType.NONE;
  }

  /** The level of a line may have changed: an edge interrupts it, and so does the level that it has. */
  sense(gpio: number): void {
    const line = this.#lines.get(gpio);
    if (line === undefined) return;
    const before = line.level;
    line.level = this.#options.level(gpio);
    const { EDGE_RISING, EDGE_FALLING } = this.#codes.irqType;
    if (line.level !== before && this.#has(line, line.level === 1 ? EDGE_RISING : EDGE_FALLING)) {
      line.latched = true;
    }
    this.#look(line);
  }

  /** The handlers that stand in front of the user's. */
  handlers({ setDirection }: LineInterruptsUser): LineInterruptsHandlers {
    return {
      setDirection: setDirection && ((request) => {
        const { gpio, value } = request;
        const outputs = this.#outputs;
        const answer = setDirection(request);
        if (!isPromise(answer)) return this.#turned(gpio, value, answer);
        return answer.then((late) => {
          return outputs === this.#outputs ? this.#turned(gpio, value, late) : late;
        });
      }),
      setIrqType: ({ gpio, value }) => this.#enable(gpio, value),
      irq: ({ gpio }) => this.#unmask(gpio),
    };
  }

  /** What waited in the queue is gone. */
  override queueStopped(queue: number): void {
    if (queue !== EVENTQ) return;
    for (const line of this.#lines.values()) line.unmasked = undefined;
  }

  /** Interrupts are disabled, and lines have no direction. */
  override reset(): void {
    for (const gpio of this.#lines.keys()) this.#disable(gpio);
    this.#outputs = new Set();
  }

  /** The lines whose interrupts are enabled, and the outputs. */
  override save(): unknown {
    const suspended = this.#suspended;
    return {
      lines: [...this.#lines].map(([gpio, { type, level, latched, withheld }]) => ({
        gpio,
        type,
        level,
        latched: latched || (withheld && suspended),
      })),
      outputs: [...this.#outputs],
    };
  }

  /**
   * Takes back what {@linkcode LineInterrupts.save} gave, from untrusted data; buffers that waited are
   * served again. TypeError or RangeError naming the field.
   */
  override restore(state: unknown, path: string): void {
    const { lines, outputs } = record(state, path);
    const gpioMax = this.#host.settings.ngpio - 1;
    for (const [at, saved] of list(lines, `${path}.lines`).entries()) {
      const where = `${path}.lines[${at}]`;
      const { gpio, type, level, latched } = record(saved, where);
      const number = integer(gpio, `${where}.gpio`, gpioMax);
      const what = integer(type, `${where}.type`, 0xff);
      if (!this.#isType(what)) refuseField(`${where}.type`, "a type of interrupt", what);
      this.#lines.set(number, {
        type: what,
        level: integer(level, `${where}.level`, 1),
        latched: flag(latched, `${where}.latched`),
        unmasked: undefined,
        withheld: false,
      });
      this.#options.onType?.(number, what);
    }
    for (const [at, gpio] of list(outputs, `${path}.outputs`).entries()) {
      this.#outputs.add(integer(gpio, `${path}.outputs[${at}]`, gpioMax));
    }
    for (const gpio of this.#lines.keys()) this.sense(gpio);
  }

  /** Whether it is edges, or one of the levels. */
  #isType(type: number): boolean {
    const { NONE, EDGE_RISING, EDGE_FALLING, LEVEL_HIGH, LEVEL_LOW } = this.#codes.irqType;
    if (type === LEVEL_HIGH || type === LEVEL_LOW) return true;
    return type !== NONE && (type & ~(EDGE_RISING | EDGE_FALLING)) === 0;
  }

  #has(line: Line, type: number): boolean {
    return (line.type & type) !== 0;
  }

  /** A line without a direction is one of which nothing is known (VIRTIO 1.4, 5.18.6.9). */
  #turned(gpio: number, direction: number, status: number): number {
    const { NONE, OUT } = this.#codes.direction;
    if (status !== this.#codes.status.OK) return status;
    if (direction === OUT) this.#outputs.add(gpio);
    else this.#outputs.delete(gpio);
    if (direction === NONE) this.#disable(gpio);
    return status;
  }

  /** An output has no interrupts to enable (VIRTIO 1.4, 5.18.6.8). */
  #enable(gpio: number, type: number): number {
    const { OK, ERR } = this.#codes.status;
    if (type === this.#codes.irqType.NONE) {
      this.#disable(gpio);
      return OK;
    }
    if (this.#outputs.has(gpio)) return ERR;
    const unmasked = this.#lines.get(gpio)?.unmasked;
    const line = {
      type,
      level: this.#options.level(gpio),
      latched: false,
      unmasked,
      withheld: false,
    };
    this.#lines.set(gpio, line);
    this.#options.onType?.(gpio, type);
    this.#look(line);
    return OK;
  }

  #disable(gpio: number): void {
    const line = this.#lines.get(gpio);
    if (line === undefined) return;
    this.#lines.delete(gpio);
    this.#deliver(line, this.#codes.irqStatus.INVALID);
    this.#options.onType?.(gpio, this.#codes.irqType.NONE);
  }

  /** A line has one buffer: another one that waits goes back. */
  #unmask(gpio: number): LineAnswer {
    const line = this.#lines.get(gpio);
    if (line === undefined) return this.#codes.irqStatus.INVALID;
    this.#deliver(line, this.#codes.irqStatus.INVALID);
    const { promise, resolve } = new Deferred<number>();
    line.unmasked = resolve;
    line.withheld = false;
    this.sense(gpio);
    return promise;
  }

  /** Interrupts when the interrupt is unmasked, and there is reason to; that masks it. */
  #look(line: Line): void {
    const { LEVEL_HIGH, LEVEL_LOW } = this.#codes.irqType;
    const active = this.#has(line, line.level === 1 ? LEVEL_HIGH : LEVEL_LOW);
    if (line.unmasked === undefined || !(line.latched || active)) return;
    line.latched = false;
    line.withheld = this.#suspended;
    this.#deliver(line, this.#codes.irqStatus.VALID);
  }

  get #suspended(): boolean {
    return (this.#host.getStatus() & Status.SUSPEND) !== 0;
  }

  #deliver(line: Line, status: number): void {
    line.unmasked?.(status);
    line.unmasked = undefined;
  }
}
