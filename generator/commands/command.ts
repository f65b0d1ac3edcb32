/**
 * What all commands have in common; it loads nothing from outside.
 *
 * @module
 */

import { parseArgs, type ParseArgsConfig } from "node:util";

/** A command of the command line. */
export interface Command {
  /** The whole text of its `--help`; one line starts with `Usage:`. */
  readonly help: string;
  /** The text of `--help` behind other arguments, where that depends on them. */
  helpFor?(args: readonly string[]): Promise<string>;
  /** Runs it and returns the exit code; throws {@linkcode UsageError} when it does not understand `args`. */
  readonly run: (args: readonly string[], io: Terminal) => Promise<number>;
}

/** Where a command writes to. */
export interface Terminal {
  /** Whether complaints may have colours. */
  readonly colors: boolean;
  /** Writes a result; returns 0, the exit code of success. */
  print(text: string): number;
  /** Writes what is wrong. */
  complain(text: string): void;
  /** Shows a line until the next one, or anything else, is written; undefined where no person would see it. */
  readonly show: ((line: string) => void) | undefined;
}

/** A command line was not understood. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Goes to the beginning of the line and erases it. */
const CLEAR_LINE = "\r\x1b[K";

/** The terminal of this process; colours only where a person sees them, and NO_COLOR is not set. */
export function terminal(): Terminal {
  const write = (to: typeof Deno.stdout, text: string) => {
    const bytes = new TextEncoder().encode(text);
    for (let done = 0; done < bytes.length;) done += to.writeSync(bytes.subarray(done));
  };
  let shown = false;
  const clear = () => {
    if (shown) write(Deno.stderr, CLEAR_LINE);
    shown = false;
  };
  return {
    colors: Deno.stderr.isTerminal() && !Deno.noColor,
    print(text) {
      clear();
      write(Deno.stdout, text);
      return 0;
    },
    complain(text) {
      clear();
      write(Deno.stderr, text);
    },
    show: !Deno.stderr.isTerminal() ? undefined : (line) => {
      write(Deno.stderr, `${CLEAR_LINE}${line}`);
      shown = true;
    },
  };
}

/** Options and positional arguments of a command line; UsageError for anything else. */
export function parse<const T extends NonNullable<ParseArgsConfig["options"]>>(
  args: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ args: string[]; options: T; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message.split(". ")[0]!);
    throw error;
  }
}
