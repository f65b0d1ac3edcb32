/**
 * The least terminal that a shell is usable on: lines of text, and a cursor that moves in the last of them.
 *
 * @module
 */

const ESCAPE = "\x1b";
/** What follows an escape: erase to the end, ask where the cursor is, colours, with numbers. */
const SEQUENCE = /^\[[0-9;?]{0,16}([@-~])/;
/** The beginning of that. */
const BEGINNING = /^(\[[0-9;?]{0,16})?$/;
const LINES_MAX = 2000;

/** Text as a terminal shows it. */
export class Terminal {
  readonly #lines: string[] = [""];
  #column = 0;
  #rest = "";

  /** What is to be seen. */
  get text(): string {
    return this.#lines.join("\n");
  }

  /** Takes what a program prints, in pieces of any length. */
  print(text: string): void {
    let left = this.#rest + text;
    this.#rest = "";
    while (left !== "") {
      if (left[0] !== ESCAPE) {
        this.#put(left[0]!);
        left = left.slice(1);
        continue;
      }
      const found = SEQUENCE.exec(left.slice(1));
      if (BEGINNING.test(left.slice(1))) {
        this.#rest = left;
        return;
      }
      if (found?.[1] === "J" || found?.[1] === "K") this.#line = this.#line.slice(0, this.#column);
      left = left.slice(1 + (found?.[0].length ?? 0));
    }
  }

  get #line(): string {
    return this.#lines.at(-1)!;
  }

  set #line(line: string) {
    this.#lines[this.#lines.length - 1] = line;
  }

  #put(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (character === "\n") {
      this.#lines.push("");
      if (this.#lines.length > LINES_MAX) this.#lines.shift();
      this.#column = 0;
    } else if (character >= " ") {
      const line = this.#line.padEnd(this.#column);
      this.#line = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
      this.#column++;
    }
  }
}

const KEYS: Readonly<Record<string, string>> = {
  Enter: "\r",
  Backspace: "\x7f",
  Tab: "\t",
  Escape: "\x1b",
  ArrowUp: "\x1b[A",
  ArrowDown: "\x1b[B",
  ArrowRight: "\x1b[C",
  ArrowLeft: "\x1b[D",
};

/** What a terminal sends for a key; undefined for one that means nothing to it. */
export function typed(
  key: { readonly key: string; readonly ctrlKey: boolean },
): string | undefined {
  if (key.key.length > 1) return KEYS[key.key];
  return key.ctrlKey ? String.fromCharCode(key.key.charCodeAt(0) & 0x1f) : key.key;
}
