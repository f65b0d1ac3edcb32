import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { CLI, cli, contents, deno, inFolder, LAMP, put, type Ran } from "./cli_fixture.ts";

const generateLamp = ["generate", "--spec", "lamp.ts", "--out", "out"];

function assertOk({ code, stderr }: Ran): void {
  assert.equal(stderr, "");
  assert.equal(code, 0);
}

Deno.test("generate writes what differs, tells it, and then finds nothing to do", async () => {
  await inFolder({ "lamp.ts": LAMP }, async (cwd) => {
    const first = await cli(generateLamp, { cwd });
    assertOk(first);
    assert.match(first.stdout, /^wrote out\/lamp\/wire\.ts$/m);
    assert.match(first.stdout, /^out: \d+ written\n$/m);
    const before = contents(cwd);
    const second = await cli(generateLamp, { cwd });
    assertOk(second);
    assert.match(second.stdout, /^out: \d+ unchanged\n$/);
    assert.deepEqual(contents(cwd), before);
    assertOk(await cli([...generateLamp, "--check"], { cwd, permissions: ["--allow-read"] }));
  });
});

Deno.test("generate --check writes nothing, and fails on a changed, a missing and an extra file", async () => {
  await inFolder({ "lamp.ts": LAMP }, async (cwd) => {
    const check = () => cli([...generateLamp, "--check"], { cwd });
    const nothing = await check();
    assert.equal(nothing.code, 1);
    assert.match(nothing.stderr, /^error\[V103\] out\/lamp\/wire\.ts$/m);
    assert.deepEqual(Object.keys(contents(cwd)), ["lamp.ts"]);

    assertOk(await cli(generateLamp, { cwd }));
    const good = contents(cwd);
    put(cwd, "out/lamp/wire.ts", `${good["out/lamp/wire.ts"]}// by hand\n`);
    put(cwd, "out/old/wire.ts", good["out/lamp/wire.ts"]!);
    Deno.removeSync(new URL("out/lamp/device.ts", cwd));
    const bad = contents(cwd);
    const { code, stdout, stderr } = await check();
    assert.equal(code, 1);
    assert.equal(stdout, "");
    for (
      const place of ["V102] out/lamp/wire.ts", "V103] out/lamp/device.ts", "V104] out/old/wire.ts"]
    ) {
      assert.ok(stderr.includes(`error[${place}\n`), `${place} in ${stderr}`);
    }
    assert.match(stderr, /^3 problems found, nothing was written$/m);
    assert.match(stderr, /hint: +generate again, without --check/);
    assert.deepEqual(contents(cwd), bad);

    assertOk(await cli(generateLamp, { cwd }));
    assert.deepEqual(contents(cwd), good);
  });
});

Deno.test("generate tells every problem of wrong descriptions, and the output stays as it was", async () => {
  await inFolder({ "lamp.ts": LAMP }, async (cwd) => {
    assertOk(await cli(generateLamp, { cwd }));
    put(
      cwd,
      "lamp.ts",
      LAMP.replace(`id: 63`, `id: -1`).replace(`carries: "set"`, `carries: "sat"`),
    );
    put(cwd, "none.ts", "export {};\n");
    const before = contents(cwd);
    const { code, stderr } = await cli([...generateLamp, "none.ts", "missing.ts"], { cwd });
    assert.equal(code, 1);
    for (const said of ["V001] missing.ts", "V003] none.ts", "V013] lamp: id"]) {
      assert.ok(stderr.includes(`error[${said}\n`), `${said} in ${stderr}`);
    }
    assert.deepEqual(contents(cwd), before);
  });
});

Deno.test("generate has one diagnostic for an output folder below a file", async () => {
  await inFolder({ "lamp.ts": LAMP, "out": "a file" }, async (cwd) => {
    const { code, stderr } = await cli(["generate", "--spec", "lamp.ts", "--out", "out/deep"], {
      cwd,
    });
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `error[V100] out/deep
  the output folder must be writable
  found:    a file at out
  expected: a folder

1 problem found, nothing was written
`,
    );
    assert.equal(contents(cwd)["out"], "a file");
  });
});

Deno.test("generate has one diagnostic for an output folder that Deno's permissions withhold", async () => {
  await inFolder({ "lamp.ts": LAMP }, async (cwd) => {
    const { code, stderr } = await cli(generateLamp, { cwd, permissions: ["--allow-read"] });
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `error[V100] out
  the output folder must be writable
  found:    no permission from Deno
  expected: a folder to read and write
  hint:     run with --allow-read --allow-write=out

1 problem found, nothing was written
`,
    );
    assert.deepEqual(Object.keys(contents(cwd)), ["lamp.ts"]);
  });
});

