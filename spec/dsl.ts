/**
 * The language that devices are described in: builders for fields, and {@linkcode defineDevice}.
 *
 * ```ts
 * import { defineDevice, le32, le64 } from "./dsl.ts";
 *
 * const lamp = defineDevice({
 *   name: "lamp", prefix: "Lamp", id: 0x3f00, title: "Lamp", section: "none", doc: "A lamp",
 *   features: { DIM: { bit: 0, doc: "It can be dimmed", by: "config" } },
 *   config: { struct: "virtio_lamp_config", fields: {
 *     levels: le32("Number of levels", { when: "DIM" }),
 *   } },
 *   messages: { lamp_set: { doc: "Switches the lamp", readable: { level: le32("Wanted level") } } },
 *   queues: { setq: { doc: "Wanted levels", role: "transmit", index: 0, carries: "lamp_set" } },
 * });
 * ```
 *
 * @module
 */

import type {
  Arm,
  ArrayField,
  BitField,
  Bits,
  Body,
  Bytes,
  Device,
  Layout,
  Length,
  Path,
  Payload,
  Scalar,
  ScalarType,
  Sequence,
  StructField,
  Union,
} from "./types.ts";

export * from "./types.ts";

/** What may be said of a field beside its kind and its sentence. */
export type Options<T> = Omit<T, "kind" | "type" | "doc">;

// Builders return `NoInfer<N>`: the names that a field uses come from its arguments alone, never
// from the place where it stands.

function scalar<N extends string>(
  type: ScalarType,
  doc: string | undefined,
  options: Options<Scalar<N>>,
): Scalar<NoInfer<N>> {
  return doc === undefined
    ? { kind: "scalar", type, ...options }
    : { kind: "scalar", type, doc, ...options };
}

/** One byte. */
export function u8<const N extends string = never>(
  doc?: string,
  options: Options<Scalar<N>> = {},
): Scalar<NoInfer<N>> {
  return scalar("u8", doc, options);
}

/** Two bytes, least significant first. */
export function le16<const N extends string = never>(
  doc?: string,
  options: Options<Scalar<N>> = {},
): Scalar<NoInfer<N>> {
  return scalar("le16", doc, options);
}

/** Four bytes, least significant first. */
export function le32<const N extends string = never>(
  doc?: string,
  options: Options<Scalar<N>> = {},
): Scalar<NoInfer<N>> {
  return scalar("le32", doc, options);
}

/** Eight bytes, least significant first. */
export function le64<const N extends string = never>(
  doc?: string,
  options: Options<Scalar<N>> = {},
): Scalar<NoInfer<N>> {
  return scalar("le64", doc, options);
}

/** Two bytes, most significant first. */
export function be16<const N extends string = never>(
  doc?: string,
  options: Options<Scalar<N>> = {},
): Scalar<NoInfer<N>> {
  return scalar("be16", doc, options);
}

/** Four bytes, most significant first. */
export function be32<const N extends string = never>(
  doc?: string,
  options: Options<Scalar<N>> = {},
): Scalar<NoInfer<N>> {
  return scalar("be32", doc, options);
}

/** Eight bytes, most significant first. */
export function be64<const N extends string = never>(
  doc?: string,
  options: Options<Scalar<N>> = {},
): Scalar<NoInfer<N>> {
  return scalar("be64", doc, options);
}

/** Two bytes in the order that the session settled on. */
export function session16<const N extends string = never>(
  doc?: string,
  options: Options<Scalar<N>> = {},
): Scalar<NoInfer<N>> {
  return scalar("session16", doc, options);
}

/** Four bytes in the order that the session settled on. */
export function session32<const N extends string = never>(
  doc?: string,
  options: Options<Scalar<N>> = {},
): Scalar<NoInfer<N>> {
  return scalar("session32", doc, options);
}

/** Eight bytes in the order that the session settled on. */
export function session64<const N extends string = never>(
  doc?: string,
  options: Options<Scalar<N>> = {},
): Scalar<NoInfer<N>> {
  return scalar("session64", doc, options);
}

/** A word cut into bit-fields, lowest bits first: `bits("le32", { unmap: { width: 1 }, reserved: { width: 31, reserved: true } })`. */
export function bits<const N extends string = never>(
  type: ScalarType,
  fields: Readonly<Record<string, BitField<N>>>,
  options: Omit<Bits<N>, "kind" | "type" | "fields"> = {},
): Bits<NoInfer<N>> {
  return { kind: "bits", type, fields, ...options };
}

