/**
 * Layouts of the sound device beside its messages (VIRTIO 1.4, 5.14).
 *
 * @module
 */

import { array, bytes, inline, le32, le64, padding, text, u8, union } from "../../dsl.ts";

/** Structs of the sound device. */
export const structs = {
  virtio_snd_info: {
    doc: "What all information starts with",
    section: "5.14.6.1",
    size: 4,
    fields: { hda_fn_nid: le32("Node of the function group, as in HDA; it links items") },
  },
  virtio_snd_jack_info: {
    doc: "What a jack is",
    section: "5.14.6.4.1",
    size: 24,
    fields: {
      hdr: inline("virtio_snd_info"),
      features: le32("Features", { enum: "VIRTIO_SND_JACK_F" }),
      hda_reg_defconf: le32("Default configuration of the pin, as in HDA"),
      hda_reg_caps: le32("Capabilities of the pin, as in HDA"),
      connected: u8("Whether something is plugged in", { max: 1 }),
      padding: padding(7),
    },
  },
  virtio_snd_pcm_info: {
    doc: "What a stream is",
    section: "5.14.6.6.2",
    size: 32,
    fields: {
      hdr: inline("virtio_snd_info"),
      features: le32("Features", { enum: "VIRTIO_SND_PCM_F" }),
      formats: le64("Formats", { bitsOf: "VIRTIO_SND_PCM_FMT" }),
      rates: le64("Rates", { bitsOf: "VIRTIO_SND_PCM_RATE" }),
      direction: u8("Direction", { enum: "VIRTIO_SND_D" }),
      channels_min: u8("Fewest channels"),
      channels_max: u8("Most channels"),
      padding: padding(5),
    },
  },
  virtio_snd_chmap_info: {
    doc: "A channel map of the streams of one direction and function group",
    section: "5.14.6.9.1",
    size: 24,
    fields: {
      hdr: inline("virtio_snd_info"),
      direction: u8("Direction", { enum: "VIRTIO_SND_D" }),
      channels: u8("Number of channels", { max: 18 }),
      positions: array("u8", "Place of each channel", 18, { enum: "VIRTIO_SND_CHMAP" }),
    },
  },
  virtio_snd_ctl_info: {
    doc: "What a control is",
    section: "5.14.6.10.1",
    fields: {
      hdr: inline("virtio_snd_info"),
      role: le32("Role times 2, plus the direction; 0 when it is not said"),
      type: le32("What its value is made of", { enum: "VIRTIO_SND_CTL_TYPE" }),
      access: le32("What can be done with it", { enum: "VIRTIO_SND_CTL_ACCESS" }),
      count: le32("Elements of its value"),
      index: le32("Tells controls of one name apart"),
      name: text("terminated", "Its name", 44),
      // The text packs the struct (5.14.6.10.1); Linux aligns the 64-bit numbers that follow.
      align: { ...padding(4), strict: false },
      value: union("Its range", "type", {
        integer: {
          tag: ["VIRTIO_SND_CTL_TYPE_BOOLEAN", "VIRTIO_SND_CTL_TYPE_INTEGER"],
          fields: {
            min: le32("Least value"),
            max: le32("Greatest value"),
            step: le32("Step; 0 when it varies"),
          },
        },
        integer64: {
          tag: "VIRTIO_SND_CTL_TYPE_INTEGER64",
          fields: {
            min: le64("Least value"),
            max: le64("Greatest value"),
            step: le64("Step; 0 when it varies"),
          },
        },
        enumerated: {
          tag: "VIRTIO_SND_CTL_TYPE_ENUMERATED",
          fields: { items: le32("Number of items") },
        },
      }, { size: 24, otherwise: "raw" }),
    },
  },
  virtio_snd_ctl_enum_item: {
    doc: "An item of an enumerated control",
    section: "5.14.6.10.1",
    size: 64,
    fields: { item: text("terminated", "Its name", 64) },
  },
  virtio_snd_ctl_iec958: {
    doc: "Value of a control of a digital interface",
    section: "5.14.6.10.2",
    size: 176,
    fields: {
      status: bytes("Channel status", 24),
      subcode: bytes("Subcode", 147),
      pad: u8("Reserved", { reserved: true }),
      dig_subframe: bytes("Subframe", 4),
    },
  },
  // NOTES.md: sound-ctl-union
  virtio_snd_ctl_value: {
    doc: "Value of a control",
    section: "5.14.6.10.2",
    size: 512,
    fields: {
      value: union<"virtio_snd_ctl_iec958">("The value", { state: "type of the control" }, {
        integer: {
          tag: ["VIRTIO_SND_CTL_TYPE_BOOLEAN", "VIRTIO_SND_CTL_TYPE_INTEGER"],
          fields: { integer: array("le32", "Integers", 128) },
        },
        integer64: {
          tag: "VIRTIO_SND_CTL_TYPE_INTEGER64",
          fields: { integer64: array("le64", "Integers", 64) },
        },
        enumerated: {
          tag: "VIRTIO_SND_CTL_TYPE_ENUMERATED",
          fields: { enumerated: array("le32", "Items, by index", 128) },
        },
        bytes: {
          tag: "VIRTIO_SND_CTL_TYPE_BYTES",
          fields: { bytes: bytes("Bytes", 512) },
        },
        iec958: { tag: "VIRTIO_SND_CTL_TYPE_IEC958", struct: "virtio_snd_ctl_iec958" },
      }, { size: 512 }),
    },
  },
  virtio_snd_ctl_tlv: {
    doc: "Metadata of a control, as ALSA defines them",
    section: "5.14.6.10.3",
    fields: {
      type: le32("What they are about"),
      length: le32("Bytes, a multiple of 4", { max: 65536, multipleOf: 4 }),
      value: array("le32", "The metadata", { bytes: "length" }, { max: 16384 }),
    },
  },
  virtio_snd_pcm_xfer: {
    doc: "What an exchange of frames starts with",
    section: "5.14.6.8",
    size: 4,
    fields: { stream_id: le32("The stream") },
  },
  virtio_snd_pcm_status: {
    doc: "What an exchange of frames ends with",
    section: "5.14.6.8",
    size: 8,
    fields: {
      status: le32("How it went", { enum: "VIRTIO_SND_S" }),
      latency_bytes: le32("Bytes that the device holds"),
    },
  },
} as const;
