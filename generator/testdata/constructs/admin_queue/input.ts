/** Q5: administration queues, which the transport locates behind all others. */

import assert from "node:assert/strict";
import type { AdminDriver } from "../../../../runtime/admin/driver.ts";
import { GroupOwner } from "../../../../runtime/admin/owner.ts";
import { type Device, u8 } from "../../../../spec/dsl.ts";
import { answered, construct, get, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("admin_queue", {
  enums: {
    CAP: { doc: "Capabilities", name: "Capability", members: { COLOURS: 0x801 } },
    OBJ: { doc: "Objects", name: "ObjectType", members: { COLOUR: 0x202 } },
  },
  messages: { ask: { doc: "A request", readable: { level: u8("Level") }, ...answered } },
  adminQueue: { doc: "Colours", capabilities: ["CAP"], objects: ["OBJ"] },
});

/** Its vectors. */
export const vectors: Vector[] = [{
  name: "what other queues carry",
  section: "none",
  message: "ask",
  queue: 0,
  features: [],
  readable: "05",
  writable: "00",
  values: { request: { level: 5 }, status: 0 },
}];

/** Both sides, with and without groups, over both rings. */
export async function run({ wire, makeDevice, openDriver }: Sides): Promise<void> {
  const id = get(wire["AdminQueueCapability"]!, "COLOURS") as number;
  for (const packed of [false, true]) {
    const groups = new GroupOwner({ capabilities: [{ id, data: Uint8Array.of(3) }] });
    const made = makeDevice({ groups });
    await using driver = await openDriver(made, { ring: { packed } });
    assert.deepEqual(made.adminQueues, { index: 1, count: 1 }, "behind the one other queue");
    assert.equal(made.queueCount, 1);
    const admin = get(driver, "admin") as AdminDriver;
    await admin.use(0);
    assert.deepEqual(await admin.capabilities(), [id]);
    assert.deepEqual(await admin.capability(id, 2), Uint8Array.of(3, 0));
  }
  await using plain = await openDriver(makeDevice({}));
  assert.equal(get(plain, "admin"), undefined, "a device that owns no groups");
}
