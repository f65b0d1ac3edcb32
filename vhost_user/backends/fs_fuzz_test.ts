/** A shared folder, asked for anything. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { FileSystemOpcode as Op } from "../../generated/fs/mod.ts";
import { pack, Shared } from "./fs_fixture.ts";

const OVERTAKING: readonly number[] = [Op.FORGET, Op.INTERRUPT, Op.BATCH_FORGET];
const OPCODES = Object.values(Op).filter((opcode) => !OVERTAKING.includes(opcode));
const NAMES = ["a", "b", "link", "..", ".", "../outside", "n".repeat(255)];
const MODES = [0o100644, 0o010644, 0o020644, 0o777, 0x41, 0x241, 2, 0xffff_ffff];

const word = fc.oneof(fc.nat(8), fc.constantFrom(...MODES)).map((value) => pack([32, value]));
const long = fc.nat(12).map((value) => pack([64, value]));
const name = fc.constantFrom(...NAMES).map((text) => pack(text));
const anything = fc.array(fc.oneof(word, long, name, fc.uint8Array({ maxLength: 20 })), {
  maxLength: 12,
}).map((parts) => pack(...parts));
/** What makes files and opens them, so that there is something to ask for. */
const making = fc.tuple(
  fc.constantFrom(
    [Op.CREATE, pack([32, 2], [32, 0o100644], [64, 0])] as const,
    [Op.MKDIR, pack([32, 0o755], [32, 0])] as const,
    [Op.MKNOD, pack([32, 0o010644], [32, 0], [64, 0])] as const,
    [Op.LOOKUP, pack()] as const,
    [Op.OPENDIR, pack([64, 0])] as const,
  ),
  name,
).map(([[opcode, start], name]) => [opcode, pack(start, name)] as const);
const request = fc.record({
  what: fc.oneof(making, fc.tuple(fc.constantFrom(...OPCODES), anything)),
  nodeid: fc.bigInt({ min: 0n, max: 10n }),
  room: fc.constantFrom(0, 8, 16, 104, 144, 4096),
});

Deno.test("fs answers any sequence of requests, and what is outside of the folder stays as it is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 150, size: "max" }), async (requests) => {
      await using shared = await Shared.open();
      Deno.symlinkSync("../outside", `${shared.path}/link`);
      const before = Deno.statSync(shared.outside);
      for (const { what: [opcode, input], nodeid, room } of requests) {
        const { error, dataout } = await shared.ask(opcode, nodeid, input, room);
        assert.ok(error < 200 && (error === 0 || dataout.length === 0));
      }
      const after = Deno.statSync(shared.outside);
      assert.deepEqual([after.mode, after.mtime, after.nlink], [before.mode, before.mtime, 1]);
      assert.equal(Deno.readTextFileSync(shared.outside), "secret");
      const beside = [...Deno.readDirSync(`${shared.path}/..`)].map(({ name }) => name).sort();
      assert.deepEqual(beside, ["outside", "shared"]);
    }),
    { numRuns: 60 },
  );
});
