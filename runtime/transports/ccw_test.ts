import assert from "node:assert/strict";
import { Command } from "../../generated/layout/ccw.ts";
import { covers } from "../../testing/covers.ts";
import { EchoDriver } from "../echo_fixture.ts";
import { TransportError } from "../errors.ts";
import { featureSet } from "../features.ts";
import { Status } from "../status.ts";
import { BasicCommand } from "./ccw_channel.ts";
import { findCcw } from "./ccw_driver.ts";
import { Bench, DONE, LENGTH, machine, PROGRAM, REFUSED, SUPPRESS } from "./ccw_fixture.ts";

const { ACKNOWLEDGE, DRIVER, FEATURES_OK } = Status;

const CCW = "devicenormative:Virtio Transport Options / Virtio over channel I/O";
const INIT = `${CCW} / Device Initialization` as const;
const REVISION = `${INIT} / Setting the Virtio Revision` as const;
const DRIVEN = "drivernormative:Virtio Transport Options / Virtio over channel I/O";

Deno.test("CcwDevice says what it is before a revision is set", () => {
  const bench = new Bench();
  assert.equal(bench.run(BasicCommand.SENSE_ID, new Array(7).fill(0)), DONE);
  assert.deepEqual(bench.read(7), [0xff, 0x38, 0x32, 9, 0, 0, 0]);
});

Deno.test("a revision is set once, and is 1 or 2; nothing else is heeded before", () => {
  covers(
    `${REVISION}#1`,
    `${REVISION}#2`,
    `${REVISION}#5`,
  );
  const bench = new Bench();
  for (const command of Object.values(Command)) {
    if (command === Command.SET_VIRTIO_REV) continue;
    assert.equal(bench.run(command, new Array(8).fill(0)), REFUSED, `0x${command.toString(16)}`);
  }
  assert.equal(bench.run(BasicCommand.SENSE, [0]), DONE);
  assert.deepEqual(bench.read(1), [0x80], "command reject");
  assert.equal(bench.revision(0), REFUSED);
  assert.equal(bench.revision(3), REFUSED);
  assert.equal(bench.run(Command.SET_VIRTIO_REV, [0, 1, 0, 5]), REFUSED, "data that is not there");
  assert.equal(bench.revision(1), DONE);
  assert.equal(bench.revision(2), REFUSED);
  assert.equal(bench.run(Command.READ_STATUS, [9]), REFUSED, "there since revision 2");
  bench.file.disabled();
  assert.equal(bench.revision(2), DONE);
  assert.equal(bench.run(Command.READ_STATUS, [9]), DONE);
  assert.deepEqual(bench.read(1), [0]);
});

Deno.test("lengths are checked, unless the driver suppresses that and sends enough", () => {
  covers(
    `${CCW} / Basic Concepts#2`,
    `${CCW} / Basic Concepts#3`,
    `${CCW} / Basic Concepts#4`,
  );
  const bench = new Bench();
  bench.revision(2);
  assert.equal(bench.run(Command.WRITE_STATUS, []), LENGTH);
  assert.equal(bench.run(Command.WRITE_STATUS, [1, 2]), LENGTH);
  assert.equal(bench.run(Command.WRITE_STATUS, [], SUPPRESS), REFUSED);
  assert.equal(bench.run(Command.WRITE_STATUS, [ACKNOWLEDGE, 2], SUPPRESS), DONE);
  assert.equal(bench.device.getStatus(), ACKNOWLEDGE);
  assert.equal(bench.run(Command.READ_CONF, [0, 0, 0]), DONE);
  assert.deepEqual(bench.read(3), [1, 2, 3]);
  assert.equal(bench.run(Command.READ_CONF, new Array(9).fill(0)), LENGTH);
  assert.equal(bench.run(Command.WRITE_STATUS, [3], 0, 0x1000), PROGRAM);
});

