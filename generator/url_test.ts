/** The project by URL: an empty folder, no configuration, no import map, a cache of its own. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { contents, deno, inFolder, put, type Ran } from "./cli_fixture.ts";
import { demo, edited } from "./own_device_fixture.ts";
import { HOME } from "./standard.ts";

/** An empty folder, and this checkout as a server has it. */
interface Elsewhere {
  readonly cwd: URL;
  readonly origin: string;
  /** Runs a command of Deno in the folder, with the permission to import from the server. */
  readonly run: (command: string, ...args: string[]) => Promise<Ran>;
}

/** Serves the checkout on loopback while `use` works in an empty folder. */
async function elsewhere(use: (place: Elsewhere) => Promise<void>): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, serve);
  const host = `127.0.0.1:${server.addr.port}`;
  const npm = await npmCache();
  try {
    await inFolder({}, (cache) => {
      Deno.symlinkSync(npm, new URL("npm", cache));
      const env = { DENO_DIR: fileURLToPath(cache) };
      return inFolder({}, (cwd) => {
        const run = (command: string, ...args: string[]) =>
          deno([command, "--no-config", "--quiet", `--allow-import=${host}`, ...args], {
            cwd,
            env,
          });
        return use({ cwd, origin: `http://${host}`, run });
      });
    });
  } finally {
    await server.shutdown();
  }
}

/** Below `/next/` the runtime keeps the contract of a later release. */
async function serve(request: Request): Promise<Response> {
  const path = new URL(request.url).pathname;
  const next = path.startsWith("/next/");
  const file = next ? path.slice("/next/".length) : path.slice(1);
  let text: string;
  try {
    text = await Deno.readTextFile(new URL(file, HOME));
  } catch {
    return new Response("", { status: 404 });
  }
  if (next && file === "runtime/contract.ts") {
    text = text.replace(/CONTRACT = \d+/, "CONTRACT = 99");
  }
  return new Response(text, { headers: { "content-type": "application/typescript" } });
}

/** Where Deno has the packages that this project uses: they need not be fetched again. */
async function npmCache(): Promise<string> {
  const { stdout } = await deno(["info", "--json"], { cwd: HOME });
  return JSON.parse(stdout).npmCache;
}

function assertOk({ code, stdout, stderr }: Ran): void {
  assert.equal(code, 0, stdout + stderr);
}

const DISK = (origin: string) => `
import { loopback } from "${origin}/mod.ts";
import { BlockDevice, BlockDriver, BlockStatus } from "${origin}/generated/blk/mod.ts";
import { devices } from "${origin}/spec/mod.ts";

const disk = new Uint8Array(1 << 20);
const device = new BlockDevice({
  config: { capacity: disk.length / 512 },
  in: ({ sector }, data) => (data.write(disk, sector * 512), BlockStatus.OK),
  out: ({ sector }, data) => (data.read(disk, sector * 512), BlockStatus.OK),
});
await using driver = await BlockDriver.open(loopback(device));
const sent = Uint8Array.from({ length: 4096 }, (_, i) => i * 7);
const out = await driver.out({ sector: 3 }, sent);
const got = new Uint8Array(4096);
const back = await driver.in({ sector: 3 }, got);
const past = await (async () => await driver.in({ sector: 2048 }, new Uint8Array(4096)))()
  .catch((error) => error.name);
console.log(JSON.stringify({
  statuses: [out.status, back.status],
  past,
  same: got.every((byte, i) => byte === sent[i]),
  stored: disk[3 * 512 + 1],
  known: devices.some((device) => device.name === "blk"),
}));
`;

Deno.test("a disk works by URL from an empty folder", async () => {
  await elsewhere(async ({ cwd, origin, run }) => {
    put(cwd, "disk.ts", DISK(origin));
    assertOk(await run("check", "disk.ts"));
    const ran = await run("run", "disk.ts");
    assertOk(ran);
    assert.deepEqual(JSON.parse(ran.stdout), {
      statuses: [0, 0],
      past: "RangeError",
      same: true,
      stored: 7,
      known: true,
    });
  });
});

