/**
 * The conditions of checks, as text.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type { DeviceModel } from "../model.ts";
import { localName, propertyName } from "../names.ts";
import { numberText } from "./docs.ts";
import type { Scope } from "./scope.ts";
import { isGated } from "./shape.ts";
import { pathOf, type Siblings } from "./siblings.ts";

/** Checks as conditions on `request`, payload cursors, `config`, and the device's gates. */
export class Operands {
  readonly #scope: Scope;
  readonly #device: DeviceModel;
  readonly #parts: readonly Siblings[];

  constructor(scope: Scope, device: DeviceModel, parts: readonly Siblings[]) {
    this.#scope = scope;
    this.#device = device;
    this.#parts = parts;
  }

  failsText(check: dsl.Check): string {
    const each = check.each !== undefined;
    const of = check.of === undefined ? null : this.#text(check.of, each);
    const conditions: string[] = [];
    if (of !== null) {
      if (check.atMost !== undefined) conditions.push(`${of} > ${this.#text(check.atMost, each)}`);
      if (check.atLeast !== undefined) {
        conditions.push(`${of} < ${this.#text(check.atLeast, each)}`);
      }
      if (check.equals !== undefined) {
        conditions.push(`${of} !== ${this.#text(check.equals, each)}`);
      }
      if (check.multipleOf !== undefined) {
        conditions.push(`${of} % ${this.#text(check.multipleOf, each)} !== 0`);
      }
      if (check.clear !== undefined) {
        conditions.push(`(${of} & ${this.#text(check.clear, each)}) !== 0`);
      }
    }
    if (check.of !== undefined && check.within !== undefined) {
      const allowed = this.#text(check.within, each).replace("?? Infinity", "?? 0");
      conditions.push(`hasOtherBits(${this.#text(check.of, each)}, ${allowed})`);
    }
    const wrong = conditions.length === 0 ? "true" : conditions.join(" || ");
    const gates = [
      this.#scope.gateText(alternatives(check.when), alternatives(check.unless)),
      this.#offeredText(alternatives(check.offered)),
    ].filter((text) => text !== "");
    if (gates.length === 0) return wrong;
    const all = gates.map((text) => gates.length > 1 || wrong !== "true" ? `(${text})` : text);
    return wrong === "true" ? all.join(" && ") : `${all.join(" && ")} && (${wrong})`;
  }

  #offeredText(offered: readonly (readonly string[])[]): string {
    return this.#scope.gateText(offered, []).replace(/\bs\./g, "this.#offers.");
  }

  #text(operand: dsl.Operand, each: boolean): string {
    if (typeof operand === "number") return numberText(operand);
    if ("field" in operand) return this.#fieldText(pathOf(operand.field), each);
    if ("config" in operand) return this.#configText(pathOf(operand.config));
    if ("length" in operand) return this.#lengthText(operand.length, each);
    if ("sum" in operand) return `(${operand.sum.map((one) => this.#text(one, each)).join(" + ")})`;
    if ("product" in operand) {
      return `(${operand.product.map((one) => this.#text(one, each)).join(" * ")})`;
    }
    if ("bit" in operand) {
      const [word, bit] = operand.bit;
      return `((${this.#text(word, each)} >>> ${bit}) & 1)`;
    }
    const [dividend, divisor] = operand.quotient;
    return `Math.floor(${this.#text(dividend, each)} / ${divisor})`;
  }

  #fieldText(path: readonly string[], each: boolean): string {
    const text = `${each ? "element" : "request"}.${path.map(propertyName).join(".")}`;
    const model = this.#parts.flatMap((part) => part.flat).find((one) => one.name === path[0]);
    const wide = model?.field.kind === "scalar" && model.field.type.endsWith("64") &&
      model.field.as !== "number";
    if (this.#scope.words.has(path.at(-1) ?? "")) return `(${text} ?? 0)`;
    return wide ? `Number(${text})` : text;
  }

  /** A limit of the configuration; none when the field is not there. */
  #configText(path: readonly string[]): string {
    const field = this.#device.config?.fields.find((one) => one.name === path[0]);
    const absent = field !== undefined && isGated(field);
    const text = `this.#settings.${path.map(propertyName).join(absent ? "?." : ".")}`;
    const wide = path.length === 1 && field?.field.kind === "scalar" &&
      field.field.type.endsWith("64") && field.field.as !== "number";
    const number = wide ? `Number(${text})` : text;
    return absent ? `(${number} ?? Infinity)` : number;
  }

  #lengthText(name: string, each: boolean): string {
    const payload = this.#parts.flatMap((part) => part.flat).find((one) => one.name === name);
    const property = propertyName(name);
    if (payload?.field.kind === "payload") return `${localName(property)}.length`;
    return `${each ? "element" : "request"}.${property}.length`;
  }
}

function alternatives(gate: dsl.Gate | undefined): readonly (readonly string[])[] {
  if (gate === undefined) return [];
  if (typeof gate === "string") return [[gate]];
  return gate.map((one) => typeof one === "string" ? [one] : one);
}
