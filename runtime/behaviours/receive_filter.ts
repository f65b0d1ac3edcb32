/**
 * Which packets a network device passes on to its driver: by mode, by address, by VLAN
 * (VIRTIO 1.4, 5.1.9.5.1 to 5.1.9.5.3).
 *
 * @module
 */

import { DeviceBehaviour, type Handler, type Names } from "../behaviour.ts";
import { flag, integer, list, record, refuseField } from "../snapshot.ts";

/** What the user may say of the filter. */
export interface ReceiveFilterOptions {
  /** The driver changed what it wants. */
  readonly onChange?: () => void;
}

/** The device's enumerations and features. */
export interface ReceiveFilterCodes {
  /** Answers to commands. */
  readonly ack: Names<"OK">;
  /** Features by their bits. */
  readonly features: Names<"MAC" | "CTRL_RX" | "CTRL_VLAN">;
}

/** What the filter uses of the device. */
export interface ReceiveFilterHost {
  /** The configuration of the device. */
  readonly settings: { readonly mac?: Uint8Array };
  /** Whether a feature was negotiated. */
  hasFeature(bit: number): boolean;
  /** Changes the configuration, and tells the driver. */
  configure(changes: { mac: Uint8Array }): void;
}

/** A list of addresses. */
export interface MacList {
  /** The addresses, of 6 bytes. */
  readonly macs: readonly Uint8Array[];
}

/** A handler of a mode that is on or off. */
export type ReceiveMode = Handler<[request: { readonly on: number }], number>;

/** The handlers that take the place of the user's. */
export interface ReceiveFilterHandlers {
  /** All packets. */
  readonly rxPromisc: ReceiveMode;
  /** All multicast packets. */
  readonly rxAllmulti: ReceiveMode;
  /** All unicast packets. */
  readonly rxAlluni: ReceiveMode;
  /** No multicast packets. */
  readonly rxNomulti: ReceiveMode;
  /** No unicast packets. */
  readonly rxNouni: ReceiveMode;
  /** No broadcast packets. */
  readonly rxNobcast: ReceiveMode;
  /** The addresses to receive for. */
  readonly macTableSet: Handler<
    [request: { readonly unicast: MacList; readonly multicast: MacList }],
    number
  >;
  /** The device's own address. */
  readonly macAddrSet: Handler<[request: { readonly mac: Uint8Array }], number>;
  /** Packets of a VLAN. */
  readonly vlanAdd: Handler<[request: { readonly vid: number }], number>;
  /** No more packets of a VLAN. */
  readonly vlanDel: Handler<[request: { readonly vid: number }], number>;
}

/** Modes as of a reset: all packets, as deployed devices have it, until the driver says otherwise. */
const MODES = {
  promiscuous: true,
  allMulticast: false,
  allUnicast: false,
  noMulticast: false,
  noUnicast: false,
  noBroadcast: false,
};

type Mode = keyof typeof MODES;

const MAC_SIZE = 6;
const VLAN_TAG = 0x8100;
const VLAN_ID = 0xfff;

/** The filter of one device. */
export class ReceiveFilter extends DeviceBehaviour {
  readonly #host: ReceiveFilterHost;
  readonly #codes: ReceiveFilterCodes;
  readonly #options: ReceiveFilterOptions;
  readonly #first: Uint8Array | undefined; // the address as of a reset
  #mac: string | undefined;
  #modes = { ...MODES };
  #table: ReadonlySet<string> = new Set();
  #vlans = new Set<number>();

  /** For a device. */
  constructor(
    host: ReceiveFilterHost,
    codes: ReceiveFilterCodes,
    options: ReceiveFilterOptions = {},
  ) {
    super();
    this.#host = host;
    this.#codes = codes;
    this.#options = options;
    this.#first = host.settings.mac?.slice();
    this.#mac = this.#first && keyOf(this.#first);
  }

