/**
 * Requests on the control queue of the sound device (VIRTIO 1.4, 5.14.6).
 *
 * @module
 */

import { array, inline, le32, padding, u8 } from "../../dsl.ts";

const query = {
  start_id: le32("First item"),
  count: le32("Number of items"),
  size: le32("Bytes of the information on one, as the driver knows it"),
};

const stream = { stream_id: le32("The stream") };

const knownStream = {
  doc: "There is such a stream",
  section: "5.14.6.6",
  of: { sum: [{ field: "stream_id" }, 1] },
  atMost: { config: "streams" },
  otherwise: "BAD_MSG",
} as const;

const knownControl = {
  doc: "There is such a control",
  section: "5.14.6.10",
  of: { sum: [{ field: "control_id" }, 1] },
  atMost: { config: "controls" },
  otherwise: "BAD_MSG",
} as const;

const onStream = { readable: "virtio_snd_pcm_hdr", writable: "virtio_snd_hdr" } as const;

/** Requests on jacks. */
export const jackRequests = {
  jack_info: {
    doc: "Reads what jacks there are",
    section: "5.14.6.4.1",
    tag: "VIRTIO_SND_R_JACK_INFO",
    struct: { readable: "virtio_snd_query_info" },
    readable: query,
    writable: {
      items: array({ struct: "virtio_snd_jack_info" }, "The jacks", { field: "count" }, {
        stride: { field: "size" },
      }),
    },
    checks: [{
      doc: "There are such jacks",
      section: "5.14.6.2",
      of: { sum: [{ field: "start_id" }, { field: "count" }] },
      atMost: { config: "jacks" },
      otherwise: "BAD_MSG",
      driver: "5.14.6.2",
    }],
  },
  jack_remap: {
    doc: "Changes the association and the sequence of a jack that has REMAP",
    section: "5.14.6.4.2",
    tag: "VIRTIO_SND_R_JACK_REMAP",
    struct: { readable: "virtio_snd_jack_remap" },
    structs: { virtio_snd_jack_hdr: ["code", "jack_id"] },
    readable: {
      jack_id: le32("The jack"),
      association: le32("Its association"),
      sequence: le32("Its sequence"),
    },
    checks: [{
      doc: "There is such a jack",
      section: "5.14.6.4",
      of: { sum: [{ field: "jack_id" }, 1] },
      atMost: { config: "jacks" },
      otherwise: "BAD_MSG",
    }],
  },
} as const;

/** Requests on streams; each goes through set_params, prepare, start, stop and release. */
export const pcmRequests = {
  pcm_info: {
    doc: "Reads what streams there are",
    section: "5.14.6.6.2",
    tag: "VIRTIO_SND_R_PCM_INFO",
    readable: query,
    writable: {
      items: array({ struct: "virtio_snd_pcm_info" }, "The streams", { field: "count" }, {
        stride: { field: "size" },
      }),
    },
    checks: [{
      doc: "There are such streams",
      section: "5.14.6.2",
      of: { sum: [{ field: "start_id" }, { field: "count" }] },
      atMost: { config: "streams" },
      otherwise: "BAD_MSG",
      driver: "5.14.6.2",
    }],
  },
  pcm_set_params: {
    doc: "Sets the parameters of a stream",
    section: "5.14.6.6.3",
    tag: "VIRTIO_SND_R_PCM_SET_PARAMS",
    struct: { readable: "virtio_snd_pcm_set_params" },
    readable: {
      ...stream,
      buffer_bytes: le32("Bytes of the driver's buffer"),
      period_bytes: le32("Bytes of a period, which divides the buffer"),
      features: le32("Features to use", { enum: "VIRTIO_SND_PCM_F" }),
      channels: u8("Number of channels"),
      format: u8("Format of a sample", { enum: "VIRTIO_SND_PCM_FMT" }),
      rate: u8("Rate", { enum: "VIRTIO_SND_PCM_RATE" }),
      padding: padding(1),
    },
    checks: [
      knownStream,
      {
        doc: "A period is not empty",
        section: "5.14.6.6.3.2",
        of: { field: "period_bytes" },
        atLeast: 1,
        otherwise: "BAD_MSG",
      },
      {
        doc: "Periods divide the buffer",
        section: "5.14.6.6.3.2",
        of: { field: "buffer_bytes" },
        multipleOf: { field: "period_bytes" },
        otherwise: "BAD_MSG",
        driver: "5.14.6.6.3.2",
      },
      {
        doc: "No undefined feature",
        section: "5.14.6.6.3.2",
        of: { field: "features" },
        within: 0x1f,
        otherwise: "BAD_MSG",
        driver: "5.14.6.6.3.2",
      },
      {
        doc: "A format of the standard",
        of: { field: "format" },
        named: true,
        driver: "5.14.6.6.3.2",
      },
      {
        doc: "A rate of the standard",
        of: { field: "rate" },
        named: true,
        driver: "5.14.6.6.3.2",
      },
      {
        doc: "Not the memory of both sides is shared",
        of: { masked: [{ field: "features" }, 0x3] },
        differs: 0x3,
        driver: "5.14.6.6.3.2",
      },
      {
        doc: "No shared memory, which the standard keeps for later",
        section: "5.14.6.6.3",
        of: { field: "features" },
        clear: 0x3,
        otherwise: "NOT_SUPP",
      },
    ],
  },
  pcm_prepare: {
    doc: "Prepares a stream",
    section: "5.14.6.6.4",
    tag: "VIRTIO_SND_R_PCM_PREPARE",
    struct: onStream,
    readable: stream,
    checks: [knownStream],
  },
  pcm_release: {
    doc: "Releases a stream, after all of its buffers went back",
    section: "5.14.6.6.5",
    tag: "VIRTIO_SND_R_PCM_RELEASE",
    struct: onStream,
    readable: stream,
    checks: [knownStream],
  },
  pcm_start: {
    doc: "Starts a stream",
    section: "5.14.6.6.6",
    tag: "VIRTIO_SND_R_PCM_START",
    struct: onStream,
    readable: stream,
    checks: [knownStream],
  },
  pcm_stop: {
    doc: "Stops a stream",
    section: "5.14.6.6.7",
    tag: "VIRTIO_SND_R_PCM_STOP",
    struct: onStream,
    readable: stream,
    checks: [knownStream],
  },
  chmap_info: {
    doc: "Reads what channel maps there are",
    section: "5.14.6.9.1",
    tag: "VIRTIO_SND_R_CHMAP_INFO",
    readable: query,
    writable: {
      items: array({ struct: "virtio_snd_chmap_info" }, "The channel maps", { field: "count" }, {
        stride: { field: "size" },
      }),
    },
    checks: [{
      doc: "There are such channel maps",
      section: "5.14.6.2",
      of: { sum: [{ field: "start_id" }, { field: "count" }] },
      atMost: { config: "chmaps" },
      otherwise: "BAD_MSG",
      driver: "5.14.6.2",
    }],
  },
} as const;

