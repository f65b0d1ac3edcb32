/** Draws the medians as an SVG. @module */

import type { Row } from "./main.ts";
import { RECORDED } from "./recorded.ts";

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly color: string;
}

const WIDTH = 720;
const LEFT = 300; // where bars begin
const LINE = 22;
const COLORS = { c: "#8a8a8a", ours: "#2f6fdd", recorded: "#c9c9c9" };

/** Times that C takes, batch of 64, for each way to run, and what is recorded of others. */
export function plot(rows: readonly Row[]): string {
  const bars: Bar[] = [{ label: "C, same algorithm", value: 1, color: COLORS.c }];
  for (const row of rows) {
    if (row.batch !== 64 || row.after === undefined) continue;
    const what = row.elements > 1 ? `, chain of ${row.elements}` : "";
    const where = row.threads === 1 ? "one thread" : "two threads";
    bars.push({
      label: `ours: ${row.format}, ${where}${what}`,
      value: row.after / row.c,
      color: COLORS.ours,
    });
  }
  for (const { name, ratio } of RECORDED) {
    bars.push({ label: `recorded: ${name}`, value: ratio, color: COLORS.recorded });
  }
  const scale = (WIDTH - LEFT - 60) / Math.max(...bars.map((bar) => bar.value));
  const height = 40 + bars.length * LINE;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="8" y="20" font-weight="bold">Time per buffer, as a multiple of C (batch 64, less is better)</text>`,
    ...bars.flatMap((bar, at) => drawBar(bar, 32 + at * LINE, scale)),
    "</svg>\n",
  ].join("\n");
}

function drawBar({ label, value, color }: Bar, y: number, scale: number): string[] {
  const width = Math.max(1, value * scale);
  return [
    `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end">${label}</text>`,
    `<rect x="${LEFT}" y="${y + 2}" width="${width.toFixed(1)}" height="${
      LINE - 6
    }" fill="${color}"/>`,
    `<text x="${(LEFT + width + 6).toFixed(1)}" y="${y + 14}">${value.toFixed(2)}</text>`,
  ];
}
