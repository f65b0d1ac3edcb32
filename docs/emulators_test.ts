import assert from "node:assert/strict";

const PAGE = new URL("emulators.md", import.meta.url);
const CLI = new URL("../cli.ts", import.meta.url).href;
const MOD = new URL("../mod.ts", import.meta.url).href;

Deno.test("a device of one's own is attached by what the page says, word for word", async () => {
  const page = await Deno.readTextFile(PAGE);
  const section = page.slice(page.indexOf("## A device of your own"));
  const block = (kind: string) => section.split(`\`\`\`${kind}\n`)[1]!.split("\n```")[0]!;
  const cwd = await Deno.makeTempDir();
  const deno = async (args: readonly string[]) => {
    const command = new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd,
      env: { NO_COLOR: "1" },
      signal: AbortSignal.timeout(60_000),
    });
    const { success, stdout, stderr } = await command.output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  };
  try {
    for (const line of block("sh").split("\n")) {
      await deno(line.replace("cli.ts", CLI).split(" ").slice(1));
    }
    await Deno.writeTextFile(`${cwd}/attach.ts`, block("ts ignore").replace("./mod.ts", MOD));
    await deno(["check", "attach.ts"]);
    assert.equal(await deno(["run", "attach.ts"]), "8\n");
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});