/** Requests on controls. */
export const controlRequests = {
  ctl_info: {
    doc: "Reads what controls there are",
    section: "5.14.6.10.1",
    tag: "VIRTIO_SND_R_CTL_INFO",
    feature: "CTLS",
    readable: query,
    writable: {
      items: array({ struct: "virtio_snd_ctl_info" }, "The controls", { field: "count" }, {
        stride: { field: "size" },
      }),
    },
    checks: [{
      doc: "There are such controls",
      section: "5.14.6.2",
      of: { sum: [{ field: "start_id" }, { field: "count" }] },
      atMost: { config: "controls" },
      otherwise: "BAD_MSG",
      driver: "5.14.6.2",
    }],
  },
  ctl_enum_items: {
    doc: "Reads the items of an enumerated control",
    section: "5.14.6.10.1",
    tag: "VIRTIO_SND_R_CTL_ENUM_ITEMS",
    feature: "CTLS",
    readable: { control_id: le32("The control") },
    writable: {
      items: array({ struct: "virtio_snd_ctl_enum_item" }, "The items", {
        given: "items of the control",
      }),
    },
    checks: [knownControl],
  },
  ctl_read: {
    doc: "Reads the value of a control that has READ",
    section: "5.14.6.10.2",
    tag: "VIRTIO_SND_R_CTL_READ",
    feature: "CTLS",
    struct: { readable: "virtio_snd_ctl_hdr" },
    readable: { control_id: le32("The control") },
    writable: { value: inline("virtio_snd_ctl_value") },
    checks: [knownControl],
  },
  ctl_write: {
    doc: "Sets the value of a control that has WRITE",
    section: "5.14.6.10.2",
    tag: "VIRTIO_SND_R_CTL_WRITE",
    feature: "CTLS",
    readable: {
      control_id: le32("The control"),
      value: inline("virtio_snd_ctl_value"),
    },
    checks: [knownControl],
  },
  ctl_tlv_read: {
    doc: "Reads the metadata of a control that has TLV_READ, as much as there is room for",
    section: "5.14.6.10.3",
    tag: "VIRTIO_SND_R_CTL_TLV_READ",
    feature: "CTLS",
    readable: { control_id: le32("The control") },
    writable: { tlv: inline("virtio_snd_ctl_tlv") },
    checks: [knownControl],
  },
  ctl_tlv_write: {
    doc: "Sets the metadata of a control that has TLV_WRITE",
    section: "5.14.6.10.3",
    tag: "VIRTIO_SND_R_CTL_TLV_WRITE",
    feature: "CTLS",
    readable: { control_id: le32("The control"), tlv: inline("virtio_snd_ctl_tlv") },
    checks: [knownControl],
  },
  ctl_tlv_command: {
    doc: "Runs a command on the metadata of a control that has TLV_COMMAND",
    section: "5.14.6.10.3",
    tag: "VIRTIO_SND_R_CTL_TLV_COMMAND",
    feature: "CTLS",
    readable: { control_id: le32("The control"), tlv: inline("virtio_snd_ctl_tlv") },
    checks: [knownControl],
  },
} as const;
