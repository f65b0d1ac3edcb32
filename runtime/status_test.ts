import assert from "node:assert/strict";
import fc from "fast-check";
import { heededStatus, isLive, Status, statusName } from "./status.ts";
import { covers } from "../testing/covers.ts";

const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, SUSPEND, DEVICE_NEEDS_RESET, FAILED } = Status;
const READY = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;

Deno.test("Status has the values of the standard", () => {
  assert.deepEqual(Object.values(Status), [1, 2, 4, 8, 16, 64, 128]);
});

// NOTES.md: core-status-order
Deno.test("heededStatus() follows the order of initialisation", () => {
  assert.equal(heededStatus(0, ACKNOWLEDGE), ACKNOWLEDGE);
  assert.equal(heededStatus(ACKNOWLEDGE, ACKNOWLEDGE | DRIVER), DRIVER);
  assert.equal(heededStatus(3, 3 | FEATURES_OK), FEATURES_OK);
  assert.equal(heededStatus(3 | FEATURES_OK, READY), DRIVER_OK);
  assert.equal(heededStatus(0, READY), READY, "all steps in one write");
});

Deno.test("heededStatus() ignores a step whose turn has not come", () => {
  covers("devicenormative:General Initialization And Device Operation / Device Suspend#1");
  assert.equal(heededStatus(ACKNOWLEDGE, FEATURES_OK), 0);
  assert.equal(heededStatus(DRIVER, FEATURES_OK), 0);
  assert.equal(heededStatus(3, 3 | DRIVER_OK), 0, "DRIVER_OK needs FEATURES_OK");
  assert.equal(heededStatus(3 | FEATURES_OK, 3 | FEATURES_OK | SUSPEND), 0);
  assert.equal(heededStatus(0, READY | SUSPEND), READY, "suspend only once live");
});

Deno.test("heededStatus() never lets the driver set the device's bit or an unknown one", () => {
  assert.equal(heededStatus(READY, READY | DEVICE_NEEDS_RESET | 32), 0);
});

Deno.test("heededStatus() heeds FAILED at any time and nothing after it", () => {
  assert.equal(heededStatus(0, FAILED), FAILED);
  assert.equal(heededStatus(READY, FAILED), FAILED);
  assert.equal(heededStatus(3 | FAILED, READY), 0);
});

Deno.test("heededStatus() lets a suspended device be resumed, with SUSPEND written or not", () => {
  const suspended = 3 | FEATURES_OK | SUSPEND;
  assert.equal(heededStatus(suspended, suspended | DRIVER_OK), DRIVER_OK);
  assert.equal(heededStatus(suspended, READY), DRIVER_OK);
});

Deno.test("heededStatus() gives new bits out of what was written, for any two values", () => {
  fc.assert(fc.property(fc.nat(255), fc.nat(255), (current, written) => {
    const fresh = heededStatus(current, written);
    assert.equal(fresh & current, 0);
    assert.equal(fresh & ~written, 0);
    assert.equal(fresh & (DEVICE_NEEDS_RESET | 32), 0);
    if ((fresh & DRIVER_OK) !== 0) assert.notEqual((current | fresh) & FEATURES_OK, 0);
  }));
});

Deno.test("isLive() needs DRIVER_OK and none of what stops a device", () => {
  assert.equal(isLive(READY), true);
  assert.equal(isLive(READY & ~DRIVER_OK), false);
  for (const stop of [SUSPEND, DEVICE_NEEDS_RESET, FAILED]) {
    assert.equal(isLive(READY | stop), false);
  }
});

Deno.test("statusName() spells every bit", () => {
  assert.equal(statusName(0), "0");
  assert.equal(statusName(ACKNOWLEDGE | FEATURES_OK), "ACKNOWLEDGE FEATURES_OK");
  assert.equal(statusName(32 | FAILED), "FAILED 0x20");
});
