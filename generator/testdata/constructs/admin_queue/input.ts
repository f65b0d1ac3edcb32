/** Q5: administration queues, which the transport locates behind all others, and what they administer. */

import assert from "node:assert/strict";
import type { AdminDriver } from "../../../../runtime/admin/driver.ts";
import { type CapabilityLayout, type ObjectLayout, SELF } from "../../../../runtime/admin/mod.ts";
import { GroupOwner } from "../../../../runtime/admin/owner.ts";
import {
  array,
  bits,
  bytes,
  type Device,
  le16,
  le32,
  le64,
  padding,
  struct,
  text,
  u8,
  union,
} from "../../../../spec/dsl.ts";
import { answered, construct, get, type Sides, type Vector } from "../construct.ts";

/** The device. */
export const device: Device = construct("admin_queue", {
  enums: {
    CAP: { doc: "Capabilities", name: "Capability", members: { COLOURS: 0x801, RAW: 0x802 } },
    OBJ: {
      doc: "Objects",
      name: "ObjectType",
      members: { COLOUR: 0x202, MIX: 0x203, PAINT: 0x204, SHADE: 0x4ff },
    },
    KIND: { doc: "Kinds", name: "Kind", members: { GREY: 1, RGB: 2 } },
    FLAG: { doc: "Flags", name: "Flag", as: "masks", members: { MATT: 1, GLOSSY: 2 } },
  },
  constants: { NAMELESS_CAP: { value: 0x803, doc: "A capability without an enumeration" } },
  structs: {
    colours: {
      doc: "How many colours there can be, and of which kinds",
      fields: {
        limit: le16("Most colours"),
        reserved: padding(2),
        memory: le64("Most bytes of memory"),
        flags: le32("Flags", { enum: "FLAG" }),
        kinds: le32("Kinds", { bitsOf: "KIND" }),
        later: le64("Kinds from the second on", { bitsOf: { enum: "KIND", from: 2 } }),
        word: bits("u8", { depth: { width: 4 }, kind: { width: 4, enum: "KIND" } }),
        mask: bytes("Bits of a colour", 2),
        name: text("padded", "Name", 4),
        count: u8("Number of palettes"),
        palettes: array({ struct: "palette" }, "Palettes", { field: "count" }),
        many: u8("Number of sizes"),
        sizes: array("u8", "Sizes", { field: "many" }),
      },
    },
    palette: {
      doc: "Colours that go together",
      fields: {
        kind: u8("Kind", { enum: "KIND" }),
        depth: u8("Bits of a colour"),
        most: struct("most", "Most of it"),
      },
    },
    most: { doc: "Limits", fields: { entries: u8("Most entries") } },
    colour: {
      doc: "A colour",
      fields: {
        kind: u8("Kind", { enum: "KIND" }),
        value: union("Value", "kind", {
          grey: { tag: 1, fields: { level: u8("Level") } },
          rgb: { tag: 2, fields: { red: u8("Red"), green: u8("Green"), blue: u8("Blue") } },
        }),
      },
    },
    mix: { doc: "Two colours", fields: { one: le32("First"), other: le64("Second") } },
    paint: {
      doc: "A paint",
      fields: {
        about: struct("about", "About it"),
        flags: le64("Flags", { enum: "FLAG" }),
        size: u8("Size"),
        second: le64("Another kind", { enum: "KIND" }),
        memory: le32("Bytes of memory"),
      },
    },
    about: { doc: "About a paint", fields: { kind: u8("Kind", { enum: "KIND" }) } },
    shade: {
      doc: "A shade",
      fields: { kind: u8("Kind", { enum: "KIND" }), depth: u8("Bits of a colour") },
    },
  },
  messages: { ask: { doc: "A request", readable: { level: u8("Level") }, ...answered } },
  adminQueue: {
    doc: "Colours",
    capabilities: {
      colours: { tag: "CAP_COLOURS", struct: "colours" },
      raw: { tag: "CAP_RAW" },
      nameless: { tag: "NAMELESS_CAP", struct: "palette" },
    },
    objects: {
      colour: {
        tag: "OBJ_COLOUR",
        struct: "colour",
        limit: { of: "colours", by: ["limit", "memory"], otherwise: "EINVAL" },
        requires: ["colours", "raw"],
      },
      mix: {
        tag: "OBJ_MIX",
        struct: "mix",
        limit: { of: "nameless", by: ["depth"] },
        needs: { one: "colour", other: "colour" },
      },
      paint: {
        tag: "OBJ_PAINT",
        struct: "paint",
        limit: { of: "colours", by: ["limit"] },
        within: {
          of: "colours",
          fields: [
            [["about", "kind"], "kinds"],
            ["flags", "flags"],
            ["size", "sizes"],
            ["second", "later"],
            ["memory", "memory"],
          ],
        },
      },
      shade: {
        tag: "OBJ_SHADE",
        struct: "shade",
        limit: { of: "colours", by: ["limit"] },
        within: { of: "colours", in: "palettes", fields: [["kind", "kind"], ["depth", "depth"]] },
      },
    },
  },
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

const COLOURS = {
  limit: 300,
  memory: 3n,
  flags: 3,
  kinds: 0b100,
  later: 0b10n,
  depth: 4,
  kind: 2,
  mask: Uint8Array.of(0xff, 0x0f),
  name: "old",
  palettes: [{ kind: 1, depth: 8, most: { entries: 4 } }, {
    kind: 2,
    depth: 2,
    most: { entries: 9 },
  }],
  sizes: [1, 2],
};
type Colours = typeof COLOURS;
type Colour = { value: { kind: "grey"; level: number } };
type Mix = { one: number; other: bigint };

/** What of the capability a driver may set, and what not. */
const SETTINGS: readonly (readonly [allowed: boolean, Partial<Colours>])[] = [
  [true, {}],
  [true, { limit: 255, memory: 0n, flags: 1, kinds: 0, depth: 0, palettes: [], sizes: [] }],
  [true, { palettes: [{ kind: 2, depth: 1, most: { entries: 9 } }], mask: Uint8Array.of(1, 0) }],
  [true, { sizes: [2, 2] }],
  [false, { limit: 301 }],
  [false, { memory: 1n << 63n }],
  [false, { flags: 4 }],
  [false, { kinds: 1 }],
  [false, { depth: 5 }],
  [false, { kind: 1 }],
  [false, { mask: Uint8Array.of(0, 0x10) }],
  [false, { name: "new" }],
  [false, { palettes: [{ kind: 2, depth: 8, most: { entries: 4 } }] }],
  [false, { palettes: [{ kind: 1, depth: 8, most: { entries: 5 } }] }],
  [false, { sizes: [3] }],
];

const PAINT = { about: { kind: 2 }, flags: 2n, size: 1, second: 3n, memory: 3 };

/** Paints that the capability has, and others. */
const PAINTS: readonly (readonly [allowed: boolean, Partial<typeof PAINT>])[] = [
  [true, {}],
  [true, { about: { kind: 0 }, flags: 0n, size: 2, second: 0n, memory: 0 }],
  [false, { about: { kind: 1 } }],
  [false, { flags: 4n }],
  [false, { size: 3 }],
  [false, { second: 1n }],
  [false, { second: 2n }],
  [false, { second: (1n << 64n) - 1n }],
  [false, { memory: 4 }],
];
const SHADES = [[true, 1, 8], [true, 2, 1], [false, 2, 8], [false, 3, 0]] as const;

/** Both sides, with and without groups, over both rings. */
export async function run({ wire, makeDevice, openDriver }: Sides): Promise<void> {
  const capabilities = wire["AdminQueueCapabilities"]!;
  const objects = wire["AdminQueueObjects"]!;
  const colours = get(capabilities, "colours") as CapabilityLayout<Colours>;
  const raw = get(capabilities, "raw") as CapabilityLayout<Uint8Array>;
  const nameless = get(capabilities, "nameless") as CapabilityLayout<Colours["palettes"][0]>;
  const colour = get(objects, "colour") as ObjectLayout<Colour>;
  const mix = get(objects, "mix") as ObjectLayout<Mix>;
  const paint = get(objects, "paint") as ObjectLayout<typeof PAINT>;
  const shade = get(objects, "shade") as ObjectLayout<{ kind: number; depth: number }>;
  for (const packed of [false, true]) {
    const groups = new GroupOwner({
      capabilities: [
        colours.offer(COLOURS),
        raw.offer(Uint8Array.of(3)),
        nameless.offer({ kind: 0, depth: 1, most: { entries: 0 } }),
      ],
      resources: [colour.serve(), mix.serve(), paint.serve(), shade.serve()],
    });
    const made = makeDevice({ groups });
    await using driver = await openDriver(made, { ring: { packed } });
    assert.deepEqual(made.adminQueues, { index: 1, count: 1 }, "behind the one other queue");
    assert.equal(made.queueCount, 1);
    const admin = get(driver, "admin") as AdminDriver;
    await admin.use(0);
    assert.deepEqual(await admin.capabilities(), [0x801, 0x802, 0x803]);
    assert.deepEqual(await admin.capability(colours), COLOURS);
    assert.deepEqual(await admin.capability(raw.id, 2), Uint8Array.of(3, 0));
    await assert.rejects(admin.createObject(SELF, { type: colour, id: 0 }, GREY), /INVALID_OPCODE/);
    for (const [allowed, change] of SETTINGS) {
      await tried(admin.setCapability(colours, { ...COLOURS, ...change }), allowed);
    }
    await admin.setCapability(colours, COLOURS);
    await admin.setCapability(raw, Uint8Array.of(1));
    await admin.setCapability(nameless, { kind: 0, depth: 1, most: { entries: 0 } });
    await tryObjects(admin, colour, mix);
    for (const [id, [allowed, change]] of PAINTS.entries()) {
      await tried(admin.createObject(SELF, { type: paint, id }, { ...PAINT, ...change }), allowed);
    }
    for (const [id, [allowed, kind, depth]] of SHADES.entries()) {
      await tried(admin.createObject(SELF, { type: shade, id }, { kind, depth }), allowed);
    }
    const flat = { ...COLOURS, palettes: COLOURS.palettes.slice(0, 1) };
    await assert.rejects(admin.setCapability(colours, flat), /EBUSY/, "a shade has the other");
    assert.deepEqual(groups.objects.all(mix).map(({ value }) => value), [{ one: 0, other: 2n }]);
  }
  await using plain = await openDriver(makeDevice({}));
  assert.equal(get(plain, "admin"), undefined, "a device that owns no groups");
}

async function tried(command: Promise<void>, allowed: boolean): Promise<void> {
  if (allowed) await command;
  else await assert.rejects(command, /EINVAL, INVALID_FIELD/);
}

const GREY: Colour = { value: { kind: "grey", level: 7 } };

async function tryObjects(
  admin: AdminDriver,
  colour: ObjectLayout<Colour>,
  mix: ObjectLayout<Mix>,
): Promise<void> {
  await assert.rejects(admin.createObject(SELF, { type: colour, id: 3 }, GREY), /EINVAL/);
  await admin.createObject(SELF, { type: colour, id: 2 }, GREY);
  const wrong = admin.createObject(SELF, { type: colour.type, id: 1 }, Uint8Array.of(9, 9));
  await assert.rejects(wrong, /EINVAL, INVALID_FIELD/, "a kind that there is not");
  const both = { one: 0, other: 2n };
  await assert.rejects(admin.createObject(SELF, { type: mix, id: 0 }, both), /EINVAL/);
  await admin.createObject(SELF, { type: colour.type, id: 0 }, Uint8Array.of(2, 1, 2));
  await admin.createObject(SELF, { type: mix, id: 0 }, both);
  await assert.rejects(admin.createObject(SELF, { type: mix, id: 1 }, both), /ENOSPC/);
  await assert.rejects(admin.destroyObject(SELF, { type: colour, id: 2 }), /EBUSY/);
  assert.deepEqual(await admin.queryObject(SELF, { type: colour, id: 2 }), GREY);
  assert.deepEqual(await admin.queryObject(SELF, { type: mix, id: 0 }), both);
  const rgb = { value: { kind: "rgb", red: 1, green: 2, blue: 0 } };
  assert.deepEqual(await admin.queryObject(SELF, { type: colour, id: 0 }), rgb);
}
