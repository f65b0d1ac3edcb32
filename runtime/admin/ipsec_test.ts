/**
 * Security associations by their values: those of networks (VIRTIO 1.4, 5.1.9.7.4) and of crypto
 * devices (5.9.9.9.4), over both rings.
 */

import assert from "node:assert/strict";
import {
  CryptoCapabilities,
  CryptoDevice,
  CryptoDriver,
  CryptoObjects,
} from "../../generated/crypto/mod.ts";
import {
  NetworkCapabilities,
  NetworkDevice,
  NetworkDriver,
  NetworkObjects,
} from "../../generated/net/mod.ts";
import { covers } from "../../testing/covers.ts";
import type { RingOptions } from "../features.ts";
import { loopback } from "../loopback.ts";
import { fails } from "./admin_fixture.ts";
import { type AdminDriver, SELF } from "./driver.ts";
import { type CapabilityLayout, GroupType, type ObjectLayout } from "./mod.ts";
import { GroupOwner } from "./owner.ts";
import { ASSOCIATION, CAPABILITIES, MODE, RINGS, ringsTest } from "./values_fixture.ts";

const { ipsecResource, ipsecSa } = NetworkCapabilities;
const { ipsecOutbSa, ipsecInbSa } = NetworkObjects;
const IPSEC = { resources: [ipsecOutbSa.serve(), ipsecInbSa.serve()] };

ringsTest("5.1.9.7.4: associations of a network need both capabilities", IPSEC, async (it) => {
  covers(
    "devicenormative:Device Types / Network Device / Device Operation / IPsec Operation#3",
    "devicenormative:Device Types / Network Device / Device Operation / IPsec Operation#4",
  );
  const { admin } = it;
  const inbound = { type: ipsecInbSa, id: 1 };
  const outbound = { type: ipsecOutbSa, id: 299 };
  await admin.setCapability(ipsecResource, { inbSaLimit: 2, outbSaLimit: 300 });
  for (
    const each of [
      admin.createObject(SELF, inbound, ASSOCIATION),
      admin.modifyObject(SELF, inbound, ASSOCIATION),
      admin.queryObject(SELF, outbound),
      admin.destroyObject(SELF, outbound),
    ]
  ) await assert.rejects(each, fails("EINVAL", "INVALID_OPCODE"));
  await admin.setCapability(ipsecSa, { capMode: [MODE] });
  for (const object of [inbound, outbound]) {
    await admin.createObject(SELF, object, ASSOCIATION);
    assert.deepEqual(await admin.queryObject(SELF, object), ASSOCIATION);
    await assert.rejects(admin.createObject(SELF, object, ASSOCIATION), fails("EEXIST"));
  }
});

/** What the mode above lacks, one thing at a time. */
const IMPOSSIBLE: readonly Partial<typeof ASSOCIATION>[] = [
  { mode: 2 },
  { options: 1n },
  { cipherAlgo: 3 },
  { cipherAlgo: 2 ** 52 },
  { authAlgo: 1 },
  { cipherKey: { length: 25, data: new Uint8Array(32) } },
  { authKey: { length: 33, data: new Uint8Array(32) } },
];
const NOTHING = { options: 0n, cipherAlgo: 0, authAlgo: 0, replayWinSz: 0 };

/** Creates associations that are possible, and others, also where their numbers are too high. */
async function tryAssociations(
  admin: AdminDriver,
  inbound: ObjectLayout<typeof ASSOCIATION>,
  outbound: ObjectLayout<typeof ASSOCIATION>,
  full: "EINVAL" | "ENOSPC",
): Promise<void> {
  const window = { replayWinSz: 0x1001 };
  for (const type of [inbound, outbound]) {
    const create = (id: number, change: Partial<typeof ASSOCIATION>) =>
      admin.createObject(SELF, { type, id }, { ...ASSOCIATION, ...change });
    for (const change of IMPOSSIBLE) await assert.rejects(create(0, change), fails("EINVAL"));
    await create(0, NOTHING);
    const modify = admin.modifyObject(SELF, { type, id: 0 }, { ...ASSOCIATION, mode: 2 });
    await assert.rejects(modify, fails("EINVAL", "INVALID_FIELD"));
    if (type === inbound) await assert.rejects(create(1, window), fails("EINVAL"));
    else await create(1, window);
    await assert.rejects(create(type === inbound ? 2 : 300, {}), fails(full));
  }
}

