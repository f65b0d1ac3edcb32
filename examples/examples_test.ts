import assert from "node:assert/strict";

async function run(name: string): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", new URL(name, import.meta.url).href],
    signal: AbortSignal.timeout(60_000),
  });
  const { success, stdout, stderr } = await command.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("copy.ts copies to the disk of disk.ts and back", async () => {
  assert.equal(await run("copy.ts"), "disk-in-memory: 131072 sectors\nthe same\nno sector there\n");
});

Deno.test("echo_card.ts gets its packet back", async () => {
  assert.equal(await run("echo_card.ts"), "an Ethernet frame, if you like\n");
});
