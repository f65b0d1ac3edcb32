/**
 * PMEM device (VIRTIO 1.4, 5.19).
 *
 * @module
 */

import { defineDevice, type Device, inline, le32, le64 } from "../dsl.ts";

/** The PMEM device: memory that keeps what was flushed. */
export const pmem: Device = defineDevice({
  name: "pmem",
  prefix: "Pmem",
  id: 27,
  title: "PMEM Device",
  section: "5.19",
  doc: "Persistent memory in the address space of the guest, and a request to flush it",

  features: {
    SHMEM_REGION: {
      bit: 0,
      doc: "The memory is a shared memory region instead of an address range",
      since: "1.2",
      by: "option",
    },
  },

  enums: {
    VIRTIO_PMEM_REQ_TYPE: {
      doc: "What a request asks for",
      section: "5.19.6",
      name: "RequestType",
      members: { FLUSH: { value: 0, doc: "Make completed writes durable" } },
    },
    // The standard says 0 and -1 without names.
    VIRTIO_PMEM_RET: {
      doc: "How a request went",
      section: "5.19.7.3",
      name: "Result",
      members: {
        OK: { value: 0, doc: "Success" },
        // NOTES.md: pmem-ret
        FAILURE: { value: 0xffffffff, doc: "Failure, -1" },
      },
    },
  },

  structs: {
    virtio_pmem_req: {
      doc: "A request",
      section: "5.19.6",
      size: 4,
      fields: { type: le32("What is asked for", { enum: "VIRTIO_PMEM_REQ_TYPE", tag: true }) },
    },
    virtio_pmem_resp: {
      doc: "The answer",
      section: "5.19.7.2",
      size: 4,
      fields: { ret: le32("How it went", { enum: "VIRTIO_PMEM_RET" }) },
    },
  },

  config: {
    struct: "virtio_pmem_config",
    section: "5.19.4",
    size: 16,
    fields: {
      // NOTES.md: pmem-stop
      start: le64("Guest address of the memory; 0 with SHMEM_REGION"),
      size: le64("Bytes of memory; 0 with SHMEM_REGION"),
    },
  },

  messages: {
    request: {
      doc: "A request on the memory",
      section: "5.19.6",
      readable: { req: inline("virtio_pmem_req") },
      writable: { resp: inline("virtio_pmem_resp") },
      status: {
        field: "ret",
        ok: "OK",
        unknown: "FAILURE",
        malformed: "FAILURE",
        failed: "FAILURE",
      },
      cases: {
        flush: {
          doc: "Makes all writes that completed before it durable",
          section: "5.19.7.1",
          tag: "VIRTIO_PMEM_REQ_TYPE_FLUSH",
        },
      },
    },
  },

  queues: {
    req_vq: {
      doc: "Flush requests",
      section: "5.19.2",
      role: "request",
      carries: "request",
      index: 0,
    },
  },

  sharedMemory: {
    memory: { id: 0, doc: "The persistent memory", when: "SHMEM_REGION" },
  },
});
