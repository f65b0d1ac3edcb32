/**
 * How a SCSI command went (SPC-4, 4.5): good, or a condition that sense data describe.
 *
 * @module
 */

/** Statuses of commands. */
export const ScsiStatus = {
  /** Done. */
  GOOD: 0,
  /** Not done, the sense data say why. */
  CHECK_CONDITION: 2,
} as const;

/** Why a command was not done: sense key, additional sense code and its qualifier. */
export type Condition = readonly [key: number, code: number, qualifier: number];

/** Conditions by their names in the standards. */
export const Conditions = {
  /** Nothing to tell. */
  NO_SENSE: [0, 0, 0],
  /** The file could not be read. */
  UNRECOVERED_READ_ERROR: [3, 0x11, 0],
  /** The file could not be written. */
  WRITE_ERROR: [3, 0x0c, 0],
  /** Fewer parameters came than the command says. */
  PARAMETER_LIST_LENGTH_ERROR: [5, 0x1a, 0],
  /** There is no such command. */
  INVALID_COMMAND_OPERATION_CODE: [5, 0x20, 0],
  /** Blocks are beyond the last one. */
  LOGICAL_BLOCK_ADDRESS_OUT_OF_RANGE: [5, 0x21, 0],
  /** The command asks for something that there is not. */
  INVALID_FIELD_IN_CDB: [5, 0x24, 0],
  /** There is no such logical unit. */
  LOGICAL_UNIT_NOT_SUPPORTED: [5, 0x25, 0],
  /** Parameters make no sense. */
  INVALID_FIELD_IN_PARAMETER_LIST: [5, 0x26, 0],
  /** The disk can not be written. */
  WRITE_PROTECTED: [7, 0x27, 0],
} as const satisfies Readonly<Record<string, Condition>>;

/** Sense data of the fixed format. */
export function senseData([key, code, qualifier]: Condition): Uint8Array {
  const sense = new Uint8Array(18);
  sense[0] = 0x70; // current, fixed format
  sense[2] = key;
  sense[7] = sense.length - 8; // bytes that follow
  sense[12] = code;
  sense[13] = qualifier;
  return sense;
}
