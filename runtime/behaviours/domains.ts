/**
 * Domains of an IOMMU: the endpoints that are attached to each, what is mapped in it, and where that
 * takes the accesses of an endpoint (VIRTIO 1.4, 5.13.6).
 *
 * @module
 */

import { DeviceBehaviour, type Names } from "../behaviour.ts";
import { flag, integer, integer64, list, record, refuseField } from "../snapshot.ts";
import { lowestBit } from "../values.ts";
import { type AddressRange, Mappings, overlap } from "./mappings.ts";

/** The device's enumerations. */
export interface DomainsCodes {
  /** How a request went. */
  readonly status: Names<"OK" | "UNSUPP" | "INVAL" | "RANGE" | "NOENT" | "NOMEM">;
  /** Flags of an attachment. */
  readonly attachFlag: Names<"BYPASS">;
  /** Flags of a mapping. */
  readonly mapFlag: Names<"READ" | "WRITE" | "MMIO">;
  /** What reserved addresses are for. */
  readonly reservedMemory: Names<"RESERVED" | "MSI">;
  /** Reason of a fault. */
  readonly faultReason: Names<"DOMAIN" | "MAPPING">;
  /** Flags of a fault. */
  readonly faultFlag: Names<"READ" | "WRITE" | "ADDRESS">;
  /** Bits of features. */
  readonly features: { readonly BYPASS: number };
}

/** What domains use of their device. */
export interface DomainsHost {
  /** The configuration. */
  readonly settings: {
    readonly pageSizeMask: bigint;
    readonly probeSize?: number;
    readonly bypass?: number;
  };
  /** Whether a feature was negotiated. */
  hasFeature(bit: number): boolean;
  /** Reports a fault; false when no buffer waits for it. */
  sendFault(fault: Fault): boolean;
}

/** A fault as it is reported. */
export interface Fault {
  /** Why. */
  readonly reason: number;
  /** What is known of the access. */
  readonly flags: number;
  /** The endpoint. */
  readonly endpoint: number;
  /** The address. */
  readonly address: bigint;
}

/** Addresses of an endpoint that can't be mapped. */
export interface ReservedAddresses extends AddressRange {
  /** Writes there are message signalled interrupts. */
  readonly msi?: boolean;
}

/** What the user says of the endpoints. */
export interface DomainsOptions {
  /** The endpoints by their ids, each with its reserved addresses, of which none overlap. */
  readonly endpoints: ReadonlyMap<number, readonly ReservedAddresses[]>;
  /** The most mappings of all domains together; 2^18 when not given. */
  readonly mappingsMax?: number;
}

/** Where an access leads. */
export interface Translation {
  /** The guest address; of an interrupt, the one that was accessed. */
  readonly address: bigint;
  /** Bytes from there on of which the same is true. */
  readonly length: bigint;
  /** What it leads to: memory, registers of a device, or the doorbell of interrupts. */
  readonly kind: "memory" | "mmio" | "msi";
}

/** A request that attaches or detaches. */
export interface DomainsAttach {
  /** The domain. */
  readonly domain: number;
  /** The endpoint. */
  readonly endpoint: number;
  /** Flags. */
  readonly flags: number;
}

/** A request on addresses of a domain. */
export interface DomainsUnmap {
  /** The domain. */
  readonly domain: number;
  /** The first address. */
  readonly virtStart: bigint;
  /** The last address. */
  readonly virtEnd: bigint;
}

/** A request that maps. */
export interface DomainsMap extends DomainsUnmap {
  /** The first guest address. */
  readonly physStart: bigint;
  /** Flags. */
  readonly flags: number;
}

/** A property of an endpoint. */
export interface ReservedProperty extends AddressRange {
  /** Kind of property. */
  readonly kind: "resv_mem";
  /** What the addresses are for. */
  readonly subtype: number;
}

