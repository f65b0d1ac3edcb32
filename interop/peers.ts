/**
 * Real peers for tests: which programs there are, processes with a time limit, and scratch folders.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../cli.ts", import.meta.url));

/** Whether a missing peer is a failure instead of a reason to skip. */
const REQUIRED = Deno.env.get("CI") === "true";

/** Where a program is, or undefined. */
function program(name: string): string | undefined {
  const folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/lib/qemu"];
  return folders.map((folder) => `${folder}/${name}`).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** What is missing of interfaces of the host's network, if anything is. */
export function tapMissing(): string | undefined {
  try {
    if (Deno.uid() === 0 && Deno.statSync("/dev/net/tun").isCharDevice === true) return undefined;
  } catch {
    // There is no such file.
  }
  return "/dev/net/tun for root";
}

/** What a test needs: names of programs, or a function that says what is missing. */
export type Need = string | (() => string | undefined);

/**
 * Registers a test that needs Linux and real peers. Where one is missing, the test is skipped and says
 * so in its name; with CI=true in the environment it fails instead.
 */
export function peerTest(
  name: string,
  needs: readonly Need[],
  test: (context: Deno.TestContext) => Promise<void>,
): void {
  const missing = Deno.build.os !== "linux" ? ["Linux"] : needs.flatMap((need) => {
    const found = typeof need === "string" ? program(need) ?? "" : need() ?? "found";
    if (typeof need !== "string") return found === "found" ? [] : [found];
    return found === "" ? [need] : [];
  });
  if (missing.length === 0) Deno.test(name, test);
  else if (REQUIRED) {
    Deno.test(name, () => {
      throw new Error(`Cannot test against real peers: there is no ${missing.join(", no ")}`);
    });
  } else Deno.test.ignore(`${name} (skipped: there is no ${missing.join(", no ")})`, () => {});
}

/** A process that is killed when its time is over, or when it is disposed of. */
export class Peer implements AsyncDisposable {
  /** What it printed so far, both streams. */
  output = "";
  readonly #child: Deno.ChildProcess;
  readonly #done: Promise<unknown>;
  #timer: ReturnType<typeof setTimeout>;
  #ended: Deno.CommandStatus | undefined;
  #changed = Promise.withResolvers<void>();

  /** Starts a program, with more in its environment if given; after so many seconds it is killed. */
  constructor(
    name: string,
    args: readonly string[],
    seconds: number,
    env: Readonly<Record<string, string>> = {},
  ) {
    const path = program(name) ?? name;
    this.#child = new Deno.Command(path, {
      args: [...args],
      env: { ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#timer = setTimeout(() => this.kill(), seconds * 1000);
    this.#done = Promise.all([
      this.#collect(this.#child.stdout),
      this.#collect(this.#child.stderr),
      this.#child.status.then((status) => {
        this.#ended = status;
        clearTimeout(this.#timer);
        this.#notice();
      }),
    ]);
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Kills it, which it can not prevent. */
  kill(signal: Deno.Signal = "SIGKILL"): void {
    if (this.#ended === undefined) this.#child.kill(signal);
  }

  /** Waits until it has printed one of some texts; an error with its output when it ends before. */
  async printed(...texts: readonly string[]): Promise<void> {
    const found = () => texts.some((text) => this.output.includes(text));
    while (!found()) {
      if (this.#ended !== undefined) {
        await this.#done;
        if (found()) return;
        const wanted = texts.map((text) => JSON.stringify(text)).join(" or ");
        throw new Error(`It ended without printing ${wanted}:\n${this.output}`);
      }
      await this.#changed.promise;
    }
  }

  /** Waits until it ended; its exit code. */
  async ended(): Promise<number> {
    await this.#done;
    return this.#ended!.code;
  }

  /** Kills it if it runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#done;
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.output += text;
      this.#notice();
    }
  }

  #notice(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** Runs a program to its end; an error with its output unless it exits with 0. */
export async function run(name: string, args: readonly string[], seconds = 30): Promise<string> {
  await using peer = new Peer(name, args, seconds);
  const code = await peer.ended();
  if (code !== 0) throw new Error(`${name} exited with ${code}:\n${peer.output}`);
  return peer.output;
}

/** A folder that is removed when it is disposed of. */
export class Scratch implements Disposable {
  /** Path of the folder. */
  readonly folder: string = Deno.makeTempDirSync({ prefix: "virtio-" });

  /** A path in the folder. */
  path(name: string): string {
    return `${this.folder}/${name}`;
  }

  /** Removes the folder and all that is in it. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** Waits until a path exists, for some seconds. */
export async function appeared(path: string): Promise<void> {
  for (let look = 0; look < 500; look++) {
    try {
      Deno.lstatSync(path);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error(`Cannot go on: ${path} did not appear`);
}

/** The command line of a back end of ours. */
export function serveCommand(device: readonly string[], socket: string): string[] {
  const args = ["run", "-A", "--no-lock", CLI, "serve", ...device, "--socket", socket];
  return [Deno.execPath(), ...args];
}

/** A back end of ours, in a process of its own; behind other words that run a command line, if given. */
export async function serve(
  device: readonly string[],
  socket: string,
  behind: readonly string[] = [],
): Promise<Peer> {
  const [name, ...args] = [...behind, ...serveCommand(device, socket)];
  const peer = new Peer(name!, args, 180);
  await appeared(socket);
  return peer;
}
