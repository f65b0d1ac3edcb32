/** Persistent memory: QEMU's virtio-pmem on a file. */

import assert from "node:assert/strict";
import { PmemDriver, PmemResult } from "../../../generated/pmem/mod.ts";
import type { Trial } from "../trial.ts";
import { modernOnly } from "../ways.ts";

const SIZE = 4 << 20;
const PAGE = 4096;
const NOT_PCI = "'virtio-pmem-device' is not a valid device model name";

/** The trial. */
export const pmem: Trial = {
  device: "pmem",
  name: "virtio-pmem",
  properties: ["memdev=p0", "id=pmem"],
  options: (scratch) => [
    "-object",
    `memory-backend-file,id=p0,size=${SIZE},share=on,mem-path=${scratch.path("pmem")}`,
  ],
  machine: { room: ",maxmem=1G" },
  refused: {
    ...modernOnly("virtio-pmem"),
    "microvm": NOT_PCI,
    "microvm-legacy": NOT_PCI,
    "virt": NOT_PCI,
    "virt-legacy": NOT_PCI,
  },
  proves: "where the memory lies, and that what is written there is in the file after a flush",
  run: async (transport, machine, scratch) => {
    await using driver = await PmemDriver.open(transport);
    const { qmp } = machine;
    const { start, size } = driver.config;
    assert.equal(size, BigInt(SIZE));
    const [device] = await qmp.execute<{ data: { memaddr: number } }[]>("query-memory-devices");
    assert.equal(start, BigInt(device!.data.memaddr));
    const memory = machine.space(Number(start));
    const words = crypto.getRandomValues(new Uint32Array(SIZE / PAGE));
    await Promise.all(Array.from(words, (word, page) => memory.write(page * PAGE, 4, word)));
    assert.equal((await driver.flush()).ret, PmemResult.OK);
    const file = Deno.readFileSync(scratch.path("pmem"));
    const view = new DataView(file.buffer);
    for (const [page, word] of words.entries()) {
      assert.equal(view.getUint32(page * PAGE, true), word);
    }
    // QEMU takes one request for each notification, so those that share one would wait for good.
    assert.equal((await driver.flush()).ret, PmemResult.OK);
  },
};
