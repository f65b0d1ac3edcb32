// What is demanded of sound devices and their drivers (VIRTIO 1.4, 5.14).

import assert from "node:assert/strict";
import {
  SoundDevice,
  SoundDriver,
  SoundPcmFormat,
  SoundPcmRate,
  SoundStatus,
  VIRTIO_SND_F_CTLS,
} from "../../generated/sound/mod.ts";
import { featureSet } from "../../runtime/features.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";
import { HandDevice } from "../driver_bench.ts";

const refused = (rule: RegExp) => ({ name: "RangeError", message: rule });

Deno.test("sound: a driver asks for no more items than there are (5.14.6.2)", async () => {
  covers("drivernormative:Device Types / Sound Device / Item Information Request#1");
  const asked: number[][] = [];
  const info = ({ startId, count }: { startId: number; count: number }) => {
    asked.push([startId, count]);
    return SoundStatus.NOT_SUPP;
  };
  const device = new SoundDevice({
    config: { jacks: 3, streams: 2, chmaps: 1 },
    jackInfo: info,
    pcmInfo: info,
    chmapInfo: info,
  });
  await using driver = await SoundDriver.open(loopback(device));
  type Ask = (request: { startId: number; count: number; size: number }) => Promise<unknown>;
  const of: readonly (readonly [Ask, number])[] = [
    [(request) => driver.jackInfo(request), 3],
    [(request) => driver.pcmInfo(request), 2],
    [(request) => driver.chmapInfo(request), 1],
  ];
  for (const [ask, most] of of) {
    for (
      const [startId, count] of [[0, most + 1], [most, 1], [1, most], [0xffff_ffff, 1]] as const
    ) {
      const wrong = async () => await ask({ startId, count, size: 64 });
      await assert.rejects(wrong, refused(/There are such/));
    }
    await ask({ startId: 0, count: most, size: 64 });
  }
  assert.deepEqual(asked, [[0, 3], [0, 2], [0, 1]]);
});

Deno.test("sound: a driver sets periods that divide the buffer (5.14.6.6.3.2)", async () => {
  covers(
    "drivernormative:Device Types / Sound Device / Device Operation / PCM Stream Parameters#1",
  );
  const set: number[] = [];
  const device = new SoundDevice({
    config: { jacks: 0, streams: 1, chmaps: 0 },
    pcmSetParams: ({ periodBytes }) => (set.push(periodBytes), SoundStatus.OK),
  });
  await using driver = await SoundDriver.open(loopback(device));
  const format = SoundPcmFormat.S16;
  const rate = SoundPcmRate[48000];
  const params = { streamId: 0, features: 0, channels: 1, format, rate, bufferBytes: 4096 };
  const ask = async (periodBytes: number) => await driver.pcmSetParams({ ...params, periodBytes });
  for (const bytes of [4095, 3000, 8192, 1025]) await assert.rejects(ask(bytes), refused(/divide/));
  for (const bytes of [1024, 4096]) assert.equal((await ask(bytes)).code, SoundStatus.OK);
  assert.deepEqual(set, [1024, 4096]);
});

Deno.test("sound: a device tells of no channel map with more than 18 channels (5.14.6.9.1)", async () => {
  covers(
    "devicenormative:Device Types / Sound Device / Device Operation / Channel Map Information#2",
  );
  let channels = 18;
  const device = new SoundDevice({
    config: { jacks: 0, streams: 0, chmaps: 1 },
    chmapInfo: () => ({
      items: [{
        hdaFnNid: 0,
        direction: 0,
        channels,
        positions: new Array<number>(18).fill(3),
      }],
    }),
  });
  device.onError = () => {}; // that of the answer
  await using driver = await SoundDriver.open(loopback(device));
  const ask = () => driver.chmapInfo({ startId: 0, count: 1, size: 24 });
  assert.equal((await ask()).code, SoundStatus.OK);
  channels = 19;
  assert.equal((await ask()).code, SoundStatus.IO_ERR);
});

