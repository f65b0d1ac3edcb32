import assert from "node:assert/strict";
import { CONFIG_BIT, Doorbell, Listener, PULSE_MS, QUEUE_BITS } from "./doorbell.ts";

/** Two doorbells, and what to ring the first one with. */
function bells(): [Doorbell, Doorbell] {
  const memory = Doorbell.memory(2);
  return [new Doorbell(memory, 0), new Doorbell(memory, 1)];
}

Deno.test("take() gives each queue that was rung once, and only on this bell", () => {
  const [bell, other] = bells();
  bell.ring(0);
  bell.ring(29);
  bell.ring(0);
  assert.equal(bell.take(), 1 | 1 << 29);
  assert.equal(bell.take(), 0);
  assert.equal(other.take(), 0);
});

Deno.test("ring() shares bits among queues beyond those that have one, and never those of other signals", () => {
  const [bell] = bells();
  for (const index of [30, 59, 65535]) {
    bell.ring(index);
    assert.equal(bell.take(), 1 << index % QUEUE_BITS);
  }
  bell.signalConfig();
  assert.equal(bell.take(), CONFIG_BIT);
});

Deno.test("post() counts messages until restart()", () => {
  const [bell] = bells();
  bell.post();
  bell.post();
  assert.equal(bell.posted, 2);
  bell.restart();
  assert.equal(bell.posted, 0);
  assert.ok(bell.rung);
});

Deno.test("block() and sleep() return at once when the bell was rung before", async () => {
  const [bell] = bells();
  bell.ring(1);
  const begin = performance.now();
  for (let i = 0; i < 100; i++) {
    bell.block();
    await bell.sleep();
  }
  assert.ok(performance.now() - begin < 100 * PULSE_MS);
  assert.equal(bell.take(), 2);
});

for (const waiting of ["poll", "sleep", "adaptive"] as const) {
  Deno.test(`a listener that waits by "${waiting}" hears a ring, and ends without one`, async () => {
    const [bell] = bells();
    const listener = new Listener(bell, waiting, false);
    // Also keeps the event loop going, which a waiting promise of Atomics does not.
    const timer = setInterval(() => bell.ring(5), 1);
    while (!bell.rung) await listener.wait(false);
    assert.equal(bell.take(), 1 << 5);
    clearInterval(timer);
    const limit = setTimeout(() => assert.fail("no end"), 100 * PULSE_MS);
    await listener.wait(true);
    clearTimeout(limit);
    const blocking = new Listener(bell, waiting, true);
    await blocking.wait(false);
    assert.equal(bell.take(), 0);
  });
}
