import assert from "node:assert/strict";
import { blk } from "./devices/blk.ts";
import { crypto } from "./devices/crypto.ts";
import { input } from "./devices/input.ts";
import { net } from "./devices/net.ts";
import { scsi } from "./devices/scsi.ts";
import { rings } from "./rings.ts";
import { deviceSchema, jsonSchema, layoutSchema } from "./schema.ts";
import { mmio } from "./transports/mmio.ts";
import { z } from "./zod.ts";

const devices = [blk, crypto, input, net, scsi];
const layouts = [rings, mmio];

Deno.test("the schema accepts real descriptions and gives them back unchanged", () => {
  for (const device of devices) assert.deepEqual(deviceSchema.parse(device), device);
  for (const layout of layouts) assert.deepEqual(layoutSchema.parse(layout), layout);
});

Deno.test("the schema refuses what it does not know, wherever it stands", () => {
  const wrong: unknown[] = [
    { ...blk, colour: 1 },
    { ...blk, features: { RO: { bit: 5, doc: "Read-only", by: "option", colour: 1 } } },
    { ...blk, config: { ...blk.config, fields: { capacity: { kind: "scalar", type: "u7" } } } },
    { ...blk, queues: { requestq: { ...blk.queues.requestq, index: -1 } } },
    { ...blk, structs: { s: { doc: "S", fields: { f: { kind: "bytes", length: "some" } } } } },
  ];
  for (const device of wrong) assert.equal(deviceSchema.safeParse(device).success, false);
});

Deno.test("jsonSchema() says the same to other tools", () => {
  const schema = z.fromJSONSchema(JSON.parse(JSON.stringify(jsonSchema())));
  for (const description of [...devices, ...layouts]) {
    assert.equal(schema.safeParse(description).success, true, description.name);
  }
  assert.equal(schema.safeParse({ ...blk, colour: 1 }).success, false);
  assert.equal(schema.safeParse({ ...blk, name: "Blk" }).success, false);
  assert.equal(schema.safeParse({ ...rings, doc: "two\nlines" }).success, false);
});

Deno.test("jsonSchema() names its parts and describes them", () => {
  const { $defs } = jsonSchema() as { $defs: Record<string, { description?: string }> };
  for (const name of ["Device", "Layout", "Scalar", "Union", "Case", "Queue", "Operand"]) {
    assert.ok($defs[name]?.description, name);
  }
});
