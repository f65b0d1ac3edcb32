/**
 * Zones of a disk: which may be written where, and what is reported of them (VIRTIO 1.4, 5.2.6).
 * The data stay with the user, whose handlers read and write sectors as on any disk; an append
 * reaches the handler of writes, at the zone's write pointer.
 *
 * Writes to a sequential zone run one after the other, however many the driver has in flight, and
 * what changes its state waits for them, so that a write pointer only ever stands behind data that
 * were written. What lies behind it reads as zeroes. Zones belong to the medium: they outlive a reset
 * of the device.
 *
 * @module
 */

import { DeviceBehaviour } from "../behaviour.ts";
import type { ReadableBytes, WritableBytes } from "../cursor.ts";
import { type ZonesCodes, ZoneTable } from "./zone_table.ts";
import type {
  ZoneAppended,
  ZoneDescriptor,
  ZoneRequest,
  ZonesAnswer,
  ZonesErase,
  ZonesErased,
  ZonesHandlers,
  ZonesHost,
  ZonesOptions,
  ZonesRead,
  ZonesUser,
  ZonesWrite,
} from "./zones_messages.ts";

const SECTOR = 512;
/** Reported where a zone has no write pointer. */
const NO_POINTER = 0xffff_ffff_ffff_ffffn;
/** Bytes of a report before its descriptors, and of each of these. */
const REPORT = 64;

/** The zones of one disk. */
export class Zones extends DeviceBehaviour {
  readonly #host: ZonesHost;
  readonly #codes: ZonesCodes;
  readonly #conventional: number;
  readonly #capacity: number;
  #settings: ZonesHost["settings"];
  #table: ZoneTable;
  #active = false;
  readonly #busy = new Map<number, Promise<unknown>>(); // zones with a write under way

  /** RangeError when there can be no such zones. */
  constructor(host: ZonesHost, codes: ZonesCodes, options: ZonesOptions = {}) {
    super();
    const { conventional = 0, capacity = Infinity } = options;
    if (!(Number.isInteger(conventional) && conventional >= 0 && capacity >= 1)) {
      const found = `${conventional} conventional ones, ${capacity} sectors to write in each`;
      throw new RangeError(`Cannot make zones: ${found}`);
    }
    this.#host = host;
    this.#codes = codes;
    this.#conventional = conventional;
    this.#capacity = capacity;
    this.#settings = host.settings;
    this.#table = this.#fresh();
  }

  /** How many zones there are. */
  get count(): number {
    return this.#current.count;
  }

  /** What a report says of a zone; RangeError when there is none of this number. */
  describe(zone: number): ZoneDescriptor {
    const table = this.#current;
    this.#check(zone);
    const { CONV, SWR, SWP } = this.#codes.zoneType;
    const { NOT_WP, RDONLY, FULL, OFFLINE } = this.#codes.zoneState;
    const state = table.state(zone);
    return {
      zCap: table.end(zone) - table.start(zone),
      zStart: table.start(zone),
      zWp: [NOT_WP, RDONLY, FULL, OFFLINE].includes(state)
        ? NO_POINTER
        : BigInt(table.pointer(zone)),
      zType: state === NOT_WP ? CONV : this.#required ? SWR : SWP,
      zState: state,
    };
  }

  /**
   * Takes a sequential zone out of service, as broken hardware does: it can only be read from now
   * on, or not even that. RangeError when there is no such zone, or it is offline already.
   */
  fail(zone: number, state: "RDONLY" | "OFFLINE"): void {
    const table = this.#current;
    this.#check(zone);
    const { NOT_WP, OFFLINE } = this.#codes.zoneState;
    const now = table.state(zone);
    if (now === NOT_WP || now === OFFLINE) {
      const why = now === OFFLINE ? "offline" : "conventional";
      throw new RangeError(`Cannot take zone ${zone} out of service: it is ${why}`);
    }
    table.enter(zone, this.#codes.zoneState[state]);
  }

  /** The handlers that stand in front of the user's. */
  handlers({ in: read, out: write, secureErase: erase }: ZonesUser): ZonesHandlers {
    const { UNSUPP } = this.#codes.status;
    const change =
      (act: (table: ZoneTable, zone: number) => number) => ({ sector }: ZoneRequest) => {
        const zone = this.#current.zoneOf(sector);
        return this.#active ? this.#idle([zone], () => act(this.#current, zone)) : UNSUPP;
      };
    return {
      in: read && ((request, data, queue) => {
        return this.#active ? this.#read(read, request, data, queue) : read(request, data, queue);
      }),
      out: write && ((request, data, queue) => {
        return this.#active
          ? this.#write(write, request, data, queue)
          : write(request, data, queue);
      }),
      secureErase: erase && ((request, queue) => {
        return this.#active ? this.#erase(erase, request, queue) : erase(request, queue);
      }),
      zoneAppend: write && ((request, data, queue) => {
        return this.#active ? this.#append(write, request, data, queue) : UNSUPP;
      }),
      zoneReport: (request, _queue, room) => {
        return this.#active ? this.#report(request, room) : UNSUPP;
      },
      zoneOpen: change((table, zone) => table.open(zone, "EOPEN")),
      zoneClose: change((table, zone) => table.close(zone)),
      zoneFinish: change((table, zone) => table.finish(zone)),
      zoneReset: change((table, zone) => table.reset(zone)),
      zoneResetAll: () => this.#active ? this.#resetAll() : UNSUPP,
    };
  }

  /** Without its zones, a disk that the driver must manage is of no use (VIRTIO 1.4, 5.2.5.2). */
  override settle(active: boolean): boolean {
    this.#active = active && this.#zoned;
    return active || this.#host.settings.zoned?.model !== this.#codes.zoneModel.HM;
  }

  /** State and write pointer of each zone, by its number. */
  override save(): unknown {
    return this.#current.save();
  }

  /** Takes back what {@linkcode Zones.save} gave, from untrusted data; TypeError or RangeError naming the field. */
  override restore(state: unknown, path = "zones"): void {
    const table = this.#fresh();
    table.restore(state, path);
    this.#settings = this.#host.settings;
    this.#table = table;
  }

  /** Whether there are zones that the driver sees. */
  get #zoned(): boolean {
    const { zoned } = this.#host.settings;
    return zoned !== undefined && zoned.model !== this.#codes.zoneModel.NONE;
  }

