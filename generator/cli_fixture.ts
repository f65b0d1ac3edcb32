/**
 * For tests: folders that go away, and the command line in a process of its own.
 *
 * @module
 */

import { fileURLToPath, pathToFileURL } from "node:url";
import { below } from "./plan.ts";
import { HOME } from "./standard.ts";

/** A device without a mistake, as the text of a module that imports nothing. */
export const LAMP = `export const lamp = {
  dsl: 1, name: "lamp", prefix: "Lamp", id: 63, title: "Lamp", section: "none", doc: "A lamp",
  messages: {
    set: {
      doc: "Switches the lamp",
      readable: { level: { kind: "scalar", type: "le32", doc: "Wanted level" } },
    },
  },
  queues: { setq: { doc: "Wanted levels", role: "transmit", index: 0, carries: "set" } },
};
`;

/** Runs `use` with the URL of a new folder that has `files`, and removes it afterwards. */
export async function inFolder(
  files: Readonly<Record<string, string>>,
  use: (folder: URL) => void | Promise<void>,
): Promise<void> {
  const path = Deno.makeTempDirSync({ prefix: "virtio-ts-" });
  const folder = pathToFileURL(`${path}/`);
  try {
    for (const [name, text] of Object.entries(files)) put(folder, name, text);
    await use(folder);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

/** Writes a file below a folder. */
export function put(folder: URL, name: string, text: string): void {
  const url = below(folder, name);
  Deno.mkdirSync(new URL(".", url), { recursive: true });
  Deno.writeTextFileSync(url, text);
}

/** Every file below a folder with its text, by path. */
export function contents(folder: URL, start = ""): Record<string, string> {
  const found: Record<string, string> = {};
  const entries = [...Deno.readDirSync(below(folder, start))];
  for (const { name, isDirectory } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = start + name;
    if (isDirectory) Object.assign(found, contents(folder, `${path}/`));
    else found[path] = Deno.readTextFileSync(below(folder, path));
  }
  return found;
}

/** What a process did. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a process of Deno is run. */
export interface RunOptions {
  readonly cwd: URL;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs this Deno with `args` until it ends, at most two minutes. */
export async function deno(args: readonly string[], { cwd, env }: RunOptions): Promise<Ran> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(120_000),
  });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** The path of this checkout's command line. */
export const CLI: string = fileURLToPath(new URL("cli.ts", HOME));

/** Runs the command line with these permissions, in a folder without configuration. */
export function cli(
  args: readonly string[],
  options: RunOptions & { readonly permissions?: readonly string[] },
): Promise<Ran> {
  const { permissions = ["--allow-read", "--allow-write"] } = options;
  return deno(
    ["run", "--no-prompt", "--no-config", "--quiet", ...permissions, CLI, ...args],
    options,
  );
}
