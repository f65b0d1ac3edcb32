/**
 * The last step before the wire template: flags and names that only its text needs.
 *
 * @module
 */

import type { ConfigView } from "./config.ts";
import type { CaseView, PartView } from "./messages.ts";
import { constantOf } from "./siblings.ts";
import type { UnionView } from "./structs.ts";
import type { DeviceView } from "./wire.ts";

/** What the wire template prints. */
export function wireText(view: DeviceView): object {
  const { session } = view;
  const sized = view.sizes.length + view.grown.length > 0;
  const places = view.queues.map((queue) => queue.family).join();
  return {
    ...view,
    titleText: JSON.stringify(view.title),
    sized,
    configParameter: configParameter(view, places.includes("config.")),
    sessionParameter: configParameter(view, view.sizes.length > 0),
    gatesParameter: /\bs\./.test(places) ? "s" : "_s",
    structs: view.structs.map((struct) => ({
      ...struct,
      session,
      groups: struct.groups.map((group) => ({
        ...group,
        hasReads: group.reads.length > 0,
        hasWrites: group.writes.length > 0,
      })),
      sDecode: unusedMark(struct.decodes),
      sEncode: unusedMark(struct.encodes),
      unions: struct.unions.map((each) => unionText(each, session)),
    })),
    config: view.config === null ? null : configText(view, view.config),
    parts: partTexts(view),
  };
}

/** A parameter for the configuration, marked where it is not looked at. */
function configParameter(view: DeviceView, used: boolean): string {
  const type = view.config === null ? "unknown" : view.config.type;
  return `${used ? "config" : "_config"}: ${type}`;
}

/** `_` where lines do not mention the session. */
function unusedMark(lines: readonly string[]): string {
  return /\bs\b/.test(lines.join("\n")) ? "" : "_";
}

function unionText(union: UnionView, session: string): object {
  return {
    ...union,
    readOnly: false,
    session,
    sDecode: unusedMark(union.arms.flatMap((arm) => [...arm.decodes, arm.resultText])),
    sEncode: unusedMark(union.arms.flatMap((arm) => arm.encodes)),
    arms: union.arms.map((arm) => ({
      ...arm,
      element: union.sequence?.element ?? null,
      members: union.sequence?.members ?? "",
    })),
  };
}

function configText(view: DeviceView, config: ConfigView): object {
  const { type, hidden, defaulted } = config;
  const shown = hidden === "" ? type : `Omit<${type}, ${hidden}>`;
  const settings = defaulted === ""
    ? shown
    : `Omit<${shown}, ${defaulted}> & Partial<Pick<${type}, ${defaulted}>>`;
  return {
    ...config,
    settings,
    local: type.charAt(0).toLowerCase() + type.slice(1),
    sizeName: `${constantOf(type)}_SIZE`,
    resultText: config.result.join(", "),
    sDecode: unusedMark([...config.decodes, ...config.result]),
    valueMark: /\bvalue\b/.test(config.encodes.join()) ? "" : "_",
    sSize: unusedMark(config.ends.map(({ gate }) => gate)),
    unions: config.unions.map((each) => ({
      ...unionText(each, `${view.prefix}Gates`),
      readOnly: true,
    })),
  };
}

/** Both parts of all cases, what cases share once. */
function partTexts(view: DeviceView): object[] {
  const printed = new Map<string, object>();
  for (const one of view.messages.flatMap((set) => set.cases)) {
    for (const part of [one.readable, one.writable]) {
      if (part.exists && !printed.has(part.name)) {
        printed.set(part.name, partText(part, one, view.session));
      }
    }
  }
  return [...printed.values()];
}

function partText(part: PartView, one: CaseView, session: string): object {
  const request = part.asksRequest ? `, request: ${one.readable.type ?? "unknown"}` : "";
  return {
    ...part,
    session,
    fromText: "",
    sParameter: part.asksSession ? `, s: ${session}` : "",
    valueParameter: (part.type === null ? "" : `, value: ${part.type}`) +
      part.tags.map(([name]) => `, ${name}: number`).join(""),
    sDecode: unusedMark(part.decodes),
    sEncode: unusedMark(part.encodes),
    rangesMark: part.decodes.some((line) => line.includes("ranges.")) ? "" : "_",
    valueMark: /\bvalue\b/.test(part.encodes.join()) ? "" : "_",
    lengthsParameter: part.asksLengths
      ? `, lengths: { ${
        part.payloads.map(({ property }) => `readonly ${property}: number`).join("; ")
      } }`
      : "",
    requestParameter: request,
    unions: part.unions.map((each) => unionText(each, session)),
  };
}
