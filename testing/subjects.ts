/**
 * The devices that the vectors try, and how a vector sets each side of them up.
 *
 * @module
 */

import { className, propertyName, shortName } from "../generator/names.ts";
import { BalloonDevice } from "../generated/balloon/device.ts";
import { BalloonDriver } from "../generated/balloon/driver.ts";
import { BlockDevice } from "../generated/blk/device.ts";
import { BlockDriver } from "../generated/blk/driver.ts";
import { CanDevice } from "../generated/can/device.ts";
import { CanDriver } from "../generated/can/driver.ts";
import { ConsoleDevice } from "../generated/console/device.ts";
import { ConsoleDriver } from "../generated/console/driver.ts";
import { CryptoDevice } from "../generated/crypto/device.ts";
import { CryptoDriver } from "../generated/crypto/driver.ts";
import { EntropyDevice } from "../generated/entropy/device.ts";
import { EntropyDriver } from "../generated/entropy/driver.ts";
import { FileSystemDevice } from "../generated/fs/device.ts";
import { FileSystemDriver } from "../generated/fs/driver.ts";
import { GpioDevice } from "../generated/gpio/device.ts";
import { GpioDriver } from "../generated/gpio/driver.ts";
import { GpuDevice } from "../generated/gpu/device.ts";
import { GpuDriver } from "../generated/gpu/driver.ts";
import { I2cDevice } from "../generated/i2c/device.ts";
import { I2cDriver } from "../generated/i2c/driver.ts";
import { InputDevice } from "../generated/input/device.ts";
import { InputDriver } from "../generated/input/driver.ts";
import { IommuDevice } from "../generated/iommu/device.ts";
import { IommuDriver } from "../generated/iommu/driver.ts";
import { MediaDevice } from "../generated/media/device.ts";
import { MediaDriver } from "../generated/media/driver.ts";
import { MemoryDevice } from "../generated/mem/device.ts";
import { MemoryDriver } from "../generated/mem/driver.ts";
import { NetworkDevice } from "../generated/net/device.ts";
import { NetworkDriver } from "../generated/net/driver.ts";
import { PmemDevice } from "../generated/pmem/device.ts";
import { PmemDriver } from "../generated/pmem/driver.ts";
import { RpmbDevice } from "../generated/rpmb/device.ts";
import { RpmbDriver } from "../generated/rpmb/driver.ts";
import { RtcDevice } from "../generated/rtc/device.ts";
import { RtcDriver } from "../generated/rtc/driver.ts";
import { ScmiDevice } from "../generated/scmi/device.ts";
import { ScmiDriver } from "../generated/scmi/driver.ts";
import { ScsiDevice } from "../generated/scsi/device.ts";
import { ScsiDriver } from "../generated/scsi/driver.ts";
import { SoundDevice } from "../generated/sound/device.ts";
import { SoundDriver } from "../generated/sound/driver.ts";
import { SpiDevice } from "../generated/spi/device.ts";
import { SpiDriver } from "../generated/spi/driver.ts";
import { SocketDevice } from "../generated/vsock/device.ts";
import { SocketDriver } from "../generated/vsock/driver.ts";
import type { Device } from "../runtime/device.ts";
import type { Driver } from "../runtime/driver.ts";
import { featureSet, ReservedFeature } from "../runtime/features.ts";
import type { Transport } from "../runtime/transport.ts";
import type { Case, Device as Description, Gate, Messages, Queue } from "../spec/dsl.ts";
import { devices } from "../spec/mod.ts";
import { fieldsOf, type Vector } from "./vectors.ts";

/** How the two sides are made, whatever device they are of. */
interface Sides {
  readonly makeDevice: (options: Record<string, unknown>) => Device;
  readonly openDriver: (transport: Transport, options: Record<string, unknown>) => Promise<Driver>;
}

/** A device under test. */
export interface Subject extends Sides {
  readonly description: Description;
}

type DeviceClass<Options> = new (options: Options) => Device;
type Open<Options> = (transport: Transport, options: Options) => Promise<Driver>;

/** Gives up on the types of the options: a vector makes them. */
function sides<D, O>(device: DeviceClass<D>, open: Open<O>): Sides {
  return {
    makeDevice: (options) => new device(options as D),
    openDriver: (transport, options) => open(transport, options as O),
  };
}

const SIDES: Readonly<Record<string, Sides>> = {
  balloon: sides(BalloonDevice, BalloonDriver.open),
  blk: sides(BlockDevice, BlockDriver.open),
  can: sides(CanDevice, CanDriver.open),
  console: sides(ConsoleDevice, ConsoleDriver.open),
  crypto: sides(CryptoDevice, CryptoDriver.open),
  entropy: sides(EntropyDevice, EntropyDriver.open),
  fs: sides(FileSystemDevice, FileSystemDriver.open),
  gpio: sides(GpioDevice, GpioDriver.open),
  gpu: sides(GpuDevice, GpuDriver.open),
  i2c: sides(I2cDevice, I2cDriver.open),
  input: sides(InputDevice, InputDriver.open),
  iommu: sides(IommuDevice, IommuDriver.open),
  media: sides(MediaDevice, MediaDriver.open),
  mem: sides(MemoryDevice, MemoryDriver.open),
  net: sides(NetworkDevice, NetworkDriver.open),
  pmem: sides(PmemDevice, PmemDriver.open),
  rpmb: sides(RpmbDevice, RpmbDriver.open),
  rtc: sides(RtcDevice, RtcDriver.open),
  scmi: sides(ScmiDevice, ScmiDriver.open),
  scsi: sides(ScsiDevice, ScsiDriver.open),
  sound: sides(SoundDevice, SoundDriver.open),
  spi: sides(SpiDevice, SpiDriver.open),
  vsock: sides(SocketDevice, SocketDriver.open),
};

