/**
 * Puts a draft's facts together: the model of one description.
 *
 * @module
 */

import type * as dsl from "../../spec/types.ts";
import type {
  AdministeredModel,
  AdminQueueModel,
  BehaviourModel,
  DeviceModel,
  FeatureModel,
  LayoutModel,
  MessagesModel,
  Model,
  ModuleModel,
  ObjectModel,
  QueueModel,
  WithinModel,
} from "../model.ts";
import { type Draft, entries, list } from "./draft.ts";
import { fieldAt } from "./fields.ts";
import { alternatives } from "./gates.ts";

/** Model of drafts that went through every pass without a problem, in their order. */
export function assemble(drafts: readonly Draft[]): Model {
  const devices: DeviceModel[] = [];
  const layouts: LayoutModel[] = [];
  for (const draft of drafts) {
    if (draft.device !== null) devices.push(deviceModel(draft, draft.device));
    else layouts.push(layoutModel(draft));
  }
  return { devices, layouts };
}

function deviceModel(draft: Draft, device: dsl.Device): DeviceModel {
  const { config } = device;
  return {
    ...moduleModel(draft),
    prefix: device.prefix,
    id: device.id,
    oneFeatureOf: device.oneFeatureOf ?? [],
    config: draft.config === null || config === undefined
      ? null
      : { ...draft.config, description: config },
    queues: entries(device.queues).map(([name, queue]) => queueModel(draft, name, queue)),
    adminQueue: device.adminQueue === undefined ? null : adminModel(draft, device.adminQueue),
    behaviours: entries(device.behaviours).map(([name, one]) =>
      behaviourModel(draft, device, name, one)
    ),
    sharedMemory: entries(device.sharedMemory).map(([name, { id, doc, when }]) => ({
      name,
      id,
      doc,
      when: alternatives(when),
    })),
  };
}

function adminModel(draft: Draft, queue: dsl.AdminQueue): AdminQueueModel {
  const base = ([name, { tag, struct }]: [string, dsl.Administered]): AdministeredModel => ({
    name,
    constant: draft.constants.get(tag)!,
    struct: struct === undefined ? null : draft.structs.get(struct)!,
  });
  const capabilities = entries(queue.capabilities).map(base);
  const types = entries(queue.objects).map(base);
  const named = (all: readonly AdministeredModel[], key: string) =>
    all.find(({ name }) => name === key)!;
  const objects = types.map((type): ObjectModel => {
    const { limit, requires = [], within, unique = null, needs } = queue.objects![type.name]!;
    const { of, by, otherwise = "ENOSPC" } = limit;
    return {
      ...type,
      limit: { of: named(capabilities, of), by, otherwise },
      requires: requires.map((key) => named(capabilities, key)),
      within: within === undefined
        ? null
        : withinModel(type, named(capabilities, within.of), within),
      unique,
      needs: entries(needs).map(([field, key]) => ({ field, type: named(types, key) })),
    };
  });
  return {
    doc: queue.doc,
    section: queue.section ?? "2.13",
    capabilities,
    objects,
    parts: (queue.parts ?? []).map((name) => draft.enums.get(name)!),
  };
}

function withinModel(
  { struct }: AdministeredModel,
  of: AdministeredModel,
  { in: key, fields }: NonNullable<dsl.AdministeredObject["within"]>,
): WithinModel {
  const outer = key === undefined ? null : fieldAt(of.struct!.fields, key)!.model;
  const entry = outer === null ? of.struct! : outer.struct!;
  return {
    of,
    list: outer,
    fields: fields.map(([path, by]) => ({
      path: list(path),
      field: fieldAt(struct!.fields, path)!.model,
      by: fieldAt(entry.fields, by)!.model,
    })),
  };
}

function behaviourModel(
  draft: Draft,
  device: dsl.Device,
  name: string,
  { doc, section, when, enums, features, ...sides }: dsl.Behaviour,
): BehaviourModel {
  return {
    name,
    doc,
    section: section ?? device.section,
    when: alternatives(when),
    enums: (enums ?? []).map((key) => draft.enums.get(key)!),
    features: (features ?? []).map((key) => featureModel(draft, key, device.features![key]!)),
    device: sides.device ?? null,
    driver: sides.driver ?? null,
  };
}

function layoutModel(draft: Draft): LayoutModel {
  const files = "registers" in draft.description ? draft.description.registers : undefined;
  return {
    ...moduleModel(draft),
    registers: entries(files).map(([name, { doc, section, registers }]) => ({
      name,
      doc,
      section,
      registers: entries(registers).map(([key, register]) => ({ name: key, ...register })),
    })),
  };
}

function moduleModel(draft: Draft): ModuleModel {
  const { name, title, section, doc, constants } = draft.description;
  return {
    name,
    title,
    section,
    doc,
    source: draft.source,
    enums: [...draft.enums.values()],
    constants: Object.keys(constants ?? {}).map((key) => draft.constants.get(key)!),
    structs: [...draft.structs.values()],
    messages: [...draft.messages.values()],
    features: entries(draft.description.features).map(([key, feature]) =>
      featureModel(draft, key, feature)
    ),
  };
}

function featureModel(draft: Draft, key: string, feature: dsl.Feature): FeatureModel {
  const by = list(feature.by);
  return {
    key,
    name: `${draft.featurePrefix}_${key}`,
    bit: feature.bit,
    doc: feature.doc,
    since: feature.since ?? null,
    requires: alternatives(feature.requires),
    offeredWith: alternatives(feature.offeredWith),
    wants: alternatives(feature.wants),
    excludes: feature.excludes ?? [],
    mandatory: feature.mandatory ?? false,
    modern: feature.modern ?? false,
    fieldsNegotiated: feature.fieldsWhen !== undefined,
    impliedWithout: feature.impliedWithout ?? null,
    legacy: by.includes("legacy"),
    by,
    handlers: draft.implementers.get(key)?.handlers ?? [],
    configFields: draft.implementers.get(key)?.configFields ?? [],
  };
}

function queueModel(draft: Draft, name: string, queue: dsl.Queue): QueueModel {
  const carried = list(queue.carries).map((set) => draft.messages.get(set));
  return {
    name,
    path: `queues.${name}`,
    queue,
    messages: carried.filter((set): set is MessagesModel => set !== undefined),
    when: alternatives(queue.when),
    many: queue.count !== undefined && queue.count !== 1,
  };
}
