/**
 * Moves ten million buffers through rings of one format (`split` or `packed`), and prints a line before and after: run
 * with `--v8-flags=--trace-gc`, whatever the collector prints between the two lines was caused by buffers.
 *
 * @module
 */

import { createDeviceQueue } from "../../runtime/queue.ts";
import { FEATURES, makeBench, round } from "./rings.ts";

const BATCH = 64;
const BUFFERS = 10_000_000;
const WARM_UP = 1_000_000;

const format = Deno.args[0] === "packed" ? "packed" : "split";
const bench = makeBench(format, false);
const device = createDeviceQueue(bench.memory, bench.layout, FEATURES);
for (let moved = 0; moved < WARM_UP; moved += BATCH) round(bench, device, 1, BATCH);
console.log("measuring");
for (let moved = 0; moved < BUFFERS; moved += BATCH) round(bench, device, 1, BATCH);
console.log("measured");
