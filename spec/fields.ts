/**
 * The words for layouts: scalars, bit-fields, bytes, arrays, structs, unions, sequences.
 *
 * @module
 */

/** A scalar as it lies on the wire: size in bits, byte order first where it has one. */
export type ScalarType =
  | "u8"
  | "le16"
  | "le32"
  | "le64"
  | "be16"
  | "be32"
  | "be64"
  | "session16"
  | "session32"
  | "session64";

/**
 * When something exists: one feature, any of several, or any of several sets
 * (`[["A", "B"], "C"]` is "A and B, or C").
 */
export type Gate<N extends string = string> = N | readonly (N | readonly N[])[];

/** What every field may say. */
export interface FieldBase<N extends string = string> {
  /** One sentence in our own words. */
  readonly doc?: string;
  /** Exists with these features: offered ones in the configuration space, negotiated ones elsewhere. */
  readonly when?: Gate<N>;
  /** Exists without these features (REVISION_1 of the crypto device). */
  readonly unless?: Gate<N>;
  /** Not in the text, only in what is deployed: `strict: true` leaves it out. */
  readonly strict?: false;
  /** Stays little-endian over a legacy interface, where other fields take the guest's order. */
  readonly legacy?: "little-endian";
  /** Over a legacy interface it exists only with these features (num_buffers of net). */
  readonly legacyWhen?: Gate<N>;
}

/** Bounds of a value; a configuration bound names its field. */
export interface Bounds<N extends string = string> {
  /** Least value. */
  readonly min?: number;
  /** Greatest value, a number or a field of the configuration. */
  readonly max?: number | { readonly config: N };
  /** Values are multiples of this. */
  readonly multipleOf?: number;
  /** Values are powers of two. */
  readonly powerOfTwo?: true;
  /** The only legal values, beside those of `enum`. */
  readonly oneOf?: readonly number[];
}

/** How the driver may write a configuration field. */
export interface DriverWrites<N extends string = string> {
  /** Only until the driver sets DRIVER_OK. */
  readonly until?: "DRIVER_OK";
  /** May be written from the first moment, before the device is initialised. */
  readonly from?: "start";
  /** Each bit written as 1 is cleared in this other field. */
  readonly clears?: N;
  /** Only over a legacy interface (mac of net). */
  readonly legacy?: true;
}

/** One number on the wire. */
export interface Scalar<N extends string = string> extends FieldBase<N>, Bounds<N> {
  /** Which kind of field this is. */
  readonly kind: "scalar";
  /** How it lies on the wire. */
  readonly type: ScalarType;
  /** A 64-bit field is a bigint unless something bounds it below 2^53. */
  readonly as?: "number" | "bigint";
  /** The enumeration its values come from. */
  readonly enum?: N;
  /** Bit n stands for the value n of this enumeration, or for n + `from`. */
  readonly bitsOf?: N | { readonly enum: N; readonly from: number };
  /** Name in TypeScript, where two fields of a message would have the same. */
  readonly property?: string;
  /** Selects the case of a request (several such fields form one tag). */
  readonly tag?: true;
  /** Sent as zero and ignored; `"zero"`: the receiver refuses another value. */
  readonly reserved?: true | "zero";
  /** Always this value; the receiver refuses another one. */
  readonly value?: number;
  /** In an answer: repeats this field of the request. */
  readonly echoes?: N;
  /** The driver may write it (configuration space only). */
  readonly driverWrites?: true | DriverWrites<N>;
  /** Value after reset, where the driver writes it. */
  readonly reset?: number;
  /** Where the driver writes it: 0 once features are negotiated without these, whatever it was. */
  readonly zeroWithout?: Gate<N>;
  /** Survives a device reset. */
  readonly survivesReset?: true;
}

/** A word cut into bit-fields, lowest bits first; each becomes a property of its own. */
export interface Bits<N extends string = string> extends FieldBase<N> {
  /** Which kind of field this is. */
  readonly kind: "bits";
  /** How it lies on the wire. */
  readonly type: ScalarType;
  /** The bit-fields by name, lowest first. */
  readonly fields: Readonly<Record<string, BitField<N>>>;
}

/** One bit-field: `width` bits above its predecessor. */
export interface BitField<N extends string = string> {
  /** Number of bits. */
  readonly width: number;
  /** One sentence in our own words. */
  readonly doc?: string;
  /** Enumeration that its values come from. */
  readonly enum?: N;
  /** Sent as zero; ignored, or with `"zero"` refused when it is not. */
  readonly reserved?: true | "zero";
}

/**
 * A value named by a field: a sibling, or a path through structs and unions. In a union it goes on in the
 * arm that is there (from within an arm: the one of the same name), and is 0 where that lacks the field.
 */
export type Path<N extends string = string> = N | readonly N[];

/**
 * How long something is. Numbers count elements (bytes for bytes and text); `"rest"` takes what
 * the part of the message has left. `{ field }` is `field * times + plus`; `{ bytes: field }`
 * counts bytes instead of elements; `{ given }` is known from another message, so the caller says it.
 */
export type Length<N extends string = string> =
  | number
  | "rest"
  | { readonly field: Path<N>; readonly times?: number; readonly plus?: number }
  | { readonly bytes: Path<N>; readonly plus?: number }
  | { readonly config: N; readonly plus?: number }
  | { readonly given: string };

