// Streams of a sound device (VIRTIO 1.4, 5.14.6.6 to 5.14.6.8).

import assert from "node:assert/strict";
import {
  SoundDevice,
  type SoundDeviceOptions,
  SoundDirection,
  SoundDriver,
  SoundPcmFeature,
  SoundPcmFormat,
  SoundPcmRate,
  SoundStatus,
} from "../../generated/sound/mod.ts";
import { covers } from "../../testing/covers.ts";
import { loopback } from "../loopback.ts";
import type { PcmStreamInfo } from "./pcm_stream.ts";

const { OK, BAD_MSG, NOT_SUPP, IO_ERR } = SoundStatus;
const [OUT, IN] = [0, 1];

function info(direction: number): PcmStreamInfo {
  return {
    hdaFnNid: 7,
    features: 1 << SoundPcmFeature.EVT_XRUNS,
    formats: 1n << BigInt(SoundPcmFormat.S16),
    rates: 1n << BigInt(SoundPcmRate["44100"]),
    direction,
    channelsMin: 1,
    channelsMax: 2,
  };
}

const INFOS = [info(SoundDirection.OUTPUT), info(SoundDirection.INPUT)];
const PARAMS = {
  bufferBytes: 64,
  periodBytes: 16,
  features: 1 << SoundPcmFeature.EVT_XRUNS,
  channels: 2,
  format: SoundPcmFormat.S16,
  rate: SoundPcmRate["44100"],
};

function made(options: Partial<SoundDeviceOptions> = {}): SoundDevice {
  return new SoundDevice({
    config: { jacks: 0, streams: 2, chmaps: 0 },
    streams: { infos: INFOS },
    ...options,
  });
}

/** A user who notes the commands that he sees. */
function noting(seen: string[]): Partial<SoundDeviceOptions> {
  const note = (command: string) => ({ streamId }: { streamId: number }) => {
    seen.push(`${command} ${streamId}`);
    return OK;
  };
  return {
    pcmSetParams: note("params"),
    pcmPrepare: note("prepare"),
    pcmStart: note("start"),
    pcmStop: note("stop"),
    pcmRelease: note("release"),
  };
}

async function opened(device: SoundDevice) {
  const driver = await SoundDriver.open(loopback(device));
  const commands = {
    params: async (streamId: number, changes: Partial<typeof PARAMS> = {}) =>
      (await driver.pcmSetParams({ ...PARAMS, ...changes, streamId })).code,
    prepare: async (streamId: number) => (await driver.pcmPrepare({ streamId })).code,
    start: async (streamId: number) => (await driver.pcmStart({ streamId })).code,
    stop: async (streamId: number) => (await driver.pcmStop({ streamId })).code,
    release: async (streamId: number) => (await driver.pcmRelease({ streamId })).code,
  };
  type Command = keyof typeof commands;
  return {
    driver,
    /** Gives commands, and returns what the last one was answered. */
    run: async (streamId: number, ...all: Command[]) => {
      let code: number = OK;
      for (const one of all) code = await commands[one](streamId);
      return code;
    },
    params: commands.params,
    play: async (length: number, streamId = OUT) =>
      (await driver.play({ streamId }, new Uint8Array(length).fill(1))).status,
    record: async (length: number, streamId = IN) => {
      const { status, frames } = await driver.record({ streamId }, new Uint8Array(length));
      return { status, frames };
    },
    [Symbol.asyncDispose]: () => driver.close(),
  };
}

Deno.test("only the transitions of a stream's life are valid (5.14.6.6.1)", async () => {
  type Command = "params" | "prepare" | "start" | "stop" | "release";
  const life: readonly [Command[], Command[]][] = [
    [[], ["params"]],
    [["params"], ["params", "prepare"]],
    [["params", "prepare"], ["params", "prepare", "start", "release"]],
    [["params", "prepare", "start"], ["stop"]],
    [["params", "prepare", "start", "stop"], ["start", "release"]],
    [["params", "prepare", "release"], ["params", "prepare"]],
  ];
  for (const [way, valid] of life) {
    for (const command of ["params", "prepare", "start", "stop", "release"] as const) {
      const seen: string[] = [];
      await using guest = await opened(made(noting(seen)));
      assert.equal(await guest.run(OUT, ...way), OK);
      const wanted = valid.includes(command) ? OK : BAD_MSG;
      assert.equal(await guest.run(OUT, command), wanted, `${command} behind ${way}`);
      assert.equal(
        seen.length,
        way.length + (wanted === OK ? 1 : 0),
        "the user sees the valid ones",
      );
    }
  }
});

