import assert from "node:assert/strict";
import { TransportError } from "./errors.ts";
import { queueTask, until } from "./task.ts";

Deno.test("queueTask() runs after all microtasks", async () => {
  const order: string[] = [];
  const done = new Promise<void>((resolve) =>
    queueTask(() => {
      order.push("task");
      resolve();
    })
  );
  await Promise.resolve().then(() => Promise.resolve()).then(() => order.push("microtask"));
  await done;
  assert.deepEqual(order, ["microtask", "task"]);
});

Deno.test("until() asks until the answer is yes", async () => {
  let asked = 0;
  await until(() => Promise.resolve(++asked === 4), () => "never");
  assert.equal(asked, 4);
});

Deno.test("until() ends with a TransportError when the answer is never yes", async () => {
  let asked = 0;
  const ask = () => Promise.resolve(++asked < 0);
  await assert.rejects(until(ask, () => `asked ${asked} times`), (error) => {
    assert.ok(error instanceof TransportError);
    assert.equal(error.message, `asked ${asked} times`);
    return true;
  });
  assert.ok(asked > 5);
});

Deno.test("until() ends with the signal's reason", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const asking = until(() => Promise.resolve(false), () => "never", controller.signal);
  controller.abort(reason);
  await assert.rejects(asking, reason);
});
