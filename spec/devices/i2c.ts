/**
 * I2C adapter device (VIRTIO 1.4, 5.16).
 *
 * @module
 */

import { bits, defineDevice, type Device, inline, le16, padding, payload, u8 } from "../dsl.ts";

/** The I2C adapter: segments of transactions with the chips on a bus. */
export const i2c: Device = defineDevice({
  name: "i2c",
  prefix: "I2c",
  id: 34,
  title: "I2C Adapter Device",
  section: "5.16",
  doc: "An I2C bus: requests that write to its chips or read from them",

  features: {
    // NOTES.md: i2c-flagname
    ZERO_LENGTH_REQUEST: {
      bit: 0,
      doc: "Requests may carry no data, and a flag tells reads from writes",
      since: "1.2",
      mandatory: true,
      by: "runtime",
    },
  },

  enums: {
    VIRTIO_I2C_FLAGS: {
      doc: "Flags of a request, as bit numbers",
      section: "5.16.6.1",
      name: "Flag",
      as: "bits",
      members: {
        FAIL_NEXT: { value: 0, doc: "When this request fails, the next one fails, too" },
        M_RD: { value: 1, doc: "Reads; clear: writes" },
      },
    },
    VIRTIO_I2C_MSG: {
      doc: "How a request went",
      section: "5.16.6.1",
      name: "Status",
      members: { OK: { value: 0, doc: "Success" }, ERR: { value: 1, doc: "Failure" } },
    },
  },

  structs: {
    virtio_i2c_out_hdr: {
      doc: "What every request starts with",
      section: "5.16.6.1",
      size: 8,
      fields: {
        // NOTES.md: i2c-addr
        addr: le16(
          "Address of the chip: 7 bits shifted left by one, or 10 bits as A7-A0, 11110, A9-A8, 0",
        ),
        padding: padding(2),
        flags: bits("le32", {
          fail_next: { width: 1, doc: "When this request fails, the next one fails, too" },
          m_rd: { width: 1, doc: "Reads; clear: writes" },
          reserved: { width: 30, reserved: true },
        }),
      },
    },
    virtio_i2c_in_hdr: {
      doc: "What every answer ends with",
      section: "5.16.6.1",
      size: 1,
      fields: { status: u8("How it went", { enum: "VIRTIO_I2C_MSG" }) },
    },
  },

  messages: {
    // buf is readable in a write and writable in a read; without data there is none at all
    virtio_i2c_req: {
      doc: "One segment of a transaction",
      section: "5.16.6.1",
      struct: "virtio_i2c_req",
      readable: { out_hdr: inline("virtio_i2c_out_hdr"), write_buf: payload("Data to write") },
      writable: { read_buf: payload("Data read"), in_hdr: inline("virtio_i2c_in_hdr") },
      // What a read that failed brings is not to be used (5.16.6.3).
      status: {
        field: "status",
        ok: "OK",
        unknown: "ERR",
        malformed: "ERR",
        failed: "ERR",
        discards: true,
      },
    },
  },

  behaviours: {
    groups: {
      doc: "After a failure the rest of the group fails, up to the first without FAIL_NEXT",
      section: "5.16.6.1",
      enums: ["VIRTIO_I2C_MSG"],
      device: { class: "RequestGroups" },
    },
  },

  queues: {
    requestq: {
      doc: "Requests",
      section: "5.16.2",
      role: "request",
      carries: "virtio_i2c_req",
      index: 0,
      order: "queue",
    },
  },
});
