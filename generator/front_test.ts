import assert from "node:assert/strict";
import {
  array,
  bits,
  body,
  bytes,
  inline,
  le16,
  le32,
  le64,
  padding,
  payload,
  sequence,
  struct,
  text,
  u8,
  union,
} from "../spec/dsl.ts";
import { crypto } from "../spec/devices/crypto.ts";
import { iommu } from "../spec/devices/iommu.ts";
import { rings } from "../spec/rings.ts";
import type { Device, Layout } from "../spec/types.ts";
import { DescriptionError } from "./diagnostics.ts";
import { load, type LoadedDescription, resolve } from "./front.ts";
import type { DeviceModel, FieldModel } from "./model.ts";
import { type Pass, passes } from "./passes.ts";
import { Draft } from "./passes/draft.ts";
import { lamp } from "./testdata/lamp.ts";

function loaded(description: unknown): LoadedDescription {
  return { description: description as Device | Layout, source: "lamp.ts", diagnostics: [] };
}

/** Model of the lamp with some of it replaced. */
function resolveLamp(changes: Readonly<Record<string, unknown>>): DeviceModel {
  return resolve([loaded({ ...lamp, ...changes })]).devices[0]!;
}

async function deviceNamed(name: string): Promise<DeviceModel> {
  const root = new URL("../", import.meta.url);
  return resolve(await load([`spec/devices/${name}.ts`], root)).devices[0]!;
}

function field(fields: readonly FieldModel[], name: string): FieldModel {
  return fields.find((one) => one.name === name)!;
}

function structOf(fields: Readonly<Record<string, unknown>>): readonly FieldModel[] {
  const structs = {
    virtio_lamp_pair: { doc: "A pair", fields: { one: u8("One"), two: le16("Two") } },
    virtio_lamp_name: {
      doc: "A name",
      fields: { length: u8("Bytes"), name: bytes("Name", { field: "length" }) },
    },
    it: { doc: "It", fields },
  };
  return resolveLamp({ structs }).structs.find((one) => one.name === "it")!.fields;
}

function layout(fields: readonly FieldModel[]): Record<string, (number | null)[]> {
  return Object.fromEntries(
    fields.map(({ name, offset, size, offsetFromEnd }) => [name, [offset, size, offsetFromEnd]]),
  );
}

Deno.test("resolve() knows offset, size and place from the end of every kind of field", () => {
  const fields = structOf({
    word: bits("le16", { low: { width: 3 }, high: { width: 13 } }),
    pair: struct("virtio_lamp_pair"),
    pairs: array({ struct: "virtio_lamp_pair" }, "Pairs", 2),
    numbers: array("le64", "Numbers", 3),
    places: array({ bytes: 6 }, "Places", 2),
    padding: padding(3),
    kind: u8("Kind"),
    slot: union("Slot", "kind", { a: { tag: 0, struct: "virtio_lamp_pair" } }, { size: 8 }),
    even: union("Even", "kind", {
      a: { tag: 0, fields: { one: le32("One") } },
      b: { tag: 1, fields: { two: bytes("Two", 4) } },
    }),
    rest: bytes("What is left", "rest"),
    tail: le64("Behind it"),
    last: u8("Last"),
  });
  assert.deepEqual(layout(fields), {
    word: [0, 2, null],
    pair: [2, 3, null],
    pairs: [5, 6, null],
    numbers: [11, 24, null],
    places: [35, 12, null],
    padding: [47, 3, null],
    kind: [50, 1, null],
    slot: [51, 8, null],
    even: [59, 4, null],
    rest: [63, null, null],
    tail: [null, 8, 9],
    last: [null, 1, 1],
  });
});

Deno.test("resolve() gives no offset behind what varies or may be absent", () => {
  const fields = structOf({
    count: u8("Number of levels"),
    levels: array("u8", "Levels", { field: "count" }),
    watts: le16("Power"),
    dim: u8("Whether it can be dimmed", { when: "DIM" }),
    name: struct("virtio_lamp_name"),
    last: u8("Last"),
  });
  assert.deepEqual(layout(fields), {
    count: [0, 1, null],
    levels: [1, null, null],
    watts: [null, 2, null],
    dim: [null, 1, null],
    name: [null, null, null],
    last: [null, 1, null],
  });
  assert.deepEqual(field(fields, "dim").when, [["DIM"]]);
});

