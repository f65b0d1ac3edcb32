import assert from "node:assert/strict";
import { EchoDevice, EchoDriver } from "./echo_fixture.ts";
import { PeerError, TransportError } from "./errors.ts";
import { featureSet, ringFeatures } from "./features.ts";
import { loopback } from "./loopback.ts";
import { covers } from "../testing/covers.ts";
import {
  ACKNOWLEDGE,
  AGREED,
  DRIVER,
  FAILED,
  FOUND,
  pair,
  READY,
  recordStatus,
  SPLIT,
} from "./driver_fixture.ts";

Deno.test("Driver initialises in the order of the standard and never clears a bit", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Device Status Field#1",
    "drivernormative:Basic Facilities of a Virtio Device / Device Status Field#2",
    "drivernormative:General Initialization And Device Operation / Device Initialization#1",
  );
  const { transport, driver } = pair();
  const written = recordStatus(transport);
  await driver.start({ want: 0n });
  assert.deepEqual(written, [0, ACKNOWLEDGE, FOUND, AGREED, READY]);
  await driver.close();
  assert.equal(written.at(-1), 0);
});

Deno.test("negotiate() refuses a device of another type, untouched", async () => {
  const { device, transport } = pair();
  await transport.close();
  const other = loopback(device);
  const written = recordStatus(other);
  Object.defineProperty(other, "deviceId", { value: 2 });
  const driver = new EchoDriver(other);
  await assert.rejects(driver.agree({ want: 0n }), TransportError);
  assert.deepEqual(written, []);
  await driver.close();
});

Deno.test("negotiate() accepts what is wanted, offered, carried and closed", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#1",
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#2",
    "drivernormative:Reserved Feature Bits#1",
  );
  const cases: [string, readonly number[], readonly number[], readonly number[]][] = [
    ["high bits", [63, 64, 127], [0, 63, 64, 127], [63, 64, 127]],
    ["not offered", [0, 4, 63], [0, 63], [0, 63]],
    ["prerequisite not offered", [0, 1, 2, 4], [0, 4], [0, 4]],
    ["prerequisite not wanted", [1, 2, 4, 127], [0, 1, 2, 4, 64, 127], [4]],
    ["one of two sets", [3, 63], [0, 1, 3, 63], [3, 63]],
  ];
  for (const [what, want, offered, accepted] of cases) {
    const { driver, device } = pair(new EchoDevice({ offered: featureSet(...offered) }));
    await driver.agree({ want: featureSet(...want), ring: SPLIT });
    assert.equal(driver.features, featureSet(...accepted) | ringFeatures(SPLIT), what);
    assert.equal(device.features, driver.features);
    for (const bit of offered) assert.equal(driver.wasOffered(bit), true);
    for (const bit of want) assert.equal(driver.hasFeature(bit), accepted.includes(bit));
    await driver.close();
  }
});

Deno.test("negotiate() accepts VIRTIO_F_ACCESS_PLATFORM where it is offered, unless told", async () => {
  covers("drivernormative:Reserved Feature Bits#3");
  for (const platform of [true, false]) {
    const { driver, device } = pair(new EchoDevice({ ring: { platform: true } }));
    await driver.agree({ want: 0n, ring: { platform } });
    assert.equal(driver.hasFeature(33), platform);
    assert.equal(device.features, driver.features);
    await driver.close();
  }
});

Deno.test("negotiate() ignores bits that it does not know", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#4",
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#5",
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#8",
  );
  const { driver, transport } = pair();
  const offered = await transport.getFeatures();
  transport.getFeatures = () => Promise.resolve(offered | featureSet(36, 44, 57, 100) | 1n << 130n);
  await driver.agree({ want: 0n });
  assert.equal(driver.features, ringFeatures());
  await driver.close();
});

