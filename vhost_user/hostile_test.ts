/** Front ends that send nonsense: each gets an answer or a closed connection, and nothing leaks. */

import assert from "node:assert/strict";
import { ProtocolFeature, Request } from "../generated/layout/vhost_user.ts";
import { EchoDevice } from "../runtime/echo_fixture.ts";
import { PeerError } from "../runtime/errors.ts";
import { featureSet, ReservedFeature } from "../runtime/features.ts";
import { drain, event, signal } from "./events.ts";
import { close } from "./ffi.ts";
import { map, memoryFile } from "./shared_memory.ts";
import { poller } from "./poller.ts";
import { payload64, payloadOf, payloadState } from "./protocol.ts";
import {
  addressesOf,
  FEATURES,
  messageOf,
  PROTOCOL,
  RawPeer,
  type RawRegion,
  regionOf,
  tableOf,
} from "./raw_fixture.ts";
import { descriptors, limited } from "./serve_fixture.ts";

const PAGE = 4096;

/** Sends one message that ends the connection; why it ended. */
async function ending(bytes: Uint8Array, fds: readonly number[] = []): Promise<string> {
  const before = descriptors();
  const peer = new RawPeer(new EchoDevice());
  peer.write(bytes, fds);
  const reason = await peer.session.ended;
  await peer[Symbol.asyncDispose]();
  await poller.settle();
  assert.deepEqual(descriptors(), before, "descriptors leaked");
  return reason;
}

Deno.test(
  "a back end closes the connection for a message that can not be",
  limited(async () => {
    const file = event();
    const cases: [Uint8Array, number[], RegExp][] = [
      [messageOf(0), [], /request/],
      [messageOf(44), [], /request/],
      [messageOf(0xffff_ffff), [], /request/],
      [messageOf(Request.IOTLB_MSG, payloadOf(32)), [], /request must be one that is served/],
      [messageOf(Request.GET_FEATURES, payloadOf(8)), [], /size must be 0, found 8/],
      [messageOf(Request.SET_FEATURES, payloadOf(4)), [], /size must be 8, found 4/],
      [messageOf(Request.SET_VRING_NUM, payloadOf(9)), [], /size must be 8, found 9/],
      [messageOf(Request.SET_VRING_ADDR, payloadOf(39)), [], /size must be 40, found 39/],
      [messageOf(Request.SET_MEM_TABLE, payloadOf(7)), [], /size must be at least 8, found 7/],
      [messageOf(Request.GET_FEATURES, payloadOf(0), 0xffff_ffff), [], /size must be at most/],
      [messageOf(Request.GET_FEATURES, payloadOf(0), 0, 0), [], /flags must be of version 1/],
      [messageOf(Request.GET_FEATURES, payloadOf(0), 0, 2), [], /flags must be of version 1/],
      [messageOf(Request.GET_FEATURES), [file], /descriptors must be 0, found 1/],
      [messageOf(Request.SET_VRING_KICK, payload64(0)), [], /descriptors must be 1, found 0/],
      [
        messageOf(Request.SET_VRING_KICK, payload64(0x100)),
        [file],
        /descriptors must be 0, found 1/,
      ],
      [messageOf(Request.SET_VRING_CALL, payload64(0)), [file, file], /descriptors must be 0 to 1/],
      [messageOf(Request.SET_VRING_ERR, payload64(0x200)), [file], /bits 0 to 8/],
      [messageOf(Request.SET_MEM_TABLE, tableOf([])), [file], /descriptors must be 0, found 1/],
      [
        messageOf(Request.SET_MEM_TABLE, payloadOf(8)),
        Array<number>(16).fill(file),
        /descriptors must be 0 to 8, found 16/,
      ],
      [messageOf(Request.SET_OWNER), Array<number>(40).fill(file), /more descriptors/],
      // Protocol features that were not negotiated.
      [messageOf(Request.GET_CONFIG, payloadOf(12)), [], /negotiated protocol feature/],
      [messageOf(Request.RESET_DEVICE), [], /negotiated protocol feature/],
      [messageOf(Request.GET_STATUS), [], /negotiated protocol feature/],
      [messageOf(Request.ADD_MEM_REG, payloadOf(40)), [file], /negotiated protocol feature/],
      [messageOf(Request.SET_LOG_BASE, payloadOf(16)), [file], /negotiated protocol feature/],
      [messageOf(Request.VRING_KICK, payloadOf(8)), [], /negotiated protocol feature/],
      [
        messageOf(Request.SET_PROTOCOL_FEATURES, payload64(1n << 63n)),
        [],
        /features must be within/,
      ],
      [
        messageOf(
          Request.SET_PROTOCOL_FEATURES,
          payload64(featureSet(ProtocolFeature.INBAND_NOTIFICATIONS)),
        ),
        [],
        /BACKEND_REQ and REPLY_ACK/,
      ],
      // Features that were not offered, and none of which the device could work with.
      [messageOf(Request.SET_FEATURES, payload64(1n << 50n)), [], /a set of those on offer/],
      [messageOf(Request.SET_FEATURES, payload64(1n << 33n)), [], /a set of those on offer/],
      [messageOf(Request.SET_FEATURES, payload64(0)), [], /with VERSION_1/],
      [messageOf(Request.SET_VRING_NUM, payloadState(0, 0)), [], /num must be 1 to 32768/],
      [messageOf(Request.SET_VRING_NUM, payloadState(256, 1)), [], /index must be at most 255/],
      [messageOf(Request.SET_VRING_ENABLE, payloadState(0, 2)), [], /num must be 0 or 1/],
    ];
    for (const [bytes, fds, reason] of cases) assert.match(await ending(bytes, fds), reason);
    close(file);
  }),
);