Deno.test("generate has one diagnostic for an output folder that the system withholds", async (t) => {
  await inFolder({ "lamp.ts": LAMP }, async (cwd) => {
    const folder = withheld(cwd);
    if (folder === undefined) {
      await t.step({ name: "skipped: this user may write everywhere", ignore: true, fn: () => {} });
      return;
    }
    const args = ["generate", "--spec", "lamp.ts", "--out", `${folder}/out`];
    const { code, stderr } = await cli(args, { cwd, permissions: ["--allow-all"] });
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `error[V100] ${folder}/out
  the output folder must be writable
  found:    no permission from the system
  expected: a folder to read and write

1 problem found, nothing was written
`,
    );
  });
});

/** A folder that this user may not write into: for root, one where Linux lets nobody make a file. */
function withheld(cwd: URL): string | undefined {
  const folder = new URL("locked/", cwd);
  Deno.mkdirSync(folder, { mode: 0o555 });
  try {
    Deno.writeTextFileSync(new URL("probe", folder), "");
  } catch {
    return fileURLToPath(folder).replace(/\/$/, "");
  }
  return Deno.build.os === "linux" ? "/sys" : undefined;
}

Deno.test("generate --runtime takes a URL, a path and a copy", async () => {
  await inFolder({ "lamp.ts": LAMP }, async (cwd) => {
    const imported = async (...args: string[]) => {
      assertOk(await cli([...generateLamp, ...args], { cwd }));
      const wire = Deno.readTextFileSync(new URL("out/lamp/wire.ts", cwd));
      return /from "([^"]*contract\.ts)"/.exec(wire)?.[1];
    };
    assert.equal(await imported(), new URL("../runtime/contract.ts", import.meta.url).href);
    const url = "https://example.com/virtio/runtime/contract.ts";
    assert.equal(await imported("--runtime", url), url);
    assert.equal(await imported("--runtime", "./lib/contract.ts"), "../../lib/contract.ts");
    assert.equal(await imported("--runtime", "copy"), "../runtime/contract.ts");
    assertOk(await cli([...generateLamp, "--runtime", "copy", "--check"], { cwd }));
    const { code, stderr } = await deno(["check", "--no-config", "--quiet", "out"], { cwd });
    assert.equal(code, 0, stderr);
    for (const [path, text] of Object.entries(contents(cwd))) {
      if (path.endsWith(".ts")) assert.ok(!text.includes("file:"), `${path} imports this checkout`);
    }
  });
});

Deno.test("generate --watch generates again when a description or what it imports changes", async () => {
  const files = {
    "lamp.ts": `import { level } from "./level.ts";\n` +
      LAMP.replace(/\{ kind: "scalar"[^}]*\}/, "level"),
    "level.ts": `export const level = { kind: "scalar", type: "le32", doc: "Wanted level" };\n`,
  };
  await inFolder(files, async (cwd) => {
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-config",
        "--quiet",
        "-RW",
        CLI,
        ...generateLamp,
        "--watch",
      ],
      cwd,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
      signal: AbortSignal.timeout(60_000),
    }).spawn();
    try {
      const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
      let said = "";
      const until = async (pattern: RegExp) => {
        while (!pattern.test(said)) {
          const { value, done } = await lines.read();
          assert.ok(!done, `the process ended; it said ${said}`);
          said += value;
        }
        said = "";
      };
      await until(/^out: \d+ written$/m);
      put(cwd, "level.ts", files["level.ts"].replace("Wanted level", "How bright"));
      await until(/^wrote out\/lamp\/wire\.ts\n[^]*^out: /m);
      const wire = Deno.readTextFileSync(new URL("out/lamp/wire.ts", cwd));
      assert.ok(wire.includes("How bright"));
    } finally {
      process.kill();
      await process.status;
      await process.stdout.cancel().catch(() => {});
    }
  });
});

Deno.test("explain tells a device of the standard byte by byte", async () => {
  await inFolder({}, async (cwd) => {
    const ran = await cli(["explain", "blk"], { cwd, permissions: ["--allow-read"] });
    assertOk(ran);
    const expected = [
      /^Block Device \(blk, device ID 2, VIRTIO 1\.4 section 5\.2\)$/m,
      /^ +9 {2}VIRTIO_BLK_F_FLUSH +handler flush +Flush requests are served$/m,
      /^ +0 +8 +le64 +capacity +Size of the disk/m,
      /^ +34 +2 +le16 +num_queues .*\[if offered: MQ\]$/m,
      /^ +requestq +request +i for i from 0 to below \(num_queues with MQ, else 1\)/m,
      /^ +in \(VIRTIO_BLK_T_IN = 0\): /m,
      /^ +end-1 +1 +u8 +status /m,
    ];
    for (const pattern of expected) assert.match(ran.stdout, pattern);
  });
});

