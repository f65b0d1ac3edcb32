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
import { NetworkCapabilities, NetworkObjects } from "../../generated/net/mod.ts";
import { covers } from "../../testing/covers.ts";
import type { RingOptions } from "../features.ts";
import { loopback } from "../loopback.ts";
import { type AdminDriver, SELF } from "./driver.ts";
import { GroupType, type ObjectLayout } from "./mod.ts";
import { GroupOwner } from "./owner.ts";
import { ASSOCIATION, fails, MODE, RINGS, ringsTest } from "./values_fixture.ts";

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

/** A crypto device and its driver, which has said that it uses all commands. */
async function openCrypto(ring: RingOptions): Promise<CryptoDriver> {
  const groups = new GroupOwner({
    capabilities: [
      CryptoCapabilities.ipsecResource.offer({ inbSaLimit: 2, outbSaLimit: 300 }),
      CryptoCapabilities.ipsecSa.offer({ capMode: [MODE] }),
    ],
    resources: [CryptoObjects.ipsecOutboundSa.serve(), CryptoObjects.ipsecInboundSa.serve()],
  });
  const device = new CryptoDevice({ config: CRYPTO, groups });
  const driver = await CryptoDriver.open(loopback(device), { ring });
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
