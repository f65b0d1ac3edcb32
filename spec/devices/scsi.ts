/**
 * SCSI host device (VIRTIO 1.4, 5.6).
 *
 * @module
 */

import { bits, bytes, defineDevice, type Device, le16, le32, le64, payload, u8 } from "../dsl.ts";

/** The SCSI host: targets with logical units, commands for them, and news about them. */
export const scsi: Device = defineDevice({
  name: "scsi",
  prefix: "Scsi",
  id: 8,
  title: "SCSI Host Device",
  section: "5.6",
  doc: "A SCSI host: up to 256 targets with logical units that take SCSI commands",

  features: {
    INOUT: { bit: 0, doc: "One command may carry data both ways", by: "option" },
    HOTPLUG: {
      bit: 1,
      doc: "Logical units that come and go are reported as events",
      by: "option",
    },
    CHANGE: {
      bit: 2,
      doc: "Changed parameters of a logical unit are reported as events",
      by: "option",
    },
    T10_PI: {
      bit: 3,
      doc: "Commands may carry T10 protection information (DIF/DIX)",
      by: "option",
    },
  },

  enums: {
    VIRTIO_SCSI_T: {
      doc: "What a control request asks for",
      section: "5.6.6.2",
      name: "ControlType",
      members: {
        TMF: { value: 0, doc: "A task management function" },
        AN_QUERY: { value: 1, doc: "Which asynchronous events a logical unit can report" },
        AN_SUBSCRIBE: { value: 2, doc: "Report asynchronous events of a logical unit" },
      },
    },
    VIRTIO_SCSI_T_TMF: {
      doc: "Task management functions",
      section: "5.6.6.2",
      name: "TaskManagementFunction",
      unknown: "refuse",
      members: {
        ABORT_TASK: { value: 0, doc: "Abort the command with this id" },
        ABORT_TASK_SET: { value: 1, doc: "Abort the initiator's commands on the logical unit" },
        CLEAR_ACA: { value: 2, doc: "Clear an auto contingent allegiance condition" },
        CLEAR_TASK_SET: { value: 3, doc: "Abort all commands on the logical unit" },
        I_T_NEXUS_RESET: { value: 4, doc: "Reset the target; the logical unit is ignored" },
        LOGICAL_UNIT_RESET: { value: 5, doc: "Reset the logical unit" },
        QUERY_TASK: { value: 6, doc: "Whether the command with this id is there" },
        QUERY_TASK_SET: { value: 7, doc: "Whether any command is there" },
      },
    },
    VIRTIO_SCSI_S: {
      doc: "How a command or a control request went, apart from the SCSI status",
      section: "5.6.6.1",
      name: "Response",
      members: {
        OK: {
          value: 0,
          doc: "Done (FUNCTION_COMPLETE); for commands, the SCSI status is filled in",
        },
        OVERRUN: { value: 1, doc: "The CDB asks for more data than the buffers hold" },
        ABORTED: { value: 2, doc: "Cancelled by an abort" },
        BAD_TARGET: { value: 3, doc: "Never processed, the target does not exist" },
        RESET: { value: 4, doc: "Cancelled by a bus or device reset" },
        BUSY: { value: 5, doc: "Failed, trying again on the same path may work" },
        TRANSPORT_FAILURE: { value: 6, doc: "The link between host and target is severed" },
        TARGET_FAILURE: { value: 7, doc: "The target fails on every path" },
        NEXUS_FAILURE: { value: 8, doc: "The nexus fails, another path may work" },
        FAILURE: { value: 9, doc: "Other host or driver error" },
        FUNCTION_SUCCEEDED: { value: 10, doc: "Task management: done, and the answer is yes" },
        FUNCTION_REJECTED: { value: 11, doc: "Task management: this function is not served" },
        INCORRECT_LUN: { value: 12, doc: "Control requests: the logical unit does not exist" },
      },
    },
    VIRTIO_SCSI_TASK_ATTR: {
      doc: "Task attributes; a device may take each of them for SIMPLE",
      section: "5.6.6.1",
      name: "TaskAttribute",
      prefix: "VIRTIO_SCSI_S",
      members: {
        SIMPLE: { value: 0, doc: "In any order" },
        ORDERED: { value: 1, doc: "After older commands, before newer ones" },
        HEAD: { value: 2, doc: "Head of queue" },
        ACA: { value: 3, doc: "During an auto contingent allegiance condition" },
      },
    },
    VIRTIO_SCSI_EVENT: {
      doc: "What an event tells",
      section: "5.6.6.3",
      name: "EventType",
      prefix: "VIRTIO_SCSI_T",
      members: {
        NO_EVENT: { value: 0, doc: "Nothing: events were lost, or the buffer was too small" },
        TRANSPORT_RESET: { value: 1, doc: "A logical unit was reset, came or went" },
        ASYNC_NOTIFY: { value: 2, doc: "An asynchronous event of a physical interface" },
        PARAM_CHANGE: {
          value: 3,
          doc: "A logical unit's parameters changed; never for MMC",
          when: "CHANGE",
        },
      },
    },
    VIRTIO_SCSI_EVT_RESET: {
      doc: "Reason of a TRANSPORT_RESET event",
      section: "5.6.6.3",
      name: "ResetReason",
      members: {
        HARD: { value: 0, doc: "Reset, and still there" },
        RESCAN: {
          value: 1,
          doc: "Came; for logical unit 0, perhaps the whole target",
          when: "HOTPLUG",
        },
        REMOVED: {
          value: 2,
          doc: "Went; for logical unit 0, perhaps the whole target",
          when: "HOTPLUG",
        },
      },
    },
    VIRTIO_SCSI_EVT_ASYNC: {
      doc: "Asynchronous events: asked for, and reason of an ASYNC_NOTIFY event",
      section: "5.6.6.2",
      name: "AsyncEvent",
      as: "masks",
      members: {
        OPERATIONAL_CHANGE: 2,
        POWER_MGMT: 4,
        EXTERNAL_REQUEST: 8,
        MEDIA_CHANGE: 16,
        MULTI_HOST: 32,
        DEVICE_BUSY: 64,
      },
    },
  },

  constants: {
    VIRTIO_SCSI_S_FUNCTION_COMPLETE: {
      value: 0,
      doc: "OK by another name: the task management function is done",
    },
    VIRTIO_SCSI_T_EVENTS_MISSED: {
      value: 0x80000000,
      doc: "Bit of the event word: events were lost for want of buffers",
    },
  },

  config: {
    struct: "virtio_scsi_config",
    section: "5.6.4",
    size: 36,
    fields: {
      num_queues: le32("Number of request queues", { min: 1 }),
      seg_max: le32("Most segments of a command, each way"),
      max_sectors: le32("Hint: largest transfer, in sectors"),
      cmd_per_lun: le32("Most linked commands for one logical unit"),
      event_info_size: le32("Most bytes that the device writes into an event buffer", { min: 16 }),
      // NOTES.md: scsi-sizes
      // The standard sets no limit to the next two. They size each request, so a limit there must
      // be; these are what QEMU accepts.
      sense_size: le32("Most bytes of sense data in an answer", {
        driverWrites: true,
        reset: 96,
        max: 65535,
      }),
      cdb_size: le32("Bytes of a command's CDB", { driverWrites: true, reset: 32, max: 255 }),
      max_channel: le16("Hint: highest channel, should be 0"),
      max_target: le16("Hint: highest target, should be at most 255"),
      max_lun: le32("Hint: highest logical unit, should be at most 16383"),
    },
  },

  messages: {
    command: {
      doc: "A SCSI command for a logical unit",
      section: "5.6.6.1",
      struct: "virtio_scsi_req_cmd",
      readable: {
        lun: bytes(
          "Addressed unit: 1, the target, the single level LUN (big-endian), four zeroes; or " +
            "0xC1, 1, six zeroes for the REPORT LUNS unit",
          8,
        ),
        id: le64("The command's tag, named by task management"),
        task_attr: u8("Task attribute", { enum: "VIRTIO_SCSI_TASK_ATTR" }),
        prio: u8("Priority, should be 0"),
        crn: u8("Command reference number, should be 0"),
        // NOTES.md: scsi-pi
        pi_bytesout: le32("Bytes of pi_out", { when: "T10_PI" }),
        pi_bytesin: le32("Bytes of pi_in", { when: "T10_PI" }),
        cdb: bytes("Command descriptor block", { config: "cdb_size" }, {
          external: "SCSI",
          strictBefore: "pi_bytesout",
        }),
        pi_out: payload("Protection information to the unit", { field: "pi_bytesout" }, {
          when: "T10_PI",
        }),
        dataout: payload("Data to the unit"),
      },
      writable: {
        sense_len: le32("Bytes of sense that are filled", { max: { config: "sense_size" } }),
        residual: le32("Bytes of data that were not transferred, both ways together"),
        status_qualifier: le16("SCSI status qualifier"),
        status: u8("SCSI status"),
        response: u8("How it went", { enum: "VIRTIO_SCSI_S" }),
        sense: bytes("Sense data", { config: "sense_size" }, { external: "SCSI" }),
        pi_in: payload("Protection information from the unit", { field: "pi_bytesin" }, {
          when: "T10_PI",
        }),
        datain: payload("Data from the unit"),
      },
      status: {
        field: "response",
        ok: "OK",
        unknown: "FAILURE",
        malformed: "FAILURE",
        failed: "FAILURE",
      },
      checks: [{
        doc: "Data both ways only with INOUT",
        section: "5.6.6.1.1",
        unless: "INOUT",
        of: { product: [{ length: "dataout" }, { length: "datain" }] },
        equals: 0,
        otherwise: "FAILURE",
      }],
    },

    // NOTES.md: scsi-stray
    virtio_scsi_ctrl: {
      doc: "A control request",
      section: "5.6.6.2",
      struct: "virtio_scsi_ctrl",
      readable: { type: le32("What is asked for", { enum: "VIRTIO_SCSI_T", tag: true }) },
      writable: { response: u8("How it went", { enum: "VIRTIO_SCSI_S" }) },
      status: {
        field: "response",
        ok: "OK",
        unknown: "FAILURE",
        malformed: "FAILURE",
        failed: "FAILURE",
      },
      cases: {
        tmf: {
          doc: "Performs a task management function; the commands it ends are answered before it",
          tag: "VIRTIO_SCSI_T_TMF",
          struct: "virtio_scsi_ctrl_tmf",
          readable: {
            subtype: le32("The function", { enum: "VIRTIO_SCSI_T_TMF" }),
            lun: bytes("Addressed unit, as in a command", 8),
            id: le64("Tag of the command, for functions on one command"),
          },
          status: {
            field: "response",
            ok: "OK",
            unknown: "FUNCTION_REJECTED",
            malformed: "FUNCTION_REJECTED",
            failed: "FAILURE",
          },
        },
        an_query: {
          doc: "Asks which asynchronous events a logical unit can report",
          tag: "VIRTIO_SCSI_T_AN_QUERY",
          struct: "virtio_scsi_ctrl_an",
          readable: {
            lun: bytes("Addressed unit, as in a command", 8),
            event_requested: le32("Events of interest", { enum: "VIRTIO_SCSI_EVT_ASYNC" }),
          },
          writable: {
            event_actual: le32("Events that the unit supports", { enum: "VIRTIO_SCSI_EVT_ASYNC" }),
          },
        },
        an_subscribe: {
          doc: "Asks for reports of a logical unit's asynchronous events",
          tag: "VIRTIO_SCSI_T_AN_SUBSCRIBE",
          struct: "virtio_scsi_ctrl_an",
          readable: {
            lun: bytes("Addressed unit, as in a command", 8),
            event_requested: le32("Events of interest", { enum: "VIRTIO_SCSI_EVT_ASYNC" }),
          },
          writable: {
            event_actual: le32("Events that the unit supports", { enum: "VIRTIO_SCSI_EVT_ASYNC" }),
          },
        },
      },
    },

    event: {
      doc: "News about a logical unit",
      section: "5.6.6.3",
      struct: "virtio_scsi_event",
      writable: {
        event: bits("le32", {
          event: { width: 31, doc: "What happened", enum: "VIRTIO_SCSI_EVENT" },
          events_missed: { width: 1, doc: "Events were lost for want of buffers" },
        }),
        lun: bytes("The unit, as in a command", 8),
        reason: le32(
          "TRANSPORT_RESET: why; ASYNC_NOTIFY: the events; PARAM_CHANGE: the additional sense " +
            "code in bits 0 to 7 and its qualifier in bits 8 to 15",
        ),
      },
    },
  },

  behaviours: {
    tasks: {
      doc: "Commands under way, and what task management does to them",
      section: "5.6.6.2",
      enums: ["VIRTIO_SCSI_T_TMF", "VIRTIO_SCSI_S"],
      device: { class: "Tasks", options: "optional", serves: ["virtio_scsi_ctrl.tmf"] },
    },
    events: {
      doc: "Events of units, and whether some were lost for want of buffers",
      section: "5.6.6.3",
      enums: ["VIRTIO_SCSI_EVENT", "VIRTIO_SCSI_EVT_RESET"],
      features: ["HOTPLUG", "CHANGE"],
      device: { class: "UnitEvents" },
    },
  },

  queues: {
    controlq: {
      doc: "Task management and asynchronous notification",
      section: "5.6.2",
      role: "request",
      carries: "virtio_scsi_ctrl",
      index: 0,
      legacyUsed: "ignored",
    },
    eventq: {
      doc: "Events; one that finds no buffer is lost",
      section: "5.6.2",
      role: "receive",
      carries: "event",
      index: 1,
      parks: { config: "event_info_size" },
      legacyUsed: "ignored",
    },
    requestq: {
      doc: "Commands, served in any order",
      section: "5.6.2",
      role: "request",
      carries: "command",
      index: 2,
      count: { config: "num_queues" },
      used: "bound", // QEMU counts the data that it read, too
      legacyUsed: "ignored",
    },
  },
});
