/** The rules of the house that no compiler holds: what imports what, and what stands where. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { devices, layouts } from "../spec/mod.ts";
import { deno } from "./cli_fixture.ts";
import { LINE_WIDTH } from "./format.ts";
import { className } from "./names.ts";
import { HOME } from "./standard.ts";
import { CONTRACT, TYPES, VALUES } from "./symbols.ts";
import { partials, templates } from "./templates.ts";

/** Files below a folder of the repository by their paths from its root, without test data. */
function files(folder: string, end: RegExp): string[] {
  return [...Deno.readDirSync(new URL(`${folder}/`, HOME))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return name === "testdata" ? [] : files(path, end);
    return end.test(name) ? [path] : [];
  });
}

/** Code that is no test and no tool of tests. */
function sources(folder: string): string[] {
  return files(folder, /\.ts$/).filter((path) => !/_(?:test|bench|fixture)\.ts$/.test(path));
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, HOME));
}

/** Specifiers that a module imports, exports from, or imports when asked. */
function specifiers(path: string): string[] {
  const code = read(path).replace(/\/\*[\s\S]*?\*\//g, "").replace(/`[^`]*`/g, "");
  const found = code.matchAll(/(?:^import|^export .*from|\bfrom|\bimport\()\s*"([^"\s]+)"/gm);
  return [...found].map((match) => match[1]!);
}

/** What a module may import: paths from the root of the repository, or other specifiers as they are. */
function importsOf(path: string): string[] {
  return specifiers(path).map((specifier) =>
    specifier.startsWith(".")
      ? new URL(specifier, new URL(path, HOME)).href.slice(HOME.href.length)
      : specifier
  );
}

/** Who may import what; a device of the output has its own folder in place of `*`. */
const RULES: readonly (readonly [from: string, allowed: RegExp])[] = [
  ["generated/layout", /^$/],
  ["runtime", /^(?:runtime|generated\/layout)\//],
  ["generated", /^(?:runtime\/contract\.ts$|generated\/(?:layout|\*)\/)/],
  ["spec", /^spec\//],
  ["generator", /^(?:generator|spec|templates)\/|^node:/],
];

/** The one file of a folder that names outside packages. */
const OUTSIDE = ["spec/zod.ts", "generator/deps.ts"];

/** Tools of tests that stand beside what they test. */
const TOOLS = /^runtime\/(?:fuzz|testing)/;

Deno.test("imports run one way: layouts, runtime, devices; descriptions, generator", () => {
  const wrong = RULES.flatMap(([folder, allowed]) =>
    sources(folder)
      .filter((path) => !OUTSIDE.includes(path) && !TOOLS.test(path))
      .filter((path) => folder !== "generated" || !path.startsWith("generated/layout/"))
      .flatMap((path) => {
        const own = path.split("/").slice(0, 2).join("/");
        return importsOf(path)
          .filter((target) => !allowed.test(target.replace(`${own}/`, "generated/*/")))
          .filter((target) => !allowed.test(target))
          .map((target) => `${path} imports ${target}`);
      })
  );
  assert.deepEqual(wrong, []);
});

Deno.test("outside packages are named in one file a folder, by exact versions", () => {
  for (const path of OUTSIDE) {
    const names = specifiers(path);
    assert.ok(names.length > 0, `${path} imports nothing`);
    for (const name of names) assert.match(name, /^npm:(?:@[a-z]+\/)?[a-z]+@\d+\.\d+\.\d+$/);
  }
});

Deno.test("the library has no names that Node 20 lacks, which the npm package is for", () => {
  const missing =
    /\bPromise(?:\.withResolvers|\.try|WithResolvers)\b|\bArray\.fromAsync\b|\.toArray\(\)|\bIterator\./;
  const wrong = ["runtime", "generated", "providers"].flatMap(sources)
    .filter((path) => !TOOLS.test(path))
    .filter((path) => missing.test(read(path).replace(/\/\*[\s\S]*?\*\//g, "")));
  assert.deepEqual(wrong, [], "runtime/deferred.ts and arrays do the same");
});

interface ModuleGraph {
  readonly roots: readonly string[];
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: { readonly specifier: string };
      readonly isDynamic?: boolean;
    }[];
  }[];
}

Deno.test("the command line loads nothing from outside until a command asks for it", async () => {
  const { code, stdout, stderr } = await deno(["info", "--json", "cli.ts"], { cwd: HOME });
  assert.equal(code, 0, stderr);
  const graph: ModuleGraph = JSON.parse(stdout);
  const loaded = new Set<string>();
  const dynamic = new Set<string>();
  const follow = (href: string) => {
    if (loaded.has(href)) return;
    loaded.add(href);
    const module = graph.modules.find(({ specifier }) => specifier === href);
    for (const { code, isDynamic } of module?.dependencies ?? []) {
      if (code === undefined) continue;
      if (isDynamic) dynamic.add(code.specifier);
      else follow(code.specifier);
    }
  };
  for (const root of graph.roots) follow(root);
  assert.deepEqual([...loaded].sort(), [
    new URL("cli.ts", HOME).href,
    new URL("generator/commands/command.ts", HOME).href,
    "node:util",
  ]);
  assert.ok([...dynamic].some((href) => href.endsWith("/generate.ts")));
});

Deno.test("the list of templates has every file of templates/, and each is used", () => {
  const name = (path: string) => path.replace(/^.*\/|\.hbs$/g, "");
  const all = files("templates", /\.hbs$/);
  const partialFiles = all.filter((path) => path.startsWith("templates/partials/"));
  const roots = all.filter((path) => !partialFiles.includes(path));
  assert.deepEqual(Object.keys(templates).sort(), roots.map(name).sort());
  assert.deepEqual(Object.keys(partials).sort(), partialFiles.map(name).sort());
  for (const path of roots) assert.equal(templates[name(path)], read(path));
  for (const path of partialFiles) assert.equal(partials[name(path)], read(path));
  const included = new Set(
    all.flatMap((path) =>
      [...read(path).matchAll(/\{\{#?> *([a-z_]+)/g)].map((match) => match[1]!)
    ),
  );
  assert.deepEqual([...included].sort(), Object.keys(partials).sort());
});

Deno.test("the symbols that output may name are those of the runtime's contract", async () => {
  const contract: Record<string, unknown> = await import("../runtime/contract.ts");
  assert.equal(CONTRACT, contract["CONTRACT"]);
  for (const name of VALUES) assert.ok(name in contract, `${name} is no value of the contract`);
  const { code, stdout, stderr } = await deno(
    ["doc", "--json", fileURLToPath(new URL("runtime/contract.ts", HOME))],
    { cwd: HOME },
  );
  assert.equal(code, 0, stderr);
  const known = new Set([...stdout.matchAll(/"name": ?"([A-Za-z0-9_]+)"/g)].map((one) => one[1]!));
  for (const name of TYPES) assert.ok(known.has(name), `${name} is nothing of the contract`);
  const twice = VALUES.filter((name) => TYPES.includes(name));
  assert.deepEqual(twice, []);
  assert.deepEqual([...new Set([...VALUES, ...TYPES])].length, VALUES.length + TYPES.length);
});

/** Names that a description gives to things, as far as they are not words of English too. */
function namesOfTheStandard(): Set<string> {
  const names = [...devices, ...layouts].flatMap((one) => {
    const structs = Object.keys(one.structs ?? {});
    const own = [
      ...structs,
      ...structs.map(className),
      ...Object.keys(one.enums ?? {}),
      ...Object.keys(one.messages ?? {}),
      ...Object.keys(one.constants ?? {}),
    ];
    if (!("prefix" in one)) return own;
    const { name, prefix, config, featurePrefix, features, enums, queues } = one;
    const start = featurePrefix ?? `VIRTIO_${name.toUpperCase()}_F`;
    return [
      ...own,
      `"${name}"`,
      ...["Driver", "Device"].map((side) => prefix + side),
      ...Object.values(enums ?? {}).map((each) => prefix + each.name),
      ...Object.keys(features ?? {}).map((key) => `${start}_${key}`),
      ...Object.keys(config?.fields ?? {}),
      ...Object.keys(queues),
      ...(config === undefined ? [] : [config.struct]),
    ];
  });
  return new Set(names.filter((name) => /_|"|[a-z][A-Z]/.test(name)));
}

Deno.test("nothing of a device is named in the generator or the templates", () => {
  const names = namesOfTheStandard();
  assert.ok(names.size > 600, `only ${names.size} names were looked for`);
  const wrong = [...sources("generator"), ...files("templates", /\.hbs$/)].flatMap((path) => {
    const words = new Set(read(path).match(/"[a-z0-9]+"|[A-Za-z_][A-Za-z0-9_]*/g));
    return [...names].filter((name) => words.has(name)).map((name) => `${path} has ${name}`);
  });
  assert.deepEqual(wrong, []);
});

Deno.test("deno.json exports each device, and formats as the generator does", () => {
  const config = JSON.parse(read("deno.json"));
  const exported = Object.entries(config.exports).filter(([, target]) =>
    String(target).startsWith("./generated/")
  );
  const expected = devices.map(({ name }) => [`./${name}`, `./generated/${name}/mod.ts`]);
  assert.deepEqual(exported, expected.sort());
  assert.deepEqual(config.fmt.lineWidth, LINE_WIDTH);
  assert.deepEqual(Object.keys(config.fmt).sort(), ["exclude", "lineWidth"]);
});

Deno.test("every task of deno.json says what it does", () => {
  const { tasks } = JSON.parse(read("deno.json"));
  for (const name of ["generate", "test", "check", "bench", "interop", "dist", "ok", "fuzz"]) {
    assert.ok(tasks[name]?.description?.length > 10, `task ${name} has no description`);
  }
});