/** Bytes copied as they are, or text in one of the standard's four forms. */
export interface Bytes<N extends string = string> extends FieldBase<N> {
  /** Which kind of field this is. */
  readonly kind: "bytes";
  /** How long it is. */
  readonly length: Length<N>;
  /** Which form of text it is; bytes without a meaning of their own when absent. */
  readonly text?: "padded" | "terminated" | "list" | "utf8";
  /** Filled with zeroes and ignored; with the length `"rest"`, left as they are and ignored. */
  readonly reserved?: true | "zero";
  /** Bytes of a namespace outside this standard (FUSE, V4L2, SCMI, SCSI, DER, 3D). */
  readonly external?: string;
  /** Where it stands is what is deployed: `strict: true` has it before this other field, as the text does. */
  readonly strictBefore?: N;
  /** The driver may write it (configuration space only). */
  readonly driverWrites?: true | DriverWrites<N>;
}

/** Bytes that stay in the guest's memory: a handler reads or writes them in place, in any pieces. */
export interface Payload<N extends string = string> extends FieldBase<N> {
  /** Which kind of field this is. */
  readonly kind: "payload";
  /** How long it is. */
  readonly length: Length<N>;
  /** Namespace outside this standard that its bytes belong to. */
  readonly external?: string;
}

/** Elements of one kind, one after the other. */
export interface ArrayField<N extends string = string> extends FieldBase<N> {
  /** Which kind of field this is. */
  readonly kind: "array";
  /** What each element is. */
  readonly of: ScalarType | { readonly struct: N } | { readonly bytes: number };
  /** How long it is. */
  readonly length: Length<N>;
  /** Enumeration that its values come from. */
  readonly enum?: N;
  /** How a 64-bit element is represented. */
  readonly as?: "number" | "bigint";
  /** Bytes from one element to the next: elements are cut to it, or filled up with zeroes. */
  readonly stride?: { readonly field: Path<N> };
  /** At most this many elements, or as many as a configuration field says. */
  readonly max?: number | { readonly config: N };
}

/** A struct of the same description; `inline` makes its fields the parent's own properties. */
export interface StructField<N extends string = string> extends FieldBase<N> {
  /** Which kind of field this is. */
  readonly kind: "struct";
  /** Name of the struct. */
  readonly struct: N;
  /** Its fields are the parent's own properties. */
  readonly inline?: true;
}

/** What one value of a union's selector stands for. */
export interface Arm<N extends string = string> {
  /** Values of the selector. */
  readonly tag: Tag | readonly Tag[];
  /** Where the standard's text differs from what is deployed: its own value, with `strict: true`. */
  readonly strictTag?: number;
  /** Struct that is the whole arm. */
  readonly struct?: N;
  /** Fields of its own, when it is no struct. */
  readonly fields?: Fields<N>;
  /** One sentence in our own words. */
  readonly doc?: string;
}

/**
 * One of several layouts. `by` names the selecting field; `{ state }` means that the selector is
 * outside the message (the last answer, an object's kind): its bytes stay raw, and structs of arms have a codec.
 * With `size` every arm fills the same slot.
 */
export interface Union<N extends string = string> extends FieldBase<N> {
  /** Which kind of field this is. */
  readonly kind: "union";
  /** What selects the arm. */
  readonly by: Path<N> | { readonly state: string };
  /** The arms by name. */
  readonly arms: Readonly<Record<string, Arm<N>>>;
  /** Bytes that every arm fills. */
  readonly size?: number;
  /** Values without an arm: refused, or kept as raw bytes. */
  readonly otherwise?: "refuse" | "raw";
}

/**
 * Self-describing elements until the end of the area, or until `end`. Each has the fields of
 * `header` and then a body chosen by `by`, whose size in bytes is the header's `length` field minus
 * `includes` (what that field counts beside the body); elements start at multiples of `align`.
 */
export interface Sequence<N extends string = string> extends FieldBase<N> {
  /** Which kind of field this is. */
  readonly kind: "sequence";
  /** Struct that each element starts with. */
  readonly header: N;
  /** What selects the arm. */
  readonly by: N;
  /** Field of the header that tells an element's bytes, and what it counts beside the body; or that bodies have sizes of their own. */
  readonly size: { readonly field: N; readonly includes?: number } | "fixed";
  /** The arms by name. */
  readonly arms: Readonly<Record<string, Arm<N>>>;
  /** Value of the selector that ends the sequence, unless the area is full. */
  readonly end?: Tag;
  /** Field of the header that is zero: elements in which it is not are passed over. */
  readonly zero?: N;
  /** Elements start at multiples of this many bytes. */
  readonly align?: number;
  /** Bytes of the area; the rest of the part when absent. */
  readonly length?: Length<N>;
  /** What becomes of values without an arm. */
  readonly otherwise?: "refuse" | "raw";
}

/** Where the fields of a request's case go; without it they follow the header, before a trailing status. */
export interface Body {
  /** Which kind of field this is. */
  readonly kind: "body";
}

/** Any field of a layout. */
export type Field<N extends string = string> =
  | Scalar<N>
  | Bits<N>
  | Bytes<N>
  | Payload<N>
  | ArrayField<N>
  | StructField<N>
  | Union<N>
  | Sequence<N>
  | Body;

/** Fields in the order of the wire, by their names in the standard. */
export type Fields<N extends string = string> = Readonly<Record<string, Field<N>>>;

/** A number, or the full name of a constant of the same description. */
export type Tag = number | string;