ringsTest("5.1.9.7.4: a network's associations are within its modes", IPSEC, async (it) => {
  covers(
    "devicenormative:Device Types / Network Device / Device Operation / IPsec Operation#5",
    "devicenormative:Device Types / Network Device / Device Operation / IPsec Operation#6",
  );
  const { admin } = it;
  await admin.setCapability(ipsecResource, { inbSaLimit: 2, outbSaLimit: 300 });
  const narrow = { ...MODE, maxCipherKeyLen: 24 };
  await admin.setCapability(ipsecSa, { capMode: [{ ...narrow, mode: 3, options: 1 }, narrow] });
  await tryAssociations(admin, ipsecInbSa, ipsecOutbSa, "ENOSPC");
  const other = admin.setCapability(ipsecSa, { capMode: [{ ...narrow, mode: 3, options: 1 }] });
  await assert.rejects(other, fails("EBUSY"), "associations would not be within it");
});

for (const ring of RINGS) {
  Deno.test(`5.9.9.9.4: associations for crypto need both capabilities, ${ring.packed}`, async () => {
    covers(
      "devicenormative:Device Types / Crypto Device / Device Operation / IPsec Service Operation#3",
      "devicenormative:Device Types / Crypto Device / Device Operation / IPsec Service Operation#4",
    );
    const { ipsecResource, ipsecSa } = CryptoCapabilities;
    const { ipsecOutboundSa, ipsecInboundSa } = CryptoObjects;
    await using driver = await openCrypto(ring);
    const admin = driver.admin!;
    await admin.setCapability(ipsecSa, await admin.capability(ipsecSa));
    const [inbound, outbound] = [{ type: ipsecInboundSa, id: 1 }, {
      type: ipsecOutboundSa,
      id: 299,
    }];
    const early = admin.createObject(SELF, inbound, ASSOCIATION);
    await assert.rejects(early, fails("EINVAL", "INVALID_OPCODE"));
    await admin.setCapability(ipsecResource, await admin.capability(ipsecResource));
    for (const object of [inbound, outbound]) {
      await admin.createObject(SELF, object, ASSOCIATION);
      assert.deepEqual(await admin.queryObject(SELF, object), ASSOCIATION);
      await assert.rejects(admin.createObject(SELF, object, ASSOCIATION), fails("EEXIST"));
    }
  });

  Deno.test(`5.9.9.9.4: associations for crypto are within its modes, ${ring.packed}`, async () => {
    covers(
      "devicenormative:Device Types / Crypto Device / Device Operation / IPsec Service Operation#5",
      "devicenormative:Device Types / Crypto Device / Device Operation / IPsec Service Operation#6",
    );
    const { ipsecResource, ipsecSa } = CryptoCapabilities;
    await using driver = await openCrypto(ring);
    const admin = driver.admin!;
    await admin.setCapability(ipsecResource, await admin.capability(ipsecResource));
    await admin.setCapability(ipsecSa, { capMode: [{ ...MODE, maxCipherKeyLen: 24 }] });
    const { ipsecInboundSa, ipsecOutboundSa } = CryptoObjects;
    await tryAssociations(admin, ipsecInboundSa, ipsecOutboundSa, "EINVAL");
  });
}

/** A crypto device that owns itself. */
function cryptoDevice(): CryptoDevice {
  const groups = new GroupOwner({
    capabilities: [
      CryptoCapabilities.ipsecResource.offer({ inbSaLimit: 2, outbSaLimit: 300 }),
      CryptoCapabilities.ipsecSa.offer({ capMode: [MODE] }),
    ],
    resources: [CryptoObjects.ipsecOutboundSa.serve(), CryptoObjects.ipsecInboundSa.serve()],
  });
  return new CryptoDevice({ config: CRYPTO, groups });
}

