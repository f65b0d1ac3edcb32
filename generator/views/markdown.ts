/**
 * Markdown as `deno fmt` leaves it.
 *
 * @module
 */

/** Text that stands for itself. */
export function plain(text: string): string {
  return text.replace(/[\\`*[\]<>|~]|(?<!\w)_|_(?!\w)/g, "\\$&").replace(/\s+/g, " ").trim();
}

/** Text as code, in a table too. */
export function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

/** Columns of a line of text. */
const LINE = 100;

/** A paragraph or list item in lines, links whole; `indent` is that of the lines behind the first. */
export function paragraph(text: string, indent = ""): string[] {
  const lines: string[] = [];
  for (const word of text.match(/\[[^\]]*\]\([^)]*\)\S*|\S+/g) ?? []) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= LINE) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(line === undefined ? word : indent + word);
  }
  return lines;
}

/** ` (VIRTIO 1.4, 5.2)`, or nothing for what the standard does not have. */
export function where(section: string): string {
  return /^[0-9]/.test(section) ? ` (VIRTIO 1.4, ${section})` : "";
}

/** Lines without empty ones at the ends, and no two of them in a row. */
export function tidy(lines: readonly string[]): string[] {
  const kept = lines.filter((line, at) => line !== "" || (at > 0 && lines[at - 1] !== ""));
  return kept.at(-1) === "" ? kept.slice(0, -1) : kept;
}

/** The lines of a table: columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((cell, at) =>
    Math.max(cell.length, ...rows.map((row) => (row[at] ?? "").length))
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, at) => (cells[at] ?? "").padEnd(width)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)];
}

/** The anchor of a heading. */
export function anchor(heading: string): string {
  return heading.toLowerCase().replace(/[^a-z0-9 _-]/g, "").replaceAll(" ", "-");
}
