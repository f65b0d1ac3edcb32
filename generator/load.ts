/**
 * Imports modules and finds the descriptions that they export.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { DSL_VERSION } from "../spec/types.ts";
import type * as dsl from "../spec/types.ts";
import { type Code, type Diagnostic, listNames } from "./diagnostics.ts";
import { show, validate } from "./validate.ts";

/** What a module has, as far as it could be loaded. */
export interface LoadedDescription {
  /** The description; null when it is too far from the language to be looked at any further. */
  readonly description: dsl.Device | dsl.Layout | null;
  /** The module, relative to the root where it is below it. */
  readonly source: string;
  /** What is wrong with it so far. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Descriptions that the modules at `specifiers` export, in order, and what is wrong with them. A
 * specifier is a path or a URL; paths start at `root`, the URL of a folder, and places in
 * diagnostics are relative to it.
 */
export async function load(
  specifiers: readonly string[],
  root: URL = pathToFileURL(`${Deno.cwd()}/`),
): Promise<LoadedDescription[]> {
  const found = await Promise.all(specifiers.map((specifier) => loadModule(specifier, root)));
  return found.flat();
}

async function loadModule(specifier: string, root: URL): Promise<LoadedDescription[]> {
  const url = URL.canParse(specifier) ? new URL(specifier) : new URL(specifier, root);
  const source = sourceName(url, root);
  const failure = (diagnostic: Diagnostic) => [
    { description: null, source, diagnostics: [diagnostic] },
  ];
  let module: Record<string, unknown>;
  try {
    module = await import(url.href);
  } catch (error) {
    return failure(await whyNot(error, url, source, root));
  }
  const values = [...new Set(Object.values(module))].filter(isDescription);
  if (values.length === 0) return failure(nothingIn(module, source));
  return values.flatMap((value) =>
    value.dsl === DSL_VERSION
      ? [{ source, ...validate(value, labelOf(value, source)) }]
      : failure(otherVersion(value, source))
  );
}

/** Whether a value says that it is a description, in whatever version. */
function isDescription(value: unknown): value is { readonly dsl: unknown } {
  return typeof value === "object" && value !== null && "dsl" in value;
}

function labelOf(value: object, source: string): string {
  return "name" in value && typeof value.name === "string" ? value.name : source;
}

/** Module as output and diagnostics name it: below `root` a relative path, elsewhere a URL or the file's name. */
function sourceName(url: URL, root: URL): string {
  if (url.href.startsWith(root.href)) return decodeURI(url.href.slice(root.href.length));
  if (url.protocol === "file:") return decodeURI(url.href.slice(url.href.lastIndexOf("/") + 1));
  return url.host === "" ? url.href : `${url.origin}${url.pathname}`;
}

function problem(code: Code, path: string, found: string, expected: string, hint?: string) {
  const diagnostic: Diagnostic = { code, path, found, expected };
  return hint === undefined ? diagnostic : { ...diagnostic, hint };
}

async function whyNot(error: unknown, url: URL, source: string, root: URL): Promise<Diagnostic> {
  if (url.protocol === "file:" && !await isFile(url)) {
    return problem("V001", source, "no such file", "a module that exports a description");
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : show(error);
  return problem(
    "V002",
    `${source}${placeIn(url, error)}`,
    portable(message, root),
    "a module that loads",
  );
}

/** Line and column of the module itself where an error arose, as far as it tells: `:3:14`. */
function placeIn({ href }: URL, error: unknown): string {
  const { stack = "" } = error instanceof Error ? error : {};
  const [, after] = stack.split(href, 2);
  return after?.match(/^(:\d+:\d+)\b/)?.[0] ?? "";
}

/** The first line of a message, without what only this machine has: folders of files. */
function portable(message: string, root: URL): string {
  const line = message.replaceAll(root.href, "").split("\n")[0]!;
  return line.replace(/file:\/\/\S*\//g, "");
}

async function isFile(url: URL): Promise<boolean> {
  try {
    return (await Deno.stat(url)).isFile;
  } catch (error) {
    const missing = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    return !missing;
  }
}

function nothingIn(module: object, source: string): Diagnostic {
  const names = Object.keys(module);
  const found = names.length === 0
    ? "no exports"
    : `exports without a description: ${listNames(names)}`;
  return problem(
    "V003",
    source,
    found,
    "an exported result of defineDevice() or defineLayout()",
  );
}

function otherVersion(value: { readonly dsl: unknown }, source: string): Diagnostic {
  return problem(
    "V004",
    `${labelOf(value, source)}: dsl`,
    show(value.dsl),
    String(DSL_VERSION),
    "take the description language and the generator from the same release",
  );
}
