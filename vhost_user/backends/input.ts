/**
 * A keyboard, a mouse or a tablet, whose events come as lines of JSON.
 *
 * A line is one update: an event, as in `{"type": "key", "code": 30, "value": 1}`, or an array of
 * events. The types are syn, key, rel, abs, msc, led and rep, or numbers; codes are numbers of evdev.
 * The end of the update (EV_SYN) is added. Feedback of the driver, such as the lights of a keyboard,
 * is answered with lines of the same form.
 *
 * While the driver has no buffers for a whole update, no further line is read: nothing is lost, and
 * who writes the lines waits.
 *
 * @module
 */

import { UsageError } from "../../generator/commands/command.ts";
import { InputDevice, type InputEvent } from "../../generated/input/mod.ts";
import { PeerError } from "../../runtime/errors.ts";
import { EVENT_TYPES, INPUT_KINDS, type InputKind, inputWindow } from "./input_kinds.ts";
import { type Lines, socketLines, standardLines, type TakeLine } from "./lines.ts";
import { defineBackEnd } from "./ready.ts";

const SYN: InputEvent = { type: EVENT_TYPES.syn, code: 0, value: 0 };
/** Most events of an update; the queue of a driver may be as small as 64 buffers. */
const UPDATE_MAX = 60;

/** An input device whose events are lines. */
export class LineInputDevice extends InputDevice {
  readonly #kind: InputKind;
  readonly #waiting: (() => void)[] = [];

  /** Feedback of the driver goes to `answer`, as lines. */
  constructor(kind: InputKind, answer: (line: string) => void) {
    super({
      config: {},
      window: inputWindow(kind),
      status: (event) => answer(JSON.stringify(named(event))),
      eventqAvailable: () => this.#waiting.splice(0).forEach((go) => go()),
    });
    this.#kind = kind;
  }

  /** Sends the update of a line, once there is room; what is wrong with it is reported, and it is dropped. */
  async take(line: string): Promise<void> {
    try {
      const events = [...readUpdate(line, this.#kind), SYN];
      while ((this.queue(0)?.pending ?? 0) < events.length) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
      for (const event of events) this.sendEvent(event);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.report(error);
    }
  }
}

/** The events of a line; PeerError unless all are such as this kind of device has. */
function readUpdate(line: string, kind: InputKind): InputEvent[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    refuse("line", "JSON", line.slice(0, 80));
  }
  const update = Array.isArray(value) ? value : [value];
  if (update.length > UPDATE_MAX) refuse("line", `at most ${UPDATE_MAX} events`, update.length);
  return update.map((event) => readEvent(event, kind));
}

function readEvent(event: unknown, kind: InputKind): InputEvent {
  if (typeof event !== "object" || event === null) refuse("event", "an object", `${event}`);
  const { type: named, code = 0, value = 0 } = event as Record<string, unknown>;
  const type = typeof named === "string" ? TYPES.get(named) : named;
  if (!isNumber(type, 0, 0xffff)) refuse("type", [...TYPES.keys()].join(", "), `${named}`);
  if (!isNumber(code, 0, 0xffff)) refuse("code", "0 to 65535", `${code}`);
  if (!isNumber(value, -(2 ** 31), 2 ** 32 - 1)) refuse("value", "a number of 32 bits", `${value}`);
  const known = type === SYN.type || kind.codes.get(type)?.includes(code);
  if (known !== true) refuse("code", `one that a ${kind.name} has for type ${type}`, code);
  return { type, code, value: value >>> 0 };
}

const TYPES: ReadonlyMap<string, number> = new Map(Object.entries(EVENT_TYPES));

function isNumber(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function refuse(field: string, wanted: string, got: string | number): never {
  throw new PeerError("Cannot send an update", { field, wanted, got });
}

/** An event with the name of its type, if that has one. */
function named({ type, code, value }: InputEvent): Record<string, unknown> {
  const name = Object.entries(EVENT_TYPES).find(([, number]) => number === type)?.[0];
  return { type: name ?? type, code, value: value | 0 };
}

/** `serve input`. */
export const backEnd = defineBackEnd({
  usage: "[--kind keyboard|mouse|tablet] [--events PATH]",
  help: `  --kind KIND        keyboard (when not given), mouse or tablet
  --events PATH      A socket to listen at for events; they are read from the standard input otherwise.
                     A line is one update, as in {"type": "key", "code": 30, "value": 1} or an array
                     of such, with types syn, key, rel, abs, msc, led, rep and codes as in Linux'
                     input-event-codes.h; EV_SYN is added. Feedback is answered in the same form
`,
  options: { kind: { type: "string" }, events: { type: "string" } },
  load({ kind = "keyboard", events }) {
    if (!Object.hasOwn(INPUT_KINDS, kind)) {
      throw new UsageError(`--kind is not one of ${Object.keys(INPUT_KINDS).join(", ")}`);
    }
    const device = new LineInputDevice(
      INPUT_KINDS[kind as keyof typeof INPUT_KINDS],
      (line) => lines.answer(line),
    );
    const take: TakeLine = (line) => device.take(line);
    const lines: Lines = events === undefined ? standardLines(take) : socketLines(events, take);
    return {
      device,
      qemu: ["-device vhost-user-input-pci,chardev=virtio0"],
      note: "QEMU 7.2 needs KVM for that.",
      close: () => lines.close(),
    };
  },
});