Deno.test("a status that the device does not take is refused and stays", () => {
  covers(
    `${INIT} / Communicating Status Information#1`,
    `${INIT} / Communicating Status Information#2`,
    `${CCW} / Device Operation / Resetting Devices#1`,
  );
  const bench = new Bench();
  bench.revision(2);
  bench.run(Command.WRITE_STATUS, [ACKNOWLEDGE | DRIVER]);
  assert.equal(bench.run(Command.WRITE_STATUS, [ACKNOWLEDGE | DRIVER | FEATURES_OK]), REFUSED);
  assert.equal(bench.device.getStatus(), ACKNOWLEDGE | DRIVER);
  assert.equal(bench.run(Command.WRITE_FEAT, [1, 0, 0, 0, 1]), DONE, "VERSION_1");
  assert.equal(bench.run(Command.WRITE_STATUS, [ACKNOWLEDGE | DRIVER | FEATURES_OK]), DONE);
  const sizeless = [0, 0, 0, 0, 0x80, ...new Array(27).fill(0)];
  assert.equal(bench.run(Command.SET_VQ, sizeless), REFUSED, "a queue of no size");
  assert.equal(bench.run(Command.READ_VQ_CONF, [0, 0, 0, 0]), DONE);
  assert.deepEqual(bench.read(4), [0, 0, 1, 0]);
  assert.equal(bench.run(Command.VDEV_RESET), DONE);
  assert.equal(bench.device.getStatus(), 0);
});

Deno.test("classic and adapter indicators exclude each other, until a reset", () => {
  covers(
    `${INIT} / Setting Up Indicators / Setting Up Two-Stage Queue Indicators#1`,
  );
  const bench = new Bench();
  bench.revision(2);
  const address = [0, 0, 0, 0, 0x80, 0, 1, 0];
  const area = [...address, ...address, 0, 0, 0, 0, 0, 0, 0, 0, 5];
  assert.equal(bench.run(Command.SET_IND, address), DONE);
  assert.equal(bench.run(Command.SET_IND_ADAPTER, area), REFUSED);
  bench.run(Command.VDEV_RESET);
  assert.equal(bench.run(Command.SET_IND_ADAPTER, area), DONE);
  assert.equal(bench.run(Command.SET_IND, address), REFUSED);
  assert.equal(bench.run(Command.SET_CONF_IND, address), DONE);
});

Deno.test("findCcw() falls back on revision 1, whose status is what was written", async () => {
  covers(
    `${DRIVEN} / Device Initialization / Setting the Virtio Revision#1`,
    `${DRIVEN} / Device Initialization / Communicating Status Information#1`,
  );
  const bench = new Bench();
  let first = true;
  const transport = await findCcw(machine(bench, (command) => {
    const refuse = command.command === Command.SET_VIRTIO_REV && first;
    if (refuse) first = false;
    return refuse ? { ...command, command: 0xff } : command;
  }));
  assert.equal(transport.facilities.suspend, false);
  const driver = new EchoDriver(transport);
  await driver.agree({ want: 0n });
  assert.equal(await transport.getStatus(), ACKNOWLEDGE | DRIVER | FEATURES_OK);
  bench.device.refused = featureSet(0);
  await assert.rejects(driver.agree({ want: featureSet(0) }), /FEATURES_OK/);
  await driver.close();
});

Deno.test("findCcw() refuses another control unit, and a device of revision 0 alone", async () => {
  covers(
    `${DRIVEN} / Basic Concepts#1`,
  );
  const bench = new Bench();
  const none = machine(bench, (command) => ({ ...command, command: BasicCommand.SENSE }));
  await assert.rejects(findCcw(none), TransportError);
  const legacy = machine(
    bench,
    (command) =>
      command.command === Command.SET_VIRTIO_REV ? { ...command, command: 0xff } : command,
  );
  await assert.rejects(findCcw(legacy), /refuses revisions 2 and 1/);
});