/** The handlers that take the place of the user's. */
export interface DomainsHandlers {
  /** Attaches an endpoint. */
  readonly attach: (request: DomainsAttach) => number;
  /** Detaches an endpoint. */
  readonly detach: (request: Omit<DomainsAttach, "flags">) => number;
  /** Maps a range. */
  readonly map: (request: DomainsMap) => number;
  /** Removes mappings. */
  readonly unmap: (request: DomainsUnmap) => number;
  /** Tells properties. */
  readonly probe: (
    request: { readonly endpoint: number },
  ) => number | { readonly properties: ReservedProperty[] };
}

interface Domain {
  readonly id: number;
  readonly bypass: boolean;
  readonly endpoints: Set<number>;
  readonly mappings: Mappings;
}

const MAPPINGS_MAX = 2 ** 18;
const ADDRESS_MAX = 2n ** 64n - 1n;
/** Bytes of a property, with its head (VIRTIO 1.4, 5.13.6.8.1). */
const PROPERTY_SIZE = 24;

/** Reserved addresses are ranges apart, and one of them at most is for interrupts (VIRTIO 1.4, 5.13.6.8.1.2). */
function checkReserved(endpoint: number, reserved: readonly ReservedAddresses[]): void {
  const cannot = `Cannot reserve addresses of endpoint ${endpoint}`;
  if (reserved.some(({ start, end }) => start > end)) {
    throw new RangeError(`${cannot}: a range ends before it starts`);
  }
  if (reserved.some((range, at) => reserved.slice(at + 1).some((other) => overlap(range, other)))) {
    throw new RangeError(`${cannot}: two ranges overlap`);
  }
  if (reserved.filter(({ msi }) => msi).length > 1) {
    throw new RangeError(`${cannot}: two of them are for interrupts`);
  }
}

/** The domains of one device. */
export class Domains extends DeviceBehaviour {
  readonly #host: DomainsHost;
  readonly #codes: DomainsCodes;
  readonly #options: DomainsOptions;
  readonly #domains = new Map<number, Domain>();
  readonly #attached = new Map<number, Domain>(); // by endpoint
  #free: number; // mappings that there is room for

  /** No endpoint is attached at first; TypeError without options, RangeError for reserved addresses that can't be. */
  constructor(host: DomainsHost, codes: DomainsCodes, options: DomainsOptions | undefined) {
    super();
    if (options === undefined) throw new TypeError("Cannot make domains: there are no endpoints");
    for (const [endpoint, reserved] of options.endpoints) checkReserved(endpoint, reserved);
    this.#host = host;
    this.#codes = codes;
    this.#options = options;
    this.#free = options.mappingsMax ?? MAPPINGS_MAX;
  }

  /** The domain that an endpoint is attached to. */
  domainOf(endpoint: number): number | undefined {
    return this.#attached.get(endpoint)?.id;
  }

  /**
   * Where an access of an endpoint leads. Undefined when it may not be, which the driver is told if it
   * has a buffer for that; RangeError when there is no such endpoint.
   */
  translate(endpoint: number, address: bigint, write: boolean): Translation | undefined {
    const reserved = this.#options.endpoints.get(endpoint);
    if (reserved === undefined) {
      throw new RangeError(`Cannot translate for endpoint ${endpoint}: there is none`);
    }
    const domain = this.#attached.get(endpoint);
    if (domain?.bypass ?? this.#bypass) {
      return { address, length: ADDRESS_MAX - address + 1n, kind: "memory" };
    }
    const { DOMAIN, MAPPING } = this.#codes.faultReason;
    if (domain === undefined) return this.#fault(DOMAIN, endpoint, address, write);
    const special = reserved.find(({ start, end }) => start <= address && address <= end);
    if (special?.msi === true && write) {
      return { address, length: special.end - address + 1n, kind: "msi" };
    }
    const mapping = special === undefined ? domain.mappings.find(address) : undefined;
    const { READ, WRITE, MMIO } = this.#codes.mapFlag;
    if (mapping === undefined || (mapping.flags & (write ? WRITE : READ)) === 0) {
      return this.#fault(MAPPING, endpoint, address, write);
    }
    return {
      address: mapping.phys + address - mapping.start,
      length: mapping.end - address + 1n,
      kind: (mapping.flags & MMIO) === 0 ? "memory" : "mmio",
    };
  }

