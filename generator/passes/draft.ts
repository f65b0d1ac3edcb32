/**
 * A description on its way to a model: what passes have established about it so far.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import { type Code, type Diagnostic, listNames, nearest } from "../diagnostics.ts";
import type {
  ConstantModel,
  EnumModel,
  FeatureModel,
  FieldModel,
  MessagesModel,
  StructModel,
} from "../model.ts";

/** What passes know of one description; a thing that is missing here was reported. */
export class Draft {
  /** The description, as written. */
  readonly description: dsl.Device | dsl.Layout;
  /** The description, when it is a device. */
  readonly device: dsl.Device | null;
  /** Module that it was loaded from. */
  readonly source: string;
  /** Values of constants, by full names. */
  readonly constants: Map<string, ConstantModel> = new Map();
  /** Enumerations by their keys. */
  readonly enums: Map<string, EnumModel> = new Map();
  /** Structs by their names. */
  readonly structs: Map<string, StructModel> = new Map();
  /** The configuration space. */
  config: StructModel | null = null;
  /** Message sets by their names. */
  readonly messages: Map<string, MessagesModel> = new Map();
  /** What implements each feature. */
  readonly implementers: Map<string, Pick<FeatureModel, "handlers" | "configFields">> = new Map();
  /** Layouts whose fields could not all be understood: what follows from their size is not judged. */
  readonly broken: Set<readonly FieldModel[]> = new Set();
  readonly #diagnostics: Diagnostic[];

  /** A draft of `description`, loaded from `source`, that reports into `diagnostics`. */
  constructor(
    description: dsl.Device | dsl.Layout,
    source: string,
    diagnostics: Diagnostic[],
  ) {
    this.description = description;
    this.device = "queues" in description ? description : null;
    this.source = source;
    this.#diagnostics = diagnostics;
  }

  /** Prefix of the constants of its features. */
  get featurePrefix(): string {
    if (this.device === null) return "VIRTIO_F";
    return this.device.featurePrefix ?? `VIRTIO_${this.device.name.toUpperCase()}_F`;
  }

  /** Records a problem at `path` of this description, once. */
  report(code: Code, path: string, found: string, expected: string, hint?: string): void {
    const place = path === "" ? this.description.name : `${this.description.name}: ${path}`;
    const same = this.#diagnostics.some((one) =>
      one.code === code && one.path === place && one.found === found
    );
    if (same) return;
    const diagnostic = { code, path: place, found, expected };
    this.#diagnostics.push(hint === undefined ? diagnostic : { ...diagnostic, hint });
  }

  /** Reports a name that is not among `candidates`, with the nearest one or the kind of thing it is. */
  unknown(
    code: Code,
    path: string,
    name: string,
    kind: string,
    candidates: Iterable<string>,
  ): void {
    const names = [...candidates];
    const other = this.#kindOf(name);
    const meant = nearest(name, names);
    const hint = other !== undefined
      ? `"${name}" is ${other}`
      : meant !== undefined
      ? `did you mean "${meant}"?`
      : undefined;
    this.report(code, path, `"${name}"`, `${kind}: ${listNames(names)}`, hint);
  }

  #kindOf(name: string): string | undefined {
    const { features, enums, structs, messages } = this.description;
    const kinds = [
      ["a feature", features],
      ["an enumeration", enums],
      ["a struct", structs],
      ["a configuration field", this.device?.config?.fields],
      ["a message set", messages],
    ] as const;
    return kinds.find(([, known]) => known !== undefined && Object.hasOwn(known, name))?.[0];
  }
}

/** Entries of a record that may be absent, without those that are `undefined`. */
export function entries<T>(record: { readonly [key: string]: T | undefined } | undefined): [
  string,
  T,
][] {
  return Object.entries(record ?? {}).filter((entry): entry is [string, T] =>
    entry[1] !== undefined
  );
}

/** One or many as many. */
export function list<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as T];
}