Deno.test("a classic word has queue n at 2^n, big-endian, and interrupts once while it is set", async () => {
  const bench = new Bench();
  let indicators = 0;
  const transport = await findCcw(machine(bench, (command) => {
    if (command.command === Command.SET_IND) {
      const { buffer, byteOffset } = bench.memory.view(command.address, 8)!;
      indicators = Number(new DataView(buffer, byteOffset).getBigUint64(0));
    }
    return command;
  }));
  const driver = new EchoDriver(transport);
  await driver.agree({ want: featureSet(4) });
  driver.use(await driver.openOne(2, 8));
  await driver.go();
  const pending = [1, 2, 3].map((byte) => driver.echo(Uint8Array.of(byte)));
  assert.deepEqual(bench.interrupts, ["subchannel"]);
  assert.deepEqual(bench.read(8, indicators), [0, 0, 0, 0, 0, 0, 0, 1 << 2]);
  transport.interrupt();
  assert.deepEqual(bench.read(8, indicators), [0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(await Promise.all(pending), [1, 2, 3].map((byte) => Uint8Array.of(byte)));
  await driver.close();
});

Deno.test("ccw: a revision is 1 at least, and gone once the subchannel is disabled (4.3.2.1.1)", () => {
  covers(`${REVISION}#3`, `${REVISION}#4`, `${REVISION}#6`);
  const bench = new Bench();
  assert.equal(bench.revision(0), REFUSED);
  assert.equal(bench.revision(1), DONE);
  assert.equal(bench.run(Command.READ_STATUS, [0]), REFUSED, "not in revision 1");
  assert.equal(bench.run(Command.WRITE_STATUS, [ACKNOWLEDGE]), DONE);
  bench.file.disabled();
  assert.equal(bench.run(Command.WRITE_STATUS, [ACKNOWLEDGE]), REFUSED);
  assert.equal(bench.revision(2), DONE);
  assert.equal(bench.run(Command.WRITE_STATUS, [ACKNOWLEDGE]), DONE);
});

Deno.test("ccw: a command that there is not is rejected, and the status reads as it is (4.3.1.3, 4.3.2.3.2)", () => {
  covers(`${CCW} / Basic Concepts#1`, `${INIT} / Communicating Status Information#3`);
  const bench = new Bench();
  bench.revision(2);
  for (const command of [0x01, 0x7f, 0xff]) {
    assert.equal(bench.run(command, [0]), REFUSED);
    assert.equal(bench.run(BasicCommand.SENSE, [0]), DONE);
    assert.deepEqual(bench.read(1), [0x80], "command reject");
  }
  for (const status of [ACKNOWLEDGE, ACKNOWLEDGE | DRIVER]) {
    bench.run(Command.WRITE_STATUS, [status]);
    assert.equal(bench.run(Command.READ_STATUS, [0xff]), DONE);
    assert.deepEqual(bench.read(1), [status]);
  }
});

Deno.test("ccw: what is reserved in a queue says nothing (4.3.2.2.1)", () => {
  covers(`${INIT} / Configuring a Virtqueue#1`);
  const bench = new Bench();
  bench.revision(2);
  bench.run(Command.WRITE_STATUS, [ACKNOWLEDGE | DRIVER]);
  bench.run(Command.WRITE_FEAT, [1, 0, 0, 0, 1]);
  bench.run(Command.WRITE_STATUS, [ACKNOWLEDGE | DRIVER | FEATURES_OK]);
  const word = (address: number) => [0, 0, 0, 0, 0x80, address, 0, 0];
  const queue = [...word(1), 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 16, ...word(2), ...word(3)];
  assert.equal(bench.run(Command.SET_VQ, queue), DONE);
});

Deno.test("ccw: a driver sets a revision before all else, once, and asks only what that has (4.3.2)", async () => {
  covers(
    `${DRIVEN} / Device Initialization / Setting the Virtio Revision#2`,
    `${DRIVEN} / Device Initialization / Setting the Virtio Revision#3`,
    `${DRIVEN} / Device Initialization / Communicating Status Information#3`,
  );
  for (const revision of [1, 2]) {
    const bench = new Bench();
    const seen: number[] = [];
    let refuse = revision === 1;
    const transport = await findCcw(machine(bench, (command) => {
      const own = Object.values<number>(Command).includes(command.command);
      if (own && !(refuse && command.command === Command.SET_VIRTIO_REV)) {
        seen.push(command.command);
      }
      if (!refuse || command.command !== Command.SET_VIRTIO_REV) return command;
      refuse = false;
      return { ...command, command: 0xff };
    }));
    const driver = await EchoDriver.open(transport);
    await driver.read(0, 8);
    await transport.getStatus();
    await driver.close();
    assert.equal(seen[0], Command.SET_VIRTIO_REV);
    assert.equal(seen.filter((one) => one === Command.SET_VIRTIO_REV).length, 1);
    assert.equal(seen.includes(Command.READ_STATUS), revision === 2);
  }
});

Deno.test("ccw: a driver looks at the control unit, at no type or model of the device (4.3.1.4)", async () => {
  covers(`${DRIVEN} / Basic Concepts#2`);
  const bench = new Bench();
  const original = machine(bench, (command) => command);
  const transport = await findCcw({
    ...original,
    start: (command) => {
      const result = original.start(command);
      const isSense = command.command === BasicCommand.SENSE_ID;
      if (isSense) bench.memory.write(command.address + 4, Uint8Array.of(0xab, 0xcd, 0xef));
      return result;
    },
  });
  const driver = await EchoDriver.open(transport);
  assert.equal((await driver.read(0, 1))[0], 1);
  await driver.close();
});
