/** Q9: a driver that polls is not notified. */

import assert from "node:assert/strict";
import { type Device, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, get, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("polling", {
  messages: { ask: { doc: "A request", readable: { level: u8("Level") }, ...answered } },
});

/** Its vectors. */
export const vectors: Vector[] = [];

interface Queue {
  readonly status: number;
  submitAsk(request: { readonly level: number }): number;
  kick(): void;
  poll(): number;
}

/** Answers wait until they are asked for, however long. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const device = makeDevice({ ask: ({ level }: { level: number }) => level });
  await using driver = await openDriver(device, { polling: true });
  const [queue] = get(driver, "requestq") as Queue[];
  const wait = () => new Promise((resolve) => setTimeout(resolve, 1));
  for (const level of [3, 2, 1]) {
    const slot = queue!.submitAsk({ level });
    queue!.kick();
    for (let tries = 0; tries < 5; tries++) await wait();
    let polled = queue!.poll();
    for (let tries = 0; polled < 0 && tries < 1000; tries++, polled = queue!.poll()) await wait();
    assert.equal(polled, slot);
    assert.equal(queue!.status, level);
  }
}
