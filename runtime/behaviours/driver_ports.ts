/**
 * Ports of a console on the driver's side: the handshake that makes them usable (VIRTIO 1.4, 5.3.6.2).
 *
 * @module
 */

import { DriverBehaviour, type Handler } from "../behaviour.ts";
import { PeerError } from "../errors.ts";
import type { PortControl, PortSize } from "./ports.ts";

/** What the user may say of the ports of a driver. */
export interface DriverPortsOptions {
  /** There is a new port. */
  readonly onPort?: (port: DriverPort) => void;
}

/** What the ports of a driver use of it. */
export interface DriverPortsHost {
  /** The configuration as the driver read it. */
  readonly config: { readonly maxNrPorts?: number };
  /** Says that control messages can come. */
  deviceReady(request: PortControl): Promise<void>;
  /** Says that a port can be used. */
  portReady(request: PortControl): Promise<void>;
  /** Says that the driver's end opened or closed. */
  driverControlPortOpen(request: PortControl): Promise<void>;
  /** Writes to a port. */
  portOutput(data: Uint8Array, options?: { readonly queue?: number }): Promise<void>;
}

/** Handlers of the user that ports stand in front of. */
export interface DriverPortsUser {
  /** Input of ports that have no taker of their own. */
  readonly onPortInput?: ((data: Uint8Array, queue: number) => void) | undefined;
}

/** The handlers that take the place of the user's. */
export interface DriverPortsHandlers extends DriverPortsUser {
  /** There is a new port. */
  readonly onDeviceAdd: Handler<[value: PortControl], void>;
  /** A port is gone. */
  readonly onDeviceRemove: Handler<[value: PortControl], void>;
  /** A port is a console. */
  readonly onConsolePort: Handler<[value: PortControl], void>;
  /** A console has another size. */
  readonly onResize: Handler<[value: PortControl & { readonly size: PortSize }], void>;
  /** The device opened or closed its end. */
  readonly onDeviceControlPortOpen: Handler<[value: PortControl], void>;
  /** A port has a name. */
  readonly onPortName: Handler<[value: PortControl & { readonly name: string }], void>;
}

/** A port, on the driver's side. Its callbacks are to be set. */
export class DriverPort {
  /** Number of the port. */
  readonly id: number;
  /** Name that the device gave it. */
  name: string | undefined = undefined;
  /** Whether it is a console. */
  console = false;
  /** Size of the console, once it was told. */
  size: PortSize | undefined = undefined;
  /** Whether the device's end is open. */
  hostOpen = false;
  /** Whether this end is open. */
  open = false;
  /** Whether the device removed it. */
  removed = false;
  /** Takes what the device writes to the port: bytes that are valid during the call. */
  onInput: ((data: Uint8Array) => void) | undefined = undefined;
  /** Told when anything above changes. */
  onChange: (() => void) | undefined = undefined;
  readonly #host: DriverPortsHost;

  /** For the ports that it is one of. */
  constructor(host: DriverPortsHost, id: number) {
    this.#host = host;
    this.id = id;
  }

  /** Opens or closes this end, and tells the device. */
  async setOpen(open: boolean): Promise<void> {
    this.open = open;
    await this.#host.driverControlPortOpen({ id: this.id, value: open ? 1 : 0 });
  }

  /** Writes to the device; resolves when it has taken the data. TypeError once the port is removed. */
  async write(data: Uint8Array): Promise<void> {
    if (this.removed) throw new TypeError(`Cannot write to port ${this.id}: it was removed`);
    await this.#host.portOutput(data, { queue: this.id });
  }
}

/** The ports of a driver. */
export class DriverPorts extends DriverBehaviour {
  readonly #host: DriverPortsHost;
  readonly #options: DriverPortsOptions;
  readonly #ports = new Map<number, DriverPort>();

  /** For a driver. */
  constructor(host: DriverPortsHost, options: DriverPortsOptions = {}) {
    super();
    this.#host = host;
    this.#options = options;
  }

  /** The ports that there are. */
  get all(): readonly DriverPort[] {
    return [...this.#ports.values()];
  }

  /** The port of a number. */
  port(id: number): DriverPort | undefined {
    return this.#ports.get(id);
  }

  /** The handlers that stand in front of the user's. */
  handlers({ onPortInput }: DriverPortsUser): DriverPortsHandlers {
    return {
      onPortInput: (data, queue) => {
        const port = this.#ports.get(queue);
        if (port?.onInput === undefined) onPortInput?.(data, queue);
        else port.onInput(data);
      },
      onDeviceAdd: ({ id }) => this.#add(id),
      onDeviceRemove: ({ id }) => {
        const port = this.#known(id);
        this.#ports.delete(id);
        port.removed = true;
        port.hostOpen = port.open = false;
        port.onChange?.();
      },
      onConsolePort: ({ id }) => {
        const port = this.#known(id);
        port.console = true;
        void port.setOpen(true).catch(() => {}); // the answer that the standard wants
        port.onChange?.();
      },
      onResize: ({ id, size }) => this.#change(id, { size }),
      onDeviceControlPortOpen: ({ id, value }) => this.#change(id, { hostOpen: value === 1 }),
      onPortName: ({ id, name }) => this.#change(id, { name }),
    };
  }

  /** Says that control messages can come. */
  override started(): void {
    void this.#host.deviceReady({ id: 0, value: 1 }).catch(() => {});
  }

  /** The ports are gone with the device. */
  override stopped(_cause: Error): void {
    for (const port of this.all) port.removed = true;
    this.#ports.clear();
  }

  #add(id: number): void {
    const most = this.#host.config.maxNrPorts ?? 0;
    if (id >= most || this.#ports.has(id)) {
      void this.#host.portReady({ id, value: 0 }).catch(() => {});
      throw new PeerError("Cannot add the port", {
        field: "id",
        wanted: `a new one, less than ${most}`,
        got: id,
      });
    }
    const port = new DriverPort(this.#host, id);
    this.#ports.set(id, port);
    void this.#host.portReady({ id, value: 1 }).catch(() => {});
    this.#options.onPort?.(port);
  }

  #known(id: number): DriverPort {
    const port = this.#ports.get(id);
    if (port !== undefined) return port;
    throw new PeerError("Cannot use the port", { field: "id", wanted: "one that exists", got: id });
  }

  #change(id: number, change: Partial<DriverPort>): void {
    const port = this.#known(id);
    Object.assign(port, change);
    port.onChange?.();
  }
}
