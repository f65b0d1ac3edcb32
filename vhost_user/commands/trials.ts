/**
 * What `probe` asks of a device whose type it is told: first requests, which change nothing.
 *
 * @module
 */

import { BLK_INFO, BlockDriver, BlockStatus } from "../../generated/blk/mod.ts";
import { ENTROPY_INFO, EntropyDriver } from "../../generated/entropy/mod.ts";
import {
  FILE_SYSTEM_CONFIG_SIZE,
  FileSystemDriver,
  FileSystemOpcode,
  FS_INFO,
} from "../../generated/fs/mod.ts";
import { GPIO_INFO, GpioDriver } from "../../generated/gpio/mod.ts";
import { I2C_INFO, I2cDriver, I2cStatus } from "../../generated/i2c/mod.ts";
import { INPUT_INFO, InputConfigSelect, InputDriver } from "../../generated/input/mod.ts";
import { NET_INFO, NetworkDriver } from "../../generated/net/mod.ts";
import {
  FUSE_INIT_IN_SIZE,
  FUSE_INIT_OUT,
  FUSE_INIT_OUT_SIZE,
  FUSE_KERNEL_MINOR_VERSION,
  FUSE_KERNEL_VERSION,
  FUSE_KSTATFS,
  FUSE_KSTATFS_SIZE,
  FUSE_ROOT_ID,
} from "../../generated/layout/fuse.ts";
import { SCSI_INFO, ScsiDriver, ScsiResponse } from "../../generated/scsi/mod.ts";
import { SocketDriver, VSOCK_INFO } from "../../generated/vsock/mod.ts";
import { TransportError } from "../../runtime/errors.ts";
import type { DeviceInfo } from "../../runtime/features.ts";
import type { FrontEnd } from "../frontend.ts";

/** How a device is tried. */
export interface Trial {
  /** Its features. */
  readonly info: DeviceInfo;
  /** The configuration, for back ends that leave it to the front end. */
  readonly config?: Uint8Array;
  /** Asks for something; lines that say what came of it. TransportError when that is not as it should be. */
  readonly attempt: (transport: FrontEnd) => Promise<string[]>;
}

/** The devices that can be tried, by their names. */
export const TRIALS: Readonly<Record<string, Trial>> = {
  blk: { info: BLK_INFO, attempt: tryBlock },
  entropy: { info: ENTROPY_INFO, attempt: tryEntropy },
  fs: { info: FS_INFO, config: oneQueue(), attempt: tryFileSystem },
  gpio: { info: GPIO_INFO, attempt: tryGpio },
  i2c: { info: I2C_INFO, attempt: tryI2c },
  input: { info: INPUT_INFO, attempt: tryInput },
  net: { info: NET_INFO, attempt: tryNetwork },
  scsi: { info: SCSI_INFO, attempt: tryScsi },
  vsock: { info: VSOCK_INFO, attempt: trySockets },
};

/** Bytes in hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

function configuration(config: unknown): string {
  return `configuration: ${JSON.stringify(config)}`;
}

async function tryBlock(transport: FrontEnd): Promise<string[]> {
  const driver = await BlockDriver.open(transport);
  const { config } = driver;
  const bytes = new Uint8Array(Math.min(4096, config.capacity * 512));
  const started = performance.now();
  const { status } = await driver.in({ sector: 0 }, bytes);
  const micros = Math.round((performance.now() - started) * 1000);
  if (status !== BlockStatus.OK) throw new TransportError(`Cannot read sector 0: status ${status}`);
  return [
    configuration(config),
    `read: ${bytes.length} bytes at sector 0 in ${micros} us`,
  ];
}

async function tryEntropy(transport: FrontEnd): Promise<string[]> {
  const driver = await EntropyDriver.open(transport);
  const bytes = new Uint8Array(16);
  await driver.random(bytes);
  return [`random: ${hex(bytes)}`];
}

/** A configuration of a file system with one queue of requests and no name. */
function oneQueue(): Uint8Array {
  const config = new Uint8Array(FILE_SYSTEM_CONFIG_SIZE);
  config[36] = 1;
  return config;
}