Deno.test("streams are told of, and have the parameters that they support only (5.14.6.6.3)", async () => {
  covers(
    "drivernormative:Device Types / Sound Device / Device Operation / PCM Stream Parameters#3",
    "drivernormative:Device Types / Sound Device / Device Operation / PCM Stream Parameters#4",
  );
  const device = made();
  await using guest = await opened(device);
  const { items } = await guest.driver.pcmInfo({ startId: 0, count: 2, size: 32 });
  assert.deepEqual(items, INFOS);
  const wrong: readonly Partial<typeof PARAMS>[] = [
    { channels: 0 },
    { channels: 3 },
    { format: SoundPcmFormat.U8 as typeof PARAMS.format },
    { rate: SoundPcmRate["48000"] as typeof PARAMS.rate },
    { features: 1 << SoundPcmFeature.MSG_POLLING },
  ];
  for (const changes of wrong) {
    assert.equal(await guest.params(OUT, changes), NOT_SUPP, JSON.stringify(changes));
  }
  assert.equal(device.streams!.params(OUT), undefined);
  assert.equal(await guest.params(OUT), OK);
  assert.deepEqual(device.streams!.params(OUT), PARAMS);
  assert.equal(device.streams!.state(OUT), "set");
  assert.equal(device.streams!.state(IN), "idle");
  assert.throws(() => device.streams!.state(2), RangeError);
});

Deno.test("frames are taken from when a stream is prepared until it is released, in its direction (5.14.6.8)", async () => {
  const played: number[] = [];
  const device = made({
    play: (_, frames) => {
      played.push(frames.length);
      return { latencyBytes: 0 };
    },
    record: (_, frames) => {
      frames.write(new Uint8Array(frames.length).fill(2));
      return { latencyBytes: 0 };
    },
  });
  await using guest = await opened(device);
  assert.equal(await guest.play(4), IO_ERR);
  await guest.run(OUT, "params");
  assert.equal(await guest.play(4), IO_ERR, "not prepared");
  await guest.run(OUT, "prepare");
  assert.equal(await guest.play(5), OK, "ahead of the start");
  await guest.run(OUT, "start");
  assert.equal(await guest.play(6), OK);
  await guest.run(OUT, "stop");
  assert.equal(await guest.play(7), OK);
  await guest.run(OUT, "release");
  assert.equal(await guest.play(8), IO_ERR);
  assert.deepEqual(played, [5, 6, 7]);
  await guest.run(IN, "params", "prepare", "start");
  assert.deepEqual((await guest.record(3)).frames, Uint8Array.of(2, 2, 2));
  assert.equal(await guest.play(4, IN), IO_ERR);
  await guest.run(OUT, "prepare");
  assert.equal((await guest.record(4, OUT)).status, IO_ERR);
});

Deno.test("a release ends when all buffers of the stream have gone back (5.14.6.6.5)", async () => {
  covers(
    "devicenormative:Device Types / Sound Device / Device Operation / PCM Stream Release#1",
    "devicenormative:Device Types / Sound Device / Device Operation / PCM Stream Release#2",
    "devicenormative:Device Types / Sound Device / Device Operation / PCM Input Stream#1",
  );
  const never = () => new Promise<typeof OK>(() => {});
  const device = made({
    play: never,
    record: (_, frames) => {
      frames.write(Uint8Array.of(3, 4));
      return never();
    },
  });
  await using guest = await opened(device);
  for (const id of [OUT, IN]) await guest.run(id, "params", "prepare", "start");
  const order: string[] = [];
  const noted = async <T>(name: string, answer: Promise<T>) => {
    const value = await answer;
    order.push(name);
    return value;
  };
  const played = [noted("play", guest.play(4)), noted("play", guest.play(4))];
  const recorded = noted("record", guest.record(4));
  await guest.run(OUT, "stop");
  assert.deepEqual(order, [], "a stream that stops keeps what it has");
  await noted("release", guest.run(OUT, "release"));
  assert.deepEqual(await Promise.all(played), [IO_ERR, IO_ERR]);
  assert.deepEqual(order, ["play", "play", "release"]);
  await noted("release", guest.run(IN, "stop", "release"));
  assert.deepEqual(await recorded, { status: OK, frames: Uint8Array.of(3, 4) });
  assert.deepEqual(order.slice(3), ["record", "release"]);
});

