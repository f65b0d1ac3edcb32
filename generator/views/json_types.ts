/**
 * What `virtio.json` contains.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { JsonField, JsonGate } from "./json_fields.ts";

export * from "./json_fields.ts";

/** The whole file. */
export interface JsonModel {
  /** Version of the standard. */
  readonly spec: "1.4";
  /** By folder name. */
  readonly devices: Readonly<Record<string, JsonDevice>>;
  /** Rings, registers and commands, by name. */
  readonly layouts: Readonly<Record<string, JsonLayout>>;
  /** By name in the standard. */
  readonly structs: Readonly<Record<string, JsonStruct>>;
  /** By the prefix of their constants. */
  readonly enums: Readonly<Record<string, JsonEnum>>;
  /** By name in the standard: members of enumerations, feature bits, loose constants. */
  readonly constants: Readonly<Record<string, number | string>>;
}

/** What devices and layouts have in common. */
export interface JsonModule {
  readonly title: string;
  readonly section: string;
  readonly doc: string;
  readonly features: readonly JsonFeature[];
  readonly messages: Readonly<Record<string, JsonMessages>>;
}

/** A device. */
export interface JsonDevice extends JsonModule {
  readonly id: number;
  /** Name of the struct of the configuration space. */
  readonly config: string | null;
  readonly queues: Readonly<Record<string, JsonQueue>>;
  readonly adminQueue?: JsonAdminQueue;
  readonly sharedMemory: Readonly<
    Record<string, { readonly id: number; readonly when: JsonGate; readonly doc: string }>
  >;
}

/** A layout without a device. */
export interface JsonLayout extends JsonModule {
  /** Register files. */
  readonly registers: Readonly<
    Record<string, { readonly section: string; readonly registers: readonly JsonRegister[] }>
  >;
}

/** A register; `access` is the driver's. */
export interface JsonRegister {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly access: "R" | "W" | "RW";
  readonly when: JsonGate;
}

/** A feature bit. */
export interface JsonFeature {
  readonly name: string;
  readonly bit: number;
  /** Needs any of these; see {@linkcode JsonGate}. */
  readonly requires: JsonGate;
  /** Should not be accepted without any of these. */
  readonly wants?: JsonGate;
  /** In force though not negotiated, as long as none of these is. */
  readonly impliedWithout?: readonly string[];
  readonly legacy: boolean;
  /** Never over a legacy interface. */
  readonly modern?: true;
  /** Drivers read its configuration fields once it is negotiated, not when it is offered. */
  readonly fieldsWhen?: "negotiated";
  readonly doc: string;
}

/** A struct. */
export interface JsonStruct {
  /** Bytes; null when variable. */
  readonly size: number | null;
  readonly section: string;
  /** What is missing at its end reads as zero. */
  readonly grows?: true;
  readonly fields: readonly JsonField[];
  readonly doc: string;
}

/** An enumeration; its members are constants. */
export interface JsonEnum {
  readonly as: "values" | "masks" | "bits";
  readonly section: string;
  readonly members: Readonly<Record<string, number>>;
  /** Members of which nothing is said but their names. */
  readonly reservedMembers?: readonly string[];
  /** Ranges kept for vendors, both ends included. */
  readonly reserved?: readonly (readonly [number, number])[];
  /** What a reader makes of other values. */
  readonly unknown: "keep" | "refuse" | { readonly as: string };
  readonly doc: string;
}

/** Messages of one shape. */
export interface JsonMessages {
  readonly section: string;
  /** Fields that select the case. */
  readonly tags: readonly string[];
  /** A message whose field is this constant, in one byte order or the other, starts a session of that order. */
  readonly starts?: { readonly field: string; readonly value: string };
  readonly cases: Readonly<Record<string, JsonCase>>;
  readonly doc: string;
}

