/** `virtio.json` alone is enough to decode every vector. */

import assert from "node:assert/strict";
import { parseHex, parseValue } from "../testing/hex.ts";
import { readVectors, type Vector } from "../testing/vectors.ts";
import { JsonDecoder, Malformed, type Session } from "./json_decoder_fixture.ts";
import { propertyName } from "./names.ts";
import type { JsonCase, JsonDevice, JsonModel } from "./views/json.ts";

const text = Deno.readTextFileSync(new URL("../generated/virtio.json", import.meta.url));
const model = JSON.parse(text) as JsonModel;

/** Devices that have vectors. */
const devices = [...Deno.readDirSync(new URL("../testdata/vectors", import.meta.url))]
  .map(({ name }) => name).filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -".json".length)).sort();

/** Values as the vectors have them: properties in TypeScript's case, all numbers as bigints. */
function comparable(value: unknown): unknown {
  if (typeof value === "number") return BigInt(value);
  if (value instanceof Uint8Array) return `hex:${value.toHex()}`;
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [propertyName(key), comparable(each)]),
  );
}

/** Each value of a vector is in what was decoded, at any depth. */
function assertIncludes(found: unknown, wanted: unknown, path: string): void {
  if (Array.isArray(wanted)) {
    assert.ok(Array.isArray(found) && found.length === wanted.length, `${path}: its length`);
    wanted.forEach((each, at) => assertIncludes(found[at], each, `${path}[${at}]`));
  } else if (typeof wanted === "object" && wanted !== null) {
    for (const [key, each] of Object.entries(wanted)) {
      assertIncludes((found as Record<string, unknown>)[key], each, `${path}.${key}`);
    }
  } else assert.equal(found, wanted, path);
}

function sessionOf(device: JsonDevice, vector: Vector): Session {
  const all = [...device.features, ...model.layouts.core!.features];
  const full = vector.features.map((key) => {
    const feature = all.find(({ name }) => name.endsWith(`_F_${key}`));
    assert.ok(feature, `there is no feature ${key}`);
    return feature.name;
  });
  const fields = device.config === null ? [] : model.structs[device.config]!.fields;
  const config = Object.fromEntries(fields.flatMap(({ name }) => {
    const value = vector.config?.[propertyName(name)];
    return typeof value === "number" ? [[name, BigInt(value)]] : [];
  }));
  return { features: new Set(full), config };
}

/** The case that a vector names, with its set. */
function caseOf(device: JsonDevice, message: string): JsonCase {
  const [setName = "", caseName] = message.split(".");
  const set = device.messages[setName];
  assert.ok(set, `there are no messages ${setName}`);
  const one = caseName === undefined ? Object.values(set.cases)[0] : set.cases[caseName];
  assert.ok(one, `there is no case ${message}`);
  return one;
}

function checkConfig(device: JsonDevice, vector: Vector): void {
  const decoder = new JsonDecoder(model, sessionOf(device, vector));
  const found = decoder.config(device.config!, parseHex(vector.readable ?? "").bytes);
  assertIncludes(comparable(found), comparable(parseValue(vector.values?.request ?? {})), "config");
}

function checkMessage(device: JsonDevice, vector: Vector): void {
  const one = caseOf(device, vector.message);
  const decoder = new JsonDecoder(model, sessionOf(device, vector));
  const { bytes } = parseHex(vector.writable ?? "");
  const used = one.from === "device" ? vector.used ?? bytes.length : bytes.length;
  const [request, answer] = decoder.message(
    one,
    parseHex(vector.readable ?? "").bytes,
    bytes.subarray(0, used),
  ).map(comparable) as [Record<string, unknown>, Record<string, unknown>];
  const { values = {} } = vector;
  const sent = one.from === "device" ? answer : request;
  assertIncludes(sent, comparable(parseValue(values.request ?? {})), "request");
  assertIncludes(answer, comparable(parseValue(values.answer ?? {})), "answer");
  if (values.status !== undefined) {
    const status = one.status!.field.reduce<unknown>(
      (value, name) => (value as Record<string, unknown>)[propertyName(name)] ?? value,
      answer,
    );
    assert.equal(status, BigInt(values.status), "status");
  }
  for (const { name, hex, writable } of values.payloads ?? []) {
    const found = (writable === true ? answer : request)[propertyName(name)];
    assert.equal(found, `hex:${parseHex(hex).bytes.toHex()}`, name);
  }
}

for (const name of devices) {
  Deno.test(`virtio.json alone decodes the vectors of ${name}`, () => {
    const device = model.devices[name];
    assert.ok(device, `there is no device ${name}`);
    for (const vector of readVectors(name)) {
      try {
        if (vector.message === "config") checkConfig(device, vector);
        else if (vector.refused === "event") {
          assert.throws(() => checkMessage(device, vector), Malformed);
        } else if (vector.refused === undefined) checkMessage(device, vector);
      } catch (error) {
        throw new Error(`${vector.name}: ${error}`, { cause: error });
      }
    }
  });
}
