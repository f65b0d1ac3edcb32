/**
 * A Linux guest in QEMU, made of Debian's kernel and a shell: it runs a script and ends.
 *
 * The kernel is that of a package unpacked with `dpkg -x` into the folder that VIRTIO_KERNEL names, or
 * the one installed. It is always emulated: /dev/kvm may open and yet not work.
 *
 * @module
 */

import { findKernel, initrd, type Kernel } from "./linux.ts";
import { Peer, type Scratch } from "./peers.ts";

function kernel(): Kernel | undefined {
  return findKernel(Deno.env.get("VIRTIO_KERNEL") ?? "", "-amd64");
}

/** What is missing of a Linux guest, if anything is. */
export function guestMissing(): string | undefined {
  if (kernel() === undefined) {
    return "Debian kernel (unpack a linux-image package, and name the folder in VIRTIO_KERNEL)";
  }
  return undefined;
}

/** How a guest is started. */
export interface GuestOptions {
  /** What the guest's shell runs; it has busybox, and /dev, /proc and /sys. */
  readonly script: string;
  /** Drivers to load beside that of PCI, and file systems. */
  readonly modules: readonly string[];
  /** Further arguments of QEMU. */
  readonly qemu: readonly string[];
  /** Number of processors: 2 when not given. */
  readonly processors?: number;
  /** Seconds after which it is killed. */
  readonly seconds?: number;
}

/** Starts a guest, whose output is that of its script; it prints `GUEST ENDS` at its end. */
export function startGuest(scratch: Scratch, options: GuestOptions): Peer {
  const { modules, script } = options;
  const found = kernel()!;
  const first = scratch.path("initrd");
  const busybox = "/bin/busybox";
  Deno.writeFileSync(first, initrd({ kernel: found, busybox, modules, script }));
  return new Peer("qemu-system-x86_64", [
    ...["-machine", "q35,memory-backend=mem", "-accel", "tcg", "-m", "256M"],
    ...["-smp", `${options.processors ?? 2}`],
    ...["-object", "memory-backend-memfd,id=mem,size=256M,share=on"],
    ...["-kernel", found.image, "-initrd", first],
    ...["-append", "console=ttyS0 quiet panic=-1 random.trust_cpu=on"],
    ...["-nodefaults", "-nographic", "-serial", "stdio", "-no-reboot"],
    ...options.qemu,
  ], options.seconds ?? 120);
}
