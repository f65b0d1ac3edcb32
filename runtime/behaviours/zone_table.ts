/**
 * The state machine of zones, and the limits on how many are open or active (VIRTIO 1.4, 5.2.6).
 *
 * @module
 */

import type { Names } from "../behaviour.ts";
import { integer, list, record, refuseField } from "../snapshot.ts";

/** The device's enumerations. */
export interface ZonesCodes {
  /** Statuses of requests. */
  readonly status: Names<
    | "OK"
    | "UNSUPP"
    | "ZONE_INVALID_CMD"
    | "ZONE_UNALIGNED_WP"
    | "ZONE_OPEN_RESOURCE"
    | "ZONE_ACTIVE_RESOURCE"
  >;
  /** Whose task the zones are. */
  readonly zoneModel: Names<"NONE" | "HM">;
  /** How zones may be written. */
  readonly zoneType: Names<"CONV" | "SWR" | "SWP">;
  /** States of zones. */
  readonly zoneState: Names<
    "NOT_WP" | "EMPTY" | "IOPEN" | "EOPEN" | "CLOSED" | "RDONLY" | "FULL" | "OFFLINE"
  >;
}

/** How a disk is divided. */
export interface ZonesShape {
  /** Sectors of the disk. */
  readonly sectors: number;
  /** Sectors of every zone but the last. */
  readonly size: number;
  /** Sectors of a zone that can be written, at most. */
  readonly capacity: number;
  /** How many zones at the start are conventional. */
  readonly conventional: number;
  /** Most open zones; 0 is no limit. */
  readonly maxOpen: number;
  /** Most open and closed zones; 0 is no limit. */
  readonly maxActive: number;
}

/** State and write pointer of every zone. Methods that change a state answer with a status. */
export class ZoneTable {
  readonly #codes: ZonesCodes;
  readonly #shape: ZonesShape;
  readonly #states: Uint8Array;
  readonly #pointers: Float64Array; // sectors from the start of the disk
  #open = 0; // zones in IOPEN and EOPEN
  #active = 0; // those, and zones in CLOSED

  /** All sequential zones are empty. */
  constructor(codes: ZonesCodes, shape: ZonesShape) {
    const count = Math.ceil(shape.sectors / shape.size);
    const { NOT_WP, EMPTY } = codes.zoneState;
    this.#codes = codes;
    this.#shape = shape;
    this.#states = new Uint8Array(count).fill(EMPTY).fill(NOT_WP, 0, shape.conventional);
    this.#pointers = new Float64Array(count).map((_, zone) => zone * shape.size);
  }

  /** How many zones there are. */
  get count(): number {
    return this.#states.length;
  }

