/**
 * The words of the description language: plain data, typed.
 *
 * A description names things (features, configuration fields, enumerations, structs, requests, queues) and refers to them by name. The
 * type parameters below are those names only: a reference that nothing in the same description
 * declares is a compile error. What the compiler cannot see (order, role, size) is checked when
 * the description is loaded, all problems at once.
 *
 * @module
 */

import type { ConfigCheck } from "./checks.ts";
import type { Field, Gate, Path } from "./fields.ts";
import type { Messages } from "./messages.ts";
import type { Queue } from "./queues.ts";

export * from "./checks.ts";
export * from "./fields.ts";
export * from "./messages.ts";
export * from "./queues.ts";

/** Version of this language; a description carries it as `dsl`, and other versions are refused. */
export const DSL_VERSION = 1;

/** A named layout. */
export interface Struct<N extends string = string, K extends string = string> {
  /** One sentence in our own words. */
  readonly doc: string;
  /** Section of VIRTIO 1.4, as a number. */
  readonly section?: string;
  /** Fields in the order of the wire. */
  readonly fields: { readonly [P in K]?: Field<N> };
  /** Size in bytes that the standard states, checked. */
  readonly size?: number;
  /** Ends after the last field whose gate is open; what is missing reads as zero. */
  readonly grows?: true;
  /** Where the layout comes from, when not from the standard. */
  readonly external?: string;
}

/** A member of an enumeration. */
export interface Member<N extends string = string> {
  /** The number. */
  readonly value: number;
  /** One sentence in our own words. */
  readonly doc?: string;
  /** Exists with these features only. */
  readonly when?: Gate<N>;
  /** Only on the legacy interface. */
  readonly legacy?: true;
  /** Named, and nothing more is said of it. */
  readonly reserved?: true;
}

/**
 * Named numbers: values, masks, or bit numbers (never to be mixed up). Constants are `<prefix>_<member>`,
 * where the prefix is the enumeration's own name unless said otherwise.
 */
export interface Enumeration<N extends string = string> {
  /** One sentence in our own words. */
  readonly doc: string;
  /** Section of VIRTIO 1.4, as a number. */
  readonly section?: string;
  /** Name in TypeScript, after the device's prefix. */
  readonly name: string;
  /** What the numbers are: values when not said. */
  readonly as?: "values" | "masks" | "bits";
  /** Prefix of the constants, where the standard gives several enumerations the same one. */
  readonly prefix?: string;
  /** The members by name, without the prefix. */
  readonly members: Readonly<Record<string, number | Member<N>>>;
  /** Ranges kept for vendors or implementations, both ends included. */
  readonly reserved?: readonly (readonly [number, number])[];
  /** What a reader makes of a value without a name: kept, taken for this member, or refused. */
  readonly unknown?: "keep" | "refuse" | { readonly as: string };
}

/** What makes a device able to offer a feature. */
export type Provider =
  /** A handler for the requests that the feature brings. */
  | "handler"
  /** A value for a configuration field that the feature brings. */
  | "config"
  /** The user's list of features: `features: ["RO"]`. */
  | "option"
  /** Generated code and the runtime. */
  | "runtime"
  /** Nothing: only the legacy interface knows it, and it is never offered. */
  | "legacy";

/** One feature bit. */
export interface Feature<F extends string = string> {
  /** Number of the bit. */
  readonly bit: number;
  /** One sentence in our own words. */
  readonly doc: string;
  /** Version of the standard that brought it, from 1.2 on. */
  readonly since?: string;
  /** Must not be accepted without these (any of; an inner list: all of). */
  readonly requires?: Gate<F>;
  /** Is only offered together with these. */
  readonly offeredWith?: Gate<F>;
  /** Should not be accepted without these: a driver does so only where it can not do without the feature. */
  readonly wants?: Gate<F>;
  /** Must not be offered or accepted together with these; a driver that is offered both accepts these. */
  readonly excludes?: readonly F[];
  /** Every driver must accept it when it is offered. */
  readonly mandatory?: true;
  /** Is never offered over a legacy interface. */
  readonly modern?: true;
  /** Drivers read the fields of the configuration that it brings once it is negotiated, not when it is offered. */
  readonly fieldsWhen?: "negotiated";
  /** In force though it was not negotiated, as long as none of these is: what went without saying before there was a bit. */
  readonly impliedWithout?: readonly F[];
  /** What makes a device able to offer it. */
  readonly by: Provider | readonly Provider[];
  /** Requests (`set.case`) or queues whose handlers implement it, where their own gates do not say it. */
  readonly handlers?: readonly string[];
}

