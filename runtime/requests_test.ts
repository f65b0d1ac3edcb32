import assert from "node:assert/strict";
import { Arena } from "./arena.ts";
import { RequestAborted } from "./errors.ts";
import { GuestMemory } from "./memory.ts";
import type { DriverQueue } from "./queue.ts";
import { RequestSlots } from "./requests.ts";

const BASE = 0x1_0000;

/** A queue of which only the room matters. */
function roomy(size: number, free = size): DriverQueue & { free: number } {
  return { index: 0, size, free } as DriverQueue & { free: number };
}

function bench(size = 4, slotSize = 20, indirect = false) {
  const memory = GuestMemory.of(new ArrayBuffer(1 << 16), BASE);
  const arena = new Arena(memory, BASE, 1 << 16);
  const queue = roomy(size);
  return { memory, arena, queue, slots: new RequestSlots(queue, arena, slotSize, indirect) };
}

/** What a promise gave, or "pending" when all that can run has run. */
async function state(promise: Promise<unknown>): Promise<unknown> {
  return await Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 1, "pending"))]);
}

Deno.test("RequestSlots carves its memory into slots that do not overlap", () => {
  const { slots, memory } = bench(4, 20);
  assert.equal(slots.slotSize, 32);
  const taken = [1, 2, 3, 4].map(() => slots.acquire(1));
  assert.deepEqual(taken.toSorted(), [0, 1, 2, 3]);
  for (const slot of taken) {
    slots.view.setUint32(slots.offsetOf(slot), 0xabcd_0000 + slot, true);
    assert.equal(slots.bytes[slots.offsetOf(slot)], slot);
  }
  for (const slot of taken) {
    const seen = memory.view(slots.addressOf(slot), 4)!;
    assert.deepEqual([...seen], [slot, 0, 0xcd, 0xab]);
    assert.equal(slots.addressOf(slot) % 16, 0);
  }
  assert.equal(slots.acquire(1), -1);
});

Deno.test("acquire() looks at the room in the ring, by descriptors or by buffers", () => {
  const direct = bench(8);
  direct.queue.free = 2;
  assert.equal(direct.slots.acquire(3), -1);
  assert.ok(direct.slots.acquire(2) >= 0);
  const indirect = bench(8, 16, true);
  indirect.queue.free = 1;
  assert.ok(indirect.slots.acquire(3) >= 0);
  assert.throws(() => indirect.slots.acquire(9), RangeError);
  assert.throws(() => direct.slots.acquire(9), RangeError);
});

Deno.test("sent() ties a head to a slot, promise() to what settles it", async () => {
  const { slots } = bench();
  const [one, two] = [slots.acquire(1), slots.acquire(1)];
  slots.sent(3, one);
  slots.sent(0, two);
  const [first, second] = [slots.promise<string>(one), slots.promise<number>(two)];
  assert.equal(slots.slotOf(3), one);
  slots.resolve(slots.slotOf(3), "answer");
  slots.reject(slots.slotOf(0), new TypeError("refused"));
  assert.equal(await first, "answer");
  await assert.rejects(second, TypeError);
});

Deno.test("sent() releases the slot and throws when the buffer could not be added", () => {
  const { slots } = bench(1);
  const slot = slots.acquire(1);
  assert.throws(() => slots.sent(-1, slot), RangeError);
  assert.equal(slots.acquire(1), slot);
});

Deno.test("resolve() without a promise only releases, as for polling", () => {
  const { slots } = bench(1);
  const slot = slots.acquire(1);
  slots.resolve(slot, "nobody waits");
  assert.equal(slots.acquire(1), slot);
});

Deno.test("wait() gives room to who came first, and never to who comes later", async () => {
  const { slots, queue } = bench(2);
  const [one, two] = [slots.acquire(1), slots.acquire(1)];
  queue.free = 0;
  const order: string[] = [];
  const first = slots.wait(2).then((slot) => (order.push("first"), slot));
  const second = slots.wait(1).then((slot) => (order.push("second"), slot));
  queue.free = 1;
  slots.release(one);
  assert.equal(await state(first), "pending", "one descriptor is too few for the first");
  assert.equal(slots.acquire(1), -1, "no overtaking");
  queue.free = 2;
  slots.release(two);
  assert.equal(slots.acquire(1), -1, "what was promised is kept");
  const slot = await first;
  slots.sent(0, slot);
  queue.free = 0;
  queue.free = 2;
  slots.release(slot);
  await second;
  assert.deepEqual(order, ["first", "second"]);
});

Deno.test("wait() keeps the room in the ring until the buffer is sent", async () => {
  const { slots, queue } = bench(4);
  const held = [1, 2, 3, 4].map(() => slots.acquire(1));
  const waiting = slots.wait(3);
  queue.free = 4;
  held.forEach((slot) => slots.release(slot));
  assert.equal(slots.acquire(2), -1, "3 of 4 are promised");
  const other = slots.acquire(1);
  assert.ok(other >= 0);
  slots.release(other);
  const slot = await waiting;
  slots.sent(1, slot);
  assert.ok(slots.acquire(4) >= 0, "sent: now the queue itself counts");
});

Deno.test("wait() resolves at once when there is room", async () => {
  const { slots } = bench();
  assert.ok(await slots.wait(1) >= 0);
});

