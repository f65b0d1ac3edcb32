/** What generated classes have of their own is no name for a request or a queue. */

import assert from "node:assert/strict";
import { Driver } from "../runtime/driver.ts";
import { isReservedMember } from "./names.ts";
import { HOME } from "./standard.ts";

const MEMBER =
  /^ {2}(?:(?:private|protected|readonly|override|static|async|get|set) )*(#?\w+)[(<:?=; ]/gm;

/** What the classes of the simplest device have, without what is called after its request and its queue. */
function members(file: string): string[] {
  const text = Deno.readTextFileSync(new URL(`generated/entropy/${file}.ts`, HOME));
  const found = [...text.slice(text.indexOf("export class")).matchAll(MEMBER)].map(([, name]) =>
    name!
  );
  const own = /random|requestq|^(?:const|if|return|constructor|slotSize)$/i;
  return [...new Set(found)].filter((name) => !own.test(name));
}

Deno.test("requests and queues get no name that drivers have, or a device for itself", () => {
  const device = members("device").filter((name) => name.startsWith("#"))
    .map((name) => name.slice(1));
  const driver = members("driver").filter((name) => !name.startsWith("#"));
  const base = Object.getOwnPropertyNames(Driver.prototype);
  assert.ok(
    [device, driver, base].every(({ length }) => length > 3),
    `${device}; ${driver}; ${base}`,
  );
  const free = [...device, ...driver, ...base].filter((name) => !isReservedMember(name));
  assert.deepEqual(free, []);
});