/** One request, response or event. */
export interface JsonCase {
  /** A value for each tag field. */
  readonly tags: readonly number[];
  /** Further values of the only tag field, on the legacy interface. */
  readonly legacyTags?: readonly number[];
  readonly when: JsonGate;
  readonly unless?: JsonGate;
  /** Who sends it. */
  readonly from: "driver" | "device";
  readonly readable: JsonPart;
  readonly writable: JsonPart;
  readonly status: JsonStatus | null;
  /** The used length counts the filled bytes of the first payload and the trailer alone. */
  readonly used?: "filled";
  readonly doc: string;
}

/** What the device reads, or writes. */
export interface JsonPart {
  readonly size: number | null;
  /** Fewest bytes. */
  readonly min: number;
  /** How many fields at the end stand at the end of the buffer, however long it is. */
  readonly trailer: number;
  readonly fields: readonly JsonField[];
}

/** Where the answer says how it went; the rest are constants. */
export interface JsonStatus {
  readonly field: readonly string[];
  readonly enum: string;
  readonly ok: string;
  readonly unknown: string;
  readonly malformed: string;
  readonly failed: string;
  /** Answers are written whole: what has no value with a status is zero. */
  readonly whole?: true;
  /** Data that came with another status than success are not to be used. */
  readonly discards?: true;
}

/** A queue or family of queues; numbers may come from the configuration. */
export interface JsonQueue {
  readonly role: dsl.Role;
  readonly messages: readonly string[];
  readonly index: JsonIndex;
  /** Index by the standard's text, where deployed devices differ. */
  readonly strictIndex?: JsonIndex;
  readonly count: JsonCount;
  readonly when: JsonGate;
  /** What the used length is worth: how much was written, at most that, nothing, or always all. */
  readonly used?: NonNullable<dsl.Queue["used"]>;
  /** The same over a legacy interface, where it is worth less there. */
  readonly legacyUsed?: NonNullable<dsl.Queue["legacyUsed"]>;
  /** Requests are served one after the other: all, or those with the same value of a field. */
  readonly order?: "queue" | { readonly key: string };
  /** Requests wait until something happens, and keep no device from being suspended. */
  readonly waits?: true;
  readonly doc: string;
}

/** Administration queues: two registers of the transport say where the first is, and how many there are. */
export interface JsonAdminQueue {
  readonly index: "admin_queue_index";
  readonly count: "admin_queue_num";
  readonly when: JsonGate;
  /** What is of the device type, by name. */
  readonly capabilities: Readonly<Record<string, JsonAdministered>>;
  readonly objects: Readonly<Record<string, JsonAdministeredObject>>;
  /** Enumerations of device parts. */
  readonly parts: readonly string[];
  readonly doc: string;
}

/** A number that administration commands name, and the layout of the data that come with it. */
export interface JsonAdministered {
  /** Constant that is the number. */
  readonly tag: string;
  /** Struct of the data; null for bytes as they are. */
  readonly struct: string | null;
  readonly doc: string;
}

/** A type of resource objects. */
export interface JsonAdministeredObject extends JsonAdministered {
  /** The least of these fields of a capability is how many there can be; a number beyond gets the status. */
  readonly limit: { readonly of: string; readonly by: readonly string[]; readonly status: string };
  /** Capabilities without which there are no commands for them. */
  readonly requires: readonly string[];
  /**
   * Pairs of a path in the object and a field of the capability, or of one entry of its list `in`: numbers
   * are no greater, named values the same or among those of a list, bits among those that are set.
   */
  readonly within?: {
    readonly of: string;
    readonly in: string | null;
    readonly fields: readonly (readonly [readonly string[], string])[];
  };
  /** Field in which no two objects are the same. */
  readonly unique?: string;
  /** Types of the objects whose numbers are in these fields. */
  readonly needs: Readonly<Record<string, string>>;
}

/** `value * times + plus`, the value being the field's, or `otherwise` while the gate is shut. */
export type JsonCount = number | {
  readonly config: string;
  readonly when: JsonGate;
  readonly otherwise: number;
  readonly times: number;
  readonly plus: number;
};

/** A number; behind the queues before it; or the first one, the second one, and the distance from there on. */
export type JsonIndex =
  | JsonCount
  | "next"
  | { readonly first: number; readonly then: number; readonly step: number };
