/**
 * Sound device (VIRTIO 1.4, 5.14).
 *
 * @module
 */

import { body, defineDevice, type Device, inline, le16, le32, payload } from "../dsl.ts";
import { controlRequests, jackRequests, pcmRequests } from "./sound/control.ts";
import { enums } from "./sound/enums.ts";
import { structs } from "./sound/structs.ts";

const exchange = {
  field: "status",
  ok: "OK",
  unknown: "IO_ERR",
  malformed: "IO_ERR",
  failed: "IO_ERR",
  whole: true, // drivers look at the latency in any case
} as const;

const knownStream = {
  doc: "There is such a stream",
  section: "5.14.6.8",
  of: { sum: [{ field: "stream_id" }, 1] },
  atMost: { config: "streams" },
  otherwise: "IO_ERR",
} as const;

const stream = { data: le32("The stream") };
const jack = { data: le32("The jack") };

/** The sound device: jacks, streams of samples, channel maps, controls. */
export const sound: Device = defineDevice({
  name: "sound",
  prefix: "Sound",
  id: 25,
  title: "Sound Device",
  section: "5.14",
  doc: "A sound card: jacks, streams of samples both ways, channel maps and controls",
  featurePrefix: "VIRTIO_SND_F",

  features: {
    CTLS: {
      bit: 0,
      doc: "The device has controls",
      since: "1.3",
      fieldsWhen: "negotiated", // 5.14.5.1
      by: ["config", "handler"],
    },
  },

  enums,
  constants: { VIRTIO_SND_CHMAP_MAX_SIZE: { value: 18, doc: "Most channels of a map" } },
  structs,

  config: {
    struct: "virtio_snd_config",
    section: "5.14.4",
    size: 16,
    fields: {
      jacks: le32("Number of jacks"),
      streams: le32("Number of streams"),
      chmaps: le32("Number of channel maps"),
      controls: le32("Number of controls", { when: "CTLS" }),
    },
  },

  messages: {
    control: {
      doc: "A request",
      section: "5.14.6",
      readable: { code: le32("What is asked for", { enum: "VIRTIO_SND_R", tag: true }) },
      writable: { code: le32("How it went", { enum: "VIRTIO_SND_S" }), result: body() },
      status: {
        field: "code",
        ok: "OK",
        unknown: "NOT_SUPP",
        malformed: "BAD_MSG",
        failed: "IO_ERR",
      },
      cases: { ...jackRequests, ...pcmRequests, ...controlRequests },
    },
    event: {
      doc: "An event",
      section: "5.14.6",
      writable: { code: le32("What happened", { enum: "VIRTIO_SND_EVT", tag: true }) },
      cases: {
        jack_connected: {
          doc: "Something was plugged into a jack",
          tag: "VIRTIO_SND_EVT_JACK_CONNECTED",
          struct: { writable: "virtio_snd_event" },
          writable: jack,
        },
        jack_disconnected: {
          doc: "Something was pulled out of a jack",
          tag: "VIRTIO_SND_EVT_JACK_DISCONNECTED",
          struct: { writable: "virtio_snd_event" },
          writable: jack,
        },
        pcm_period_elapsed: {
          doc: "A period of a stream is over",
          section: "5.14.6.7",
          tag: "VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED",
          struct: { writable: "virtio_snd_event" },
          writable: stream,
        },
        pcm_xrun: {
          doc: "A stream ran out of frames, or of room for them",
          section: "5.14.6.7",
          tag: "VIRTIO_SND_EVT_PCM_XRUN",
          struct: { writable: "virtio_snd_event" },
          writable: stream,
        },
        ctl_notify: {
          doc: "A control changed",
          section: "5.14.6.10.4",
          tag: "VIRTIO_SND_EVT_CTL_NOTIFY",
          struct: { writable: "virtio_snd_ctl_event" },
          feature: "CTLS",
          writable: {
            control_id: le16("The control"),
            mask: le16("What changed", { enum: "VIRTIO_SND_CTL_EVT_MASK" }),
          },
          checks: [{
            doc: "No undefined change",
            of: { field: "mask" },
            within: 0x7,
            device: "5.14.6.10.4.1",
          }],
        },
      },
    },
    // The rules against writable buffers in the tx queue and readable ones in the rx queue are
    // meant for the frames alone (5.14.6.8.1.2, 5.14.6.8.2.2).
    // NOTES.md: sound-rx-tx
    play: {
      doc: "Frames for an output stream; they come back once the device has taken them all",
      section: "5.14.6.8.1",
      readable: { xfer: inline("virtio_snd_pcm_xfer"), frames: payload("The frames") },
      writable: { result: inline("virtio_snd_pcm_status") },
      status: exchange,
      checks: [knownStream],
    },
    record: {
      doc: "Frames from an input stream; they come back once the buffer is full, or at the end",
      section: "5.14.6.8.2",
      readable: { xfer: inline("virtio_snd_pcm_xfer") },
      writable: { frames: payload("The frames"), result: inline("virtio_snd_pcm_status") },
      used: "filled",
      status: exchange,
      checks: [knownStream],
    },
  },

  behaviours: {
    streams: {
      doc: "States, parameters and buffers of the streams; handlers see only what is valid",
      section: "5.14.6.6",
      enums: [
        "VIRTIO_SND_S",
        "VIRTIO_SND_D",
        "VIRTIO_SND_PCM_F",
        "VIRTIO_SND_PCM_FMT",
        "VIRTIO_SND_PCM_RATE",
      ],
      device: { class: "PcmStreams", options: "required", serves: ["control.pcm_info"] },
    },
  },

  queues: {
    controlq: {
      doc: "Requests",
      section: "5.14.2",
      role: "request",
      carries: "control",
      index: 0,
    },
    eventq: {
      doc: "Events",
      section: "5.14.2",
      role: "receive",
      carries: "event",
      index: 1,
      parks: 8,
    },
    txq: {
      doc: "Frames for output streams",
      section: "5.14.2",
      role: "request",
      carries: "play",
      index: 2,
    },
    rxq: {
      doc: "Frames from input streams",
      section: "5.14.2",
      role: "request",
      carries: "record",
      index: 3,
      used: "length",
    },
  },
});
