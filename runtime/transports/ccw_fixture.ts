/** A device behind a subchannel with a guest that issues raw commands, for tests. @module */

import { Command } from "../../generated/layout/ccw.ts";
import { EchoDevice } from "../echo_fixture.ts";
import type { ChannelCommand } from "./ccw_channel.ts";
import { CcwDevice } from "./ccw_device.ts";
import { machineMemory } from "./rigs_fixture.ts";

/** Where commands have their data. */
export const ADDRESS = 0x8000_0000;
/** The flag of a command that a wrong length is no error. */
export const SUPPRESS = 0x20;
/** How a command can end: accepted, refused with sense, of the wrong length, without its data. */
export const [DONE, REFUSED, LENGTH, PROGRAM] = ["done", "refused", "length", "program"] as const;

/** A device with a guest that issues raw commands. */
export class Bench {
  readonly device = new EchoDevice();
  readonly memory = machineMemory();
  readonly interrupts: (number | "subchannel")[] = [];
  readonly file = new CcwDevice(this.device, {
    memory: this.memory,
    interrupt: () => this.interrupts.push("subchannel"),
    adapterInterrupt: (subclass) => this.interrupts.push(subclass),
  });

  run(command: number, data: readonly number[] = [], flags = 0, address = ADDRESS): string {
    if (address === ADDRESS) this.memory.write(ADDRESS, Uint8Array.from(data));
    const count = data.length;
    const { device, subchannel } = this.file.execute({ command, flags, count, address });
    if (subchannel === 0x40) return LENGTH;
    if (subchannel === 0x20) return PROGRAM;
    return device === 0x0e ? REFUSED : DONE;
  }

  read(length: number, address = ADDRESS): number[] {
    return [...this.memory.view(address, length)!];
  }

  revision(number: number): string {
    return this.run(Command.SET_VIRTIO_REV, [0, number, 0, 0]);
  }
}

/** A machine whose device was tampered with on the way. */
export function machine(bench: Bench, change: (command: ChannelCommand) => ChannelCommand) {
  return {
    memory: bench.memory,
    start: (command: ChannelCommand) => bench.file.execute(change(command)),
    notify: (data: number) => bench.file.notify(data),
  };
}
