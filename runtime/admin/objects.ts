/**
 * Resource objects: what the driver creates in a device, within the limits of its capabilities
 * (VIRTIO 1.4, 2.12.1.3).
 *
 * @module
 */

import {
  GroupType,
  Opcode,
  Status,
  StatusQualifier,
  VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CMD_HDR,
  VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CMD_HDR_SIZE,
  VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CREATE_DATA,
} from "../../generated/layout/admin.ts";
import { AdminError, fitted, invalidField, viewOf } from "./command.ts";
import type { GroupCommand, MemberCommand } from "./group.ts";
import type { HeldObject, ObjectLayout } from "./layouts.ts";

/** The name of an object: its type, and the number that the driver gave it. */
export interface ObjectName {
  /** Type of the object. */
  readonly type: number;
  /** Its number, from 0 on. */
  readonly id: number;
}

/** An object that was created. */
export interface ResourceObject extends ObjectName {
  /** Kind of the group. */
  readonly groupType: number;
  /** The member that it was created for; 0 in the self group. */
  readonly memberId: bigint;
  /** As it was created or last changed, in the layout of its type. */
  readonly data: Uint8Array;
}

/** One type of objects. */
export interface ResourceType {
  /** Number: below 0x200 for all device types, 0x200 to 0x4ff for one. */
  readonly type: number;
  /** The kind of group whose members have such objects; the self group when not given. */
  readonly groupType?: number;
  /**
   * Bytes of an object: shorter ones are filled with zeroes, longer ones cut. As they come when not
   * given. Where objects tell it themselves, it throws an AdminError to refuse.
   */
  readonly size?: number | ((data: Uint8Array) => number);
  /** Number of the capability that limits them. */
  readonly capability: number;
  /** How many the driver may have, from what it set of the capability. */
  readonly limit: (driver: Uint8Array) => number;
  /** Status of a number at the limit or above; ENOSPC when not given. */
  readonly full?: number;
  /** Numbers of capabilities without which there are no commands for these objects: while any is as a reset leaves it. */
  readonly requires?: readonly number[];
  /** A capability that must have what an object asks for, as the driver set it; EINVAL otherwise. */
  readonly within?: {
    readonly capability: number;
    readonly has: (driver: Uint8Array, data: Uint8Array) => boolean;
  };
  /** The objects that one needs, which outlive it. */
  readonly needs?: (data: Uint8Array) => readonly ObjectName[];
  /** Before an object is created or changed beside others of its type: throws an AdminError to refuse. */
  readonly check?: (object: ResourceObject, others: readonly ResourceObject[]) => void;
  /** An object was created or changed. */
  readonly changed?: (object: ResourceObject) => void;
  /** An object is gone. */
  readonly destroyed?: (object: ResourceObject) => void;
}

/** Reads what the driver set of a capability. */
export type ReadCapability = (id: number) => Uint8Array;

/** The objects of one device. */
export class ResourceObjects {
  readonly #types: readonly ResourceType[];
  readonly #capability: ReadCapability;
  readonly #objects = new Map<string, ResourceObject>(); // each behind what it needs

  /** None at first; RangeError when a type goes by a capability that is not among `offered`. */
  constructor(
    types: readonly ResourceType[],
    capability: ReadCapability,
    offered: (id: number) => boolean,
  ) {
    for (const { type, capability, requires = [] } of types) {
      const lost = [capability, ...requires].find((id) => !offered(id));
      if (lost === undefined) continue;
      const [object, id] = [type, lost].map((number) => `0x${number.toString(16)}`);
      throw new RangeError(
        `Cannot serve objects of type ${object}: capability ${id} is not offered`,
      );
    }
    this.#types = types;
    this.#capability = capability;
  }

  /** An object for a member; AdminError with ENXIO when there is none. */
  get(command: MemberCommand, name: ObjectName): ResourceObject {
    const found = this.#objects.get(keyOf({ ...command, ...name }));
    if (found === undefined) throw new AdminError(Status.ENXIO);
    return found;
  }