  /** Whether a packet, from its Ethernet header on, is to be passed on to the driver. */
  accepts(packet: Uint8Array): boolean {
    const { CTRL_RX, CTRL_VLAN } = this.#codes.features;
    if (packet.length < 2 * MAC_SIZE + 2) return false;
    if (!this.#host.hasFeature(CTRL_RX)) {
      return !this.#host.hasFeature(CTRL_VLAN) || this.#hasVlan(packet);
    }
    if (this.#modes.promiscuous) return true;
    if (this.#host.hasFeature(CTRL_VLAN) && !this.#hasVlan(packet)) return false;
    return this.#hasAddress(packet);
  }

  /** The handlers that take the place of the user's. */
  handlers(_user: object): ReceiveFilterHandlers {
    const mode = (name: Mode): ReceiveMode => ({ on }) => {
      this.#modes[name] = on === 1;
      return this.#changed();
    };
    return {
      rxPromisc: mode("promiscuous"),
      rxAllmulti: mode("allMulticast"),
      rxAlluni: mode("allUnicast"),
      rxNomulti: mode("noMulticast"),
      rxNouni: mode("noUnicast"),
      rxNobcast: mode("noBroadcast"),
      macTableSet: ({ unicast, multicast }) => {
        this.#table = new Set(
          [...unicast.macs, ...multicast.macs].map((mac) => keyOf(mac)),
        );
        return this.#changed();
      },
      macAddrSet: ({ mac }) => {
        this.#mac = keyOf(mac);
        if (this.#host.hasFeature(this.#codes.features.MAC)) {
          this.#host.configure({ mac: mac.slice() });
        }
        return this.#changed();
      },
      vlanAdd: ({ vid }) => {
        this.#vlans.add(vid & VLAN_ID);
        return this.#changed();
      },
      vlanDel: ({ vid }) => {
        this.#vlans.delete(vid & VLAN_ID);
        return this.#changed();
      },
    };
  }

  /** Both tables are empty again, and the address is the device's own. */
  override reset(): void {
    this.#modes = { ...MODES };
    this.#table = new Set();
    this.#vlans.clear();
    const changed = this.#first !== undefined && this.#mac !== keyOf(this.#first);
    if (changed) this.#host.configure({ mac: this.#first });
    this.#mac = this.#first && keyOf(this.#first);
  }

  /** Modes, addresses and VLANs. */
  override save(): unknown {
    return {
      modes: { ...this.#modes },
      mac: this.#mac ?? null,
      table: [...this.#table],
      vlans: [...this.#vlans],
    };
  }

  /** Takes back what {@linkcode ReceiveFilter.save} gave; TypeError or RangeError naming the field. */
  override restore(state: unknown, path: string): void {
    const saved = record(state, path);
    const modes = record(saved.modes, `${path}.modes`);
    const read = (name: Mode) => [name, flag(modes[name], `${path}.modes.${name}`)] as const;
    const known = Object.fromEntries((Object.keys(MODES) as Mode[]).map(read));
    const mac = saved.mac === null ? undefined : readKey(saved.mac, `${path}.mac`);
    const table = list(saved.table, `${path}.table`).map((one, at) =>
      readKey(one, `${path}.table[${at}]`)
    );
    const vlans = list(saved.vlans, `${path}.vlans`).map((one, at) =>
      integer(one, `${path}.vlans[${at}]`, VLAN_ID)
    );
    this.#modes = { ...MODES, ...known };
    this.#mac = mac;
    this.#table = new Set(table);
    this.#vlans = new Set(vlans);
  }

  #changed(): number {
    this.#options.onChange?.();
    return this.#codes.ack.OK;
  }

  #hasVlan(packet: Uint8Array): boolean {
    const at = 2 * MAC_SIZE;
    if ((packet[at]! << 8 | packet[at + 1]!) !== VLAN_TAG || packet.length < at + 4) return true;
    return this.#vlans.has((packet[at + 2]! << 8 | packet[at + 3]!) & VLAN_ID);
  }

  #hasAddress(packet: Uint8Array): boolean {
    const modes = this.#modes;
    const key = keyOf(packet);
    if (key === BROADCAST) return !modes.noBroadcast;
    const multicast = (packet[0]! & 1) === 1;
    if (multicast ? modes.noMulticast : modes.noUnicast) return false;
    if (multicast ? modes.allMulticast : modes.allUnicast) return true;
    return key === this.#mac || this.#table.has(key);
  }
}

/** Six bytes as text. */
function keyOf(bytes: Uint8Array): string {
  let key = "";
  for (let at = 0; at < MAC_SIZE; at++) key += bytes[at]!.toString(16).padStart(2, "0");
  return key;
}

const BROADCAST = "ffffffffffff";

function readKey(value: unknown, path: string): string {
  if (typeof value === "string" && /^[0-9a-f]{12}$/.test(value)) return value;
  return refuseField(path, "12 hexadecimal digits", value);
}
