/** `virtio.json` and the leaves: what the generator says without a runtime. */

import assert from "node:assert/strict";
import { DescriptionError } from "../diagnostics.ts";
import { load, resolve } from "../front.ts";
import type { Model } from "../model.ts";
import { render } from "../render.ts";
import { standardModules } from "../standard.ts";
import { jsonModel } from "./json.ts";
import { jsonText } from "./json_text.ts";
import { layoutView } from "./layout.ts";

const root = new URL("../../", import.meta.url);

async function modelOf(...modules: string[]): Promise<Model> {
  return resolve(await load(modules.map((name) => `spec/${name}.ts`), root));
}

Deno.test("jsonModel() gives gates their full names, those of the core too", async () => {
  const { devices, structs } = jsonModel(await modelOf("core", "devices/net"));
  const config = structs.virtio_net_config!;
  assert.equal(config.size, 28);
  const pairs = config.fields.find(({ name }) => name === "max_virtqueue_pairs")!;
  assert.deepEqual(pairs.when, ["VIRTIO_NET_F_MQ", "VIRTIO_NET_F_RSS"]);
  const tunnel = devices.net!.features.find(({ name }) => name === "VIRTIO_NET_F_HASH_TUNNEL")!;
  assert.deepEqual(tunnel.requires, [
    ["VIRTIO_NET_F_CTRL_VQ", "VIRTIO_NET_F_RSS"],
    ["VIRTIO_NET_F_CTRL_VQ", "VIRTIO_NET_F_HASH_REPORT"],
  ]);
});

Deno.test("jsonModel() places what stands at the end of a message", async () => {
  const { devices } = jsonModel(await modelOf("devices/blk"));
  const { writable } = devices.blk!.messages.virtio_blk_req!.cases.zone_append!;
  assert.equal(writable.size, 9);
  const read = devices.blk!.messages.virtio_blk_req!.cases.in!.writable;
  assert.deepEqual(
    read.fields.map(({ name, offset, size, type, fromEnd }) => [
      name,
      offset,
      size,
      type,
      fromEnd,
    ]),
    [
      ["data", 0, null, "rest", undefined],
      ["status", null, 1, "u8", 1],
    ],
  );
});

Deno.test("jsonModel() says what used lengths are worth, also over legacy interfaces (2.7.8.1)", async () => {
  const { devices } = jsonModel(await modelOf("devices/blk", "devices/console", "devices/scsi"));
  const worth = (device: string, queue: string) => {
    const { used, legacyUsed } = devices[device]!.queues[queue]!;
    return [used, legacyUsed];
  };
  assert.deepEqual(worth("scsi", "requestq"), ["bound", "ignored"]);
  assert.deepEqual(worth("scsi", "eventq"), [undefined, "ignored"]);
  assert.deepEqual(worth("blk", "requestq"), [undefined, "ignored"]);
  assert.deepEqual(worth("console", "receiveq"), ["length", undefined]);
});

Deno.test("jsonModel() marks the device ids without a chapter as reserved (5)", async () => {
  const model = jsonModel(resolve(await load(await standardModules())));
  const { members, reservedMembers } = model.enums.VIRTIO_ID!;
  const described = new Set(Object.values(model.devices).map(({ id }) => id));
  const others = Object.entries(members).filter(([, id]) => !described.has(id));
  assert.deepEqual(reservedMembers, others.map(([name]) => name));
});

Deno.test("jsonModel() refuses one name with two meanings", async () => {
  const model = await modelOf("devices/entropy", "devices/scmi");
  const [first, second] = model.devices;
  const named = (value: number) => ({ constants: [{ name: "VIRTIO_X", value, doc: "" }] });
  const same = { ...model, devices: [{ ...first!, ...named(1) }, { ...second!, ...named(1) }] };
  assert.equal(jsonModel(same).constants.VIRTIO_X, 1);
  const other = { ...model, devices: [{ ...first!, ...named(1) }, { ...second!, ...named(2) }] };
  assert.throws(() => jsonModel(other), (error) => {
    assert.ok(error instanceof DescriptionError);
    assert.deepEqual(error.diagnostics.map(({ code, path, found }) => [code, path, found]), [
      ["V020", "scmi: constants", "VIRTIO_X"],
    ]);
    return true;
  });
});

Deno.test("jsonModel() writes what JSON readers would round in hexadecimal", async () => {
  const model = await modelOf("devices/entropy");
  const constants = [{ name: "VIRTIO_BIG", value: 2 ** 60, doc: "" }];
  const big = { ...model, devices: [{ ...model.devices[0]!, constants }] };
  assert.equal(jsonModel(big).constants.VIRTIO_BIG, "0x1000000000000000");
});

Deno.test("jsonText() is JSON, and the same every time", async () => {
  const value = jsonModel(await modelOf("rings", "devices/input"));
  const text = jsonText(value);
  assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
  assert.equal(text, jsonText(jsonModel(await modelOf("rings", "devices/input"))));
});

Deno.test("Layouts import nothing and give sizes, offsets, bits and registers", async () => {
  const { layouts } = await modelOf("rings", "admin", "transports/mmio");
  const [rings = "", admin = "", mmio = ""] = layouts.map((one) =>
    render("layout", layoutView(one))
  );
  for (const text of [rings, admin, mmio]) assert.doesNotMatch(text, /^import\b/m);
  assert.match(rings, /export const VIRTQ_DESC_SIZE = 16;/);
  assert.match(rings, /export const VIRTQ_DESC = \{[^}]*next: 14,/);
  assert.match(rings, /descEventWrap: \{ shift: 15, mask: 1 \},/);
  assert.match(admin, /export const VIRTIO_ADMIN_CMD_READABLE = \{[^}]*groupMemberId: 16,/);
  assert.match(mmio, /QueueReset: \{ offset: 0xc0, size: 4, access: "RW" \},/);
});

Deno.test("jsonModel() says in what order requests are served, and what starts a session", async () => {
  const { devices } = jsonModel(await modelOf("devices/gpio", "devices/fs", "devices/net"));
  const served = (device: string, queue: string) => {
    const { order, waits } = devices[device]!.queues[queue]!;
    return { order, waits };
  };
  assert.deepEqual(served("gpio", "requestq"), { order: { key: "gpio" }, waits: undefined });
  assert.deepEqual(served("gpio", "eventq"), { order: undefined, waits: true });
  assert.deepEqual(served("net", "receiveq"), { order: undefined, waits: undefined });
  const starts = (device: string) =>
    Object.values(devices[device]!.messages).flatMap((set) => set.starts ?? []);
  assert.deepEqual(starts("fs"), [{ field: "opcode", value: "FUSE_INIT" }]);
  assert.deepEqual(starts("net"), []);
});
