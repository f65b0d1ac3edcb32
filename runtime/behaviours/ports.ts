/**
 * Ports of a console: which there are, what both sides know of each, and what is said of them in
 * which order (VIRTIO 1.4, 5.3.6.2).
 *
 * @module
 */

import { DeviceBehaviour, type Handler } from "../behaviour.ts";
import type { ReadableBytes } from "../cursor.ts";
import { Deferred } from "../deferred.ts";
import { flag, integer, list, record, refuseField } from "../snapshot.ts";

/** A control message: the port's number, and what the event has to say. */
export interface PortControl {
  /** Number of the port. */
  id: number;
  /** 1 for success or open, 0 for failure or closed. */
  value: number;
}

/** Columns and rows of a console. */
export interface PortSize {
  /** Columns. */
  cols: number;
  /** Rows. */
  rows: number;
}

/** A port, as the device's user describes it. */
export interface PortOptions {
  /** Number of the port: the lowest that is free when not given. */
  readonly id?: number;
  /** Name by which the guest finds it. */
  readonly name?: string;
  /** Whether it is a console. */
  readonly console?: boolean;
  /** Takes what the guest writes to the port. */
  readonly onOutput?: (data: Uint8Array) => void;
  /** The guest opened or closed its end. */
  readonly onOpen?: (open: boolean) => void;
}

/** What the ports of a device use of it. */
export interface DevicePortsHost {
  /** The configuration of the device. */
  readonly settings: { readonly maxNrPorts?: number };
  /** Creates a port. */
  sendDeviceAdd(value: PortControl): boolean;
  /** Removes a port. */
  sendDeviceRemove(value: PortControl): boolean;
  /** Makes a port a console. */
  sendConsolePort(value: PortControl): boolean;
  /** Says that the device's end opened or closed. */
  sendDeviceControlPortOpen(value: PortControl): boolean;
  /** Names a port. */
  sendPortName(value: PortControl & { name: string }): boolean;
  /** Tells the size of a console. */
  sendResize(value: PortControl & { size: PortSize }): boolean;
  /** Writes to a port; returns how many bytes there was room for. */
  sendPortInput(data: Uint8Array, queue?: number): number;
}

/** Handlers of the user that ports stand in front of. */
export interface DevicePortsUser {
  /** Output of ports that have no taker of their own. */
  readonly portOutput?: ((data: ReadableBytes, queue: number) => void | Promise<void>) | undefined;
  /** There is room for input. */
  readonly receiveqAvailable?: ((queue: number) => void) | undefined;
  /** There is room for control messages. */
  readonly controlReceiveqAvailable?: ((queue: number) => void) | undefined;
}

/** The handlers that take the place of the user's. */
export interface DevicePortsHandlers extends DevicePortsUser {
  /** The driver takes control messages. */
  readonly deviceReady: Handler<[request: PortControl], void>;
  /** A port can be used. */
  readonly portReady: Handler<[request: PortControl], void>;
  /** The guest opened or closed a port. */
  readonly driverControlPortOpen: Handler<[request: PortControl], void>;
}

/** What is to be said of a port. */
export interface PortMessage {
  /** What happened. */
  readonly event: "add" | "remove" | "console" | "open" | "name" | "resize";
  /** Number of the port. */
  readonly id: number;
  /** What the event has to say. */
  readonly value: number;
}

const EVENTS = ["add", "remove", "console", "open", "name", "resize"];

/** A port, on the device's side. */
export class DevicePort {
  /** Number of the port. */
  readonly id: number;
  /** Name by which the guest finds it. */
  readonly name: string | undefined;
  /** Whether it is a console. */
  readonly console: boolean;
  /** Takes what the guest writes to the port. */
  readonly onOutput: ((data: Uint8Array) => void) | undefined;
  /** Told when the guest opens or closes its end. */
  readonly onOpen: ((open: boolean) => void) | undefined;
  /** Whether the guest can use it. */
  ready = false;
  /** Whether the guest's end is open. */
  guestOpen = false;
  /** Whether this end is open. */
  open = false;
  /** Size of the console, once it was told. */
  size: PortSize | undefined = undefined;
  readonly #ports: DevicePorts;
  #input: { readonly data: Uint8Array; at: number; readonly done: Deferred<void> }[] = [];
  #removed = false;

  /** For the ports that it is one of. */
  constructor(ports: DevicePorts, id: number, options: PortOptions) {
    this.#ports = ports;
    this.id = id;
    this.name = options.name;
    this.console = options.console ?? false;
    this.onOutput = options.onOutput;
    this.onOpen = options.onOpen;
  }

