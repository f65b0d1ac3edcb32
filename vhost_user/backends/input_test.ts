/** Events as lines of JSON, over vhost-user to a driver of ours. */

import assert from "node:assert/strict";
import { InputConfigSelect, InputDriver, type InputEvent } from "../../generated/input/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { connect } from "../frontend.ts";
import { serve } from "../serve.ts";
import { limited, socketPath } from "../serve_fixture.ts";
import { LineInputDevice } from "./input.ts";
import { INPUT_KINDS } from "./input_kinds.ts";

const KEY: InputEvent = { type: 1, code: 30, value: 1 };
const SYN: InputEvent = { type: 0, code: 0, value: 0 };

const WRONG = [
  1,
  { type: "key", code: 700, value: 1 },
  { type: "rel", code: 0, value: 1 },
  { type: "key", code: 30, value: 0.5 },
  Array.from({ length: 100 }, () => KEY),
];

async function until(met: () => boolean): Promise<void> {
  while (!met()) await new Promise((resolve) => setTimeout(resolve, 1));
}

Deno.test(
  "lines are events of the driver, which answers with lights",
  limited(async () => {
    const path = socketPath();
    const reported: string[] = [];
    const answers: string[] = [];
    const device = new LineInputDevice(INPUT_KINDS.keyboard, (text) => answers.push(text));
    device.onError = (error) => reported.push((error as Error).message);
    await using _server = await serve(device, path);
    const seen: InputEvent[] = [];
    await using driver = await InputDriver.open(await connect(path), {
      onEvent: (event) => seen.push({ ...event }),
    });
    for (const wrong of WRONG) await device.take(JSON.stringify(wrong));
    await device.take("no JSON");
    await device.take(JSON.stringify({ type: "key", code: 30, value: 1 }));
    await until(() => seen.length === 2);
    assert.deepEqual(seen, [KEY, SYN]);
    assert.deepEqual(reported.map((message) => /: (.*)/.exec(message)![1]), [
      "event must be an object, found 1",
      "code must be one that a virtio-ts keyboard has for type 1, found 700",
      "code must be one that a virtio-ts keyboard has for type 2, found 0",
      "value must be a number of 32 bits, found 0.5",
      "line must be at most 60 events, found 100",
      "line must be JSON, found no JSON",
    ]);
    await driver.status({ type: 17, code: 1, value: 1 });
    assert.deepEqual(answers, [JSON.stringify({ type: "led", code: 1, value: 1 })]);
  }),
);

Deno.test(
  "updates wait for a driver with few buffers, and arrive whole and in order",
  limited(async () => {
    const path = socketPath();
    const device = new LineInputDevice(INPUT_KINDS.mouse, () => {});
    await using _server = await serve(device, path);
    const moves = Array.from({ length: 300 }, (_, at) => [
      { type: "rel", code: 0, value: at },
      { type: "rel", code: 1, value: -at },
    ]);
    const taken = Promise.all(moves.map((move) => device.take(JSON.stringify(move))));
    const seen: InputEvent[] = [];
    await using _driver = await InputDriver.open(await connect(path), {
      queueSize: 4,
      onEvent: (event) => seen.push({ ...event }),
    });
    await taken;
    await until(() => seen.length === 900);
    assert.deepEqual(
      seen,
      moves.flatMap((_, at) => [
        { type: 2, code: 0, value: at },
        { type: 2, code: 1, value: -at >>> 0 },
        SYN,
      ]),
    );
  }),
);

Deno.test(
  "each kind says what it is in the configuration (VIRTIO 1.4, 5.8.5)",
  limited(async () => {
    for (const [name, kind] of Object.entries(INPUT_KINDS)) {
      const path = socketPath();
      await using _server = await serve(new LineInputDevice(kind, () => {}), path);
      await using driver = await InputDriver.open(await connect(path));
      const shown = await driver.select(InputConfigSelect.ID_NAME, 0);
      assert.deepEqual(shown, { kind: "string", string: `virtio-ts ${name}` });
    }
  }),
);

Deno.test("select() shows what it selected, whatever is read and selected meanwhile (VIRTIO 1.4, 5.8.5)", async () => {
  const transport = loopback(new LineInputDevice(INPUT_KINDS.mouse, () => {}));
  const { writeConfig } = transport;
  // As with QEMU, a selection is a change of the configuration that the device tells of.
  transport.writeConfig = async (offset, bytes) => {
    await writeConfig.call(transport, offset, bytes);
    transport.onConfigNotify();
    await new Promise((resolve) => setTimeout(resolve, 1));
  };
  await using driver = await InputDriver.open(transport);
  const { ID_NAME, EV_BITS } = InputConfigSelect;
  const [name, bits, none] = await Promise.all([
    driver.select(ID_NAME, 0),
    driver.select(EV_BITS, 2),
    driver.select(EV_BITS, 3),
  ]);
  assert.deepEqual(name, { kind: "string", string: "virtio-ts mouse" });
  assert.equal(bits?.kind, "bitmap");
  assert.equal(none, undefined);
});
