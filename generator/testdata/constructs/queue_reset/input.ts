/** Q11: a queue is reset while a request waits, and used again. */

import assert from "node:assert/strict";
import { type Device, u8 } from "../../../../spec/dsl.ts";
import { answered, call, construct, get, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("queue_reset", {
  messages: { ask: { doc: "A request", readable: { level: u8("Level") }, ...answered } },
});

/** Its vectors. */
export const vectors: Vector[] = [{
  name: "before",
  section: "none",
  message: "ask",
  queue: 0,
  features: [],
  readable: "01",
  writable: "00",
  values: { request: { level: 1 }, status: 0 },
}];

/** An answer that comes too late goes nowhere. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const open: { promise: Promise<number>; resolve: (status: number) => void }[] = [];
  const device = makeDevice({
    ask: ({ level }: { level: number }) => {
      if (level !== 1) return 0;
      const later = Promise.withResolvers<number>();
      open.push(later);
      return later.promise;
    },
  });
  const reported: unknown[] = [];
  device.onError = (error) => reported.push(error);
  await using driver = await openDriver(device);
  const waiting = call(driver, "ask", { level: 1 }) as Promise<unknown>;
  const aborted = assert.rejects(waiting, { name: "RequestAborted" });
  for (let tries = 0; open.length === 0 && tries < 1000; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const [queue] = get(driver, "requestq") as { ring: object }[];
  await call(driver, "resetQueue", queue!.ring);
  await aborted;
  open[0]!.resolve(0);
  await open[0]!.promise;
  assert.deepEqual(await call(driver, "ask", { level: 2 }), { status: 0 });
  assert.deepEqual(reported, []);
}