/** Such a device and its driver, which has said that it uses all commands. */
async function openCrypto(ring: RingOptions): Promise<CryptoDriver> {
  const driver = await CryptoDriver.open(loopback(cryptoDevice()), { ring });
  await driver.admin!.use(GroupType.SELF);
  return driver;
}

const CRYPTO = {
  status: 1,
  maxDataqueues: 1,
  cryptoServices: 0,
  cipherAlgoL: 0,
  cipherAlgoH: 0,
  hashAlgo: 0,
  macAlgoL: 0,
  macAlgoH: 0,
  aeadAlgo: 0,
  maxCipherKeyLen: 0,
  maxAuthKeyLen: 0,
  akcipherAlgo: 0,
  maxSize: 64n,
};

/** Makes, changes, removes and makes again what these types are, and what there is after a reset. */
async function tryAgain(
  open: () => Promise<Pick<NetworkDriver, "admin" | "close">>,
  resource: CapabilityLayout<{ inbSaLimit: number; outbSaLimit: number }>,
  sa: CapabilityLayout<{ capMode: readonly (typeof MODE)[] }>,
  types: readonly ObjectLayout<typeof ASSOCIATION>[],
): Promise<void> {
  const use = async () => {
    const driver = await open();
    const admin = driver.admin!;
    await admin.use(GroupType.SELF);
    await admin.setCapability(resource, await admin.capability(resource));
    await admin.setCapability(sa, await admin.capability(sa));
    return { driver, admin };
  };
  const { driver, admin } = await use();
  const objects = types.map((type) => ({ type, id: 1 }));
  const changed = { ...ASSOCIATION, spi: 5 };
  for (const object of objects) {
    await admin.createObject(SELF, object, ASSOCIATION);
    await admin.modifyObject(SELF, object, changed);
    assert.deepEqual(await admin.queryObject(SELF, object), changed);
    await admin.destroyObject(SELF, object);
    await assert.rejects(admin.queryObject(SELF, object), fails("ENXIO"));
    await admin.createObject(SELF, object, ASSOCIATION);
  }
  await driver.close();
  const again = await use();
  for (const object of objects) {
    await assert.rejects(again.admin.queryObject(SELF, object), fails("ENXIO"));
    await again.admin.createObject(SELF, object, changed);
  }
  await again.driver.close();
}

for (const ring of RINGS) {
  Deno.test(`5.1.9.7.4: a network's associations can be made again, and end with a reset, ${ring.packed}`, async () => {
    const LABEL =
      "devicenormative:Device Types / Network Device / Device Operation / IPsec Operation";
    covers(`${LABEL}#2`, `${LABEL}#8`, `${LABEL}#10`);
    const groups = new GroupOwner({ capabilities: CAPABILITIES, ...IPSEC });
    const device = new NetworkDevice({ config: {}, groups });
    const open = () => NetworkDriver.open(loopback(device), { ring });
    await tryAgain(open, ipsecResource, ipsecSa, [ipsecOutbSa, ipsecInbSa]);
  });

  Deno.test(`5.9.9.9.4: associations for crypto can be made again, and end with a reset, ${ring.packed}`, async () => {
    const LABEL =
      "devicenormative:Device Types / Crypto Device / Device Operation / IPsec Service Operation";
    covers(`${LABEL}#2`, `${LABEL}#8`, `${LABEL}#10`);
    const device = cryptoDevice();
    const open = () => CryptoDriver.open(loopback(device), { ring });
    const { ipsecResource, ipsecSa } = CryptoCapabilities;
    const { ipsecOutboundSa, ipsecInboundSa } = CryptoObjects;
    await tryAgain(open, ipsecResource, ipsecSa, [ipsecOutboundSa, ipsecInboundSa]);
  });
}