/** The configuration space. */
export interface Config<N extends string = string, C extends string = string> {
  /** Name of the struct in the standard. */
  readonly struct: string;
  /** One sentence in our own words. */
  readonly doc?: string;
  /** Section of VIRTIO 1.4, as a number. */
  readonly section?: string;
  /** Bytes that the standard states, checked. */
  readonly size?: number;
  /** Fields in the order of the space. */
  readonly fields: Readonly<Record<C, Field<N>>>;
  /** A window: the driver writes `select`, the device then fills `size` and the union `value`. */
  readonly window?: {
    readonly select: readonly NoInfer<C>[];
    readonly size: NoInfer<C>;
    readonly value: NoInfer<C>;
  };
  /** What its fields have to be among each other. */
  readonly checks?: readonly ConfigCheck<NoInfer<N | C>>[];
  /** Fields whose change the device announces. */
  readonly notifies?: readonly NoInfer<C>[];
  /** Fields whose change the device does not announce, also when its user makes it. */
  readonly silent?: readonly NoInfer<C>[];
  /** Fields that stay as they are for as long as there is a device. */
  readonly fixed?: readonly NoInfer<C>[];
  /** Fields that get no less as long as another field is not 0. */
  readonly noLess?: readonly { readonly field: NoInfer<C>; readonly while: NoInfer<C> }[];
  /** Stays little-endian over a legacy interface, whole. */
  readonly legacy?: "little-endian";
}

/** A region of memory that the device shares. */
export interface SharedMemoryRegion<N extends string = string> {
  /** Id of the region. */
  readonly id: number;
  /** One sentence in our own words. */
  readonly doc: string;
  /** Exists with these features only. */
  readonly when?: Gate<N>;
}

/** One side of a behaviour: a class of the runtime that stands in front of the user's handlers. */
export interface BehaviourSide {
  /** Name of the class. */
  readonly class: string;
  /**
   * Messages (`set.case`, or a set without cases) that it answers itself. A user who has a handler
   * for any of them takes all of this upon himself, and has no such object.
   */
  readonly serves?: readonly string[];
  /** Whether the user may, or must, say more to have it, by an option of type `<class>Options`. */
  readonly options?: "optional" | "required";
  /**
   * A set whose answers it puts in lines, by these fields that all of its requests start with: those
   * of one line go back in the order of their requests, refused ones among them. Such an object of
   * the device is always there, and stands in front of no handler.
   */
  readonly lines?: { readonly of: string; readonly by: readonly Path[] };
}

/** What the protocol prescribes beyond layouts and checks: state that outlives a message. */
export interface Behaviour<F extends string = string, E extends string = string> {
  /** One sentence in our own words. */
  readonly doc: string;
  /** Section of VIRTIO 1.4, as a number. */
  readonly section?: string;
  /** Only with these features. */
  readonly when?: Gate<F>;
  /** Enumerations whose members it goes by. */
  readonly enums?: readonly E[];
  /** Features that it asks for by itself. */
  readonly features?: readonly F[];
  /** The device's side of it. */
  readonly device?: BehaviourSide;
  /** The driver's side of it. */
  readonly driver?: BehaviourSide;
}

/** A number that administration commands name, and the layout of the data that come with it. */
export interface Administered<S extends string = string> {
  /** Full name of the constant that is its number; the constant says what it is for. */
  readonly tag: string;
  /** Struct of the data, which depends on nothing that was negotiated; bytes as they are when not said. */
  readonly struct?: S;
}

/** A type of resource objects (VIRTIO 1.4, 2.12.1.3). */
export interface AdministeredObject<S extends string = string, K extends string = string>
  extends Administered<S> {
  /**
   * How many there can be: the least of the fields `by` of the capability `of`, as the driver set it.
   * A number at it or above gets the status `otherwise`, ENOSPC when not said.
   */
  readonly limit: {
    readonly of: string;
    readonly by: readonly K[];
    readonly otherwise?: "EINVAL";
  };
  /** Capabilities without which there are no commands for such objects. */
  readonly requires?: readonly string[];
  /**
   * What a capability must have of it, as the driver set that: pairs of a field of the object and one
   * of the capability `of`, or of an entry of its list `in`. The status is EINVAL otherwise.
   */
  readonly within?: {
    readonly of: string;
    readonly in?: K;
    readonly fields: readonly (readonly [Path<K>, K])[];
  };
  /** A field in which no two objects are the same; EINVAL otherwise. */
  readonly unique?: K;
  /** Objects that one needs: a field with the number of each, and its type. */
  readonly needs?: { readonly [P in K]?: string };
}

/**
 * Administration queues of a device (VIRTIO 1.4, 2.13): behind all others, where and as many as the
 * transport says, with VIRTIO_F_ADMIN_VQ. Their commands are those of all devices; what the commands
 * name may be of the device type, in ranges that the standard keeps for that.
 */
export interface AdminQueue<
  E extends string = string,
  S extends string = string,
  K extends string = string,