  /** Opens or closes this end, and tells the guest. */
  setOpen(open: boolean): void {
    if (this.open === open) return;
    this.open = open;
    if (this.ready) this.#ports.say({ event: "open", id: this.id, value: open ? 1 : 0 });
  }

  /** Tells the size of the console. */
  resize(cols: number, rows: number): void {
    this.size = { cols, rows };
    if (this.ready) this.#ports.say({ event: "resize", id: this.id, value: 0 });
  }

  /** Writes to the guest; resolves when it has taken all of the data. TypeError once the port is removed. */
  write(data: Uint8Array): Promise<void> {
    if (this.#removed) return Promise.reject(this.#gone());
    const done = new Deferred<void>();
    this.#input.push({ data: data.slice(), at: 0, done });
    this.#ports.pump(this.id);
    return done.promise;
  }

  /** Hands over waiting input through `put`, which says how much there was room for. */
  pump(put: (data: Uint8Array) => number): void {
    for (let next; (next = this.#input[0]) !== undefined;) {
      next.at += put(next.data.subarray(next.at));
      if (next.at < next.data.length) return;
      this.#input.shift();
      next.done.resolve();
    }
  }

  /** It was removed: the guest takes no more. */
  end(): void {
    this.#removed = true;
    for (const { done } of this.#input.splice(0)) done.reject(this.#gone());
  }

  #gone(): TypeError {
    return new TypeError(`Cannot write to port ${this.id}: it was removed`);
  }

  /** All that is to be said of it once the guest is ready for it. */
  introduction(): PortMessage[] {
    const { id } = this;
    return [
      ...(this.console ? [{ event: "console", id, value: 1 } as const] : []),
      ...(this.name === undefined ? [] : [{ event: "name", id, value: 0 } as const]),
      ...(this.size === undefined ? [] : [{ event: "resize", id, value: 0 } as const]),
      ...(this.open ? [{ event: "open", id, value: 1 } as const] : []),
    ];
  }

  /** Forgets what the guest said. */
  reset(): void {
    this.ready = false;
    this.setGuestOpen(false);
  }

  /** Notes whether the guest's end is open. */
  setGuestOpen(open: boolean): void {
    if (this.guestOpen === open) return;
    this.guestOpen = open;
    this.onOpen?.(open);
  }
}

/** The ports of a device. They outlive its reset: a driver is told of them when it is ready. */
export class DevicePorts extends DeviceBehaviour {
  readonly #host: DevicePortsHost;
  readonly #ports = new Map<number, DevicePort>();
  #ready = false;
  #said: PortMessage[] = []; // not sent yet

  /** For a device. */
  constructor(host: DevicePortsHost) {
    super();
    this.#host = host;
  }

  /** The ports that there are. */
  get all(): readonly DevicePort[] {
    return [...this.#ports.values()];
  }

  /** Creates a port; RangeError when there is one of this number, or can be none. */
  add(options: PortOptions = {}): DevicePort {
    const most = this.#host.settings.maxNrPorts ?? 0;
    let { id = 0 } = options;
    while (options.id === undefined && this.#ports.has(id)) id++;
    if (!Number.isInteger(id) || id < 0 || id >= most || this.#ports.has(id)) {
      const why = this.#ports.has(id) ? "there is one" : `there are ${most} at most`;
      throw new RangeError(`Cannot add port ${id}: ${why}`);
    }
    const port = new DevicePort(this, id, options);
    this.#ports.set(id, port);
    if (this.#ready) this.say({ event: "add", id, value: 0 });
    return port;
  }

  /** Removes a port, and rejects what waits to be written to it; RangeError when there is none of this number. */
  remove(id: number): void {
    const port = this.#ports.get(id);
    if (port === undefined) throw new RangeError(`Cannot remove port ${id}: there is none`);
    this.#ports.delete(id);
    port.end();
    const unknown = this.#said.some((one) => one.id === id && one.event === "add");
    // An earlier port of this number may still have to go: that stays to be said.
    this.#said = this.#said.filter((one) => one.id !== id || one.event === "remove");
    if (this.#ready && !unknown) this.say({ event: "remove", id, value: 0 });
  }

  /** The handlers that stand in front of the user's. */
  handlers(user: DevicePortsUser): DevicePortsHandlers {
    const { portOutput, receiveqAvailable, controlReceiveqAvailable } = user;
    return {
      portOutput: (data, queue) => {
        const port = this.#ports.get(queue);
        if (port?.onOutput === undefined) return portOutput?.(data, queue);
        port.onOutput(data.bytes());
      },
      receiveqAvailable: (queue) => {
        this.pump(queue);
        receiveqAvailable?.(queue);
      },
      controlReceiveqAvailable: (queue) => {
        this.#flush();
        controlReceiveqAvailable?.(queue);
      },
      deviceReady: ({ value }) => this.#driverReady(value === 1),
      portReady: ({ id, value }) => this.#portReady(id, value === 1),
      driverControlPortOpen: ({ id, value }) => this.#ports.get(id)?.setGuestOpen(value === 1),
    };
  }

  /** Forgets what the driver said; the ports stay. */
  override reset(): void {
    this.#ready = false;
    this.#said = [];
    for (const port of this.all) port.reset();
  }

  /** What the driver knows, and what it does not know yet. */
  override save(): unknown {
    const ports = this.all.map(({ id, ready, guestOpen, open, size }) => {
      return { id, ready, guestOpen, open, size: size ?? null };
    });
    return { ready: this.#ready, ports, said: [...this.#said] };
  }

  /** Takes back what {@linkcode DevicePorts.save} gave, for the ports that there are; TypeError or RangeError naming the field. */
  override restore(state: unknown, path: string): void {
    const saved = record(state, path);
    const ready = flag(saved.ready, `${path}.ready`);
    const ports = list(saved.ports, `${path}.ports`).map((one, at) =>
      this.#readPort(one, `${path}.ports[${at}]`)
    );
    const said = list(saved.said, `${path}.said`).map((one, at) =>
      this.#readSaid(one, `${path}.said[${at}]`)
    );
    for (const { port, ...known } of ports) Object.assign(port, known);
    this.#ready = ready;
    this.#said = said;
  }

  /** Sends a control message as soon as there is room. */
  say(one: PortMessage): void {
    this.#said.push(one);
    this.#flush();
  }

  /** Hands input over to a port, as far as there is room. */
  pump(id: number): void {
    this.#ports.get(id)?.pump((data) => this.#host.sendPortInput(data, id));
  }

  #driverReady(ready: boolean): void {
    this.reset();
    this.#ready = ready;
    if (!ready) return;
    for (const { id } of this.all) this.say({ event: "add", id, value: 0 });
  }

  #portReady(id: number, ready: boolean): void {
    const port = this.#ports.get(id);
    if (port === undefined) return;
    port.ready = ready;
    if (!ready) return;
    for (const one of port.introduction()) this.say(one);
  }

  #flush(): void {
    for (let next; (next = this.#said[0]) !== undefined;) {
      if (!this.#send(next)) return;
      this.#said.shift();
    }
  }

  #send({ event, id, value }: PortMessage): boolean {
    const host = this.#host;
    const port = this.#ports.get(id);
    switch (event) {
      case "add":
        return host.sendDeviceAdd({ id, value });
      case "remove":
        return host.sendDeviceRemove({ id, value });
      case "console":
        return host.sendConsolePort({ id, value });
      case "open":
        return host.sendDeviceControlPortOpen({ id, value });
      case "name":
        return host.sendPortName({ id, value, name: port?.name ?? "" });
      case "resize":
        return host.sendResize({ id, value, size: port?.size ?? { cols: 0, rows: 0 } });
    }
  }

  #readPort(value: unknown, path: string) {
    const saved = record(value, path);
    const id = integer(saved.id, `${path}.id`, 0xffff_ffff);
    const port = this.#ports.get(id);
    if (port === undefined) return refuseField(`${path}.id`, "a port of this device", id);
    const { size } = saved;
    const of = size === null ? undefined : record(size, `${path}.size`);
    return {
      port,
      ready: flag(saved.ready, `${path}.ready`),
      guestOpen: flag(saved.guestOpen, `${path}.guestOpen`),
      open: flag(saved.open, `${path}.open`),
      size: of && {
        cols: integer(of.cols, `${path}.size.cols`, 0xffff),
        rows: integer(of.rows, `${path}.size.rows`, 0xffff),
      },
    };
  }

  #readSaid(value: unknown, path: string): PortMessage {
    const { event, ...saved } = record(value, path);
    if (typeof event !== "string" || !EVENTS.includes(event)) {
      return refuseField(`${path}.event`, `one of ${EVENTS.join(", ")}`, event);
    }
    return {
      event: event as PortMessage["event"],
      id: integer(saved.id, `${path}.id`, 0xffff_ffff),
      value: integer(saved.value, `${path}.value`, 0xffff),
    };
  }
}
