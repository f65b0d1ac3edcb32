/**
 * Media device (VIRTIO 1.4, 5.22).
 *
 * @module
 */

import {
  array,
  body,
  bytes,
  defineDevice,
  type Device,
  inline,
  le32,
  le64,
  payload,
  text,
} from "../dsl.ts";

const reserved = le32("Reserved", { reserved: true });
const session = le32("The session");

/** The media device: a camera, a codec or another device of V4L2. */
export const media: Device = defineDevice({
  name: "media",
  prefix: "Media",
  id: 48,
  title: "Media Device",
  section: "5.22",
  doc: "A camera, a codec or another device that is driven through V4L2",

  enums: {
    VIRTIO_MEDIA_CMD: {
      doc: "Commands",
      section: "5.22.6.1.1",
      name: "Command",
      members: {
        OPEN: { value: 1, doc: "Open a session" },
        CLOSE: { value: 2, doc: "Close a session" },
        IOCTL: { value: 3, doc: "Run an ioctl on a session" },
        MMAP: { value: 4, doc: "Map a buffer of the device" },
        MUNMAP: { value: 5, doc: "Unmap a buffer of the device" },
      },
    },
    // NOTES.md: media-errno
    // The standard says that a status is 0 or an error number of Linux (5.22.6), and of these it
    // names EINVAL and ENOTTY; the prefix is our own.
    VIRTIO_MEDIA_STATUS: {
      doc: "How a command went: 0 or an error number of Linux, also one without a name here",
      section: "5.22.6",
      name: "Status",
      unknown: "keep",
      members: {
        OK: { value: 0, doc: "Success" },
        EIO: { value: 5, doc: "Error of input or output" },
        EAGAIN: { value: 11, doc: "Not now" },
        ENOMEM: { value: 12, doc: "Not enough memory" },
        EBUSY: { value: 16, doc: "In use" },
        EINVAL: { value: 22, doc: "Not valid" },
        ENOTTY: { value: 25, doc: "Not supported" },
      },
    },
    VIRTIO_MEDIA_MMAP_FLAG: {
      doc: "How a buffer is mapped",
      section: "5.22.6.1.6",
      name: "MmapFlag",
      as: "masks",
      members: { RW: { value: 1, doc: "To be written as well as read" } },
    },
    VIRTIO_MEDIA_MEMORY: {
      doc: "Whose memory a buffer is in, with the numbers of V4L2",
      section: "5.22.6.1.8",
      name: "Memory",
      prefix: "VIRTIO_MEDIA",
      members: {
        MMAP: { value: 1, doc: "The device's, which the driver maps" },
        SHARED_PAGES: { value: 2, doc: "The guest's, as a list of pieces" },
        OBJECT: { value: 4, doc: "An object that another device exports" },
      },
    },
    VIRTIO_MEDIA_EVT: {
      doc: "Events",
      section: "5.22.6.2.1",
      name: "EventType",
      members: {
        ERROR: { value: 0, doc: "A session is broken" },
        DQBUF: { value: 1, doc: "A buffer is free again" },
        EVENT: { value: 2, doc: "An event of V4L2" },
      },
    },
  },

  constants: { VIRTIO_MEDIA_MAX_PLANES: { value: 8, doc: "Most planes of a buffer" } },

  structs: {
    virtio_media_cmd_header: {
      doc: "What a command starts with",
      section: "5.22.6.1.1",
      size: 8,
      fields: {
        cmd: le32("The command", { enum: "VIRTIO_MEDIA_CMD", tag: true }),
        __reserved: reserved,
      },
    },
    virtio_media_resp_header: {
      doc: "What a response starts with",
      section: "5.22.6.1.1",
      size: 8,
      fields: {
        status: le32("How the command went", { enum: "VIRTIO_MEDIA_STATUS" }),
        __reserved: reserved,
      },
    },
    virtio_media_event_header: {
      doc: "What an event starts with",
      section: "5.22.6.2.1",
      size: 8,
      fields: {
        event: le32("Kind of event", { enum: "VIRTIO_MEDIA_EVT", tag: true, property: "kind" }),
        session_id: session,
      },
    },
    virtio_media_sg_entry: {
      doc: "A piece of guest memory; such pieces follow an ioctl's data that have pointers to them",
      section: "5.22.6.1.5.6",
      size: 16,
      fields: {
        start: le64("Guest address", { as: "number" }),
        len: le32("Bytes"),
        __reserved: reserved,
      },
    },
  },

  config: {
    struct: "virtio_media_config",
    section: "5.22.4",
    size: 40,
    fields: {
      device_caps: le32("Capabilities, as in V4L2"),
      device_type: le32("Type of the device node, as in V4L2"),
      card: text("padded", "Name of the device, in UTF-8", 32),
    },
  },

  messages: {
    command: {
      doc: "A command",
      section: "5.22.6.1",
      readable: { hdr: inline("virtio_media_cmd_header") },
      writable: { hdr: inline("virtio_media_resp_header"), result: body() },
      status: {
        field: "status",
        ok: "OK",
        unknown: "ENOTTY",
        malformed: "EINVAL",
        failed: "EIO",
      },
      cases: {
        open_session: {
          doc: "Opens a session",
          section: "5.22.6.1.3",
          tag: "VIRTIO_MEDIA_CMD_OPEN",
          struct: { readable: "virtio_media_cmd_open", writable: "virtio_media_resp_open" },
          writable: {
            session_id: le32("The session, an id that no open one has"),
            __reserved: reserved,
          },
        },
        close_session: {
          doc: "Closes a session; nothing is answered",
          section: "5.22.6.1.4",
          tag: "VIRTIO_MEDIA_CMD_CLOSE",
          struct: { readable: "virtio_media_cmd_close" },
          status: "none",
          readable: { session_id: session, __reserved: reserved },
        },
        // Both parts may be one memory: what is read must be read before anything is written. The
        // ioctls QUERYCAP, DQBUF, DQEVENT, G_JPEGCOMP, S_JPEGCOMP and LOG_STATUS are ENOTTY
        // (5.22.6.1.5.7).
        // NOTES.md: media-sharedbuf
        ioctl: {
          doc: "Runs an ioctl; its data are in the order and layout of V4L2 on 64 bits",
          section: "5.22.6.1.5",
          tag: "VIRTIO_MEDIA_CMD_IOCTL",
          struct: { readable: "virtio_media_cmd_ioctl", writable: "virtio_media_resp_ioctl" },
          readable: {
            session_id: session,
            code: le32("Number of the ioctl, such as 4 for VIDIOC_G_FMT"),
            input: payload("What the ioctl takes, and what its pointers refer to", "rest", {
              external: "V4L2",
            }),
          },
          writable: {
            output: payload(
              "What the ioctl gives; nothing when an error left it as it was",
              "rest",
              {
                external: "V4L2",
              },
            ),
          },
        },
        mmap: {
          doc: "Maps a buffer of the device into the shared memory region",
          section: "5.22.6.1.6",
          tag: "VIRTIO_MEDIA_CMD_MMAP",
          struct: { readable: "virtio_media_cmd_mmap", writable: "virtio_media_resp_mmap" },
          readable: {
            session_id: session,
            flags: le32("How", { enum: "VIRTIO_MEDIA_MMAP_FLAG" }),
            offset: le32("The plane, by the offset that VIDIOC_QUERYBUF gives it"),
          },
          writable: {
            driver_addr: le64("Offset in the region", { as: "number" }),
            len: le64("Bytes of the buffer", { as: "number" }),
          },
        },
        munmap: {
          doc: "Unmaps a buffer, which stays mapped until then whatever becomes of its session",
          section: "5.22.6.1.7",
          tag: "VIRTIO_MEDIA_CMD_MUNMAP",
          struct: { readable: "virtio_media_cmd_munmap", writable: "virtio_media_resp_munmap" },
          readable: { driver_addr: le64("Offset in the region", { as: "number" }) },
        },
      },
    },
    event: {
      doc: "An event",
      section: "5.22.6.2",
      writable: { hdr: inline("virtio_media_event_header") },
      cases: {
        error: {
          doc: "A session is broken: the driver has closed it, and its id may be another's by now",
          section: "5.22.6.2.2",
          tag: "VIRTIO_MEDIA_EVT_ERROR",
          struct: { writable: "virtio_media_event_error" },
          writable: { errno: le32("Error number of Linux"), __reserved: reserved },
        },
        dqbuf: {
          doc: "A buffer that was queued is free again; its pointers have no meaning",
          section: "5.22.6.2.3",
          tag: "VIRTIO_MEDIA_EVT_DQBUF",
          struct: { writable: "virtio_media_event_dqbuf" },
          writable: {
            buffer: bytes("A v4l2_buffer of 64 bits", 88, { external: "V4L2" }),
            planes: array({ bytes: 64 }, "A v4l2_plane of 64 bits for each plane", 8),
          },
        },
        event: {
          doc: "An event that the session subscribed to",
          section: "5.22.6.2.4",
          tag: "VIRTIO_MEDIA_EVT_EVENT",
          struct: { writable: "virtio_media_event_event" },
          writable: { event: bytes("A v4l2_event of 64 bits", 136, { external: "V4L2" }) },
        },
      },
    },
  },

  behaviours: {
    sessions: {
      doc:
        "Sessions by their ids, and mapped buffers: handlers see only what is open or mapped, and drivers close what is broken",
      section: "5.22.6.1.2",
      enums: ["VIRTIO_MEDIA_STATUS"],
      device: {
        class: "MediaSessions",
        options: "optional",
        serves: ["command.open_session"],
      },
      driver: { class: "DriverMediaSessions" },
    },
  },

  queues: {
    commandq: {
      doc: "Commands",
      section: "5.22.2",
      role: "request",
      carries: "command",
      index: 0,
      used: "length",
    },
    eventq: {
      doc: "Events",
      section: "5.22.2",
      role: "receive",
      carries: "event",
      index: 1,
      parks: 608,
    },
  },

  sharedMemory: { mmap: { id: 0, doc: "Where buffers of the device are mapped" } },
});
