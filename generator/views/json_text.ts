/**
 * JSON as people like to read it.
 *
 * @module
 */

/** Longest line that holds more than one value. */
const LINE = 160;

/** Text of a JSON value: two spaces deep, what fits stands in one line, a newline at the end. */
export function jsonText(value: unknown): string {
  return `${print(value, "", 0)}\n`;
}

function print(value: unknown, indent: string, taken: number): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (!isTree(value)) {
    const line = flat(value);
    if (indent.length + taken + line.length <= LINE) return line;
  }
  const inner = `${indent}  `;
  const items = Array.isArray(value)
    ? value.map((item) => print(item, inner, 1))
    : entries(value).map(([key, item]) => {
      const name = `${JSON.stringify(key)}: `;
      return name + print(item, inner, name.length + 1);
    });
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${inner}${items.join(`,\n${inner}`)}\n${indent}${close}`;
}

/** Whether an array or object has objects that have objects, or several of them. */
function isTree(value: object): boolean {
  const objects = Object.values(value).filter((item) => typeof item === "object" && item !== null);
  return objects.filter((item) => !Array.isArray(item)).length > 1 ||
    objects.some((item) => Object.values(item).some(isRecord));
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function flat(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(flat).join(", ")}]`;
  const members = entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${flat(item)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

function entries(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, item]) => item !== undefined);
}
