// The package that `deno task dist` makes, packed and installed by npm: compiled against, run in Node, loaded by a page.

import assert from "node:assert/strict";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "../npm/build.ts";
import { ts } from "../npm/deps.ts";
import { Chromium, findChromium } from "./browser/chromium.ts";
import { HEADERS } from "./browser/site.ts";
import { peerTest, run, Scratch } from "./peers.ts";

const NAME = "@virtio-ts/virtio";

/** Whether a program starts. */
function missing(program: string): string | undefined {
  try {
    return new Deno.Command(program, { args: ["--version"] }).outputSync().success
      ? undefined
      : `working ${program}`;
  } catch {
    return `${program} in PATH`;
  }
}

const NEEDS = [
  () => missing("node"),
  () => missing("npm"),
  () => findChromium() === undefined ? "Chromium in PATH" : undefined,
];

/** The README's disk, word for word. */
async function readmeDisk(): Promise<string> {
  const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));
  return readme.split("\n## A disk\n")[1]!.split("```ts\n")[1]!.split("```")[0]!;
}

/** As JavaScript that Node 20 reads: it has no `await using`. */
function compiled(code: string): string {
  return ts.transpile(code, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
  });
}

/** What the compiler says of a module that uses the package. */
function complaints(path: string, text: string, nodeResolution: boolean): string {
  Deno.writeTextFileSync(path, text);
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: nodeResolution ? ts.ModuleKind.NodeNext : ts.ModuleKind.ESNext,
    moduleResolution: nodeResolution
      ? ts.ModuleResolutionKind.NodeNext
      : ts.ModuleResolutionKind.Bundler,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts"],
    types: [],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram([path], options, host);
  return ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), host);
}

/** A module that names everything which the package exports. */
function importAll(exported: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(exported).map((name) => name.replace(/^\./, NAME));
  return names.map((name, at) => `import * as all${at} from "${name}";\n`).join("") +
    `console.log([${names.map((_, at) => `Object.keys(all${at}).length > 0`)}].join());\n`;
}

/** Files of a folder, as a server of static files has them. */
function serveFolder(folder: URL): Deno.HttpServer<Deno.NetAddr> {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  return Deno.serve(options, async (request) => {
    const { pathname } = new URL(request.url);
    const type = pathname.endsWith(".js") ? "text/javascript" : "text/html";
    const headers = { ...HEADERS, "content-type": type };
    try {
      return new Response(await Deno.readFile(new URL(`.${pathname}`, folder)), { headers });
    } catch {
      return new Response("", { status: 404, headers });
    }
  });
}

const THREAD_DISK = `
import { serveThread } from "./node_modules/${NAME}/mod.js";
import { BlockDevice, BlockStatus } from "./node_modules/${NAME}/generated/blk/mod.js";

const disk = new Uint8Array(1 << 20);
serveThread(() => new BlockDevice({
  config: { capacity: disk.length / 512 },
  in: ({ sector }, data) => (data.write(disk, sector * 512), BlockStatus.OK),
  out: ({ sector }, data) => (data.read(disk, sector * 512), BlockStatus.OK),
}));
`;

const THREAD_DRIVER = `
import { openThread } from "${NAME}";
import { BlockDriver } from "${NAME}/blk";

const worker = new Worker("./disk.js", { type: "module" });
const driver = await BlockDriver.open(await openThread(worker));
const sent = Uint8Array.from({ length: 4096 }, (_, at) => at * 7);
const out = await driver.out({ sector: 3 }, sent);
const got = new Uint8Array(4096);
const back = await driver.in({ sector: 3 }, got);
await driver.close();
console.log(out.status, back.status, got.every((byte, at) => byte === sent[at]));
`;

