/**
 * A PCI function as a member of a group of devices, such as a virtual function (VIRTIO 1.4, 2.12): the
 * registers that its owner's driver reaches through administration commands.
 *
 * @module
 */

import { NotifyInfoFlags } from "../../generated/layout/admin.ts";
import {
  PCI_LEGACY,
  VIRTIO_PCI_LEGACY_CONFIG,
  VIRTIO_PCI_LEGACY_CONFIG_MSIX,
} from "../../generated/layout/pci.ts";
import type { GroupMember, LegacyRegisters, MemberRegisters } from "../admin/group.ts";
import { hasBit, ReservedFeature } from "../features.ts";
import { NOTIFY_OFFSET, notifyData, notifyPlace, type PciRegisters } from "./pci_common.ts";
import { hasLegacyInterface, legacyBar } from "./pci_legacy_bar.ts";

/** What a member needs of its function. */
export interface MemberFunction {
  /** Whether MSI-X is enabled. */
  readonly messages: () => boolean;
  /** Number of the range with the structures. */
  readonly bar: number;
  /** Features that the registers implement. */
  readonly ownFeatures: bigint;
  readonly save: () => MemberRegisters;
  readonly restore: (saved: MemberRegisters) => void;
}

/** The member; with a legacy interface if devices of its type have one. */
export function pciMember(file: PciRegisters, own: MemberFunction): GroupMember {
  const { device } = file.core;
  const { ownFeatures, save, restore } = own;
  const member: GroupMember = {
    device,
    registers: {
      ownFeatures,
      save,
      restore,
      notification: (index, features) => ({
        offset: notifyPlace(index),
        data: hasBit(features, ReservedFeature.VIRTIO_F_NOTIF_CONFIG_DATA) ? notifyData(index) : 0,
      }),
    },
  };
  return hasLegacyInterface(device.info.id)
    ? { ...member, legacy: legacyRegisters(file, own) }
    : member;
}

function legacyRegisters(file: PciRegisters, { messages, bar }: MemberFunction): LegacyRegisters {
  const target = legacyBar(file, messages);
  const start = () => messages() ? VIRTIO_PCI_LEGACY_CONFIG_MSIX : VIRTIO_PCI_LEGACY_CONFIG;
  const base = (part: "common" | "device") => part === "common" ? 0 : start();
  return {
    field: (offset) =>
      Object.values(PCI_LEGACY).find((field) =>
        offset >= field.offset && offset < field.offset + field.size && offset < start()
      ),
    read: (part, offset, size) => target.read(base(part) + offset, size),
    write: (part, offset, size, value) => target.write(base(part) + offset, size, value),
    notify: [{ flags: NotifyInfoFlags.OWNER_MEM, bar, offset: NOTIFY_OFFSET }],
  };
}
