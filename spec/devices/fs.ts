/**
 * File system device (VIRTIO 1.4, 5.11).
 *
 * Requests are those of FUSE, in the byte order of the session: the side that takes the first
 * request sees it in the opcode of FUSE_INIT, and each FUSE_INIT may change it (5.11.6.1). "In"
 * and "out" are FUSE's words for what the device reads and writes.
 *
 * @module
 */

import {
  bytes,
  defineDevice,
  type Device,
  le32,
  payload,
  type Scalar,
  session16,
  session32,
  session64,
  struct,
  text,
} from "../dsl.ts";
import { FUSE } from "./fs/opcodes.ts";

/** Fields of fuse_in_header around its opcode. */
function inHeader<O extends Scalar<"FUSE">>(opcode: O) {
  return {
    len: session32("Bytes of the request, this header included"),
    opcode,
    unique: session64("Number of the request, for its answer"),
    nodeid: session64("The file"),
    uid: session32("User"),
    gid: session32("Group"),
    pid: session32("Process"),
    total_extlen: session16("Length of extensions behind the data, in units of 8 bytes"),
    padding: session16("Reserved", { reserved: true }),
  } as const;
}

/** How much more the opcode is than another; a product of such is 0 for any of those. */
function less(other: number) {
  return { sum: [{ field: "opcode" }, -other] } as const;
}

const opcode = session32("What is asked for", { enum: "FUSE" });
const tagged = session32("What is asked for", { enum: "FUSE", tag: true });

const outHeader = {
  len: session32("Bytes of the answer, this header included"),
  error: session32("0, or a negative error number in two's complement"),
  unique: session64("Number of the request that is answered"),
} as const;

const datain = payload("What the opcode needs", { field: "len", plus: -40 }, { external: "FUSE" });
const dataout = payload("What the opcode yields", { field: "len", plus: -16 }, {
  external: "FUSE",
});

/** The file system device: FUSE over queues. */
export const fs: Device = defineDevice({
  name: "fs",
  prefix: "FileSystem",
  id: 26,
  title: "File System Device",
  section: "5.11",
  doc: "A file system of the host: requests of FUSE over queues",

  features: {
    NOTIFICATION: {
      bit: 0,
      doc: "The device may send notify messages of FUSE",
      since: "1.2",
      by: "config",
    },
  },

  enums: { FUSE },

  structs: {
    fuse_in_header: {
      doc: "What every request starts with",
      external: "FUSE",
      size: 40,
      fields: inHeader(opcode),
    },
    fuse_out_header: {
      doc: "What every answer and every notify message starts with",
      external: "FUSE",
      size: 16,
      fields: outHeader,
    },
    fuse_read_in: {
      doc: "What FUSE_READ needs",
      external: "FUSE",
      size: 40,
      fields: {
        fh: session64("Handle of the open file"),
        offset: session64("First byte"),
        size: session32("Number of bytes"),
        read_flags: session32("Flags of the request"),
        lock_owner: session64("Owner of locks"),
        flags: session32("Flags of the open file"),
        padding: session32("Reserved", { reserved: true }),
      },
    },
    // the example of the standard, both parts in a row
    virtio_fs_read_req: {
      doc: "A FUSE_READ with its answer",
      section: "5.11.6.1",
      fields: {
        in: struct("fuse_in_header", "Header of the request"),
        readin: struct("fuse_read_in", "What is to be read"),
        out: struct("fuse_out_header", "Header of the answer"),
        dataout: bytes("Bytes of the file", { field: ["out", "len"], plus: -16 }),
      },
    },
  },

  config: {
    struct: "virtio_fs_config",
    section: "5.11.4",
    size: 44,
    fields: {
      tag: text("padded", "Name of the file system, in UTF-8", 36),
      num_request_queues: le32("Number of request queues", { min: 1 }),
      notify_buf_size: le32("Bytes that a buffer for notify messages has at least", {
        when: "NOTIFICATION",
        min: 16,
      }),
    },
  },

  messages: {
    virtio_fs_req: {
      doc: "A request of FUSE that is answered",
      section: "5.11.6.1",
      struct: "virtio_fs_req",
      readable: { ...inHeader(opcode), datain },
      writable: { ...outHeader, dataout },
      // NOTES.md: fs-endian
      starts: { field: "opcode", member: "INIT" },
      checks: [{
        doc: "No FORGET, INTERRUPT or BATCH_FORGET",
        of: { product: [less(2), less(36), less(42)] },
        differs: 0,
        driver: "5.11.6.2.2",
      }],
    },
    high_priority: {
      doc: "A request of FUSE that overtakes others",
      section: "5.11.6.2",
      readable: inHeader(tagged),
      cases: {
        forget: {
          doc: "Forgets lookups of a file; there is no answer",
          tag: "FUSE_FORGET",
          readable: { datain },
        },
        interrupt: {
          doc: "Interrupts a request",
          tag: "FUSE_INTERRUPT",
          readable: { datain },
          writable: { ...outHeader, dataout },
        },
        batch_forget: {
          doc: "Forgets lookups of many files; there is no answer",
          tag: "FUSE_BATCH_FORGET",
          readable: { datain },
        },
      },
    },
    virtio_fs_notify: {
      doc: "A notify message of FUSE; error holds its code, unique is 0",
      section: "5.11.6.3",
      struct: "virtio_fs_notify",
      writable: {
        ...outHeader,
        outarg: payload("What the code needs", { field: "len", plus: -16 }, { external: "FUSE" }),
      },
    },
  },

  queues: {
    hiprio: {
      doc: "Requests that are served even when all others wait",
      section: "5.11.2",
      role: "request",
      carries: "high_priority",
      index: 0,
    },
    notification: {
      doc: "Notify messages",
      section: "5.11.2",
      role: "receive",
      carries: "virtio_fs_notify",
      index: 1,
      when: "NOTIFICATION",
      parks: { config: "notify_buf_size" },
    },
    // NOTES.md: fs-queues
    // The list starts at 2 (5.11.2); without NOTIFICATION deployed drivers and devices use 1.
    requestq: {
      doc: "Requests, served in any order",
      section: "5.11.2",
      role: "request",
      carries: "virtio_fs_req",
      index: "next",
      strictIndex: 2,
      count: { config: "num_request_queues" },
    },
  },

  sharedMemory: {
    dax: { id: 0, doc: "Files that the device maps for FUSE_SETUPMAPPING, as ordinary memory" },
  },
});
