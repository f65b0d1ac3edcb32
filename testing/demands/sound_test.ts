// What is demanded of sound devices and their drivers (VIRTIO 1.4, 5.14).

import assert from "node:assert/strict";
import {
  SoundDevice,
  SoundDriver,
  SoundPcmFormat,
  SoundPcmRate,
  SoundStatus,
} from "../../generated/sound/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";

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
