/**
 * A folder of the host, shared as a file system.
 *
 * @module
 */

import { UsageError } from "../../generator/commands/command.ts";
import { FileSystemDevice } from "../../generated/fs/mod.ts";
import { TransportError } from "../../runtime/errors.ts";
import { close } from "../ffi.ts";
import { attributes, open } from "../files.ts";
import { FileType } from "./fs/nodes.ts";
import { FuseServer } from "./fs/server.ts";
import { defineBackEnd, property } from "./ready.ts";

/** Most bytes of a file system's name. */
const TAG_MAX = 36;

/** Choices of a shared folder. */
export interface SharedFolderOptions {
  /** The folder. */
  readonly folder: string;
  /** Its name for the driver, at most 36 bytes. */
  readonly tag: string;
}

/** A file system, and what it keeps open. */
export interface SharedFolder {
  /** The device. */
  readonly device: FileSystemDevice;
  /** What serves its requests. */
  readonly server: FuseServer;
  /** Closes all files; nothing may be served any more. */
  close(): void;
}

/**
 * A folder as a file system, whose driver must be of a little-endian machine. Each file that the driver
 * remembers takes a descriptor of this process, and is an error to the driver when there are no more.
 * TransportError when the folder can not be opened, RangeError for a name that does not fit.
 */
export function sharedFolder({ folder, tag }: SharedFolderOptions): SharedFolder {
  const fd = open(folder, false);
  const found = attributes(fd);
  if (typeof found === "number" || (found.mode & FileType.MASK) !== FileType.DIRECTORY) {
    close(fd);
    throw new TransportError(`Cannot share ${folder}: it is no folder`);
  }
  const server = new FuseServer(fd, found);
  try {
    const device = new FileSystemDevice({
      config: { tag, numRequestQueues: 1 },
      queueSizeMax: 1024,
      byteOrder: () => undefined,
      req: ({ opcode, nodeid, unique }, input, output) => {
        return { unique, error: server.serve(opcode, nodeid, input, output) >>> 0 };
      },
      forget: ({ nodeid }, input) => server.forget(nodeid, input),
      batchForget: (_request, input) => server.batchForget(input),
    });
    return { device, server, close: () => server.close() };
  } catch (error) {
    server.close();
    throw error;
  }
}

/** `serve fs`. */
export const backEnd = defineBackEnd({
  usage: "--folder FOLDER [--tag NAME]",
  help:
    `  --folder FOLDER    What is shared; nothing outside of it can be reached, whatever links it has
  --tag NAME         Its name for the guest, which runs mount -t virtiofs NAME DIRECTORY: host when
                     not given
`,
  options: { folder: { type: "string" }, tag: { type: "string" } },
  load({ folder, tag = "host" }) {
    if (folder === undefined) throw new UsageError("fs needs --folder");
    if (tag === "" || new TextEncoder().encode(tag).length > TAG_MAX) {
      throw new UsageError(`--tag is not 1 to ${TAG_MAX} bytes`);
    }
    return {
      ...sharedFolder({ folder, tag }),
      qemu: [`-device vhost-user-fs-pci,tag=${property(tag)},chardev=virtio0`],
    };
  },
});