Deno.test("explain tells every device, without a word that is not there", async () => {
  const { devices } = await import("../spec/mod.ts");
  const { load, resolve } = await import("./front.ts");
  const { standardModules } = await import("./standard.ts");
  const { explain } = await import("./explain.ts");
  const model = resolve(await load(await standardModules()));
  assert.equal(model.devices.length, devices.length);
  for (const device of model.devices) {
    const text = explain(device);
    for (const { name } of [...device.features, ...device.queues]) assert.ok(text.includes(name));
    assert.doesNotMatch(text, /\[object|NaN|\bnull\b/);
  }
});

Deno.test("explain knows ids without a chapter by name and number, as reserved", async () => {
  await inFolder({}, async (cwd) => {
    for (const name of ["rpmsg", "RPMSG", "7"]) {
      const { stdout } = await cli(["explain", name], { cwd, permissions: ["--allow-read"] });
      const told = "(VIRTIO_ID_RPMSG = 7): reserved, VIRTIO 1.4 has no chapter on it";
      assert.equal(stdout, `Remote processor messaging ${told}\n`);
    }
  });
});

Deno.test("explain takes one's own description, and suggests the name that was meant", async () => {
  await inFolder({ "lamp.ts": LAMP }, async (cwd) => {
    const own = await cli(["explain", "--spec", "lamp.ts"], { cwd });
    assertOk(own);
    assert.match(own.stdout, /^Lamp \(lamp, device ID 63\)$/m);
    const other = await cli(["explain", "lump", "--spec", "lamp.ts"], { cwd });
    assert.equal(other.code, 2);
    assert.match(other.stderr, /^error: there is no device "lump": did you mean lamp\?$/m);
    put(cwd, "lamp.ts", "export {};\n");
    const wrong = await cli(["explain", "--spec", "lamp.ts"], { cwd });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /^error\[V003\] lamp\.ts$/m);
  });
});

Deno.test("new writes a description that generates as it is, and never over another file", async () => {
  await inFolder({}, async (cwd) => {
    assertOk(await cli(["new", "lamp_post"], { cwd }));
    const fmt = await deno(["fmt", "--check", "--line-width", "100", "lamp_post.ts"], { cwd });
    assert.equal(fmt.code, 0, fmt.stderr);
    const lint = await deno(["lint", "lamp_post.ts"], { cwd });
    assert.equal(lint.code, 0, lint.stderr);
    assertOk(await cli(["generate", "--spec", "lamp_post.ts"], { cwd }));
    const check = await deno(["check", "--no-config", "lamp_post.ts", "generated"], { cwd });
    assert.equal(check.code, 0, check.stderr);
    const before = contents(cwd);
    const again = await cli(["new", "lamp_post"], { cwd });
    assert.equal(again.code, 1);
    assert.equal(again.stderr, "error: lamp_post.ts is there already\n");
    const withheld = await cli(["new", "other"], { cwd, permissions: ["--allow-read"] });
    assert.equal(withheld.code, 1);
    assert.match(withheld.stderr, /^error: no permission to write other\.ts: /);
    assert.deepEqual(contents(cwd), before);
  });
});

Deno.test("the command line says what it did not understand, and ends with 2", async () => {
  await inFolder({}, async (cwd) => {
    const lines: readonly (readonly [string[], RegExp])[] = [
      [["genarate"], /there is no command "genarate": did you mean generate\?/],
      [["toString"], /there is no command "toString"\n/],
      [["new", "9x"], /"9x" is no name of small letters, digits and underscores that starts/],
      [["generate", "--chekc"], /Unknown option '--chekc'/],
      [["generate", "lamp.ts"], /what is "lamp.ts"\?/],
      [["generate", "--out"], /--out/],
      [["generate", "--out", ""], /--out is empty/],
      [["explain"], /which device\?/],
      [["explain", "one", "two"], /one device at a time/],
      [["new"], /one name is needed/],
      [["new", "Lamp Post"], /"Lamp Post" is no name/],
    ];
    for (const [args, expected] of lines) {
      const { code, stdout, stderr } = await cli(args, { cwd });
      assert.equal(code, 2, args.join(" "));
      assert.equal(stdout, "");
      assert.match(stderr, expected);
      assert.match(stderr, /^Usage: virtio-ts /m);
    }
    assert.deepEqual(contents(cwd), {});
  });
});

Deno.test("--help and --version are answered without any permission", async () => {
  await inFolder({}, async (cwd) => {
    const options = { cwd, permissions: [] };
    const help = await cli(["--help"], options);
    assertOk(help);
    assert.deepEqual((await cli([], options)).stdout, help.stdout);
    for (const name of ["generate", "explain", "new"]) {
      assert.match(help.stdout, new RegExp(`^  ${name} `, "m"));
      const ran = await cli([name, "--help"], options);
      assertOk(ran);
      assert.match(ran.stdout, new RegExp(`^Usage: virtio-ts ${name} `, "m"));
      assert.match(ran.stdout, /^Exit codes: 0 /m);
    }
    const version = await cli(["--version"], options);
    assertOk(version);
    const config = JSON.parse(Deno.readTextFileSync(new URL("../deno.json", import.meta.url)));
    assert.equal(version.stdout, `${config.version}\n`);
  });
});
