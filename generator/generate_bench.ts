/**
 * Whole processes, as a person waits for them: `deno bench -P generator/generate_bench.ts`.
 *
 * All devices of the standard. "anew" prints, formats and writes every file; "again" finds each as it
 * was formatted before; "--check" only compares.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { HOME } from "./standard.ts";

/** Runs the command line on all devices; Error when it fails. */
function generate(out: string, ...more: readonly string[]): void {
  const { code, stderr } = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-read",
      `--allow-write=${out}`,
      "cli.ts",
      "generate",
      "--out",
      out,
      ...more,
    ],
    cwd: fileURLToPath(HOME),
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).outputSync();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
}

const folder = Deno.makeTempDirSync({ prefix: "virtio-ts-bench-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
let runs = 0;

Deno.bench("deno, and nothing else", { n: 5, warmup: 1 }, () => {
  new Deno.Command(Deno.execPath(), {
    args: ["run", "cli.ts", "--version"],
    cwd: fileURLToPath(HOME),
  })
    .outputSync();
});

Deno.bench("generate, anew", { n: 5, warmup: 1 }, () => generate(`${folder}/${runs++}`));

generate(`${folder}/again`);

Deno.bench("generate, again", { n: 5, warmup: 1 }, () => generate(`${folder}/again`));

Deno.bench("generate --check", { n: 5, warmup: 1 }, () => generate(`${folder}/again`, "--check"));
