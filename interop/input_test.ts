/**
 * Linux guests with our keyboard, mouse and tablet: in v86, over PCI, and in QEMU 10, over vhost-user.
 * QEMU 7.2 has a front end for input over vhost-user, but refuses it without KVM.
 *
 * @module
 */

import assert from "node:assert/strict";
import { guestWith, i386Missing } from "../examples/v86/guest.ts";
import { powerOn, SLOT } from "../examples/v86/machine.ts";
import { LineInputDevice } from "../vhost_user/backends/input.ts";
import { INPUT_KINDS } from "../vhost_user/backends/input_kinds.ts";
import { attach, NEWER_GUEST, startGuest } from "./guest.ts";
import { peerTest, Scratch, serve } from "./peers.ts";

const SECONDS = 100;
const KINDS = ["keyboard", "mouse", "tablet"] as const;
const SLOTS = [SLOT.entropy, SLOT.disk, SLOT.console];

/** Lines for each kind, and what Linux makes of them: type, code and value of each event. */
const UPDATES: Readonly<
  Record<typeof KINDS[number], { readonly lines: unknown[]; readonly events: string[] }>
> = {
  keyboard: {
    lines: [{ type: "key", code: 30, value: 1 }, [{ type: 1, code: 30, value: 0 }]],
    events: ["1 30 1", "0 0 0", "1 30 0", "0 0 0"],
  },
  mouse: {
    lines: [[{ type: "rel", code: 0, value: -5 }, { type: "rel", code: 1, value: 7 }]],
    events: ["2 0 -5", "2 1 7", "0 0 0"],
  },
  tablet: {
    lines: [[{ type: "abs", code: 0, value: 32767 }, { type: "key", code: 272, value: 1 }]],
    events: ["3 0 32767", "1 272 1", "0 0 0"],
  },
};

/**
 * Reads the events of each device, whose numbers other devices of the machine may come before. A time,
 * of so many words, is before the type, code and value of each.
 */
function script(timeWords: number): string {
  const words = timeWords + 2;
  return `
cat /proc/bus/input/devices
${
    KINDS.map((kind) => `
event=$(grep -l "virtio-ts ${kind}" /sys/class/input/event*/device/name | cut -d / -f 5)
echo "READY ${kind}"
dd if=/dev/input/$event bs=${4 * words} count=${UPDATES[kind].events.length} 2>/dev/null |
  hexdump -v -e '${words}/4 "%d " "\\n"' > /tmp/events
while read line; do echo "${kind}: $line"; done < /tmp/events
`).join("")
  }
event=$(grep -l "virtio-ts keyboard" /sys/class/input/event*/device/name | cut -d / -f 5)
printf '${"\\0".repeat(4 * timeWords)}\\021\\0\\001\\0\\001\\0\\0\\0' > /dev/input/$event
sleep 1
`;
}

/** Type, code and value of a `struct input_event` that was printed as numbers of 32 bits. */
function readEvent(line: string): string {
  const [typeAndCode, value] = line.trim().split(" ").slice(-2).map(Number);
  return `${typeAndCode! & 0xffff} ${typeAndCode! >>> 16} ${value}`;
}

/** What a guest found out about the devices. */
function verify(output: string): void {
  for (const kind of KINDS) {
    assert.match(output, new RegExp(`Name="virtio-ts ${kind}"`));
    const found = [...output.matchAll(new RegExp(`^${kind}: (.*?)\\s*$`, "gm"))];
    assert.deepEqual(found.map((line) => readEvent(line[1]!)), UPDATES[kind].events, output);
  }
  assert.match(output, /ABS=3\b/);
  assert.match(output, /REL=143\b/);
}

peerTest("a Linux guest gets events of our keyboard, mouse and tablet, and lights a light", [
  i386Missing,
], async () => {
  const answers: string[] = [];
  const devices = KINDS.map((kind) =>
    new LineInputDevice(INPUT_KINDS[kind], (line) => answers.push(line))
  );
  let output = "";
  const machine = await powerOn(
    guestWith(["input"], script(2)),
    (text) => output += text,
    (bus) => devices.forEach((device, at) => bus.plug(SLOTS[at]!, device)),
  );
  try {
    const printed = async (text: string) => {
      const end = performance.now() + SECONDS * 1000;
      while (!output.includes(text)) {
        if (performance.now() > end || output.includes("Kernel panic")) {
          throw new Error(`It did not print ${JSON.stringify(text)}:\n${output}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    for (const [at, kind] of KINDS.entries()) {
      await printed(`READY ${kind}`);
      await new Promise((resolve) => setTimeout(resolve, 1000)); // until it reads
      for (const line of UPDATES[kind].lines) await devices[at]!.take(JSON.stringify(line));
    }
    await printed("GUEST ENDS");
  } finally {
    await machine.destroy();
  }
  verify(output);
  assert.deepEqual(JSON.parse(answers.at(-1)!), { type: "led", code: 1, value: 1 });
});

peerTest("a Linux guest in QEMU gets events of serve input over vhost-user, and lights a light", [
  ...NEWER_GUEST,
], async () => {
  using scratch = new Scratch();
  await using stack = new AsyncDisposableStack();
  let answers = "";
  for (const kind of KINDS) {
    const args = ["input", "--kind", kind, "--events", scratch.path(`${kind}.events`)];
    stack.use(await serve(args, scratch.path(kind)));
  }
  await using guest = startGuest(scratch, {
    modules: ["input"],
    build: "10",
    qemu: KINDS.flatMap((kind) => attach(scratch.path(kind), "vhost-user-input-pci", kind)),
    script: script(4),
  });
  for (const kind of KINDS) {
    await guest.printed(`READY ${kind}`);
    await new Promise((resolve) => setTimeout(resolve, 1000)); // until it reads
    const path = scratch.path(`${kind}.events`);
    const events = stack.adopt(await Deno.connect({ transport: "unix", path }), (it) => it.close());
    const lines = UPDATES[kind].lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    await events.write(new TextEncoder().encode(lines));
    if (kind === "keyboard") void read(events, (text) => answers += text);
  }
  await guest.printed("GUEST ENDS");
  verify(guest.output);
  const light = answers.trim().split("\n").at(-1)!;
  assert.deepEqual(JSON.parse(light), { type: "led", code: 1, value: 1 });
});

/** What comes by a connection, until it is closed. */
async function read(connection: Deno.Conn, take: (text: string) => void): Promise<void> {
  try {
    for await (const text of connection.readable.pipeThrough(new TextDecoderStream())) take(text);
  } catch {
    // It was closed at this side.
  }
}
