/** A console and a port with a name: QEMU's virtio-serial, with us at the far ends of both. */

import assert from "node:assert/strict";
import { ConsoleDriver } from "../../../generated/console/mod.ts";
import type { QemuMachine } from "../machine.ts";
import type { Trial } from "../trial.ts";
import { eventually, FarEnd } from "../wait.ts";

const PORTS = 3;
const [CONSOLE, NAMED, LATER] = [0, 1, 2];
const NAME = "org.virtio-ts.port";

/** What the device said, in order, and what came into each port. */
interface Heard {
  readonly messages: string[];
  readonly input: number[][];
}

async function open(transport: Parameters<Trial["run"]>[0]): Promise<[ConsoleDriver, Heard]> {
  const messages: string[] = [];
  const input = Array.from({ length: PORTS }, (): number[] => []);
  const say = (what: string) => (value: { readonly id: number; readonly value: number }) =>
    messages.push(`${what} ${value.id} ${value.value}`);
  const driver = await ConsoleDriver.open(transport, {
    onPortInput: (data, port) => input[port]!.push(...data),
    onDeviceAdd: say("add"),
    onDeviceRemove: say("remove"),
    onConsolePort: say("console"),
    onDeviceControlPortOpen: say("open"),
    onPortName: ({ id, name }) => messages.push(`name ${id} ${name}`),
  });
  return [driver, { messages, input }];
}

/** Waits for a message of the device. */
async function hears({ messages }: Heard, message: string): Promise<void> {
  await eventually(`"${message}" after ${messages.join(", ")}`, () => messages.includes(message));
}

/** Bytes both ways between a port and its far end. */
async function talk(driver: ConsoleDriver, heard: Heard, port: number, far: FarEnd): Promise<void> {
  const out = crypto.getRandomValues(new Uint8Array(10_000));
  const sent = driver.portOutput(out, { queue: port });
  assert.deepEqual(await far.take(out.length), out);
  await sent;
  const into = crypto.getRandomValues(new Uint8Array(10_000));
  heard.input[port]!.length = 0;
  await far.send(into);
  await eventually("all input arrived", () => heard.input[port]!.length >= into.length);
  assert.deepEqual(Uint8Array.from(heard.input[port]!), into);
}

/** A port is plugged, has its messages, and is unplugged. */
async function plug(driver: ConsoleDriver, heard: Heard, { qmp }: QemuMachine): Promise<void> {
  await qmp.execute("chardev-add", { id: "c2", backend: { type: "null", data: {} } });
  const port = { driver: "virtserialport", id: "later", bus: "serial.0", chardev: "c2" };
  await qmp.execute("device_add", { ...port, nr: LATER, name: "later" });
  await hears(heard, `add ${LATER} 1`);
  await driver.portReady({ id: LATER, value: 1 });
  await hears(heard, `name ${LATER} later`);
  await qmp.execute("device_del", { id: "later" });
  await hears(heard, `remove ${LATER} 1`);
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
    const [opened, heard] = await open(transport);
    await using driver = opened;
    assert.equal(driver.config.maxNrPorts, PORTS);
    await driver.deviceReady({ id: 0, value: 1 });
    for (const id of [CONSOLE, NAMED]) {
      await hears(heard, `add ${id} 1`);
      await driver.portReady({ id, value: 1 });
    }
    await hears(heard, `console ${CONSOLE} 1`);
    await hears(heard, `name ${NAMED} ${NAME}`);
    for (const id of [CONSOLE, NAMED]) await driver.driverControlPortOpen({ id, value: 1 });
    await eventually(
      "QEMU tells that the port is open",
      () => machine.qmp.events.includes("VSERPORT_CHANGE"),
    );
    await talk(driver, heard, CONSOLE, console);
    {
      await using named = await FarEnd.connect(scratch.path(`port${NAMED}`));
      await hears(heard, `open ${NAMED} 1`);
      await talk(driver, heard, NAMED, named);
    }
    await hears(heard, `open ${NAMED} 0`);
    await driver.setEmergWr("!".charCodeAt(0));
    assert.deepEqual(await console.take(1), new TextEncoder().encode("!"));
    await plug(driver, heard, machine);
  },
};
