/**
 * What a disk says of itself: inquiry data, their pages, and pages of modes (SPC-4, SBC-3).
 *
 * @module
 */

/** Bytes of a block. */
export const BLOCK = 512;
/** Blocks of one range to be unmapped or written with the same content: 1 GiB, so that none takes for ever. */
export const RANGE_MAX = 2 << 20;
/** Most ranges of one command. */
export const RANGES_MAX = 64;

const VENDOR = "virtio";
const PRODUCT = "TypeScript disk";
const REVISION = "1";

const CACHING_PAGE = 0x08;
const ALL_PAGES = 0x3f;
const WRITE_CACHE = 4;
const WRITE_PROTECTED = 0x80;
/** Writes can be made durable one by one (DPOFUA). */
const FORCE_UNIT_ACCESS = 0x10;

/** What pages tell of a disk. */
export interface DiskFacts {
  /** Identification, in ASCII. */
  readonly serial: string;
  /** The disk can not be written. */
  readonly readOnly: boolean;
}

/** A text of so many bytes, filled up with spaces. */
function padded(text: string, length: number): number[] {
  return [...new TextEncoder().encode(text.padEnd(length))].slice(0, length);
}

function be16(value: number): number[] {
  return [value >>> 8, value & 0xff];
}

function be32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, ...be16(value & 0xffff)];
}

/** Standard inquiry data (SPC-4, 6.4.2) of a disk, or of a logical unit that does not exist. */
export function inquiry(exists: boolean): Uint8Array {
  const fields = [...padded(VENDOR, 8), ...padded(PRODUCT, 16), ...padded(REVISION, 4)];
  const type = exists ? 0 : 0x7f;
  const [version, format, queueing] = [6, 2, 2];
  return Uint8Array.of(type, 0, version, format, 5 + 26, 0, 0, queueing, ...fields);
}

const VITAL: ReadonlyMap<number, (disk: DiskFacts) => number[]> = new Map([
  [0x00, () => [...VITAL.keys()]],
  [0x80, ({ serial }: DiskFacts) => padded(serial, serial.length)],
  [0x83, ({ serial }: DiskFacts) => {
    const id = [...padded(VENDOR, 8), ...padded(serial, serial.length)];
    return [2, 1, 0, id.length, ...id]; // ASCII, of the logical unit, by the vendor
  }],
  // Block limits: no zero as a number of blocks of WRITE SAME, and how much may be unmapped.
  [0xb0, () => {
    const unmap = [...be32(RANGE_MAX), ...be32(RANGES_MAX), ...be32(4096 / BLOCK), ...be32(0)];
    return [
      1,
      0,
      ...Array(14).fill(0),
      ...unmap,
      ...be32(0),
      ...be32(RANGE_MAX),
      ...Array(20).fill(0),
    ];
  }],
  [0xb1, () => [...be16(1), ...Array(58).fill(0)]], // nothing rotates
  // Provisioning: UNMAP, WRITE SAME with 16 and 10 bytes; blocks are allocated when they are written.
  [0xb2, ({ readOnly }: DiskFacts) => [0, readOnly ? 0 : 0xe0, 2, 0]],
]);

/** A page of vital product data (SPC-4, 7.8); undefined when there is none of that number. */
export function vitalPage(page: number, disk: DiskFacts): Uint8Array | undefined {
  const content = VITAL.get(page)?.(disk);
  return content && Uint8Array.of(0, page, ...be16(content.length), ...content);
}

/**
 * Mode pages (SPC-4, 7.5) behind a header of 4 or 8 bytes; undefined when there is none of that number.
 * `changeable` asks which bits could be changed: none.
 */
export function modePages(
  page: number,
  changeable: boolean,
  long: boolean,
  { readOnly }: DiskFacts,
): Uint8Array | undefined {
  if (page !== CACHING_PAGE && page !== ALL_PAGES) return undefined;
  const caching = [CACHING_PAGE, 18, changeable ? 0 : WRITE_CACHE, ...Array(17).fill(0)];
  const flags = FORCE_UNIT_ACCESS | (readOnly ? WRITE_PROTECTED : 0);
  const header = long
    ? [...be16(6 + caching.length), 0, flags, 0, 0, 0, 0]
    : [3 + caching.length, 0, flags, 0];
  return Uint8Array.of(...header, ...caching);
}

/** READ CAPACITY with 10 bytes (SBC-3, 5.15). */
export function capacity10(blocks: number): Uint8Array {
  return Uint8Array.of(...be32(Math.min(blocks - 1, 0xffff_ffff)), ...be32(BLOCK));
}

/** READ CAPACITY with 16 bytes (SBC-3, 5.16): blocks can be unmapped, unless the disk is read-only. */
export function capacity16(blocks: number, { readOnly }: DiskFacts): Uint8Array {
  const answer = new Uint8Array(32);
  const view = new DataView(answer.buffer);
  view.setBigUint64(0, BigInt(blocks - 1));
  view.setUint32(8, BLOCK);
  answer[14] = readOnly ? 0 : 0x80;
  return answer;
}
