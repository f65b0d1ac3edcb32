/**
 * Channel I/O as far as both ends of virtio over it need it: commands, their outcome, and the commands
 * that are not virtio's own.
 *
 * @module
 */

/** A channel command word. */
export interface ChannelCommand {
  /** What to do. */
  readonly command: number;
  /** Bits of {@linkcode ChannelFlag}. */
  readonly flags: number;
  /** Bytes at the address. */
  readonly count: number;
  /** Guest address of the data. */
  readonly address: number;
}

/** How a channel command ended. */
export interface ChannelStatus {
  /** Bits of {@linkcode DeviceEnd}. */
  readonly device: number;
  /** Bits of {@linkcode SubchannelCheck}. */
  readonly subchannel: number;
  /** Bytes at the address that were not used. */
  readonly residual: number;
}

/** Flags of a command. */
export const ChannelFlag = {
  /** A wrong length is no error. */
  SUPPRESS_LENGTH: 0x20,
} as const;

/** Device status of an ended command. */
export const DeviceEnd = {
  /** The channel is done. */
  CHANNEL_END: 0x08,
  /** The device is done. */
  DEVICE_END: 0x04,
  /** The device refused; sense bytes say why. */
  UNIT_CHECK: 0x02,
} as const;

/** Subchannel status of an ended command. */
export const SubchannelCheck = {
  /** The length was not the command's. */
  INCORRECT_LENGTH: 0x40,
  /** The data is not where it could be reached. */
  PROGRAM_CHECK: 0x20,
} as const;

/** Commands of every device. */
export const BasicCommand = {
  /** Reads why the last command was refused. */
  SENSE: 0x04,
  /** Reads what the device is. */
  SENSE_ID: 0xe4,
} as const;

/** First sense byte: the command is not accepted. */
export const COMMAND_REJECT = 0x80;

/** What SENSE_ID reads: 0xff, control unit type and model, device type and model. */
export const SENSE_ID_SIZE = 7;
