// How drivers use PCI functions, access by access (VIRTIO 1.4, 4.1).

import assert from "node:assert/strict";
import { CapabilityType, VIRTIO_PCI_CAP as CAP } from "../../generated/layout/pci.ts";
import { covers } from "../covers.ts";
import { life, writes } from "./pci_fixture.ts";

const PCI = "drivernormative:Virtio Transport Options / Virtio Over PCI Bus";
const COMMON = `${PCI} / PCI Device Layout / Common configuration structure layout` as const;
const CAPABILITIES = `${PCI} / Virtio Structure PCI Capabilities` as const;
const OPERATION = `${PCI} / PCI-specific Initialization And Device Operation` as const;
const NOTIFYING = `${OPERATION} / Available Buffer Notifications` as const;

Deno.test("pci: a driver writes no field that is the device's, and disables no queue (4.1.4.3.2)", async () => {
  covers(`${COMMON}#1`, `${COMMON}#6`);
  const { log } = await life();
  for (
    const name of [
      "deviceFeature",
      "numQueues",
      "configGeneration",
      "queueNotifyOff",
      "queueNotifConfigData",
      "nothing",
    ]
  ) {
    assert.deepEqual(writes(log, name), [], name);
  }
  const enabled = writes(log, "queueEnable");
  assert.ok(enabled.length >= 2);
  for (const { value } of enabled) assert.equal(value, 1);
});

Deno.test("pci: a driver asks for queues of a size that the format allows, and sets them up first (4.1.4.3.2)", async () => {
  covers(`${COMMON}#2`, `${COMMON}#3`, `${COMMON}#4`);
  for (const packed of [false, true]) {
    for (const most of [2, 8, 100, 256]) {
      const change = (name: string, value: number) => name === "queueSize" ? most : value;
      const { log } = await life({ ring: { packed }, change });
      for (const { value } of writes(log, "queueSize")) {
        assert.ok(value > 0 && value <= most);
        if (!packed) assert.equal(value & value - 1, 0);
      }
      const order = log.filter(({ what, name }) => what === "write" && name.startsWith("queue"))
        .map(({ name }) => name);
      const first = order.slice(0, order.indexOf("queueEnable"));
      for (const name of ["queueSize", "queueDesc", "queueDriver", "queueDevice"]) {
        assert.ok(first.includes(name), name);
      }
    }
  }
});

Deno.test("pci: a reset of a device or a queue has ended once that reads 0 (4.1.4.3.2)", async () => {
  covers(`${COMMON}#5`, `${COMMON}#7`);
  let late = 0;
  let wasReset = false;
  const { log } = await life({
    change: (name, value) => {
      if (name === "queueReset") return late++ < 2 ? 1 : value;
      if (name !== "deviceStatus" || value !== 0) return value;
      wasReset = !wasReset;
      return wasReset ? 15 : value;
    },
  });
  for (const register of ["deviceStatus", "queueReset"]) {
    const starts = log.flatMap(({ what, name, value }, at) =>
      what === "write" && name === register && value === (register === "queueReset" ? 1 : 0)
        ? [at]
        : []
    );
    assert.ok(starts.length > 0);
    for (const start of starts) {
      const after = log.slice(start + 1);
      const end = after.findIndex(({ name, value }) => name === register && value === 0);
      assert.ok(end > 0, "it was not at its end at once");
      assert.ok(
        after.slice(0, end).every(({ what, name }) => what === "read" && name === register),
      );
    }
  }
});

Deno.test("pci: capabilities that nobody knows, or in ranges that can not be, are passed over (4.1.4.1)", async () => {
  covers(`${CAPABILITIES}#1`, `${CAPABILITIES}#4`);
  const [FIRST, SECOND] = [0xe0, 0xf0];
  let start = 0;
  const fake = (type: number, bar: number, next: number) => [0x09, next, 16, type, bar, 0, 0, 0];
  const bytes = new Map<number, number>();
  const put = (at: number, values: readonly number[]) =>
    values.forEach((value, byte) => bytes.set(at + byte, value));
  await life({
    change: (name, value, offset) => {
      if (name !== "config") return value;
      if (offset === 0x34) {
        start = value;
        put(FIRST, fake(0x77, 0, SECOND)); // no such type
        put(SECOND, fake(CapabilityType.COMMON_CFG, 7, start)); // no such range
        return FIRST;
      }
      return bytes.get(offset) ?? value;
    },
  });
  assert.ok(start > 0);
});

