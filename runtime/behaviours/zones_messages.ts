/**
 * What zones see of a disk's messages and of its configuration (VIRTIO 1.4, 5.2.6).
 *
 * @module
 */

import type { Handler } from "../behaviour.ts";
import type { ReadableBytes, WritableBytes } from "../cursor.ts";

/** What the user may say of the zones of a disk. */
export interface ZonesOptions {
  /** How many zones at the start of the disk are conventional; none when not given. */
  readonly conventional?: number;
  /** Sectors that can be written in a zone; all of them when not given. */
  readonly capacity?: number;
}

/** What zones look at in their device. */
export interface ZonesHost {
  /** The configuration. */
  readonly settings: {
    readonly capacity: number;
    readonly zoned?: {
      readonly zoneSectors: number;
      readonly maxOpenZones: number;
      readonly maxActiveZones: number;
      readonly writeGranularity: number;
      readonly model: number;
    };
  };
}

/** A request at a sector. */
export interface ZoneRequest {
  /** The sector. */
  sector: number;
}

/** Ranges to erase. */
export interface ZonesErased {
  /** The ranges. */
  readonly segments: readonly { readonly sector: number; readonly numSectors: number }[];
}

/** A status, perhaps later. */
export type ZonesAnswer = number | Promise<number>;
/** A handler of reads. */
export type ZonesRead = Handler<
  [request: ZoneRequest, data: WritableBytes, queue: number],
  ZonesAnswer
>;
/** A handler of writes. */
export type ZonesWrite = Handler<
  [request: ZoneRequest, data: ReadableBytes, queue: number],
  ZonesAnswer
>;
/** A handler of erasures. */
export type ZonesErase = Handler<[request: ZonesErased, queue: number], ZonesAnswer>;

/** Handlers of the user that zones stand in front of. */
export interface ZonesUser {
  /** Reads sectors. */
  readonly in?: ZonesRead | undefined;
  /** Writes sectors. */
  readonly out?: ZonesWrite | undefined;
  /** Erases ranges for good. */
  readonly secureErase?: ZonesErase | undefined;
}

/** What a report says of one zone. */
export interface ZoneDescriptor {
  /** Sectors that can be written in the empty zone. */
  zCap: number;
  /** First sector. */
  zStart: number;
  /** Sector of the next write, all ones where there is none. */
  zWp: bigint;
  /** How it may be written. */
  zType: number;
  /** Its state. */
  zState: number;
}

/** The handlers that take the place of the user's. */
export interface ZonesHandlers extends ZonesUser {
  /** Writes at the write pointer. */
  readonly zoneAppend?:
    | ((
      request: ZoneRequest,
      data: ReadableBytes,
      queue: number,
    ) => ZoneAppended | Promise<ZoneAppended>)
    | undefined;
  /** Reports states. */
  readonly zoneReport: (
    request: ZoneRequest,
    queue: number,
    room: number,
  ) => number | { zones: ZoneDescriptor[] };
  /** Opens a zone. */
  readonly zoneOpen: (request: ZoneRequest) => ZonesAnswer;
  /** Closes a zone. */
  readonly zoneClose: (request: ZoneRequest) => ZonesAnswer;
  /** Makes a zone full. */
  readonly zoneFinish: (request: ZoneRequest) => ZonesAnswer;
  /** Makes a zone empty. */
  readonly zoneReset: (request: ZoneRequest) => ZonesAnswer;
  /** Makes all zones empty. */
  readonly zoneResetAll: () => ZonesAnswer;
}

/** What an append answers. */
export type ZoneAppended = number | { readonly appendSector: number; readonly status: number };
