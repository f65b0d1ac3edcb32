/**
 * Formats what was printed as `deno fmt` would: the same engine, in process.
 *
 * @module
 */

import { createFromBuffer, type Formatter, typescriptPluginPath } from "./deps.ts";

/** Columns of a line; `deno.json` says the same to `deno fmt`, and a test compares the two. */
export const LINE_WIDTH = 100;

let typescript: Formatter | undefined;

/**
 * `text` as it stands in the file at `path`; other files than TypeScript are printed as they are to
 * be. Error when the text is no TypeScript, which is a mistake of a template.
 */
export function format(path: string, text: string): string {
  if (!path.endsWith(".ts")) return text;
  typescript ??= start();
  return typescript.formatText({ filePath: path, fileText: text });
}

function start(): Formatter {
  const formatter = createFromBuffer(Deno.readFileSync(typescriptPluginPath()));
  formatter.setConfig({}, { deno: true, lineWidth: LINE_WIDTH });
  return formatter;
}
