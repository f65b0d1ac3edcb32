/**
 * Capabilities and resource objects by what they say: how a value lies in the data of commands, how
 * the owner of groups offers it or keeps it (VIRTIO 1.4, 2.12.1.2 and 2.12.1.3).
 *
 * Data of any length have a value: what is missing reads as zero, what is too much is cut (VIRTIO
 * 1.4, 2.13). Bytes that no value has are a PeerError, which the owner answers as EINVAL.
 *
 * @module
 */

import { Status } from "../../generated/layout/admin.ts";
import { Decoder } from "../decoder.ts";
import { Encoder } from "../encoder.ts";
import { PeerError } from "../errors.ts";
import type { Capability } from "./capabilities.ts";
import { invalidField } from "./command.ts";
import type { ObjectName, ResourceObject, ResourceType } from "./objects.ts";

/** How values are read and written. */
export interface ValueCodec<T> {
  /** Reads a value; PeerError when there can be none. */
  readonly decode: (d: Decoder) => T;
  /** Writes a value; RangeError when it does not fit. */
  readonly encode: (e: Encoder, value: T) => void;
}

/** A number that commands name, and the layout of the data that come with it. */
export abstract class AdminLayout<T> {
  readonly #codec: ValueCodec<T>;

  /** For the two kinds of numbers. */
  constructor(codec: ValueCodec<T>) {
    this.#codec = codec;
  }

  /** The value in data of any length; PeerError when there is none. */
  decode(data: Uint8Array): T {
    return this.#codec.decode(Decoder.extended(data));
  }

  /** The data of a value; RangeError when it does not fit. */
  encode(value: T): Uint8Array {
    const e = new Encoder();
    this.#codec.encode(e, value);
    return e.bytes.slice();
  }

  /** How many bytes the value takes that data begin with, or would with zeroes behind; AdminError when there is none. */
  protected sizeOf(data: Uint8Array): number {
    const d = Decoder.extended(data);
    try {
      this.#codec.decode(d);
    } catch (error) {
      throw error instanceof PeerError ? invalidField() : error;
    }
    return d.position;
  }
}

/** What generated code says of a capability. */
export interface CapabilityCodec<T> extends ValueCodec<T> {
  /** Number of the capability. */
  readonly id: number;
  /** Whether the driver may use so much of what the device has; each byte no greater when not given. */
  readonly allows?: (driver: T, device: T) => boolean;
}

/** A capability with its layout. */
export class CapabilityLayout<T> extends AdminLayout<T> {
  /** Number of the capability. */
  readonly id: number;
  readonly #allows: CapabilityCodec<T>["allows"];

  /** For generated code, and for capabilities of one's own. */
  constructor(codec: CapabilityCodec<T>) {
    super(codec);
    this.id = codec.id;
    this.#allows = codec.allows;
  }

  /** For owners of groups: the capability of a device that can this; RangeError when the value does not fit. */
  offer(device: T): Capability {
    const { id } = this;
    const data = this.encode(device);
    const allows = this.#allows;
    return {
      id,
      data,
      size: (driver) => this.sizeOf(driver),
      ...(allows === undefined ? {} : { allows: (driver) => allows(this.decode(driver), device) }),
    };
  }

  /** A limit of objects that the driver sets with the capability. */
  limit(of: (driver: T) => number): ObjectLimit {
    return { capability: this.id, limit: (driver) => of(this.decode(driver)) };
  }

  /** A demand on objects: that what the driver sets with the capability has them. */
  within<V>(has: (driver: T, value: V) => boolean): ObjectWithin<V> {
    return { capability: this.id, has: (driver, value) => has(this.decode(driver), value) };
  }
}

/** What a capability must have of an object. */
export interface ObjectWithin<T> {
  /** Number of the capability. */
  readonly capability: number;
  /** Whether what the driver set of it has this. */
  readonly has: (driver: Uint8Array, value: T) => boolean;
}

/** How many objects there can be. */
export type ObjectLimit = Pick<ResourceType, "capability" | "limit">;

/** What generated code says of a type of resource objects. */
export interface ObjectCodec<T> extends ValueCodec<T> {
  /** Number of the type. */
  readonly type: number;
  /** The kind of group whose members have such objects; the self group when not given. */
  readonly groupType?: number;
  /** How many the driver may have. */
  readonly limit: ObjectLimit;
  /** Status of a number at the limit or above; ENOSPC when not given. */
  readonly full?: keyof typeof Status;
  /** Numbers of the capabilities that the driver has to set first. */
  readonly requires?: readonly number[];
  /** What a capability must have of an object. */
  readonly within?: ObjectWithin<T>;
  /** What no two objects have the same of. */
  readonly unique?: (value: T) => number | bigint;
  /** The objects that one needs, which outlive it. */
  readonly needs?: (value: T) => readonly ObjectName[];
}

/** A resource object with its value. */
export interface HeldObject<T> extends ResourceObject {
  /** As it was created or last changed. */
  readonly value: T;
}

/** What the user of a device does about objects of one type. */
export interface ObjectHandlers<T> {
  /** Before an object is created or changed beside others of its type: throws an AdminError to refuse. */
  readonly check?: (object: HeldObject<T>, others: readonly HeldObject<T>[]) => void;
  /** An object was created or changed. */
  readonly changed?: (object: HeldObject<T>) => void;
  /** An object is gone. */
  readonly destroyed?: (object: HeldObject<T>) => void;
}

/** A type of resource objects with their layout. */
export class ObjectLayout<T> extends AdminLayout<T> {
  /** Number of the type. */
  readonly type: number;
  readonly #codec: ObjectCodec<T>;

  /** For generated code, and for objects of one's own. */
  constructor(codec: ObjectCodec<T>) {
    super(codec);
    this.type = codec.type;
    this.#codec = codec;
  }

  /** An object of this type with its value. */
  held(object: ResourceObject): HeldObject<T> {
    return { ...object, value: this.decode(object.data) };
  }

  /** For owners of groups: the type of a device that has such objects. */
  serve(handlers: ObjectHandlers<T> = {}): ResourceType {
    const { type } = this;
    const { groupType, limit, full, requires, within, unique, needs } = this.#codec;
    const held = (object: ResourceObject) => this.held(object);
    return {
      type,
      ...limit,
      ...(groupType === undefined ? {} : { groupType }),
      ...(full === undefined ? {} : { full: Status[full] }),
      ...(requires === undefined ? {} : { requires }),
      ...(within === undefined ? {} : {
        within: {
          capability: within.capability,
          has: (driver, data) => within.has(driver, this.decode(data)),
        },
      }),
      size: (data) => this.sizeOf(data),
      needs: (data) => needs?.(this.decode(data)) ?? [],
      check: (object, others) => {
        const [one, all] = [held(object), others.map(held)];
        const taken = unique !== undefined &&
          all.some(({ value }) => unique(value) === unique(one.value));
        if (taken) throw invalidField();
        handlers.check?.(one, all);
      },
      changed: (object) => handlers.changed?.(held(object)),
      destroyed: (object) => handlers.destroyed?.(held(object)),
    };
  }
}
