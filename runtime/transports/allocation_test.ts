// Register accesses allocate nothing: no scavenge in the measured window.

import assert from "node:assert/strict";

const PROGRAM = (home: string) => `
import { EchoDevice } from "${home}runtime/echo_fixture.ts";
import { GuestMemory } from "${home}runtime/memory.ts";
import { MmioDevice } from "${home}runtime/transports/mmio_device.ts";
import { PciDevice } from "${home}runtime/transports/pci_device.ts";
const memory = GuestMemory.of(new ArrayBuffer(4096));
const config = new Uint8Array(96);
const mmio = new MmioDevice(new EchoDevice({ config }), { memory, interrupt: () => {} });
const pci = new PciDevice(new EchoDevice({ config }), { memory, interrupt: () => {} });
function accesses(count) {
  const bar = pci.bars[0];
  for (let at = 0; at < count; at++) {
    mmio.read(0x070, 4); mmio.read(0x060, 4); mmio.write(0x030, 4, 0); mmio.read(0x034, 4);
    mmio.write(0x080, 4, 4096); mmio.write(0x050, 4, 0); mmio.read(0x100, 4); mmio.read(0x103, 1);
    mmio.write(0x082, 2, 1); mmio.write(0x080, 2, 1); mmio.read(0x010, 4);
    bar.read(20, 1); bar.write(22, 2, 0); bar.read(24, 2); bar.read(0x40, 1); bar.write(0x80, 2, 0);
    bar.read(0x100, 4); pci.readConfig(0, 4);
  }
}
for (let round = 0; round < 20; round++) accesses(10_000);
console.log("measured");
accesses(Number(Deno.args[0]));
console.log("end");
`;

/** Scavenges during so many rounds of accesses. */
async function scavenges(rounds: number): Promise<number> {
  const home = new URL("../../", import.meta.url).href;
  const program = `data:application/typescript,${encodeURIComponent(PROGRAM(home))}`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--no-lock",
      "--v8-flags=--trace-gc",
      program,
      `${rounds}`,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const text = new TextDecoder().decode(stdout);
  return text.split("Scavenge").length - 1;
}

Deno.test("register accesses allocate nothing", async () => {
  // What the start allocates is the same for both: a hundred times the accesses add no scavenge.
  const [few, many] = [await scavenges(10_000), await scavenges(1_000_000)];
  assert.ok(many <= few + 1, `${many} scavenges instead of ${few}`);
});
