/**
 * Measures our block back ends against QEMU's storage daemon, in alternated rounds: `deno task bench:vhost`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { BackEnd, DriverProcess } from "./peers.ts";

const DEPTHS = [1, 32];

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      rounds: { type: "string", default: "7" },
      ms: { type: "string", default: "300" },
      only: { type: "string", default: "" },
    },
  });
  const folder = await Deno.makeTempDir({ dir: "/dev/shm" });
  try {
    const file = `${folder}/disk`;
    await Deno.writeFile(file, new Uint8Array(64 << 20).fill(7));
    const cli = new URL("../../cli.ts", import.meta.url).pathname;
    const memory = new URL("./memory_disk.ts", import.meta.url).pathname;
    const nothing = new URL("./null_disk.ts", import.meta.url).pathname;
    const ours = (name: string, what: string[]) =>
      BackEnd.start(`${folder}/${name}`, Deno.execPath(), [
        ...["run", "-A", "--no-check", cli, "serve", ...what],
        ...["--threads", "--quiet", "--socket", `${folder}/${name}`],
      ]);
    const daemon = (name: string, node: string, thread: boolean) =>
      BackEnd.start(`${folder}/${name}`, "qemu-storage-daemon", [
        ...(thread ? ["--object", "iothread,id=t0"] : []),
        ...["--blockdev", `${node},node-name=d0`],
        "--export",
        `type=vhost-user-blk,id=e0,node-name=d0,addr.type=unix,addr.path=${folder}/${name}` +
        (thread ? ",iothread=t0" : ""),
      ]);
    const null_ = "driver=null-co,size=16777216";
    const raw = `driver=file,filename=${file}`;
    const sides: Record<string, () => Promise<BackEnd>> = {
      memory: () => ours("memory", [memory]),
      ournull: () => ours("ournull", [nothing]),
      null: () => daemon("null", null_, false),
      nullio: () => daemon("nullio", null_, true),
      file: () => ours("file", ["blk", "--file", file]),
      qfile: () => daemon("qfile", raw, false),
      qfileio: () => daemon("qfileio", raw, true),
    };
    await using driver = new DriverProcess();
    const names = values.only === "" ? Object.keys(sides) : values.only.split(",");
    const ends = new Map<string, BackEnd>();
    for (const name of names) ends.set(name, await sides[name]!());
    const out: Record<string, { ns: number[]; cpu: number[] }> = {};
    for (let round = -1; round < Number(values.rounds); round++) {
      for (const depth of DEPTHS) {
        for (const [name, end] of ends) {
          const before = end.processorTime();
          const s = await driver.measure(end.socket, depth, Number(values.ms));
          const cpu = (end.processorTime() - before) / s.reads;
          if (round < 0) continue;
          const o = out[`${name} ${depth}`] ??= { ns: [], cpu: [] };
          o.ns.push(s.nanoseconds);
          o.cpu.push(cpu);
        }
      }
    }
    const med = (a: number[]) => a.toSorted((x, y) => x - y)[a.length >> 1]!;
    for (const [key, { ns, cpu }] of Object.entries(out)) {
      console.log(
        key.padEnd(12),
        `median ${(1e6 / med(ns)).toFixed(0)}k best ${(1e6 / Math.min(...ns)).toFixed(0)}k`,
        `cpu ${med(cpu).toFixed(0)} ns of ${med(ns).toFixed(0)}`,
      );
    }
    for (const end of ends.values()) await end[Symbol.asyncDispose]();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