/** All devices under test. */
export const SUBJECTS: readonly Subject[] = Object.entries(SIDES).map(([name, each]) => {
  const description = devices.find((device) => device.name === name);
  if (description === undefined) throw new TypeError(`Cannot try ${name}: nothing describes it`);
  return { description, ...each };
});

/** A message of a description: a case of a set, or a set without cases. */
export interface Message {
  /** `set.case`, or the set. */
  readonly name: string;
  readonly set: Messages;
  readonly case: Case | undefined;
  readonly queue: Queue;
  /** Name of its methods and handlers. */
  readonly method: string;
  /** Name of the driver's option that is told of it, when the device sends it. */
  readonly event: string;
  /** Name of its queue in methods and options. */
  readonly queueName: string;
}

/** All messages that queues carry. A case whose name another set has too has that of its set before it. */
export function messagesOf(description: Description): Message[] {
  const keys = Object.values(description.messages ?? {}).flatMap(({ cases }) =>
    Object.keys(cases ?? {})
  );
  const isShared = (key: string) => keys.indexOf(key) !== keys.lastIndexOf(key);
  return Object.entries(description.queues).flatMap(([queueKey, queue]) =>
    [queue.carries].flat().flatMap((name): Message[] => {
      const set = description.messages![name]!;
      const short = shortName(name, description.name);
      const queueName = className(queueKey);
      if (set.cases === undefined) {
        const event = `on${className(short)}`;
        return [
          { name, set, case: undefined, queue, queueName, method: propertyName(short), event },
        ];
      }
      return Object.entries(set.cases).map(([key, each]) => {
        const own = isShared(key) ? `${short}_${key}` : key;
        const event = own === "error" ? `on${className(`${short}_error`)}` : `on${className(own)}`; // onError is there
        const method = propertyName(own);
        return { name: `${name}.${key}`, set, case: each, queue, queueName, method, event };
      });
    })
  );
}

/** The message of a vector; of a tag that no case has, the set. */
export function messageOf({ description }: Subject, vector: Vector): Message {
  const all = messagesOf(description);
  const found = all.find(({ name }) => name === vector.message);
  if (found !== undefined) return found;
  const sibling = all.find(({ name }) => name.split(".")[0] === vector.message);
  if (sibling === undefined) throw new TypeError(`Cannot find ${vector.message}`);
  return { ...sibling, name: vector.message, case: undefined };
}

/** Name of the property that says how a request went; undefined where nothing does. */
export function statusProperty(message: Message): string | undefined {
  const status = message.case?.status ?? message.set.status;
  if (status === undefined || status === "none") return undefined;
  return propertyName([status.field].flat().at(-1)!);
}

/** The features of a vector as bits, and those of the ring. */
export function featureBits(
  { description }: Subject,
  vector: Vector,
  ring: { readonly packed: boolean; readonly indirect: boolean },
): bigint {
  const own = vector.features.map((name) => {
    const feature = description.features?.[name];
    if (feature === undefined) throw new TypeError(`Cannot negotiate ${name}: no such feature`);
    return feature.bit;
  });
  const { VIRTIO_F_VERSION_1, VIRTIO_F_RING_PACKED, VIRTIO_F_INDIRECT_DESC } = ReservedFeature;
  const bits: number[] = [...own, VIRTIO_F_VERSION_1];
  if (ring.packed) bits.push(VIRTIO_F_RING_PACKED);
  if (ring.indirect) bits.push(VIRTIO_F_INDIRECT_DESC);
  return featureSet(...bits);
}

/** Entries that the queues of a device may have: one for each byte of the largest vector. */
export const QUEUE_SIZE_MAX = 2048;

/** Whether a gate is open. */
function isOpen(gate: Gate | undefined, features: readonly string[]): boolean {
  if (gate === undefined) return true;
  const sets = typeof gate === "string" ? [gate] : gate;
  return sets.some((set) => [set].flat().every((name) => features.includes(name)));
}

/** What a handler is called with, and what it answers. */
export type Handler = (message: Message, args: readonly unknown[]) => unknown;

/** Options of a device that offers what the vector needs, with one handler behind all requests. */
export function deviceOptions(
  subject: Subject,
  vector: Vector,
  handler: Handler,
): Record<string, unknown> {
  const { description } = subject;
  const options: Record<string, unknown> = { queueSizeMax: QUEUE_SIZE_MAX };
  if (description.config !== undefined) options.config = fieldsOf(vector.config);
  if (description.config?.window !== undefined) options.window = () => undefined;
  if (vector.order !== undefined) options.byteOrder = () => vector.order;
  if (vector.strict === true) options.strict = true;
  options.features = vector.features.filter((name) =>
    [description.features?.[name]?.by].flat().includes("option")
  );
  for (const message of messagesOf(description)) {
    const { feature, unless } = message.case ?? {};
    const shut = unless !== undefined && isOpen(unless, vector.features);
    if (message.queue.role === "receive" || shut || !isOpen(feature, vector.features)) continue;
    options[message.method] = (...args: unknown[]) => handler(message, args);
  }
  return options;
}