Deno.test("resolve() keeps offsets behind gates in structs that grow and in the configuration", () => {
  const grown = resolveLamp({
    structs: {
      it: {
        doc: "It",
        grows: true,
        fields: { one: u8("One"), two: le16("Two", { when: "DIM" }), three: u8("Three") },
      },
    },
    config: {
      struct: "virtio_lamp_config",
      fields: { levels: u8("Levels", { when: "DIM" }), watts: le16("Power") },
    },
  });
  const it = grown.structs[0]!;
  assert.deepEqual(it.fields.map((one) => one.offset), [0, 1, 3]);
  assert.deepEqual([it.size, it.minSize, it.grows], [4, 2, true]);
  assert.deepEqual(grown.config!.fields.map((one) => one.offset), [0, 1]);
});

Deno.test("resolve() derives lengths, selectors with one value an arm, and constants", () => {
  const fields = structOf({
    version: u8("Version", { value: 1 }),
    count: u8("Number of levels"),
    levels: array("u8", "Levels", { field: "count" }),
    kind: u8("Kind"),
    slot: union("Slot", "kind", { a: { tag: 0, struct: "virtio_lamp_pair" } }, { size: 8 }),
    colour: u8("Colour"),
    more: union("More", "colour", { a: { tag: [0, 1], struct: "virtio_lamp_pair" } }, { size: 8 }),
    raw: u8("Raw"),
    other: union("Other", "raw", { a: { tag: 0, struct: "virtio_lamp_pair" } }, {
      size: 8,
      otherwise: "raw",
    }),
    length: bytes("A name of the standard, not a number", 2),
  });
  const derived = fields.filter((one) => one.derived).map((one) => one.name);
  assert.deepEqual(derived, ["version", "count", "kind"]);
});

Deno.test("resolve() puts fields of cases before a trailing status, or where body() stands", () => {
  const status = { ...lamp.messages.virtio_lamp_req.status };
  const readable = { type: le32("What", { tag: true }) };
  const cases = {
    on: {
      doc: "On",
      tag: 0,
      readable: { level: u8("Level") },
      writable: { data: payload("Data") },
    },
    off: { doc: "Off", tag: 1, status: "none" },
  };
  const state = u8("How it went", { enum: "VIRTIO_LAMP_S" });
  const { messages } = resolveLamp({
    messages: {
      virtio_lamp_req: {
        doc: "R",
        readable,
        writable: { watts: u8("W"), status: state },
        status,
        cases,
      },
      first: {
        doc: "F",
        readable: { head: u8("Head"), middle: body(), ...readable },
        writable: { status: state, body: body(), watts: u8("W") },
        status,
        cases,
      },
    },
    features: {},
    config: { struct: "virtio_lamp_config", fields: { watts: u8("W") } },
  });
  const names = messages.map((set) =>
    set.cases.map((one) =>
      [one.readable, one.writable].map((part) => part.fields.map((f) => f.name))
    )
  );
  assert.deepEqual(names, [
    [[["type", "level"], ["watts", "data", "status"]], [["type"], []]],
    [[["head", "level", "type"], ["status", "data", "watts"]], [["head", "type"], []]],
  ]);
  assert.deepEqual(messages[1]!.header.fields.map((one) => one.name), ["head"]);
  assert.deepEqual(messages[0]!.cases.map((one) => one.status?.ok ?? null), ["OK", null]);
});

Deno.test("resolve() finds tags inside structs, with their offset in the part", () => {
  const { messages } = resolveLamp({
    structs: {
      head: { doc: "Head", fields: { size: le16("Size"), type: le16("What", { tag: true }) } },
    },
    messages: {
      virtio_lamp_req: {
        doc: "R",
        readable: { magic: le32("Magic"), head: inline("head") },
        cases: { on: { doc: "On", tag: "VIRTIO_LAMP_T_TELL" } },
      },
    },
    features: {},
    config: { struct: "virtio_lamp_config", fields: { watts: u8("W") } },
  });
  const set = messages[0]!;
  assert.deepEqual(set.tags.map(({ name, offset }) => [name, offset]), [["type", 6]]);
  assert.deepEqual(set.cases[0]!.tags, [1]);
});

