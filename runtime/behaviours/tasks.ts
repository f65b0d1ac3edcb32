/**
 * Commands of a SCSI host that are under way, what task management does to them, and events that
 * may get lost (VIRTIO 1.4, 5.6.6.2 and 5.6.6.3).
 *
 * @module
 */

import { DeviceBehaviour, type Handler, type Names } from "../behaviour.ts";
import { Deferred } from "../deferred.ts";
import { flag, record } from "../snapshot.ts";
import type { ReadableBytes, WritableBytes } from "../cursor.ts";
import { isPromise } from "../values.ts";

/** The device's enumerations. */
export interface TasksCodes {
  /** Task management functions. */
  readonly taskManagementFunction: Names<
    | "ABORT_TASK"
    | "ABORT_TASK_SET"
    | "CLEAR_TASK_SET"
    | "I_T_NEXUS_RESET"
    | "LOGICAL_UNIT_RESET"
    | "QUERY_TASK"
    | "QUERY_TASK_SET"
  >;
  /** How commands and functions went. */
  readonly response: Names<
    "OK" | "ABORTED" | "RESET" | "FUNCTION_SUCCEEDED" | "FUNCTION_REJECTED" | "INCORRECT_LUN"
  >;
}

/** A command that is under way. */
export interface Task {
  /** The addressed unit. */
  readonly lun: Uint8Array;
  /** Its tag. */
  readonly id: bigint;
}

/** What the user may say of task management. */
export interface TasksOptions {
  /** Whether there is such a unit; every unit is there when not given. */
  readonly hasUnit?: (lun: Uint8Array) => boolean;
  /** A command was answered in its handler's stead: what that answers later is dropped. */
  readonly onAbort?: (task: Task) => void;
  /** A unit was reset, or the whole target that the bytes address. */
  readonly onReset?: (lun: Uint8Array, whole: "unit" | "target") => void;
}

/** What a command answers. */
export type TaskAnswer = number | object;

/** A handler of commands. */
export type TaskCommand = Handler<
  [
    request: Task,
    piOut: ReadableBytes,
    dataout: ReadableBytes,
    piIn: WritableBytes,
    datain: WritableBytes,
    queue: number,
  ],
  TaskAnswer | Promise<TaskAnswer>
>;

/** Handlers of the user that task management stands in front of. */
export interface TasksUser {
  /** Serves commands. */
  readonly command?: TaskCommand | undefined;
}

/** The handlers that take the place of the user's. */
export interface TasksHandlers extends TasksUser {
  /** Performs a task management function. */
  readonly tmf: Handler<
    [request: Task & { readonly subtype: number }],
    number | Promise<number>
  >;
}

/** A command, and the way to answer it before its handler does. */
interface Running extends Task {
  readonly unit: string;
  readonly answer: Deferred<TaskAnswer>;
}

/** The commands whose handlers have not answered yet. */
export class Tasks extends DeviceBehaviour {
  readonly #codes: TasksCodes;
  readonly #options: TasksOptions;
  readonly #running = new Set<Running>();

  /** For a device. */
  constructor(_host: object, codes: TasksCodes, options: TasksOptions = {}) {
    super();
    this.#codes = codes;
    this.#options = options;
  }

  /** The commands that are under way. */
  get all(): readonly Task[] {
    return [...this.#running].map(({ lun, id }) => ({ lun, id }));
  }

  /** The handlers that stand in front of the user's. */
  handlers({ command }: TasksUser): TasksHandlers {
    return {
      command: command && ((request, piOut, dataout, piIn, datain, queue) => {
        const answer = command(request, piOut, dataout, piIn, datain, queue);
        return isPromise(answer) ? this.#run(request, Promise.resolve(answer)) : answer;
      }),
      tmf: (request) => this.#manage(request),
    };
  }

  /** What was under way is gone with the queues. */
  override reset(): void {
    this.#running.clear();
  }

  #run({ lun, id }: Task, answer: Promise<TaskAnswer>): Promise<TaskAnswer> {
    const running = {
      lun: lun.slice(),
      id,
      unit: unitOf(lun),
      answer: new Deferred<TaskAnswer>(),
    };
    this.#running.add(running);
    answer.then(running.answer.resolve, running.answer.reject)
      .finally(() => this.#running.delete(running));
    return running.answer.promise;
  }

  #manage({ subtype, lun, id }: Task & { readonly subtype: number }): number | Promise<number> {
    const tmf = this.#codes.taskManagementFunction;
    const { response } = this.#codes;
    if (this.#options.hasUnit?.(lun) === false && subtype !== tmf.I_T_NEXUS_RESET) {
      return response.INCORRECT_LUN;
    }
    const unit = unitOf(lun);
    const there = [...this.#running].filter((one) => one.unit === unit);
    const named = there.filter((one) => one.id === id);
    switch (subtype) {
      case tmf.ABORT_TASK:
        return this.#end(named, response.ABORTED);
      case tmf.ABORT_TASK_SET:
      case tmf.CLEAR_TASK_SET:
        return this.#end(there, response.ABORTED);
      case tmf.LOGICAL_UNIT_RESET:
        this.#options.onReset?.(lun.slice(), "unit");
        return this.#end(there, response.RESET);
      case tmf.I_T_NEXUS_RESET:
        this.#options.onReset?.(lun.slice(), "target");
        return this.#end(this.#ofTarget(lun), response.RESET);
      case tmf.QUERY_TASK:
        return named.length > 0 ? response.FUNCTION_SUCCEEDED : response.OK;
      case tmf.QUERY_TASK_SET:
        return there.length > 0 ? response.FUNCTION_SUCCEEDED : response.OK;
      default:
        return response.FUNCTION_REJECTED;
    }
  }

  /** Commands of the target that the second byte of an address names. */
  #ofTarget(lun: Uint8Array): Running[] {
    return [...this.#running].filter((one) => one.lun[0] === lun[0] && one.lun[1] === lun[1]);
  }

  /** Answers commands; the function that ends them is answered after all of them. */
  async #end(tasks: readonly Running[], status: number): Promise<number> {
    for (const task of tasks) {
      this.#running.delete(task);
      task.answer.resolve(status);
      this.#options.onAbort?.({ lun: task.lun, id: task.id });
    }
    await Promise.allSettled(tasks.map(({ answer }) => answer.promise));
    return this.#codes.response.OK;
  }
}

