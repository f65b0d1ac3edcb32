/** A guest's boot, with our disk and with QEMU's own. @module */

import { guestMissing, startGuest } from "../../interop/guest.ts";
import { run, Scratch } from "../../interop/peers.ts";
import { BackEnd } from "./peers.ts";
import { median } from "./reads.ts";

const FILE_BYTES = 64 << 20;

/** Seconds of each boot, and how many times QEMU's median ours takes. */
export interface Boots {
  /** With our disk. */
  readonly ours: readonly number[];
  /** With QEMU's. */
  readonly qemu: readonly number[];
  /** Ours over QEMU's, medians. */
  readonly ratio: number;
}

/** What the guest does once its kernel runs: everything that a boot from a disk does with it. */
const SCRIPT = `
mount -t ext4 /dev/vda /mnt || echo MOUNT FAILED
cat /mnt/* | md5sum
dd if=/dev/zero of=/mnt/new bs=64k count=64 conv=fsync 2>/dev/null
umount /mnt`;

/** Boots a guest so many times with either disk, alternated; prints the seconds of each. */
export async function compareBoots(folder: string, rounds: number): Promise<Boots> {
  const missing = guestMissing();
  if (missing !== undefined) throw new Error(`Cannot boot a guest: there is no ${missing}`);
  const file = `${folder}/disk`;
  const content = `${folder}/content`;
  await Deno.mkdir(content);
  for (let number = 0; number < 32; number++) {
    await Deno.writeFile(`${content}/${number}`, crypto.getRandomValues(new Uint8Array(65536)));
  }
  await Deno.writeFile(file, new Uint8Array(FILE_BYTES));
  await run("mke2fs", ["-q", "-t", "ext4", "-d", content, file]);
  const socket = `${folder}/s`;
  const cli = new URL("../../cli.ts", import.meta.url).pathname;
  const args = ["run", "-A", "--no-check", cli, "serve", "blk", "--file", file, "--threads"];
  await using _end = await BackEnd.start(
    socket,
    Deno.execPath(),
    [...args, "--quiet", "--socket", socket],
    false,
  );
  const ours: number[] = [];
  const qemu: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(
      await boot([
        ...["-chardev", `socket,id=c0,path=${socket}`],
        ...["-device", "vhost-user-blk-pci,chardev=c0"],
      ]),
    );
    qemu.push(
      await boot([
        ...["-blockdev", `driver=file,filename=${file},node-name=f0`],
        ...["-blockdev", "driver=raw,file=f0,node-name=d0"],
        ...["-device", "virtio-blk-pci,drive=d0"],
      ]),
    );
    console.log(`ours ${ours.at(-1)!.toFixed(2)} s, QEMU's ${qemu.at(-1)!.toFixed(2)} s`);
  }
  const ratio = median(ours) / median(qemu);
  console.log(
    `medians: ${median(ours).toFixed(2)} s, ${median(qemu).toFixed(2)} s; ours takes ${
      ratio.toFixed(3)
    } times`,
  );
  return { ours, qemu, ratio };
}

/** Seconds from QEMU's start to the end of the guest's script. */
async function boot(disk: readonly string[]): Promise<number> {
  using scratch = new Scratch();
  const start = performance.now();
  await using guest = startGuest(scratch, {
    script: SCRIPT,
    modules: ["blk", "ext4"],
    qemu: disk,
    processors: 1,
  });
  await guest.printed("GUEST ENDS");
  if (guest.output.includes("FAILED")) throw new Error(`Cannot boot:\n${guest.output}`);
  return (performance.now() - start) / 1000;
}
