/**
 * An I2C bus with simulated chips.
 *
 * @module
 */

import { UsageError } from "../../generator/commands/command.ts";
import { I2cDevice, type I2cHandlers, I2cStatus } from "../../generated/i2c/mod.ts";
import { within } from "../../runtime/values.ts";
import { type Chip, Eeprom, Thermometer } from "./i2c/chips.ts";
import { defineBackEnd } from "./ready.ts";

/** Where an EEPROM and a thermometer are on most boards. */
const EEPROM = 0x50;
const THERMOMETER = 0x48;
/** Bytes of the longest segment. */
const SEGMENT_MAX = 8192;

type Arguments = Parameters<NonNullable<I2cHandlers["req"]>>;

/** A bus with chips by their addresses of 7 bits; RangeError for an address that has more. */
export function simulatedBus(chips: ReadonlyMap<number, Chip>): I2cDevice {
  for (const address of chips.keys()) within(address, 0x7f, "address");
  const segment = (...[{ addr, mRd }, written, read]: Arguments): boolean => {
    const chip = chips.get(addr >> 1);
    const length = written.length + read.length;
    if (chip === undefined || (addr & 1) !== 0 || length > SEGMENT_MAX) return false;
    if (mRd === 0) return read.length === 0 && chip.write(written.bytes());
    if (written.length > 0) return false;
    read.write(chip.read(read.length));
    return true;
  };
  return new I2cDevice({ req: (...request) => segment(...request) ? I2cStatus.OK : I2cStatus.ERR });
}

/** `serve i2c`. */
export const backEnd = defineBackEnd({
  usage: "[--degrees N]",
  help:
    `  --degrees N        What the thermometer at 0x48 (an LM75) shows, in degrees Celsius: 21.5 when not
                     given. At 0x50 there is an EEPROM of 256 bytes (a 24C02), which starts empty.
`,
  options: { degrees: { type: "string" } },
  load({ degrees = "21.5" }) {
    const value = Number(degrees);
    if (!(value >= -55 && value <= 125)) throw new UsageError("--degrees is not -55 to 125");
    const chips = new Map<number, Chip>([
      [EEPROM, new Eeprom()],
      [THERMOMETER, new Thermometer(value)],
    ]);
    return {
      device: simulatedBus(chips),
      qemu: ["-device vhost-user-i2c-pci,chardev=virtio0"],
    };
  },
});
