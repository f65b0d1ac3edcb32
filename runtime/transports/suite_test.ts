// One suite for every transport, both ends against each other, driven by the table of facilities.

import assert from "node:assert/strict";
import { facilities } from "../../spec/transports/facilities.ts";
import { EchoDevice, EchoDriver } from "../echo_fixture.ts";
import { PeerError, RequestAborted, TransportError } from "../errors.ts";
import { featureSet, ReservedFeature, type RingOptions } from "../features.ts";
import { Status } from "../status.ts";
import { until } from "../task.ts";
import type { SharedMemory } from "../transport.ts";
import { type Link, type Rig, RIGS } from "./rigs_fixture.ts";
import { covers } from "../../testing/covers.ts";

const { ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, SUSPEND, DEVICE_NEEDS_RESET, FAILED } = Status;
const DATA = Uint8Array.from({ length: 300 }, (_, at) => at);
const ALL = featureSet(0, 1, 2, 3, 63, 64, 127);

/** An echo device with two regions of shared memory. */
class SharingDevice extends EchoDevice {
  readonly regions = new Map<number, SharedMemory>(
    [[1, 0x1000], [7, 0x3000]].map(([id, length]) => {
      const bytes = new Uint8Array(length!).fill(id!);
      return [id!, { id: id!, address: 0x9_0000_0000 + 0x10_0000 * id!, length: length!, bytes }];
    }),
  );

  override sharedMemory(id: number): SharedMemory | undefined {
    return this.regions.get(id);
  }
}

interface Scene {
  readonly device: SharingDevice;
  readonly link: Link;
  readonly driver: EchoDriver;
}

function sceneTest(name: string, rig: Rig, run: (scene: Scene) => Promise<void>): void {
  // NOTES.md: mmio-reset
  Deno.test(`${rig.name}: ${name}`, async () => {
    const device = new SharingDevice();
    const link = await rig.connect(device);
    const driver = new EchoDriver(link.transport);
    await run({ device, link, driver });
    await driver.close();
    await assert.rejects(link.transport.getStatus(), TransportError, "the transport is closed");
  });
}

async function echoes(driver: EchoDriver): Promise<void> {
  assert.deepEqual(await driver.echo(DATA), DATA);
}

function soon(condition: () => boolean): Promise<void> {
  return until(() => Promise.resolve(condition()), () => "Cannot wait any longer");
}

function withoutFeatures(error: unknown): boolean {
  return error instanceof PeerError && error.field === "device_status";
}

