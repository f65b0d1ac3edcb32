/**
 * The resolved model: descriptions after the passes, every fact established, nothing yet said
 * about TypeScript text. Views read it; `virtio.json` is its outside form.
 *
 * @module
 */

import type * as dsl from "../spec/types.ts";

/** A gate as alternatives of sets of feature names; `[]` is "always". */
export type Alternatives = readonly (readonly string[])[];

/** A named number. */
export interface ConstantModel {
  readonly name: string;
  readonly value: number;
  readonly doc: string;
}

/** An enumeration; its members' constants carry full names. */
export interface EnumModel {
  /** Prefix of the constants, the key in the description. */
  readonly name: string;
  /** Name in TypeScript after the device's prefix. */
  readonly typeName: string;
  readonly doc: string;
  readonly section: string;
  readonly as: "values" | "masks" | "bits";
  readonly members: readonly (ConstantModel & {
    /** Name without the prefix. */
    readonly member: string;
    readonly legacy: boolean;
    /** Named, and nothing more is said of it. */
    readonly reserved: boolean;
    readonly when: Alternatives;
  })[];
  readonly reserved: readonly (readonly [number, number])[];
  readonly unknown: "keep" | "refuse" | { readonly as: string };
}

/** A feature bit of a device, or of the core. */
export interface FeatureModel {
  /** As in the description: "DIM". */
  readonly key: string;
  /** As in the standard: "VIRTIO_LAMP_F_DIM". */
  readonly name: string;
  readonly bit: number;
  readonly doc: string;
  readonly since: string | null;
  readonly requires: Alternatives;
  readonly offeredWith: Alternatives;
  readonly wants: Alternatives;
  readonly excludes: readonly string[];
  readonly mandatory: boolean;
  readonly modern: boolean;
  /** Its configuration fields are read once it is negotiated, not when it is offered. */
  readonly fieldsNegotiated: boolean;
  /** In force though not negotiated, as long as none of these is; null: only when negotiated. */
  readonly impliedWithout: readonly string[] | null;
  readonly legacy: boolean;
  readonly by: readonly dsl.Provider[];
  /** Handlers that implement it: `set.case` of requests, or a queue's name. */
  readonly handlers: readonly string[];
  /** Configuration fields that it gates. */
  readonly configFields: readonly string[];
}

/** A field of a struct, of the configuration space or of a message part. */
export interface FieldModel {
  /** Name in the standard; a `bits` word keeps its own name. */
  readonly name: string;
  /** Place in the description, for diagnostics: `structs.virtio_lamp_bulb.fields.watts`. */
  readonly path: string;
  readonly doc: string;
  /** The field as described, never a `body` (those are replaced by the case's fields). */
  readonly field: Exclude<dsl.Field, dsl.Body>;
  readonly when: Alternatives;
  readonly unless: Alternatives;
  /** Over a legacy interface it exists only with these features. */
  readonly legacyWhen: Alternatives;
  /** Bytes from the start of the struct or part; null when it depends on what stands before. */
  readonly offset: number | null;
  /** Bytes from the END of the part to the field's first byte, for fixed fields behind a variable one; else null. */
  readonly offsetFromEnd: number | null;
  /** Bytes; null when variable. A gated field has the size it has when present. */
  readonly size: number | null;
  /** For a struct field: the struct. For an array or sequence of structs: the element (or header). */
  readonly struct: StructModel | null;
  /** For unions and sequences. */
  readonly arms: readonly ArmModel[];
  /** Whether the value is computed from others when written: lengths, selectors, constants. */
  readonly derived: boolean;
}

/** One arm of a union or sequence. */
export interface ArmModel {
  readonly name: string;
  readonly tags: readonly number[];
  /** The one tag of the standard's text, where it differs from what is deployed. */
  readonly strictTag: number | null;
  /** The arm's fields: those of its struct or its own. */
  readonly struct: StructModel | null;
  readonly fields: readonly FieldModel[];
  readonly size: number | null;
  readonly doc: string;
}

/** A layout with its offsets. */
export interface StructModel {
  readonly name: string;
  readonly doc: string;
  readonly section: string;
  readonly path: string;
  readonly fields: readonly FieldModel[];
  /** Bytes when every gate is open and nothing is variable; null when variable. */
  readonly size: number | null;
  /** Fewest bytes it can have: all gates shut, every variable part empty. */
  readonly minSize: number;
  readonly grows: boolean;
  readonly external: string | null;
}

/** One direction of a request: header, the case's fields and the trailer as one list. */
export interface PartModel {
  readonly fields: readonly FieldModel[];
  readonly size: number | null;
  readonly minSize: number;
}

/** One request, response or event, with both parts in full. */
export interface CaseModel {
  /** Name in the description ("get_id"); the set's own name where it has no cases. */
  readonly name: string;
  readonly path: string;
  readonly doc: string;
  readonly section: string;
  readonly tags: readonly number[];
  readonly legacyTags: readonly number[];
  readonly feature: Alternatives;
  /** With these features, another case of the same tag takes its place. */
  readonly unless: Alternatives;
  /** The standard's struct for the whole request. */
  readonly struct: dsl.Whole | null;
  /** Structs of the standard that consist of fields of this case. */
  readonly structs: Readonly<Record<string, readonly string[]>>;
  /** What the used length counts: all that was written, or only what was filled. */
  readonly used: "all" | "filled";
  readonly readable: PartModel;
  /** Without fields where the request is not answered (`status: "none"`). */
  readonly writable: PartModel;
  readonly status: StatusModel | null;
  readonly ok: string | null;
  readonly checks: readonly dsl.Check[];
  readonly from: "driver" | "device";
}

