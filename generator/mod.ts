/**
 * The generator: from descriptions to a folder of files.
 *
 * ```ts ignore
 * import { generate } from "./generator/mod.ts";
 *
 * const { written } = await generate({ spec: ["lamp.ts"], out: "generated" });
 * ```
 *
 * @module
 */

import { resolve as absolute } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DescriptionError } from "./diagnostics.ts";
import { modelFiles, type OutputFile } from "./files.ts";
import { Formatting } from "./format.ts";
import { load, resolve } from "./front.ts";
import { Memo } from "./memo.ts";
import { compare, drift, type Plan, refusal } from "./plan.ts";
import { runtimeFiles, runtimeSpecifier } from "./runtime.ts";
import { standardModules } from "./standard.ts";
import { write } from "./write.ts";

export {
  type Code,
  CODES,
  DescriptionError,
  type Diagnostic,
  formatDiagnostics,
} from "./diagnostics.ts";
export type { OutputFile } from "./files.ts";

/** What to generate, and where to. */
export interface GenerateOptions {
  /** Modules that export descriptions, as paths or URLs; all of the standard when absent. */
  readonly spec?: readonly string[];
  /** The output folder, a path; `generated` when absent. */
  readonly out?: string;
  /** What output imports as its runtime: a URL, a package, a path that starts with a dot, or `copy`; the generator's own when absent. */
  readonly runtime?: string;
  /** Writes nothing; every difference is a problem. */
  readonly check?: boolean;
  /** Folder from which paths start, a URL with a slash at the end; the working folder when absent. */
  readonly root?: URL;
}

/** What was done, by paths below the output folder. */
export interface Generated {
  /** Files that were changed or were not there. */
  readonly written: readonly string[];
  /** Files that an earlier run had left. */
  readonly removed: readonly string[];
  /** How many files were as they should be. */
  readonly unchanged: number;
}

/**
 * Generates the files of all descriptions, and writes those that differ.
 *
 * @throws {DescriptionError} with every problem; then nothing was written.
 */
export async function generate(options: GenerateOptions = {}): Promise<Generated> {
  const { out, label } = outputFolder(options);
  const files = await printAll(options, new Memo());
  let plan: Plan;
  try {
    plan = compare(out, label, files);
    if (options.check !== true) write(plan);
  } catch (error) {
    throw refusal(error, label);
  }
  if (options.check === true) {
    const problems = drift(plan, "generate again, without --check");
    if (problems.length > 0) throw new DescriptionError(problems);
  }
  const paths = (state: string) =>
    plan.files.filter((file) => file.state === state).map(({ path }) => path);
  return {
    written: [...paths("changed"), ...paths("missing")],
    removed: paths("extra"),
    unchanged: paths("same").length,
  };
}

/**
 * The files of all descriptions, as they would be written.
 *
 * @throws {DescriptionError} with every problem of every description.
 */
export function print(options: GenerateOptions = {}): Promise<OutputFile[]> {
  return printAll(options, undefined);
}

/** The files of all descriptions; what the memo knows is not formatted again. */
async function printAll(options: GenerateOptions, memo: Memo | undefined): Promise<OutputFile[]> {
  const { spec = await standardModules(), runtime, root = workingFolder() } = options;
  const { out } = outputFolder(options);
  const model = resolve(await load(spec, root));
  const files = modelFiles(model, runtimeSpecifier(runtime, out, root));
  // Before formatting: when its threads end, so do connections of theirs that this one would use again.
  const copied = runtime === "copy" ? await runtimeFiles() : [];
  const printed = await formatAll(files, memo);
  const known = new Set(printed.map(({ path }) => path));
  return [...printed, ...copied.filter(({ path }) => !known.has(path))];
}

async function formatAll(
  files: Iterable<OutputFile>,
  memo: Memo | undefined,
): Promise<OutputFile[]> {
  using formatting = new Formatting();
  const printed: OutputFile[] = [];
  const texts: Promise<string>[] = [];
  for (const file of files) {
    printed.push(file);
    const known = await memo?.recall(file.text);
    texts.push(known === undefined ? formatting.add(file) : Promise.resolve(known));
  }
  formatting.finish();
  const formatted = await Promise.all(texts);
  await memo?.learn(printed.map(({ text }, i) => [text, formatted[i]!]));
  return printed.map(({ path }, i) => ({ path, text: formatted[i]! }));
}

/** The output folder as a URL with a slash at the end, and as a person reads it. */
function outputFolder({ out = "generated", root = workingFolder() }: GenerateOptions) {
  const label = out.replace(/(?<=.)\/+$/, "");
  return { out: pathToFileURL(`${absolute(fileURLToPath(root), out)}/`), label };
}

function workingFolder(): URL {
  return pathToFileURL(`${Deno.cwd()}/`);
}