/** A page that loads a module, and keeps what it prints. */
function page(exported: Readonly<Record<string, { readonly default: string }>>): string {
  const imports = Object.fromEntries(
    Object.entries(exported).map(([name, { default: path }]) => [
      name.replace(/^\./, NAME),
      path.replace(/^\./, `./node_modules/${NAME}`),
    ]),
  );
  return `<!DOCTYPE html>
<script>
  const printed = [];
  console.log = (...values) => printed.push(values.join(" "));
  onerror = (message) => printed.push(message);
  onunhandledrejection = ({ reason }) => printed.push(String(reason));
</script>
<script type="importmap">${JSON.stringify({ imports })}</script>`;
}

/** What a module prints on the page, once it is through. */
async function printed(chromium: Chromium, session: string, module: string): Promise<unknown> {
  return await chromium.evaluate(
    session,
    `import(${JSON.stringify(module)}).then(() => printed.splice(0).join("\\n"))`,
  );
}

peerTest("the npm package compiles, runs in Node and on a page", NEEDS, async (test) => {
  using scratch = new Scratch();
  const folder = pathToFileURL(scratch.path("user/"));
  await Deno.mkdir(folder);
  await build(pathToFileURL(scratch.path("dist/")));
  await run("npm", ["pack", scratch.path("dist"), "--pack-destination", scratch.folder]);
  const { version, exports: exported } = JSON.parse(
    await Deno.readTextFile(scratch.path("dist/package.json")),
  );
  const packed = scratch.path(`virtio-ts-virtio-${version}.tgz`);
  const user = fileURLToPath(folder);
  await run("npm", ["install", "--prefix", user, "--offline", "--no-audit", "--no-fund", packed]);
  const put = (name: string, text: string) => Deno.writeTextFile(new URL(name, folder), text);
  const disk = await readmeDisk();

  for (const nodeResolution of [true, false]) {
    const resolution = nodeResolution ? "Node's" : "a bundler's";
    await test.step(`declarations are strict for ${resolution} resolution`, () => {
      const check = (name: string, text: string) =>
        complaints(fileURLToPath(new URL(name, folder)), text, nodeResolution);
      assert.equal(check("disk.mts", `${disk}\n${importAll(exported)}`), "");
      assert.match(check("wrong.mts", disk.replace("sector: 8", "sectr: 8")), /'sectr'/);
    });
  }

  await test.step("the README's disk and all entries run in Node", async () => {
    await put("disk.mjs", compiled(disk));
    const lines = (await run("node", [`${user}disk.mjs`])).trimEnd().split("\n");
    assert.match(lines[0]!, /^131072 \d+n$/);
    assert.deepEqual(lines.slice(-2), ["true true", "true"]);
    await put("all.mjs", importAll(exported));
    const all = await run("node", [`${user}all.mjs`]);
    assert.equal(all, `${Object.keys(exported).map(() => "true")}\n`);
  });

  await test.step("the same disk, all entries and a disk in a Worker on a page in Chromium", async () => {
    // What stands over Node's own modules can't be loaded there.
    const { "./providers/node_crypto": nodeCrypto, ...loaded } = exported;
    assert.ok(nodeCrypto !== undefined);
    await put("index.html", page(loaded));
    await put("disk_page.js", compiled(disk));
    await put("all.js", importAll(loaded));
    await put("disk.js", THREAD_DISK);
    await put("driver.js", THREAD_DRIVER);
    await using site = serveFolder(folder);
    await using chromium = await Chromium.start(findChromium()!);
    const session = await chromium.open(`http://127.0.0.1:${site.addr.port}/index.html`);
    await chromium.evaluate(
      session,
      `new Promise((done) => setInterval(() => document.readyState === "complete" && done(), 5))`,
    );
    assert.match(String(await printed(chromium, session, "./disk_page.js")), /\ntrue true\ntrue$/);
    const all = await printed(chromium, session, "./all.js");
    assert.equal(all, `${Object.keys(loaded).map(() => "true")}`);
    assert.equal(await printed(chromium, session, "./driver.js"), "0 0 true");
  });
});
