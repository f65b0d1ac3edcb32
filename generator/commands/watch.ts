/**
 * Tells when to generate again.
 *
 * @module
 */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { GenerateOptions } from "../mod.ts";
import { HOME } from "../standard.ts";

/** How long a folder must be quiet, in milliseconds: editors write a file in several steps. */
const QUIET = 100;

/** Yields at once, and after every change below a folder that holds a description. */
export async function* changes({ spec, out = "generated" }: GenerateOptions): AsyncGenerator<void> {
  const folders = watched(spec);
  const output = resolve(out);
  using watcher = Deno.watchFs(folders);
  const events = watcher[Symbol.asyncIterator]();
  let next = events.next();
  yield;
  for (;;) {
    const { value, done } = await next;
    next = events.next();
    if (done === true) return;
    if (!value.paths.some((path) => matters(path, output))) continue;
    while (await isSoon(next)) next = events.next();
    yield;
  }
}

/** Folders of the modules on this machine; those of the standard when none was given. */
function watched(spec: readonly string[] | undefined): string[] {
  if (spec === undefined) {
    if (HOME.protocol !== "file:") return [Deno.cwd()];
    return ["spec", "templates"].map((folder) => fileURLToPath(new URL(folder, HOME)));
  }
  const files = spec.map((each) => each.startsWith("file:") ? fileURLToPath(each) : each)
    .filter((each) => !URL.canParse(each));
  return [...new Set(files.map((file) => resolve(file, "..")))];
}

/** Whether a change can be one of a description: not in the output, and of a kind that is imported. */
function matters(path: string, output: string): boolean {
  return !path.startsWith(`${output}/`) && /\.(?:[cm]?[jt]s|json|hbs)$/.test(path);
}

async function isSoon(event: Promise<unknown>): Promise<boolean> {
  const quiet = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => quiet.resolve(false), QUIET);
  const soon = await Promise.race([event.then(() => true), quiet.promise]);
  clearTimeout(timer);
  return soon;
}
