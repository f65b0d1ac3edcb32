/**
 * `new`: a description to start from.
 *
 * @module
 */

import { fileURLToPath, pathToFileURL } from "node:url";
import { formatterModule, TypeScriptFormatter } from "../format.ts";
import { className, propertyName } from "../names.ts";
import { render } from "../render.ts";
import { HOME } from "../standard.ts";
import { type Command, parse, type Terminal, UsageError } from "./command.ts";

/** The command. */
export const command: Command = {
  help: `Starts a description of a device of your own.

Usage: virtio-ts new <name>

Writes <name>.ts into the working folder: a commented description that generates as it is. The name
has small letters, digits and underscores, and starts with a letter.

Permissions: --allow-read, and --allow-write for the working folder.

Exit codes: 0 written; 1 the file is there already, or cannot be written; 2 the command line was not
understood.
`,
  async run(args, io) {
    const { positionals } = parse(args, {});
    const [name, ...others] = positionals;
    if (name === undefined || others.length > 0) throw new UsageError("one name is needed");
    if (!/^[a-z][a-z0-9_]*$/.test(name)) {
      throw new UsageError(
        `${
          JSON.stringify(name)
        } is no name of small letters, digits and underscores that starts with a letter`,
      );
    }
    return await create(`${name}.ts`, starter(name, dslSpecifier()), io);
  },
};

/** The text of a description to start from, which imports the language from `dsl`. */
export function starter(name: string, dsl: string): string {
  const words = name.split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const view = {
    name,
    dsl,
    title: `${words.join(" ").trim()} Device`,
    prefix: className(name),
    local: propertyName(name),
    struct: `virtio_${name}`,
    constant: `VIRTIO_${name.toUpperCase()}`,
  };
  const formatter = new TypeScriptFormatter(formatterModule());
  return formatter.format(`${name}.ts`, render("starter", view));
}

/** Where the language is: a path inside this project's own folder, its URL elsewhere. */
function dslSpecifier(): string {
  const dsl = new URL("spec/dsl.ts", HOME).href;
  const folder = pathToFileURL(`${Deno.cwd()}/`).href;
  if (!folder.startsWith(HOME.href)) return dsl;
  const depth = folder.slice(HOME.href.length).split("/").length - 1;
  return `${depth === 0 ? "./" : "../".repeat(depth)}spec/dsl.ts`;
}

async function create(path: string, text: string, io: Terminal): Promise<number> {
  try {
    await Deno.writeTextFile(path, text, { createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      io.complain(`error: no permission to write ${path}: run with --allow-write=${path}\n`);
    } else if (error instanceof Deno.errors.AlreadyExists) {
      io.complain(`error: ${path} is there already\n`);
    } else if (error instanceof Deno.errors.PermissionDenied) {
      io.complain(`error: the system does not let ${path} be written\n`);
    } else throw error;
    return 1;
  }
  return io.print(`wrote ${path}
next: edit it, then
  ${invocation()} generate --spec ${path} --out generated
`);
}

/** How this program is run from where it is. */
function invocation(): string {
  const cli = new URL("cli.ts", HOME);
  const permissions = cli.protocol === "file:" ? "-R -W" : `-R -W -I=${cli.host}`;
  return `deno run ${permissions} ${cli.protocol === "file:" ? fileURLToPath(cli) : cli.href}`;
}
