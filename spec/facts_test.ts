/** `virtio.json` against the facts of the standard: nothing missing, nothing too many. */

import assert from "node:assert/strict";
import type { JsonModel } from "../generator/views/json_types.ts";
import { exceptions } from "./facts_exceptions.ts";
import { compareFacts, type Facts, linesOfFacts } from "./facts_fixture.ts";

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(new URL(path, import.meta.url)));
}

const facts = await readJson<Facts>("./facts.json");
const model = await readJson<JsonModel>("../generated/virtio.json");
const known = new Set(Object.values(exceptions).flat());

/** So that no fact falls out of the file unnoticed. */
const COUNTS = {
  ids: 47,
  devices: 23,
  features: 127,
  structs: 318,
  fields: 1220,
  constants: 874,
  registers: 78,
};

Deno.test("virtio.json has the facts of the standard, and no others", () => {
  const found = compareFacts(facts, model);
  assert.deepEqual(found.filter((line) => !known.has(line)), []);
  assert.deepEqual([...known].filter((line) => !found.includes(line)), [], "differ no longer");
});

Deno.test("exceptions have a reason each, and are named once", () => {
  for (const [reason, lines] of Object.entries(exceptions)) {
    assert.ok(reason.length > 20 && lines.length > 0, reason);
  }
  assert.equal(known.size, Object.values(exceptions).flat().length);
});

Deno.test("the facts are those of VIRTIO 1.4: as many as the standard has", () => {
  const kinds = new Map<string, number>();
  for (const name of linesOfFacts(facts).keys()) {
    const kind = name.split(" ")[0]!;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const fields = Object.values(facts.structs).flatMap((struct) => struct.fields);
  const counts = {
    ids: Object.keys(facts.deviceIds).length,
    devices: kinds.get("device"),
    features: kinds.get("feature"),
    structs: kinds.get("struct"),
    fields: fields.length,
    constants: kinds.get("constant"),
    registers: kinds.get("register"),
  };
  assert.deepEqual(counts, COUNTS);
});

Deno.test("compareFacts() tells what is missing, too many or otherwise", () => {
  const { net, ...devices } = model.devices;
  const { virtio_blk_config: blk, virtio_blk_geometry: _, ...structs } = model.structs;
  const { VIRTIO_BLK_T_OUT: __, ...constants } = model.constants;
  const [first, second, ...fields] = blk!.fields;
  const [csum, ...features] = net!.features;
  const wrong: JsonModel = {
    ...model,
    devices: {
      ...devices,
      net: { ...net!, id: 2, features: [{ ...csum!, bit: 1 }, ...features.slice(1)] },
    },
    structs: {
      ...structs,
      virtio_blk_config: { ...blk!, size: 97, fields: [{ ...first!, type: "le32" }, ...fields] },
      virtio_blk_more: { ...blk!, fields: [] },
    },
    constants: { ...constants, VIRTIO_BLK_T_IN: 1, VIRTIO_BLK_T_MORE: 9 },
  };
  assert.equal(second!.name, "size_max");
  const before = new Set(compareFacts(facts, model));
  assert.deepEqual(compareFacts(facts, wrong).filter((line) => !before.has(line)), [
    "missing gate blk.size_max",
    "device net: 1 Network Device 5.1, here 2 Network Device 5.1",
    "feature VIRTIO_NET_F_CSUM: 0, here 1",
    "missing feature VIRTIO_NET_F_GUEST_CSUM",
    "struct virtio_blk_config: 96, here 97",
    "missing struct virtio_blk_geometry",
    "constant VIRTIO_BLK_T_IN: 0, here 1",
    "missing constant VIRTIO_BLK_T_OUT",
    "extra struct virtio_blk_more",
    "extra constant VIRTIO_NET_F_GUEST_CSUM",
    "extra constant VIRTIO_BLK_T_MORE",
    "field virtio_blk_config.capacity: 0 le64, here 0 le32",
    "missing field virtio_blk_config.size_max",
  ]);
});
