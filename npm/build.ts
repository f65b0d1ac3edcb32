/**
 * The library as a package for users of JavaScript: modules with their declarations, in npm's layout.
 *
 * The compiler is told of nothing that Node 20 lacks: code that uses it does not build. Classes keep
 * their private fields; `await using`, if there were any, would be rewritten.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { ts } from "./deps.ts";

const ROOT = new URL("../", import.meta.url);

/** Oldest Node that runs it. */
const NODE = ">=20";

/** What stays Deno's: it reads files of this repository, or calls foreign functions. */
const LEFT_OUT: readonly string[] = ["./dsl", "./spec", "./generator", "./cli", "./vhost_user"];

/** Texts that go along. */
const TEXTS: readonly string[] = ["README.md", "CHANGELOG.md", "LICENSE"];

/** What is used of Node, where it is there. */
const AMBIENT = "node.d.ts";
const AMBIENT_TEXT = "declare const setImmediate: (task: () => void) => unknown;";

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  lib: [
    "lib.es2023.d.ts",
    "lib.es2024.arraybuffer.d.ts",
    "lib.es2024.sharedmemory.d.ts",
    "lib.esnext.disposable.d.ts",
    "lib.dom.d.ts",
  ],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  declaration: true,
  rewriteRelativeImportExtensions: true,
};

interface Project {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string>>;
}

/** Writes the package into a folder; an error with all that the compiler has to say otherwise. */
export async function build(folder: URL): Promise<void> {
  const project: Project = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const entries = Object.entries(project.exports).filter(([name]) => !LEFT_OUT.includes(name));
  const files = compile(entries.map(([, path]) => path), folder);
  for (const [path, text] of files) {
    await Deno.mkdir(new URL(".", path), { recursive: true });
    await Deno.writeTextFile(path, text);
  }
  for (const name of TEXTS) await Deno.copyFile(new URL(name, ROOT), new URL(name, folder));
  const manifest = JSON.stringify(packageJson(project, entries), undefined, 2);
  await Deno.writeTextFile(new URL("package.json", folder), `${manifest}\n`);
}

/** What npm knows of the package. */
function packageJson(
  { name, version, license }: Project,
  entries: readonly (readonly [name: string, path: string])[],
): Readonly<Record<string, unknown>> {
  const target = (path: string) => path.replace(/\.ts$/, "");
  return {
    name,
    version,
    description: "VIRTIO drivers and devices, both generated from one description",
    license,
    type: "module",
    sideEffects: false,
    engines: { node: NODE },
    exports: Object.fromEntries(
      entries.map(([name, path]) => [
        name,
        { types: `${target(path)}.d.ts`, default: `${target(path)}.js` },
      ]),
    ),
    files: ["**/*.js", "**/*.d.ts", "CHANGELOG.md"],
  };
}

/** The modules that these need, as JavaScript and declarations, by where they belong. */
function compile(entries: readonly string[], folder: URL): ReadonlyMap<URL, string> {
  const options = { ...OPTIONS, rootDir: fileURLToPath(ROOT), outDir: fileURLToPath(folder) };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path) => path === AMBIENT || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === AMBIENT
      ? ts.createSourceFile(path, AMBIENT_TEXT, ts.ScriptTarget.ES2022)
      : getSourceFile(path, ...rest);
  const roots = entries.map((path) => fileURLToPath(new URL(path, ROOT)));
  const program = ts.createProgram([AMBIENT, ...roots], options, host);
  const files = new Map<URL, string>();
  const { diagnostics } = program.emit(undefined, (path, text) => {
    files.set(new URL(`file://${path}`), path.endsWith(".d.ts") ? declarations(text) : text);
  });
  const wrong = [...ts.getPreEmitDiagnostics(program), ...diagnostics].filter(({ file }) =>
    // What Node's own modules have is known to `deno check`, not here.
    !/ from "node:/.test(file?.text ?? "")
  );
  if (wrong.length > 0) {
    throw new Error(`Cannot build the package: ${ts.formatDiagnostics(wrong, host)}`);
  }
  return files;
}

/** The compiler rewrites what code imports, and leaves declarations as they are. */
function declarations(text: string): string {
  return text.replace(/^((?:import |export |}).* from "\.[^"]+)\.ts"/gm, '$1.js"');
}

if (import.meta.main) {
  const folder = new URL("dist/", ROOT);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.remove(folder, { recursive: true });
  await build(folder);
}
