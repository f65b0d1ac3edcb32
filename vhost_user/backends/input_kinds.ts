/**
 * What a keyboard, a mouse and a tablet tell a driver of themselves (VIRTIO 1.4, 5.8.5).
 *
 * Numbers are those of evdev, as in `linux/input-event-codes.h`.
 *
 * @module
 */

import {
  InputConfigSelect,
  VIRTIO_INPUT_ABSINFO_SIZE,
  VIRTIO_INPUT_DEVIDS_SIZE,
  type VirtioInputAbsinfo,
  writeVirtioInputAbsinfo,
  writeVirtioInputDevids,
} from "../../generated/input/mod.ts";

/** Types of events, by the names that lines of events use. */
export const EVENT_TYPES = { syn: 0, key: 1, rel: 2, abs: 3, msc: 4, led: 17, rep: 20 } as const;

/** A kind of input device. */
export interface InputKind {
  /** Name that the driver sees. */
  readonly name: string;
  /** Product number; the vendor is none. */
  readonly product: number;
  /** Codes by type of event. */
  readonly codes: ReadonlyMap<number, readonly number[]>;
  /** Ranges of absolute axes, by code. */
  readonly axes?: ReadonlyMap<number, VirtioInputAbsinfo>;
}

const { key, rel, abs, led, rep } = EVENT_TYPES;
const KEYS = range(1, 248); // KEY_ESC to KEY_MICMUTE
const BUTTONS = range(0x110, 0x114); // BTN_LEFT, BTN_RIGHT, BTN_MIDDLE, BTN_SIDE, BTN_EXTRA
const [X, Y, HWHEEL, WHEEL] = [0, 1, 6, 8];
const AXIS: VirtioInputAbsinfo = { min: 0, max: 0x7fff, fuzz: 0, flat: 0, res: 0 };

/** The kinds that there are. */
export const INPUT_KINDS = {
  keyboard: {
    name: "virtio-ts keyboard",
    product: 1,
    codes: new Map([[key, KEYS], [led, range(0, 2)], [rep, range(0, 1)]]),
  },
  mouse: {
    name: "virtio-ts mouse",
    product: 2,
    codes: new Map([[key, BUTTONS], [rel, [X, Y, HWHEEL, WHEEL]]]),
  },
  tablet: {
    name: "virtio-ts tablet",
    product: 3,
    codes: new Map([[key, BUTTONS], [rel, [WHEEL]], [abs, [X, Y]]]),
    axes: new Map([[X, AXIS], [Y, AXIS]]),
  },
} as const satisfies Readonly<Record<string, InputKind>>;

/** What the configuration window of a kind shows for a selection; nothing when undefined. */
export function inputWindow(
  kind: InputKind,
): (select: number, subsel: number) => Uint8Array | undefined {
  return (select, subsel) => {
    const codes = kind.codes.get(subsel);
    const axis = kind.axes?.get(subsel);
    switch (select) {
      case InputConfigSelect.ID_NAME:
        return new TextEncoder().encode(kind.name);
      case InputConfigSelect.ID_DEVIDS:
        return identity(kind.product);
      case InputConfigSelect.EV_BITS:
        return codes === undefined ? undefined : bits(codes);
      case InputConfigSelect.ABS_INFO:
        return axis === undefined ? undefined : written(VIRTIO_INPUT_ABSINFO_SIZE, (view) => {
          writeVirtioInputAbsinfo(view, 0, axis);
        });
    }
    return undefined;
  };
}

const BUS_VIRTUAL = 6;

function identity(product: number): Uint8Array {
  return written(VIRTIO_INPUT_DEVIDS_SIZE, (view) => {
    writeVirtioInputDevids(view, 0, { bustype: BUS_VIRTUAL, vendor: 0, product, version: 1 });
  });
}

function written(size: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size);
  write(new DataView(bytes.buffer));
  return bytes;
}

/** A bit for each number, in as many bytes as that takes. */
function bits(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array((Math.max(...numbers) >> 3) + 1);
  for (const number of numbers) bytes[number >> 3]! |= 1 << (number & 7);
  return bytes;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