Deno.test("commands are obeyed one after the other, and a refused one changes nothing (5.14.6.6.1)", async () => {
  const prepared = Promise.withResolvers<typeof OK>();
  const seen: string[] = [];
  const device = made({
    ...noting(seen),
    pcmPrepare: () => prepared.promise,
    pcmStart: () => NOT_SUPP,
  });
  await using guest = await opened(device);
  await guest.run(OUT, "params");
  const all = Promise.all([guest.run(OUT, "prepare"), guest.run(OUT, "start")]);
  await guest.run(IN, "params");
  assert.equal(device.streams!.state(OUT), "set");
  prepared.resolve(OK);
  assert.deepEqual(await all, [OK, NOT_SUPP]);
  assert.equal(device.streams!.state(OUT), "prepared");
  assert.deepEqual(seen, ["params 0", "params 1"]);
});

Deno.test("events are sent to a driver that asked for them (5.14.6.7)", async () => {
  const told: number[] = [];
  const device = made();
  const driver = await SoundDriver.open(loopback(device), {
    onPcmXrun: ({ data }) => void told.push(data),
  });
  assert.equal(device.streams!.xrun(IN), false);
  await driver.pcmSetParams({ ...PARAMS, streamId: IN });
  assert.equal(device.streams!.xrun(IN), true);
  assert.equal(device.streams!.periodElapsed(IN), false);
  await driver.pcmInfo({ startId: 0, count: 1, size: 32 });
  assert.deepEqual(told, [IN]);
  await driver.close();
});

Deno.test("a reset stops and releases what runs, a restore leads to where it was (5.14.6.6.1)", async () => {
  const seen: string[] = [];
  const device = made(noting(seen));
  const guest = await opened(device);
  await guest.run(OUT, "params", "prepare", "start");
  await guest.run(IN, "params", "prepare");
  const saved = JSON.parse(JSON.stringify(device.save())).behaviours.streams;
  seen.length = 0;
  await guest.driver.close();
  assert.deepEqual(seen.sort(), ["release 0", "release 1", "stop 0"]);
  assert.equal(device.streams!.state(OUT), "idle");

  const again: string[] = [];
  const other = made(noting(again)).streams!;
  other.restore(saved, "streams");
  assert.deepEqual(other.save(), saved);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(again.filter((one) => one.endsWith("0")), ["params 0", "prepare 0", "start 0"]);
  assert.deepEqual(again.filter((one) => one.endsWith("1")), ["params 1", "prepare 1"]);
  const spoiled: readonly [string, unknown][] = [
    ["streams must be 2 streams", []],
    ["streams[0].state must be a state", [{ ...saved[0], state: "running" }, saved[1]]],
    ["streams[1].params must be parameters", [saved[0], { ...saved[1], params: null }]],
    ["streams[0].params.rate must be", [{ ...saved[0], params: { ...PARAMS, rate: -1 } }, 0]],
    ["streams[0].params must be parameters", [{ ...saved[0], params: { ...PARAMS, rate: 1 } }, 0]],
  ];
  for (const [message, state] of spoiled) {
    const named = (error: Error) => error.message.includes(message);
    assert.throws(() => other.restore(state, "streams"), named, message);
  }
  assert.deepEqual(other.save(), saved);
});

Deno.test("a reset ends a stream that is being started (5.14.6.6.1)", async () => {
  const seen: string[] = [];
  const { promise, resolve } = Promise.withResolvers<typeof OK>();
  const guest = await opened(made({ ...noting(seen), pcmStart: () => promise }));
  await guest.run(OUT, "params", "prepare");
  const started = guest.run(OUT, "start");
  await new Promise((done) => setTimeout(done, 0));
  seen.length = 0;
  await guest.driver.close();
  await assert.rejects(started);
  resolve(OK);
  await new Promise((done) => setTimeout(done, 0));
  assert.deepEqual(seen, ["stop 0", "release 0"]);
});

Deno.test("streams are refused that can not be (5.14.6.6.2)", () => {
  covers(
    "devicenormative:Device Types / Sound Device / Device Operation / PCM Stream Information#1",
  );
  const [one] = INFOS as [PcmStreamInfo];
  for (
    const infos of [
      [one],
      [one, { ...one, direction: 2 }],
      [one, { ...one, features: 0x20 }],
      [one, { ...one, formats: 1n << 60n }],
      [one, { ...one, rates: 1n << 16n }],
      [one, { ...one, channelsMin: 3 }],
    ]
  ) {
    assert.throws(() => made({ streams: { infos } }), RangeError);
  }
});
