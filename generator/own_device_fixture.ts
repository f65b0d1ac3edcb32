/**
 * For tests: what someone with a device idea does after `new lamp`, as edits of its text.
 *
 * @module
 */

import assert from "node:assert/strict";

/** Each line of text to find in the starter, and what takes its place. */
const EDITS: readonly (readonly [find: string, replace: string])[] = [
  ["defineDevice,", "array, bytes, defineDevice, union,"],
  ["NOTE: 2 }", "NOTE: 2, PAINT: 3 }"],
  [
    "  messages: {\n",
    `  structs: {
    virtio_lamp_steps: {
      doc: "A colour that comes in steps",
      fields: {
        count: le16("How many steps"),
        steps: array("le32", "The steps", { field: "count" }),
      },
    },
  },

  messages: {
`,
  ],
  [
    "        note: {\n",
    `        paint: {
          doc: "Gives a colour a name",
          tag: "VIRTIO_LAMP_T_PAINT",
          readable: {
            form: le32("How the colour is told"),
            colour: union("The colour", "form", {
              rgb: { tag: 0, fields: { rgb: bytes("Red, green, blue", 3) } },
              steps: { tag: 1, struct: "virtio_lamp_steps" },
            }),
            label: bytes("Its name", "rest"),
          },
        },
        note: {
`,
  ],
];

/** The starter with a tagged union and a variable tail: a request that it did not have. */
export function edited(starter: string): string {
  return EDITS.reduce((text, [find, replace]) => {
    assert.equal(text.split(find).length, 2, `${find} is not once in the starter`);
    return text.replace(find, replace);
  }, starter);
}

/** A program that drives every request and the event of the edited lamp; it prints one line when all went well. */
export function demo(lamp: string, runtime: string): string {
  return `import assert from "node:assert/strict";
import { loopback } from "${runtime}";
import { LampDevice, LampDriver, type LampEvent, type LampPaintRequest, LampStatus } from "${lamp}";

const numbers = [0, 0, 0, 0];
const painted: LampPaintRequest[] = [];
const device = new LampDevice({
  config: { slots: numbers.length, max: 100 },
  get: ({ slot }) => ({ value: numbers[slot]! }),
  set: ({ slot, value }) => {
    numbers[slot] = value;
    return LampStatus.OK;
  },
  paint: (request) => {
    painted.push(structuredClone(request));
    return LampStatus.OK;
  },
  note: async (_, text) => {
    await Promise.resolve();
    text.write(new TextEncoder().encode("a note"));
    return LampStatus.OK;
  },
});

const told = Promise.withResolvers<LampEvent>();
await using driver = await LampDriver.open(loopback(device), { onEvent: told.resolve });
assert.deepEqual(driver.config, { slots: 4, max: 100 });
assert.equal((await driver.set({ slot: 2, value: 42 })).status, LampStatus.OK);
assert.deepEqual(await driver.get({ slot: 2 }), { value: 42, status: LampStatus.OK });
assert.equal((await driver.set({ slot: 2, value: 101 })).status, LampStatus.IOERR);
assert.equal((await driver.get({ slot: 4 })).status, LampStatus.IOERR);
assert.deepEqual(numbers, [0, 0, 42, 0]);

const label = new TextEncoder().encode("dawn");
await driver.paint({ slot: 0, colour: { kind: "rgb", rgb: Uint8Array.of(1, 2, 3) }, label });
await driver.paint({ slot: 1, colour: { kind: "steps", steps: [7, 8, 9] }, label });
assert.deepEqual(painted.map(({ slot, colour, label }) => [slot, colour, label.length]), [
  [0, { kind: "rgb", rgb: Uint8Array.of(1, 2, 3) }, 4],
  [1, { kind: "steps", steps: [7, 8, 9] }, 4],
]);

const text = new Uint8Array(6);
assert.equal((await driver.note({ slot: 0 }, text)).status, LampStatus.OK);
assert.equal(new TextDecoder().decode(text), "a note");

assert.ok(device.sendEvent({ slot: 2, value: 42 }));
assert.deepEqual(await told.promise, { slot: 2, value: 42 });
console.log("the demo went well");
`;
}
