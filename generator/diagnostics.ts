/**
 * What is wrong with a description: one record a problem, and their text.
 *
 * @module
 */

/** One problem of a description. */
export interface Diagnostic {
  /** Stable code, a key of {@linkcode CODES}. */
  readonly code: Code;
  /** Module, or `<name>: <place>` in the description. */
  readonly path: string;
  /** What was found there, as source text or in words. */
  readonly found: string;
  /** What is allowed there. */
  readonly expected: string;
  /** How to mend it, where that can be told. */
  readonly hint?: string;
}

/** Every code with the rule that it stands for. */
export const CODES = {
  V001: "a module to load must exist",
  V002: "a module must load without throwing",
  V003: "a module must export a description",
  V004: "a description must be in this version of the language",
  V010: "a description says all that is required",
  V011: "a description says only what the language knows",
  V012: "a value must be of the right kind",
  V013: "a value must be among those allowed",
  V014: "a name must be an identifier",
  V015: "a text must be present and printable",
  V020: "devices and layouts must be distinct",
  V021: "a name in TypeScript must be unique",
  V022: "a name in TypeScript must not be reserved",
  V023: "a constant must be defined once",
  V024: "a member's value must fit its enumeration",
  V030: "a gate must name features",
  V031: "an enumeration must be described",
  V032: "a struct must be described",
  V033: "a configuration field must be described",
  V034: "a constant must be described",
  V035: "a message set must be described",
  V036: "a handler must be described",
  V037: "a member must be described",
  V038: "a behaviour must be the runtime's, and stand where messages arrive",
  V039: "a capability or type of objects must be described",
  V040: "a feature bit must be legal",
  V041: "a feature bit must be used once",
  V042: "features must not depend on themselves",
  V043: "features must not contradict each other",
  V044: "something must implement a feature",
  V045: "a gate must be able to open",
  V050: "a struct must not contain itself",
  V051: "a size must be as stated",
  V052: "a slot must hold every arm",
  V053: "the bits of a word must fill it",
  V054: "a part must have one way to be cut",
  V055: "a size must be known",
  V056: "a size must be one that is read",
  V060: "a named field must stand where it can be read",
  V061: "a named field must be of the right kind",
  V062: "a selector must tell arms apart",
  V063: "an option must apply to its field",
  V070: "cases must be told apart",
  V071: "a tag must have a value for each tag field",
  V072: "a request must have a status",
  V073: "a status must name its field and members",
  V074: "fields of a case must have a place",
  V080: "a check must be complete",
  V090: "a queue must have one place",
  V091: "a queue must carry what its role can",
  V092: "a number of queues must come from a number",
  V093: "a window must be readable",
  V094: "registers must not overlap",
  V095: "shared memory regions must be distinct",
  V096: "what is administered must have numbers of the device type",
  V097: "data of administration commands must stand for themselves",
  V100: "the output folder must be writable",
  V101: "what was not generated must not be in the way",
  V102: "a generated file must be as generated",
  V103: "every generated file must be there",
  V104: "no generated file may be left over",
  V105: "the runtime must be found",
} as const;

/** Code of a diagnostic. */
export type Code = keyof typeof CODES;

/** A description cannot be turned into code; `diagnostics` has every reason, `message` their text. */
export class DescriptionError extends Error {
  /** The name of this class. */
  override readonly name = "DescriptionError";
  /** Every problem found, in a stable order. */
  readonly diagnostics: readonly Diagnostic[];

  /** Collects `diagnostics`; the message is their text without colours. */
  constructor(diagnostics: readonly Diagnostic[]) {
    super(formatDiagnostics(diagnostics));
    this.diagnostics = diagnostics;
  }
}

/** Text of all `diagnostics`, a blank line between them and a count at the end; colours only with `colors`. */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  options: { readonly colors?: boolean } = {},
): string {
  const paint = options.colors === true ? ansi : plain;
  const blocks = diagnostics.map((diagnostic) => formatOne(diagnostic, paint));
  const count = diagnostics.length === 1 ? "1 problem" : `${diagnostics.length} problems`;
  return [...blocks, `${count} found, nothing was written`].join("\n\n");
}

function formatOne(diagnostic: Diagnostic, paint: Paint): string {
  const { code, path, found, expected, hint } = diagnostic;
  const lines = [
    `${paint("red", `error[${code}]`)} ${paint("bold", path)}`,
    `  ${CODES[code]}`,
    `  found:    ${found}`,
    `  expected: ${expected}`,
  ];
  if (hint !== undefined) lines.push(`  ${paint("cyan", "hint:")}     ${hint}`);
  return lines.join("\n");
}

type Paint = (style: "red" | "bold" | "cyan", text: string) => string;

function plain(_style: string, text: string): string {
  return text;
}

function ansi(style: "red" | "bold" | "cyan", text: string): string {
  const code = { red: 31, bold: 1, cyan: 36 }[style];
  return `\x1b[${code}m${text}\x1b[0m`;
}

/** The candidate nearest to `name` by edit distance, when it is near enough to be what was meant. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Fewest insertions, deletions and replacements that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced));
    }
    row = next;
  }
  return row[b.length]!;
}

/** `names` as one line, shortened behind the first dozen. */
export function listNames(names: Iterable<string>): string {
  const all = [...names];
  if (all.length === 0) return "none";
  const shown = all.slice(0, 12).join(", ");
  return all.length > 12 ? `${shown} and ${all.length - 12} more` : shown;
}
