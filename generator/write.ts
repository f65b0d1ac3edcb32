/**
 * Writes what differs, whole files or nothing.
 *
 * @module
 */

import { below, type Plan } from "./plan.ts";

/**
 * Does what a plan says. Everything new is written beside its place first, and moved there when all
 * of it could be written: when that fails, the folder is as it was, and the system's error is thrown.
 */
export function write(plan: Plan): void {
  const stage = new Stage(plan.out);
  try {
    for (const { path, state, after } of plan.files) {
      if (state === "changed" || state === "missing") stage.add(path, after);
    }
  } catch (error) {
    stage.clear();
    throw error;
  }
  stage.move();
  removeExtra(plan);
}

/** New files under names of their own, and the folders made for them. */
class Stage {
  readonly #out: URL;
  readonly #files: { readonly from: URL; readonly to: URL }[] = [];
  readonly #folders: URL[] = [];

  constructor(out: URL) {
    this.#out = out;
  }

  add(path: string, text: string): void {
    const to = below(this.#out, path);
    this.#makeFolder(new URL(".", to));
    const name = to.pathname.slice(to.pathname.lastIndexOf("/") + 1);
    const from = new URL(`.${name}.${crypto.randomUUID()}`, to);
    this.#files.push({ from, to });
    Deno.writeTextFileSync(from, text, { createNew: true });
  }

  #makeFolder(folder: URL): void {
    try {
      Deno.mkdirSync(folder);
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return;
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      this.#makeFolder(new URL("..", folder));
      Deno.mkdirSync(folder);
    }
    this.#folders.push(folder);
  }

  move(): void {
    for (const { from, to } of this.#files) Deno.renameSync(from, to);
  }

  /** Takes everything away again. */
  clear(): void {
    for (const url of [...this.#files.map(({ from }) => from), ...this.#folders.reverse()]) {
      try {
        Deno.removeSync(url);
      } catch {
        // The first error is the one to tell: this file was never written.
      }
    }
  }
}

/** Removes generated files that no description gives any more, and folders that are empty then. */
function removeExtra({ out, files }: Plan): void {
  const extra = files.filter(({ state }) => state === "extra").map(({ path }) => path);
  for (const path of extra) Deno.removeSync(below(out, path));
  const folders = new Set(extra.map((path) => path.slice(0, path.indexOf("/") + 1)));
  folders.delete("");
  for (const folder of folders) {
    const url = below(out, folder);
    if ([...Deno.readDirSync(url)].length === 0) Deno.removeSync(url);
  }
}
