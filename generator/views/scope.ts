/**
 * What the views of one module share: its names, and what a session must know.
 *
 * @module
 */

import type { Check } from "../../spec/types.ts";
import type { DeviceModel, EnumModel, ModuleModel, StructModel } from "../model.ts";
import { className, propertyName } from "../names.ts";

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
  /** Structs whose size the session keeps. */
  readonly grown: Set<StructModel> = new Set();
  readonly #structs: ReadonlyMap<string, StructModel>;
  readonly #enums: ReadonlyMap<string, EnumModel>;

  constructor(module: ModuleModel) {
    this.module = module;
    this.prefix = (module as Partial<DeviceModel>).prefix ?? "";
    this.#structs = new Map(module.structs.map((struct) => [struct.name, struct]));
    const { messages = [] } = module as Partial<DeviceModel>;
    const checked = messages.flatMap((set) => set.cases).flatMap((one) =>
      one.checks.flatMap(fieldsOf)
    );
    const words = [
      ...module.structs,
      ...messages.flatMap((set) => set.cases).map((one) => one.readable),
    ]
      .flatMap((each) => each.fields).filter(({ field }) => field.kind === "bits");
    this.words = new Set(words.map(({ name }) => name).filter((name) => checked.includes(name)));
    this.#enums = new Map(module.enums.map((each) => [each.name, each]));
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

  /** Name of a struct in TypeScript: `VirtioLampBulb`. */
  structType(name: string): string {
    return className(name);
  }

  /** Text for the size of a struct that grows with what was negotiated, in the session `s`. */
  sessionSize(struct: StructModel): string {
    this.grown.add(struct);
    return `s.${propertyName(struct.name)}Size`;
  }

  /** Text that is true when the gate is open in the session `s`. */
  gateText(when: readonly (readonly string[])[], unless: readonly (readonly string[])[]): string {
    const open = this.#any(when);
    const shut = this.#any(unless);
    if (shut === "") return open;
    const not = `!(${shut})`;
    return open === "" ? not : `(${open}) && ${not}`;
  }

  #any(alternatives: readonly (readonly string[])[]): string {
    return alternatives.map((all) => {
      for (const name of all) this.gates.add(name);
      return all.map((name) => `s.${gateProperty(name)}`).join(" && ");
    }).join(" || ");
  }
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
