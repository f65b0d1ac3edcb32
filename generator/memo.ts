/**
 * Remembers from run to run what formatting gave, as `deno fmt` does for its own runs: a text that
 * was formatted before is not formatted again.
 *
 * @module
 */

import { LINE_WIDTH } from "./format.ts";
import { typescriptPluginPath } from "./deps.ts";

/** The item of this program's local storage. */
const ITEM = "formatted texts";

/** How many characters of formatted text are remembered, the last ones: local storage holds 10 MB. */
const CAPACITY = 4 << 20;

/** What formatting gave: digests of texts before, and those texts after. */
export class Memo {
  readonly #after: Map<string, string> = stored();

  /** What formatting `text` gives, when that is known. */
  async recall(text: string): Promise<string | undefined> {
    return this.#after.get(await digest(text));
  }

  /** Remembers pairs of texts, before and after, for the next run. */
  async learn(pairs: readonly (readonly [before: string, after: string])[]): Promise<void> {
    const keys = await Promise.all(pairs.map(([before]) => digest(before)));
    if (keys.every((key) => this.#after.has(key))) return;
    keys.forEach((key, i) => {
      this.#after.delete(key);
      this.#after.set(key, pairs[i]![1]);
    });
    store(newest([...this.#after]));
  }
}

/** As many of the last entries as there is room for. */
function newest(entries: (readonly [string, string])[]): (readonly [string, string])[] {
  let room = CAPACITY;
  const first = entries.findLastIndex(([, after]) => (room -= after.length) < 0);
  return entries.slice(first + 1);
}

function store(pairs: readonly (readonly [string, string])[]): void {
  try {
    globalThis.localStorage?.setItem(ITEM, JSON.stringify(pairs));
  } catch {
    // A machine without a place to remember formats again: slower, and right all the same.
  }
}

function stored(): Map<string, string> {
  try {
    return new Map(JSON.parse(globalThis.localStorage?.getItem(ITEM) ?? "[]"));
  } catch {
    return new Map();
  }
}

/** The first half of a SHA-256, over the text and all that formatting depends on. */
async function digest(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(`${typescriptPluginPath()} ${LINE_WIDTH}\n${text}`);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return hash.subarray(0, 16).toHex();
}
