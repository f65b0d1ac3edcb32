/**
 * Which parts of messages are one: cases whose parts have the same fields share their type and
 * functions, which then take the tag as an argument.
 *
 * @module
 */

import type { CaseModel, DeviceModel, MessagesModel } from "../model.ts";
import { className, shortName } from "../names.ts";
import type { CaseParts, Direction, PartView } from "./parts.ts";
import type { Scope } from "./scope.ts";

/** Both parts of a case. */
export interface BothParts {
  readonly readable: PartView;
  readonly writable: PartView;
}

/** Names of the parts of one device's messages, each given once. */
export class PartNames {
  readonly #taken: Set<string>;

  constructor(scope: Scope) {
    this.#taken = new Set([
      ...scope.module.enums.map((each) => scope.prefix + each.typeName),
      ...scope.module.structs.map((struct) => className(struct.name)),
    ]);
  }

  /** The parts of the cases of a set. */
  ofSet(
    device: DeviceModel,
    set: MessagesModel,
    parts: ReadonlyMap<CaseModel, CaseParts>,
  ): Map<CaseModel, BothParts> {
    const found = new Map<CaseModel, { readable?: PartView; writable?: PartView }>();
    for (const direction of ["readable", "writable"] as const) {
      for (const cases of alike(set, direction, parts)) {
        const first = parts.get(cases[0]!)!;
        const name = this.#name(device, set, direction, cases, first);
        for (const one of cases) {
          const view = parts.get(one)!.view(direction, name, cases.length > 1);
          found.set(one, { ...found.get(one), [direction]: view });
        }
      }
    }
    return found as Map<CaseModel, BothParts>;
  }

  #name(
    device: DeviceModel,
    set: MessagesModel,
    direction: Direction,
    cases: readonly CaseModel[],
    first: CaseParts,
  ): string {
    const both = cases.some((one) =>
      one.readable.fields.length > 0 && one.writable.fields.length > 0
    );
    const suffix = !both ? "" : direction === "readable" ? "Request" : "Answer";
    const own = className(first.name);
    const common = className(commonWords(cases.map((one) => one.name)));
    const whole = className(shortName(set.name, device.name));
    const candidates = [
      ...(cases.length > 1 && first.isHeader(direction) ? [whole] : []),
      ...(cases.length > 1 && common !== "" ? [common + suffix, common + suffix + "Fields"] : []),
      own + suffix,
      `${own}Message`,
      `${whole}${own}${suffix}`,
    ].map((name) => device.prefix + name);
    const name = candidates.find((each) => !this.#taken.has(each)) ?? candidates.at(-1)!;
    if (cases.some((one) => one[direction].fields.length > 0)) this.#taken.add(name);
    return name;
  }
}

/** Cases of a set in groups that have the same fields, but for the value of the tag. */
function alike(
  set: MessagesModel,
  direction: Direction,
  parts: ReadonlyMap<CaseModel, CaseParts>,
): CaseModel[][] {
  const groups = new Map<string, CaseModel[]>();
  for (const one of set.cases) {
    const key = one[direction].fields.length === 0 ? one.name : parts.get(one)!.key(direction);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** Words that all names begin with, and words that all end with. */
function commonWords(names: readonly string[]): string {
  const lists = names.map((name) => name.split("_"));
  const [first = []] = lists;
  const shortest = Math.min(...lists.map((list) => list.length));
  let before = 0;
  while (before < shortest && lists.every((list) => list[before] === first[before])) before++;
  let behind = 0;
  while (
    behind < shortest - before &&
    lists.every((list) => list.at(-1 - behind) === first.at(-1 - behind))
  ) behind++;
  return [...first.slice(0, before), ...first.slice(first.length - behind)].join("_");
}
