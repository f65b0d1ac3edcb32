/**
 * The device's side of administration: a device that owns groups of devices, and carries out the
 * commands for their members (VIRTIO 1.4, 2.12 and 2.13).
 *
 * Whatever a driver sends is answered by a status: an unknown group, command or member, a command that
 * it did not say it would use, a value that makes no sense. Nothing a driver sends throws.
 *
 * @module
 */

import { GroupType, Opcode, Status, StatusQualifier } from "../../generated/layout/admin.ts";
import type { Device } from "../device.ts";
import type { AdminServer } from "../device_hooks.ts";
import type { DeviceQueue } from "../queue.ts";
import { Capabilities, type Capability } from "./capabilities.ts";
import { CommonCapabilities, type PartsLimits } from "./common.ts";
import {
  type AdminCommand,
  AdminError,
  bitmapOf,
  invalidField,
  isOpcode,
  numbersIn,
  readCommand,
  writeAnswer,
} from "./command.ts";
import type { CommandResult, GroupCommand, GroupMember } from "./group.ts";
import { legacyCommands } from "./legacy.ts";
import { ResourceObjects, type ResourceType } from "./objects.ts";
import { readOwner, type SavedOwner } from "./saved.ts";
import { partsCommands, partsObjects } from "./parts_commands.ts";

const NOTHING = new Uint8Array(0);
/** Objects for device parts unless told otherwise. */
const PARTS_LIMITS: PartsLimits = { get: 16, set: 16 };
/** What may be used after a reset. */
const FIRST: readonly number[] = [Opcode.LIST_QUERY, Opcode.LIST_USE];

/** How an owner of groups is made. */
export interface GroupOwnerOptions {
  /**
   * The virtual functions that the device can have, members 1, 2, … of its SR-IOV group. Over PCI they are
   * virtual {@linkcode PciDevice}s, and the guest switches the first so many of them on; elsewhere all are.
   * Without this the device has no such group, ever. Legacy access is there when all of them have a
   * legacy interface.
   */
  readonly functions?: readonly GroupMember[];
  /** How many objects for device parts there can be: 16 that read and 16 that set when not given. */
  readonly parts?: PartsLimits;
  /** Capabilities of the device type. */
  readonly capabilities?: readonly Capability[];
  /** Types of resource objects of the device type. */
  readonly resources?: readonly ResourceType[];
  /** Further commands, or others in the place of those that are here. */
  readonly commands?: readonly GroupCommand[];
}

/** A device that owns groups: the one of itself, and that of its virtual functions if it has some. */
export class GroupOwner implements AdminServer {
  /** What the driver said of capabilities. */
  readonly capabilities: Capabilities;
  /** What the driver created. */
  readonly objects: ResourceObjects;
  /** The virtual functions that there can be. */
  readonly functions: readonly GroupMember[];
  readonly #commands = new Map<number, Map<number, GroupCommand>>();
  readonly #used = new Map<number, ReadonlySet<number>>();
  readonly #busy = new Set<DeviceQueue>();
  #enabled: number | undefined; // so many of the functions are there
  #device: Device | undefined;

