/**
 * Runs modules of Deno tests in a browser: on the page, or in a Worker of it, where a thread may block.
 *
 * @module
 */

interface Test {
  readonly name: string;
  readonly run: () => unknown;
}

/** What the page offers to who drives it. */
export interface Harness {
  /** Imports a module; the names of its tests. */
  load(path: string): Promise<string[]>;
  /** Runs a test; an empty text, or what went wrong. */
  run(test: number): Promise<string>;
}

/** The part of a worker's global scope that is needed here. */
interface Scope {
  onmessage: ((event: MessageEvent<[method: keyof Harness, argument: never]>) => void) | null;
  postMessage(message: unknown): void;
}

const tests: Test[] = [];
const here: Harness = {
  load: async (path) => {
    await import(path);
    return tests.map(({ name }) => name);
  },
  run: async (test) => {
    try {
      await tests[test]!.run();
      return "";
    } catch (error) {
      return error instanceof Error ? `${error}\n${error.stack}` : String(error);
    }
  },
};

/** The same in a Worker. */
function inWorker(): Harness {
  const worker = new Worker(new URL("./harness.ts", import.meta.url), { type: "module" });
  const ask = (method: keyof Harness, argument: unknown) =>
    new Promise<never>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data as never);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage([method, argument]);
    });
  return { load: (path) => ask("load", path), run: (test) => ask("run", test) };
}

Object.assign(globalThis, {
  Deno: { test: (name: string, run: () => unknown) => tests.push({ name, run }) },
});
if (typeof document === "undefined") {
  const scope = globalThis as unknown as Scope;
  scope.onmessage = async ({ data: [method, argument] }) =>
    scope.postMessage(await here[method](argument).catch(String));
} else {
  Object.assign(globalThis, { page: here, inWorker });
}
