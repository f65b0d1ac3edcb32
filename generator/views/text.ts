/**
 * Small pieces of text that several views put together in the same way.
 *
 * @module
 */

/** The opposite of a condition; empty for none. */
export function notText(condition: string): string {
  if (condition === "") return "";
  if (/^!?[\w.#]+$/.test(condition)) {
    return condition.startsWith("!") ? condition.slice(1) : `!${condition}`;
  }
  const inner = /^!\(([^()]*)\)$/.exec(condition);
  return inner === null ? `!(${condition})` : inner[1]!;
}

/** Conditions that must all hold; empty for none. */
export function allText(...conditions: readonly string[]): string {
  const kept = conditions.filter((each) => each !== "");
  return kept.length === 1 ? kept[0]! : kept.map(grouped).join(" && ");
}

function grouped(condition: string): string {
  const outer = condition.replace(/\([^()]*\)/g, "()").replace(/\([^()]*\)/g, "()");
  return / \|\| | \? /.test(outer) ? `(${condition})` : condition;
}

/** A sum without what is zero. */
export function sumText(...texts: readonly string[]): string {
  const kept = texts.filter((text) => text !== "0" && text !== "");
  return kept.length === 0 ? "0" : kept.join(" + ");
}

/** ` + 4`, or nothing. */
export function moreText(...texts: readonly string[]): string {
  const sum = sumText(...texts);
  return sum === "0" ? "" : ` + ${sum}`;
}

/** A difference, without what is zero. */
export function lessText(from: string, ...texts: readonly string[]): string {
  return [from, ...texts.filter((text) => text !== "0").map(operandText)].join(" - ");
}

/** Text that can stand behind a minus, or as a factor. */
export function operandText(text: string): string {
  return /^[\w.]+$/.test(text) ? text : `(${text})`;
}

/** `x`, `x + 4` or `x - 4`. */
export function shiftedText(text: string, plus = 0): string {
  if (plus === 0) return text;
  return plus > 0 ? `${text} + ${plus}` : `${text} - ${-plus}`;
}

/** `BlockReq` → `blockReq`. */
export function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Each item once, in order. */
export function unique<T>(items: Iterable<T>): T[] {
  return [...new Set(items)];
}

/** The session as a member of the driver's or device's class. */
export function ownSession(text: string): string {
  return text.replace(/\bs\./g, "this.#s.");
}
