import assert from "node:assert/strict";
import fc from "fast-check";
import { ECHO } from "./echo_fixture.ts";
import {
  acceptedFeatures,
  carriedFeatures,
  checkDefined,
  closeFeatures,
  type FeatureInfo,
  featureNames,
  featureSet,
  featuresLost,
  hasBit,
  inForce,
  queueFeatures,
  queueFormat,
  ReservedFeature,
  ringFeatures,
  withRequired,
} from "./features.ts";
import { LOOPBACK_FACILITIES } from "./loopback.ts";
import { covers } from "../testing/covers.ts";

const INFOS = ECHO.features;

Deno.test("featureSet() and hasBit() treat every bit alike, also 31, 32, 63, 64 and 127", () => {
  const bits = [0, 31, 32, 63, 64, 127];
  const set = featureSet(...bits);
  assert.equal(set, 0x8000_0000_0000_0001_8000_0001_8000_0001n);
  for (let bit = 0; bit < 128; bit++) assert.equal(hasBit(set, bit), bits.includes(bit), `${bit}`);
});

Deno.test("ringFeatures() takes part in all but in-order and platform unless told", () => {
  covers("drivernormative:Reserved Feature Bits#6");
  assert.equal(ringFeatures(), featureSet(28, 29, 32, 34, 38, 40, 43));
  assert.equal(ringFeatures({ inOrder: true }), featureSet(28, 29, 32, 34, 35, 38, 40, 43));
  assert.equal(ringFeatures({ platform: true }), featureSet(28, 29, 32, 33, 34, 38, 40, 43));
  const none = {
    packed: false,
    eventIdx: false,
    indirect: false,
    notificationData: false,
    reset: false,
    suspend: false,
    platform: false,
  };
  assert.equal(ringFeatures(none), featureSet(32), "VERSION_1 is no choice");
});

Deno.test("queueFeatures() and queueFormat() read the negotiated set", () => {
  assert.deepEqual(queueFeatures(featureSet(29, 35)), {
    eventIdx: true,
    indirect: false,
    inOrder: true,
    notificationData: false,
  });
  assert.equal(queueFeatures(featureSet(28)).indirect, true);
  assert.equal(queueFeatures(featureSet(38)).notificationData, true);
  assert.equal(queueFormat(featureSet(34)), "packed");
  assert.equal(queueFormat(featureSet(33, 35)), "split");
});

// NOTES.md: core-feature-ranges
Deno.test("carriedFeatures() masks what a transport has no room or register for", () => {
  covers("devicenormative:Basic Facilities of a Virtio Device / Feature Bits#4");
  const all = (1n << 200n) - 1n;
  const reserved = featureSet(44, 45, 46, 47, 48, 49);
  const mask = (facilities: Partial<typeof LOOPBACK_FACILITIES>) =>
    carriedFeatures(all, { ...LOOPBACK_FACILITIES, adminQueue: true, ...facilities });
  const whole = ((1n << 128n) - 1n) & ~reserved;
  assert.equal(mask({}), whole, "never the reserved ones, nor any above 127");
  assert.equal(mask({ featureBits: 64 }), BigInt.asUintN(64, whole));
  assert.equal(mask({ featureBits: 32 }), 0xffff_ffffn);
  assert.equal(mask({ queueReset: false }), whole & ~featureSet(40));
  assert.equal(mask({ adminQueue: false }), whole & ~featureSet(41));
  assert.equal(mask({ suspend: false }), whole & ~featureSet(43));
  assert.equal(mask({ notificationData: false }), whole & ~featureSet(38));
});

Deno.test("closeFeatures() drops what misses a prerequisite, and what needed that", () => {
  assert.equal(closeFeatures(featureSet(0, 1, 2), INFOS), featureSet(0, 1, 2));
  assert.equal(closeFeatures(featureSet(1, 2, 4), INFOS), featureSet(4));
  assert.equal(closeFeatures(featureSet(3, 63), INFOS), featureSet(3, 63), "one set is enough");
  assert.equal(closeFeatures(featureSet(3, 0), INFOS), featureSet(0), "half a set is not");
  assert.equal(closeFeatures(featureSet(127, 32), INFOS), featureSet(32));
  assert.equal(closeFeatures(featureSet(127, 64), INFOS), featureSet(127, 64));
});

Deno.test("withRequired() adds what is needed, unless it is not on offer or there is a choice", () => {
  const infos: FeatureInfo[] = [
    { name: "BASE", bit: 0, requires: [] },
    { name: "ON_BASE", bit: 1, requires: [[0]] },
    { name: "ON_BOTH", bit: 2, requires: [[0, 1]] },
    { name: "ON_EITHER", bit: 3, requires: [[0], [1]] },
    { name: "ON_THAT", bit: 4, requires: [[2]] },
  ];
  const all = featureSet(0, 1, 2, 3, 4);
  assert.equal(withRequired(featureSet(1), all, infos), featureSet(0, 1));
  assert.equal(withRequired(featureSet(4), all, infos), featureSet(0, 1, 2, 4));
  assert.equal(withRequired(featureSet(3, 32), all, infos), featureSet(3, 32));
  assert.equal(withRequired(featureSet(1), featureSet(1), infos), featureSet(1));
});

