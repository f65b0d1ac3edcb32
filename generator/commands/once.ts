/**
 * One run of the generator, told as text.
 *
 * @module
 */

import {
  DescriptionError,
  formatDiagnostics,
  generate,
  type Generated,
  type GenerateOptions,
} from "../mod.ts";

/** What to do; plain data, so that it can be posted to a Worker. */
export interface Task {
  readonly options: GenerateOptions;
  /** Whether complaints may have colours. */
  readonly colors: boolean;
}

/** What came of it. */
export interface Outcome {
  readonly ok: boolean;
  readonly text: string;
}

/** Generates once. */
export async function once({ options, colors }: Task): Promise<Outcome> {
  try {
    return { ok: true, text: summary(await generate(options), options.out ?? "generated") };
  } catch (error) {
    if (!(error instanceof DescriptionError)) throw error;
    return { ok: false, text: `${formatDiagnostics(error.diagnostics, { colors })}\n` };
  }
}

function summary({ written, removed, unchanged }: Generated, out: string): string {
  const lines = [
    ...written.map((path) => `wrote ${out}/${path}`),
    ...removed.map((path) => `removed ${out}/${path}`),
  ];
  const count = (number: number, what: string) => number === 0 ? [] : [`${number} ${what}`];
  const counts = [
    ...count(written.length, "written"),
    ...count(removed.length, "removed"),
    ...count(unchanged, "unchanged"),
  ];
  return `${[...lines, `${out}: ${counts.join(", ")}`].join("\n")}\n`;
}
