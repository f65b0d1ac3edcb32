/**
 * Access to the legacy interface of a member, little-endian (VIRTIO 1.4, 2.12.1.1).
 *
 * The length of an access is that of the data: what the driver sends, or has room for. An access that
 * leaves its field is refused. Of the device's own fields only their space is known here.
 *
 * @module
 */

import {
  GroupType,
  Opcode,
  Status,
  VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_WR_DATA,
  VIRTIO_ADMIN_CMD_LEGACY_NOTIFY_INFO_RESULT_SIZE,
  VIRTIO_PCI_LEGACY_NOTIFY_INFO,
  VIRTIO_PCI_LEGACY_NOTIFY_INFO_SIZE,
} from "../../generated/layout/admin.ts";
import { AdminError, invalidField, viewOf } from "./command.ts";
import type { GroupCommand, LegacyRegisters, MemberCommand, NotifyPlace } from "./group.ts";

/** Entries of the answer that may be valid: the last one ends the list. */
const PLACES_MAX = 3;
/** Bytes of the largest field. */
const FIELD_MAX = 8;

type Part = "common" | "device";

/** The commands for the members of an SR-IOV group that have a legacy interface. */
export function legacyCommands(): GroupCommand[] {
  const groupType = GroupType.SRIOV;
  return [
    { groupType, opcode: Opcode.LEGACY_COMMON_CFG_WRITE, run: (one) => write(one, "common") },
    { groupType, opcode: Opcode.LEGACY_COMMON_CFG_READ, run: (one) => read(one, "common") },
    { groupType, opcode: Opcode.LEGACY_DEV_CFG_WRITE, run: (one) => write(one, "device") },
    { groupType, opcode: Opcode.LEGACY_DEV_CFG_READ, run: (one) => read(one, "device") },
    {
      groupType,
      opcode: Opcode.LEGACY_NOTIFY_INFO,
      run: (command) => encodePlaces(registersOf(command).notify.slice(0, PLACES_MAX)),
    },
  ];
}

function registersOf({ member }: MemberCommand): LegacyRegisters {
  if (member.legacy === undefined) throw new AdminError(Status.EINVAL);
  return member.legacy;
}

function read(command: MemberCommand, part: Part): Uint8Array {
  const registers = registersOf(command);
  const offset = viewOf(command.data, 1).getUint8(0);
  const bytes = new Uint8Array(checked(command, registers, part, offset, command.room));
  for (const [at, size] of accesses(bytes.length)) {
    const value = registers.read(part, offset + at, size);
    for (let byte = 0; byte < size; byte++) bytes[at + byte] = value >>> 8 * byte;
  }
  return bytes;
}

function write(command: MemberCommand, part: Part): void {
  const registers = registersOf(command);
  const offset = viewOf(command.data, 1).getUint8(0);
  const bytes = command.data.subarray(VIRTIO_ADMIN_CMD_LEGACY_COMMON_CFG_WR_DATA.data);
  checked(command, registers, part, offset, bytes.length);
  for (const [at, size] of accesses(bytes.length)) {
    registers.write(part, offset + at, size, viewOf(bytes.subarray(at), 4).getUint32(0, true));
  }
}

/** The length, if the access stays within one field. */
function checked(
  { member }: MemberCommand,
  registers: LegacyRegisters,
  part: Part,
  offset: number,
  length: number,
): number {
  const space = { offset: 0, size: member.device.config.bytes.length };
  const field = part === "common" ? registers.field(offset) : space;
  const most = part === "common" ? Infinity : FIELD_MAX;
  if (
    field === undefined || length < 1 || length > most ||
    offset + length > field.offset + field.size
  ) throw invalidField();
  return length;
}

/** Accesses of 4, 2 and 1 bytes that make up a length. */
function* accesses(length: number): Generator<readonly [at: number, size: number]> {
  for (let at = 0; at < length;) {
    const left = length - at;
    const size = left >= 4 ? 4 : left >= 2 ? 2 : 1;
    yield [at, size];
    at += size;
  }
}

function encodePlaces(places: readonly NotifyPlace[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(VIRTIO_ADMIN_CMD_LEGACY_NOTIFY_INFO_RESULT_SIZE));
  places.forEach(({ flags, bar, offset }, number) => {
    const start = number * VIRTIO_PCI_LEGACY_NOTIFY_INFO_SIZE;
    view.setUint8(start + VIRTIO_PCI_LEGACY_NOTIFY_INFO.flags, flags);
    view.setUint8(start + VIRTIO_PCI_LEGACY_NOTIFY_INFO.bar, bar);
    view.setBigUint64(start + VIRTIO_PCI_LEGACY_NOTIFY_INFO.offset, BigInt(offset), true);
  });
  return new Uint8Array(view.buffer);
}
