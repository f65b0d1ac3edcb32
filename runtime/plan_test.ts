import assert from "node:assert/strict";
import { QueuePlan } from "./plan.ts";

Deno.test("QueuePlan places pairs of queues and one behind them (VIRTIO 1.4, 5.1.2)", () => {
  const plan = new QueuePlan([
    { first: 0, step: 2, count: 3 },
    { first: 1, step: 2, count: 3 },
    { first: 6, step: 1, count: 1 },
  ]);
  assert.equal(plan.count, 7);
  const kinds = [0, 1, 2, 3, 4, 5, 6].map((index) => [plan.kind(index), plan.item(index)]);
  assert.deepEqual(kinds, [[0, 0], [1, 0], [0, 1], [1, 1], [0, 2], [1, 2], [2, 0]]);
  assert.equal(plan.index(1, 2), 5);
});

Deno.test("QueuePlan places ports around control queues (VIRTIO 1.4, 5.3.2)", () => {
  const plan = new QueuePlan([
    { first: 0, then: 4, step: 2, count: 3 },
    { first: 1, then: 5, step: 2, count: 3 },
    { first: 2, step: 1, count: 1 },
    { first: 3, step: 1, count: 1 },
  ]);
  assert.deepEqual([0, 1, 2].map((port) => plan.index(0, port)), [0, 4, 6]);
  assert.deepEqual([0, 1, 2].map((port) => plan.index(1, port)), [1, 5, 7]);
  assert.equal(plan.count, 8);
});

Deno.test("QueuePlan counts only queues that exist when a family comes next", () => {
  const families = (statistics: number) => [
    { first: "next" as const, step: 1, count: 1 },
    { first: "next" as const, step: 1, count: statistics },
    { first: "next" as const, strict: { first: 2, step: 1 }, step: 1, count: 1 },
  ];
  assert.equal(new QueuePlan(families(1)).index(2), 2);
  assert.equal(new QueuePlan(families(0)).index(2), 1);
  assert.equal(new QueuePlan(families(0), true).index(2), 2);
});

Deno.test("QueuePlan knows no queue between and behind its families", () => {
  const plan = new QueuePlan([{ first: 4, step: 1, count: 1 }]);
  assert.equal(plan.kind(3), -1);
  assert.equal(plan.kind(5), -1);
  assert.throws(() => plan.index(0, 1), RangeError);
  assert.throws(() => plan.index(1), RangeError);
});

Deno.test("QueuePlan refuses more queues than a device can have (VIRTIO 1.4, 2.6)", () => {
  assert.throws(() => new QueuePlan([{ first: 0, step: 1, count: 65537 }]), RangeError);
  assert.throws(() => new QueuePlan([{ first: 1, step: 1, count: 65536 }]), RangeError);
  assert.equal(new QueuePlan([{ first: 0, step: 1, count: 65536 }]).count, 65536);
  assert.equal(new QueuePlan([{ first: 0, step: 1, count: -1 }]).count, 0);
});