Deno.test("wait() ends by its signal, before and while waiting, and lets the next one in", async () => {
  const { slots, queue } = bench(2);
  const slot = slots.acquire(1);
  queue.free = 1;
  const controller = new AbortController();
  const greedy = slots.wait(2, controller.signal);
  const modest = slots.wait(1);
  controller.abort(new Error("impatient"));
  await assert.rejects(greedy, (error) => {
    assert.ok(error instanceof RequestAborted);
    assert.equal((error.cause as Error).message, "impatient");
    return true;
  });
  assert.ok(await modest >= 0);
  await assert.rejects(slots.wait(1, controller.signal), RequestAborted);
  slots.release(slot);
});

Deno.test("wait() lets go of the signal once it gave a slot", async () => {
  const { slots } = bench(1);
  const slot = slots.acquire(1);
  const controller = new AbortController();
  const first = slots.wait(1, controller.signal);
  const second = slots.wait(1);
  slots.release(slot);
  assert.equal(await first, slot);
  controller.abort();
  slots.release(slot);
  assert.equal(await state(second), slot);
});

Deno.test("pause() keeps requests out until unpause()", async () => {
  const { slots } = bench();
  slots.pause();
  assert.equal(slots.acquire(1), -1);
  const waiting = slots.wait(1);
  assert.equal(await state(waiting), "pending");
  slots.unpause();
  assert.ok(await waiting >= 0);
});

Deno.test("abortAll() ends requests and waiters with one typed error, for good", async () => {
  const { slots } = bench(2);
  const taken = [slots.acquire(1), slots.acquire(1)];
  taken.forEach((slot, head) => slots.sent(head, slot));
  const promises = [...taken.map((slot) => slots.promise(slot)), slots.wait(1), slots.wait(2)];
  const cause = new Error("the queue was reset");
  slots.abortAll(cause);
  slots.abortAll(new Error("again"));
  for (const promise of [...promises, slots.wait(1)]) {
    await assert.rejects(promise, (error) => {
      assert.ok(error instanceof RequestAborted);
      assert.equal(error.message, "Cannot complete the request: the queue was reset");
      assert.equal(error.cause, cause);
      return true;
    });
  }
  assert.equal(slots.acquire(1), -1);
  assert.equal(slots.ended?.cause, cause);
});

Deno.test("readable() and writable() use guest memory in place", () => {
  const { slots, memory, arena } = bench();
  const slot = slots.acquire(2);
  const before = arena.available;
  const inside = memory.view(BASE + 0x8000, 100)!;
  assert.equal(slots.readable(slot, inside), BASE + 0x8000);
  assert.equal(slots.writable(slot, inside.subarray(7)), BASE + 0x8007);
  assert.equal(arena.available, before);
  slots.fetch(slot, inside);
});

Deno.test("readable(), writable() and fetch() bounce what the device can not reach", () => {
  const { slots, memory } = bench();
  const slot = slots.acquire(2);
  const sent = Uint8Array.of(1, 2, 3);
  const answer = new Uint8Array(5).fill(9);
  const from = slots.readable(slot, sent);
  const to = slots.writable(slot, answer);
  assert.notEqual(from, to);
  assert.deepEqual([...memory.view(from, 3)!], [1, 2, 3]);
  memory.view(to, 5)!.set([5, 6, 7, 8, 0]);
  slots.fetch(slot, answer, 4);
  assert.deepEqual([...answer], [5, 6, 7, 8, 9]);
  slots.fetch(slot, answer);
  assert.deepEqual([...answer], [5, 6, 7, 8, 0]);
});

Deno.test("fetch() hands out nothing of an earlier request where the device wrote nothing (2.7.8.2)", () => {
  const { slots, memory } = bench();
  const secret = Uint8Array.of(1, 2, 3, 4, 5);
  const first = slots.acquire(1);
  const place = slots.writable(first, new Uint8Array(5));
  memory.view(place, 5)!.set(secret);
  slots.release(first);
  const sender = slots.acquire(1);
  assert.equal(slots.readable(sender, secret), place, "the memory is used again");
  slots.release(sender);
  const second = slots.acquire(1);
  const answer = new Uint8Array(5).fill(9);
  assert.equal(slots.writable(second, answer), place);
  slots.fetch(second, answer);
  assert.deepEqual([...answer], [0, 0, 0, 0, 0]);
});

Deno.test("release() keeps bounce buffers for later requests, so that nothing is allocated", () => {
  const { slots, arena } = bench();
  const sizes = [1, 256, 257, 4096, 3000];
  const run = () => {
    const slot = slots.acquire(2);
    for (const size of sizes) slots.readable(slot, new Uint8Array(size));
    slots.release(slot);
  };
  run();
  const after = arena.available;
  for (let round = 0; round < 50; round++) run();
  assert.equal(arena.available, after);
});

Deno.test("readable() releases the slot and throws when the arena is full", () => {
  const { slots } = bench();
  const slot = slots.acquire(2);
  slots.readable(slot, new Uint8Array(1000));
  assert.throws(() => slots.readable(slot, new Uint8Array(1 << 17)), RangeError);
  assert.deepEqual([1, 2, 3, 4].map(() => slots.acquire(1) >= 0), [true, true, true, true]);
  assert.equal(slots.acquire(1), -1, "it was released once");
});

Deno.test("close() gives all memory back", async () => {
  const memory = GuestMemory.of(new ArrayBuffer(1 << 16), BASE);
  const arena = new Arena(memory, BASE, 1 << 16);
  const slots = new RequestSlots(roomy(4), arena, 64);
  const [one, two] = [slots.acquire(1), slots.acquire(1)];
  slots.readable(one, new Uint8Array(300));
  slots.writable(two, new Uint8Array(5000));
  slots.release(two);
  const pending = slots.promise(one);
  slots.close(new Error("closed"));
  await assert.rejects(pending, RequestAborted);
  assert.equal(arena.available, 1 << 16);
});
