/**
 * What of a description no vector exercises.
 *
 * @module
 */

import type { Device, Field } from "../spec/dsl.ts";
import { propertyName } from "../generator/names.ts";
import { parseHex } from "./hex.ts";
import { type Message, messagesOf, type Subject } from "./subjects.ts";
import type { Vector } from "./vectors.ts";

/** Features that no vector can negotiate, each with the reason. */
const NOT_NEGOTIATED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  net: {
    GSO: "legacy only",
    GUEST_RSC4: "legacy only; the bit is VIRTIO_F_ADMIN_VQ",
    GUEST_RSC6: "legacy only",
  },
  blk: { BARRIER: "legacy only", SCSI: "legacy only" },
};

/** Every message, status, feature and configuration field that is in no vector, in words. */
export function missing({ description }: Subject, vectors: readonly Vector[]): string[] {
  const found: string[] = [];
  const need = (what: string, is: boolean) => {
    if (!is && !found.includes(what)) found.push(what);
  };
  const good = vectors.filter(({ refused }) => refused === undefined);
  for (const message of messagesOf(description)) {
    need(`message ${message.name}`, good.some((vector) => vector.message === message.name));
  }
  const shown = vectors.filter(({ message }) => message === "config");
  for (const [field, of] of Object.entries(description.config?.fields ?? {})) {
    const is = shown.some(({ values }) => propertyName(field) in (values?.request ?? {}));
    need(`configuration field ${field}`, is || "reserved" in of);
  }
  const excused = NOT_NEGOTIATED[description.name] ?? {};
  for (const feature of Object.keys(description.features ?? {})) {
    const is = good.some(({ features }) => features.includes(feature));
    need(`feature ${feature}`, is || feature in excused);
    need(`reason of ${feature}: it is negotiated`, !(is && feature in excused));
  }
  for (const message of messagesOf(description)) {
    const [name = ""] = message.name.split(".");
    const answers = vectors.filter(({ message }) => message.split(".")[0] === name);
    for (const [member, value] of statusesOf(message, description)) {
      const is = answers.some(({ values, refused }) =>
        refused === undefined && values?.status === value || refused === value
      );
      need(`status ${member} of ${name}`, is || isForeign(description.name, name, member));
    }
    const ok = okOf(message, description);
    const own = good.filter((vector) => vector.message === message.name);
    const fails = own.some(({ values }) => values?.status !== undefined && values.status !== ok);
    need(`answer of ${message.name} that fails`, ok === undefined || fails);
  }
  return [...found, ...edgesMissing(description.name, good, messagesOf(description))];
}

/** Statuses that the answers of a set can not have although their enumeration does. */
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  "scsi command": ["FUNCTION_SUCCEEDED", "FUNCTION_REJECTED", "INCORRECT_LUN"],
  "sound play": ["BAD_MSG", "NOT_SUPP"],
  "sound record": ["BAD_MSG", "NOT_SUPP"],
  "scsi virtio_scsi_ctrl": ["OVERRUN", "ABORTED", "RESET"],
};

function isForeign(device: string, set: string, member: string): boolean {
  return FOREIGN[`${device} ${set}`]?.includes(member) ?? false;
}

/** The status of an answer that went well. */
function okOf(message: Message, description: Device): number | undefined {
  const status = message.case?.status ?? message.set.status;
  if (status === undefined || status === "none") return undefined;
  return statusesOf(message, description).find(([member]) => member === status.ok)?.[1];
}

/** Members of the enumeration that the status field of a message has. */
function statusesOf({ set, case: one }: Message, description: Device): [string, number][] {
  const status = one?.status ?? set.status;
  if (status === undefined || status === "none") return [];
  const field = fieldAt([status.field].flat(), { ...set.writable, ...one?.writable }, description);
  if (field === undefined || !("enum" in field)) {
    throw new TypeError(`Cannot find the values of the status ${status.field}`);
  }
  return Object.entries(description.enums![field.enum!]!.members).map(([member, value]) => [
    member,
    typeof value === "number" ? value : value.value,
  ]);
}

/** The field at a path, also in the structs whose fields are the parent's own. */
function fieldAt(
  path: readonly string[],
  fields: Readonly<Record<string, Field | undefined>>,
  description: Device,
): Field | undefined {
  const [name = "", ...rest] = path;
  const inside = (field: Field | undefined, path: readonly string[]) =>
    field?.kind === "struct"
      ? fieldAt(path, description.structs![field.struct]!.fields, description)
      : undefined;
  const isInlined = (field: Field | undefined) => field?.kind === "struct" && field.inline === true;
  const own = fields[name];
  if (own !== undefined && !isInlined(own)) return rest.length === 0 ? own : inside(own, rest);
  const inlined = Object.values(fields).filter(isInlined);
  return inlined.map((field) => inside(field, path)).find((field) => field !== undefined);
}

/** Messages none of whose vectors says what becomes of a wrong length. */
function edgesMissing(
  device: string,
  vectors: readonly Vector[],
  messages: readonly Message[],
): string[] {
  return messages.filter(({ queue }) => queue.role !== "receive").flatMap(({ name }) => {
    const own = vectors.filter((vector) => vector.message === name);
    const parts = ["readable", "writable"] as const;
    return parts.filter((part) => own.some((vector) => parseHex(vector[part] ?? "").bytes.length))
      .flatMap((part) => [`${part}-1`, `${part}+1`] as const)
      .filter((edge) => !own.some(({ edges }) => edges?.[edge] !== undefined))
      .map((edge) => `${device} ${name}: edge ${edge}`);
  });
}