/** Where the status lies and what its members mean. */
export interface StatusModel {
  /** Names from the part down to the field. */
  readonly field: readonly string[];
  readonly enum: EnumModel;
  readonly ok: string;
  readonly unknown: string;
  readonly malformed: string;
  readonly failed: string;
  readonly whole: boolean;
  readonly discards: boolean;
}

/** Messages of one shape. */
export interface MessagesModel {
  readonly name: string;
  readonly path: string;
  readonly doc: string;
  readonly section: string;
  readonly struct: dsl.Whole | null;
  /** Fields before the cases' own, in the readable part; all of it where there are no cases. */
  readonly header: PartModel;
  /** The tag fields, of the readable header (or of the writable one for events). */
  readonly tags: readonly FieldModel[];
  readonly status: StatusModel | null;
  /** The field that starts a session in its byte order, and the value by which it does. */
  readonly starts:
    | { readonly field: FieldModel; readonly enum: EnumModel; readonly member: string }
    | null;
  readonly cases: readonly CaseModel[];
  /** Whether cases were described, or the set is one message. */
  readonly tagged: boolean;
  /** How many fields at the end of each case's writable part stand at the end of the buffer. */
  readonly trailer: number;
}

/** A queue or family of queues. */
export interface QueueModel {
  readonly name: string;
  readonly path: string;
  readonly queue: dsl.Queue;
  readonly messages: readonly MessagesModel[];
  readonly when: Alternatives;
  /** A family: more than one queue may exist. */
  readonly many: boolean;
}

/** What devices and layouts have in common. */
export interface ModuleModel {
  readonly name: string;
  readonly title: string;
  readonly section: string;
  readonly doc: string;
  /** Module that it was loaded from, relative to the output's root where it is below it. */
  readonly source: string;
  readonly enums: readonly EnumModel[];
  /** Loose constants. */
  readonly constants: readonly ConstantModel[];
  readonly structs: readonly StructModel[];
  readonly messages: readonly MessagesModel[];
  readonly features: readonly FeatureModel[];
}

/** What the protocol prescribes beyond layouts and checks. */
export interface BehaviourModel {
  /** Name of the object that does it. */
  readonly name: string;
  readonly doc: string;
  readonly section: string;
  readonly when: Alternatives;
  readonly enums: readonly EnumModel[];
  /** Features that it asks for by itself. */
  readonly features: readonly FeatureModel[];
  readonly device: dsl.BehaviourSide | null;
  readonly driver: dsl.BehaviourSide | null;
}

/** A number that administration commands name, and the layout of its data. */
export interface AdministeredModel {
  /** Name in the description. */
  readonly name: string;
  /** The number. */
  readonly constant: ConstantModel;
  /** Null for bytes as they are. */
  readonly struct: StructModel | null;
}

/** Fields of an object that must be within those of a capability. */
export interface WithinModel {
  readonly of: AdministeredModel;
  /** List of the capability of which one entry counts; null for the capability itself. */
  readonly list: FieldModel | null;
  readonly fields: readonly {
    /** Names on the way to the object's field, and the field. */
    readonly path: readonly string[];
    readonly field: FieldModel;
    /** The capability's field. */
    readonly by: FieldModel;
  }[];
}

/** A type of resource objects. */
export interface ObjectModel extends AdministeredModel {
  /** The least of the fields `by` is how many there can be. */
  readonly limit: {
    readonly of: AdministeredModel;
    readonly by: readonly string[];
    readonly otherwise: "ENOSPC" | "EINVAL";
  };
  /** Capabilities without which there are no commands for them. */
  readonly requires: readonly AdministeredModel[];
  /** What a capability, or an entry of its list, must have of it; null for nothing. */
  readonly within: WithinModel | null;
  /** Field in which no two are the same; null for none. */
  readonly unique: string | null;
  /** Fields with the numbers of other objects, and the types of those. */
  readonly needs: readonly { readonly field: string; readonly type: AdministeredModel }[];
}

/** Administration queues, which the transport locates. */
export interface AdminQueueModel {
  readonly doc: string;
  readonly section: string;
  readonly capabilities: readonly AdministeredModel[];
  readonly objects: readonly ObjectModel[];
  readonly parts: readonly EnumModel[];
}

/** A device. */
export interface DeviceModel extends ModuleModel {
  readonly prefix: string;
  readonly id: number;
  readonly oneFeatureOf: readonly string[];
  readonly config: (StructModel & { readonly description: dsl.Config }) | null;
  readonly queues: readonly QueueModel[];
  readonly adminQueue: AdminQueueModel | null;
  readonly behaviours: readonly BehaviourModel[];
  readonly sharedMemory: readonly {
    readonly name: string;
    readonly id: number;
    readonly doc: string;
    readonly when: Alternatives;
  }[];
}

/** A layout without a device. */
export interface LayoutModel extends ModuleModel {
  readonly registers: readonly {
    readonly name: string;
    readonly doc: string;
    readonly section: string;
    readonly registers: readonly (dsl.Register & { readonly name: string })[];
  }[];
}

/** Everything that one run generates. */
export interface Model {
  readonly devices: readonly DeviceModel[];
  readonly layouts: readonly LayoutModel[];
}
