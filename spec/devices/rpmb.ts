/**
 * RPMB device (VIRTIO 1.4, 5.12).
 *
 * @module
 */

import {
  array,
  be16,
  be32,
  bytes,
  defineDevice,
  type Device,
  padding,
  struct,
  u8,
} from "../dsl.ts";

/** Fields of a frame up to its type. */
const frame = {
  stuff: padding(196),
  key_mac: bytes("Key to program, else MAC: HMAC-SHA-256 of all that follows, in every frame", 32),
  data: bytes("One block", 256),
  nonce: bytes("Random bytes of a read, repeated in the answer", 16),
  write_counter: be32("Writes so far"),
  address: be16("First block, in units of 256 bytes"),
  block_count: be16("Number of blocks"),
  result: be16("How it went, in answers", { enum: "VIRTIO_RPMB_RES" }),
} as const;

/** The RPMB device: storage that cannot be tampered with or rolled back unseen. */
export const rpmb: Device = defineDevice({
  name: "rpmb",
  prefix: "Rpmb",
  id: 28,
  title: "RPMB Device",
  section: "5.12",
  doc: "Replay protected memory: blocks of 256 bytes, read and written with authentication codes",

  enums: {
    VIRTIO_RPMB_REQ: {
      doc: "Type of a request's frame",
      section: "5.12.6",
      name: "RequestType",
      members: {
        PROGRAM_KEY: { value: 0x0001, doc: "Program the key, once" },
        GET_WRITE_COUNTER: { value: 0x0002, doc: "Read the write counter" },
        DATA_WRITE: { value: 0x0003, doc: "Write blocks" },
        DATA_READ: { value: 0x0004, doc: "Read blocks" },
        RESULT_READ: { value: 0x0005, doc: "Tell how the request before went" },
      },
    },
    VIRTIO_RPMB_RESP: {
      doc: "Type of an answer's frame",
      section: "5.12.6",
      name: "ResponseType",
      members: {
        PROGRAM_KEY: { value: 0x0100, doc: "Result of programming the key" },
        GET_COUNTER: { value: 0x0200, doc: "The write counter" },
        DATA_WRITE: { value: 0x0300, doc: "Result of a write" },
        DATA_READ: { value: 0x0400, doc: "Blocks that were read" },
      },
    },
    VIRTIO_RPMB_RES: {
      doc: "How a request went",
      section: "5.12.6.1",
      name: "Result",
      members: {
        OK: { value: 0x0000, doc: "Success" },
        GENERAL_FAILURE: { value: 0x0001, doc: "Another failure, also a wrong number of blocks" },
        AUTH_FAILURE: { value: 0x0002, doc: "The MAC is wrong" },
        COUNT_FAILURE: { value: 0x0003, doc: "The write counter is wrong" },
        ADDR_FAILURE: { value: 0x0004, doc: "The address is out of range" },
        WRITE_FAILURE: { value: 0x0005, doc: "The write failed" },
        READ_FAILURE: { value: 0x0006, doc: "The read failed" },
        NO_AUTH_KEY: { value: 0x0007, doc: "No key is programmed" },
        WRITE_COUNTER_EXPIRED: { value: 0x0080, doc: "The write counter is at its end" },
      },
    },
  },

  structs: {
    virtio_rpmb_frame: {
      doc: "A frame: a request, or an answer, for one block",
      section: "5.12.6.1",
      size: 512,
      fields: {
        ...frame,
        req_resp: be16("Type of the request, or of the answer"),
      },
    },
  },

  config: {
    struct: "virtio_rpmb_config",
    section: "5.12.4",
    size: 3,
    fields: {
      capacity: u8("Size, in units of 128 KiB", { max: 0x80 }),
      max_wr_cnt: u8("Most blocks in a write; 0 is no limit"),
      max_rd_cnt: u8("Most blocks in a read; 0 is no limit"),
    },
  },

  messages: {
    // Answers carry a MAC made with a key that is the device's secret, so nothing is answered
    // without it: there is no status here, and limits are checked by what knows the key.
    //
    // 5.12.6.1 puts every frame into a buffer of its own. Drivers and devices that exist put a
    // request with all of its frames and its answer into one; how many descriptors it has matters
    // to neither form.
    virtio_rpmb_frame: {
      doc: "A request in frames, all of the first one's type but for a RESULT_READ at the end",
      section: "5.12.6.1",
      readable: {
        ...frame,
        req_resp: be16("What is asked for", { enum: "VIRTIO_RPMB_REQ", tag: true }),
      },
      cases: {
        // NOTES.md: rpmb-multibuf
        program_key: {
          doc: "Programs the key, which stays for good",
          section: "5.12.6.1.1",
          tag: "VIRTIO_RPMB_REQ_PROGRAM_KEY",
          readable: {
            frames: array({ struct: "virtio_rpmb_frame" }, "RESULT_READ, or nothing", "rest"),
          },
          writable: {
            frames: array({ struct: "virtio_rpmb_frame" }, "The result, if asked for", "rest"),
          },
        },
        get_write_counter: {
          doc: "Reads the write counter",
          section: "5.12.6.1.2",
          tag: "VIRTIO_RPMB_REQ_GET_WRITE_COUNTER",
          writable: { frame: struct("virtio_rpmb_frame", "The counter, and the nonce again") },
        },
        data_write: {
          doc: "Writes blocks; the first is in the frame itself",
          section: "5.12.6.1.3",
          tag: "VIRTIO_RPMB_REQ_DATA_WRITE",
          readable: {
            frames: array(
              { struct: "virtio_rpmb_frame" },
              "The other blocks, then RESULT_READ or nothing",
              "rest",
            ),
          },
          writable: {
            frames: array({ struct: "virtio_rpmb_frame" }, "The result, if asked for", "rest"),
          },
        },
        data_read: {
          doc: "Reads blocks",
          section: "5.12.6.1.4",
          tag: "VIRTIO_RPMB_REQ_DATA_READ",
          writable: {
            frames: array(
              { struct: "virtio_rpmb_frame" },
              "The blocks, or why there are none",
              "rest",
            ),
          },
        },
        result_read: {
          doc: "Tells how the key or write request of the buffer before went",
          section: "5.12.6.1.5",
          tag: "VIRTIO_RPMB_REQ_RESULT_READ",
          writable: { frame: struct("virtio_rpmb_frame", "The result") },
        },
      },
    },
  },

  behaviours: {
    blocks: {
      doc: "Blocks behind a key and a counter of writes",
      section: "5.12.6",
      enums: ["VIRTIO_RPMB_REQ", "VIRTIO_RPMB_RESP", "VIRTIO_RPMB_RES"],
      device: {
        class: "DeviceProtectedBlocks",
        options: "required",
        serves: [
          "virtio_rpmb_frame.program_key",
          "virtio_rpmb_frame.get_write_counter",
          "virtio_rpmb_frame.data_write",
          "virtio_rpmb_frame.data_read",
          "virtio_rpmb_frame.result_read",
        ],
      },
      driver: { class: "DriverProtectedBlocks", options: "optional" },
    },
  },

  queues: {
    requestq: {
      doc: "Requests",
      section: "5.12.2",
      role: "request",
      carries: "virtio_rpmb_frame",
      index: 0,
      order: "queue",
    },
  },
});