  /** The handlers that take the place of the user's. */
  handlers(_user: object): DomainsHandlers {
    return {
      attach: (request) => this.#attach(request),
      detach: ({ domain, endpoint }) => {
        const { OK, INVAL, NOENT } = this.#codes.status;
        if (!this.#options.endpoints.has(endpoint)) return NOENT;
        if (this.domainOf(endpoint) !== domain) return INVAL;
        this.#detach(endpoint);
        return OK;
      },
      map: (request) => this.#map(request),
      unmap: (request) => this.#unmap(request),
      probe: ({ endpoint }) => this.#probe(endpoint),
    };
  }

  /** No endpoint is attached any more (VIRTIO 1.4, 5.13.5). */
  override reset(): void {
    for (const endpoint of [...this.#attached.keys()]) this.#detach(endpoint);
  }

  /** The domains with their endpoints and mappings. */
  override save(): unknown {
    return [...this.#domains.values()].map(({ id, bypass, endpoints, mappings }) => ({
      id,
      bypass,
      endpoints: [...endpoints],
      mappings: mappings.all.map(({ start, end, phys, flags }) =>
        [String(start), String(end), String(phys), flags] as const
      ),
    }));
  }

  /** Takes back what {@linkcode Domains.save} gave, from untrusted data; TypeError or RangeError naming the field. */
  override restore(state: unknown, path: string): void {
    for (const [at, saved] of list(state, path).entries()) {
      const where = `${path}[${at}]`;
      const { id, bypass, endpoints, mappings } = record(saved, where);
      const domain = this.#fresh(
        integer(id, `${where}.id`, 0xffff_ffff),
        flag(bypass, `${where}.bypass`),
      );
      if (this.#domains.has(domain.id)) refuseField(`${where}.id`, "another domain", domain.id);
      for (const [i, one] of list(endpoints, `${where}.endpoints`).entries()) {
        const endpoint = integer(one, `${where}.endpoints[${i}]`, 0xffff_ffff);
        if (!this.#options.endpoints.has(endpoint) || this.#attached.has(endpoint)) {
          refuseField(`${where}.endpoints[${i}]`, "an endpoint without a domain", endpoint);
        }
        this.#enter(domain, endpoint);
      }
      if (domain.endpoints.size === 0) refuseField(`${where}.endpoints`, "1 or more", 0);
      for (const [i, one] of list(mappings, `${where}.mappings`).entries()) {
        this.#restoreMapping(domain, one, `${where}.mappings[${i}]`);
      }
    }
  }

  #restoreMapping(domain: Domain, saved: unknown, path: string): void {
    const [start, end, phys, flags] = list(saved, path);
    const request = {
      domain: domain.id,
      virtStart: integer64(start, `${path}[0]`),
      virtEnd: integer64(end, `${path}[1]`),
      physStart: integer64(phys, `${path}[2]`),
      flags: integer(flags, `${path}[3]`, 0xffff_ffff),
    };
    const { virtStart, virtEnd, physStart } = request;
    const page = lowestBit(this.#host.settings.pageSizeMask);
    const right = virtStart <= virtEnd && (virtStart | virtEnd + 1n | physStart) % page === 0n;
    if (!right || this.#map(request) !== this.#codes.status.OK) {
      refuseField(path, "addresses that can be mapped", `${start} to ${end}`);
    }
  }

  /** Whether endpoints without a domain are not translated (VIRTIO 1.4, 5.13.6). */
  get #bypass(): boolean {
    const { bypass } = this.#host.settings;
    if (bypass !== undefined) return bypass === 1;
    return this.#host.hasFeature(this.#codes.features.BYPASS);
  }