  /** All objects, in the order of their creation or last change: each behind what it needs. */
  all(): ResourceObject[];
  /** Those of one type, with their values. */
  all<T>(layout: ObjectLayout<T>): HeldObject<T>[];
  all<T>(layout?: ObjectLayout<T>): (ResourceObject | HeldObject<T>)[] {
    const all = [...this.#objects.values()];
    if (layout === undefined) return all;
    return all.filter((one) => one.type === layout.type).map((one) => layout.held(one));
  }

  /**
   * Destroys everything, or all of one kind of groups, the last object first, whatever a handler throws: the
   * first error, in the end.
   */
  reset(groupType?: number): void {
    const errors: unknown[] = [];
    for (const object of this.all().reverse()) {
      if (groupType !== undefined && object.groupType !== groupType) continue;
      this.#objects.delete(keyOf(object));
      try {
        this.#typeOf(object).destroyed?.(object);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  /** AdminError with EBUSY when a capability would leave objects without what they have. */
  checkCapability(id: number, driver: Uint8Array): void {
    const left = this.all().some((object) => {
      const { capability, limit, requires = [], within } = this.#typeOf(object);
      return capability === id && object.id >= limit(driver) ||
        requires.includes(id) && isDisabled(driver) ||
        within?.capability === id && !within.has(driver, object.data);
    });
    if (left) throw new AdminError(Status.EBUSY);
  }

  /** Creates an object; AdminError when that cannot be. */
  create(object: ResourceObject): void {
    const type = this.#typeOf(object);
    if (this.#objects.has(keyOf(object))) throw new AdminError(Status.EEXIST);
    if (object.id >= type.limit(this.#capability(type.capability))) {
      throw new AdminError(type.full ?? Status.ENOSPC);
    }
    this.#put(type, object);
  }

  /** The commands for the kinds of groups that have objects. */
  commands(): GroupCommand[] {
    const runs: readonly (readonly [opcode: number, run: GroupCommand["run"]])[] = [
      [Opcode.RESOURCE_OBJ_CREATE, (command) => this.create(objectIn(command))],
      [Opcode.RESOURCE_OBJ_MODIFY, (command) => this.#modify(command)],
      [Opcode.RESOURCE_OBJ_QUERY, (command) => this.get(command, nameIn(command.data)).data],
      [Opcode.RESOURCE_OBJ_DESTROY, (command) => this.#destroy(command)],
    ];
    const groups = new Set(this.#types.map(groupOf));
    return [...groups].flatMap((groupType) =>
      runs.map(([opcode, run]) => ({
        groupType,
        opcode,
        run: (command: MemberCommand) => {
          this.#checkEnabled(command);
          return run(command);
        },
      }))
    );
  }

  /** AdminError with INVALID_OPCODE while a capability that a type requires is disabled. */
  #checkEnabled({ data, groupType }: MemberCommand): void {
    const { requires = [] } = this.#find(nameIn(data).type, groupType) ?? {};
    if (!requires.some((id) => isDisabled(this.#capability(id)))) return;
    throw new AdminError(Status.EINVAL, StatusQualifier.INVALID_OPCODE);
  }

  #modify(command: MemberCommand): void {
    const object = this.get(command, nameIn(command.data));
    this.#free(object);
    this.#put(this.#typeOf(object), objectIn(command));
  }

  #destroy(command: MemberCommand): void {
    const object = this.get(command, nameIn(command.data));
    this.#free(object);
    this.#objects.delete(keyOf(object));
    this.#attempt(object, object, () => this.#typeOf(object).destroyed?.(object));
  }

  #put(type: ResourceType, object: ResourceObject): void {
    const { size = object.data.length } = type;
    const data = fitted(object.data, typeof size === "number" ? size : size(object.data));
    const whole = { ...object, data };
    const { within } = type;
    if (within !== undefined && !within.has(this.#capability(within.capability), data)) {
      throw invalidField();
    }
    for (const needed of type.needs?.(data) ?? []) {
      if (!this.#objects.has(keyOf({ ...object, ...needed }))) throw invalidField();
    }
    const others = this.all().filter((one) =>
      one.type === object.type && one.groupType === object.groupType &&
      keyOf(one) !== keyOf(object)
    );
    type.check?.(whole, others);
    const before = this.#objects.get(keyOf(object));
    this.#objects.delete(keyOf(object)); // behind all that it may need now
    this.#objects.set(keyOf(object), whole);
    this.#attempt(object, before, () => type.changed?.(whole));
  }

  /** What a handler refuses has not happened: the command may be sent again (VIRTIO 1.4, 2.13.1). */
  #attempt(object: ResourceObject, before: ResourceObject | undefined, tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#objects.delete(keyOf(object));
      if (before !== undefined) this.#objects.set(keyOf(before), before);
      throw error;
    }
  }

  /** AdminError with EBUSY while others need an object. */
  #free(object: ResourceObject): void {
    const needed = this.all().some((one) =>
      (this.#typeOf(one).needs?.(one.data) ?? []).some((name) =>
        keyOf({ ...one, ...name }) === keyOf(object)
      )
    );
    if (needed) throw new AdminError(Status.EBUSY);
  }

  #typeOf({ type, groupType }: ResourceObject): ResourceType {
    const found = this.#find(type, groupType);
    if (found === undefined) throw invalidField();
    return found;
  }

  #find(type: number, groupType: number): ResourceType | undefined {
    return this.#types.find((one) => one.type === type && groupOf(one) === groupType);
  }
}

function groupOf({ groupType = GroupType.SELF }: ResourceType): number {
  return groupType;
}

/** Whether a capability is as a reset leaves it: the driver uses nothing of it. */
function isDisabled(driver: Uint8Array): boolean {
  return driver.every((byte) => byte === 0);
}

function keyOf({ groupType, memberId, type, id }: Omit<ResourceObject, "data">): string {
  return `${groupType} ${memberId} ${type} ${id}`;
}

/** Which object a command is about. */
export function nameIn(data: Uint8Array): ObjectName {
  const view = viewOf(data, VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CMD_HDR_SIZE);
  const at = VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CMD_HDR;
  return { type: view.getUint16(at.type, true), id: view.getUint32(at.id, true) };
}

function objectIn({ data, groupType, memberId }: MemberCommand): ResourceObject {
  const at = VIRTIO_ADMIN_CMD_RESOURCE_OBJ_CREATE_DATA.resourceObjSpecificData;
  return { ...nameIn(data), groupType, memberId, data: data.slice(at) };
}
