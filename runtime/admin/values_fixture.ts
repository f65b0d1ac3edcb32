/** Networks whose flow filters and security associations a driver administers by their values. @module */

import assert from "node:assert/strict";
import {
  NetworkCapabilities,
  NetworkDevice,
  NetworkDriver,
  NetworkFlowFilterAction,
  NetworkFlowFilterMaskType,
  type VirtioCryptoResourceObjIpsecSa256bKey,
  writeVirtioCryptoIpsecTunnelParamIpv4,
} from "../../generated/net/mod.ts";
import type { RingOptions } from "../features.ts";
import { loopback } from "../loopback.ts";
import type { AdminDriver } from "./driver.ts";
import { GroupType } from "./mod.ts";
import { GroupOwner, type GroupOwnerOptions } from "./owner.ts";

/** Both formats of rings. */
export const RINGS: readonly RingOptions[] = [{ packed: false }, { packed: true }];

const { ETH, IPV4, IPV6 } = NetworkFlowFilterMaskType;
const { DROP, DIRECT_RX_VQ } = NetworkFlowFilterAction;

/** A mask of bytes that are all looked at. */
export function mask(length: number): Uint8Array {
  return new Uint8Array(length).fill(0xff);
}

/** What the network can. */
export const LIMITS = {
  groupsLimit: 0x100,
  classifiersLimit: 4,
  rulesLimit: 0x1_0000,
  rulesPerGroupLimit: 0x100,
  lastRulePriority: 10,
  selectorsPerClassifierLimit: 3,
};

/** Headers that it looks at. */
export const SELECTORS = {
  selectors: [
    { type: ETH, flags: 1, mask: mask(14) },
    { type: IPV4, flags: 0, mask: mask(20) },
    { type: IPV6, flags: 0, mask: new Uint8Array(40).fill(0xff, 8) },
  ],
};

/** What it does with packets. */
export const ACTIONS = { actions: [DROP, DIRECT_RX_VQ] };

/** A mode of security associations. */
export const MODE = {
  mode: 1,
  maxReplayWinSz: 0x1000,
  options: 0b110,
  cipherAlgo: 1n << 40n | 2n,
  hmacAlgo: 1n << 63n,
  aeadAlgo: 0b1000,
  maxCipherKeyLen: 32,
  maxAuthKeyLen: 32,
};

/** All that a network can. */
export const CAPABILITIES = [
  NetworkCapabilities.ffResource.offer(LIMITS),
  NetworkCapabilities.ffSelector.offer(SELECTORS),
  NetworkCapabilities.ffAction.offer(ACTIONS),
  NetworkCapabilities.ipsecResource.offer({ inbSaLimit: 2, outbSaLimit: 300 }),
  NetworkCapabilities.ipsecSa.offer({ capMode: [MODE, { ...MODE, mode: 3, options: 1 }] }),
];

/** The outer header of a tunnel. */
const HEADER = {
  srcIp: { sAddr: 0x0100_000a },
  dstIp: { sAddr: 0x0200_000a },
  dscp: 1,
  df: 1,
  ttl: 64,
};

function header(): Uint8Array {
  const bytes = new Uint8Array(40);
  writeVirtioCryptoIpsecTunnelParamIpv4(new DataView(bytes.buffer), 0, HEADER);
  return bytes;
}

/** A security association. */
export const ASSOCIATION: VirtioCryptoResourceObjIpsecSa256bKey = {
  mode: 1,
  direction: 2,
  objId: 7,
  spi: 0xdead_beef,
  salt: 1,
  options: 0b10n,
  param: { type: 0, header: header() },
  udpSport: 500,
  udpDport: 4500,
  replayWinSz: 64,
  cipherAlgo: 40,
  cipherKey: { length: 16, data: new Uint8Array(32).fill(9, 0, 16) },
  authAlgo: 63,
  authKey: { length: 32, data: new Uint8Array(32).fill(8) },
  life: {
    packetsSoftLimit: 1n,
    bytesSoftLimit: 2n,
    packetsHardLimit: 1n << 60n,
    bytesHardLimit: 4n,
  },
};

/** A network and its driver, which has said that it uses all commands. */
export interface NetworkScene extends AsyncDisposable {
  readonly device: NetworkDevice;
  readonly owner: GroupOwner;
  readonly driver: NetworkDriver;
  readonly admin: AdminDriver;
  /** What went wrong in the device. */
  readonly errors: unknown[];
}

/** A network that owns itself, over loopback. */
export async function network(
  ring: RingOptions,
  options: GroupOwnerOptions,
): Promise<NetworkScene> {
  const owner = new GroupOwner({ capabilities: CAPABILITIES, ...options });
  const device = new NetworkDevice({ config: {}, groups: owner });
  const errors: unknown[] = [];
  device.onError = (error) => errors.push(error);
  const driver = await NetworkDriver.open(loopback(device), { ring });
  const admin = driver.admin!;
  await admin.use(GroupType.SELF);
  return { device, owner, driver, admin, errors, [Symbol.asyncDispose]: () => driver.close() };
}

/** Says that the driver uses all that there is for flow filters. */
export async function useFlowFilters(admin: AdminDriver, limits = LIMITS): Promise<void> {
  await admin.setCapability(NetworkCapabilities.ffResource, limits);
  await admin.setCapability(NetworkCapabilities.ffSelector, SELECTORS);
  await admin.setCapability(NetworkCapabilities.ffAction, ACTIONS);
}

/** A test over both rings, of a network that has nothing to report at its end. */
export function ringsTest(
  name: string,
  options: GroupOwnerOptions,
  run: (it: NetworkScene) => Promise<void>,
): void {
  for (const ring of RINGS) {
    Deno.test(`${name}, ${ring.packed ? "packed" : "split"}`, async () => {
      await using it = await network(ring, options);
      await run(it);
      assert.deepEqual(it.errors, []);
    });
  }
}