  /** Whether sequential zones must be written in order. */
  get #required(): boolean {
    return this.#host.settings.zoned?.model === this.#codes.zoneModel.HM;
  }

  /** The table, with as many zones as the configuration has by now. */
  get #current(): ZoneTable {
    if (this.#settings !== this.#host.settings) {
      this.#settings = this.#host.settings;
      const table = this.#fresh();
      table.adopt(this.#table);
      this.#table = table;
    }
    return this.#table;
  }

  #fresh(): ZoneTable {
    const { capacity, zoned } = this.#host.settings;
    const size = zoned?.zoneSectors ?? 0;
    if (this.#zoned && size === 0) throw new RangeError("Cannot make zones: zone_sectors is 0");
    return new ZoneTable(this.#codes, {
      sectors: this.#zoned ? capacity : 0,
      size,
      capacity: this.#capacity,
      conventional: this.#conventional,
      maxOpen: zoned?.maxOpenZones ?? 0,
      maxActive: zoned?.maxActiveZones ?? 0,
    });
  }

  #check(zone: number): void {
    if (Number.isInteger(zone) && zone >= 0 && zone < this.count) return;
    throw new RangeError(`Cannot use zone ${zone}: there are ${this.count}`);
  }

  #read(read: ZonesRead, request: ZoneRequest, data: WritableBytes, queue: number): ZonesAnswer {
    const table = this.#current;
    const { NOT_WP, OFFLINE } = this.#codes.zoneState;
    const { ZONE_INVALID_CMD } = this.#codes.status;
    const from = request.sector;
    const to = from + data.length / SECTOR;
    const first = table.zoneOf(from);
    for (let zone = first; table.start(zone) < to && zone < table.count; zone++) {
      const state = table.state(zone);
      const crosses = zone > first && this.#required && state !== NOT_WP;
      if (state === OFFLINE || crosses) return ZONE_INVALID_CMD;
    }
    const answer = read(request, data, queue);
    if (typeof answer !== "number") return this.#readLater(answer, from, to, data);
    this.#clear(from, to, data);
    return answer;
  }

  async #readLater(
    answer: Promise<number>,
    from: number,
    to: number,
    data: WritableBytes,
  ): Promise<number> {
    const status = await answer;
    this.#clear(from, to, data);
    return status;
  }

  /** What lies behind a write pointer was not written, whatever the medium has there. */
  #clear(from: number, to: number, data: WritableBytes): void {
    const table = this.#current;
    for (let zone = table.zoneOf(from); table.start(zone) < to && zone < table.count; zone++) {
      if (table.state(zone) === this.#codes.zoneState.NOT_WP) continue;
      const first = Math.max(from, table.pointer(zone));
      const last = Math.min(to, table.start(zone + 1));
      if (first < last) data.clear((first - from) * SECTOR, (last - first) * SECTOR);
    }
  }

  #write(write: ZonesWrite, request: ZoneRequest, data: ReadableBytes, queue: number): ZonesAnswer {
    const table = this.#current;
    const { sector } = request;
    const zone = table.zoneOf(sector);
    const to = sector + data.length / SECTOR;
    if (data.length === 0) return write(request, data, queue);
    const busy = this.#busy.get(zone);
    if (busy !== undefined) return busy.then(() => this.#write(write, request, data, queue));
    const refused = this.#admit(zone, sector, to);
    if (refused !== this.#codes.status.OK) return refused;
    const answer = write(request, data, queue);
    if (typeof answer !== "number") return this.#writeLater(zone, to, answer);
    this.#wrote(zone, to, answer);
    return answer;
  }

  #writeLater(zone: number, to: number, answer: Promise<number>): Promise<number> {
    return this.#occupy([zone], answer, (status) => this.#wrote(zone, to, status));
  }

  /** Keeps zones to what is under way, until `end` has seen its status. */
  #occupy(
    zones: readonly number[],
    answer: Promise<number>,
    end: (status: number) => void,
  ): Promise<number> {
    const done = answer.then((status) => {
      end(status);
      return status;
    }).finally(() => {
      for (const zone of zones) this.#busy.delete(zone);
    });
    for (const zone of zones) this.#busy.set(zone, done.catch(() => {}));
    return done;
  }

  /** Acts once nothing is under way in zones: what is ends first, and changes their states. */
  #idle(zones: readonly number[], act: () => ZonesAnswer): ZonesAnswer {
    const busy = zones.flatMap((zone) => this.#busy.get(zone) ?? []);
    return busy.length === 0 ? act() : Promise.all(busy).then(() => this.#idle(zones, act));
  }

  #wrote(zone: number, to: number, status: number): void {
    const table = this.#current;
    if (status !== this.#codes.status.OK || zone >= table.count) return;
    if (table.state(zone) !== this.#codes.zoneState.NOT_WP) table.advance(zone, to);
  }

  #append(
    write: ZonesWrite,
    request: ZoneRequest,
    data: ReadableBytes,
    queue: number,
  ): ZoneAppended | Promise<ZoneAppended> {
    const table = this.#current;
    const { OK, ZONE_INVALID_CMD } = this.#codes.status;
    const zone = table.zoneOf(request.sector);
    const sequential = table.state(zone) !== this.#codes.zoneState.NOT_WP && this.#required;
    if (!sequential) return ZONE_INVALID_CMD;
    const busy = this.#busy.get(zone);
    if (busy !== undefined) return busy.then(() => this.#append(write, request, data, queue));
    const appendSector = table.pointer(zone);
    request.sector = appendSector;
    const answer = this.#write(write, request, data, queue);
    const ended = (status: number) => status === OK ? { appendSector, status } : status;
    return typeof answer === "number" ? ended(answer) : answer.then(ended);
  }

  /** Whether a write can go to these sectors; opens the zone for it. */
  #admit(zone: number, from: number, to: number): number {
    const table = this.#current;
    const { OK, ZONE_INVALID_CMD, ZONE_UNALIGNED_WP } = this.#codes.status;
    const { NOT_WP, RDONLY, FULL, OFFLINE } = this.#codes.zoneState;
    const state = table.state(zone);
    const last = table.zoneOf(to - 1);
    if (last !== zone && table.state(last) !== NOT_WP) return ZONE_INVALID_CMD;
    if (state === NOT_WP) return OK;
    if (state === RDONLY || state === OFFLINE) return ZONE_INVALID_CMD;
    if (to > table.end(zone)) return ZONE_INVALID_CMD;
    if (this.#required) {
      if (state === FULL) return ZONE_INVALID_CMD;
      if (from !== table.pointer(zone) || !this.#aligned(to)) return ZONE_UNALIGNED_WP;
    }
    return state === FULL ? OK : table.open(zone, "IOPEN");
  }

  #aligned(sector: number): boolean {
    const granularity = this.#host.settings.zoned?.writeGranularity ?? 0;
    return granularity === 0 || sector * SECTOR % granularity === 0;
  }

  /** An erased range is a range of zones that are reset. */
  #erase(erase: ZonesErase, request: ZonesErased, queue: number): ZonesAnswer {
    const table = this.#current;
    const { OK, ZONE_INVALID_CMD } = this.#codes.status;
    const zones = request.segments.flatMap(({ sector, numSectors }) => {
      const first = table.zoneOf(sector);
      const count = table.zoneOf(sector + numSectors) - first;
      return sector === table.start(first)
        ? Array.from({ length: count }, (_, i) => first + i)
        : [-1];
    });
    const ended = (status: number) => {
      if (status === OK) { for (const zone of zones) this.#current.reset(zone); }
    };
    return this.#idle(zones, () => {
      const able = zones.every((zone) => zone >= 0 && this.#current.resettable(zone));
      if (!able) return ZONE_INVALID_CMD;
      const answer = erase(request, queue);
      if (typeof answer !== "number") return this.#occupy(zones, answer, ended);
      ended(answer);
      return answer;
    });
  }

  #resetAll(): ZonesAnswer {
    return this.#idle([...this.#busy.keys()], () => {
      const table = this.#current;
      for (let zone = 0; zone < table.count; zone++) table.reset(zone);
      return this.#codes.status.OK;
    });
  }

  #report({ sector }: ZoneRequest, room: number): { zones: ZoneDescriptor[] } {
    const first = this.#current.zoneOf(sector);
    const fit = Math.floor((room - REPORT) / REPORT);
    const length = Math.max(0, Math.min(fit, this.count - first));
    return { zones: Array.from({ length }, (_, i) => this.describe(first + i)) };
  }
}
