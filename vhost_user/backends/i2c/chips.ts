/**
 * Chips on an I2C bus, simulated.
 *
 * @module
 */

/** A chip: bytes are written to it and read from it, a segment at a time. */
export interface Chip {
  /** Takes a segment, which may be empty; false when the chip does not acknowledge it. */
  write(bytes: Uint8Array): boolean;
  /** Gives a segment of so many bytes. */
  read(length: number): Uint8Array;
}

/** An EEPROM 24C02: 256 bytes in pages of 8. The first byte written is where to write or read. */
export class Eeprom implements Chip {
  static readonly #PAGE = 8;
  readonly #bytes: Uint8Array = new Uint8Array(256).fill(0xff);
  #at = 0;

  /** Moves the position, and writes; what goes beyond a page goes on at its beginning. */
  write(bytes: Uint8Array): boolean {
    const [at = this.#at, ...content] = bytes;
    this.#at = at;
    for (const byte of content) {
      this.#bytes[this.#at] = byte;
      const page = this.#at & -Eeprom.#PAGE;
      this.#at = page | ((this.#at + 1) % Eeprom.#PAGE);
    }
    return true;
  }

  /** Reads on from the position; behind the last byte comes the first. */
  read(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => {
      const byte = this.#bytes[this.#at]!;
      this.#at = (this.#at + 1) % this.#bytes.length;
      return byte;
    });
  }
}

/** A thermometer LM75: four registers, the first byte written says which. */
export class Thermometer implements Chip {
  static readonly #CONFIGURATION = 1;
  /** Temperature, configuration, hysteresis, limit; two bytes each, but for the configuration. */
  readonly #registers: readonly Uint8Array[];
  #selected = 0;

  /** It is so warm, in degrees Celsius, in steps of a half. */
  constructor(degrees: number) {
    this.#registers = [
      halves(degrees),
      new Uint8Array(1),
      halves(75),
      halves(80),
    ];
  }

  /** Selects a register, and writes it; the temperature can not be written. */
  write(bytes: Uint8Array): boolean {
    const [selected = this.#selected, ...content] = bytes;
    const register = this.#registers[selected];
    if (register === undefined || content.length > register.length) return false;
    if (selected === 0 && content.length > 0) return false;
    this.#selected = selected;
    // The lowest seven bits of temperatures are none, the highest three of the configuration are 0.
    const mask = selected === Thermometer.#CONFIGURATION ? [0x1f] : [0xff, 0x80];
    for (const [at, byte] of content.entries()) register[at] = byte & mask[at]!;
    return true;
  }

  /** Reads the selected register, again and again. */
  read(length: number): Uint8Array {
    const register = this.#registers[this.#selected]!;
    return Uint8Array.from({ length }, (_, at) => register[at % register.length]!);
  }
}

function halves(degrees: number): Uint8Array {
  const value = Math.round(degrees * 2) << 7;
  return Uint8Array.of(value >> 8, value);
}
