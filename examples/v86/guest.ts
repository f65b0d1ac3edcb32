/**
 * The guest of this example: a stock Debian for 32 bits that tries our devices, says what it found on its
 * console, and leaves a shell there.
 *
 * @module
 */

import { findKernel, initrd } from "../../interop/linux.ts";
import { WASM } from "./deps.ts";
import type { Guest } from "./machine.ts";

/** What the guest does with each device; the last line of it is `READY`. */
const SCRIPT = `
exec > /dev/hvc0 2>&1
echo "random from $(cat /sys/class/misc/hw_random/rng_current)"
echo "RANDOM=$(dd if=/dev/hwrng bs=64 count=64 2>/dev/null | md5sum)"
echo "RANDOM_AGAIN=$(dd if=/dev/hwrng bs=64 count=64 2>/dev/null | md5sum)"
echo "DISK=$(cat /sys/block/vda/serial), $(cat /sys/block/vda/size) sectors"
echo "DISK_SUM=$(md5sum < /dev/vda)"
mke2fs /dev/vda > /dev/null && mount -t ext4 /dev/vda /mnt || echo "FAILED: no file system"
seq 1 200000 > /mnt/numbers
umount /mnt
echo 3 > /proc/sys/vm/drop_caches
mount -t ext4 /dev/vda /mnt || echo "FAILED: no file system"
echo "NUMBERS=$(md5sum < /mnt/numbers)"
umount /mnt
ip addr add 10.0.0.2/24 dev eth0
ip link set eth0 up
echo "MAC=$(cat /sys/class/net/eth0/address)"
ping -c 3 -s 1400 10.0.0.1 || echo "FAILED: no answer"
echo READY
while true; do setsid sh -c 'exec sh -i < /dev/hvc0 > /dev/hvc0 2>&1'; done
`;

/** The folder that packages.sh filled. */
function folder(): string {
  return Deno.env.get("VIRTIO_I386") ?? "";
}

/** What is missing of the guest, if anything is. */
export function i386Missing(): string | undefined {
  if (findKernel(folder(), "-686-pae") !== undefined) return undefined;
  return "Debian for 32 bits (run examples/v86/packages.sh, and name its folder in VIRTIO_I386)";
}

/** The guest and the emulator's program, from the folder that VIRTIO_I386 names. */
export function readGuest(): Guest {
  return guestWith(["entropy", "blk", "ext4", "console", "net"], SCRIPT);
}

/** A guest that loads other drivers and runs another script. */
export function guestWith(modules: readonly string[], script: string): Guest {
  const root = folder();
  const kernel = findKernel(root, "-686-pae")!;
  const busybox = `${root}/bin/busybox`;
  return {
    bios: Deno.readFileSync(`${root}/usr/share/seabios/bios.bin`),
    kernel: Deno.readFileSync(kernel.image),
    initrd: initrd({ kernel, busybox, modules, script }),
    wasm: Deno.readFileSync(new URL(WASM)),
  };
}
