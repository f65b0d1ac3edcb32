/**
 * Every construct of the language in a small device of its own: generated, type-checked, and run
 * against bytes that were written by hand, cut at every position, over both rings.
 */

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { loopback } from "../runtime/loopback.ts";
import type { Device as DeviceSide } from "../runtime/device.ts";
import type { Driver as DriverSide } from "../runtime/driver.ts";
import { RIGS } from "../runtime/transports/rigs_fixture.ts";
import type { Transport } from "../runtime/transport.ts";
import type { Device } from "../spec/dsl.ts";
import { tryRequest, trySend } from "../testing/device_trial.ts";
import { tryCall, tryEvent } from "../testing/driver_trial.ts";
import { messageOf, type Subject } from "../testing/subjects.ts";
import type { Vector } from "../testing/vectors.ts";
import { deno } from "./cli_fixture.ts";
import { deviceFiles } from "./files.ts";
import { load, resolve } from "./front.ts";
import { HOME } from "./standard.ts";
import type { Sides } from "./testdata/constructs/construct.ts";

const LEGACY = RIGS.find(({ carries }) => carries === "mmio-legacy")!;
const FOLDER = new URL("testdata/constructs/", import.meta.url);

/** What the module of a construct exports. */
interface Construct {
  readonly device: Device;
  readonly vectors: readonly Vector[];
  readonly run?: (sides: Sides) => void | Promise<void>;
}

const RINGS = [{ packed: false, indirect: false }, { packed: true, indirect: true }];

Deno.test("the output of every construct type-checks and serves its vectors", async (t) => {
  const folder = await Deno.makeTempDir();
  try {
    const names = [...Deno.readDirSync(FOLDER)].filter((entry) => entry.isDirectory)
      .map((entry) => entry.name).sort();
    for (const name of names) await printed(folder, name);
    await t.step("all of it type-checks strictly and lints", () => checked(folder));
    await t.step("all passes the test that comes with it", () => tested(folder, names));
    for (const name of names) await t.step(name, (inner) => tried(inner, folder, name));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Writes the files of a construct, as they are before they are formatted. */
async function printed(folder: string, name: string): Promise<void> {
  const { devices } = resolve(await load([new URL(`${name}/input.ts`, FOLDER).href]));
  const runtime = new URL("runtime/contract.ts", HOME).href;
  for (const file of devices.flatMap((device) => [...deviceFiles(device, runtime)])) {
    if (!file.path.endsWith(".ts")) continue;
    const path = `${folder}/${file.path}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, file.text);
  }
}

async function tested(folder: string, names: readonly string[]): Promise<void> {
  const imports = names.map((name) => `import "./${name}/loopback_test.ts";\n`);
  await Deno.writeTextFile(`${folder}/all.ts`, imports.join(""));
  const { code, stdout, stderr } = await deno(["test", "--quiet", "--no-check", "all.ts"], {
    cwd: pathToFileURL(`${folder}/`),
  });
  assert.equal(code, 0, stdout + stderr);
}

async function checked(folder: string): Promise<void> {
  const strict = { strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true };
  const config = { compilerOptions: strict, lint: { rules: { tags: ["recommended", "jsr"] } } };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config));
  for (const command of ["check", "lint"]) {
    const { code, stdout, stderr } = await deno([command, "--quiet", "."], {
      cwd: pathToFileURL(`${folder}/`),
    });
    assert.equal(code, 0, `${command}: ${stdout}${stderr}`);
  }
}

async function tried(t: Deno.TestContext, folder: string, name: string): Promise<void> {
  const { device, vectors, run }: Construct = await import(
    new URL(`${name}/input.ts`, FOLDER).href
  );
  assert.equal(device.name, name);
  const sides = await sidesOf(folder, device);
  const subject: Subject = {
    description: device,
    makeDevice: sides.makeDevice,
    openDriver: sides.open,
  };
  for (const vector of vectors) {
    await t.step(vector.name, async () => {
      for (const ring of RINGS) await tryVector(subject, vector, ring);
    });
  }
  if (run !== undefined) await t.step("both sides together", async () => await run(sides));
  assert.ok(vectors.length > 0 || run !== undefined, "nothing was tried");
}

async function tryVector(subject: Subject, vector: Vector, ring: typeof RINGS[0]): Promise<void> {
  if (messageOf(subject, vector).queue.role === "receive") {
    trySend(subject, vector, ring);
    return await tryEvent(subject, vector, ring);
  }
  if (vector.only !== "driver") await tryRequest(subject, vector, ring);
  if (vector.only !== "device" && vector.refused === undefined) {
    await tryCall(subject, vector, ring);
  }
}

interface Opening extends Sides {
  readonly open: (transport: Transport, options: Record<string, unknown>) => Promise<DriverSide>;
}

/** Both sides as they were generated. */
async function sidesOf(folder: string, { name, prefix }: Device): Promise<Opening> {
  const module = async (file: string): Promise<Record<string, unknown>> =>
    await import(pathToFileURL(`${folder}/${name}/${file}.ts`).href);
  const [wire, device, driver] = [
    await module("wire"),
    await module("device"),
    await module("driver"),
  ];
  const Made = device[`${prefix}Device`] as new (options: Record<string, unknown>) => DeviceSide;
  const Driver = driver[`${prefix}Driver`] as Opening;
  const { open } = Driver;
  return {
    wire,
    Driver,
    open,
    makeDevice: (options) => new Made(options),
    openDriver: async (made, options = {}, over = "loopback") =>
      open(over === "loopback" ? loopback(made) : (await LEGACY.connect(made)).transport, options),
  };
}
