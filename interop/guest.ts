/**
 * A Linux guest in QEMU, made of Debian's kernel and a shell: it runs a script and ends.
 *
 * The kernel is that of a package unpacked with `dpkg -x` into the folder that VIRTIO_KERNEL names, or
 * the one installed. It is always emulated: /dev/kvm may open and yet not work.
 *
 * @module
 */

import { findKernel, initrd, type Kernel, missingModules } from "./linux.ts";
import { type Need, Peer, type Scratch } from "./peers.ts";
import { needOf, programOf, type QemuBuild } from "./qemu/programs.ts";

const QEMU = "qemu-system-x86_64";

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

/** What a Linux guest in QEMU 10 needs: some front ends of vhost-user are not in 7.2, or fail there. */
export const NEWER_GUEST: readonly Need[] = [needOf(QEMU, "10"), "busybox", guestMissing];

/** What says whether modules are missing of a Linux guest that Debian's kernel does not have. */
export function modulesMissing(names: readonly string[]): () => string | undefined {
  return () => {
    const missing = missingModules(kernel(), names);
    return missing.length > 0 ? `built ${missing.join(", ")} (by interop/modules.sh)` : undefined;
  };
}

/** How a guest is started. */
export interface GuestOptions {
  /** What the guest's shell runs; it has busybox, and /dev, /proc and /sys. */
  readonly script: string;
  /** Drivers to load beside that of PCI, and file systems. */
  readonly modules: readonly string[];
  /** Programs of this machine, by their paths, that the guest has in /bin with the libraries they need. */
  readonly programs?: readonly string[];
  /** Further arguments of QEMU. */
  readonly qemu: readonly string[];
  /** Which QEMU: the one installed when not given. */
  readonly build?: QemuBuild;
  /** Number of processors: 2 when not given. */
  readonly processors?: number;
  /** Seconds after which it is killed. */
  readonly seconds?: number;
}

/** Starts a guest, whose output is that of its script; it prints `GUEST ENDS` at its end. */
export function startGuest(scratch: Scratch, options: GuestOptions): Peer {
  const { modules, script, programs = [] } = options;
  const found = kernel()!;
  const ramdisk = scratch.path("initrd");
  const busybox = "/bin/busybox";
  Deno.writeFileSync(
    ramdisk,
    initrd({ kernel: found, busybox, modules, files: copied(programs), script }),
  );
  const { name, args, env } = programOf(QEMU, options.build ?? "installed");
  return new Peer(
    name,
    [
      ...args,
      ...["-machine", "q35,memory-backend=mem", "-accel", "tcg", "-m", "256M"],
      ...["-smp", `${options.processors ?? 2}`],
      ...["-object", "memory-backend-memfd,id=mem,size=256M,share=on"],
      ...["-kernel", found.image, "-initrd", ramdisk],
      ...["-append", "console=ttyS0 quiet panic=-1 random.trust_cpu=on"],
      ...["-nodefaults", "-nographic", "-serial", "stdio", "-no-reboot"],
      ...options.qemu,
    ],
    options.seconds ?? 120,
    env,
  );
}

/** Programs and the libraries that they need, by their paths in the guest. */
function copied(programs: readonly string[]): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const program of programs) {
    files.set(`bin/${program.split("/").at(-1)}`, Deno.readFileSync(program));
    const { stdout } = new Deno.Command("ldd", { args: [program] }).outputSync();
    for (const [path] of new TextDecoder().decode(stdout).matchAll(/\/\S+/g)) {
      files.set(path.slice(1), Deno.readFileSync(path));
    }
  }
  return files;
}

/** What a guest printed as `name=value`. */
export function told(output: string, name: string): string | undefined {
  return new RegExp(`^${name}=(\\S*)`, "m").exec(output)?.[1];
}

/**
 * The arguments of QEMU for a device at a socket, which is connected to again when it is gone, where
 * every QEMU can do that.
 */
export function attach(socket: string, device: string, id = "c0"): string[] {
  const reconnect = device.startsWith("vhost-user-blk") ? ",reconnect=1" : "";
  return [
    ...["-chardev", `socket,id=${id},path=${socket}${reconnect}`],
    ...["-device", `${device},chardev=${id}`],
  ];
}
