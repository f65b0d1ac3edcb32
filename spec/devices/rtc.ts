/**
 * RTC device (VIRTIO 1.4, 5.23).
 *
 * @module
 */

import { bytes, defineDevice, type Device, inline, le16, le64, padding, u8 } from "../dsl.ts";

const clockId = le16("The clock, below num_clocks");
const hwCounter = u8("Hardware counter", { enum: "VIRTIO_RTC_COUNTER" });
const alarmFlags = u8("Whether the alarm is enabled", { enum: "VIRTIO_RTC_ALARM_FLAG" });

/** Reserved bytes of a request: anything but zero is refused (5.23.6.2). */
function zeroes(length: number): ReturnType<typeof bytes<never>> {
  return bytes("Reserved", length, { reserved: "zero" });
}

const onlyAlarmEnabled = {
  doc: "No flag is set beside ALARM_ENABLED",
  section: "5.23.6.2",
  of: { field: "flags" },
  within: 1,
  otherwise: "EINVAL",
  driver: "5.23.6.1",
} as const;

// What devices answer to others depends on what they know (5.23.6.2).
const knownCounter = (section: string) => ({
  doc: "A hardware counter of the standard, or of the implementation",
  of: { field: "hw_counter" },
  named: true,
  driver: section,
} as const);

// Without ALARM these requests are not unknown: the clock is taken for one without an alarm.
const alarm = {
  section: "5.23.6.6.2",
  feature: "ALARM",
  status: {
    field: "status",
    ok: "OK",
    // NOTES.md: rtc-enodev
    unknown: "ENODEV",
    malformed: "EINVAL",
    failed: "EIO",
    discards: true,
  },
} as const;

