/**
 * What a driver does at the device's word: the device asks in its configuration, and the driver
 * answers by requests.
 *
 * @module
 */

import { DriverBehaviour } from "../behaviour.ts";
import { RequestAborted } from "../errors.ts";

/** Base of such a behaviour: it answers once at a time, however often the configuration changes meanwhile. */
export abstract class ConfigAnswers extends DriverBehaviour {
  #answering = false;
  #changed = false; // since it began to answer

  /** Whether the configuration asks for something. */
  protected abstract get asked(): boolean;

  /** Does what is asked for. */
  protected abstract answer(): Promise<void>;

  /** Nothing is asked for, or it was answered. */
  protected rest(): void {}

  /** Nothing of the user's handlers is replaced. */
  handlers(_user: object): object {
    return {};
  }

  /** The device may have asked before it ran. */
  override started(): void {
    this.configChanged();
  }

  /** Looks whether the device asks. */
  override configChanged(): void {
    this.#changed = true;
    if (this.#answering) return;
    if (this.asked) void this.#answer();
    else this.rest();
  }

  async #answer(): Promise<void> {
    this.#answering = true;
    try {
      do {
        this.#changed = false;
        await this.answer();
      } while (this.#changed && this.asked);
    } catch (error) {
      if (!(error instanceof RequestAborted)) console.error(error);
    } finally {
      this.#answering = false;
    }
    this.rest();
  }
}
