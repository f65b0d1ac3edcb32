/**
 * What `serve` knows of a ready back end. Each file of this folder that has one exports it as
 * `backEnd`; the table of `serve` names it.
 *
 * @module
 */

import type { ParseArgsConfig } from "node:util";
import { type parse, UsageError } from "../../generator/commands/command.ts";
import type { Device } from "../../runtime/device.ts";

/** Options of a command line, as `parseArgs` takes them. */
export type Options = NonNullable<ParseArgsConfig["options"]>;

/** What was given for options. */
export type Values<T extends Options> = ReturnType<typeof parse<T>>["values"];

/** A device, what it keeps open, and the arguments of QEMU that use it, to be pasted into a shell. */
export interface Served {
  /** The device, or a module that exports it as its default, for a thread for each queue. */
  readonly device: Device | URL;
  /** Arguments of QEMU, a line for each, if it has a front end; the socket is the chardev `virtio0`. */
  readonly qemu: readonly string[];
  /**
   * QEMU connects again when the back end was gone. Of other front ends, it uses a connection that it
   * is to make again before there is one, and refuses to start.
   */
  readonly reconnects?: boolean;
  /** What else there is to say about versions of QEMU. */
  readonly note?: string;
  /** What else there is to tell on SIGUSR1, beside how many requests were served. */
  readonly told?: () => string;
  /** Lets go of what the device keeps open, once nothing is served any more. */
  close?(): void | Promise<void>;
}

/** A ready back end. */
export interface BackEnd<T extends Options = Options> {
  /** What stands after its name on the command line, as in `--file FILE [--read-only]`. */
  readonly usage: string;
  /** A line or more for each option. */
  readonly help: string;
  /** Its own options. */
  readonly options: T;
  /**
   * Makes the device. UsageError when an option is missing or no such thing, TransportError or
   * RangeError when the device can not be made.
   */
  load(values: Values<T>): Served | Promise<Served>;
}

/** The number that was given for an option; UsageError unless it is a whole one within bounds. */
export function numberOf(option: string, given: string, least: number, most: number): number {
  const value = Number(given);
  if (/^[0-9]+$/.test(given) && value >= least && value <= most) return value;
  throw new UsageError(`--${option} is no number from ${least} to ${most}`);
}

/** The value of a property, as QEMU takes it from a shell: with its commas doubled, and quoted if need be. */
export function property(value: string): string {
  const doubled = value.replaceAll(",", ",,");
  return /^[\w@%+=:,./-]+$/.test(doubled) ? doubled : `'${doubled.replaceAll("'", `'\\''`)}'`;
}

/** Arguments of QEMU for a network card with so many pairs of queues. */
export function card(pairs: number): string[] {
  const [queues, several] = pairs > 1 ? [`,queues=${pairs}`, ",mq=on"] : ["", ""];
  return [
    `-netdev vhost-user,id=net0,chardev=virtio0${queues}`,
    `-device virtio-net-pci,netdev=net0${several}`,
  ];
}

/** A ready back end, with the types of its options. */
export function defineBackEnd<const T extends Options>(backEnd: BackEnd<T>): BackEnd<T> {
  return backEnd;
}
