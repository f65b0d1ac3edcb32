/**
 * From the model to files: which there are, and the text of each.
 *
 * @module
 */

import { jsonSchema } from "../spec/schema.ts";
import type { DeviceModel, LayoutModel, Model } from "./model.ts";
import {
  Code,
  contractImports,
  importsOf,
  type ImportView,
  render,
  renderModule,
} from "./render.ts";
import { CONTRACT } from "./symbols.ts";
import { type DeviceView, deviceView } from "./views/wire.ts";
import { deviceText } from "./views/device_text.ts";
import { driverText } from "./views/driver_text.ts";
import { jsonModel } from "./views/json.ts";
import { jsonText } from "./views/json_text.ts";
import { testText } from "./views/test_text.ts";
import { layoutView } from "./views/layout.ts";
import { type PageView, pageView } from "./views/page.ts";
import { wireText } from "./views/wire_text.ts";

/** One file of the output. */
export interface OutputFile {
  /** Path below the output folder, with slashes. */
  readonly path: string;
  /** All that it has. */
  readonly text: string;
}

/** The files of a device. */
export function* deviceFiles(device: DeviceModel, runtime: string): Generator<OutputFile> {
  const file = (name: string, text: string) => ({ path: `${device.name}/${name}`, text });
  const view = deviceView(device);
  const wire = wireFile(view, runtime);
  yield file("wire.ts", wire);
  const sideDevice = sideFile("device", deviceText(view), wire, runtime);
  yield file("device.ts", sideDevice);
  const driver = sideFile("driver", driverText(view), wire, runtime);
  yield file("driver.ts", driver);
  yield file("mod.ts", render("mod", view));
  const texts = [sideDevice, driver, wire];
  yield file("README.md", pageFile(pageView(device, view), texts, runtime));
  yield file("loopback_test.ts", testFile(testText(device, view), texts, runtime));
}

/** The files of a model, one after the other: each can be formatted while the next is printed. */
export function* modelFiles(model: Model, runtime: string): Generator<OutputFile> {
  for (const layout of model.layouts) yield layoutFile(layout);
  for (const device of model.devices) yield* deviceFiles(device, runtime);
  yield { path: "virtio.json", text: jsonText(jsonModel(model)) };
  yield { path: "schema.json", text: jsonText(jsonSchema()) };
}

/** The file of a layout, which imports nothing. */
function layoutFile(layout: LayoutModel): OutputFile {
  return { path: `layout/${layout.name}.ts`, text: render("layout", layoutView(layout)) };
}

function wireFile(view: DeviceView, runtime: string): string {
  const print = { ...wireText(view), contract: CONTRACT };
  return renderModule("wire", print, (body) => contractImports(body, runtime));
}

/** The driver's or the device's side: it imports what it needs of the runtime and of the wire. */
function sideFile(template: string, view: object, wire: string, runtime: string): string {
  const { values, types } = exportsOf(wire);
  return renderModule(template, view, (body) => [
    ...contractImports(body, runtime),
    ...importsOf(body, values, types, "./wire.ts"),
  ]);
}

/** The test: it imports what it needs of the runtime and of the device's own module. */
function testFile(view: object, texts: readonly string[], runtime: string): string {
  return renderModule("loopback_test", view, (body) => userImports(body, texts, runtime));
}

/** The reference page, whose example imports what a user would. */
function pageFile(view: PageView, texts: readonly string[], runtime: string): string {
  const imports = userImports(new Code(view.example.join("\n")), texts, runtime);
  return render("readme", { ...view, imports });
}

/** Imports of the runtime and of the device's own module. */
function userImports(body: Code, texts: readonly string[], runtime: string): ImportView[] {
  const exported = texts.map(exportsOf);
  const values = exported.flatMap((each) => each.values);
  const types = exported.flatMap((each) => each.types);
  return [...contractImports(body, runtime), ...importsOf(body, values, types, "./mod.ts")];
}

/** What a generated file exports. */
function exportsOf(text: string): { readonly values: string[]; readonly types: string[] } {
  const names = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]!);
  const values = names(/^export (?:const|function|class) ([A-Za-z0-9_]+)/gm);
  const known = new Set(values);
  const types = names(/^export (?:interface|type) ([A-Za-z0-9_]+)/gm);
  return { values, types: types.filter((name) => !known.has(name)) };
}
