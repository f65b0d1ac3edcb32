/**
 * GPIO lines that are simulated: wires join them in pairs, so that what one line of a pair drives is
 * sensed on the other.
 *
 * @module
 */

import { UsageError } from "../../generator/commands/command.ts";
import { GpioDevice, GpioDirection, GpioStatus } from "../../generated/gpio/mod.ts";
import { defineBackEnd, numberOf } from "./ready.ts";

const LINES_MAX = 1024;

/** One end of a wire. */
interface Line {
  direction: GpioDirection;
  /** What it drives as an output. */
  output: number;
}

/** What a line is before anybody has asked for it, and again once it is released. */
const RELEASED = { direction: GpioDirection.NONE, output: 0 } as const;

/** Lines joined in pairs: 0 with 1, 2 with 3. A pair that nobody drives is low. */
class Wires {
  readonly #lines: readonly Line[];

  constructor(count: number) {
    this.#lines = Array.from({ length: count }, () => ({ ...RELEASED }));
  }

  direction(at: number): GpioDirection {
    return this.#lines[at]!.direction;
  }

  /** What is sensed on a line: what it drives by itself, or what the other one does. */
  level(at: number): number {
    const [line, other] = [this.#lines[at]!, this.#lines[at ^ 1]!];
    if (line.direction === GpioDirection.OUT) return line.output;
    return other.direction === GpioDirection.OUT ? other.output : 0;
  }

  /** Turns a line, or releases it: all about it is forgotten then. */
  turn(at: number, direction: GpioDirection): void {
    const line = this.#lines[at]!;
    if (direction === GpioDirection.NONE) Object.assign(line, RELEASED);
    else line.direction = direction;
  }

  /** Sets what a line drives, now or as soon as it is an output. */
  drive(at: number, value: number): void {
    this.#lines[at]!.output = value;
  }
}

/**
 * Simulated lines, with a name for each or an empty one. RangeError when there is none, an odd number
 * or more than 1024, or when a name is no ASCII text or is there twice.
 */
export function simulatedLines(names: readonly string[]): GpioDevice {
  if (names.length < 2 || names.length > LINES_MAX || names.length % 2 !== 0) {
    throw new RangeError(`Cannot make ${names.length} lines: not pairs, up to ${LINES_MAX} lines`);
  }
  const named = names.filter((name) => name !== "");
  const wrong = named.find((name, at) => !/^[ -~]+$/.test(name) || named.indexOf(name) !== at);
  if (wrong !== undefined) {
    throw new RangeError(`Cannot name a line ${JSON.stringify(wrong)}: not ASCII, or there twice`);
  }
  const wires = new Wires(names.length);
  const size = names.reduce((sum, name) => sum + name.length + 1, 0);
  /** Both ends of a wire have the new level. */
  const changed = (gpio: number): GpioStatus => {
    for (const end of [gpio, gpio ^ 1]) device.interrupts?.sense(end);
    return GpioStatus.OK;
  };
  const device = new GpioDevice({
    config: { ngpio: names.length, gpioNamesSize: named.length > 0 ? size : 0 },
    queueSizeMax: LINES_MAX, // each line may have a buffer in the queue of events
    getLineNames: () => ({ value: names }),
    getDirection: ({ gpio }) => ({ value: wires.direction(gpio) }),
    setDirection: ({ gpio, value }) => {
      wires.turn(gpio, value);
      return changed(gpio);
    },
    getValue: ({ gpio }) => ({ value: wires.level(gpio) }),
    setValue: ({ gpio, value }) => {
      wires.drive(gpio, value);
      return changed(gpio);
    },
    interrupts: { level: (gpio) => wires.level(gpio) },
  });
  return device;
}

/** `serve gpio`. */
export const backEnd = defineBackEnd({
  usage: "[--lines N] [--names NAME,NAME,…]",
  help:
    `  --lines N          Number of lines, joined in pairs by wires: 0 with 1, 2 with 3; 8 when not given
  --names NAME,…     Names of the first lines; a name may be empty
`,
  options: { lines: { type: "string" }, names: { type: "string" } },
  load({ lines = "8", names = "" }) {
    const [count, given] = [numberOf("lines", lines, 2, LINES_MAX), names.split(",")];
    if (given.length > count) throw new UsageError("there are more names than lines");
    return {
      device: simulatedLines(Array.from({ length: count }, (_, at) => given[at] ?? "")),
      qemu: ["-device vhost-user-gpio-pci,chardev=virtio0"],
    };
  },
});
