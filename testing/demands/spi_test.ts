// What an SPI controller and its driver refuse, as the standard demands (VIRTIO 1.4, 5.21).

import assert from "node:assert/strict";
import { SpiDevice, SpiDriver, SpiResult } from "../../generated/spi/mod.ts";
import { loopback } from "../../runtime/loopback.ts";
import { covers } from "../covers.ts";

const SPI = {
  csMaxNumber: 1,
  csChangeSupported: 0,
  txNbitsSupported: 0,
  rxNbitsSupported: 0,
  bitsPerWordMask: 0,
  modeFuncSupported: 0xf,
  maxFreqHz: 1000,
  maxWordDelayNs: 0,
  maxCsSetupNs: 0,
  maxCsHoldNs: 0,
  maxCsInactiveNs: 0,
};

const TRANSFER = {
  chipSelectId: 0,
  bitsPerWord: 8,
  csChange: 0,
  txNbits: 1,
  rxNbits: 1,
  mode: 0,
  freq: 1000,
  wordDelayNs: 0,
  csSetupNs: 0,
  csDelayHoldNs: 0,
  csChangeDelayInactiveNs: 0,
};

Deno.test("spi: parameters that the device does not have are errors", async () => {
  covers(
    "devicenormative:Device Types / SPI Controller Device / Device Operation#3",
    "devicenormative:Device Types / SPI Controller Device / Device Operation#4",
  );
  const device = new SpiDevice({ config: SPI, transfer: () => SpiResult.TRANS_OK });
  await using driver = await SpiDriver.open(loopback(device));
  const tx = Uint8Array.of(1);
  const none = new Uint8Array(0);
  assert.equal((await driver.transfer(TRANSFER, tx, none)).result, SpiResult.TRANS_OK);
  for (
    const wrong of [
      { chipSelectId: 1 },
      { csChange: 1 },
      { txNbits: 8 },
      { rxNbits: 4 },
      { mode: 1 << 2 },
      { mode: 1 << 3 },
      { mode: 1 << 31 >>> 0 },
      { freq: 1001 },
      { wordDelayNs: 1 },
      { csSetupNs: 1 },
      { csDelayHoldNs: 1 },
      { csChangeDelayInactiveNs: 1 },
    ]
  ) {
    const { result } = await driver.transfer({ ...TRANSFER, ...wrong }, tx, none);
    assert.equal(result, SpiResult.PARAM_ERR, JSON.stringify(wrong));
  }
});

Deno.test("spi: a driver reads as much as it writes, and nothing of a transfer that failed (5.21.6.3)", async () => {
  covers(
    "drivernormative:Device Types / SPI Controller Device / Device Operation#4",
    "drivernormative:Device Types / SPI Controller Device / Device Operation#5",
  );
  let result: SpiResult = SpiResult.TRANS_OK;
  const device = new SpiDevice({
    config: SPI,
    transfer: (_, __, rx) => (rx.write(new Uint8Array(rx.length).fill(0xee)), result),
  });
  await using driver = await SpiDriver.open(loopback(device));
  const transfer = async (tx: number, rx: number) => {
    const bytes = new Uint8Array(rx).fill(1);
    const answer = await driver.transfer(TRANSFER, new Uint8Array(tx), bytes);
    return [answer.result, ...bytes];
  };
  for (const [tx, rx] of [[4, 3], [3, 4], [1, 2]] as const) {
    await assert.rejects(transfer(tx, rx), {
      name: "RangeError",
      message: /reads as much as it writes/,
    });
  }
  assert.deepEqual(await transfer(2, 2), [SpiResult.TRANS_OK, 0xee, 0xee]);
  assert.deepEqual(await transfer(0, 2), [SpiResult.TRANS_OK, 0xee, 0xee]);
  assert.deepEqual(await transfer(2, 0), [SpiResult.TRANS_OK]);
  result = SpiResult.TRANS_ERR;
  assert.deepEqual(await transfer(2, 2), [SpiResult.TRANS_ERR, 0, 0]);
});
