/**
 * Layouts drawn byte by byte, four to a row.
 *
 * @module
 */

/** A field to draw: bytes, or null for as many as there are. */
export interface DrawnField {
  readonly name: string;
  readonly size: number | null;
}

/** Bytes of a row. */
const ROW = 4;
/** Columns of a byte, its right border included. */
const BYTE = 16;
/** What stands over the offsets; it is as wide as their column. */
const OFFSETS = "offset";

/** Bytes of one field in one row. */
interface Cell {
  readonly field: DrawnField;
  readonly bytes: number;
  readonly label: string;
}

interface Row {
  /** Offset of the first byte; null behind something variable. */
  readonly offset: number | null;
  readonly cells: Cell[];
}

/** The lines of a drawing. */
export function byteTable(fields: readonly DrawnField[]): string[] {
  const rows = cut(fields);
  const head = Array.from(
    { length: ROW },
    (_, byte) => String(byte).padStart(BYTE / 2).padEnd(BYTE),
  );
  const lines = [`${OFFSETS} ${head.join("")}`];
  rows.forEach((row, at) => lines.push(border(rows[at - 1], row), ...rowLines(row)));
  lines.push(border(rows.at(-1), undefined));
  return lines.map((line) => line.trimEnd());
}

/** Spreads fields over rows; what would fill three rows or more is drawn as one. */
function cut(fields: readonly DrawnField[]): Row[] {
  const rows: Row[] = [];
  let offset: number | null = 0;
  let taken = ROW;
  const put = (cell: Cell, width: number) => {
    if (taken + cell.bytes > ROW) {
      rows.push({ offset, cells: [] });
      taken = 0;
    }
    rows.at(-1)!.cells.push(cell);
    taken += cell.bytes;
    if (offset !== null) offset += width;
  };
  for (const field of fields) {
    if (field.size === null) {
      put({ field, bytes: ROW, label: `${field.name} …` }, 0);
      offset = null;
      continue;
    }
    for (let left = field.size, label = field.name; left > 0;) {
      const room = taken === ROW ? ROW : ROW - taken;
      const whole = room === ROW && left >= 3 * ROW ? left - left % ROW : 0;
      const width = whole === 0 ? Math.min(room, left) : whole;
      const text = whole === 0 ? label : `${label} (${field.size} bytes)`;
      put({ field, bytes: Math.min(width, ROW), label: text }, width);
      left -= width;
      label = room === ROW && left >= ROW ? "" : `… ${field.name}`;
    }
  }
  return rows;
}

/** The line between two rows; open where a field fills both. */
function border(above: Row | undefined, below: Row | undefined): string {
  const whole = (row: Row | undefined) => row?.cells.length === 1 ? row.cells[0]!.field : undefined;
  const joined = whole(above) !== undefined && whole(above) === whole(below) &&
    bytesOf(above) === ROW && bytesOf(below) === ROW;
  const edges = new Set([...edgesOf(above), ...edgesOf(below)]);
  const width = Math.max(bytesOf(above), bytesOf(below)) * BYTE;
  let line = "";
  for (let at = 0; at <= width; at++) {
    const end = at === 0 || at === width;
    if (joined) line += end ? "|" : " ";
    else line += edges.has(at) ? "+" : "-";
  }
  return " ".repeat(OFFSETS.length) + line;
}

function bytesOf(row: Row | undefined): number {
  return (row?.cells ?? []).reduce((sum, cell) => sum + cell.bytes, 0);
}

function edgesOf(row: Row | undefined): number[] {
  if (row === undefined) return [];
  let at = 0;
  return [0, ...row.cells.map((cell) => at += cell.bytes * BYTE)];
}

function rowLines({ offset, cells }: Row): string[] {
  const texts = cells.map((cell) => wrap(cell.label, cell.bytes * BYTE - 3));
  const height = Math.max(...texts.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => {
    const mark = line > 0 ? "" : offset === null ? ".." : String(offset);
    const inner = cells.map((cell, at) =>
      centred(texts[at]![line] ?? "", cell.bytes * BYTE - 1) + "|"
    );
    return `${mark.padStart(OFFSETS.length - 1)} |${inner.join("")}`;
  });
}

function centred(text: string, width: number): string {
  return text.padStart(Math.floor((width + text.length) / 2)).padEnd(width);
}

/** Breaks a name behind its underscores. */
function wrap(label: string, width: number): string[] {
  const words = label.match(/[^_ ]+[_ ]*|[_ ]+/g) ?? [];
  const pieces = words.flatMap((word) => word.match(new RegExp(`.{1,${width}}`, "g")) ?? []);
  const lines = [""];
  for (const piece of pieces) {
    const line = lines.at(-1)!;
    if (line === "" || line.length + piece.trimEnd().length <= width) {
      lines[lines.length - 1] = line + piece;
    } else lines.push(piece);
  }
  return lines.map((line) => line.trimEnd());
}
