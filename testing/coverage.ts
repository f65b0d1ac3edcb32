/**
 * What of a description no vector exercises.
 *
 * @module
 */

import type { Enumeration, Messages } from "../spec/dsl.ts";
import { propertyName } from "../generator/names.ts";
import { parseHex } from "./hex.ts";
import { messagesOf, type Subject } from "./subjects.ts";
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
  for (const [name, set] of Object.entries(description.messages ?? {})) {
    const answers = vectors.filter(({ message }) => message.split(".")[0] === name);
    for (const [member, value] of statusesOf(set, description.enums ?? {})) {
      const is = answers.some(({ values, refused }) =>
        refused === undefined && values?.status === value || refused === value
      );
      need(`status ${member} of ${name}`, is || isForeign(description.name, name, member));
    }
  }
  return [...found, ...edgesMissing(description.name, good, messagesOf(description))];
}

/** Statuses that the answers of a set can not have although their enumeration does. */
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  "scsi command": ["FUNCTION_SUCCEEDED", "FUNCTION_REJECTED", "INCORRECT_LUN"],
  "scsi virtio_scsi_ctrl": ["OVERRUN", "ABORTED", "RESET"],
};

function isForeign(device: string, set: string, member: string): boolean {
  return FOREIGN[`${device} ${set}`]?.includes(member) ?? false;
}

/** Members of the enumeration that the status field of a set has. */
function statusesOf(
  set: Messages,
  enums: Readonly<Record<string, Enumeration>>,
): [string, number][] {
  if (set.status === undefined) return [];
  const key = [set.status.field].flat()[0]!;
  const field = set.writable?.[key];
  const name = field !== undefined && "enum" in field ? field.enum : STATUS_ENUM;
  const members = enums[name as string]?.members ?? {};
  return Object.entries(members).map(([member, value]) => [
    member,
    typeof value === "number" ? value : value.value,
  ]);
}

/** The one status whose field stands in a struct. */
const STATUS_ENUM = "VIRTIO_CRYPTO_STATUS";

/** Messages none of whose vectors says what becomes of a wrong length. */
function edgesMissing(
  device: string,
  vectors: readonly Vector[],
  messages: ReturnType<typeof messagesOf>,
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
