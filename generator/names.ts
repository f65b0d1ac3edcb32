/**
 * From the standard's names to TypeScript's.
 *
 * @module
 */

/** Words that can't name a local variable or parameter, or that do already; such locals get a trailing underscore. */
const RESERVED: ReadonlySet<string> = new Set([
  ..."arguments await break case catch class const continue debugger default delete do else".split(
    " ",
  ),
  ..."enum eval export extends false finally for function if implements import in".split(" "),
  ..."instanceof interface let new null package private protected public return static".split(" "),
  ..."super switch this throw true try typeof undefined var void while with yield".split(" "),
  ..."d e ranges s".split(" "),
]);

function words(name: string): string[] {
  return name.split(/[_\s-]+/).filter((word) => word !== "");
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** `num_sectors` → `numSectors`; digits and capitals stay. */
export function propertyName(name: string): string {
  const [first = "", ...rest] = words(name);
  const lower = /^[A-Z0-9]+$/.test(first)
    ? first.toLowerCase()
    : first.charAt(0).toLowerCase() + first.slice(1);
  return lower +
    rest.map((word) => capital(/^[A-Z0-9]+$/.test(word) ? word.toLowerCase() : word)).join("");
}

/** `virtio_lamp_req` → `VirtioLampReq`. */
export function className(name: string): string {
  return words(name).map((word) => capital(/^[A-Z0-9]+$/.test(word) ? word.toLowerCase() : word))
    .join("");
}

/** `virtio_lamp_req` → `VIRTIO_LAMP_REQ`. */
export function constantName(name: string): string {
  return words(name).join("_").toUpperCase();
}

/** The name as a local variable: a reserved word gets an underscore. */
export function localName(property: string): string {
  return RESERVED.has(property) ? `${property}_` : property;
}

/** A set of messages without the standard's prefix: `virtio_lamp_req` of lamp → `req`. */
export function shortName(name: string, device: string): string {
  return name.replace(new RegExp(`^virtio_(${device}_)?`), "");
}

/** What every object has and what promises look for: never the name of a property. */
const RESERVED_PROPERTIES: ReadonlySet<string> = new Set([
  "constructor",
  "hasOwnProperty",
  "isPrototypeOf",
  "propertyIsEnumerable",
  "prototype",
  "then",
  "toJSON",
  "toLocaleString",
  "toString",
  "valueOf",
]);

/** Whether `name` cannot be a property of generated objects. */
export function isReservedProperty(name: string): boolean {
  return RESERVED_PROPERTIES.has(name);
}

/** What every class has: never the name of a static property. */
const RESERVED_STATICS: ReadonlySet<string> = new Set(["arguments", "caller", "length", "name"]);

/** Whether `name` cannot be a static property of generated classes. */
export function isReservedStatic(name: string): boolean {
  return RESERVED_STATICS.has(name) || isReservedProperty(name);
}

/** What drivers, devices and their options have beside requests and queues. */
const RESERVED_MEMBERS: ReadonlySet<string> = new Set([
  ..."abort admin answer bind close collect config configChanged configuring e".split(" "),
  ..."features getFeatures getStatus hasFeature info kick later legacy length".split(" "),
  ..."lengths needsReset negotiate notify offered offers onConfigChange".split(" "),
  ..."onNeedsReset open openQueue options parked plan poll polls queue".split(" "),
  ..."queueCount queueSizeMax readConfig ready refreshConfig region regions".split(" "),
  ..."requestSlots reset resetQueue restore resume ring s save serve".split(" "),
  ..."setFeatures setStatus settings settle sharedMemory signal status strict".split(" "),
  ..."suspend transport turns unbind wasOffered window writeConfig".split(" "),
]);

/** Whether `name` cannot be that of a request or queue. */
export function isReservedMember(name: string): boolean {
  return RESERVED_MEMBERS.has(name) || isReservedProperty(name);
}

/** Types that every device has, behind its prefix. */
const RESERVED_TYPES: ReadonlySet<string> = new Set([
  ..."Capabilities Config Device DeviceOptions Driver DriverOptions Gates Handlers".split(" "),
  ..."Objects Session Settings".split(" "),
]);

/** Whether `name` cannot be that of an enumeration, behind the device's prefix. */
export function isReservedType(name: string): boolean {
  return RESERVED_TYPES.has(name);
}