> {
  /** One sentence in our own words. */
  readonly doc: string;
  /** Section of VIRTIO 1.4, as a number. */
  readonly section?: string;
  /** Its capabilities by name, numbers 0x800 to 0xfff. */
  readonly capabilities?: Readonly<Record<string, Administered<S>>>;
  /** Its types of resource objects by name, numbers 0x200 to 0x4ff. */
  readonly objects?: Readonly<Record<string, AdministeredObject<S, K>>>;
  /** Enumerations of its device parts, 0x200 to 0x5ff. */
  readonly parts?: readonly E[];
}

/** A device, whole. Type parameters: names of features, config fields, enums, structs, messages, and of their fields. */
export interface Device<
  F extends string = string,
  C extends string = string,
  E extends string = string,
  S extends string = string,
  R extends string = string,
  K extends string = string,
> {
  /** Version of the language that it is written in. */
  readonly dsl?: typeof DSL_VERSION;
  /** Folder of the generated code, as in the standard's source. */
  readonly name: string;
  /** Prefix of the generated classes. */
  readonly prefix: string;
  /** Device id (VIRTIO 1.4, 5). */
  readonly id: number;
  /** Name for people. */
  readonly title: string;
  /** Section of VIRTIO 1.4, as a number. */
  readonly section: string;
  /** One sentence in our own words. */
  readonly doc: string;
  /** Prefix of the feature constants; `VIRTIO_<NAME>_F` when absent. */
  readonly featurePrefix?: string;
  /** Feature bits by name, without the prefix. */
  readonly features?: Readonly<Record<F, Feature<NoInfer<F>>>>;
  /** At least one of these must be accepted. */
  readonly oneFeatureOf?: readonly NoInfer<F>[];
  /** The configuration space. */
  readonly config?: Config<NoInfer<F | C | E | S | K>, C>;
  /** Enumerations by the prefix of their constants. */
  readonly enums?: Readonly<Record<E, Enumeration<NoInfer<F>>>>;
  /** Loose constants, by their full names. */
  readonly constants?: Readonly<
    Record<string, number | { readonly value: number; readonly doc: string }>
  >;
  /** Structs by the standard's names. */
  readonly structs?: Readonly<Record<S, Struct<NoInfer<F | C | E | S | K>, K>>>;
  /** Sets of messages by name. */
  readonly messages?: Readonly<Record<R, Messages<NoInfer<F | C | E | S | K>, K>>>;
  /** Queues by the standard's names. */
  readonly queues: Readonly<Record<string, Queue<NoInfer<F | C | K>, NoInfer<R>>>>;
  /** Its administration queues, where its type has something to administer. */
  readonly adminQueue?: AdminQueue<NoInfer<E>, NoInfer<S>, NoInfer<K>>;
  /** What the protocol prescribes beyond layouts and checks, by the names of the objects that do it. */
  readonly behaviours?: Readonly<Record<string, Behaviour<NoInfer<F>, NoInfer<E>>>>;
  /** Shared memory regions by name. */
  readonly sharedMemory?: Readonly<Record<string, SharedMemoryRegion<NoInfer<F>>>>;
}

/** One register of a transport. */
export interface Register {
  /** Bytes from the start of the register file. */
  readonly offset: number;
  /** Bytes: 1, 2, 4 or 8 (8 may be accessed as two halves). */
  readonly size: 1 | 2 | 4 | 8;
  /** Who may access it how: the driver reads, writes or both. */
  readonly access: "R" | "W" | "RW";
  /** One sentence in our own words. */
  readonly doc: string;
  /** Exists with this feature. */
  readonly when?: string;
}

/** Layouts that belong to no device: rings, status bits, registers, messages of a transport. */
export interface Layout<
  E extends string = string,
  S extends string = string,
  K extends string = string,
> {
  /** Version of the language that it is written in. */
  readonly dsl?: typeof DSL_VERSION;
  /** File of the generated code under `layout/`. */
  readonly name: string;
  /** Name for people. */
  readonly title: string;
  /** Section of VIRTIO 1.4, as a number. */
  readonly section: string;
  /** One sentence in our own words. */
  readonly doc: string;
  /** Enumerations by the prefix of their constants. */
  readonly enums?: Readonly<Record<E, Enumeration>>;
  /** Loose constants, by their full names. */
  readonly constants?: Readonly<
    Record<string, number | { readonly value: number; readonly doc: string }>
  >;
  /** Structs by the standard's names. */
  readonly structs?: Readonly<Record<S, Struct<NoInfer<E | S | K>, K>>>;
  /** Messages that devices of several types take. */
  readonly messages?: Readonly<Record<string, Messages<NoInfer<E | S | K>, K>>>;
  /** Register files by name; offsets in bytes from the start of the file. */
  readonly registers?: Readonly<
    Record<
      string,
      {
        readonly doc: string;
        readonly section: string;
        readonly registers: Readonly<Record<string, Register>>;
      }
    >
  >;
  /** Features that this part of the standard reserves. */
  readonly features?: Readonly<Record<string, Feature>>;
}
