/**
 * Virtual functions of a device of QEMU's, found and enabled by our driver's end of SR-IOV. QEMU 7.2 has
 * them for its NVMe controller, not for virtio: the registers are the same.
 */

import assert from "node:assert/strict";
import { findFunctions } from "../../runtime/transports/pci_functions.ts";
import { PciCommand, PciHeader } from "../../runtime/transports/pci_config.ts";
import { scanCapabilities } from "../../runtime/transports/pci_scan.ts";
import { peerTest, Scratch } from "../peers.ts";
import { programName, QemuMachine } from "./machine.ts";

const TOTAL = 4;
const SLOT = 3;
const OWNER = SLOT << 3;
const CLASS_NVME = 0x0108;
const PLACE = 0xe800_0000;
/** In an entry of a table of vectors: whether it is masked. */
const MASK = 12;
const CONTROLLER = [
  ...[`addr=${SLOT}`, "serial=1", "subsys=s0", `sriov_max_vfs=${TOTAL}`],
  ...[`sriov_vq_flexible=${2 * TOTAL}`, `sriov_vi_flexible=${TOTAL}`],
  ...["max_ioqpairs=16", "msix_qsize=17"],
];

peerTest("our driver enables virtual functions of QEMU", [programName("q35")], async () => {
  using scratch = new Scratch();
  await using machine = await QemuMachine.start(scratch, "q35", [
    ...["-device", "nvme-subsys,id=s0", "-device", ["nvme", ...CONTROLLER].join(",")],
  ]);
  const spaceOf = await machine.extended();
  const config = spaceOf(OWNER);
  const functions = await findFunctions(config, {
    sequence: (steps) => steps(),
    refuse: (message) => {
      throw new Error(message);
    },
  });
  assert.equal(functions?.total, TOTAL);
  const [bar, ...others] = await functions.findBars();
  assert.deepEqual(others, []);
  await functions.placeBar(bar!, PLACE);
  const space = async (number: number) => spaceOf(OWNER + await functions.routingOffset(number));
  const classes = async () => {
    const found: number[] = [];
    for (let number = 1; number <= TOTAL; number++) {
      found.push(await (await space(number)).read(PciHeader.CLASS_CODE + 1, 2));
    }
    return found;
  };
  const none = 0xffff;
  assert.deepEqual(await classes(), [none, none, none, none]);
  for (const count of [3, 4]) {
    await functions.enable(count);
    const there = Array.from({ length: TOTAL }, (_, at) => at < count ? CLASS_NVME : none);
    assert.deepEqual(await classes(), there);
    const own = await space(count);
    assert.equal(await own.read(PciHeader.VENDOR_ID, 4), 0xffff_ffff, "the owner has the ids");
    const named = functions.config(own);
    assert.equal(await named.read(PciHeader.VENDOR_ID, 2), await config.read(0, 2));
    assert.notEqual(await named.read(PciHeader.DEVICE_ID, 2), none);
    // In the range of each is a table of vectors that are masked; behind the last one is nothing.
    const { msix } = await scanCapabilities(own, 0);
    const table = await own.read(msix + 4, 4);
    for (let number = 1; number <= TOTAL; number++) {
      // This QEMU wants of functions what hardware ignores there, and Linux sets.
      await (await space(number)).write(PciHeader.COMMAND, 2, PciCommand.MEMORY);
      const range = machine.space(PLACE + (number - 1) * bar!.size);
      assert.equal(await range.read(table + MASK, 4), number <= count ? 1 : 0, `${number}`);
    }
    await assert.rejects(functions.enable(1), /some are there already/);
    await functions.disable();
    assert.deepEqual(await classes(), [none, none, none, none]);
  }
});
