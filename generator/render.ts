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
  importsFor: (body: Code) => readonly ImportView[],
): string {
  const text = render(template, { ...view, imports: IMPORTS });
  const imports = importsFor(new Code(text));
  const lines = imports.map(({ clause, from }) => `import ${clause} from "${from}";\n`);
  return text.replace(IMPORTS, () => lines.join(""));
}

/** Which names a text uses, comments and strings aside. */
export class Code {
  readonly #words: ReadonlySet<string>;
  readonly #values: ReadonlySet<string>;

  constructor(text: string) {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"[^"\n]*"/g, "");
    this.#words = new Set(code.match(/[A-Za-z_$][A-Za-z0-9_$]*/g));
    const used = code.matchAll(
      /\b(?:new|extends|instanceof) (\w+)|\b([A-Z]\w*)\.|\(([A-Z]\w*),|^ *\w+: ([A-Z]\w*),$/gm,
    );
    this.#values = new Set([...used].map((match) => match.slice(1).find((name) => name)!));
  }

  uses(name: string): boolean {
    return this.#words.has(name);
  }

  /** Whether a class or enumeration is used as more than a type; functions and constants always are. */
  usesValue(name: string): boolean {
    return !/^[A-Z][a-z]/.test(name) || this.#values.has(name);
  }
}

const { compare } = new Intl.Collator("en");

/** Imports of those symbols of a module that a text uses. */
export function importsOf(
  code: Code,
  values: readonly string[],
  types: readonly string[],
  from: string,
): ImportView[] {
  const names = [
    ...values.filter((name) => code.uses(name)).map((name) => ({
      name,
      text: code.usesValue(name) ? name : `type ${name}`,
    })),
    ...types.filter((name) => code.uses(name)).map((name) => ({ name, text: `type ${name}` })),
  ].sort((a, b) => compare(a.name, b.name));
  if (names.length === 0) return [];
  return [{ clause: `{ ${names.map((each) => each.text).join(", ")} }`, from }];
}

/** Imports of the runtime's symbols that a text uses. */
export function contractImports(code: Code, runtime: string): ImportView[] {
  return importsOf(code, VALUES, TYPES, runtime);
}
