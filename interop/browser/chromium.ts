/**
 * Headless Chromium, and the little of its DevTools protocol that a test needs.
 *
 * @module
 */

import { delimiter } from "node:path";

const NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-breakpad",
  "--remote-debugging-port=0",
];
const LIMIT_MS = 120_000;

/** The program's path, or undefined when the machine has none. */
export function findChromium(): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.flatMap((folder) => NAMES.map((name) => `${folder}/${name}`)).find(isFile);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** A browser that runs; disposing of it leaves no process and no file behind. */
export class Chromium implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #home: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  #next = 1;
  #pid = 0; // of the browser itself: what was started may be a script around it

  private constructor(process: Deno.ChildProcess, home: string, socket: WebSocket) {
    this.#process = process;
    this.#home = home;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#answered(JSON.parse(data));
    socket.onclose = () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("Cannot reach Chromium"));
    };
  }

  /** Starts the program with a home of its own. */
  static async start(program: string): Promise<Chromium> {
    const home = await Deno.makeTempDir();
    const env = { HOME: home, TMPDIR: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home };
    const process = new Deno.Command(program, {
      args: [...FLAGS, `--user-data-dir=${home}/profile`, "about:blank"],
      env,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    try {
      const socket = new WebSocket(await within(endpoint(process)));
      await within(
        new Promise((resolve, reject) => {
          socket.onopen = resolve;
          socket.onerror = () => reject(new Error("Cannot reach Chromium"));
        }),
      );
      const chromium = new Chromium(process, home, socket);
      chromium.#pid = await chromium.#findPid();
      return chromium;
    } catch (error) {
      await stop(process, home, process.pid);
      throw error;
    }
  }

  /** Opens a page; the id of the session with it. */
  async open(url: string): Promise<string> {
    const { targetId } = await this.#send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.#send("Target.attachToTarget", { targetId, flatten: true });
    await this.#send("Page.navigate", { url }, sessionId as string);
    return sessionId as string;
  }

  /** Closes a page. */
  async close(sessionId: string): Promise<void> {
    await this.#send("Page.close", {}, sessionId);
  }

  /** What an expression in a page comes to, once it is settled. */
  async evaluate(sessionId: string, expression: string): Promise<unknown> {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", params, sessionId);
    if (exceptionDetails !== undefined) {
      throw new Error(`Cannot evaluate ${expression}: ${JSON.stringify(exceptionDetails)}`);
    }
    return (result as { value?: unknown }).value;
  }

  /** Types a text on the keyboard: into what has the focus. */
  async type(sessionId: string, text: string): Promise<void> {
    for (const character of text) {
      const key = character === "\r" ? { key: "Enter" } : { key: character, text: character };
      await this.#send("Input.dispatchKeyEvent", { type: "keyDown", ...key }, sessionId);
      await this.#send("Input.dispatchKeyEvent", { type: "keyUp", key: key.key }, sessionId);
    }
  }

  /** Ends the browser, and removes all that it wrote. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    await this.#send("Browser.close", {});
    await within(closed);
    await stop(this.#process, this.#home, this.#pid);
  }

  async #findPid(): Promise<number> {
    const { processInfo } = await this.#send("SystemInfo.getProcessInfo", {});
    const all = processInfo as { readonly type: string; readonly id: number }[];
    return all.find(({ type }) => type === "browser")!.id;
  }

  async #send(
    method: string,
    params: Record<string, unknown>,
    sessionId?: string,
  ): Promise<Record<string, unknown>> {
    const id = this.#next++;
    const answer = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    try {
      return await within(answer.promise);
    } finally {
      this.#waiting.delete(id);
    }
  }

  #answered(message: { id?: number; result?: Record<string, unknown>; error?: unknown }): void {
    const { id, result, error } = message;
    if (id === undefined) return; // an event
    if (result !== undefined) this.#waiting.get(id)?.resolve(result);
    else this.#waiting.get(id)?.reject(new Error(`Chromium refused: ${JSON.stringify(error)}`));
  }
}

/** Reads where the DevTools listen; what the program says after that is thrown away. */
async function endpoint(process: Deno.ChildProcess): Promise<string> {
  const lines = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await lines.read();
    if (done) throw new Error(`Cannot start Chromium: ${text}`);
    text += value;
    const found = /DevTools listening on (ws:\S+)/.exec(text);
    if (found === null) continue;
    void drain(lines);
    return found[1]!;
  }
}

async function drain(lines: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await lines.read()).done);
}

/** Waits for the end of a browser that was told to close, or ends it; removes what it wrote. */
async function stop(process: Deno.ChildProcess, home: string, pid: number): Promise<void> {
  const late = setTimeout(() => Deno.kill(pid, "SIGKILL"), 10_000);
  await process.status;
  clearTimeout(late);
  // Its helpers write for a moment longer.
  for (let tries = 0;; tries++) {
    try {
      return await Deno.remove(home, { recursive: true });
    } catch (error) {
      if (tries === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** The promise's value; an error when it is not settled in time. */
async function within<T>(promise: Promise<T>): Promise<T> {
  let late: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error("Cannot wait for Chromium any longer")), LIMIT_MS);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(late);
  }
}
