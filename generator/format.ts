/**
 * Formats what was printed as `deno fmt` would: the same engine, in process.
 *
 * Formatting takes longer than everything before it, so other threads take part: files are handed
 * to them while the rest is printed, and what none of them has begun is done here in the end.
 *
 * @module
 */

import { createFromWasmModule, type Formatter, typescriptPluginPath } from "./deps.ts";
import type { OutputFile } from "./files.ts";

/** Columns of a line; `deno.json` says the same to `deno fmt`, and a test compares the two. */
export const LINE_WIDTH = 100;

/** How often a text is formatted at the most; two or three times make it stand still. */
const ROUNDS = 5;

/** The most files that one run formats. */
const CAPACITY = 1 << 14;

/** The engine, compiled: it can be posted to other threads. */
export function formatterModule(): WebAssembly.Module {
  return new WebAssembly.Module(Deno.readFileSync(typescriptPluginPath()));
}

/** A formatter of TypeScript for this thread. */
export class TypeScriptFormatter {
  readonly #formatter: Formatter;

  constructor(module: WebAssembly.Module) {
    this.#formatter = createFromWasmModule(module);
    this.#formatter.setConfig({}, { deno: true, lineWidth: LINE_WIDTH });
  }

  /**
   * The text as it stands in the file at `path`; Error when it is no TypeScript, which is a mistake
   * of a template. The engine may find more to do in what it gave, so it is asked until it does not.
   */
  format(path: string, text: string): string {
    for (let round = 0; round < ROUNDS; round++) {
      const formatted = this.#formatter.formatText({ filePath: path, fileText: text });
      if (formatted === text) break;
      text = formatted;
    }
    return text;
  }
}

/** What a thread is started with. */
export interface Start {
  readonly module: WebAssembly.Module;
  /** One flag a file: 1 when a thread has begun with it. */
  readonly begun: Int32Array<SharedArrayBuffer>;
}

/** A file for a thread. */
export interface Job {
  readonly index: number;
  readonly file: OutputFile;
}

/** What a thread made of a file: its text, or what is wrong with it. */
export interface Done {
  readonly index: number;
  readonly text?: string;
  readonly error?: string;
}

/** Whether the caller, and no other thread, is to format a file. */
export function begin(begun: Int32Array<SharedArrayBuffer>, index: number): boolean {
  return Atomics.compareExchange(begun, index, 0, 1) === 0;
}

/** Formats files on all processors of the machine, in any order. */
export class Formatting implements Disposable {
  readonly #helpers: number;
  readonly #begun = new Int32Array(new SharedArrayBuffer(4 * CAPACITY));
  readonly #files: OutputFile[] = [];
  readonly #texts: PromiseWithResolvers<string>[] = [];
  readonly #workers: Worker[] = [];
  #module: WebAssembly.Module | undefined;

  /** With `helpers` threads beside this one: as many as there are other processors, when not given. */
  constructor(helpers: number = navigator.hardwareConcurrency - 1) {
    this.#helpers = helpers;
  }

  /** The text of a file, formatted, some time after {@linkcode finish} was called; other files than TypeScript are printed as they are to be. */
  add(file: OutputFile): Promise<string> {
    if (!file.path.endsWith(".ts")) return Promise.resolve(file.text);
    this.#start();
    const text = Promise.withResolvers<string>();
    const index = this.#files.push(file) - 1;
    this.#texts.push(text);
    for (const worker of this.#workers) worker.postMessage({ index, file } satisfies Job);
    return text.promise;
  }

  #start(): void {
    if (this.#module !== undefined) return;
    for (let i = 0; i < this.#helpers; i++) {
      const worker = new Worker(new URL("./format_worker.ts", import.meta.url), { type: "module" });
      worker.onmessage = ({ data }: MessageEvent<Done>) => this.#settle(data);
      this.#workers.push(worker);
    }
    this.#module = formatterModule();
    const start: Start = { module: this.#module, begun: this.#begun };
    for (const worker of this.#workers) worker.postMessage(start);
  }

  #settle({ index, text, error }: Done): void {
    if (text === undefined) this.#texts[index]?.reject(new Error(error));
    else this.#texts[index]?.resolve(text);
  }

  /** Does what no other thread has begun. */
  finish(): void {
    if (this.#module === undefined) return;
    const formatter = new TypeScriptFormatter(this.#module);
    for (let index = this.#files.length; index-- > 0;) {
      if (begin(this.#begun, index)) this.#settle(formatted(formatter, index, this.#files[index]!));
    }
  }

  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
  }
}

/** Formats one file of many. */
export function formatted(
  formatter: TypeScriptFormatter,
  index: number,
  { path, text }: OutputFile,
): Done {
  try {
    return { index, text: formatter.format(path, text) };
  } catch (error) {
    return { index, error: `Cannot format ${path}: ${error}` };
  }
}
