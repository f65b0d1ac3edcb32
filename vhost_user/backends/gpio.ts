/**
 * GPIO lines that are simulated: wires join them in pairs, so that what one line of a pair drives is
 * sensed on the other.
 *
 * @module
 */

import { UsageError } from "../../generator/commands/command.ts";
import {
  GpioDevice,
  GpioDirection,
  GpioIrqStatus,
  GpioIrqType,
  GpioStatus,
} from "../../generated/gpio/mod.ts";
import { defineBackEnd } from "./ready.ts";

const LINES_MAX = 1024;

/** One end of a wire. */
interface Line {
  direction: GpioDirection;
  /** What it drives as an output. */
  output: number;
  irqType: GpioIrqType;
  /** An edge came while the interrupt was masked. */
  latched: boolean;
  /** Ends the request that unmasked the interrupt, as long as that waits. */
  unmasked: ((status: GpioIrqStatus) => void) | undefined;
}

/** What a line is before anybody has asked for it, and again once it is released. */
const RELEASED = {
  direction: GpioDirection.NONE,
  output: 0,
  irqType: GpioIrqType.NONE,
  latched: false,
} as const;

/** Lines joined in pairs: 0 with 1, 2 with 3. A pair that nobody drives is low. */
class Wires {
  readonly #lines: readonly Line[];

  constructor(count: number) {
    this.#lines = Array.from({ length: count }, () => ({ ...RELEASED, unmasked: undefined }));
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
    this.#change(at, () => {
      if (direction === GpioDirection.NONE) Object.assign(line, RELEASED);
      else line.direction = direction;
    });
    if (line.irqType === GpioIrqType.NONE) this.#deliver(line, GpioIrqStatus.INVALID);
  }

  /** Sets what a line drives, now or as soon as it is an output. */
  drive(at: number, value: number): void {
    this.#change(at, () => {
      this.#lines[at]!.output = value;
    });
  }

  /** Enables interrupts of a line that is no output, or disables them; false for an output. */
  watch(at: number, type: GpioIrqType): boolean {
    const line = this.#lines[at]!;
    if (type !== GpioIrqType.NONE && line.direction === GpioDirection.OUT) return false;
    line.irqType = type;
    line.latched = false;
    if (type === GpioIrqType.NONE) this.#deliver(line, GpioIrqStatus.INVALID);
    else this.#look(at);
    return true;
  }

  /** Unmasks the interrupt of a line; a request that waits already goes back. */
  unmask(at: number): GpioIrqStatus | Promise<GpioIrqStatus> {
    const line = this.#lines[at]!;
    this.#deliver(line, GpioIrqStatus.INVALID);
    if (line.irqType === GpioIrqType.NONE) return GpioIrqStatus.INVALID;
    const { promise, resolve } = Promise.withResolvers<GpioIrqStatus>();
    line.unmasked = resolve;
    this.#look(at);
    return promise;
  }

  /** Changes a pair of lines, and lets edges interrupt. */
  #change(at: number, change: () => void): void {
    const pair = [at, at ^ 1];
    const before = pair.map((each) => this.level(each));
    change();
    for (const [index, each] of pair.entries()) {
      const level = this.level(each);
      if (level !== before[index]) {
        const edge = level === 1 ? GpioIrqType.EDGE_RISING : GpioIrqType.EDGE_FALLING;
        if ((this.#lines[each]!.irqType & edge) !== 0) this.#lines[each]!.latched = true;
      }
      this.#look(each);
    }
  }

  /** Interrupts when the interrupt is unmasked, and there is reason to. */
  #look(at: number): void {
    const line = this.#lines[at]!;
    if (line.unmasked === undefined) return;
    const active = this.level(at) === 1 ? GpioIrqType.LEVEL_HIGH : GpioIrqType.LEVEL_LOW;
    if (!line.latched && line.irqType !== active) return;
    line.latched = false;
    this.#deliver(line, GpioIrqStatus.VALID);
  }

  #deliver(line: Line, status: GpioIrqStatus): void {
    line.unmasked?.(status);
    line.unmasked = undefined;
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
  return new GpioDevice({
    config: { ngpio: names.length, gpioNamesSize: named.length > 0 ? size : 0 },
    queueSizeMax: LINES_MAX, // each line may have a buffer in the queue of events
    getLineNames: () => ({ value: names }),
    getDirection: ({ gpio }) => ({ value: wires.direction(gpio) }),
    setDirection: ({ gpio, value }) => {
      wires.turn(gpio, value);
      return GpioStatus.OK;
    },
    getValue: ({ gpio }) => ({ value: wires.level(gpio) }),
    setValue: ({ gpio, value }) => {
      wires.drive(gpio, value);
      return GpioStatus.OK;
    },
    setIrqType: ({ gpio, value }) => wires.watch(gpio, value) ? GpioStatus.OK : GpioStatus.ERR,
    irq: ({ gpio }) => wires.unmask(gpio),
  });
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
    const [count, given] = [Number(lines), names.split(",")];
    if (!Number.isInteger(count)) throw new UsageError("--lines is no number");
    if (given.length > count) throw new UsageError("there are more names than lines");
    return {
      device: simulatedLines(Array.from({ length: count }, (_, at) => given[at] ?? "")),
      qemu: ["-device vhost-user-gpio-pci,chardev=virtio0"],
    };
  },
});
