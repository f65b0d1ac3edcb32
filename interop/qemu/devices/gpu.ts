/** A GPU in two dimensions: QEMU's virtio-gpu, its picture looked at through a screendump. */

import assert from "node:assert/strict";
import { GpuDriver, GpuFlag, GpuFormat, GpuResponse } from "../../../generated/gpu/mod.ts";
import type { Scratch } from "../../peers.ts";
import type { QemuMachine } from "../machine.ts";
import type { Trial } from "../trial.ts";
import { modernOnly } from "../ways.ts";

const [WIDTH, HEIGHT] = [64, 48];
const PIXEL = 4;
const IMAGE = 1;
/** The part that is changed later. */
const PART = { x: 16, y: 8, width: 32, height: 24 };
const WHOLE = { x: 0, y: 0, width: WIDTH, height: HEIGHT };
const HEADER = { flags: GpuFlag.FENCE, fenceId: 7n, ctxId: 0, ringIdx: 0 };

/** The red, green and blue of all pixels on the screen. */
async function screen({ qmp }: QemuMachine, scratch: Scratch): Promise<Uint8Array> {
  const filename = scratch.path("screen.ppm");
  await qmp.execute("screendump", { filename });
  const bytes = Deno.readFileSync(filename);
  const header = `P6\n${WIDTH} ${HEIGHT}\n255\n`;
  assert.equal(new TextDecoder().decode(bytes.subarray(0, header.length)), header);
  return bytes.subarray(header.length);
}

/** What the screen should show of blue, green, red and an unused byte in each pixel. */
function shown(pixels: Uint8Array): Uint8Array {
  return Uint8Array.from(
    { length: WIDTH * HEIGHT * 3 },
    (_, at) => pixels[Math.floor(at / 3) * PIXEL + 2 - at % 3]!,
  );
}

/** Copies a part of one image into another of the same size. */
function copyPart(from: Uint8Array, to: Uint8Array): void {
  for (let y = PART.y; y < PART.y + PART.height; y++) {
    const start = (y * WIDTH + PART.x) * PIXEL;
    to.set(from.subarray(start, start + PART.width * PIXEL), start);
  }
}

async function displays(driver: GpuDriver): Promise<void> {
  assert.equal(driver.config.numScanouts, 1);
  const info = await driver.getDisplayInfo(HEADER);
  assert.equal(info.type, GpuResponse.OK_DISPLAY_INFO);
  const { enabled, r } = info.pmodes[0]!;
  assert.deepEqual([enabled, r.width, r.height], [1, 800, 600]);
  const edid = await driver.getEdid({ ...HEADER, scanout: 0 });
  assert.equal(edid.type, GpuResponse.OK_EDID);
  const sum = edid.edid.subarray(0, 128).reduce((total, byte) => total + byte, 0);
  assert.equal(sum % 256, 0, "an EDID's bytes add up to a multiple of 256");
}

/** The trial. */
export const gpu: Trial = {
  device: "gpu",
  name: "virtio-gpu",
  properties: ["xres=800", "yres=600"],
  refused: modernOnly("virtio-gpu"),
  proves:
    "displays, EDID, an image from backing memory in two pieces to the screen, whole and in " +
    "part, compared with a screendump pixel by pixel; the pointer; errors",
  run: async (transport, machine, scratch) => {
    await using driver = await GpuDriver.open(transport);
    await displays(driver);
    const done = async (answer: Promise<{ readonly type: number }>) =>
      assert.equal((await answer).type, GpuResponse.OK_NODATA);
    await done(driver.resourceCreate2d({
      ...HEADER,
      resourceId: IMAGE,
      format: GpuFormat.B8G8R8X8_UNORM,
      width: WIDTH,
      height: HEIGHT,
    }));
    const backing = machine.arena.allocate(WIDTH * HEIGHT * PIXEL, 4096);
    const half = backing.bytes.length / 2;
    const pieces = [backing.address, backing.address + half];
    await done(driver.resourceAttachBacking({
      ...HEADER,
      resourceId: IMAGE,
      entries: pieces.map((addr) => ({ addr, length: half })),
    }));
    await done(driver.setScanout({ ...HEADER, r: WHOLE, scanoutId: 0, resourceId: IMAGE }));
    const show = async (r: typeof WHOLE) => {
      const offset = (r.y * WIDTH + r.x) * PIXEL;
      await done(driver.transferToHost2d({ ...HEADER, r, offset, resourceId: IMAGE }));
      await done(driver.resourceFlush({ ...HEADER, r, resourceId: IMAGE }));
    };
    const picture = crypto.getRandomValues(new Uint8Array(backing.bytes.length));
    backing.bytes.set(picture);
    await show(WHOLE);
    assert.deepEqual(await screen(machine, scratch), shown(picture));
    const next = crypto.getRandomValues(new Uint8Array(backing.bytes.length));
    backing.bytes.set(next);
    await show(PART);
    copyPart(next, picture);
    assert.deepEqual(await screen(machine, scratch), shown(picture));
    const pos = { scanoutId: 0, x: 3, y: 4 };
    await driver.updateCursor({ ...HEADER, pos, resourceId: IMAGE, hotX: 0, hotY: 0 });
    await driver.moveCursor({ ...HEADER, pos, resourceId: 0, hotX: 0, hotY: 0 });
    await done(driver.resourceDetachBacking({ ...HEADER, resourceId: IMAGE }));
    await done(driver.resourceUnref({ ...HEADER, resourceId: IMAGE }));
    const gone = await driver.resourceFlush({ ...HEADER, r: WHOLE, resourceId: IMAGE });
    assert.equal(gone.type, GpuResponse.ERR_INVALID_RESOURCE_ID);
  },
};
