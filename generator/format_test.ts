import assert from "node:assert/strict";
import { deno, inFolder } from "./cli_fixture.ts";
import { formatterModule, Formatting, LINE_WIDTH, TypeScriptFormatter } from "./format.ts";
import { Memo } from "./memo.ts";

const UGLY = `export function add( first:number,second : number ):number{return first+second}
export const list = [${Array.from({ length: 40 }, (_, i) => `'${i}'`).join(",")}]
export const object = {a:1,
  b:2}
export interface Options { readonly features?: readonly (${
  Array.from({ length: 20 }, (_, i) => `"FEATURE_${i}"`).join(" | ")
})[] }
`;

Deno.test("TypeScriptFormatter gives what deno fmt gives", async () => {
  const formatter = new TypeScriptFormatter(formatterModule());
  await inFolder({ "ugly.ts": UGLY }, async (cwd) => {
    const width = String(LINE_WIDTH);
    const { code } = await deno(["fmt", "--no-config", "--line-width", width, "ugly.ts"], { cwd });
    assert.equal(code, 0);
    const expected = Deno.readTextFileSync(new URL("ugly.ts", cwd));
    assert.notEqual(expected, UGLY);
    assert.equal(formatter.format("ugly.ts", UGLY), expected);
  });
});

for (const helpers of [0, 1, 3]) {
  Deno.test(`Formatting gives each file its own text when there are ${helpers} helpers`, async () => {
    const formatter = new TypeScriptFormatter(formatterModule());
    const files = Array.from({ length: 60 }, (_, i) => ({
      path: `${i}.ts`,
      text: UGLY.replaceAll("add", `add${i}`),
    }));
    using formatting = new Formatting(helpers);
    const texts = [...files, { path: "a.json", text: "{}" }].map((file) => formatting.add(file));
    formatting.finish();
    assert.deepEqual(await Promise.all(texts), [
      ...files.map(({ path, text }) => formatter.format(path, text)),
      "{}",
    ]);
  });

  Deno.test(`Formatting names the file that is no TypeScript when there are ${helpers} helpers`, async () => {
    using formatting = new Formatting(helpers);
    const good = formatting.add({ path: "good.ts", text: "export {}" });
    const bad = formatting.add({ path: "lamp/wire.ts", text: "export const {;" });
    formatting.finish();
    assert.equal(await good, "export {};\n");
    await assert.rejects(bad, /Cannot format lamp\/wire\.ts: /);
  });
}

Deno.test("Memo recalls what a text was formatted to, and nothing of another text", async () => {
  const before = `export const now = "${crypto.randomUUID()}"`;
  const after = `${before};\n`;
  assert.equal(await new Memo().recall(before), undefined);
  await new Memo().learn([[before, after]]);
  const memo = new Memo();
  assert.equal(await memo.recall(before), after);
  assert.equal(await memo.recall(`${before} `), undefined);
});
