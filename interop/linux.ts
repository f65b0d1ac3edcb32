/**
 * What Linux guests are made of: a Debian kernel, and a first file system of busybox, modules and a script.
 *
 * @module
 */

import { Archive } from "./cpio.ts";

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
  console: ["drivers/char/virtio_console"],
  entropy: ["drivers/char/hw_random/virtio-rng"],
  ext4: ["crypto/crc32c_generic", "lib/crc16", "fs/mbcache", "fs/jbd2/jbd2", "fs/ext4/ext4"],
  fs: ["fs/fuse/fuse", "fs/fuse/virtiofs"],
  gpio: ["drivers/gpio/gpio-virtio"],
  i2c: [
    "drivers/i2c/busses/i2c-virtio",
    "drivers/i2c/i2c-dev",
    "drivers/misc/eeprom/at24",
    "drivers/hwmon/lm75",
  ],
  input: ["drivers/input/evdev", "drivers/virtio/virtio_input"],
  net: ["net/core/failover", "drivers/net/net_failover", "drivers/net/virtio_net"],
  scsi: [
    "crypto/crct10dif_common",
    "lib/crc-t10dif",
    "lib/crc64",
    "lib/crc64-rocksoft",
    "block/t10-pi",
    "drivers/scsi/scsi_common",
    "drivers/scsi/scsi_mod",
    "drivers/scsi/sd_mod",
    "drivers/scsi/virtio_scsi",
  ],
  vsock: [
    "net/vmw_vsock/vsock",
    "net/vmw_vsock/vmw_vsock_virtio_transport_common",
    "net/vmw_vsock/vmw_vsock_virtio_transport",
  ],
};

/** A kernel, as its package was unpacked. */
export interface Kernel {
  /** Path of the image. */
  readonly image: string;
  /** The folder of its modules. */
  readonly modules: string;
}

/** The kernel in a folder whose version ends so, if there is one. */
export function findKernel(folder: string, flavour: string): Kernel | undefined {
  try {
    for (const { name } of Deno.readDirSync(`${folder}/boot`)) {
      if (!name.startsWith("vmlinuz-") || !name.endsWith(flavour)) continue;
      const modules = `${folder}/lib/modules/${name.slice("vmlinuz-".length)}/kernel`;
      Deno.statSync(`${modules}/drivers/virtio`);
      return { image: `${folder}/boot/${name}`, modules };
    }
  } catch {
    // No such folder: there is no kernel.
  }
  return undefined;
}

/** The modules of drivers that a kernel does not have. */
export function missingModules(kernel: Kernel | undefined, names: readonly string[]): string[] {
  return names.flatMap((name) => MODULES[name]!).filter((path) => {
    try {
      return !Deno.statSync(`${kernel?.modules}/${path}.ko`).isFile;
    } catch {
      return true;
    }
  });
}

/** What is in a first file system. */
export interface InitrdOptions {
  /** The kernel that loads it. */
  readonly kernel: Kernel;
  /** Path of a static busybox for the same processor. */
  readonly busybox: string;
  /** Drivers to load beside that of PCI, and file systems. */
  readonly modules: readonly string[];
  /** Further programs, and what they need, by their paths. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
  /** What the shell runs; it has busybox, and /dev, /proc and /sys. */
  readonly script: string;
}

/** A first file system, which runs the script between the lines `GUEST STARTS` and `GUEST ENDS`. */
export function initrd(
  { kernel, busybox, modules, files = new Map(), script }: InitrdOptions,
): Uint8Array<ArrayBuffer> {
  const archive = new Archive();
  for (const folder of ["bin", "dev", "proc", "sys", "mnt", "tmp"]) archive.folder(folder);
  archive.file("bin/busybox", Deno.readFileSync(busybox), 0o755);
  for (const [path, content] of files) {
    const parts = path.split("/");
    parts.slice(1).forEach((_, at) => archive.folder(parts.slice(0, at + 1).join("/")));
    archive.file(path, content, 0o755);
  }
  const inserted: string[] = [];
  for (const path of ["pci", ...modules].flatMap((name) => MODULES[name]!)) {
    const name = `${path.split("/").at(-1)}.ko`;
    archive.file(name, Deno.readFileSync(`${kernel.modules}/${path}.ko`), 0o644);
    inserted.push(`insmod /${name} || echo "INSMOD FAILED: ${name}"`);
  }
  archive.file("init", new TextEncoder().encode(init(inserted, script)), 0o755);
  return archive.bytes();
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
