import assert from "node:assert/strict";
import { checkContract, CONTRACT } from "./contract.ts";

Deno.test("checkContract() accepts this runtime's contract", () => {
  const number: 1 = CONTRACT;
  checkContract(number);
});

Deno.test("checkContract() refuses any other number with an error that names both", () => {
  for (const other of [0, 2, 1.5, NaN]) {
    assert.throws(() => checkContract(other), {
      name: "Error",
      message: new RegExp(
        `^Cannot use generated code of contract ${other}: this runtime keeps .* 1;`,
      ),
    });
  }
});
