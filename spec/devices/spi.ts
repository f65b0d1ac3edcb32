/**
 * SPI controller device (VIRTIO 1.4, 5.21).
 *
 * @module
 */

import { defineDevice, type Device, inline, le32, padding, payload, u8 } from "../dsl.ts";

/** The SPI controller device: transfers to and from peripherals on a serial bus. */
export const spi: Device = defineDevice({
  name: "spi",
  prefix: "Spi",
  id: 45,
  title: "SPI Controller Device",
  section: "5.21",
  doc: "A controller of a serial peripheral interface (SPI)",

  enums: {
    VIRTIO_SPI: {
      doc: "How a transfer went",
      section: "5.21.6.1",
      name: "Result",
      members: {
        TRANS_OK: { value: 0, doc: "Success" },
        PARAM_ERR: { value: 1, doc: "A parameter is not valid, or not supported" },
        TRANS_ERR: { value: 2, doc: "The transfer failed" },
      },
    },
  },

  structs: {
    virtio_spi_transfer_head: {
      doc: "Parameters of a transfer",
      section: "5.21.6.1",
      size: 32,
      fields: {
        chip_select_id: u8("The peripheral, by its chip select"),
        bits_per_word: u8("Bits of a word"),
        cs_change: u8("Whether to release the chip select before the next transfer", { max: 1 }),
        tx_nbits: u8("Lines to write on; 0 is the same as 1", { oneOf: [0, 1, 2, 4, 8] }),
        rx_nbits: u8("Lines to read from; 0 is the same as 1", { oneOf: [0, 1, 2, 4, 8] }),
        reserved: padding(3),
        mode: le32(
          "Bit 0 clock phase, 1 clock polarity, 2 chip select active high, 3 lowest bit first, 4 loopback",
        ),
        freq: le32("Clock rate, in Hz"),
        word_delay_ns: le32("Delay between words, in ns"),
        cs_setup_ns: le32("Delay after the chip select is asserted, in ns"),
        cs_delay_hold_ns: le32("Delay before the chip select is released, in ns"),
        cs_change_delay_inactive_ns: le32("Delay before it is asserted again, in ns"),
      },
    },
    virtio_spi_transfer_result: {
      doc: "Result of a transfer",
      section: "5.21.6.1",
      size: 1,
      fields: { result: u8("How it went", { enum: "VIRTIO_SPI" }) },
    },
  },

  config: {
    struct: "virtio_spi_config",
    section: "5.21.4",
    size: 32,
    fields: {
      cs_max_number: u8("Number of chip selects"),
      cs_change_supported: u8("Whether the chip select can be released between transfers", {
        max: 1,
      }),
      tx_nbits_supported: u8("Lines to write on, beside one: bit 0 two, 1 four, 2 eight", {
        max: 7,
      }),
      rx_nbits_supported: u8("Lines to read from, beside one: bit 0 two, 1 four, 2 eight", {
        max: 7,
      }),
      bits_per_word_mask: le32("Bits of a word: bit n for n + 1 bits; 0 for any number"),
      // NOTES.md: spi-bits
      mode_func_supported: le32(
        "Bits 0 and 1 clock phase 0 and 1, 2 and 3 polarity 0 and 1, 4 chip select active high, 5 lowest bit first, 6 loopback",
      ),
      max_freq_hz: le32("Greatest clock rate, in Hz; 0 for no limit"),
      max_word_delay_ns: le32("Longest delay between words, in ns"),
      max_cs_setup_ns: le32("Longest delay after the chip select is asserted, in ns"),
      max_cs_hold_ns: le32("Longest delay before the chip select is released, in ns"),
      max_cs_inactive_ns: le32("Longest delay before it is asserted again, in ns"),
    },
  },

  messages: {
    transfer: {
      doc: "One transfer: reads, writes, or does both at a time",
      section: "5.21.6",
      struct: "virtio_spi_transfer_req",
      readable: {
        head: inline("virtio_spi_transfer_head"),
        tx_buf: payload("What to write; empty for a transfer that only reads"),
      },
      writable: {
        rx_buf: payload("What was read; empty for a transfer that only writes"),
        result: inline("virtio_spi_transfer_result"),
      },
      // What a transfer that failed brings is not to be used (5.21.6.3).
      status: {
        field: "result",
        ok: "TRANS_OK",
        unknown: "PARAM_ERR",
        malformed: "PARAM_ERR",
        failed: "TRANS_ERR",
        discards: true,
      },
      checks: [
        {
          doc: "There is such a chip select",
          section: "5.21.6.4",
          of: { sum: [{ field: "chip_select_id" }, 1] },
          atMost: { config: "cs_max_number" },
          otherwise: "PARAM_ERR",
        },
        {
          doc: "The chip select is released only if it can be",
          section: "5.21.6.4",
          of: { field: "cs_change" },
          atMost: { config: "cs_change_supported" },
          otherwise: "PARAM_ERR",
        },
        {
          doc: "There are as many lines to write on",
          section: "5.21.6.4",
          of: { quotient: [{ field: "tx_nbits" }, 2] },
          within: { config: "tx_nbits_supported" },
          otherwise: "PARAM_ERR",
        },
        {
          doc: "There are as many lines to read from",
          section: "5.21.6.4",
          of: { quotient: [{ field: "rx_nbits" }, 2] },
          within: { config: "rx_nbits_supported" },
          otherwise: "PARAM_ERR",
        },
        // A mask of 0 is no limit, and makes both sides 0.
        {
          doc: "The device has words of that many bits",
          section: "5.21.6.4",
          of: {
            product: [{ config: "bits_per_word_mask" }, {
              bit: [{ config: "bits_per_word_mask" }, { sum: [{ field: "bits_per_word" }, -1] }],
            }],
          },
          equals: { config: "bits_per_word_mask" },
          otherwise: "PARAM_ERR",
        },
        {
          doc: "No undefined mode bit",
          section: "5.21.6.4",
          of: { field: "mode" },
          within: 0x1f,
          otherwise: "PARAM_ERR",
        },
        {
          doc: "The device has this clock phase",
          section: "5.21.6.4",
          of: { sum: [{ bit: [{ field: "mode" }, 0] }, 1] },
          within: { config: "mode_func_supported" },
          otherwise: "PARAM_ERR",
        },
        {
          doc: "The device has this clock polarity",
          section: "5.21.6.4",
          of: { sum: [{ bit: [{ field: "mode" }, 1] }, 1] },
          within: { quotient: [{ config: "mode_func_supported" }, 4] },
          otherwise: "PARAM_ERR",
        },
        {
          doc: "The chip select is active high only if it can be",
          section: "5.21.6.4",
          of: { bit: [{ field: "mode" }, 2] },
          atMost: { bit: [{ config: "mode_func_supported" }, 4] },
          otherwise: "PARAM_ERR",
        },
        {
          doc: "The lowest bit goes first only if it can",
          section: "5.21.6.4",
          of: { bit: [{ field: "mode" }, 3] },
          atMost: { bit: [{ config: "mode_func_supported" }, 5] },
          otherwise: "PARAM_ERR",
        },
        {
          doc: "Loopback only if the device has it",
          section: "5.21.6.4",
          of: { bit: [{ field: "mode" }, 4] },
          atMost: { bit: [{ config: "mode_func_supported" }, 6] },
          otherwise: "PARAM_ERR",
        },
        // 0 is no limit, and makes both products 0.
        {
          doc: "The clock is not too fast",
          section: "5.21.6.4",
          of: { product: [{ field: "freq" }, { config: "max_freq_hz" }] },
          atMost: { product: [{ config: "max_freq_hz" }, { config: "max_freq_hz" }] },
          otherwise: "PARAM_ERR",
        },
        {
          doc: "The delay between words is not too long",
          section: "5.21.6.4",
          of: { field: "word_delay_ns" },
          atMost: { config: "max_word_delay_ns" },
          otherwise: "PARAM_ERR",
        },
        {
          doc: "The delay after the chip select is asserted is not too long",
          section: "5.21.6.4",
          of: { field: "cs_setup_ns" },
          atMost: { config: "max_cs_setup_ns" },
          otherwise: "PARAM_ERR",
        },
        {
          doc: "The delay before the chip select is released is not too long",
          section: "5.21.6.4",
          of: { field: "cs_delay_hold_ns" },
          atMost: { config: "max_cs_hold_ns" },
          otherwise: "PARAM_ERR",
        },
        {
          doc: "The delay before the chip select is asserted again is not too long",
          section: "5.21.6.4",
          of: { field: "cs_change_delay_inactive_ns" },
          atMost: { config: "max_cs_inactive_ns" },
          otherwise: "PARAM_ERR",
        },
        // Equal lengths make equal products, and so does a length of 0; no others do.
        {
          doc: "A transfer that does both reads as much as it writes",
          section: "5.21.6.4",
          of: { product: [{ length: "tx_buf" }, { length: "tx_buf" }, { length: "rx_buf" }] },
          equals: { product: [{ length: "tx_buf" }, { length: "rx_buf" }, { length: "rx_buf" }] },
          otherwise: "PARAM_ERR",
          driver: "5.21.6.3",
        },
      ],
    },
  },

  queues: {
    requestq: {
      doc: "Transfers",
      section: "5.21.2",
      role: "request",
      carries: "transfer",
      index: 0,
    },
  },
});
