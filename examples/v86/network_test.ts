import assert from "node:assert/strict";
import { answerTo } from "./network.ts";

const GUEST = "020000000002";
const US = "020000000001";

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.replaceAll(/\s/g, "").match(/../g)!, (byte) => parseInt(byte, 16));
}

Deno.test("the neighbour says his address to who asks for it, and not that of others", () => {
  const question = (address: string) =>
    bytes(`ffffffffffff ${GUEST} 0806 0001 0800 06 04 0001
      ${GUEST} 0a000002 000000000000 ${address}`);
  assert.deepEqual(
    answerTo(question("0a000001")),
    bytes(`${GUEST} ${US} 0806 0001 0800 06 04 0002 ${US} 0a000001 ${GUEST} 0a000002`),
  );
  assert.equal(answerTo(question("0a000003")), undefined);
});

Deno.test("the neighbour sends echoes back, and nothing to what is cut short", () => {
  const header = "4500 001d 0000 4000 4001 26dd";
  const ping = bytes(`${US} ${GUEST} 0800 ${header} 0a000002 0a000001 0800 56fd 0001 0001 a1`);
  const pong = bytes(`${GUEST} ${US} 0800 ${header} 0a000001 0a000002 0000 5efd 0001 0001 a1`);
  assert.deepEqual(answerTo(ping), pong);
  for (let length = 0; length < ping.length; length++) {
    assert.equal(answerTo(ping.subarray(0, length)), undefined, `${length} bytes`);
  }
});
