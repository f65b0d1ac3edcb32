/** Human input: QEMU's virtio-keyboard, virtio-mouse and virtio-tablet, which events are sent to by QMP. */

import assert from "node:assert/strict";
import {
  InputConfigSelect,
  type InputConfigU,
  InputDriver,
  type InputEvent,
} from "../../../generated/input/mod.ts";
import type { QemuMachine } from "../machine.ts";
import type { Trial } from "../trial.ts";
import { eventually } from "../wait.ts";
import { modernOnly } from "../ways.ts";

/** Of evdev: types of events, and codes of them. */
const [SYN, KEY, REL, ABS, LED, REP] = [0, 1, 2, 3, 0x11, 0x14];
const [KEY_A, BTN_LEFT, CAPS_LOCK] = [30, 0x110, 1];
const [X, Y, WHEEL] = [0, 1, 8];
const [USB, VENDOR] = [6, 0x0627];
/** Greatest value of an axis. */
const AXIS = 0x7fff;
const UPDATE = { type: SYN, code: 0, value: 0 };

/** One of QEMU's devices, and what it is expected to say and do. */
interface Kind {
  readonly name: string;
  /** Its name in the configuration. */
  readonly title: string;
  readonly product: number;
  readonly version: number;
  /** Codes of each type of events that must be among its own. */
  readonly codes: Readonly<Record<number, readonly number[]>>;
  /** Axes that have a range. */
  readonly axes: readonly number[];
  /** What QMP is told, and the events that come of it. */
  readonly sent: readonly (readonly [type: string, data: unknown, events: readonly InputEvent[]])[];
  readonly proves: string;
}

const KINDS: readonly Kind[] = [{
  name: "virtio-keyboard",
  title: "QEMU Virtio Keyboard",
  product: 1,
  version: 1,
  codes: { [KEY]: [KEY_A], [LED]: [CAPS_LOCK], [REP]: [] },
  axes: [],
  sent: [
    ["key", { down: true, key: { type: "qcode", data: "a" } }, [
      { type: KEY, code: KEY_A, value: 1 },
    ]],
    ["key", { down: false, key: { type: "qcode", data: "a" } }, [
      { type: KEY, code: KEY_A, value: 0 },
    ]],
  ],
  proves: "a key pressed and released, the lights",
}, {
  name: "virtio-mouse",
  title: "QEMU Virtio Mouse",
  product: 2,
  version: 2,
  codes: { [KEY]: [BTN_LEFT], [REL]: [X, Y, WHEEL] },
  axes: [],
  sent: [
    ["rel", { axis: "x", value: 5 }, [{ type: REL, code: X, value: 5 }]],
    ["rel", { axis: "y", value: -3 }, [{ type: REL, code: Y, value: -3 }]],
    ["btn", { down: true, button: "left" }, [{ type: KEY, code: BTN_LEFT, value: 1 }]],
    ["btn", { down: true, button: "wheel-up" }, [
      { type: REL, code: WHEEL, value: 1 },
    ]],
  ],
  proves: "movements both ways, a button, the wheel",
}, {
  name: "virtio-tablet",
  title: "QEMU Virtio Tablet",
  product: 3,
  version: 2,
  codes: { [KEY]: [BTN_LEFT], [REL]: [WHEEL], [ABS]: [X, Y] },
  axes: [X, Y],
  sent: [
    ["abs", { axis: "x", value: 1000 }, [{ type: ABS, code: X, value: 1000 }]],
    ["abs", { axis: "y", value: AXIS }, [{ type: ABS, code: Y, value: AXIS }]],
    ["btn", { down: true, button: "left" }, [{ type: KEY, code: BTN_LEFT, value: 1 }]],
  ],
  proves: "positions, a button, the ranges of the axes",
}];

/** Whether a code is in what the window shows. */
function has(shown: InputConfigU | undefined, code: number): boolean {
  return shown?.kind === "bitmap" && (shown.bitmap[code >> 3]! >> (code & 7) & 1) === 1;
}

/** All that the configuration's window shows of a device, and nothing where it has nothing. */
async function windows(driver: InputDriver, kind: Kind): Promise<void> {
  const { title, product, version, codes, axes } = kind;
  const { ID_NAME, ID_SERIAL, ID_DEVIDS, PROP_BITS, EV_BITS, ABS_INFO } = InputConfigSelect;
  assert.deepEqual(await driver.select(ID_NAME, 0), { kind: "string", string: title });
  assert.deepEqual(await driver.select(ID_SERIAL, 0), { kind: "string", string: "virtio-ts" });
  const ids = { kind: "ids", bustype: USB, vendor: VENDOR, product, version };
  assert.deepEqual(await driver.select(ID_DEVIDS, 0), ids);
  assert.equal(await driver.select(PROP_BITS, 0), undefined);
  for (const type of [KEY, REL, ABS, LED, REP]) {
    const shown = await driver.select(EV_BITS, type);
    const own = codes[type];
    assert.equal(shown !== undefined, own !== undefined, `events of type ${type}`);
    for (const code of own ?? []) assert.ok(has(shown, code), `code ${code} of type ${type}`);
    assert.ok(!has(shown, 0xff));
  }
  for (const axis of axes) {
    const range = { kind: "abs", min: 0, max: AXIS, fuzz: 0, flat: 0, res: 0 };
    assert.deepEqual(await driver.select(ABS_INFO, axis), range);
  }
  assert.equal(await driver.select(ABS_INFO, WHEEL), undefined);
}

/** Sends what QMP can, and finds the events that come of it, each update ended. */
async function updates({ sent }: Kind, { qmp }: QemuMachine, came: InputEvent[]): Promise<void> {
  for (const [type, data, events] of sent) {
    came.length = 0;
    await qmp.execute("input-send-event", { events: [{ type, data }] });
    await eventually(`the end of ${type}`, () => came.at(-1)?.type === SYN);
    // The standard has values without a sign; evdev's have one.
    const signed = came.map((event) => ({ ...event, value: event.value | 0 }));
    assert.deepEqual(signed, [...events, UPDATE]);
  }
}

/** The trials. */
export const inputs: readonly Trial[] = KINDS.map((kind): Trial => {
  return {
    device: "input",
    name: kind.name,
    properties: ["serial=virtio-ts"],
    refused: modernOnly(kind.name),
    proves: `name, serial number, ids and codes in the configuration's window; ${kind.proves}`,
    run: async (transport, machine) => {
      const came: InputEvent[] = [];
      await using driver = await InputDriver.open(transport, {
        onEvent: (event) => came.push(event),
      });
      await windows(driver, kind);
      await updates(kind, machine, came);
      await driver.status({ type: LED, code: CAPS_LOCK, value: 1 });
    },
  };
});