Deno.test("closeFeatures() drops what gives way to another feature, and what needed that", () => {
  const infos: FeatureInfo[] = [
    { name: "OLD", bit: 0, requires: [], excludes: [1] },
    { name: "NEW", bit: 1, requires: [] },
    { name: "ON_OLD", bit: 2, requires: [[0]] },
  ];
  assert.equal(closeFeatures(featureSet(0, 2), infos), featureSet(0, 2));
  assert.equal(closeFeatures(featureSet(1), infos), featureSet(1));
  const closed = closeFeatures(featureSet(0, 1, 2), infos);
  assert.equal(closed, featureSet(1));
  assert.equal(featuresLost(featureSet(0, 2), closed, infos), "ON_OLD needs OLD; OLD without NEW");
});

Deno.test("closeFeatures() gives the largest closed part of any set", () => {
  const info = fc.array(fc.array(fc.nat(7), { maxLength: 3 }), { maxLength: 2 });
  fc.assert(fc.property(fc.array(info, { minLength: 8, maxLength: 8 }), fc.nat(255), (all, set) => {
    const infos: FeatureInfo[] = all.map((requires, bit) => ({ name: `F${bit}`, bit, requires }));
    const closed = closeFeatures(BigInt(set), infos);
    const isClosed = (features: number) =>
      infos.every(({ bit, requires }) =>
        (features >> bit & 1) === 0 || requires.length === 0 ||
        requires.some((bits) => bits.every((other) => (features >> other & 1) === 1))
      );
    let largest = 0; // unions of closed sets are closed
    for (let part = 0; part < 256; part++) {
      if ((part & ~set) === 0 && isClosed(part)) largest |= part;
    }
    assert.equal(closed, BigInt(largest));
  }));
});

Deno.test("acceptedFeatures() drops what should not go without others, unless it is required", () => {
  const infos: FeatureInfo[] = [
    { name: "BASE", bit: 0, requires: [] },
    { name: "OTHER", bit: 1, requires: [] },
    { name: "WANTS_BOTH", bit: 2, requires: [], wants: [[0, 1]] },
    { name: "WANTS_THAT", bit: 3, requires: [], wants: [[2], [64]] },
    { name: "NEEDS_THAT", bit: 4, requires: [[2]] },
    { name: "OLD", bit: 5, requires: [], excludes: [2] },
    { name: "FAR", bit: 64, requires: [] },
  ];
  const cases: [string, readonly number[], readonly number[], readonly number[]][] = [
    ["all there", [0, 1, 2, 3, 4], [], [0, 1, 2, 3, 4]],
    ["half of it", [0, 2], [], [0]],
    ["half of it, required", [0, 2], [2], [0, 2]],
    ["what wants or needs what is gone", [0, 2, 3, 4], [], [0]],
    ["what is wanted, required", [2, 3], [2], [2, 3]],
    ["the other set", [2, 3, 64], [], [3, 64]],
    ["what a required one needs", [2, 4], [4], [2, 4]],
    ["what would have given way to it", [0, 2, 5], [], [0, 5]],
    ["bits of no feature", [2, 32], [], [32]],
    ["required, but not there", [0, 3], [2], [0]],
  ];
  for (const [what, usable, required, accepted] of cases) {
    const found = acceptedFeatures(featureSet(...usable), featureSet(...required), infos);
    assert.equal(found, featureSet(...accepted), what);
  }
  assert.equal(closeFeatures(featureSet(2, 3), infos), featureSet(2, 3), "a device may have them");
});

Deno.test("featureNames() uses the standard's names, and numbers for the rest", () => {
  assert.equal(
    featureNames(featureSet(0, 32, 57, 127), INFOS),
    "VIRTIO_ECHO_F_BASE, VIRTIO_F_VERSION_1, bit 57, VIRTIO_ECHO_F_127",
  );
  assert.equal(featureNames(0n, INFOS), "none");
});

Deno.test("featuresLost() says what a feature needs, or at least its name", () => {
  assert.equal(
    featuresLost(featureSet(3), 0n, INFOS),
    "VIRTIO_ECHO_F_EITHER needs VIRTIO_ECHO_F_BASE and VIRTIO_ECHO_F_ON_BASE, or VIRTIO_ECHO_F_63",
  );
  assert.equal(featuresLost(featureSet(32), 0n, INFOS), "VIRTIO_F_VERSION_1");
});

Deno.test("checkDefined() names bits that are no feature of the device type", () => {
  checkDefined("offer", featureSet(0, 127), ECHO);
  assert.throws(() => checkDefined("offer", featureSet(0, 5, 32), ECHO), {
    name: "RangeError",
    message: "Cannot offer bit 5, VIRTIO_F_VERSION_1: no feature of echo",
  });
});

Deno.test("ReservedFeature has the bits of the standard", () => {
  assert.deepEqual(Object.values(ReservedFeature), [
    24,
    27,
    28,
    29,
    30,
    32,
    33,
    34,
    35,
    36,
    37,
    38,
    39,
    40,
    41,
    43,
  ]);
});

Deno.test("inForce() counts what was negotiated, and what is implied without others", () => {
  const infos = [
    { name: "A", bit: 0, requires: [], impliedWithout: [1, 64] },
    { name: "B", bit: 1, requires: [] },
  ];
  for (const [features, wanted] of [[0n, true], [1n, true], [2n, false], [3n, true]] as const) {
    assert.equal(inForce(features, 0, infos), wanted);
  }
  assert.equal(inForce(featureSet(64), 0, infos), false);
  assert.equal(inForce(0n, 1, infos), false);
  assert.equal(inForce(0n, 99, infos), false);
});
