/**
 * Runs every generated device once over rings of both formats, so that shared code has seen all of them.
 *
 * What each device can do is written down in its loopback test, which is generated too: its cases are run here, without
 * a test runner.
 *
 * @module
 */

type Case = () => void | Promise<void>;

const GENERATED = new URL("../../generated/", import.meta.url);

/** Runs all of them, and says how many devices and cases that were; a case that fails is named and passed over. */
export async function runAllDevices(): Promise<{ devices: number; cases: number }> {
  let devices = 0;
  let count = 0;
  for (const { name, isDirectory } of Deno.readDirSync(GENERATED)) {
    const test = new URL(`${name}/loopback_test.ts`, GENERATED);
    if (!isDirectory || !exists(test)) continue;
    for (const [title, run] of await casesOf(test)) {
      try {
        await run();
        count++;
      } catch (error) {
        console.error(`Passed over "${title}": ${error instanceof Error ? error.message : error}`);
      }
    }
    devices++;
  }
  return { devices, cases: count };
}

/** The cases that a test module registers. */
async function casesOf(module: URL): Promise<Map<string, Case>> {
  const cases = new Map<string, Case>();
  const { test } = Deno;
  const collect = (title: string, run: Case) => void cases.set(title, run);
  Object.defineProperty(Deno, "test", { value: collect, configurable: true });
  try {
    await import(module.href);
  } finally {
    Object.defineProperty(Deno, "test", { value: test, configurable: true });
  }
  return cases;
}

function exists(file: URL): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch {
    return false;
  }
}
