/** What `serve` says to who makes a mistake: one line, and what was expected. */

import assert from "node:assert/strict";
import { main } from "../../cli.ts";
import type { Terminal } from "../../generator/commands/command.ts";
import { poller } from "../poller.ts";
import { limited, socketPath } from "../serve_fixture.ts";

/** Runs a command line that must come to an end by itself; its exit code, and what it complains about. */
async function complaint(args: readonly string[]): Promise<{ code: number; text: string }> {
  const text: string[] = [];
  const io: Terminal = {
    colors: false,
    show: undefined,
    print: (more) => assert.fail(more),
    complain: (more) => void text.push(more),
  };
  const code = await main(args, io);
  await poller.settle();
  return { code, text: text.join("") };
}

const folder = Deno.makeTempDirSync({ prefix: "virtio-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const at = (name: string) => `${folder}/${name}`;

function put(name: string, content: string): string {
  Deno.writeTextFileSync(at(name), content);
  return at(name);
}

Deno.test(
  "serve tells in one line why a device can not be made, and ends with 1",
  limited(async () => {
    const disk = put("disk", "x".repeat(512));
    const socket = socketPath();
    const cases: [string[], RegExp][] = [
      [["blk", "--file", at("none")], /Cannot open .*none: No such file or directory \(errno 2\)$/],
      [["blk", "--file", folder], /Cannot open .*: Is a directory \(errno 21\)$/],
      [["blk", "--file", put("odd", "x".repeat(1000))], /its 1000 bytes are not whole blocks of/],
      [["scsi", "--file", put("empty", "")], /Cannot use .*empty: it is empty$/],
      [["fs", "--folder", disk], /it is no folder$/],
      [["net", "--connect", at("none")], /Requires net access to "unix:.*run again with/],
      [["net", "--listen", disk], /Cannot listen at .*disk: what is there is no socket$/],
      [["net", "--tap", "a-name-of-16-char"], /not 1 to 15 bytes$/],
      [["vsock", "--path", `${disk}/x`], /Cannot listen at .*disk\/x: Not a directory/],
      [[at("none.ts")], /Cannot load .*none\.ts: Module not found/],
      [[put("thrown.ts", "\nthrow new Error('mine');")], /: mine at file:.*thrown\.ts:2:7$/],
      [[put("other.ts", "export default 1;")], /its default export is no device$/],
    ];
    for (const [args, wanted] of cases) {
      const { code, text } = await complaint(["serve", ...args, "--socket", socket]);
      assert.match(text, /^error: .*\n$/);
      assert.match(text.trimEnd(), wanted);
      assert.equal(code, 1, text);
    }
    for (const path of [disk, `${folder}/none/s`, `${folder}/${"x".repeat(108)}`]) {
      const { code, text } = await complaint(["serve", "blk", "--file", disk, "--socket", path]);
      assert.match(text, /^error: Cannot (listen at|use the socket) .*\n$/);
      assert.equal(code, 1, text);
    }
  }),
);

Deno.test(
  "serve tells how a device is served when its command line is not understood, and ends with 2",
  limited(async () => {
    const cases: [string[], RegExp][] = [
      [["blk", "--socket", "s"], /blk needs --file/],
      [["blk", "--file", "f"], /--socket is needed/],
      [["blk", "--file", "f", "--socket", "s", "--queues", "two"], /--queues is no number from 1/],
      [["scsi", "--file", "f", "--socket", "s", "--queues", "65"], /no number from 1 to 64/],
      [["fs", "--folder", "f", "--socket", "s", "--tag", ""], /--tag is not 1 to 36 bytes/],
      [["net", "--listen", "l", "--socket", "s", "--queues", "2"], /a stream has no queues/],
      [["gpio", "--socket", "s", "--lines", "-2"], /'--lines' argument is ambiguous/],
      [["vsock", "--path", "p", "--socket", "s", "--cid", "2"], /--cid is no number from 3/],
      [["input", "--kind", "lamp", "--socket", "s"], /--kind is not one of keyboard, mouse/],
      [["i2c", "--sockets", "s"], /Unknown option '--sockets'/],
    ];
    for (const [args, wanted] of cases) {
      const { code, text } = await complaint(["serve", ...args]);
      assert.match(text, wanted);
      assert.match(text, new RegExp(`^Usage: virtio-ts serve ${args[0]} --socket PATH`, "m"));
      assert.equal(code, 2, text);
    }
    const { code, text } = await complaint(["serve", "bkl", "--socket", "s"]);
    assert.match(
      text,
      /^error: there is no device "bkl" \(serve --help lists them\), and a module is a path or URL\n\nUsage: virtio-ts serve DEVICE /,
    );
    assert.equal(code, 2);
  }),
);