Deno.test("generated code of another contract is refused by URL, with one clear error", async () => {
  await elsewhere(async ({ cwd, origin, run }) => {
    put(cwd, "disk.ts", DISK(`${origin}/next`));
    const { code, stderr } = await run("run", "disk.ts");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /Cannot use generated code of contract \d+: this runtime keeps contract 99/,
    );
    assert.equal(stderr.match(/error:/g)?.length, 1);
  });
});

Deno.test("new, a few edits and generate give a device of one's own by URL", async () => {
  await elsewhere(async ({ cwd, origin, run }) => {
    const cli = (...args: string[]) =>
      run("run", "--no-prompt", "--allow-read", "--allow-write=.", `${origin}/cli.ts`, ...args);
    assertOk(await cli("new", "lamp"));
    const starter = contents(cwd)["lamp.ts"]!;
    assert.ok(starter.includes(`from "${origin}/spec/dsl.ts"`));
    put(cwd, "lamp.ts", edited(starter));
    assertOk(await cli("generate", "--spec", "lamp.ts", "--out", "lamps"));
    assert.match(
      contents(cwd)["lamps/lamp/wire.ts"]!,
      /^\/\/ Generated by virtio-ts from lamp\.ts\. /,
    );
    put(cwd, "demo.ts", demo("./lamps/lamp/mod.ts", `${origin}/mod.ts`));
    assertOk(await run("check", "lamp.ts", "demo.ts", "lamps"));
    const tested = await run("test", "lamps");
    assertOk(tested);
    assert.match(tested.stdout, /paint reaches its handler/);
    const ran = await run("run", "demo.ts");
    assertOk(ran);
    assert.equal(ran.stdout, "the demo went well\n");
    const again = await cli("generate", "--spec", "lamp.ts", "--out", "lamps", "--check");
    assertOk(again);
    const explained = await cli("explain", "--spec", "lamp.ts");
    assertOk(explained);
    assert.match(explained.stdout, /union by form/);
  });
});

Deno.test("the output by URL runs with a copy of the runtime, and then needs no network", async () => {
  await elsewhere(async ({ cwd, origin, run }) => {
    const cli = (...args: string[]) =>
      run("run", "--no-prompt", "--allow-read", "--allow-write=.", `${origin}/cli.ts`, ...args);
    assertOk(await cli("new", "lamp"));
    put(cwd, "lamp.ts", edited(contents(cwd)["lamp.ts"]!));
    assertOk(await cli("generate", "--spec", "lamp.ts", "--runtime", "copy"));
    for (const [path, text] of Object.entries(contents(cwd))) {
      if (path.startsWith("generated/")) assert.ok(!text.includes(origin), path);
    }
    put(cwd, "demo.ts", demo("./generated/lamp/mod.ts", "./generated/runtime/contract.ts"));
    assertOk(await run("check", "demo.ts", "generated"));
    const ran = await run("run", "--no-remote", "demo.ts");
    assertOk(ran);
    assert.equal(ran.stdout, "the demo went well\n");
  });
});

Deno.test("descriptions are taken by URL, named by it, and told when they are not there", async () => {
  await elsewhere(async ({ cwd, origin, run }) => {
    const cli = (...args: string[]) =>
      run("run", "--no-prompt", "--allow-read", "--allow-write=.", `${origin}/cli.ts`, ...args);
    const source = `${origin}/spec/devices/entropy.ts`;
    assertOk(await cli("generate", "--spec", source));
    const wire = contents(cwd)["generated/entropy/wire.ts"]!;
    assert.ok(wire.startsWith(`// Generated by virtio-ts from ${source}. `));
    assert.ok(wire.includes(`from "${origin}/runtime/contract.ts"`));
    const missing = await cli("generate", "--spec", `${origin}/spec/devices/none.ts`);
    assert.equal(missing.code, 1);
    assert.ok(missing.stderr.startsWith(`error[V002] ${origin}/spec/devices/none.ts\n`));
  });
});