for (const rig of RIGS) {
  const carries = facilities[rig.carries];

  for (const ring of [{ packed: false }, { packed: true }, { packed: true, inOrder: true }]) {
    sceneTest(`carries requests, ${JSON.stringify(ring)}`, rig, (scene) => carry(scene, ring));
  }

  sceneTest("says what the table says", rig, ({ link }) => {
    const said = link.transport.facilities;
    assert.equal(said.name, rig.carries);
    // VERSION_1, bit 32, stands for the legacy interface itself.
    const bits = carries.featureBits === 32 ? 33 : carries.featureBits;
    assert.equal(said.featureBits, bits);
    for (const name of ["queueReset", "sharedMemory", "adminQueue", "suspend"] as const) {
      assert.equal(said[name], carries[name] === true, name);
    }
    assert.equal(said.notificationData, carries.notificationData === true);
    assert.equal(said.configGeneration, carries.configGeneration === true);
    return Promise.resolve();
  });

  sceneTest("negotiates features at the ends of each word", rig, async ({ driver, device }) => {
    covers(
      "devicenormative:Virtio Transport Options / Virtio Over PCI Bus / PCI Device Layout / Common configuration structure layout#3",
    );
    await driver.start({ want: ALL });
    const expected = BigInt.asUintN(carries.featureBits, ALL);
    assert.equal(device.features & ALL, expected);
    assert.equal(driver.features, device.features);
    await echoes(driver);
  });

  sceneTest("masks the features that it does not carry", rig, async ({ link, driver }) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Feature Bits#4",
      "devicenormative:Reserved Feature Bits#1",
      "devicenormative:Reserved Feature Bits#10",
    );
    await driver.start({ want: 0n });
    const offered = await link.transport.getFeatures();
    const has = (bit: number) => (offered >> BigInt(bit) & 1n) === 1n;
    const F = ReservedFeature;
    assert.equal(has(F.VIRTIO_F_VERSION_1), true);
    assert.equal(has(F.VIRTIO_F_SR_IOV), false, "no function has that capability");
    assert.equal(has(F.VIRTIO_F_RING_RESET), carries.queueReset === true);
    assert.equal(has(F.VIRTIO_F_SUSPEND), carries.suspend === true);
    assert.equal(has(F.VIRTIO_F_NOTIFICATION_DATA), carries.notificationData === true);
  });

  for (const state of ["found", "negotiated", "live", "suspended", "broken", "failed"] as const) {
    sceneTest(`resets a device that is ${state}`, rig, async (scene) => {
      covers(
        "devicenormative:Basic Facilities of a Virtio Device / Device Reset#1",
        "devicenormative:Virtio Transport Options / Virtio Over PCI Bus / PCI Device Layout / Common configuration structure layout#7",
      );
      const { driver, link: { transport }, device } = scene;
      await bringTo(state, scene);
      await transport.setStatus(0);
      await soon(() => device.getStatus() === 0);
      assert.equal(await transport.getStatus(), 0);
      await driver.start({ want: 0n });
      await echoes(driver);
    });
  }

  sceneTest("negotiates again, with another outcome", rig, async ({ device, driver }) => {
    await driver.start({ want: ALL });
    await echoes(driver);
    await driver.start({ want: featureSet(0), ring: { packed: false } });
    assert.equal(device.features & ALL, 1n);
    await echoes(driver);
  });

  sceneTest("refuses features", rig, async ({ device, driver, link: { transport } }) => {
    covers(
      "devicenormative:Basic Facilities of a Virtio Device / Feature Bits#3",
      "drivernormative:General Initialization And Device Operation / Device Initialization#5",
    );
    device.refused = featureSet(1);
    const refused = driver.start({ want: featureSet(0, 1) });
    if (carries.featuresOk === true) {
      await assert.rejects(refused, withoutFeatures);
      assert.equal(await transport.getStatus() & (FAILED | FEATURES_OK), FAILED);
    } else await assert.rejects(refused, TransportError, "only its queues tell");
    await driver.start({ want: featureSet(0) });
    await echoes(driver);
  });

  sceneTest("heeds nothing after FAILED but a reset", rig, async ({ device, driver, link }) => {
    await driver.start({ want: 0n });
    await link.transport.setStatus(device.getStatus() | FAILED);
    const calls = device.calls;
    link.transport.notify(0, 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(device.calls, calls);
    await driver.start({ want: 0n });
    await echoes(driver);
  });

  sceneTest("tells of DEVICE_NEEDS_RESET", rig, async ({ device, driver }) => {
    covers("devicenormative:Basic Facilities of a Virtio Device / Device Status Field#3");
    let failure: Error | undefined;
    driver.onNeedsReset = (error) => failure = error;
    await driver.start({ want: 0n });
    device.holding = true;
    const pending = driver.echo(DATA);
    device.needsReset(new Error("out of paper"));
    await assert.rejects(pending, RequestAborted);
    assert.ok(failure instanceof PeerError);
    assert.match(failure.message, /DEVICE_NEEDS_RESET/);
    device.holding = false;
    await driver.start({ want: 0n });
    await echoes(driver);
  });

  sceneTest("tells of a changed configuration", rig, async ({ device, driver }) => {
    await driver.start({ want: 0n });
    device.config.bytes[0] = 99;
    device.configChanged();
    await soon(() => driver.refreshed > 0);
    assert.deepEqual([...await driver.read(0, 4)], [99, 2, 3, 4]);
  });

  sceneTest("never puts two configurations together", rig, async ({ device, driver, link }) => {
    covers(
      "drivernormative:Basic Facilities of a Virtio Device / Device Configuration Space#2",
      "devicenormative:Virtio Transport Options / Virtio Over MMIO / MMIO Device Register Layout#6",
      "devicenormative:Virtio Transport Options / Virtio Over PCI Bus / PCI Device Layout / Common configuration structure layout#6",
    );
    await driver.start({ want: 0n });
    let changes = 0;
    device.config.bytes.fill(99);
    const { readConfig } = device;
    device.readConfig = function (offset, into): void {
      readConfig.call(this, offset, into);
      if (changes++ < 5) device.config.bytes.fill(changes);
    };
    const bytes = await driver.read(0, 8);
    assert.equal(new Set(bytes).size, 1, `torn: ${bytes}`);
    assert.ok(changes > 0 && link.transport.facilities.name === rig.carries);
  });

  sceneTest("writes to the configuration", rig, async ({ device, driver }) => {
    await driver.start({ want: 0n });
    await driver.write(4, Uint8Array.of(0xaa, 0xbb));
    assert.deepEqual([...device.config.bytes], [1, 2, 3, 4, 0xaa, 0xbb, 7, 8]);
    await driver.write(0, Uint8Array.of(0xcc));
    assert.deepEqual([...device.config.bytes], [1, 2, 3, 4, 0xaa, 0xbb, 7, 8]);
    assert.deepEqual([...await driver.read(0, 8)], [1, 2, 3, 4, 0xaa, 0xbb, 7, 8]);
  });

  sceneTest("resets one queue and enables it again", rig, async ({ device, driver }) => {
    covers(
      "devicenormative:Virtio Transport Options / Virtio Over PCI Bus / PCI Device Layout / Common configuration structure layout#11",
      "devicenormative:Virtio Transport Options / Virtio Over MMIO / MMIO Device Register Layout#10",
    );
    await driver.start({ want: featureSet(4) });
    if (carries.queueReset !== true) {
      await assert.rejects(driver.resetQueue(driver.queue!), TypeError);
      return;
    }
    const other = await driver.openOne(2, 8);
    device.holding = true;
    const pending = driver.echo(DATA);
    await soon(() => device.held === 1);
    const [fresh] = await Promise.all([
      driver.resetQueue(driver.queue!),
      assert.rejects(pending, RequestAborted),
    ]);
    device.holding = false;
    driver.use(fresh);
    await echoes(driver);
    assert.ok(device.usable(other.index) !== undefined, "the other queue lives on");
  });

  sceneTest("suspends and resumes", rig, async ({ device, driver, link: { transport } }) => {
    covers(
      "devicenormative:General Initialization And Device Operation / Device Suspend#4",
      "devicenormative:General Initialization And Device Operation / Device Suspend#5",
    );
    await driver.start({ want: 0n });
    if (carries.suspend !== true) {
      await assert.rejects(driver.suspend(), TypeError);
      return;
    }
    device.holding = true;
    const pending = driver.echo(DATA);
    await soon(() => device.held === 1);
    const suspended = driver.suspend();
    setTimeout(() => device.release(), 3);
    await suspended;
    assert.equal(await transport.getStatus() & (SUSPEND | DRIVER_OK), SUSPEND);
    device.holding = false;
    const later = driver.echo(DATA);
    device.config.bytes[0] = 50;
    device.configChanged();
    assert.equal(driver.refreshed, 0);
    await driver.resume();
    assert.deepEqual(await pending, DATA);
    assert.deepEqual(await later, DATA);
    await soon(() => driver.refreshed === 1);
  });

  sceneTest("finds shared memory", rig, async ({ device, link: { transport } }) => {
    if (carries.sharedMemory !== true) {
      assert.equal(await transport.sharedMemory(1), undefined);
      return;
    }
    for (const id of [1, 7]) {
      const found = await transport.sharedMemory(id);
      assert.equal(found?.id, id);
      assert.equal(found?.length, device.regions.get(id)!.length);
      assert.equal(found?.bytes, device.regions.get(id)!.bytes);
    }
    for (const id of [0, 2, 255]) assert.equal(await transport.sharedMemory(id), undefined);
  });

  sceneTest(
    "ends requests of a device that is unplugged",
    rig,
    async ({ device, driver, link }) => {
      let failure: Error | undefined;
      driver.onNeedsReset = (error) => failure = error;
      await driver.start({ want: 0n });
      device.holding = true;
      const pending = driver.echo(DATA);
      await soon(() => device.held === 1);
      link.unplug();
      await assert.rejects(pending, RequestAborted);
      assert.ok(failure instanceof TransportError);
      await assert.rejects(driver.start({ want: 0n }), TransportError);
      device.release();
      const again = await rig.connect(device);
      device.holding = false;
      await using second = new EchoDriver(again.transport);
      await second.start({ want: 0n });
      await echoes(second);
    },
  );

  for (const packed of [false, true]) {
    sceneTest(`saves and restores, ${packed ? "packed" : "split"}`, rig, async (scene) => {
      const { device, driver, link } = scene;
      await driver.start({ want: featureSet(0, 63), ring: { packed } });
      await echoes(driver);
      device.holding = true;
      const pending = driver.echo(DATA);
      await soon(() => device.held === 1);
      const saved = JSON.parse(JSON.stringify(link.save()));
      const heir = new SharingDevice();
      link.restore(heir, saved);
      assert.deepEqual(await pending, DATA);
      await echoes(driver);
      assert.deepEqual(JSON.parse(JSON.stringify(link.save())).name, saved.name);
      await driver.start({ want: 0n });
      await echoes(driver);
    });
  }

  sceneTest("refuses snapshots that make no sense", rig, async ({ driver, link }) => {
    await driver.start({ want: 0n });
    const saved = JSON.parse(JSON.stringify(link.save())) as Record<string, unknown>;
    for (const key of Object.keys(saved)) {
      for (const wrong of [undefined, null, -1, "x", [], {}, [[-1]]]) {
        if (JSON.stringify(wrong) === JSON.stringify(saved[key])) continue;
        if (key === "queues" && JSON.stringify(wrong) === "[]") continue; // registers as after a reset
        const snapshot = { ...saved, [key]: wrong };
        const heir = new SharingDevice();
        assert.throws(
          () => link.restore(heir, snapshot),
          /TypeError|RangeError/,
          `${key} ${wrong}`,
        );
      }
    }
    link.restore(new SharingDevice(), saved);
    await echoes(driver);
  });
}

async function carry({ device, driver }: Scene, ring: RingOptions): Promise<void> {
  await driver.start({ want: 0n, ring }, 64);
  for (let round = 0; round < 5; round++) {
    const sent = Array.from({ length: 50 }, (_, at) => new Uint8Array(at + 1).fill(at + round));
    assert.deepEqual(await Promise.all(sent.map((data) => driver.echo(data))), sent);
  }
  assert.deepEqual(device.errors, []);
}

async function bringTo(
  state: "found" | "negotiated" | "live" | "suspended" | "broken" | "failed",
  { device, driver, link: { transport } }: Scene,
): Promise<void> {
  if (state === "found") return await transport.setStatus(ACKNOWLEDGE | DRIVER);
  if (state === "negotiated") return await driver.agree({ want: 0n });
  await driver.start({ want: 0n });
  if (state === "suspended") {
    if (transport.facilities.suspend) await driver.suspend();
  } else if (state === "broken") {
    device.needsReset(new Error("broken"));
    assert.notEqual(await transport.getStatus() & DEVICE_NEEDS_RESET, 0);
  } else if (state === "failed") await transport.setStatus(device.getStatus() | FAILED);
}