async function tryFileSystem(transport: FrontEnd): Promise<string[]> {
  const driver = await FileSystemDriver.open(transport);
  let unique = 0n;
  const ask = async (opcode: FileSystemOpcode, nodeid: number, input: Uint8Array, room: number) => {
    const header = { opcode, unique: ++unique, nodeid: BigInt(nodeid), totalExtlen: 0 };
    const request = { ...header, uid: 0, gid: 0, pid: 0 };
    const { error, dataout } = await driver.req(request, input, new Uint8Array(room));
    if (error !== 0 || dataout.length < room) {
      throw new TransportError(`Cannot use the file system: errno ${-(error | 0)} to ${opcode}`);
    }
    return new DataView(dataout.buffer, dataout.byteOffset, dataout.length);
  };
  const { INIT, STATFS } = FileSystemOpcode;
  const versions = Uint32Array.of(FUSE_KERNEL_VERSION, FUSE_KERNEL_MINOR_VERSION);
  const hello = new Uint8Array(FUSE_INIT_IN_SIZE);
  hello.set(new Uint8Array(versions.buffer));
  const init = await ask(INIT, 0, hello, FUSE_INIT_OUT_SIZE);
  const [major, minor] = [FUSE_INIT_OUT.major, FUSE_INIT_OUT.minor].map((at) =>
    init.getUint32(at, true)
  );
  const figures = await ask(STATFS, FUSE_ROOT_ID, new Uint8Array(0), FUSE_KSTATFS_SIZE);
  const bytes = figures.getBigUint64(FUSE_KSTATFS.bavail, true) *
    BigInt(figures.getUint32(FUSE_KSTATFS.frsize, true));
  return [configuration(driver.config), `FUSE: ${major}.${minor}`, `free: ${bytes} bytes`];
}

async function tryGpio(transport: FrontEnd): Promise<string[]> {
  const driver = await GpioDriver.open(transport);
  const { config } = driver;
  const names = config.gpioNamesSize > 0 ? (await driver.getLineNames()).value : [];
  const lines: string[] = [];
  for (let gpio = 0; gpio < config.ngpio; gpio++) {
    const { value: direction } = await driver.getDirection({ gpio });
    const { value } = await driver.getValue({ gpio });
    const way = ["not in use", "output", "input"][direction];
    lines.push(
      `line ${gpio}: ${names[gpio] || "no name"}, ${way}, ${value === 0 ? "low" : "high"}`,
    );
  }
  return [configuration(config), ...lines];
}

/** Addresses of 7 bits that chips may have. */
const [FIRST, LAST] = [0x08, 0x77];

async function tryI2c(transport: FrontEnd): Promise<string[]> {
  const driver = await I2cDriver.open(transport);
  const nothing = new Uint8Array(0);
  const found: string[] = [];
  for (let address = FIRST; address <= LAST; address++) {
    const request = { addr: address << 1, failNext: 0, mRd: 1 };
    const { status } = await driver.req(request, nothing, new Uint8Array(1));
    if (status === I2cStatus.OK) found.push(`0x${address.toString(16).padStart(2, "0")}`);
  }
  return [`chips: ${found.join(", ") || "none"}`];
}

async function tryScsi(transport: FrontEnd): Promise<string[]> {
  const driver = await ScsiDriver.open(transport);
  const nothing = new Uint8Array(0);
  const data = new Uint8Array(36);
  const inquiry = Uint8Array.of(0x12, 0, 0, 0, data.length, 0);
  const lun = Uint8Array.of(1, 0, 0x40, 0, 0, 0, 0, 0);
  const request = { lun, id: 0n, taskAttr: 0, prio: 0, crn: 0, cdb: inquiry };
  const { response, status } = await driver.command(request, nothing, nothing, nothing, data);
  if (response === ScsiResponse.BAD_TARGET) return [configuration(driver.config), "target 0: none"];
  if (response !== ScsiResponse.OK || status !== 0) {
    throw new TransportError(`Cannot use target 0: response ${response}, status ${status}`);
  }
  const product = new TextDecoder().decode(data.subarray(8)).replace(/\s+/g, " ").trim();
  return [configuration(driver.config), `target 0, unit 0: type ${data[0]}, ${product}`];
}

async function tryInput(transport: FrontEnd): Promise<string[]> {
  const driver = await InputDriver.open(transport);
  const { ID_NAME, ID_SERIAL } = InputConfigSelect;
  const [name, serial] = [await driver.select(ID_NAME, 0), await driver.select(ID_SERIAL, 0)];
  if (name?.kind !== "string") throw new TransportError("Cannot use the device: it has no name");
  return [`name: ${name.string}`, `serial: ${serial?.kind === "string" ? serial.string : "none"}`];
}

/** Queues are set up; whatever was sent would be seen by others. */
async function tryNetwork(transport: FrontEnd): Promise<string[]> {
  const { mac, ...config } = (await NetworkDriver.open(transport)).config;
  const address = mac === undefined ? "none" : hex(mac).replaceAll(" ", ":");
  return [configuration(config), `address: ${address}`];
}

async function trySockets(transport: FrontEnd): Promise<string[]> {
  const { guestCid } = (await SocketDriver.open(transport)).config;
  return [`context: ${guestCid}`];
}