  #fault(reason: number, endpoint: number, address: bigint, write: boolean): undefined {
    const { READ, WRITE, ADDRESS } = this.#codes.faultFlag;
    this.#host.sendFault({ reason, flags: (write ? WRITE : READ) | ADDRESS, endpoint, address });
  }

  #attach({ domain: id, endpoint, flags }: DomainsAttach): number {
    const { OK, UNSUPP, INVAL, NOENT } = this.#codes.status;
    const reserved = this.#options.endpoints.get(endpoint);
    if (reserved === undefined) return NOENT;
    const bypass = (flags & this.#codes.attachFlag.BYPASS) !== 0;
    const domain = this.#domains.get(id) ?? this.#fresh(id, bypass);
    if (domain.bypass !== bypass) return INVAL;
    if (reserved.some((range) => domain.mappings.overlaps(range))) return UNSUPP;
    if (this.domainOf(endpoint) === id) return OK;
    this.#detach(endpoint);
    this.#enter(domain, endpoint);
    return OK;
  }

  #fresh(id: number, bypass: boolean): Domain {
    return { id, bypass, endpoints: new Set(), mappings: new Mappings() };
  }

  /** A domain is there from its first endpoint on. */
  #enter(domain: Domain, endpoint: number): void {
    domain.endpoints.add(endpoint);
    this.#domains.set(domain.id, domain);
    this.#attached.set(endpoint, domain);
  }

  /** A domain goes with its last endpoint. */
  #detach(endpoint: number): void {
    const domain = this.#attached.get(endpoint);
    if (domain === undefined) return;
    this.#attached.delete(endpoint);
    domain.endpoints.delete(endpoint);
    if (domain.endpoints.size > 0) return;
    this.#domains.delete(domain.id);
    this.#free += domain.mappings.count;
  }

  #map({ domain: id, virtStart: start, virtEnd: end, physStart: phys, flags }: DomainsMap): number {
    const { OK, INVAL, RANGE, NOENT, NOMEM } = this.#codes.status;
    if (phys + end - start > ADDRESS_MAX) return RANGE;
    const domain = this.#domains.get(id);
    if (domain === undefined) return NOENT;
    if (domain.bypass || domain.mappings.overlaps({ start, end })) return INVAL;
    for (const endpoint of domain.endpoints) {
      const reserved = this.#options.endpoints.get(endpoint) ?? [];
      if (reserved.some((range) => overlap(range, { start, end }))) return INVAL;
    }
    if (this.#free === 0) return NOMEM;
    this.#free--;
    domain.mappings.add({ start, end, phys, flags });
    return OK;
  }

  #unmap({ domain: id, virtStart: start, virtEnd: end }: DomainsUnmap): number {
    const { OK, INVAL, RANGE, NOENT } = this.#codes.status;
    const domain = this.#domains.get(id);
    if (domain === undefined) return NOENT;
    if (domain.bypass) return INVAL;
    const before = domain.mappings.count;
    if (!domain.mappings.remove({ start, end })) return RANGE;
    this.#free += before - domain.mappings.count;
    return OK;
  }

  #probe(endpoint: number): number | { readonly properties: ReservedProperty[] } {
    const { INVAL, NOENT } = this.#codes.status;
    const { MSI, RESERVED } = this.#codes.reservedMemory;
    const reserved = this.#options.endpoints.get(endpoint);
    if (reserved === undefined) return NOENT;
    if (reserved.length * PROPERTY_SIZE > (this.#host.settings.probeSize ?? 0)) return INVAL;
    return {
      properties: reserved.map(({ start, end, msi = false }) => ({
        kind: "resv_mem",
        subtype: msi ? MSI : RESERVED,
        start,
        end,
      })),
    };
  }
}
