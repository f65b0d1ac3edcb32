// The runtime's tests and generated devices in headless Chromium, page and Workers, with memory that threads share.

import assert from "node:assert/strict";
import { Chromium, findChromium } from "./chromium.ts";
import { serveSite } from "./site.ts";

/** On the page, as a driver lives there: it must not block. */
const ON_PAGE = [
  "runtime/chain_test.ts",
  "runtime/memory_test.ts",
  "runtime/device_test.ts",
  "runtime/device_queues_test.ts",
  "runtime/device_suspend_test.ts",
  "runtime/driver_test.ts",
  "runtime/driver_queues_test.ts",
  "runtime/driver_suspend_test.ts",
  "runtime/requests_test.ts",
  "runtime/loopback_test.ts",
  "runtime/snapshot_test.ts",
  "runtime/snapshot_load_test.ts",
  "runtime/hostile_test.ts",
  "runtime/thread_test.ts",
  "runtime/transports/suite_test.ts",
  "runtime/transports/mmio_test.ts",
  "runtime/transports/pci_test.ts",
  "runtime/transports/ccw_test.ts",
  "generated/blk/loopback_test.ts",
  "generated/entropy/loopback_test.ts",
  "generated/console/loopback_test.ts",
  "generated/net/loopback_test.ts",
  "generated/vsock/loopback_test.ts",
];

/** In a Worker, where a thread may wait. */
const IN_WORKER = [
  "runtime/ring_suite_test.ts",
  "runtime/ring_state_test.ts",
  "runtime/ring_stress_test.ts",
  "runtime/doorbell_test.ts",
  "runtime/thread_test.ts",
  "runtime/fuzz_test.ts",
  "runtime/transports/fuzz_test.ts",
  "generated/blk/loopback_test.ts",
];

const program = findChromium();
const needed = Deno.env.get("CI") === "true";
const name = program === undefined && !needed
  ? "in the browser: skipped, there is no Chromium in PATH (Debian: chromium-headless-shell)"
  : "in the browser";

Deno.test({ name, ignore: program === undefined && !needed }, async (test) => {
  assert.ok(program !== undefined, "Cannot find Chromium in PATH");
  await using site = serveSite();
  await using chromium = await Chromium.start(program);
  const origin = `http://127.0.0.1:${site.addr.port}`;
  const page = await chromium.open(origin);
  assert.equal(await chromium.evaluate(page, "crossOriginIsolated"), true);
  for (const path of ON_PAGE) await runModule(test, chromium, origin, path, "page");
  for (const path of IN_WORKER) await runModule(test, chromium, origin, path, "inWorker()");
});

/** Runs each test of a module as a step, in a fresh page. */
async function runModule(
  test: Deno.TestContext,
  chromium: Chromium,
  origin: string,
  path: string,
  where: "page" | "inWorker()",
): Promise<void> {
  const page = await chromium.open(origin);
  await test.step(`${path}, ${where === "page" ? "on the page" : "in a Worker"}`, async (module) => {
    const ready = "new Promise((done) => setInterval(() => globalThis.page && done(), 5))";
    await chromium.evaluate(page, `${ready}.then(() => { globalThis.harness = ${where}; })`);
    const names = await chromium.evaluate(page, `harness.load("/${path}")`);
    assert.ok(Array.isArray(names) && names.length > 0, String(names));
    for (const [at, name] of names.entries()) {
      await module.step(name, async () => {
        const wrong = await chromium.evaluate(page, `harness.run(${at})`);
        if (wrong !== "") throw new Error(wrong as string);
      });
    }
  });
  await chromium.close(page);
}
