/**
 * What Linux's headers say of layouts and constants, as the C compiler sees them.
 *
 * @module
 */

/** Folder of the headers. */
const FOLDER = "/usr/include/linux";

/** A struct as the headers declare it; whether each field's size can be asked for. */
export type CStruct = ReadonlyMap<string, { readonly flexible: boolean }>;

/** What the headers declare, before the compiler has said anything of it. */
export interface CHeaders {
  readonly files: readonly string[];
  readonly structs: ReadonlyMap<string, CStruct>;
  readonly constants: ReadonlySet<string>;
}

/** Why the compiler cannot be asked, or null. */
export async function whyNoCompiler(): Promise<string | null> {
  for (
    const need of [
      { name: "run", command: "gcc" },
      { name: "read", path: FOLDER },
    ] as const
  ) {
    const { state } = await Deno.permissions.query(need);
    if (state !== "granted") {
      return `no permission to ${need.name} ${"path" in need ? need.path : need.command}`;
    }
  }
  try {
    await new Deno.Command("gcc", { args: ["--version"], stdout: "null" }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "no gcc";
    throw error;
  }
  return (await headerFiles()).length === 0 ? `no virtio headers in ${FOLDER}` : null;
}

async function headerFiles(): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(FOLDER)) {
      if (/^(virtio_\w+|fuse)\.h$/.test(name)) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

/** The version of Linux that the headers are of: `"6.1"`. */
export async function headersVersion(): Promise<string> {
  const text = await Deno.readTextFile(`${FOLDER}/version.h`);
  const part = (name: string) => text.match(`#define LINUX_VERSION_${name} (\\d+)`)?.[1];
  return `${part("MAJOR")}.${part("PATCHLEVEL")}`;
}

/** Finds structs, their fields, and constants in the headers' text. */
export async function readHeaders(): Promise<CHeaders> {
  const files = await headerFiles();
  const structs = new Map<string, CStruct>();
  const constants = new Set<string>();
  for (const file of files) {
    const raw = await Deno.readTextFile(`${FOLDER}/${file}`);
    const text = raw.replace(/\/\*[\s\S]*?\*\//g, " ").replace(/\/\/.*/g, "");
    for (const [, name] of text.matchAll(/^\s*#\s*define\s+(\w+)\s+\S/gm)) constants.add(name!);
    const code = text.replace(/^\s*#(?:.*\\\n)*.*/gm, "");
    for (const [, body] of code.matchAll(/\benum\b\s*\w*\s*\{([^}]*)\}/g)) {
      for (const member of body!.split(",")) {
        const name = member.match(/\w+/)?.[0];
        if (name !== undefined) constants.add(name);
      }
    }
    for (const match of code.matchAll(/\bstruct\s+(\w+)\s*\{/g)) {
      const body = blockAt(code, match.index + match[0].length);
      structs.set(match[1]!, new Map(members(body)));
    }
  }
  return { files, structs, constants };
}

/** Text up to the brace that closes the block. */
function blockAt(code: string, start: number): string {
  let depth = 1;
  let at = start;
  for (; at < code.length && depth > 0; at++) {
    if (code[at] === "{") depth++;
    if (code[at] === "}") depth--;
  }
  return code.slice(start, at - 1);
}

/** Fields of a struct's body; those of a nested struct or union without a name count as its own. */
function* members(body: string): Generator<[string, { flexible: boolean }]> {
  for (let at = 0; at < body.length;) {
    const brace = body.indexOf("{", at);
    const semicolon = body.indexOf(";", at);
    if (semicolon < 0) return;
    if (brace >= 0 && brace < semicolon) {
      const inner = blockAt(body, brace + 1);
      const after = brace + inner.length + 2;
      const end = body.indexOf(";", after);
      const name = body.slice(after, end).replace(/__attribute__\s*\(\(.*?\)\)/g, "").match(/\w+/);
      if (name === null) yield* members(inner);
      else yield [name[0], { flexible: false }];
      at = end + 1;
      continue;
    }
    for (const declarator of body.slice(at, semicolon).split(",")) {
      const match = declarator.match(/(\w+)\s*((?:\[[^\]]*\]\s*)*)$/);
      if (match !== null) yield [match[1]!, { flexible: /^\[\s*0?\s*\]/.test(match[2]!) }];
    }
    at = semicolon + 1;
  }
}

/** Values of C expressions that are constant, by key: the compiler writes them into its assembly. */
export async function evaluate(
  files: readonly string[],
  expressions: ReadonlyMap<string, string>,
): Promise<Map<string, bigint>> {
  const lines = [...expressions].map(([key, expression]) =>
    `  __asm__ volatile("\\n@@ ${key} %0" : : "i"((unsigned long long)(${expression})));`
  );
  const program = [
    "#include <stddef.h>",
    ...files.map((file) => `#include <linux/${file}>`),
    "void values(void) {",
    ...lines,
    "}",
    "",
  ].join("\n");
  const gcc = new Deno.Command("gcc", {
    args: ["-S", "-O1", "-x", "c", "-o", "-", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = gcc.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { success, stdout, stderr } = await gcc.output();
  const text = new TextDecoder();
  if (!success) throw new Error(`gcc refused the program:\n${text.decode(stderr)}`);
  const found = text.decode(stdout).matchAll(/^@@ (\S+) [$#]?(-?\d+)$/gm);
  return new Map(Array.from(found, ([, key, value]) => [key!, BigInt.asUintN(64, BigInt(value!))]));
}
