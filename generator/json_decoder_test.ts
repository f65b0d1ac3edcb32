/** `virtio.json` alone is enough to decode every vector. */

import assert from "node:assert/strict";
import { parseHex, parseValue } from "../testing/hex.ts";
import { readVectors, type Vector } from "../testing/vectors.ts";
import { JsonDecoder, Malformed, type Session } from "./json_decoder_fixture.ts";
import { propertyName } from "./names.ts";
import type { JsonCase, JsonDevice, JsonLayout, JsonModel } from "./views/json_types.ts";

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
      assertIncludes(valueOf(found as Record<string, unknown>, key), each, `${path}.${key}`);
    }
  } else assert.equal(found, wanted, path);
}

/** A value by its name; in TypeScript, structs that hold a tag or status are part of the message. */
function valueOf(fields: Readonly<Record<string, unknown>>, key: string): unknown {
  if (key in fields) return fields[key];
  return Object.values(fields).find((each): each is Record<string, unknown> =>
    typeof each === "object" && each !== null && key in each
  )?.[key];
}

/** A layout as a device that has nothing but its messages. */
function withoutDevice(layout: JsonLayout | undefined): JsonDevice | undefined {
  return layout && { ...layout, id: 0, config: null, queues: {}, sharedMemory: {} };
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
  return {
    features: new Set(full),
    config,
    ...(vector.order === undefined ? {} : { order: vector.order }),
    ...(vector.strict === undefined ? {} : { strict: vector.strict }),
    ...(vector.values?.given === undefined ? {} : { given: vector.values.given }),
  };
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
  const atEnd = one.writable.fields.some(({ fromEnd }) => fromEnd !== undefined);
  const { values = {} } = vector;
  const isBare = values.answer === undefined && values.payloads === undefined; // with zeroes beside it
  const told = vector.used ?? bytes.length;
  const least = isBare ? one.writable.size ?? bytes.length : 0;
  const used = atEnd ? bytes.length : Math.max(told, least);
  const readable = parseHex(vector.readable ?? "").bytes;
  const writable = bytes.subarray(0, used);
  const [request, answer] = decoder.message(one, readable, writable).map(comparable) as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  const exact = device.id !== 0; // parts of administration commands may have any length
  if (exact && one.readable.size !== null && readable.length > 0) {
    assert.throws(() => decoder.message(one, readable.subarray(1), writable), Malformed);
  }
  if (exact && one.writable.size !== null && writable.length > 0) {
    assert.throws(() => decoder.message(one, readable, writable.subarray(1)), Malformed);
  }
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
    const found = (writable === true ? answer : request)[propertyName(name)] ?? "hex:";
    const { bytes, written } = parseHex(hex);
    const wanted = atEnd ? bytes : bytes.subarray(0, written.lastIndexOf(1) + 1);
    assert.equal(found, `hex:${wanted.toHex()}`, name);
  }
}

for (const name of devices) {
  Deno.test(`virtio.json alone decodes the vectors of ${name}`, () => {
    const device = model.devices[name] ?? withoutDevice(model.layouts[name]);
    assert.ok(device, `there is no device ${name}`);
    for (const vector of readVectors(name)) {
      try {
        if (vector.message === "config") checkConfig(device, vector);
        else if (vector.refused === undefined && vector.only !== "driver") {
          checkMessage(device, vector); // a driver also copes with less than an answer
        }
      } catch (error) {
        throw new Error(`${vector.name}: ${error}`, { cause: error });
      }
    }
  });
}
