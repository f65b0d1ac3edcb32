/**
 * The commands for device parts, and the mode of a member (VIRTIO 1.4, 2.12.1.4).
 *
 * @module
 */

import {
  DevModeFlag,
  DevPartsGetType,
  DevPartsMetadataType,
  GroupType,
  Opcode,
  Status,
  VIRTIO_ADMIN_CMD_DEV_PARTS_GET_DATA,
  VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_DATA,
  VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_DATA_SIZE,
  VIRTIO_ADMIN_CMD_DEV_PARTS_SET_DATA,
} from "../../generated/layout/admin.ts";
import { TransportError } from "../errors.ts";
import { isLive } from "../status.ts";
import { until } from "../task.ts";
import { AdminError, invalidField, joined, viewOf } from "./command.ts";
import { CommonObjects, type PartsLimits, type PartsPurpose } from "./common.ts";
import { deviceIn, type GroupCommand, type GroupMember, type MemberCommand } from "./group.ts";
import { nameIn, type ResourceObjects, type ResourceType } from "./objects.ts";
import {
  decodePartHeads,
  decodeParts,
  encodePartHead,
  encodeParts,
  type Part,
} from "./part_bytes.ts";
import { type MemberState, partsOf } from "./parts.ts";
import { withParts } from "./parts_set.ts";

/** The objects with which the driver reads and sets device parts; no more of one purpose than it said. */
export function partsObjects(limits: () => PartsLimits): ResourceType {
  return CommonObjects.devParts.serve({
    check: ({ value }, others) => {
      const count = others.filter((other) => other.value === value).length;
      if (count >= limits()[value]) throw new AdminError(Status.ENOSPC);
    },
  });
}

/** The commands for the members of an SR-IOV group. */
export function partsCommands(objects: ResourceObjects): GroupCommand[] {
  const groupType = GroupType.SRIOV;
  const { devParts } = CommonObjects;
  const check = (command: MemberCommand, purpose: PartsPurpose) => {
    const name = nameIn(command.data);
    if (name.type !== devParts.type) throw invalidField();
    if (devParts.held(objects.get(command, name)).value !== purpose) throw invalidField();
  };
  return [
    {
      groupType,
      opcode: Opcode.DEV_PARTS_METADATA_GET,
      run: (command) => {
        check(command, "get");
        return metadata(command);
      },
    },
    {
      groupType,
      opcode: Opcode.DEV_PARTS_GET,
      run: (command) => {
        check(command, "get");
        return encodeParts(wanted(command));
      },
    },
    {
      groupType,
      opcode: Opcode.DEV_PARTS_SET,
      run: (command) => {
        check(command, "set");
        setParts(command);
      },
    },
    { groupType, opcode: Opcode.DEV_MODE_SET, run: setMode },
  ];
}

function stateOf({ device, registers }: GroupMember): MemberState {
  if (registers === undefined) return { device: device.save() };
  const saved = registers.save();
  return { device: deviceIn(saved), registers: saved };
}

function allParts({ member }: MemberCommand): Part[] {
  return partsOf(member, stateOf(member));
}

/** The one answer that does not fit is an error here, not cut (VIRTIO 1.4, 2.12.1.4.3.1). */
function metadata(command: MemberCommand): Uint8Array {
  const view = viewOf(command.data, VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_DATA_SIZE);
  const parts = allParts(command);
  const result = metadataOf(view.getUint8(VIRTIO_ADMIN_CMD_DEV_PARTS_METADATA_DATA.type), parts);
  if (result.length > command.room) throw new AdminError(Status.ENOMEM);
  return result;
}

function metadataOf(type: number, parts: readonly Part[]): Uint8Array {
  switch (type) {
    case DevPartsMetadataType.SIZE:
      return counted(encodeParts(parts).length);
    case DevPartsMetadataType.COUNT:
      return counted(parts.length);
    case DevPartsMetadataType.LIST:
      return joined([counted(parts.length), ...parts.map(encodePartHead)]);
    default:
      throw invalidField();
  }
}

/** A le32 and as much that is reserved. */
function counted(count: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, count, true);
  return new Uint8Array(view.buffer);
}

function wanted(command: MemberCommand): Part[] {
  const { type, hdrList } = VIRTIO_ADMIN_CMD_DEV_PARTS_GET_DATA;
  const parts = allParts(command);
  switch (viewOf(command.data, hdrList).getUint8(type)) {
    case DevPartsGetType.ALL:
      return parts;
    case DevPartsGetType.SELECTED: {
      const heads = decodePartHeads(command.data.subarray(hdrList));
      return parts.filter((one) =>
        heads.some(({ type, selector }) => type === one.type && selector === one.selector)
      );
    }
    default:
      throw invalidField();
  }
}

/** Takes effect once the member goes on; a member that cannot become it stays as it was. */
function setParts({ member, data }: MemberCommand): void {
  if (!member.device.stopped) throw new AdminError(Status.EINVAL);
  const parts = decodeParts(data.subarray(VIRTIO_ADMIN_CMD_DEV_PARTS_SET_DATA.parts));
  const before = stateOf(member);
  const after = withParts(member, before, parts);
  try {
    become(member, after);
  } catch {
    become(member, before);
    throw invalidField();
  }
}

function become(member: GroupMember, { device, registers }: MemberState): void {
  if (registers === undefined) member.device.restore(device);
  else member.registers!.restore(registers);
}

/** Stops a member once it has used all that it took, or lets it go on; both as often as one likes. */
async function setMode({ member, data }: MemberCommand): Promise<void> {
  const { device } = member;
  if ((viewOf(data, 1).getUint8(0) >> DevModeFlag.STOPPED & 1) === 0) return device.go();
  if (device.stopped) return;
  device.stop();
  const ended = () => Promise.resolve(device.idle || !isLive(device.getStatus()));
  try {
    await until(ended, () => "Cannot stop the device: it does not come to an end");
  } catch (error) {
    device.go();
    throw error instanceof TransportError ? new AdminError(Status.EAGAIN) : error;
  }
  if (!device.stopped) throw new AdminError(Status.EAGAIN); // it was switched off, and on again
}
