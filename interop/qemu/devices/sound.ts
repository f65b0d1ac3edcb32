/** A sound card: virtio-sound of QEMU 10, which plays into a WAV file. */

import assert from "node:assert/strict";
import {
  SoundDirection,
  SoundDriver,
  SoundPcmFormat,
  SoundPcmRate,
  SoundStatus,
} from "../../../generated/sound/mod.ts";
import type { Trial } from "../trial.ts";
import { eventually } from "../wait.ts";
import { modernOnly } from "../ways.ts";

const { OK, NOT_SUPP } = SoundStatus;
const [OUTPUT, STREAMS] = [0, 2];
const RATE = 44_100;
const [CHANNELS, SAMPLE] = [2, 2];
const PERIOD = 4096;
const [PERIODS, SILENT] = [8, 2];
const WAV_HEADER = 44;
/** Bytes of each stream that is told of, and of a jack or a channel map. */
const [PCM, ITEM] = [32, 24];

/** What there is: jacks, streams and channel maps. */
async function inventory(driver: SoundDriver): Promise<void> {
  const { jacks, streams, chmaps } = driver.config;
  assert.equal(streams, STREAMS);
  const pcm = await driver.pcmInfo({ startId: 0, count: streams, size: PCM });
  assert.equal(pcm.code, OK);
  assert.deepEqual(pcm.items.map(({ direction }) => direction), [
    SoundDirection.OUTPUT,
    SoundDirection.INPUT,
  ]);
  for (const { formats, rates, channelsMin, channelsMax } of pcm.items) {
    assert.ok((formats >> BigInt(SoundPcmFormat.S16) & 1n) === 1n);
    assert.ok((rates >> BigInt(SoundPcmRate[RATE]) & 1n) === 1n);
    assert.ok(channelsMin <= CHANNELS && CHANNELS <= channelsMax);
  }
  // A driver asks for what there is alone.
  assert.throws(() => driver.pcmInfo({ startId: 1, count: streams, size: PCM }), RangeError);
  // QEMU has neither, and does not serve to ask for them.
  assert.deepEqual([jacks, chmaps], [0, 0]);
  for (const info of ["jackInfo", "chmapInfo"] as const) {
    assert.equal((await driver[info]({ startId: 0, count: 0, size: ITEM })).code, NOT_SUPP);
  }
}

/** The samples in the file, without the silence around them. */
function played(path: string): Uint8Array {
  const bytes = Deno.readFileSync(path).subarray(WAV_HEADER);
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? new Uint8Array(0) : bytes.subarray(first - first % (CHANNELS * SAMPLE));
}

/** Plays samples, which are then in the file. */
async function play(driver: SoundDriver, path: string): Promise<void> {
  const good = async (answer: Promise<{ readonly code: number }>) =>
    assert.equal((await answer).code, OK);
  const stream = { streamId: OUTPUT };
  await good(driver.pcmSetParams({
    ...stream,
    bufferBytes: PERIOD * PERIODS,
    periodBytes: PERIOD,
    features: 0,
    channels: CHANNELS,
    format: SoundPcmFormat.S16,
    rate: SoundPcmRate[RATE],
  }));
  await good(driver.pcmPrepare(stream));
  await good(driver.pcmStart(stream));
  const samples = crypto.getRandomValues(new Uint8Array(PERIOD * PERIODS));
  samples[0]! |= 1; // where they begin
  // Silence behind them, for what QEMU keeps back until it has enough.
  const all = new Uint8Array(PERIOD * (PERIODS + SILENT));
  all.set(samples);
  const periods = Array.from(
    { length: PERIODS + SILENT },
    (_, at) => all.subarray(PERIOD * at, PERIOD * (at + 1)),
  );
  const answers = await Promise.all(periods.map((period) => driver.play(stream, period)));
  for (const { status } of answers) assert.equal(status, OK);
  await eventually("all was played", () => played(path).length >= samples.length);
  await good(driver.pcmStop(stream));
  await good(driver.pcmRelease(stream));
  assert.deepEqual(played(path).subarray(0, samples.length), samples);
}

/** The trial. */
export const sound: Trial = {
  device: "sound",
  name: "virtio-sound",
  machine: { build: "10" },
  properties: ["audiodev=a0"],
  options: (scratch) => {
    const format = `out.frequency=${RATE},out.channels=${CHANNELS},out.format=s16`;
    return ["-audiodev", `wav,id=a0,path=${scratch.path("wav")},${format}`];
  },
  refused: modernOnly("virtio-sound"),
  proves:
    "in QEMU 10: streams, a stream set up, prepared, started, played, stopped and released, " +
    "its samples byte for byte in a WAV file; a refusal to tell of jacks and channel maps",
  run: async (transport, _machine, scratch) => {
    await using driver = await SoundDriver.open(transport);
    await inventory(driver);
    await play(driver, scratch.path("wav"));
  },
};
