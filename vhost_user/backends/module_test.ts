/** What is served of a module, and what is told of it. */

import assert from "node:assert/strict";
import { moduleBackEnd } from "./module.ts";

/** What QEMU is given for a device that a module makes of a class. */
async function told(type: string, make: string): Promise<readonly string[]> {
  const url = new URL(`../../generated/${type}/mod.ts`, import.meta.url);
  const text = `import * as of from "${url}";\nexport default ${make};`;
  const { qemu, note } = await moduleBackEnd(`data:text/javascript,${encodeURIComponent(text)}`)
    .load({});
  return note === undefined ? qemu : [...qemu, note];
}

Deno.test("the device of a module is given to QEMU with the queues that it has", async () => {
  const cases: [type: string, make: string, qemu: string[]][] = [
    [
      "blk",
      "new of.BlockDevice({ config: { capacity: 8, numQueues: 3 } })",
      ["-device vhost-user-blk-pci,num-queues=3,chardev=virtio0"],
    ],
    [
      "net",
      "new of.NetworkDevice({ config: {} })",
      ["-netdev vhost-user,id=net0,chardev=virtio0", "-device virtio-net-pci,netdev=net0"],
    ],
    [
      "net",
      "new of.NetworkDevice({ config: { maxVirtqueuePairs: 2 }, mqVqPairsSet: () => 0 })",
      [
        "-netdev vhost-user,id=net0,chardev=virtio0,queues=2",
        "-device virtio-net-pci,netdev=net0,mq=on",
      ],
    ],
    [
      "entropy",
      "new of.EntropyDevice({ random() {} })",
      ["-device vhost-user-rng-pci,chardev=virtio0"],
    ],
    [
      "console",
      "new of.ConsoleDevice({ config: {} })",
      ["QEMU has no vhost-user front end for: Console Device."],
    ],
  ];
  for (const [type, make, qemu] of cases) assert.deepEqual(await told(type, make), qemu);
});