  /** RangeError when an option makes no sense. */
  constructor(options: GroupOwnerOptions = {}) {
    const { functions = [], parts = PARTS_LIMITS, capabilities = [], resources = [] } = options;
    const { devParts } = CommonCapabilities;
    const members = functions.length > 0;
    this.functions = functions;
    this.#enabled = functions.length;
    this.capabilities = new Capabilities(
      members ? [devParts.offer(parts), ...capabilities] : capabilities,
      (id, driver) => this.objects.checkCapability(id, driver),
    );
    this.objects = new ResourceObjects(
      members ? [partsObjects(() => this.capabilities.get(devParts)), ...resources] : resources,
      (id) => this.capabilities.get(id),
      (id) => this.capabilities.has(id),
    );
    const legacy = functions.every((member) => member.legacy !== undefined);
    this.#add([
      ...this.#lists(GroupType.SELF),
      ...this.capabilities.commands(),
      ...this.objects.commands(),
      ...(members ? partsCommands(this.objects) : []),
      ...(members && legacy ? legacyCommands() : []),
      ...(options.commands ?? []),
    ]);
  }

  /** For devices: see {@linkcode AdminServer.attach}. */
  attach(device: Device): void {
    if (this.#device !== undefined) {
      throw new TypeError("Cannot own groups of devices: they have an owner already");
    }
    this.#device = device;
  }

  /** For transports: what was created for virtual functions is gone when they are. */
  enableFunctions(count: number | undefined): void {
    this.#enabled = count;
    if (count !== undefined) return;
    // NOTES.md: admin-members-gone
    try {
      this.objects.reset(GroupType.SRIOV);
    } catch (error) {
      this.#report(error);
    }
  }

  /** For devices: commands of one queue are carried out one after the other (VIRTIO 1.4, 2.13.1). */
  serve(queue: DeviceQueue): boolean {
    if (this.#busy.has(queue)) return false;
    for (let count = 0; count < queue.size; count++) {
      const head = queue.pop();
      if (head < 0) break;
      const command = readCommand(queue.chain(head));
      const answer = this.#run(command);
      if (answer instanceof Promise) {
        this.#busy.add(queue);
        void this.#later(queue, head, answer);
        break;
      }
      this.#answer(queue, head, answer);
      if (count === queue.size - 1) {
        queue.publish();
        return true;
      }
    }
    queue.publish();
    return false;
  }

  /** For devices: what the driver set up is gone. */
  reset(): void {
    try {
      this.objects.reset();
    } finally {
      this.capabilities.reset();
      this.#used.clear();
      this.#busy.clear();
    }
  }

  /** For devices: what the driver set up, fit for JSON. */
  save(): SavedOwner {
    return {
      used: [...this.#used].map(([group, opcodes]) => [group, [...opcodes]]),
      capabilities: this.capabilities.save(),
      objects: this.objects.all().map((object) => ({
        ...object,
        memberId: Number(object.memberId),
        data: [...object.data],
      })),
    };
  }

  /** For devices: takes back what was saved; TypeError or RangeError naming the field. */
  restore(value: unknown): void {
    const saved = readOwner(value);
    this.reset();
    const attempt = (field: string, step: () => void) => {
      try {
        step();
      } catch (cause) {
        const why = (cause as Error).message;
        throw new RangeError(`Cannot restore the device: ${field} is wrong: ${why}`, { cause });
      }
    };
    for (const [group, opcodes] of saved.used) {
      attempt("admin.state.used", () => this.#use(group, opcodes));
    }
    for (const [id, data] of saved.capabilities) {
      attempt("admin.state.capabilities", () => this.capabilities.set(id, Uint8Array.from(data)));
    }
    for (const { memberId, data, ...name } of saved.objects) {
      const object = { ...name, memberId: BigInt(memberId), data: Uint8Array.from(data) };
      attempt("admin.state.objects", () => this.objects.create(object));
    }
  }

  #add(commands: readonly GroupCommand[]): void {
    for (const command of commands) {
      const { groupType, opcode } = command;
      if (!isOpcode(opcode)) {
        throw new RangeError(`Cannot serve command ${opcode}: it has another layout`);
      }
      const lists = () => new Map(this.#lists(groupType).map((list) => [list.opcode, list]));
      const group = this.#commands.get(groupType) ?? lists();
      this.#commands.set(groupType, group.set(opcode, command));
    }
  }

  #lists(groupType: number): GroupCommand[] {
    return [
      {
        groupType,
        opcode: Opcode.LIST_QUERY,
        run: () => bitmapOf(this.#commands.get(groupType)!.keys()),
      },
      {
        groupType,
        opcode: Opcode.LIST_USE,
        run: ({ data }) => this.#use(groupType, numbersIn(data)),
      },
    ];
  }

  #use(groupType: number, opcodes: readonly number[]): void {
    const known = this.#commands.get(groupType);
    if (known === undefined || !opcodes.every((opcode) => known.has(opcode))) throw invalidField();
    this.#used.set(groupType, new Set(opcodes));
  }

  #run(command: AdminCommand): Answer | Promise<Answer> {
    try {
      const { run, member } = this.#find(command);
      const result = run({ ...command, member });
      if (!(result instanceof Promise)) return done(result);
      return result.then((value) => {
        this.#find(command); // the member may be gone by now
        return done(value);
      }).catch((error) => this.#failed(error));
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** Group, command, member: the first that is wrong is the answer (VIRTIO 1.4, 2.12.1.5). */
  #find({ groupType, opcode, memberId }: AdminCommand) {
    const group = groupType === GroupType.SRIOV && this.#enabled === undefined
      ? undefined
      : this.#commands.get(groupType);
    if (group === undefined) throw refused(StatusQualifier.INVALID_GROUP);
    const command = group.get(opcode);
    const used = this.#used.get(groupType);
    const legal = used === undefined ? FIRST.includes(opcode) : used.has(opcode);
    if (command === undefined || !legal) throw refused(StatusQualifier.INVALID_OPCODE);
    // The lists are for no member in particular.
    const anyone = FIRST.includes(opcode);
    const member = anyone ? this.#self() : this.#member(groupType, memberId);
    if (member === undefined) throw refused(StatusQualifier.INVALID_MEMBER);
    return { run: command.run, member };
  }

  #member(groupType: number, id: bigint): GroupMember | undefined {
    if (groupType !== GroupType.SRIOV) return id === 0n ? this.#self() : undefined;
    return id <= (this.#enabled ?? 0) ? this.functions[Number(id) - 1] : undefined;
  }

  #self(): GroupMember {
    return { device: this.#device! };
  }

  #failed(error: unknown): Answer {
    if (error instanceof AdminError) {
      return { status: error.status, qualifier: error.qualifier, result: NOTHING };
    }
    this.#report(error);
    const status = Status.EAGAIN;
    return { status, qualifier: StatusQualifier.TRYAGAIN, result: NOTHING };
  }

  #report(error: unknown): void {
    (this.#device?.onError ?? console.error)(error);
  }

  #answer(queue: DeviceQueue, head: number, { status, qualifier, result }: Answer): void {
    queue.push(head, writeAnswer(queue.chain(head), status, qualifier, result));
  }

  /** Answers, unless the queue is gone by then, and goes on with the next command. */
  async #later(queue: DeviceQueue, head: number, answer: Promise<Answer>): Promise<void> {
    const result = await answer;
    if (!this.#busy.delete(queue)) return; // the device was reset
    if (!queue.chain(head).pending) return;
    this.#answer(queue, head, result);
    queue.publish();
    this.#device?.notify(queue.index);
  }
}

interface Answer {
  readonly status: number;
  readonly qualifier: number;
  readonly result: Uint8Array;
}

function done(result: CommandResult): Answer {
  return { status: Status.OK, qualifier: StatusQualifier.OK, result: result ?? NOTHING };
}

function refused(qualifier: number): AdminError {
  return new AdminError(Status.EINVAL, qualifier);
}
