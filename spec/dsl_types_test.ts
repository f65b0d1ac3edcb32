/**
 * What the compiler checks in a description: each mistake below must be a compile error, and the
 * same description without it must not be.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  array,
  bits,
  bytes,
  defineDevice,
  defineLayout,
  type Device,
  inline,
  type Layout,
  le16,
  le32,
  payload,
  sequence,
  struct,
  u8,
  union,
} from "./dsl.ts";

const about = {
  name: "lamp",
  prefix: "Lamp",
  id: 0x3f00,
  title: "Lamp",
  section: "none",
  doc: "A lamp",
} as const;

const features = { DIM: { bit: 0, doc: "It can be dimmed", by: "option" } } as const;

const status = { ok: "OK", unknown: "NO", malformed: "NO", failed: "NO" } as const;

Deno.test("defineDevice() accepts every kind of name that the description has", () => {
  const lamp: Device = defineDevice({
    ...about,
    features: {
      DIM: { bit: 0, doc: "It can be dimmed", by: ["config", "handler"] },
      TELL: { bit: 1, doc: "It tells", requires: ["DIM"], excludes: ["OLD"], by: "handler" },
      OLD: { bit: 2, doc: "It is old", wants: [["DIM", "TELL"]], by: "legacy" },
    },
    oneFeatureOf: ["DIM", "TELL"],
    enums: { VIRTIO_LAMP_S: { doc: "How it went", name: "Status", members: { OK: 0, NO: 1 } } },
    structs: {
      virtio_lamp_item: { doc: "Start of an item", fields: { kind: u8("Kind"), size: u8("Size") } },
      virtio_lamp_about: {
        doc: "About the lamp",
        fields: {
          kind: u8("Kind", { enum: "VIRTIO_LAMP_S" }),
          count: le16("Number of names", { max: { config: "levels" } }),
          names: array({ struct: "virtio_lamp_item" }, "Names", { field: "count" }),
          body: union("The body", "kind", { glass: { tag: 0, struct: "virtio_lamp_item" } }),
          items: sequence("Items", {
            header: "virtio_lamp_item",
            by: "kind",
            size: { field: "size" },
            arms: { name: { tag: 0, fields: { name: bytes("Name", 4) } } },
          }),
        },
      },
    },
    config: {
      struct: "virtio_lamp_config",
      notifies: ["levels"],
      fields: { levels: le16("Levels", { when: "DIM" }) },
    },
    messages: {
      request: {
        doc: "A request",
        readable: { about: inline("virtio_lamp_about"), level: u8("Level") },
        writable: { status: u8("How it went", { enum: "VIRTIO_LAMP_S" }) },
        status: { ...status, field: "status" },
        checks: [{
          doc: "Not too bright",
          of: { sum: [{ field: "level" }, { length: "names" }] },
          atMost: { config: "levels" },
          when: "DIM",
          otherwise: "NO",
        }],
      },
    },
    queues: {
      requestq: {
        doc: "Requests",
        role: "request",
        carries: "request",
        index: 0,
        count: { config: "levels", when: "DIM", otherwise: 1 },
      },
    },
  });
  assert.equal(lamp.dsl, 1);
});

Deno.test("defineDevice() does not compile when a name of a feature is wrong", () => {
  defineDevice({
    ...about,
    features: {
      DIM: { bit: 0, doc: "It can be dimmed", by: "option" },
      // @ts-expect-error no feature DIMM
      TELL: { bit: 1, doc: "It tells", requires: "DIMM", by: "option" },
      // @ts-expect-error no feature DULL
      MORE: { bit: 2, doc: "More", wants: [["DIM", "DULL"]], by: "option" },
    },
    // @ts-expect-error no feature TALE
    oneFeatureOf: ["DIM", "TALE"],
    queues: {},
  });
  defineDevice({
    ...about,
    features,
    config: {
      struct: "virtio_lamp_config",
      // @ts-expect-error no feature DIMM
      fields: { levels: le16("Levels", { when: "DIMM" }) },
    },
    // @ts-expect-error no feature DULL
    sharedMemory: { picture: { id: 1, doc: "A picture", when: "DULL" } },
    queues: {},
  });
  defineDevice({
    ...about,
    features,
    messages: {
      request: {
        doc: "A request",
        readable: { type: u8("What", { tag: true }) },
        // @ts-expect-error no feature DULL
        cases: { on: { doc: "On", tag: 0, feature: ["DIM", "DULL"] } },
      },
    },
    queues: {
      // @ts-expect-error no feature DIMM
      requestq: { doc: "Requests", role: "request", carries: "request", index: 0, when: "DIMM" },
    },
  });
});

Deno.test("defineDevice() does not compile when a name of a configuration field is wrong", () => {
  defineDevice({
    ...about,
    config: {
      struct: "virtio_lamp_config",
      // @ts-expect-error no field level
      notifies: ["level"],
      fields: { levels: le16("Levels") },
    },
    messages: { request: { doc: "A request", readable: { data: payload("Data") } } },
    queues: {
      requestq: {
        doc: "Requests",
        role: "request",
        carries: "request",
        index: 0,
        // @ts-expect-error no field num_queues
        count: { config: "num_queues" },
      },
    },
  });
  defineDevice({
    ...about,
    config: { struct: "virtio_lamp_config", fields: { levels: le16("Levels") } },
    messages: {
      request: {
        doc: "A request",
        readable: {
          // @ts-expect-error no field levls
          level: u8("Level", { max: { config: "levls" } }),
          // @ts-expect-error no field nothing
          names: array("u8", "Names", { config: "nothing" }),
        },
      },
    },
    queues: {},
  });
});

Deno.test("defineDevice() does not compile when a name of an enumeration is wrong", () => {
  defineDevice({
    ...about,
    enums: { VIRTIO_LAMP_S: { doc: "How it went", name: "Status", members: { OK: 0 } } },
    structs: {
      virtio_lamp_about: {
        doc: "About the lamp",
        fields: {
          // @ts-expect-error no enumeration VIRTIO_LAMP_R
          status: u8("Status", { enum: "VIRTIO_LAMP_R" }),
          // @ts-expect-error no enumeration VIRTIO_LAMP_T
          flags: bits("u8", { kind: { width: 8, enum: "VIRTIO_LAMP_T" } }),
          // @ts-expect-error no enumeration VIRTIO_LAMP_B
          can: le32("What it can do", { bitsOf: "VIRTIO_LAMP_B" }),
        },
      },
    },
    queues: {},
  });
});

Deno.test("defineDevice() does not compile when a name of a struct is wrong", () => {
  defineDevice({
    ...about,
    structs: {
      virtio_lamp_colour: { doc: "A colour", fields: { rgb: bytes("Colour", 3) } },
      virtio_lamp_about: {
        doc: "About the lamp",
        fields: {
          kind: u8("Kind"),
          // @ts-expect-error no struct virtio_lamp_color
          colour: struct("virtio_lamp_color"),
          // @ts-expect-error no struct virtio_lamp_colours
          more: inline("virtio_lamp_colours"),
        },
      },
    },
    messages: {
      request: {
        doc: "A request",
        readable: {
          // @ts-expect-error no struct virtio_lamp_paint
          body: union("The body", "kind", { paint: { tag: 0, struct: "virtio_lamp_paint" } }),
        },
      },
    },
    queues: {},
  });
});

Deno.test("defineDevice() does not compile when a name of a message or field is wrong", () => {
  defineDevice({
    ...about,
    messages: {
      request: {
        doc: "A request",
        readable: {
          count: u8("Number of names"),
          // @ts-expect-error no field counts
          names: array("u8", "Names", { field: "counts" }),
        },
        // @ts-expect-error no field state
        status: { ...status, field: "state" },
      },
    },
    queues: {
      requestq: {
        doc: "Requests",
        role: "request",
        // @ts-expect-error no message set requests
        carries: "requests",
        index: 0,
      },
    },
  });
});

Deno.test("defineDevice() does not compile when what is administered has a wrong name", () => {
  defineDevice({
    ...about,
    structs: { virtio_lamp_cap: { doc: "Limits", fields: { bulbs: u8("Most bulbs") } } },
    queues: {},
    adminQueue: {
      doc: "Bulbs",
      capabilities: {
        limits: { tag: "VIRTIO_LAMP_CAP", struct: "virtio_lamp_cap" },
        // @ts-expect-error no struct virtio_lamp_caps
        other: { tag: "VIRTIO_LAMP_CAPS", struct: "virtio_lamp_caps" },
      },
      objects: {
        // @ts-expect-error no field bulb
        bulb: { tag: "VIRTIO_LAMP_OBJ", limit: { of: "limits", by: ["bulb"] } },
        // @ts-expect-error objects have a limit
        shade: { tag: "VIRTIO_LAMP_SHADE" },
      },
      // @ts-expect-error no enumeration VIRTIO_LAMP_PART
      parts: ["VIRTIO_LAMP_PART"],
    },
  });
});

Deno.test("defineDevice() does not compile when a word is not of the language", () => {
  defineDevice({
    ...about,
    features: {
      // @ts-expect-error nothing provides by hand
      DIM: { bit: 0, doc: "It can be dimmed", by: "hand" },
      // @ts-expect-error features have no colour
      TELL: { bit: 1, doc: "It tells", by: "option", colour: 1 },
    },
    queues: {
      // @ts-expect-error no such role
      requestq: { doc: "Requests", role: "requests", carries: [], index: 0 },
    },
  });
});

Deno.test("defineLayout() does not compile when a name of an enumeration or struct is wrong", () => {
  const panel: Layout = defineLayout({
    name: "panel",
    title: "Panel",
    section: "none",
    doc: "A panel",
    enums: { PANEL: { doc: "Colours", name: "Colour", members: { RED: 0 } } },
    structs: {
      panel: {
        doc: "A panel",
        fields: {
          colour: u8("Colour", { enum: "PANEL" }),
          // @ts-expect-error no enumeration PANELS
          other: u8("Other", { enum: "PANELS" }),
          // @ts-expect-error no struct face
          front: struct("face"),
        },
      },
    },
  });
  assert.equal(panel.dsl, 1);
});
