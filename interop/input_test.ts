/**
 * A Linux guest with our keyboard, mouse and tablet. It runs in v86, over PCI: QEMU 7.2 has a front end
 * for input over vhost-user, but refuses it without KVM.
 *
 * @module
 */

import assert from "node:assert/strict";
import { guestWith, i386Missing } from "../examples/v86/guest.ts";
import { powerOn, SLOT } from "../examples/v86/machine.ts";
import { LineInputDevice } from "../vhost_user/backends/input.ts";
import { INPUT_KINDS } from "../vhost_user/backends/input_kinds.ts";
import { peerTest } from "./peers.ts";

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

/** Reads the events of each device, whose numbers other devices of the machine may come before. */
const SCRIPT = `
cat /proc/bus/input/devices
${
  KINDS.map((kind) => `
event=$(grep -l "virtio-ts ${kind}" /sys/class/input/event*/device/name | cut -d / -f 5)
echo "READY ${kind}"
dd if=/dev/input/$event bs=16 count=${UPDATES[kind].events.length} 2>/dev/null |
  hexdump -v -e '4/4 "%d " "\\n"' > /tmp/events
while read line; do echo "${kind}: $line"; done < /tmp/events
`).join("")
}
event=$(grep -l "virtio-ts keyboard" /sys/class/input/event*/device/name | cut -d / -f 5)
printf '\\0\\0\\0\\0\\0\\0\\0\\0\\021\\0\\001\\0\\001\\0\\0\\0' > /dev/input/$event
sleep 1
`;

/** Type, code and value of a `struct input_event` that was printed as four numbers: its time is before them. */
function readEvent(line: string): string {
  const [, , typeAndCode, value] = line.split(" ").map(Number);
  return `${typeAndCode! & 0xffff} ${typeAndCode! >>> 16} ${value}`;
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
    guestWith(["input"], SCRIPT),
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
  for (const kind of KINDS) {
    assert.match(output, new RegExp(`Name="virtio-ts ${kind}"`));
    const found = [...output.matchAll(new RegExp(`^${kind}: (.*?)\\s*$`, "gm"))];
    assert.deepEqual(found.map((line) => readEvent(line[1]!)), UPDATES[kind].events, output);
  }
  assert.match(output, /ABS=3\b/);
  assert.match(output, /REL=143\b/);
  assert.deepEqual(JSON.parse(answers.at(-1)!), { type: "led", code: 1, value: 1 });
});
