/**
 * Handlebars set up as this project uses it: strict, without escaping, helpers for layout only.
 *
 * @module
 */

import { Handlebars } from "./deps.ts";
import { TYPES, VALUES } from "./symbols.ts";
import { partials, templates } from "./templates.ts";

const handlebars = Handlebars.create();
for (const [name, text] of Object.entries(partials)) handlebars.registerPartial(name, text);

const compiled = new Map(
  Object.entries(templates).map(([name, text]) => [
    name,
    handlebars.compile(text, { strict: true, noEscape: true, preventIndent: true }),
  ]),
);

/** One import clause of a generated file. */
export interface ImportView {
  readonly clause: string;
  readonly from: string;
}

/** The text of a template for a view; Error when the view lacks something that the template prints. */
export function render(template: string, view: object): string {
  const run = compiled.get(template);
  if (run === undefined) throw new Error(`there is no template ${template}`);
  return run(view);
}

/** What the text of a module has in place of its imports until these are known. */
const IMPORTS = "// imports\n";

/** The text of a module, with those imports that `importsFor` finds necessary for the rest of it. */
export function renderModule(
  template: string,
  view: object,
  importsFor: (body: string) => readonly ImportView[],
): string {
  const text = render(template, { ...view, imports: IMPORTS });
  const lines = importsFor(text).map(({ clause, from }) => `import ${clause} from "${from}";\n`);
  return text.replace(IMPORTS, () => lines.join(""));
}

/** Imports of those symbols of a module that a text uses. */
export function importsOf(
  text: string,
  values: readonly string[],
  types: readonly string[],
  from: string,
): ImportView[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"[^"\n]*"/g, "");
  const words = new Set(code.match(/[A-Za-z_$][A-Za-z0-9_$]*/g));
  const names = [
    ...values.filter((name) => words.has(name)).map((name) => ({
      name,
      text: isValue(code, name) ? name : `type ${name}`,
    })),
    ...types.filter((name) => words.has(name)).map((name) => ({ name, text: `type ${name}` })),
  ].sort((a, b) => a.name.localeCompare(b.name, "en"));
  if (names.length === 0) return [];
  return [{ clause: `{ ${names.map((each) => each.text).join(", ")} }`, from }];
}

/** Whether a class or enumeration is used as more than a type; functions and constants always are. */
function isValue(code: string, name: string): boolean {
  if (!/^[A-Z][a-z]/.test(name)) return true;
  return new RegExp(`(new|extends|instanceof) ${name}\\b|\\b${name}\\.|\\(${name},`).test(code);
}

/** Imports of the runtime's symbols that a text uses. */
export function contractImports(text: string, runtime: string): ImportView[] {
  return importsOf(text, VALUES, TYPES, runtime);
}
