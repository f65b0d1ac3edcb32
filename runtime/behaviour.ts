/**
 * What the protocol prescribes beyond layouts and checks: objects that stand between generated code
 * and the user's handlers, and keep state that outlives a message.
 *
 * Such an object comes to see a message after the generated checks. Its method `handlers` takes the
 * user's handlers, and gives back those that take their place: one that refuses or notes something and
 * calls the user's own, or one that answers all by itself. Nothing of this is there in devices without
 * the behaviour, and nothing is looked up for a request.
 *
 * @module
 */

import type { DeviceQueue } from "./queue.ts";
import { record } from "./snapshot.ts";

/** Numbers by the names of an enumeration's members. */
export type Names<K extends string> = Readonly<Record<K, number>>;

/** A handler as a behaviour sees it: messages may have more than what it looks at. */
export type Handler<A extends unknown[], R> = { handle(...args: A): R }["handle"];

/** Base of what a device does by itself; each class says which handlers it puts in front. */
export abstract class DeviceBehaviour {
  /** The driver chose features, those of this behaviour among them or not; false refuses the choice. */
  settle(_active: boolean): boolean {
    return true;
  }

  /** A queue of the device went live. */
  queueStarted(_queue: number): void {}

  /** A live queue was reset, alone or with the device. */
  queueStopped(_queue: number): void {}

  /** The device was reset; what outlives a reset by the standard stays. */
  reset(): void {}

  /** What goes into a snapshot, as plain data. */
  save(): unknown {
    return undefined;
  }

  /** Takes back what {@linkcode DeviceBehaviour.save} gave, as untrusted data; TypeError or RangeError naming the field. */
  restore(_state: unknown, _path: string): void {}
}

/** Base of what a driver does by itself. */
export abstract class DriverBehaviour {
  /** The device runs, and has the buffers that it waits for. */
  started(): void {}

  /** The configuration has changed, and was read again. */
  configChanged(): void {}

  /** The driver was closed, or can not go on. */
  stopped(_cause: Error): void {}
}

/** Who is told when a queue starts or stops. */
export interface QueueEvents {
  /** A queue went live. */
  started(queue: DeviceQueue): void;
  /** A queue that had gone live was stopped. */
  stopped(index: number): void;
}

/** The behaviours of one device. */
export class DeviceBehaviours {
  readonly #all = new Map<
    string,
    { readonly behaviour: DeviceBehaviour; readonly gate: (features: bigint) => boolean }
  >();

  /** Adds one under the name that it has in snapshots; without a gate it is always active. */
  add<B extends DeviceBehaviour>(
    name: string,
    behaviour: B,
    gate: (features: bigint) => boolean = () => true,
  ): B {
    this.#all.set(name, { behaviour, gate });
    return behaviour;
  }

  /** Tells all what was chosen; whether none refuses. */
  settle(features: bigint): boolean {
    return [...this.#all.values()].every(({ behaviour, gate }) => behaviour.settle(gate(features)));
  }

  /** The owner of the device's queues, which tells all when one starts or stops, before anything else does. */
  told<T extends QueueEvents>(owner: T): T {
    const all = () => [...this.#all.values()];
    return {
      ...owner,
      started: (queue) => {
        for (const { behaviour } of all()) behaviour.queueStarted(queue.index);
        owner.started(queue);
      },
      stopped: (index) => {
        for (const { behaviour } of all()) behaviour.queueStopped(index);
        owner.stopped(index);
      },
    };
  }

  /** Resets all. */
  reset(): void {
    for (const { behaviour } of this.#all.values()) behaviour.reset();
  }

  /** What all keep, by their names. */
  save(): Record<string, unknown> {
    return Object.fromEntries(
      [...this.#all].map(([name, { behaviour }]) => [name, behaviour.save()]),
    );
  }

  /** Gives all of them back what they kept; errors as of {@linkcode DeviceBehaviour.restore}. */
  restore(states: unknown): void {
    const saved = record(states, "behaviours");
    for (const [name, { behaviour }] of this.#all) {
      behaviour.restore(saved[name], `behaviours.${name}`);
    }
  }
}
