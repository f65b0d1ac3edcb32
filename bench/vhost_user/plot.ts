/** Draws the rates as an SVG. @module */

import type { Reads } from "./reads.ts";

const WIDTH = 720;
const LEFT = 220; // where bars begin
const LINE = 22;

/** A bar for each back end, with the number of reads in a second; each depth on a scale of its own. */
export function plot({ rows }: Reads): string {
  const depths = [...new Set(rows.map(({ depth }) => depth))];
  let y = 8;
  const parts = depths.flatMap((depth) => {
    const shown = rows.filter((row) => row.depth === depth);
    const scale = (WIDTH - LEFT - 90) / Math.max(...shown.map(({ rate }) => rate));
    const title = `Thousand 4 KiB reads a second, ${depth} outstanding (more is better)`;
    const lines = [`<text x="8" y="${y + 16}" font-weight="bold">${title}</text>`];
    y += 26;
    for (const { side, rate } of shown) {
      const color = side.startsWith("our") ? "#2f6fdd" : "#8a8a8a";
      const width = (rate * scale).toFixed(1);
      lines.push(
        `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end">${side}</text>`,
        `<rect x="${LEFT}" y="${y + 2}" width="${width}" height="${LINE - 6}" fill="${color}"/>`,
        `<text x="${LEFT + rate * scale + 6}" y="${y + 14}">${Math.round(rate / 1000)}</text>`,
      );
      y += LINE;
    }
    y += 8;
    return lines;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}
