/**
 * What the driver of an owner of groups set up, as plain data, and how it is read back.
 *
 * @module
 */

import { integer, list, record } from "../snapshot.ts";

/** What a driver set up: fit for JSON. */
export interface SavedOwner {
  /** The commands that it said it would use, by kind of group. */
  readonly used: readonly (readonly [groupType: number, opcodes: readonly number[]])[];
  /** What it set of capabilities, by number. */
  readonly capabilities: readonly (readonly [id: number, data: readonly number[]])[];
  /** The objects that it created, each behind what it needs. */
  readonly objects: readonly SavedObject[];
}

/** A resource object. */
export interface SavedObject {
  /** Kind of the group. */
  readonly groupType: number;
  /** The member that it was created for. */
  readonly memberId: number;
  /** Type of the object. */
  readonly type: number;
  /** Its number. */
  readonly id: number;
  /** The object, byte by byte. */
  readonly data: readonly number[];
}

const FIELD = "admin.state";

/** Reads it from untrusted data; TypeError or RangeError naming the field. */
export function readOwner(value: unknown): SavedOwner {
  const root = record(value, FIELD);
  return {
    used: pairs(root.used, `${FIELD}.used`, 0x7fff),
    capabilities: pairs(root.capabilities, `${FIELD}.capabilities`, 0xff),
    objects: list(root.objects, `${FIELD}.objects`).map((one, at) =>
      readObject(one, `${FIELD}.objects[${at}]`)
    ),
  };
}

function readObject(value: unknown, path: string): SavedObject {
  const object = record(value, path);
  return {
    groupType: integer(object.groupType, `${path}.groupType`, 0xffff),
    memberId: integer(object.memberId, `${path}.memberId`, Number.MAX_SAFE_INTEGER),
    type: integer(object.type, `${path}.type`, 0xffff),
    id: integer(object.id, `${path}.id`, 0xffff_ffff),
    data: integers(object.data, `${path}.data`, 0xff),
  };
}

function pairs(value: unknown, path: string, max: number): [number, number[]][] {
  return list(value, path).map((one, at) => {
    const [key, numbers] = list(one, `${path}[${at}]`);
    return [
      integer(key, `${path}[${at}][0]`, 0xffff),
      integers(numbers, `${path}[${at}][1]`, max),
    ];
  });
}

function integers(value: unknown, path: string, max: number): number[] {
  return list(value, path).map((one, at) => integer(one, `${path}[${at}]`, max));
}
