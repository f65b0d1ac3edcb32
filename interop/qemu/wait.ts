/**
 * Waiting for what QEMU does by itself, and the far ends of its sockets.
 *
 * @module
 */

const LIMIT_MILLISECONDS = 5000;

/** Waits until something holds; an error that says what was waited for when it does not come to that. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = Date.now() + LIMIT_MILLISECONDS;
  while (!await holds()) {
    if (Date.now() > end) throw new Error(`Cannot go on: ${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Our end of a socket at which QEMU listens: of a character device, or of a network. */
export class FarEnd implements AsyncDisposable {
  /** What came and was not taken yet. */
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #connection: Deno.Conn;
  readonly #done: Promise<void>;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
    this.#done = this.#receive();
  }

  /** Connects to the socket at a path. */
  static async connect(path: string): Promise<FarEnd> {
    return new FarEnd(await Deno.connect({ transport: "unix", path }));
  }

  /** Sends bytes. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      at += await this.#connection.write(bytes.subarray(at));
    }
  }

  /** Takes the next bytes, so many, once they have come. */
  async take(count: number): Promise<Uint8Array> {
    await eventually(`${count} bytes from QEMU`, () => this.#bytes.length >= count);
    const taken = this.#bytes.slice(0, count);
    this.#bytes = this.#bytes.slice(count);
    return taken;
  }

  /** Closes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
    await this.#done;
  }

  async #receive(): Promise<void> {
    const bytes = new Uint8Array(1 << 16);
    for (;;) {
      const count = await this.#connection.read(bytes).catch(() => null);
      if (count === null) return;
      const all = new Uint8Array(this.#bytes.length + count);
      all.set(this.#bytes);
      all.set(bytes.subarray(0, count), this.#bytes.length);
      this.#bytes = all;
    }
  }
}