Deno.test("resolve() knows the arms of sequences and unions by their values", () => {
  const fields = structOf({
    items: sequence("Items", {
      header: "virtio_lamp_pair",
      by: "one",
      size: { field: "two" },
      arms: {
        first: { tag: ["VIRTIO_LAMP_S_BROKEN", 7], fields: { name: text("utf8", "Name", "rest") } },
        other: { tag: 3, struct: "virtio_lamp_pair" },
      },
    }),
  });
  const { arms, struct: header } = field(fields, "items");
  assert.equal(header!.name, "virtio_lamp_pair");
  assert.deepEqual(arms.map((arm) => [arm.name, arm.tags, arm.size]), [
    ["first", [1, 7], null],
    ["other", [3], 3],
  ]);
});

Deno.test("resolve() tells what implements a feature", () => {
  const { features } = resolveLamp({});
  const facts = features.map((one) => [one.name, one.by, one.handlers, one.configFields]);
  assert.deepEqual(facts, [
    ["VIRTIO_LAMP_F_DIM", ["config"], [], ["levels"]],
    ["VIRTIO_LAMP_F_TELL", ["handler"], ["virtio_lamp_req.tell"], []],
  ]);
});

Deno.test("resolve() lays the configuration of the block device out as the standard does", async () => {
  const { config } = await deviceNamed("blk");
  const offsets = Object.fromEntries(config!.fields.map((one) => [one.name, one.offset]));
  assert.equal(config!.size, 96);
  assert.equal(offsets.geometry, 16);
  assert.equal(offsets.num_queues, 34);
  assert.equal(offsets.secure_erase_sector_alignment, 68);
  assert.equal(offsets.zoned, 72);
});

Deno.test("resolve() finds the status of a block request from the end", async () => {
  const { messages } = await deviceNamed("blk");
  const append = messages[0]!.cases.find((one) => one.name === "zone_append")!;
  const fromEnd = append.writable.fields.map((one) => [one.name, one.offsetFromEnd]);
  assert.deepEqual(fromEnd, [["append_sector", null], ["status", null]]);
  const read = messages[0]!.cases.find((one) => one.name === "in")!;
  assert.deepEqual(read.writable.fields.map((one) => one.offsetFromEnd), [null, 1]);
});

Deno.test("resolve() tells the problems of every description, and those of loading, in order", () => {
  const earlier = { code: "V001", path: "x.ts", found: "no such file", expected: "one" } as const;
  const missing = { description: null, source: "x.ts", diagnostics: [earlier] };
  const wrong = { ...lamp, oneFeatureOf: ["GLOW"] };
  const second = { ...wrong, name: "light", prefix: "Light", id: 5 };
  assert.throws(() => resolve([loaded(wrong), missing, loaded(second)]), (error) => {
    assert.ok(error instanceof DescriptionError);
    const places = error.diagnostics.map(({ code, path }) => [code, path]);
    assert.deepEqual(places, [
      ["V030", "lamp: oneFeatureOf"],
      ["V001", "x.ts"],
      ["V030", "light: oneFeatureOf"],
    ]);
    return true;
  });
});

Deno.test("each pass needs no more than the facts that it assumes", () => {
  for (const description of [lamp as unknown as Device, crypto, iommu, rings]) {
    for (const pass of passes) {
      const needed = closure(pass);
      const draft = new Draft(description, "lamp.ts", []);
      for (const one of passes.filter(({ name }) => needed.has(name))) one.run(draft, [draft]);
      pass.run(draft, [draft]);
    }
  }
});

function closure(pass: Pass): Set<string> {
  const names = new Set<string>();
  for (const fact of pass.assumes) {
    names.add(fact);
    const before = passes.find((one) => one.name === fact)!;
    for (const name of closure(before)) names.add(name);
  }
  return names;
}