/** Bytes that are copied: a key, an address, an identifier. */
export function bytes<const N extends string = never>(
  doc: string,
  length: Length<N>,
  options: Omit<Options<Bytes<N>>, "length" | "text"> = {},
): Bytes<NoInfer<N>> {
  return { kind: "bytes", doc, length, ...options };
}

/** Text: `padded` with NULs to its length, `terminated` by a NUL, a `list` of such, or `utf8` to the end. */
export function text<const N extends string = never>(
  form: "padded" | "terminated" | "list" | "utf8",
  doc: string,
  length: Length<N>,
  options: Omit<Options<Bytes<N>>, "length" | "text"> = {},
): Bytes<NoInfer<N>> {
  return { kind: "bytes", doc, length, text: form, ...options };
}

/** Bytes without a meaning, sent as zero. */
export function padding<const N extends string = never>(
  length: Length<N>,
  options: Pick<Bytes<N>, "doc" | "when" | "unless"> = {},
): Bytes<NoInfer<N>> {
  return { kind: "bytes", length, reserved: true, ...options };
}

/** Bytes that stay where they are in guest memory; all that is left of the part unless a length is given. */
export function payload<const N extends string = never>(
  doc: string,
  length: Length<N> = "rest",
  options: Omit<Options<Payload<N>>, "length"> = {},
): Payload<NoInfer<N>> {
  return { kind: "payload", doc, length, ...options };
}

/** Elements of one kind. */
export function array<const N extends string = never>(
  of: ArrayField<N>["of"],
  doc: string,
  length: Length<N>,
  options: Omit<Options<ArrayField<N>>, "of" | "length"> = {},
): ArrayField<NoInfer<N>> {
  return { kind: "array", of, doc, length, ...options };
}

/** A struct of this description, as one property. */
export function struct<const N extends string>(
  name: N,
  doc?: string,
  options: Omit<Options<StructField<N>>, "struct"> = {},
): StructField<NoInfer<N>> {
  return doc === undefined
    ? { kind: "struct", struct: name, ...options }
    : { kind: "struct", struct: name, doc, ...options };
}

/** A struct of this description whose fields become the parent's own properties. */
export function inline<const N extends string>(
  name: N,
  options: Omit<Options<StructField<N>>, "struct" | "inline"> = {},
): StructField<NoInfer<N>> {
  return { kind: "struct", struct: name, inline: true, ...options };
}

/** One of several layouts, selected by a field. */
export function union<const N extends string = never>(
  doc: string,
  by: Path<N>,
  arms: Readonly<Record<string, Arm<N>>>,
  options?: Omit<Options<Union<N>>, "by" | "arms">,
): Union<NoInfer<N>>;
/** One of several layouts, selected by state outside the message. */
export function union<const N extends string = never>(
  doc: string,
  by: { readonly state: string },
  arms: Readonly<Record<string, Arm<N>>>,
  options?: Omit<Options<Union<N>>, "by" | "arms">,
): Union<NoInfer<N>>;
export function union<const N extends string = never>(
  doc: string,
  by: Union<N>["by"],
  arms: Readonly<Record<string, Arm<N>>>,
  options: Omit<Options<Union<N>>, "by" | "arms"> = {},
): Union<NoInfer<N>> {
  return { kind: "union", doc, by, arms, ...options };
}

/** Self-describing elements, one after the other. */
export function sequence<const N extends string = never>(
  doc: string,
  shape: Omit<Options<Sequence<N>>, "legacy">,
): Sequence<NoInfer<N>> {
  return { kind: "sequence", doc, ...shape };
}

/** Where the fields of each case go. */
export function body(): Body {
  return { kind: "body" };
}

/**
 * A device. The call returns its argument; it exists so that the compiler checks every name.
 * Annotate the result: `export const blk: Device = defineDevice({ … })`.
 */
export function defineDevice<
  const F extends string = never,
  const C extends string = never,
  const E extends string = never,
  const S extends string = never,
  const R extends string = never,
  const K extends string = never,
>(device: Device<F, C, E, S, R, K>): Device {
  return { dsl: 1, ...device } as unknown as Device;
}

/** A layout without a device: rings, registers, commands. Checked like {@linkcode defineDevice}. */
export function defineLayout<
  const E extends string = never,
  const S extends string = never,
  const K extends string = never,
>(layout: Layout<E, S, K>): Layout {
  return { dsl: 1, ...layout } as unknown as Layout;
}
