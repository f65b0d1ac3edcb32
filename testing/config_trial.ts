/**
 * What both sides make of a configuration space.
 *
 * @module
 */

import assert from "node:assert/strict";
import { HandDevice } from "./driver_bench.ts";
import { deviceOptions, featureBits, type Subject } from "./subjects.ts";
import { fieldsOf, readableOf, type Vector } from "./vectors.ts";

/** Where the one configuration space that is a window has its size and what it shows (VIRTIO 1.4, 5.8.4). */
const WINDOW = { size: 2, from: 8 };

interface Window {
  select(select: number, subsel: number): Promise<unknown>;
}

/** The device shows exactly these bytes, and the driver finds exactly these fields in them. */
export async function tryConfig(subject: Subject, vector: Vector): Promise<void> {
  const config = vector.values?.request ?? {};
  const { window } = subject.description.config ?? {};
  const bytes = readableOf(vector);
  const options = deviceOptions(subject, { ...vector, config }, () => 0);
  if (window !== undefined) {
    options.window = () => bytes.slice(WINDOW.from, WINDOW.from + bytes[WINDOW.size]!);
  }
  const device = subject.makeDevice(options);
  if (window !== undefined) device.writeConfig(0, bytes.subarray(0, WINDOW.size));
  assert.deepEqual(device.config.bytes, bytes, "the bytes that the device shows");
  const offered = featureBits(subject, vector, { packed: false, indirect: false });
  const driver = await subject.openDriver(
    new HandDevice(subject.description.id, offered, bytes),
    {},
  );
  try {
    if (window !== undefined) await (driver as unknown as Window).select(bytes[0]!, bytes[1]!);
    const found = (driver as unknown as { readonly config: unknown }).config;
    assert.deepEqual(found, fieldsOf(config), "the fields that the driver finds");
  } finally {
    await driver.close();
  }
}
