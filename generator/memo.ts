/**
 * Remembers from run to run what formatting gave, as `deno fmt` does for its own runs: a text that
 * was formatted before, and whose file is still there as it was written, is not formatted again.
 *
 * @module
 */

import { LINE_WIDTH } from "./format.ts";
import { typescriptPluginPath } from "./deps.ts";

/** The item of this program's local storage. */
const ITEM = "formatted";

/** How many texts are remembered, the last ones. */
const CAPACITY = 2000;

/** What formatting gave, as pairs of digests: of a text before, and of that text after. */
export class Memo {
  readonly #after: Map<string, string> = stored();

  /** What formatting `text` gives, when that is known and is what the file at `url` has. */
  async recall(text: string, url: URL): Promise<string | undefined> {
    const after = this.#after.get(await digest(text));
    const found = after === undefined ? undefined : await textAt(url);
    return found !== undefined && after === await digest(found) ? found : undefined;
  }

  /** Remembers pairs of texts, before and after, for the next run. */
  async learn(pairs: readonly (readonly [before: string, after: string])[]): Promise<void> {
    const learnt = await Promise.all(pairs.flat().map(digest));
    for (let i = 0; i < learnt.length; i += 2) {
      this.#after.delete(learnt[i]!);
      this.#after.set(learnt[i]!, learnt[i + 1]!);
    }
    store([...this.#after].slice(-CAPACITY));
  }
}

async function textAt(url: URL): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(url);
  } catch {
    return undefined; // Whatever is the matter with the file is told when it is compared.
  }
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