Deno.test("negotiate() ignores what the transport can not carry, though it was offered", async () => {
  const facilities = { suspend: false, queueReset: false };
  const transport = loopback(new EchoDevice(), { facilities });
  const offered = await transport.getFeatures();
  transport.getFeatures = () => Promise.resolve(offered | featureSet(40, 43));
  const driver = await EchoDriver.open(transport);
  assert.equal(driver.features, ringFeatures({ suspend: false, reset: false }));
  await driver.close();
});

Deno.test("negotiate() names required features that are missing, and sets FAILED", async () => {
  covers(
    "drivernormative:Basic Facilities of a Virtio Device / Device Status Field#3",
    "drivernormative:Basic Facilities of a Virtio Device / Feature Bits#7",
    "drivernormative:General Initialization And Device Operation / Device Initialization#5",
  );
  const { driver, device } = pair(new EchoDevice({ offered: featureSet(0, 63) }));
  await assert.rejects(driver.agree({ want: 0n, require: featureSet(63, 64) }), (error) => {
    assert.ok(error instanceof PeerError);
    assert.match(error.message, /device_feature must be a set with VIRTIO_ECHO_F_64, found/);
    return true;
  });
  assert.equal(device.getStatus(), FOUND | FAILED);
  assert.equal(driver.features, 0n);
  await driver.agree({ want: 0n, require: featureSet(63) });
  assert.equal(driver.hasFeature(63), true, "another try starts with a reset");
  await driver.close();
});

Deno.test("negotiate() says which prerequisite of a required feature is missing", async () => {
  const { driver, transport } = pair();
  transport.getFeatures = () => Promise.resolve(featureSet(1, 32));
  await assert.rejects(
    driver.agree({ want: 0n, require: featureSet(1) }),
    /VIRTIO_ECHO_F_ON_BASE needs VIRTIO_ECHO_F_BASE/,
  );
  await driver.close();
});

Deno.test("negotiate() demands VIRTIO_F_VERSION_1", async () => {
  covers("drivernormative:Reserved Feature Bits#2");
  const { driver, transport, device } = pair();
  transport.getFeatures = () => Promise.resolve(featureSet(0, 1, 34));
  await assert.rejects(driver.agree({ want: featureSet(0) }), /with VIRTIO_F_VERSION_1, found/);
  assert.equal(device.getStatus(), FOUND | FAILED);
  await driver.close();
});

Deno.test("negotiate() ends when the device refuses the features", async () => {
  covers(
    "drivernormative:General Initialization And Device Operation / Device Initialization#5",
    "drivernormative:General Initialization And Device Operation / Device Initialization#6",
  );
  const { driver, device } = pair();
  device.refused = featureSet(4);
  await assert.rejects(driver.agree({ want: featureSet(0, 4) }), (error) => {
    assert.ok(error instanceof PeerError);
    assert.match(error.message, /FEATURES_OK for VIRTIO_ECHO_F_BASE, VIRTIO_ECHO_F_MQ/);
    return true;
  });
  assert.equal(device.getStatus(), FOUND | FAILED);
  await assert.rejects(driver.openOne(0), TypeError);
  await driver.close();
});

Deno.test("negotiate() throws RangeError for features that are no features of the device", async () => {
  const { driver } = pair();
  await assert.rejects(driver.agree({ want: featureSet(5) }), RangeError);
  await assert.rejects(driver.agree({ want: 0n, require: featureSet(32) }), RangeError);
  await driver.close();
});

Deno.test("negotiate() stops at its signal, also while the device does not reset", async () => {
  const { driver, transport, device } = pair();
  const reason = new Error("enough");
  await assert.rejects(driver.agree({ want: 0n, signal: AbortSignal.abort(reason) }), reason);
  const { getStatus } = transport;
  transport.getStatus = () => Promise.resolve(DRIVER);
  const controller = new AbortController();
  const negotiating = driver.agree({ want: 0n, signal: controller.signal });
  setTimeout(() => controller.abort(reason), 5);
  await assert.rejects(negotiating, reason);
  transport.getStatus = getStatus;
  await driver.close();
  assert.equal(device.getStatus(), 0);
});
