/**
 * What the views of one module share: its names, and what a session must know.
 *
 * @module
 */

import type { Check, Tag } from "../../spec/types.ts";
import type {
  Alternatives,
  DeviceModel,
  EnumModel,
  FieldModel,
  ModuleModel,
  StructModel,
} from "../model.ts";
import { className, propertyName } from "../names.ts";
import { hasTwoPlaces } from "./shape.ts";
import { allText, notText } from "./text.ts";

/** The module under construction: finds what is named, and collects what the session must hold. */
export class Scope {
  readonly module: ModuleModel;
  /** Prefix of the module's own type names; empty for layouts. */
  readonly prefix: string;
  /** Features that gates of messages ask for. */
  readonly gates: Set<string> = new Set();
  /** Configuration fields that give sizes to messages. */
  readonly sizes: Set<string> = new Set();
  /** Words of bit-fields that checks look at as a whole. */
  readonly words: ReadonlySet<string>;
  /** Structs that are in nothing but what devices write. */
  readonly answered: ReadonlySet<string>;
  /** Structs of what is administered: they depend on nothing that was negotiated, and need no session. */
  readonly administered: ReadonlySet<string>;
  /** Structs whose size the session keeps. */
  readonly grown: Set<StructModel> = new Set();
  /** Structs whose functions something calls. */
  readonly called: Set<string> = new Set();
  /** Whether some field has the byte order of the session. */
  readonly ordered: boolean;
  /** Whether some field, its place or a tag differs in the strict layout. */
  readonly strict: boolean;
  /** Whether some field may be absent over a legacy interface. */
  readonly legacy: boolean;
  readonly #structs: ReadonlyMap<string, StructModel>;
  readonly #enums: ReadonlyMap<string, EnumModel>;

  constructor(module: ModuleModel) {
    this.module = module;
    this.prefix = (module as Partial<DeviceModel>).prefix ?? "";
    this.#structs = new Map(module.structs.map((struct) => [struct.name, struct]));
    this.#enums = new Map(module.enums.map((each) => [each.name, each]));
    const cases = module.messages.flatMap((set) => set.cases);
    const fields = [
      ...module.structs.flatMap((struct) => struct.fields),
      ...cases.flatMap((one) => [...one.readable.fields, ...one.writable.fields]),
    ].flatMap(withArms);
    const checked = new Set(cases.flatMap((one) => one.checks.flatMap(fieldsOf)));
    this.words = new Set(
      fields.filter(({ field, name }) => field.kind === "bits" && checked.has(name))
        .map(({ name }) => name),
    );
    const asked = new Set(cases.flatMap((one) => one.readable.fields.flatMap(structsIn)));
    this.answered = new Set(
      cases.flatMap((one) => one.writable.fields.flatMap(structsIn))
        .filter((name) => !asked.has(name)),
    );
    const { capabilities = [], objects = [] } = (module as Partial<DeviceModel>).adminQueue ?? {};
    this.administered = new Set(
      [...capabilities, ...objects].flatMap(({ struct }) =>
        struct === null ? [] : [struct.name, ...struct.fields.flatMap(structsIn)]
      ),
    );
    this.ordered = fields.some(({ field }) =>
      (field.kind === "scalar" || field.kind === "bits") && field.type.startsWith("session")
    );
    this.strict = fields.some((model) =>
      model.field.strict === false || hasTwoPlaces(model) ||
      model.arms.some(({ strictTag }) => strictTag !== null)
    );
    this.legacy = fields.some(({ legacyWhen }) => legacyWhen.length > 0);
  }

  struct(name: string): StructModel {
    const found = this.#structs.get(name);
    if (found === undefined) throw new Error(`no struct ${name} in ${this.module.name}`);
    return found;
  }

  enumeration(name: string): EnumModel {
    const found = this.#enums.get(name);
    if (found === undefined) throw new Error(`no enum ${name} in ${this.module.name}`);
    return found;
  }

  /** Name of an enumeration in TypeScript: `LampStatus`. */
  enumType(name: string): string {
    return this.prefix + this.enumeration(name).typeName;
  }

  /** The value of a tag, which may be the name of a constant. */
  tagValue(tag: Tag): number {
    if (typeof tag === "number") return tag;
    const { constants, enums } = this.module;
    const found = [...constants, ...enums.flatMap((each) => each.members)]
      .find((each) => each.name === tag);
    if (found === undefined) throw new Error(`no constant ${tag} in ${this.module.name}`);
    return found.value;
  }

  /** A value as the constant of its enumeration, `LampRequestType.IN`; as a number where there is none. */
  valueText(name: string | undefined, value: number): string {
    const enumeration = name === undefined ? undefined : this.#enums.get(name);
    const member = enumeration?.members.find((each) => each.value === value)?.member;
    if (member === undefined || !/^[A-Za-z_]/.test(member) || enumeration!.as === "bits") {
      return String(value);
    }
    return `${this.enumType(name!)}.${member}`;
  }

  /** Name in TypeScript of a struct whose functions are called: `VirtioLampBulb`. */
  structType(name: string): string {
    this.called.add(name);
    return className(name);
  }

  /** Text for the size of a struct that grows with what was negotiated, in the session `s`. */
  sessionSize(struct: StructModel): string {
    this.grown.add(struct);
    return `s.${propertyName(struct.name)}Size`;
  }

  /** Text for a configuration field that gives a size to messages, in the session `s`. */
  sessionField(name: string): string {
    this.sizes.add(name);
    return `s.${this.sizeProperty(name)}`;
  }

  /** Property of the session for a configuration field; a feature may have the same name. */
  sizeProperty(name: string): string {
    const property = propertyName(name);
    const taken = this.module.features.some(({ key }) => gateProperty(key) === property);
    return taken ? `${property}Value` : property;
  }

  /** Text that is true when a field is there in the session `s`; empty when it always is. */
  fieldGate({ when, unless, legacyWhen, field }: FieldModel): string {
    return allText(
      this.gateText(when, unless),
      legacyWhen.length > 0 ? `!s.legacy || ${this.#any(legacyWhen)}` : "",
      field.strict === false ? "!s.strict" : "",
    );
  }

  /** Text that is true when the gate is open in the session `s`. */
  gateText(when: Alternatives, unless: Alternatives): string {
    return allText(this.#any(when), notText(this.#any(unless)));
  }

  #any(alternatives: Alternatives): string {
    return alternatives.map((all) => {
      for (const name of all) this.gates.add(name);
      return all.map((name) => `s.${gateProperty(name)}`).join(" && ");
    }).join(" || ");
  }
}

/** A field with those of its arms. */
function withArms(model: FieldModel): FieldModel[] {
  return [model, ...model.arms.flatMap((arm) => arm.fields.flatMap(withArms))];
}

/** Names of the structs in a field, however deep. */
function structsIn({ struct, arms }: FieldModel): string[] {
  const inner = [...(struct?.fields ?? []), ...arms.flatMap((arm) => arm.fields)];
  const own = [struct, ...arms.map((arm) => arm.struct)].flatMap((one) => one?.name ?? []);
  return [...own, ...inner.flatMap(structsIn)];
}

/** Names of fields that a check looks at. */
function fieldsOf(check: Check): string[] {
  const names: string[] = [];
  JSON.stringify(check.of, (key, value) => {
    if (key === "field") names.push(...(typeof value === "string" ? [value] : value as string[]));
    return value;
  });
  return names;
}

/** `CTRL_VQ` → `ctrlVq`, the property of a session. */
export function gateProperty(name: string): string {
  const [first = "", ...rest] = name.toLowerCase().split("_");
  return first + rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