function unitOf(lun: Uint8Array): string {
  return lun.join(".");
}

/** The device's enumerations and features. */
export interface UnitEventsCodes {
  /** What events tell. */
  readonly eventType: Names<"NO_EVENT" | "TRANSPORT_RESET" | "PARAM_CHANGE">;
  /** Reasons of a TRANSPORT_RESET. */
  readonly resetReason: Names<"HARD">;
  /** Features by their bits. */
  readonly features: Names<"HOTPLUG" | "CHANGE">;
}

/** What happened to a unit. */
export interface UnitEvent {
  /** What it is. */
  readonly event: number;
  /** The unit. */
  readonly lun: Uint8Array;
  /** Why. */
  readonly reason: number;
}

/** What events use of the device. */
export interface UnitEventsHost {
  /** Whether a feature was negotiated. */
  hasFeature(bit: number): boolean;
  /** Sends an event; false when there is no room. */
  sendEvent(
    value: { event: number; eventsMissed: number; lun: Uint8Array; reason: number },
  ): boolean;
}

/** Handlers of the user that events stand in front of. */
export interface UnitEventsUser {
  /** There is room for events. */
  readonly eventqAvailable?: ((queue: number) => void) | undefined;
}

/** Events of units. One that finds no buffer is lost, and the driver hears that some were. */
export class UnitEvents extends DeviceBehaviour {
  readonly #host: UnitEventsHost;
  readonly #codes: UnitEventsCodes;
  #missed = false;

  /** For a device. */
  constructor(host: UnitEventsHost, codes: UnitEventsCodes) {
    super();
    this.#host = host;
    this.#codes = codes;
  }

  /** Whether events were lost, and the driver does not know yet. */
  get missed(): boolean {
    return this.#missed;
  }

  /**
   * Tells the driver; false when the event is lost, or of a kind that was not negotiated: units
   * come and go with HOTPLUG only, and change their parameters with CHANGE only (5.6.6.3.2).
   */
  report(event: UnitEvent): boolean {
    if (!this.#negotiated(event)) return false;
    const sent = this.#send(event);
    if (!sent) this.#missed = true;
    return sent;
  }

  /** The handler that stands in front of the user's. */
  handlers({ eventqAvailable }: UnitEventsUser): UnitEventsUser {
    return {
      eventqAvailable: (queue) => {
        const { NO_EVENT } = this.#codes.eventType;
        if (this.#missed) this.#send({ event: NO_EVENT, lun: new Uint8Array(8), reason: 0 });
        eventqAvailable?.(queue);
      },
    };
  }

  /** A driver to come missed nothing. */
  override reset(): void {
    this.#missed = false;
  }

  /** Whether events were lost. */
  override save(): unknown {
    return { missed: this.#missed };
  }

  /** Takes back what {@linkcode UnitEvents.save} gave; TypeError naming the field. */
  override restore(state: unknown, path: string): void {
    this.#missed = flag(record(state, path).missed, `${path}.missed`);
  }

  #negotiated({ event, reason }: UnitEvent): boolean {
    const { eventType, resetReason, features } = this.#codes;
    if (event === eventType.PARAM_CHANGE) return this.#host.hasFeature(features.CHANGE);
    const moves = event === eventType.TRANSPORT_RESET && reason !== resetReason.HARD;
    return !moves || this.#host.hasFeature(features.HOTPLUG);
  }

  #send(event: UnitEvent): boolean {
    const sent = this.#host.sendEvent({ ...event, eventsMissed: this.#missed ? 1 : 0 });
    if (sent) this.#missed = false;
    return sent;
  }
}