Deno.test("pci: capabilities may be longer, and structures much larger, than they need to be (4.1.4.1)", async () => {
  covers(`${CAPABILITIES}#3`, `${CAPABILITIES}#6`);
  const { structures } = await life();
  const lengths = new Set(structures.map(({ at }) => at + CAP.capLen));
  const sizes = new Set(structures.map(({ at }) => at + CAP.length));
  await life({
    change: (name, value, offset) => {
      if (name !== "config") return value;
      if (lengths.has(offset)) return value + 64;
      return sizes.has(offset) ? 0x7fff_0000 : value;
    },
  });
});

Deno.test("pci: a driver writes no capability of virtio (4.1.4.1)", async () => {
  covers(`${CAPABILITIES}#8`);
  for (const vectors of [0, 3]) {
    const { log, structures } = await life({ vectors });
    for (const { offset } of writes(log, "config")) {
      assert.ok(structures.every(({ at }) => offset < at || offset >= at + 16), `${offset}`);
    }
  }
});

Deno.test("pci: a driver knows a device by its ids, old ones too, in any revision (4.1.2.2)", async () => {
  covers(
    `${PCI} / PCI Device Discovery#1`,
    `${PCI} / PCI Device Discovery#2`,
    `${PCI} / PCI Device Discovery#3`,
  );
  const with_ = (ids: Record<number, number>) => ({
    change: (name: string, value: number, offset: number) =>
      name === "config" ? ids[offset] ?? value : value,
  });
  for (const revision of [0, 1, 0xff]) await life(with_({ 8: revision }));
  await life(with_({ 2: 0x1009, 0x2e: 9 }));
  await assert.rejects(life(with_({ 2: 0x104a })), /with id 10/, "another type");
  await assert.rejects(life(with_({ 2: 0x1080 })), { name: "TransportError" });
  await assert.rejects(life(with_({ 0: 0x1af5 })), { name: "TransportError" });
});

Deno.test("pci: a driver notifies in 16 bits, or in 32 where more is to be told (4.1.5.2.1)", async () => {
  covers(`${NOTIFYING}#1`, `${NOTIFYING}#2`);
  for (const notificationData of [false, true]) {
    const { log } = await life({ ring: { notificationData } });
    const sizes = new Set(writes(log, "notify").map(({ size }) => size));
    assert.deepEqual([...sizes], [notificationData ? 4 : 2]);
  }
});

Deno.test("pci: a notification names the queue as the device wants it named (4.1.5.2.1)", async () => {
  covers(`${NOTIFYING}#5`, `${NOTIFYING}#6`, "drivernormative:Reserved Feature Bits#13");
  for (const notificationData of [false, true]) {
    const { log } = await life({ ring: { notificationData } });
    const [named] = log.filter(({ name }) => name === "queueNotifConfigData");
    assert.ok(named !== undefined && named.value !== 0);
    const notified = writes(log, "notify");
    assert.ok(notified.length >= 3);
    for (const { value } of notified) assert.equal(value & 0xffff, named.value);
  }
});

Deno.test("pci: a notification names the queue by its index where nothing else was agreed on (4.1.5.2.1)", async () => {
  covers(`${NOTIFYING}#3`, `${NOTIFYING}#4`);
  for (const notificationData of [false, true]) {
    const { log } = await life({
      ring: { notificationData },
      // without bit 39, which stands in the second word: only that has bits 32 and 40
      change: (name, value) =>
        name === "deviceFeature" && (value & 0x101) === 0x101 ? value & ~0x80 : value,
    });
    const notified = writes(log, "notify");
    assert.ok(notified.length >= 3);
    for (const { value } of notified) assert.equal(value & 0xffff, 0);
  }
});

const VECTORS = `${OPERATION} / Device Initialization / MSI-X Vector Configuration` as const;

Deno.test("pci: a driver maps events to vectors that there are, and looks whether that worked (4.1.5.1.2.2)", async () => {
  covers(`${VECTORS}#4`, `${VECTORS}#5`);
  for (const vectors of [2, 3, 16]) {
    const { log } = await life({ vectors });
    for (const name of ["configMsixVector", "queueMsixVector"]) {
      const mapped = writes(log, name);
      assert.ok(mapped.length > 0);
      for (const one of mapped) {
        assert.ok(one.value < vectors);
        const next = log[log.indexOf(one) + 1]!;
        assert.deepEqual([next.what, next.name], ["read", name]);
      }
    }
    const failing = life({
      vectors,
      change: (name, value) => name === "queueMsixVector" ? 0xffff : value,
    });
    await assert.rejects(failing, { name: "TransportError" });
  }
});

Deno.test("pci: one interrupt may stand for queues and the configuration at once (4.1.5.4.2)", async () => {
  covers(`${OPERATION} / Notification of Device Configuration Changes#1`);
  let both = 0;
  await life({
    change: (name, value) => {
      if (name === "isr" && value === 3) both++;
      return value;
    },
  });
  assert.ok(both > 0, "in the last echo, both come together");
});
