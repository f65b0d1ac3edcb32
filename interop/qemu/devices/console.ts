/** A console and a port with a name: QEMU's virtio-serial, with us at the far ends of both. */

import assert from "node:assert/strict";
import { ConsoleDriver } from "../../../generated/console/mod.ts";
import type { DriverPort } from "../../../runtime/contract.ts";
import type { QemuMachine } from "../machine.ts";
import type { Trial } from "../trial.ts";
import { eventually, FarEnd } from "../wait.ts";

const PORTS = 3;
const [CONSOLE, NAMED, LATER] = [0, 1, 2];
const NAME = "org.virtio-ts.port";

/** A driver whose ports follow the handshake by themselves, and what came into each. */
async function open(
  transport: Parameters<Trial["run"]>[0],
): Promise<[ConsoleDriver, number[][]]> {
  const input = Array.from({ length: PORTS }, (): number[] => []);
  const onPort = (port: DriverPort) => {
    port.onInput = (data) => input[port.id]!.push(...data);
  };
  return [await ConsoleDriver.open(transport, { ports: { onPort } }), input];
}

/** Waits for a port of which something holds. */
async function portThat(
  driver: ConsoleDriver,
  id: number,
  what: string,
  holds: (port: DriverPort) => boolean,
): Promise<DriverPort> {
  const port = () => driver.ports!.port(id);
  await eventually(`port ${id} ${what}`, () => {
    const there = port();
    return there !== undefined && holds(there);
  });
  return port()!;
}

/** Bytes both ways between a port and its far end. */
async function talk(port: DriverPort, input: number[], far: FarEnd): Promise<void> {
  const out = crypto.getRandomValues(new Uint8Array(10_000));
  const sent = port.write(out);
  assert.deepEqual(await far.take(out.length), out);
  await sent;
  const into = crypto.getRandomValues(new Uint8Array(10_000));
  input.length = 0;
  await far.send(into);
  await eventually("all input arrived", () => input.length >= into.length);
  assert.deepEqual(Uint8Array.from(input), into);
}

/** A port is plugged, introduces itself, and is unplugged. */
async function plug(driver: ConsoleDriver, { qmp }: QemuMachine): Promise<void> {
  await qmp.execute("chardev-add", { id: "c2", backend: { type: "null", data: {} } });
  const device = { driver: "virtserialport", id: "later", bus: "serial.0", chardev: "c2" };
  await qmp.execute("device_add", { ...device, nr: LATER, name: "later" });
  const port = await portThat(driver, LATER, "has its name", ({ name }) => name === "later");
  await qmp.execute("device_del", { id: "later" });
  await eventually("the port is gone", () => port.removed);
}

/** The trial. */
export const consoles: Trial = {
  device: "console",
  name: "virtio-serial",
  properties: ["id=serial", `max_ports=${PORTS}`],
  options: (scratch) =>
    [CONSOLE, NAMED].flatMap((port) => [
      "-chardev",
      `socket,id=c${port},server=on,wait=off,path=${scratch.path(`port${port}`)}`,
    ]),
  children: [
    `virtconsole,chardev=c0,nr=${CONSOLE}`,
    `virtserialport,chardev=c1,nr=${NAMED},name=${NAME},id=named`,
  ],
  proves: "the control messages of a console and of a port with a name, both opened and closed, " +
    "data both ways on each, a port plugged and unplugged, an emergency write",
  run: async (transport, machine, scratch) => {
    await using console = await FarEnd.connect(scratch.path(`port${CONSOLE}`));
    const [opened, input] = await open(transport);
    await using driver = opened;
    assert.equal(driver.config.maxNrPorts, PORTS);
    const first = await portThat(driver, CONSOLE, "is a console", (port) => port.console);
    const second = await portThat(driver, NAMED, "has its name", ({ name }) => name === NAME);
    assert.equal(first.open, true, "the answer to the nomination");
    await second.setOpen(true);
    await eventually(
      "QEMU tells that the port is open",
      () => machine.qmp.events.includes("VSERPORT_CHANGE"),
    );
    await talk(first, input[CONSOLE]!, console);
    {
      await using named = await FarEnd.connect(scratch.path(`port${NAMED}`));
      await portThat(driver, NAMED, "is open there", ({ hostOpen }) => hostOpen);
      await talk(second, input[NAMED]!, named);
    }
    await portThat(driver, NAMED, "is closed there", ({ hostOpen }) => !hostOpen);
    await driver.setEmergWr("!".charCodeAt(0));
    assert.deepEqual(await console.take(1), new TextEncoder().encode("!"));
    await plug(driver, machine);
  },
};
