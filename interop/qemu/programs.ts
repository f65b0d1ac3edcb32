/**
 * QEMU's programs: those that are installed, and a newer build unpacked into the folder that VIRTIO_QEMU10
 * names, which packages.sh fills.
 *
 * @module
 */

import type { Need } from "../peers.ts";

/** Which QEMU: Debian's, as it is installed, or version 10 from its backports. */
export type QemuBuild = "installed" | "10";

/** How a program is started. */
export interface Program {
  /** Its name, or where it is. */
  readonly name: string;
  /** The arguments that come first. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const MISSING = "QEMU 10 (run interop/qemu/packages.sh, and name its folder in VIRTIO_QEMU10)";
const FOLDER = Deno.env.get("VIRTIO_QEMU10") ?? "";
const LIBRARIES = `${FOLDER}/usr/lib/${Deno.build.arch}-linux-gnu`;

/** The program with this name of a build. */
export function programOf(name: string, build: QemuBuild): Program {
  if (build === "installed") return { name, args: [], env: {} };
  return {
    name: `${FOLDER}/usr/bin/${name}`,
    args: ["-L", `${FOLDER}/usr/share/qemu`, "-L", `${FOLDER}/usr/share/seabios`],
    env: { QEMU_MODULE_DIR: `${LIBRARIES}/qemu`, LD_LIBRARY_PATH: LIBRARIES },
  };
}

/** What a test with this program needs. */
export function needOf(name: string, build: QemuBuild): Need {
  if (build === "installed") return name;
  return () => FOLDER !== "" && exists(programOf(name, build).name) ? undefined : MISSING;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