Deno.test(
  "a back end survives an end of the connection at every byte",
  limited(async () => {
    const memory = memoryFile("test", PAGE);
    const bytes = messageOf(
      Request.SET_MEM_TABLE,
      tableOf([{ address: 0, size: PAGE, user: 0 }]),
    );
    for (let cut = 0; cut < bytes.length; cut++) {
      const before = descriptors();
      const peer = new RawPeer(new EchoDevice());
      if (cut > 0) peer.write(bytes.subarray(0, cut), [memory]);
      await new Promise((resolve) => setTimeout(resolve, 0));
      await peer[Symbol.asyncDispose]();
      const where = cut === 0 ? /^the front end ended it$/ : /ended inside a message/;
      assert.match(await peer.session.ended, where);
      assert.deepEqual(descriptors(), before);
    }
    close(memory);
  }),
);

Deno.test(
  "a back end puts a message together from single bytes",
  limited(async () => {
    const device = new EchoDevice();
    await using peer = new RawPeer(device);
    const memory = peer.memory(PAGE);
    const bytes = messageOf(
      Request.SET_MEM_TABLE,
      tableOf([{ address: 0, size: PAGE, user: 0 }]),
    );
    for (let at = 0; at < bytes.length; at++) {
      peer.write(bytes.subarray(at, at + 1), at === 0 ? [memory] : []);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assert.equal(await peer.talk().ask64(Request.GET_PROTOCOL_FEATURES) > 0n, true);
  }),
);

Deno.test(
  "a back end refuses regions that overlap, overflow or leave their file",
  limited(async () => {
    const before = descriptors();
    const good: RawRegion = { address: 0x10000, size: PAGE, user: 0x50000 };
    const bad: [RawRegion[], RegExp][] = [
      [[{ ...good, size: 0 }], /memory_size must be more than 0/],
      [[{ ...good, size: 2 * PAGE }], /inside the 4096 bytes of its file/],
      [[{ ...good, offset: 1 }], /inside the 4096 bytes of its file/],
      [[{ ...good, offset: 1n << 63n }], /mmap_offset must be less than 2\^53/],
      [[{ ...good, size: 1n << 63n }], /memory_size must be less than 2\^53/],
      [[{ ...good, address: 1n << 63n }], /guest_phys_addr must be less than 2\^53/],
      [[{ ...good, address: 2 ** 53 - PAGE }], /an end below 2\^53/],
      [[{ ...good, user: (1n << 64n) - 1n }], /userspace_addr must be an end below 2\^64/],
      [[good, { ...good, user: 0 }], /guest_phys_addr must be outside/],
      [[good, { ...good, address: 0x10800, user: 0 }], /guest_phys_addr must be outside/],
      [[good, { ...good, address: 0 }], /userspace_addr must be outside/],
    ];
    for (const [regions, reason] of bad) {
      const peer = new RawPeer(new EchoDevice());
      const line = await peer.greet();
      const files = regions.map(() => peer.memory(PAGE));
      await assert.rejects(line.tell(Request.SET_MEM_TABLE, tableOf(regions), files), PeerError);
      assert.match(peer.log.join(), reason);
      // What was there is still there, and can be replaced.
      await peer.table([good], [peer.memory(PAGE)]);
      const other = regionOf({ ...good, size: PAGE / 2 });
      await assert.rejects(line.tell(Request.ADD_MEM_REG, other, files.slice(0, 1)));
      await peer[Symbol.asyncDispose]();
      assert.deepEqual(descriptors(), before);
    }
  }),
);

Deno.test(
  "a back end demands sealed memory where told to",
  limited(async () => {
    const path = await Deno.makeTempFile();
    await using peer = new RawPeer(new EchoDevice(), { requireSealed: true });
    await peer.greet();
    using file = await Deno.open(path, { write: true });
    await file.truncate(PAGE);
    const { open } = await import("./files.ts");
    const fd = open(path, true);
    await assert.rejects(peer.table([{ address: 0, size: PAGE, user: 0 }], [fd]), PeerError);
    assert.match(peer.log.join(), /memory that can not shrink/);
    close(fd);
    await peer.table([{ address: 0, size: PAGE, user: 0 }], [peer.memory(PAGE)]);
    await Deno.remove(path);
  }),
);

Deno.test(
  "a back end refuses rings outside of memory, and none by index or size",
  limited(async () => {
    const device = new EchoDevice();
    await using peer = new RawPeer(device);
    const line = await peer.greet();
    await peer.table([{ address: 0x10000, size: 4 * PAGE, user: 0x50000 }], [
      peer.memory(4 * PAGE),
    ]);
    const attempt = async (index: number, size: number, addresses: DataView<ArrayBuffer>) => {
      await line.tell(Request.SET_VRING_NUM, payloadState(index, size));
      await line.tell(Request.SET_VRING_ADDR, addresses);
      await line.tell(Request.SET_VRING_ENABLE, payloadState(index, 1));
      await line.tell(Request.SET_VRING_KICK, payload64(index), [peer.event()]);
    };
    const user = 0x50000;
    const good = addressesOf(0, user, user + PAGE, user + 2 * PAGE);
    for (
      const addresses of [
        addressesOf(0, 0, user + PAGE, user + 2 * PAGE),
        addressesOf(0, user, user + PAGE, user + 4 * PAGE - 8),
        addressesOf(0, user + 8, user + PAGE, user + 2 * PAGE),
        addressesOf(0, user, user + PAGE + 1, user + 2 * PAGE),
      ]
    ) {
      await assert.rejects(attempt(0, 16, addresses), PeerError);
    }
    assert.match(peer.log[0]!, /desc must be in memory that the front end shares, found 0x0/);
    await assert.rejects(attempt(0, 3, good), PeerError); // no power of two
    await assert.rejects(attempt(0, 512, good), PeerError); // more than the device takes
    await assert.rejects(
      attempt(7, 16, addressesOf(7, user, user + PAGE, user + 2 * PAGE)),
      PeerError,
    );
    assert.equal(device.log.includes("started 0"), false);
    await attempt(0, 16, good);
    assert.equal(device.log.includes("started 0"), true);
    // While it runs, it stays as it is.
    await assert.rejects(line.tell(Request.SET_VRING_NUM, payloadState(0, 8)), PeerError);
    await assert.rejects(line.tell(Request.SET_VRING_BASE, payloadState(0, 1)), PeerError);
    await line.tell(Request.SET_VRING_ADDR, good);
    await assert.rejects(
      line.tell(Request.SET_VRING_ADDR, addressesOf(0, user + 16, user + PAGE, user + 2 * PAGE)),
      PeerError,
    );
    await assert.rejects(line.tell(Request.SET_FEATURES, payload64(FEATURES | 1n)), PeerError);
  }),
);

Deno.test(
  "a back end heeds no kick before the ring is enabled",
  limited(async () => {
    const device = new EchoDevice();
    await using peer = new RawPeer(device);
    const line = await peer.greet();
    await peer.table([{ address: 0, size: 4 * PAGE, user: 0 }], [peer.memory(4 * PAGE)]);
    const kick = peer.event();
    await line.tell(Request.SET_VRING_KICK, payload64(0), [kick]);
    signal(kick);
    await line.tell(Request.SET_VRING_NUM, payloadState(0, 16));
    await line.tell(Request.SET_VRING_ADDR, addressesOf(0, 0, PAGE, 2 * PAGE));
    signal(kick);
    await line.ask64(Request.GET_PROTOCOL_FEATURES);
    assert.equal(device.calls, 0);
    await line.tell(Request.SET_VRING_ENABLE, payloadState(0, 1));
    while (device.calls === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(device.errors, []);
  }),
);

Deno.test(
  "a back end answers no flood that is not read",
  limited(async () => {
    const before = descriptors();
    const peer = new RawPeer(new EchoDevice());
    const flood = messageOf(Request.GET_FEATURES);
    let ended = false;
    peer.session.ended.then(() => ended = true);
    for (let count = 0; count < 100_000 && !ended; count++) {
      try {
        peer.write(flood);
      } catch {
        break;
      }
      if (count % 256 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assert.match(await peer.session.ended, /does not read|gone/);
    await peer[Symbol.asyncDispose]();
    assert.deepEqual(descriptors(), before);
  }),
);

Deno.test(
  "a back end whose ring tells lies signals that, and is good again after a reset",
  limited(async () => {
    const device = new EchoDevice();
    await using peer = new RawPeer(device);
    const line = await peer.greet();
    const memory = peer.memory(4 * PAGE);
    await peer.table([{ address: 0, size: 4 * PAGE, user: 0 }], [memory]);
    const { bytes } = map(memory, 0, 4 * PAGE);
    const error = peer.event();
    await line.tell(Request.SET_VRING_ERR, payload64(0), [error]);
    new DataView(bytes.buffer, bytes.byteOffset).setUint16(PAGE + 2, 9999, true);
    signal(await peer.ring(0, 16, 0));
    while (device.errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.match(String(device.errors[0]), /avail.idx/);
    assert.ok(drain(error) > 0);
    assert.equal(await peer.base(0), 0);
    bytes.fill(0);
    await line.tell(Request.SET_FEATURES, payload64(FEATURES));
    await peer.ring(0, 16, 0);
    assert.equal(device.getStatus() & 0x40, 0);
  }),
);

Deno.test(
  "a back end takes every mask of protocol features",
  limited(async () => {
    for (const protocol of [0n, PROTOCOL, featureSet(ProtocolFeature.STATUS)]) {
      const device = new EchoDevice();
      await using peer = new RawPeer(device);
      await peer.greet(FEATURES, protocol);
      await peer.line!.ask64(Request.GET_FEATURES);
      const agreed = (protocol & featureSet(ProtocolFeature.STATUS)) === 0n;
      assert.equal(device.hasFeature(ReservedFeature.VIRTIO_F_VERSION_1), agreed);
    }
  }),
);
