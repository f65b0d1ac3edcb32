/**
 * The capability and the resource objects that devices of all types may have: those of device parts
 * (VIRTIO 1.4, 2.12.1.4.1 and 2.12.1.4.2).
 *
 * @module
 */

import {
  Capability as CapabilityId,
  DevPartsType,
  GroupType,
  ResourceObject as ObjectType,
} from "../../generated/layout/admin.ts";
import { CapabilityLayout, ObjectLayout } from "./layouts.ts";

/** How many objects for device parts there can be. */
export interface PartsLimits {
  /** Objects that read, 0 to 255. */
  readonly get: number;
  /** Objects that set, 0 to 255. */
  readonly set: number;
}

/** What an object for device parts is for: it reads those of a member, or sets them. */
export type PartsPurpose = "get" | "set";

/** Capabilities of all device types, by name. */
export class CommonCapabilities {
  /** `VIRTIO_DEV_PARTS_CAP`: Objects for device parts */
  static readonly devParts: CapabilityLayout<PartsLimits> = new CapabilityLayout({
    id: CapabilityId.DEV_PARTS_CAP,
    decode: (d) => ({
      get: d.u8("get_parts_resource_objects_limit"),
      set: d.u8("set_parts_resource_objects_limit"),
    }),
    encode: (e, { get, set }) => {
      e.u8(get, "get_parts_resource_objects_limit");
      e.u8(set, "set_parts_resource_objects_limit");
    },
    allows: (driver, device) => driver.get <= device.get && driver.set <= device.set,
  });
}

/** Types of resource objects of all device types, by name. */
export class CommonObjects {
  /** `VIRTIO_RESOURCE_OBJ_DEV_PARTS`: Reads or sets the parts of a member */
  static readonly devParts: ObjectLayout<PartsPurpose> = new ObjectLayout({
    type: ObjectType.DEV_PARTS,
    groupType: GroupType.SRIOV,
    decode: (d) => {
      const type = d.u8("type");
      d.skip(7, "reserved");
      if (type === DevPartsType.GET) return "get";
      return type === DevPartsType.SET ? "set" : d.refuse("type", "0 or 1", type);
    },
    encode: (e, purpose) => {
      e.u8(purpose === "get" ? DevPartsType.GET : DevPartsType.SET, "type");
      e.put(7);
    },
    limit: CommonCapabilities.devParts.limit(({ get, set }) => get + set),
  });
}
