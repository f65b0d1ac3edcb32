/**
 * What the owner of groups knows of their members, and what serves a command (VIRTIO 1.4, 2.12).
 *
 * @module
 */

import type { Device } from "../device.ts";
import type { DeviceSnapshot } from "../snapshot.ts";
import type { BarLayout } from "../transports/pci_config.ts";
import type { AdminCommand } from "./command.ts";

/** A field of a legacy register file. */
export interface LegacyField {
  /** Offset of its first byte. */
  readonly offset: number;
  /** Number of its bytes. */
  readonly size: number;
}

/** Where a legacy driver can notify a member: 16 bits are written there, the index of the queue. */
export interface NotifyPlace {
  /** Whose address range it is in: `OWNER_DEV` or `OWNER_MEM` of the layout's `NotifyInfoFlags`. */
  readonly flags: number;
  /** Number of the range, 1 to 5. */
  readonly bar: number;
  /** Offset in the range, a multiple of 2. */
  readonly offset: number;
}

/** The legacy interface of a member, which its owner gives access to (VIRTIO 1.4, 2.12.1.1). */
export interface LegacyRegisters {
  /** The field of the common configuration that has this byte. */
  field(offset: number): LegacyField | undefined;
  /** Reads 1, 2 or 4 bytes of the common configuration, or of the device's behind it. */
  read(part: "common" | "device", offset: number, size: number): number;
  /** Writes 1, 2 or 4 bytes. */
  write(part: "common" | "device", offset: number, size: number, value: number): void;
  /** Where the member can be notified, the best place first; three at most. */
  readonly notify: readonly NotifyPlace[];
}

/** The registers of a PCI function that device parts hold, as plain data. */
export interface MemberRegisters {
  /** Features that the driver accepted, 32 bits each. */
  readonly features: readonly number[];
  /** Queues that were written to: the index, then the registers in the order of `QueueWord`. */
  readonly queues: readonly (readonly number[])[];
  /** The vector of configuration changes. */
  readonly configVector: number;
  /** The device behind them. */
  readonly device: unknown;
}

/** A virtual function, as the PCI function of its owner switches it on and places it. */
export interface VirtualFunction {
  /** The PCI device id of such functions. */
  readonly id: number;
  /** Its ranges of addresses. */
  readonly bars: readonly BarLayout[];
  /**
   * The function is there, each of its ranges where `address` says; called again when that changed.
   * Without an argument it is gone, and as after a reset.
   */
  place(address?: (bar: BarLayout) => number | undefined): void;
}

/** A member of a group. */
export interface GroupMember {
  /** The device. */
  readonly device: Device;
  /** Its legacy interface; without one, its owner gives no access to it. */
  readonly legacy?: LegacyRegisters;
  /** For members that are virtual functions over PCI. */
  readonly virtual?: VirtualFunction;
  /** The registers around the device, for members over PCI. */
  readonly registers?: {
    /** Features that they implement beside those of the device. */
    readonly ownFeatures: bigint;
    save(): MemberRegisters;
    /** Becomes what was saved, from untrusted data; TypeError or RangeError otherwise. */
    restore(saved: MemberRegisters): void;
    /** Where a queue is notified, and what names it with these features. */
    notification(
      index: number,
      features: bigint,
    ): { readonly offset: number; readonly data: number };
  };
}

/** The device behind the registers of a member, as its snapshot has it. */
export function deviceIn(registers: MemberRegisters): DeviceSnapshot {
  return registers.device as DeviceSnapshot;
}

/** A command for a member that is there. */
export interface MemberCommand extends AdminCommand {
  /** The member. */
  readonly member: GroupMember;
}

/** The command's own result; nothing where it has none. */
export type CommandResult = Uint8Array | void;

/** What serves one command for one kind of group. */
export interface GroupCommand {
  /** Kind of the group. */
  readonly groupType: number;
  /** Number of the command. */
  readonly opcode: number;
  /** Carries it out. An AdminError is the answer; another error is reported and answered as EAGAIN. */
  readonly run: (command: MemberCommand) => CommandResult | Promise<CommandResult>;
}
