/**
 * From the model to files: which there are, and the text of each.
 *
 * @module
 */

import { jsonSchema } from "../spec/schema.ts";
import type { DeviceModel, LayoutModel, Model } from "./model.ts";
import { contractImports, importsOf, type ImportView, render } from "./render.ts";
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
  readonly text: string;
}

/** The files of a device. */
export function deviceFiles(device: DeviceModel, runtime: string): OutputFile[] {
  const view = deviceView(device);
  const wire = wireFile(view, runtime);
  const sideDevice = sideFile("device", deviceText(view), wire, runtime);
  const driver = sideFile("driver", driverText(view), wire, runtime);
  const file = (name: string, text: string) => ({ path: `${device.name}/${name}`, text });
  return [
    file("wire.ts", wire),
    file("device.ts", sideDevice),
    file("driver.ts", driver),
    file("mod.ts", render("mod", view)),
    file("README.md", pageFile(pageView(device, view), [sideDevice, driver, wire], runtime)),
    file("loopback_test.ts", testFile(testText(device, view), [sideDevice, driver, wire], runtime)),
  ];
}

/** The files of a model. */
export function modelFiles(model: Model, runtime: string): OutputFile[] {
  return [
    ...model.layouts.map(layoutFile),
    ...model.devices.flatMap((device) => deviceFiles(device, runtime)),
    { path: "virtio.json", text: jsonText(jsonModel(model)) },
    { path: "schema.json", text: jsonText(jsonSchema()) },
  ];
}

/** The file of a layout, which imports nothing. */
function layoutFile(layout: LayoutModel): OutputFile {
  return { path: `layout/${layout.name}.ts`, text: render("layout", layoutView(layout)) };
}

function wireFile(view: DeviceView, runtime: string): string {
  const print = wireText(view);
  const body = render("wire", { ...print, contract: CONTRACT, imports: [] });
  return render("wire", { ...print, contract: CONTRACT, imports: contractImports(body, runtime) });
}

/** The driver's or the device's side: it imports what it needs of the runtime and of the wire. */
function sideFile(template: string, view: object, wire: string, runtime: string): string {
  const body = render(template, { ...view, imports: [] });
  const { values, types } = exportsOf(wire);
  const imports = [
    ...contractImports(body, runtime),
    ...importsOf(body, values, types, "./wire.ts"),
  ];
  return render(template, { ...view, imports });
}

/** The test: it imports what it needs of the runtime and of the device's own module. */
function testFile(view: object, texts: readonly string[], runtime: string): string {
  const body = render("loopback_test", { ...view, imports: [] });
  return render("loopback_test", { ...view, imports: userImports(body, texts, runtime) });
}

/** The reference page, whose example imports what a user would. */
function pageFile(view: PageView, texts: readonly string[], runtime: string): string {
  const imports = userImports(view.example.join("\n"), texts, runtime);
  return render("readme", { ...view, imports });
}

/** Imports of the runtime and of the device's own module. */
function userImports(body: string, texts: readonly string[], runtime: string): ImportView[] {
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
