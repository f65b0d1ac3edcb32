/**
 * What a front end wants recorded for others: the pages that are written, for a migration, and the
 * buffers in flight, for the back end that follows. Both lie in memory that it shares.
 *
 * @module
 */

import { VHOST_USER_INFLIGHT } from "../generated/layout/vhost_user.ts";
import type { Device } from "../runtime/device.ts";
import { queueFormat } from "../runtime/features.ts";
import type { QueueFormat } from "../runtime/queue.ts";
import { fileSize, map, type Mapping, memoryFile } from "./shared_memory.ts";
import { InflightMemory, recordsSize } from "./inflight.ts";
import { inflightInfo, type Message, number64, payload64, payloadOf, refuse } from "./protocol.ts";
import type { Rings } from "./rings.ts";

/** Holds the memory of both for the rings of one connection. */
export class Recorder {
  readonly #device: Device;
  readonly #rings: Rings;
  #logging = false;
  #log: Mapping | undefined;
  #inflight: Mapping | undefined;

  /** Nothing is recorded at first. */
  constructor(device: Device, rings: Rings) {
    this.#device = device;
    this.#rings = rings;
  }

  /** SET_LOG_BASE. */
  async setLog(message: Message): Promise<DataView<ArrayBuffer>> {
    const [size, offset] = [number64(message, 0, "size"), number64(message, 8, "offset")];
    const log = mapShared(message, message.descriptors[0]!, size, offset);
    await this.#goOn(() => {
      this.#log?.close();
      this.#log = log;
    });
    return payload64(0);
  }

  /** VHOST_F_LOG_ALL: whether pages are recorded. */
  async logWrites(wanted: boolean): Promise<void> {
    if (wanted !== this.#logging) await this.#goOn(() => this.#logging = wanted);
  }

  /** GET_INFLIGHT_FD; the descriptor of the memory is put into the message that is answered. */
  makeInflight(message: Message): DataView<ArrayBuffer> {
    const { queues, queueSize } = inflightInfo(message);
    // Packed rings need more, and may be agreed on later where they are on offer.
    const format = this.#format() ?? queueFormat(this.#device.getFeatures());
    const size = queues * recordsSize(queueSize, format);
    if (size === 0) refuse(message.request, "num_queues", "rings of a size", `${queues}`);
    const fd = memoryFile("inflight", size);
    message.descriptors.push(fd); // closed once it was sent
    this.#useInflight(message, fd, size, 0);
    const answer = payloadOf(message.payload.byteLength);
    new Uint8Array(answer.buffer).set(new Uint8Array(message.payload.buffer));
    answer.setBigUint64(VHOST_USER_INFLIGHT.mmapSize, BigInt(size), true);
    answer.setBigUint64(VHOST_USER_INFLIGHT.mmapOffset, 0n, true);
    return answer;
  }

  /** SET_INFLIGHT_FD; memory that is too small for a format that is agreed on later is refused by its rings. */
  setInflight(message: Message): undefined {
    const { queues, queueSize, size, offset } = inflightInfo(message);
    const wanted = queues * recordsSize(queueSize, this.#format() ?? "split");
    if (size < wanted) refuse(message.request, "mmap_size", `at least ${wanted}`, size);
    this.#useInflight(message, message.descriptors[0]!, size, offset);
  }

  /** Lets go of all memory. */
  close(): void {
    this.#log?.close();
    this.#inflight?.close();
  }

  /** That of the rings, once it is agreed on. */
  #format(): QueueFormat | undefined {
    const { features } = this.#device;
    return features === 0n ? undefined : queueFormat(features);
  }

  #useInflight(message: Message, fd: number, size: number, offset: number): void {
    const { queues, queueSize } = inflightInfo(message);
    const mapping = mapShared(message, fd, size, offset);
    this.#inflight?.close();
    this.#inflight = mapping;
    this.#rings.inflight = new InflightMemory(mapping.bytes, queues, queueSize);
  }

  /** Lets the rings go on with the log as it is wanted after a change. */
  async #goOn(change: () => void): Promise<void> {
    await this.#rings.pause();
    change();
    this.#rings.log = this.#logging ? this.#log?.bytes : undefined;
    this.#rings.start();
  }
}

function mapShared({ request }: Message, fd: number, size: number, offset: number): Mapping {
  if (size === 0 || offset + size > fileSize(fd).size) {
    refuse(request, "mmap_size", "inside its file", size);
  }
  return map(fd, offset, size);
}