/** The RTC device: clocks to read, and alarms. */
export const rtc: Device = defineDevice({
  name: "rtc",
  prefix: "Rtc",
  id: 17,
  title: "RTC Device",
  section: "5.23",
  doc: "Clocks that can be read, also together with a hardware counter, and their alarms",

  features: {
    ALARM: { bit: 0, doc: "Some clocks have an alarm", since: "1.4", by: "handler" },
  },

  enums: {
    VIRTIO_RTC_REQ: {
      doc: "What a request asks for",
      section: "5.23.6",
      name: "RequestType",
      members: {
        READ: { value: 0x0001, doc: "Read a clock" },
        READ_CROSS: { value: 0x0002, doc: "Read a clock together with a hardware counter" },
        CFG: { value: 0x1000, doc: "Number of clocks" },
        CLOCK_CAP: { value: 0x1001, doc: "What a clock is" },
        CROSS_CAP: { value: 0x1002, doc: "Whether a clock can be read together with a counter" },
        READ_ALARM: { value: 0x1003, doc: "Read an alarm", when: "ALARM" },
        SET_ALARM: { value: 0x1004, doc: "Set an alarm", when: "ALARM" },
        SET_ALARM_ENABLED: { value: 0x1005, doc: "Enable or disable an alarm", when: "ALARM" },
      },
    },
    VIRTIO_RTC_NOTIF: {
      doc: "What a notification tells",
      section: "5.23.6.6.3",
      name: "NotificationType",
      members: { ALARM: { value: 0x2000, doc: "An alarm expired" } },
    },
    VIRTIO_RTC_S: {
      doc: "How a request went",
      section: "5.23.6",
      name: "Status",
      members: {
        OK: { value: 0, doc: "Success" },
        EOPNOTSUPP: { value: 2, doc: "The device does not serve it, or knows no such counter" },
        ENODEV: { value: 3, doc: "No such clock, or one without an alarm" },
        EINVAL: { value: 4, doc: "Not a legal request, or a buffer is too small" },
        EIO: { value: 5, doc: "An error that is not the driver's fault" },
      },
    },
    VIRTIO_RTC_CLOCK: {
      doc: "Types of clocks",
      section: "5.23.6.3.1",
      name: "ClockType",
      reserved: [[0xf0, 0xff]],
      members: {
        UTC: { value: 0, doc: "UTC since 1970, steps at leap seconds" },
        TAI: { value: 1, doc: "TAI since 1970" },
        MONOTONIC: { value: 2, doc: "Physical time since some moment before or during reset" },
        UTC_SMEARED: { value: 3, doc: "UTC since 1970, smeared around leap seconds" },
        UTC_MAYBE_SMEARED: { value: 4, doc: "UTC since 1970, smeared or not" },
      },
    },
    VIRTIO_RTC_SMEAR: {
      doc: "How leap seconds are smeared",
      section: "5.23.6.3.2",
      name: "Smearing",
      reserved: [[0xf0, 0xff]],
      members: {
        UNSPECIFIED: { value: 0, doc: "Not said, or not at all" },
        NOON_LINEAR: { value: 1, doc: "Evenly from the noon before to the noon after" },
        UTC_SLS: { value: 2, doc: "Evenly over the last 1000 seconds of the day" },
      },
    },
    VIRTIO_RTC_COUNTER: {
      doc: "Hardware counters",
      section: "5.23.6.3.3",
      name: "Counter",
      reserved: [[0xf0, 0xfe]],
      members: {
        ARM_VCT: { value: 0, doc: "CNTVCT_EL0 of Arm" },
        X86_TSC: { value: 1, doc: "Time-stamp counter of x86" },
        INVALID: { value: 0xff, doc: "No counter" },
      },
    },
    VIRTIO_RTC_CLOCK_FLAG: {
      doc: "What a clock can do",
      section: "5.23.6.4",
      name: "ClockFlag",
      prefix: "VIRTIO_RTC_FLAG",
      as: "masks",
      members: { ALARM_CAP: { value: 1, doc: "It has an alarm", when: "ALARM" } },
    },
    VIRTIO_RTC_CROSS_FLAG: {
      doc: "What a clock and a counter can do together",
      section: "5.23.6.4",
      name: "CrossFlag",
      prefix: "VIRTIO_RTC_FLAG",
      as: "masks",
      members: { CROSS_CAP: { value: 1, doc: "They can be read together" } },
    },
    VIRTIO_RTC_ALARM_FLAG: {
      doc: "State of an alarm",
      section: "5.23.6.6.2",
      name: "AlarmFlag",
      prefix: "VIRTIO_RTC_FLAG",
      as: "masks",
      members: { ALARM_ENABLED: { value: 1, doc: "It is enabled" } },
    },
  },

  structs: {
    virtio_rtc_req_head: {
      doc: "Head of a request",
      section: "5.23.6",
      size: 8,
      fields: {
        msg_type: le16("What is asked for", { enum: "VIRTIO_RTC_REQ", tag: true }),
        reserved: zeroes(6),
      },
    },
    virtio_rtc_resp_head: {
      doc: "Head of an answer",
      section: "5.23.6",
      size: 8,
      fields: { status: u8("How it went", { enum: "VIRTIO_RTC_S" }), reserved: padding(7) },
    },
    virtio_rtc_notif_head: {
      doc: "Head of a notification",
      section: "5.23.6.6.3",
      size: 8,
      fields: {
        msg_type: le16("What it tells", { enum: "VIRTIO_RTC_NOTIF", tag: true }),
        reserved: padding(6),
      },
    },
  },

  messages: {
    // Times are nanoseconds, readings of one clock never go back unless the clock does.
    // NOTES.md: rtc-short
    virtio_rtc_req: {
      doc: "A request on the clocks",
      section: "5.23.6",
      readable: { head: inline("virtio_rtc_req_head") },
      writable: { head: inline("virtio_rtc_resp_head") },
      status: {
        field: "status",
        ok: "OK",
        unknown: "EOPNOTSUPP",
        malformed: "EINVAL",
        failed: "EIO",
        discards: true, // nothing beside the status counts then (5.23.6.1)
      },
      cases: {
        read: {
          doc: "Reads a clock",
          section: "5.23.6.5",
          tag: "VIRTIO_RTC_REQ_READ",
          struct: { readable: "virtio_rtc_req_read", writable: "virtio_rtc_resp_read" },
          readable: { clock_id: clockId, reserved: zeroes(6) },
          writable: { clock_reading: le64("Time in nanoseconds") },
        },
        read_cross: {
          doc: "Reads a clock together with a hardware counter",
          section: "5.23.6.5",
          tag: "VIRTIO_RTC_REQ_READ_CROSS",
          struct: { readable: "virtio_rtc_req_read_cross", writable: "virtio_rtc_resp_read_cross" },
          readable: { clock_id: clockId, hw_counter: hwCounter, reserved: zeroes(5) },
          writable: {
            clock_reading: le64("Time in nanoseconds"),
            counter_cycles: le64("What the driver would have read from the counter then"),
          },
          checks: [knownCounter("5.23.6.5.1")],
        },
        cfg: {
          doc: "Tells the number of clocks",
          section: "5.23.6.4",
          tag: "VIRTIO_RTC_REQ_CFG",
          struct: { readable: "virtio_rtc_req_cfg", writable: "virtio_rtc_resp_cfg" },
          writable: { num_clocks: le16("Number of clocks"), reserved: padding(6) },
        },
        clock_cap: {
          doc: "Tells what a clock is",
          section: "5.23.6.4",
          tag: "VIRTIO_RTC_REQ_CLOCK_CAP",
          struct: { readable: "virtio_rtc_req_clock_cap", writable: "virtio_rtc_resp_clock_cap" },
          readable: { clock_id: clockId, reserved: zeroes(6) },
          writable: {
            type: u8("Type of the clock", { enum: "VIRTIO_RTC_CLOCK" }),
            leap_second_smearing: u8("How UTC_SMEARED is smeared, else UNSPECIFIED", {
              enum: "VIRTIO_RTC_SMEAR",
            }),
            flags: u8("What it can do", { enum: "VIRTIO_RTC_CLOCK_FLAG" }),
            reserved: padding(5),
          },
        },
        cross_cap: {
          doc: "Tells whether a clock can be read together with a hardware counter",
          section: "5.23.6.4",
          tag: "VIRTIO_RTC_REQ_CROSS_CAP",
          struct: { readable: "virtio_rtc_req_cross_cap", writable: "virtio_rtc_resp_cross_cap" },
          readable: { clock_id: clockId, hw_counter: hwCounter, reserved: zeroes(5) },
          writable: {
            flags: u8("Whether it can", { enum: "VIRTIO_RTC_CROSS_FLAG" }),
            reserved: padding(7),
          },
          checks: [knownCounter("5.23.6.4.1")],
        },
        read_alarm: {
          doc: "Reads the alarm of a clock",
          tag: "VIRTIO_RTC_REQ_READ_ALARM",
          struct: { readable: "virtio_rtc_req_read_alarm", writable: "virtio_rtc_resp_read_alarm" },
          readable: { clock_id: clockId, reserved: zeroes(6) },
          writable: {
            alarm_time: le64("Time of the alarm in nanoseconds"),
            flags: alarmFlags,
            reserved: padding(7),
          },
          ...alarm,
        },
        set_alarm: {
          doc: "Sets the alarm of a clock; a time that has passed expires at once",
          tag: "VIRTIO_RTC_REQ_SET_ALARM",
          struct: { readable: "virtio_rtc_req_set_alarm", writable: "virtio_rtc_resp_set_alarm" },
          readable: {
            alarm_time: le64("Time of the alarm in nanoseconds"),
            clock_id: clockId,
            flags: alarmFlags,
            reserved: zeroes(5),
          },
          checks: [onlyAlarmEnabled],
          ...alarm,
        },
        set_alarm_enabled: {
          doc: "Enables or disables the alarm of a clock, whose time stays",
          tag: "VIRTIO_RTC_REQ_SET_ALARM_ENABLED",
          struct: {
            readable: "virtio_rtc_req_set_alarm_enabled",
            writable: "virtio_rtc_resp_set_alarm_enabled",
          },
          readable: { clock_id: clockId, flags: alarmFlags, reserved: zeroes(5) },
          checks: [onlyAlarmEnabled],
          ...alarm,
        },
      },
    },

    virtio_rtc_notif: {
      doc: "A notification",
      section: "5.23.6.6.3",
      writable: { head: inline("virtio_rtc_notif_head") },
      cases: {
        alarm: {
          doc: "The alarm of a clock expired",
          tag: "VIRTIO_RTC_NOTIF_ALARM",
          struct: { writable: "virtio_rtc_notif_alarm" },
          writable: { clock_id: clockId, reserved: padding(6) },
        },
      },
    },
  },

  behaviours: {
    clocks: {
      doc: "Clocks and their alarms",
      section: "5.23.6",
      enums: [
        "VIRTIO_RTC_S",
        "VIRTIO_RTC_CLOCK",
        "VIRTIO_RTC_SMEAR",
        "VIRTIO_RTC_COUNTER",
        "VIRTIO_RTC_CLOCK_FLAG",
        "VIRTIO_RTC_CROSS_FLAG",
        "VIRTIO_RTC_ALARM_FLAG",
      ],
      features: ["ALARM"],
      device: {
        class: "Clocks",
        options: "required",
        serves: [
          "virtio_rtc_req.read",
          "virtio_rtc_req.read_cross",
          "virtio_rtc_req.cfg",
          "virtio_rtc_req.clock_cap",
          "virtio_rtc_req.cross_cap",
          "virtio_rtc_req.read_alarm",
          "virtio_rtc_req.set_alarm",
          "virtio_rtc_req.set_alarm_enabled",
        ],
      },
    },
  },

  queues: {
    requestq: {
      doc: "Requests; reads of one clock are served in order",
      section: "5.23.2",
      role: "request",
      carries: "virtio_rtc_req",
      index: 0,
      order: { key: "clock_id" },
    },
    alarmq: {
      doc: "Expired alarms",
      section: "5.23.2",
      role: "receive",
      carries: "virtio_rtc_notif",
      index: 1,
      when: "ALARM",
      parks: 16,
    },
  },
});
