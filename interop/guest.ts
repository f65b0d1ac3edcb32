/**
 * A Linux guest in QEMU, made of Debian's kernel and a shell: it runs a script and ends.
 *
 * The kernel is that of a package unpacked with `dpkg -x` into the folder that VIRTIO_KERNEL names, or
 * the one installed. It is always emulated: /dev/kvm may open and yet not work.
 *
 * @module
 */

import { Archive } from "./cpio.ts";
import { Peer, type Scratch } from "./peers.ts";

/** Modules of each driver, in the order in which they are inserted. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  pci: [
    "drivers/virtio/virtio_ring",
    "drivers/virtio/virtio",
    "drivers/virtio/virtio_pci_legacy_dev",
    "drivers/virtio/virtio_pci_modern_dev",
    "drivers/virtio/virtio_pci",
  ],
  blk: ["drivers/block/virtio_blk"],
  entropy: ["drivers/char/hw_random/virtio-rng"],
  ext4: ["crypto/crc32c_generic", "lib/crc16", "fs/mbcache", "fs/jbd2/jbd2", "fs/ext4/ext4"],
};

interface Kernel {
  readonly image: string;
  readonly modules: string;
}

function kernel(): Kernel | undefined {
  const root = Deno.env.get("VIRTIO_KERNEL") ?? "";
  try {
    for (const { name } of Deno.readDirSync(`${root}/boot`)) {
      const version = /^vmlinuz-(.*-amd64)$/.exec(name)?.[1];
      if (version === undefined) continue;
      const modules = `${root}/lib/modules/${version}/kernel`;
      Deno.statSync(`${modules}/drivers/virtio`);
      return { image: `${root}/boot/${name}`, modules };
    }
  } catch {
    // No such folder: there is no kernel.
  }
  return undefined;
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
  const { image, modules } = kernel()!;
  const archive = new Archive();
  for (const folder of ["bin", "dev", "proc", "sys", "mnt", "tmp"]) archive.folder(folder);
  archive.file("bin/busybox", Deno.readFileSync("/bin/busybox"), 0o755);
  const inserted: string[] = [];
  for (const path of ["pci", ...options.modules].flatMap((name) => MODULES[name]!)) {
    const name = `${path.split("/").at(-1)}.ko`;
    archive.file(name, Deno.readFileSync(`${modules}/${path}.ko`), 0o644);
    inserted.push(`insmod /${name} || echo "INSMOD FAILED: ${name}"`);
  }
  archive.file("init", new TextEncoder().encode(init(inserted, options.script)), 0o755);
  const initrd = scratch.path("initrd");
  Deno.writeFileSync(initrd, archive.bytes());
  return new Peer("qemu-system-x86_64", [
    ...["-machine", "q35,memory-backend=mem", "-accel", "tcg", "-m", "256M"],
    ...["-smp", `${options.processors ?? 2}`],
    ...["-object", "memory-backend-memfd,id=mem,size=256M,share=on"],
    ...["-kernel", image, "-initrd", initrd],
    ...["-append", "console=ttyS0 quiet panic=-1 random.trust_cpu=on"],
    ...["-nodefaults", "-nographic", "-serial", "stdio", "-no-reboot"],
    ...options.qemu,
  ], options.seconds ?? 120);
}

function init(inserted: readonly string[], script: string): string {
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
${inserted.join("\n")}
echo GUEST STARTS
${script}
echo GUEST ENDS
poweroff -f
`;
}