  /** Number of the zone that holds a sector. */
  zoneOf(sector: number): number {
    return Math.floor(sector / this.#shape.size);
  }

  /** First sector of a zone. */
  start(zone: number): number {
    return zone * this.#shape.size;
  }

  /** Where the sectors of a zone end that can be written. */
  end(zone: number): number {
    const { sectors, size, capacity } = this.#shape;
    const start = this.start(zone);
    return start + Math.min(size, capacity, sectors - start);
  }

  /** State of a zone. */
  state(zone: number): number {
    return this.#states[zone]!;
  }

  /** Sector of the next write. */
  pointer(zone: number): number {
    return this.#pointers[zone]!;
  }

  /** Takes over what another table knows of the zones that both have. */
  adopt(other: ZoneTable): void {
    const count = Math.min(this.count, other.count);
    for (let zone = 0; zone < count; zone++) {
      this.#pointers[zone] = other.#pointers[zone]!;
      this.enter(zone, other.#states[zone]!);
    }
  }

  /** Opens a zone, for a request or for a write. */
  open(zone: number, state: "EOPEN" | "IOPEN"): number {
    const { status, zoneState } = this.#codes;
    const { EMPTY, IOPEN, EOPEN, CLOSED } = zoneState;
    const now = this.#states[zone];
    if (now === EOPEN || (now === IOPEN && state === "IOPEN")) return status.OK;
    if (now === EMPTY || now === CLOSED) {
      const { maxOpen, maxActive } = this.#shape;
      if (now === EMPTY && maxActive > 0 && this.#active >= maxActive) {
        return status.ZONE_ACTIVE_RESOURCE;
      }
      if (maxOpen > 0 && this.#open >= maxOpen && !this.#closeAny()) {
        return status.ZONE_OPEN_RESOURCE;
      }
    } else if (now !== IOPEN) return status.ZONE_INVALID_CMD;
    this.enter(zone, zoneState[state]);
    return status.OK;
  }

  /** Closes an open zone; one that nothing was written to is empty then. */
  close(zone: number): number {
    const { status, zoneState } = this.#codes;
    const { EMPTY, IOPEN, EOPEN, CLOSED } = zoneState;
    const now = this.#states[zone];
    if (now === IOPEN || now === EOPEN) {
      this.enter(zone, this.#pointers[zone] === this.start(zone) ? EMPTY : CLOSED);
    } else if (now !== CLOSED) return status.ZONE_INVALID_CMD;
    return status.OK;
  }

  /** Makes a zone full, from any state in which it can be written, as deployed devices do. */
  finish(zone: number): number {
    const { status, zoneState } = this.#codes;
    if (!this.#writable(zone) && this.#states[zone] !== zoneState.FULL) {
      return status.ZONE_INVALID_CMD;
    }
    this.enter(zone, zoneState.FULL);
    return status.OK;
  }

  /** Whether a zone can be made empty. */
  resettable(zone: number): boolean {
    return this.#writable(zone) || this.#states[zone] === this.#codes.zoneState.FULL;
  }

  /** Makes a zone empty. */
  reset(zone: number): number {
    const { status, zoneState } = this.#codes;
    if (!this.resettable(zone)) return status.ZONE_INVALID_CMD;
    this.#pointers[zone] = this.start(zone);
    this.enter(zone, zoneState.EMPTY);
    return status.OK;
  }

  /** Moves the write pointer behind what was written; at its end the zone is full. */
  advance(zone: number, to: number): void {
    if (to > this.#pointers[zone]!) this.#pointers[zone] = to;
    if (to === this.end(zone) && this.#writable(zone)) this.enter(zone, this.#codes.zoneState.FULL);
  }

  /** Changes a state, and counts what is open and active. */
  enter(zone: number, state: number): void {
    this.#tally(this.#states[zone]!, -1);
    this.#tally(state, 1);
    this.#states[zone] = state;
  }

  /** State and write pointer of each zone, by its number. */
  save(): unknown {
    return { states: [...this.#states], pointers: [...this.#pointers] };
  }

  /** Takes back what {@linkcode ZoneTable.save} gave, into a fresh table; TypeError or RangeError naming the field. */
  restore(value: unknown, path: string): void {
    const saved = record(value, path);
    const states = list(saved.states, `${path}.states`);
    const pointers = list(saved.pointers, `${path}.pointers`);
    for (const [name, { length }] of Object.entries({ states, pointers })) {
      if (length !== this.count) refuseField(`${path}.${name}`, `${this.count} zones`, length);
    }
    for (let zone = 0; zone < this.count; zone++) {
      this.#restorePointer(zone, pointers[zone], `${path}.pointers[${zone}]`);
      this.#restoreState(zone, states[zone], `${path}.states[${zone}]`);
    }
    const { maxOpen, maxActive } = this.#shape;
    if ((maxOpen > 0 && this.#open > maxOpen) || (maxActive > 0 && this.#active > maxActive)) {
      const wanted = `at most ${maxOpen} open and ${maxActive} active zones`;
      refuseField(`${path}.states`, wanted, `${this.#open} and ${this.#active}`);
    }
  }

  #restorePointer(zone: number, value: unknown, path: string): void {
    const pointer = integer(value, path, this.end(zone));
    if (pointer < this.start(zone)) {
      refuseField(path, `${this.start(zone)} to ${this.end(zone)}`, pointer);
    }
    this.#pointers[zone] = pointer;
  }

  #restoreState(zone: number, value: unknown, path: string): void {
    const { NOT_WP, ...others } = this.#codes.zoneState;
    const allowed = zone < this.#shape.conventional ? [NOT_WP] : Object.values(others);
    const state = integer(value, path, 0xff);
    if (!allowed.includes(state)) refuseField(path, `one of ${allowed.join(", ")}`, state);
    if (state === others.EMPTY && this.#pointers[zone] !== this.start(zone)) {
      refuseField(path, "not empty, as its pointer says", state);
    }
    this.enter(zone, state);
  }

  #writable(zone: number): boolean {
    const { EMPTY, IOPEN, EOPEN, CLOSED } = this.#codes.zoneState;
    const state = this.#states[zone];
    return state === EMPTY || state === IOPEN || state === EOPEN || state === CLOSED;
  }

  /** Closes a zone that no request opened; false when there is none. */
  #closeAny(): boolean {
    const zone = this.#states.indexOf(this.#codes.zoneState.IOPEN);
    if (zone >= 0) this.close(zone);
    return zone >= 0;
  }

  #tally(state: number, change: number): void {
    const { IOPEN, EOPEN, CLOSED } = this.#codes.zoneState;
    if (state === IOPEN || state === EOPEN) this.#open += change;
    if (state === IOPEN || state === EOPEN || state === CLOSED) this.#active += change;
  }
}
