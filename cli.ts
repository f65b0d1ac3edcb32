/**
 * The command line: `deno run -R -W cli.ts <command>`; `--help` lists the commands.
 *
 * Each command is loaded when it is asked for, so that none pays for what only another one needs.
 *
 * @module
 */

import { type Command, type Terminal, terminal, UsageError } from "./generator/commands/command.ts";

export type { Terminal } from "./generator/commands/command.ts";

interface Entry {
  readonly about: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  generate: {
    about: "Generates both sides of devices from their descriptions",
    load: () => import("./generator/commands/generate.ts"),
  },
  explain: {
    about: "Tells what a device looks like: features, configuration, queues, requests",
    load: () => import("./generator/commands/explain.ts"),
  },
  new: {
    about: "Starts a description of a device of your own",
    load: () => import("./generator/commands/new.ts"),
  },
  serve: {
    about: "Serves a device to a virtual machine over vhost-user",
    load: () => import("./vhost_user/commands/serve.ts"),
  },
  probe: {
    about: "Tells what a vhost-user back end offers, and tries it",
    load: () => import("./vhost_user/commands/probe.ts"),
  },
};

const HELP = `VIRTIO devices and drivers from descriptions.

Usage: virtio-ts <command> [options]

Commands:
${Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`).join("\n")}

Options:
  --help     This text; behind a command, the text of that command
  --version  The version

Exit codes: 0 all is well; 1 something is wrong with what was given, and was not done; 2 the command
line was not understood.
`;

/** Runs a command line and returns its exit code. */
export async function main(args: readonly string[], io: Terminal = terminal()): Promise<number> {
  const [name = "--help", ...rest] = args;
  if (name === "--help" || name === "-h" || name === "help") return io.print(HELP);
  if (name === "--version") return io.print(`${await version()}\n`);
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    const { nearest } = await import("./generator/diagnostics.ts");
    const meant = nearest(name, Object.keys(COMMANDS));
    const hint = meant === undefined ? "" : `: did you mean ${meant}?`;
    return misuse(io, `there is no command ${JSON.stringify(name)}${hint}`, HELP);
  }
  const { command } = await entry.load();
  try {
    if (rest.includes("--help") || rest.includes("-h")) {
      return io.print(await command.helpFor?.(rest) ?? command.help);
    }
    return await command.run(rest, io);
  } catch (error) {
    if (error instanceof UsageError) return misuse(io, error.message, await helpOf(command, rest));
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    io.complain(`error: ${error.message}\n`);
    return 1;
  }
}

/** The help that fits the arguments, or that of the whole command when these make no sense. */
async function helpOf(command: Command, args: readonly string[]): Promise<string> {
  try {
    return await command.helpFor?.(args) ?? command.help;
  } catch (error) {
    if (error instanceof UsageError) return command.help;
    throw error;
  }
}

function misuse(io: Terminal, message: string, help: string): number {
  const usage = help.split("\n").find((line) => line.startsWith("Usage:"));
  io.complain(`error: ${message}\n\n${usage}\nMore with --help\n`);
  return 2;
}

async function version(): Promise<string> {
  const { default: text } = await import("./deno.json", { with: { type: "text" } });
  return JSON.parse(text).version;
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
