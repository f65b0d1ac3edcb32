/** `probe`, on what we serve. */

import assert from "node:assert/strict";
import { FileSystemDevice } from "../../generated/fs/mod.ts";
import { NetworkDevice } from "../../generated/net/mod.ts";
import { SocketDevice } from "../../generated/vsock/mod.ts";
import type { Terminal } from "../../generator/commands/command.ts";
import type { Device } from "../../runtime/device.ts";
import { randomSource } from "../backends/entropy.ts";
import { sharedFolder } from "../backends/fs.ts";
import { simulatedLines } from "../backends/gpio.ts";
import { simulatedBus } from "../backends/i2c.ts";
import { type Chip, Eeprom, Thermometer } from "../backends/i2c/chips.ts";
import { LineInputDevice } from "../backends/input.ts";
import { INPUT_KINDS } from "../backends/input_kinds.ts";
import { scsiHost } from "../backends/scsi.ts";
import { poller } from "../poller.ts";
import { serve } from "../serve.ts";
import { limited, memoryDisk, socketPath } from "../serve_fixture.ts";
import { command } from "./probe.ts";

/** Probes a device that is served; its exit code, and all that was printed. */
async function probe(device: Device, name: string): Promise<{ code: number; text: string }> {
  const path = socketPath();
  await using _server = await serve(device, path);
  const text: string[] = [];
  const io: Terminal = {
    colors: false,
    show: undefined,
    print: (more) => (text.push(more), 0),
    complain: (more) => void text.push(more),
  };
  const code = await command.run([path, "--device", name], io);
  await poller.settle();
  return { code, text: text.join("") };
}

Deno.test(
  "probe tries each device that it knows",
  limited(async () => {
    const folder = Deno.makeTempDirSync({ prefix: "virtio-" });
    Deno.writeFileSync(`${folder}/disk`, new Uint8Array(1 << 20));
    const shared = sharedFolder({ folder, tag: "probed" });
    const host = scsiHost({ file: `${folder}/disk` });
    const chips = new Map<number, Chip>([[0x50, new Eeprom()], [0x48, new Thermometer(20)]]);
    const card = new NetworkDevice({ config: { mac: Uint8Array.of(2, 0, 0, 0, 0, 1) } });
    const expected: Record<string, [Device, RegExp]> = {
      blk: [memoryDisk(1 << 20), /^read: 4096 bytes at sector 0 in \d+ us$/m],
      entropy: [randomSource(), /^random: ([0-9a-f]{2} ){15}[0-9a-f]{2}$/m],
      fs: [shared.device, /"tag":"probed".*\nFUSE: 7\.38\nfree: \d+ bytes\n$/],
      gpio: [simulatedLines(["led", ""]), /^line 0: led, not in use, low\nline 1: no name/m],
      i2c: [simulatedBus(chips), /^chips: 0x48, 0x50$/m],
      input: [new LineInputDevice(INPUT_KINDS.mouse, () => {}), /^name: .*mouse.*\nserial: /mi],
      net: [card, /^address: 02:00:00:00:00:01$/m],
      scsi: [host.device, /^target 0, unit 0: type 0, virtio TypeScript disk 1$/m],
      vsock: [new SocketDevice({ config: { guestCid: 42 } }), /^context: 42$/m],
    };
    for (const [name, [device, line]] of Object.entries(expected)) {
      const { code, text } = await probe(device, name);
      assert.equal(code, 0, text);
      assert.match(text, line);
    }
    shared.close();
    host.close();
    Deno.removeSync(folder, { recursive: true });
  }),
);

Deno.test(
  "probe says when a device does not answer as it should",
  limited(async () => {
    const config = { tag: "broken", numRequestQueues: 1 };
    const req = ({ unique }: { unique: bigint }) => ({ unique, error: -5 >>> 0 });
    const { code, text } = await probe(new FileSystemDevice({ config, req }), "fs");
    assert.equal(code, 1);
    assert.match(text, /^error: Cannot use the file system: errno 5 to 26$/m);
  }),
);
