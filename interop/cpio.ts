/**
 * An archive that Linux takes as its first file system (cpio, "newc").
 *
 * @module
 */

const FOLDER = 0o040755;
const FILE = 0o100000;

/** Files and folders, packed one after the other. */
export class Archive {
  readonly #parts: Uint8Array[] = [];
  #entries = 0;

  /** Adds a folder. */
  folder(path: string): void {
    this.#add(path, FOLDER, new Uint8Array(0));
  }

  /** Adds a file with these permissions. */
  file(path: string, content: Uint8Array, permissions: number): void {
    this.#add(path, FILE | permissions, content);
  }

  /** The archive; nothing is added afterwards. */
  bytes(): Uint8Array<ArrayBuffer> {
    this.#add("TRAILER!!!", 0, new Uint8Array(0));
    const whole = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #add(path: string, mode: number, content: Uint8Array): void {
    const name = new TextEncoder().encode(`${path}\0`);
    const fields = [++this.#entries, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
    const header = "070701" + fields.map((value) => value.toString(16).padStart(8, "0")).join("");
    this.#push(new TextEncoder().encode(header), name);
    this.#push(content);
  }

  /** Adds bytes, and zeroes up to a multiple of four. */
  #push(...parts: readonly Uint8Array[]): void {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    this.#parts.push(...parts, new Uint8Array((4 - length % 4) % 4));
  }
}
