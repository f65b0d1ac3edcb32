/** Layouts drawn byte by byte. */

import assert from "node:assert/strict";
import { byteTable } from "./byte_table.ts";

function draw(...fields: [string, number | null][]): string[] {
  return byteTable(fields.map(([name, size]) => ({ name, size })));
}

Deno.test("byteTable() draws fields side by side and wraps long names", () => {
  assert.deepEqual(draw(["a", 1], ["physical_block_exp", 1], ["len", 2], ["x", 4]), [
    "offset        0               1               2               3",
    "      +---------------+---------------+-------------------------------+",
    "    0 |       a       |   physical_   |              len              |",
    "      |               |   block_exp   |                               |",
    "      +---------------+---------------+-------------------------------+",
    "    4 |                               x                               |",
    "      +---------------------------------------------------------------+",
  ]);
});

Deno.test("byteTable() joins the rows of one field and marks a field that starts within a row", () => {
  assert.deepEqual(draw(["le64", 8], ["two", 2], ["id", 4]), [
    "offset        0               1               2               3",
    "      +---------------------------------------------------------------+",
    "    0 |                             le64                              |",
    "      |                                                               |",
    "    4 |                                                               |",
    "      +-------------------------------+-------------------------------+",
    "    8 |              two              |              id               |",
    "      +-------------------------------+-------------------------------+",
    "   12 |             … id              |",
    "      +-------------------------------+",
  ]);
});

Deno.test("byteTable() shortens what is long and gives no offsets behind what varies", () => {
  assert.deepEqual(draw(["lun", 14], ["data", null], ["status", 1]), [
    "offset        0               1               2               3",
    "      +---------------------------------------------------------------+",
    "    0 |                        lun (14 bytes)                         |",
    "      +-------------------------------+-------------------------------+",
    "   12 |             … lun             |",
    "      +-------------------------------+-------------------------------+",
    "   14 |                            data …                             |",
    "      +---------------+-----------------------------------------------+",
    "   .. |    status     |",
    "      +---------------+",
  ]);
});
