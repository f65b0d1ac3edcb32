/** What the protocol prescribes beyond messages: an object of the runtime in front of the handlers. */

import assert from "node:assert/strict";
import { type Device, le32, le64, payload, struct, u8 } from "../../../../spec/dsl.ts";
import { call, code, construct, get, type Sides, STATUS, tag, type Vector } from "../construct.ts";

const status = {
  doc: "How it went",
  name: "Status",
  members: {
    OK: 0,
    UNSUPP: 1,
    ZONE_INVALID_CMD: 2,
    ZONE_UNALIGNED_WP: 3,
    ZONE_OPEN_RESOURCE: 4,
    ZONE_ACTIVE_RESOURCE: 5,
  },
};

const states = { NOT_WP: 0, EMPTY: 1, IOPEN: 2, EOPEN: 3, CLOSED: 4, RDONLY: 13, FULL: 14 };

/** The device. */
export const device: Device = construct("behaviours", {
  features: { ZONED: { bit: 0, doc: "It has zones", by: ["config", "handler"] } },
  enums: {
    S: status,
    Z: { doc: "Whose task", name: "ZoneModel", members: { NONE: 0, HM: 1 } },
    T: { doc: "How", name: "ZoneType", members: { CONV: 1, SWR: 2, SWP: 3 } },
    ZS: { doc: "State", name: "ZoneState", members: { ...states, OFFLINE: 15 } },
  },
  structs: {
    zoned_characteristics: {
      doc: "The zones",
      fields: {
        zone_sectors: le32("Sectors"),
        max_open_zones: le32("Most open"),
        max_active_zones: le32("Most active"),
        write_granularity: le32("Bytes"),
        model: u8("Model", { enum: "Z" }),
      },
    },
  },
  config: {
    struct: "c",
    fields: {
      capacity: le64("Sectors", { as: "number" }),
      zoned: struct("zoned_characteristics", "The zones", { when: "ZONED" }),
    },
  },
  messages: {
    ask: {
      doc: "Requests",
      readable: { type: tag, sector: le64("Where", { as: "number" }) },
      writable: { status: code },
      status: { ...STATUS, unknown: "UNSUPP", malformed: "UNSUPP", failed: "UNSUPP" },
      cases: {
        out: { doc: "Writes", tag: 1, readable: { data: payload("Sectors") } },
        zone_open: { doc: "Opens", tag: 2, feature: "ZONED" },
        zone_close: { doc: "Closes", tag: 3, feature: "ZONED" },
      },
    },
  },
  behaviours: {
    zones: {
      doc: "The zones",
      when: "ZONED",
      enums: ["S", "Z", "T", "ZS"],
      device: {
        class: "Zones",
        options: "optional",
        serves: ["ask.zone_open", "ask.zone_close"],
      },
    },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [];

const zoned = {
  zoneSectors: 8,
  maxOpenZones: 1,
  maxActiveZones: 0,
  writeGranularity: 0,
  model: 1,
};

/** The object stands in front of the handlers, where it is wanted. */
export async function run({ makeDevice, openDriver }: Sides): Promise<void> {
  const written: number[] = [];
  const out = ({ sector }: { sector: number }) => (written.push(sector), 0);
  const device = makeDevice({ config: { capacity: 16, zoned }, zones: { capacity: 4 }, out });
  const zones = get(device, "zones") as { count: number; describe(zone: number): unknown };
  assert.equal(zones.count, 2);
  await using driver = await openDriver(device);
  const ask = async (method: string, sector: number, ...data: Uint8Array[]) => {
    const answer = await call(driver, method, { sector }, ...data) as { status: number };
    return answer.status;
  };
  assert.equal(await ask("out", 1, new Uint8Array(512)), status.members.ZONE_UNALIGNED_WP);
  assert.equal(await ask("out", 0, new Uint8Array(2048)), 0);
  assert.equal(await ask("zoneClose", 0), status.members.ZONE_INVALID_CMD, "it is full");
  assert.equal(await ask("zoneOpen", 8), 0);
  assert.deepEqual(written, [0]);
  const saved = device.save();
  assert.deepEqual(saved.behaviours, {
    zones: { states: [states.FULL, states.EOPEN], pointers: [4, 8] },
  });
  const own = { config: { capacity: 16, zoned }, out, zoneOpen: () => 0, zoneClose: () => 0 };
  assert.equal(get(makeDevice(own), "zones"), undefined, "the user answers by himself");
  assert.equal(get(makeDevice({ config: { capacity: 16 }, out }), "zones"), undefined);
}
