/**
 * The last step before the wire template: flags and names that only its text needs.
 *
 * @module
 */

import type { ConfigView } from "./config.ts";
import type { CaseView, PartView } from "./messages.ts";
import { constantOf } from "./paths.ts";
import type { StructView, UnionView } from "./structs.ts";
import { lowerFirst } from "./text.ts";
import type { DeviceView } from "./wire.ts";

/** What the wire template prints. */
export function wireText(view: DeviceView): object {
  const { session } = view;
  const called = encodersText(view);
  const settled = view.ordered || view.strict || view.legacy;
  const sized = view.sizes.length + view.grown.length > 0 || settled;
  const places = view.queues.map((queue) => queue.family).join();
  return {
    ...view,
    titleText: JSON.stringify(view.title),
    sized,
    settled,
    configParameter: configParameter(view, places.includes("config.")),
    sessionParameters: [
      configParameter(view, view.sizes.length > 0),
      ...(view.strict ? ["strict = false"] : []),
      ...(view.ordered ? ["littleEndian = true"] : []),
      ...(view.legacy ? ["legacy = false"] : []),
    ].join(", "),
    gatesParameter: /\bs\./.test(places) ? "s" : "_s",
    structs: view.structs.map((struct) => structPrint(struct, session, called)),
    config: view.config === null ? null : configText(view, view.config, called),
    parts: partTexts(view, called),
  };
}

/** All that writes fields, as one text. */
function encodersText(view: DeviceView): string {
  const parts = view.messages.flatMap((set) => set.cases)
    .flatMap(({ readable, writable }) => [readable, writable]);
  const layouts = [...view.structs, ...parts, ...(view.config === null ? [] : [view.config])];
  return layouts.flatMap(({ encodes, unions }) => [
    ...encodes,
    ...unions.flatMap((union) => union.arms.flatMap((arm) => arm.encodes)),
  ]).join("\n");
}

/** A parameter for the configuration, marked where it is not looked at. */
function configParameter(view: DeviceView, used: boolean): string {
  const type = view.config === null ? "unknown" : view.config.type;
  return `${used ? "config" : "_config"}: ${type}`;
}

/** `_` where lines do not mention a name. */
function unusedMark(lines: readonly string[], name = "s"): string {
  const used = new RegExp(`(?<![\\w"])(?<!(?<!\\.)\\.)${name}\\b(?![":])`); // neither a property nor a text
  return used.test(lines.join("\n")) ? "" : "_";
}

function structPrint(struct: StructView, session: string, called: string): object {
  return {
    ...struct,
    session,
    empty: struct.properties.length === 0,
    groups: struct.groups.map((group) => ({
      ...group,
      hasReads: group.reads.length > 0,
      hasWrites: group.writes.length > 0,
    })),
    readMark: unusedMark(struct.reads, "view"),
    writeMark: unusedMark(struct.writes, "view"),
    valueMark: unusedMark(struct.fixed ? struct.writes : struct.encodes, "value"),
    sDecode: unusedMark(struct.decodes),
    sEncode: unusedMark(struct.encodes),
    optional: struct.sessionless ? "?" : "",
    unions: struct.unions.map((each) => unionText(each, session, called, struct.sessionless)),
  };
}

/** `called` is all text that may refer to the tags of the union. */
function unionText(
  union: UnionView,
  session: string,
  called: string,
  sessionless = false,
): object {
  const { params } = union;
  const reads = union.arms.flatMap((arm) => [...arm.tags, ...arm.decodes, arm.resultText]);
  const writes = union.arms.flatMap((arm) => arm.encodes);
  return {
    ...union,
    readOnly: false,
    optional: sessionless ? "?" : "",
    hasTags: union.hasTags &&
      (union.sequence !== null ||
        called.includes(`${union.tagsName}${union.hasStrictTags ? ")" : ""}[`)),
    session,
    sDecode: unusedMark(reads),
    sEncode: unusedMark(writes),
    decodeParams: markedParams(params, reads),
    encodeParams: markedParams(params, writes),
    decodeArgs: markedParams(params, reads).replace(/: \w+/g, ""),
    arms: union.arms.map((arm) => ({
      ...arm,
      element: union.sequence?.element ?? null,
      members: union.sequence?.members ?? "",
    })),
  };
}

/** Parameters with a mark at those that are not looked at. */
function markedParams(params: string, lines: readonly string[]): string {
  return params.replace(/(\w+):/g, (_, name: string) => `${unusedMark(lines, name)}${name}:`);
}

function configText(view: DeviceView, config: ConfigView, called: string): object {
  const { type, hidden, defaulted } = config;
  const shown = hidden === "" ? type : `Omit<${type}, ${hidden}>`;
  const settings = defaulted === ""
    ? shown
    : `Omit<${shown}, ${defaulted}> & Partial<Pick<${type}, ${defaulted}>>`;
  return {
    ...config,
    settings,
    local: lowerFirst(type),
    sizeName: `${constantOf(type)}_SIZE`,
    resultText: config.result.join(", "),
    sDecode: unusedMark([...config.decodes, ...config.result]),
    valueMark: unusedMark(config.encodes, "value"),
    sSize: unusedMark(config.ends.map(({ gate }) => gate)),
    unions: config.unions.map((each) => ({
      ...unionText(each, `${view.prefix}Gates`, called),
      readOnly: true,
    })),
  };
}

/** Both parts of all cases, what cases share once. */
function partTexts(view: DeviceView, called: string): object[] {
  const printed = new Map<string, object>();
  for (const one of view.messages.flatMap((set) => set.cases)) {
    for (const part of [one.readable, one.writable]) {
      if (part.exists && !printed.has(part.name)) {
        printed.set(part.name, partText(part, one, view.session, called));
      }
    }
  }
  return [...printed.values()];
}

function partText(part: PartView, one: CaseView, session: string, called: string): object {
  const request = `, request: ${one.readable.type ?? "unknown"}`;
  const lengths = part.payloads.map(({ property }) => `readonly ${property}: number`).join("; ");
  const tags = part.tags.map(([name]) => `, ${name}: number`).join("");
  return {
    ...part,
    session,
    sParameter: part.asksSession ? `, s: ${session}` : "",
    writeParameters: (part.type === null ? "" : `, value: ${part.type}`) + tags,
    decodeParameters: (part.decodesRequest ? request : "") +
      part.told.map((name) => `, ${name}: number`).join(""),
    encodeParameters: (part.asksLengths ? `, lengths: { ${lengths} }` : "") +
      (part.encodesRequest ? request : "") + tags,
    sDecode: unusedMark(part.decodes),
    sEncode: unusedMark(part.encodes),
    rangesMark: unusedMark(part.decodes, "ranges"),
    valueMark: unusedMark(part.encodes, "value"),
    unions: part.unions.map((each) => unionText(each, session, called)),
  };
}