Deno.test("sound: a driver sets no undefined features, formats or rates (5.14.6.6.3.2)", async () => {
  const PARAMETERS =
    "drivernormative:Device Types / Sound Device / Device Operation / PCM Stream Parameters";
  covers(`${PARAMETERS}#2`, `${PARAMETERS}#5`);
  let asked = 0;
  const device = new SoundDevice({
    config: { jacks: 0, streams: 1, chmaps: 0 },
    pcmSetParams: () => (asked++, SoundStatus.OK),
  });
  await using driver = await SoundDriver.open(loopback(device));
  const good = {
    streamId: 0,
    features: 0x1c,
    channels: 1,
    format: SoundPcmFormat.IEC958_SUBFRAME,
    rate: SoundPcmRate[24000],
    bufferBytes: 4096,
    periodBytes: 1024,
  };
  const set = async (changes: object) => (await driver.pcmSetParams({ ...good, ...changes })).code;
  for (const features of [0x20, 0x8000_0000]) {
    await assert.rejects(set({ features }), refused(/No undefined feature/));
  }
  for (const format of [25, 0xff]) await assert.rejects(set({ format }), refused(/A format/));
  for (const rate of [16, 0xff]) await assert.rejects(set({ rate }), refused(/A rate/));
  await assert.rejects(set({ features: 3 }), refused(/both sides/));
  assert.equal(asked, 0);
  assert.equal(await set({}), SoundStatus.OK);
});

Deno.test("sound: a device tells of no undefined change of a control (5.14.6.10.4.1)", async () => {
  covers(
    "devicenormative:Device Types / Sound Device / Device Operation / Control Element Notifications#1",
  );
  const config = { jacks: 0, streams: 0, chmaps: 0, controls: 1 };
  const handlers = {
    ctlInfo: () => SoundStatus.NOT_SUPP,
    ctlEnumItems: () => SoundStatus.NOT_SUPP,
    ctlRead: () => SoundStatus.NOT_SUPP,
    ctlWrite: () => SoundStatus.NOT_SUPP,
    ctlTlvRead: () => SoundStatus.NOT_SUPP,
    ctlTlvWrite: () => SoundStatus.NOT_SUPP,
    ctlTlvCommand: () => SoundStatus.NOT_SUPP,
  };
  const device = new SoundDevice({ config, ...handlers });
  const told: number[] = [];
  const onCtlNotify = ({ mask }: { mask: number }) => void told.push(mask);
  await using _driver = await SoundDriver.open(loopback(device), { onCtlNotify });
  await new Promise((resolve) => setTimeout(resolve, 1));
  for (const mask of [8, 0x8001]) {
    assert.throws(() => device.sendCtlNotify({ controlId: 0, mask }), refused(/undefined change/));
  }
  assert.equal(device.sendCtlNotify({ controlId: 0, mask: 7 }), true);
  await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(told, [7]);
});

Deno.test("sound: a driver does not read how many controls there are unless it takes part in them (5.14.5.1)", async () => {
  covers("drivernormative:Device Types / Sound Device / Device Initialization#1");
  const config = new Uint8Array(16).fill(1);
  const open = async (features: readonly "CTLS"[]) => {
    const hand = new HandDevice(25, featureSet(VIRTIO_SND_F_CTLS, 32), config);
    const read = hand.readConfig.bind(hand);
    let end = 0;
    hand.readConfig = (offset, length) => {
      end = Math.max(end, offset + length);
      return read(offset, length);
    };
    await using driver = await SoundDriver.open(hand, { features });
    return [end, driver.config.controls];
  };
  assert.deepEqual(await open([]), [12, undefined]);
  assert.deepEqual(await open(["CTLS"]), [16, 0x0101_0101]);
});

Deno.test("sound: frames are readable or writable, and only the answer lies behind them (5.14.6.8)", async () => {
  const IO = "drivernormative:Device Types / Sound Device / Device Operation";
  covers(`${IO} / PCM Output Stream#2`, `${IO} / PCM Input Stream#2`);
  const hand = new HandDevice(
    25,
    featureSet(32),
    Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
  );
  const seen: number[][] = [];
  hand.onKick = (queue) => {
    if (queue.index < 2) return;
    const head = queue.pop();
    const { readableLength, writableLength } = queue.chain(head);
    seen.push([queue.index, readableLength, writableLength]);
    queue.push(head, 0);
    queue.publish();
  };
  await using driver = await SoundDriver.open(hand);
  await assert.rejects(driver.play({ streamId: 0 }, new Uint8Array(480)));
  await assert.rejects(driver.record({ streamId: 0 }, new Uint8Array(480)));
  assert.deepEqual(seen, [[2, 4 + 480, 8], [3, 4, 480 + 8]]);
});
