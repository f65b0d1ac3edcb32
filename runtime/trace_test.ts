import assert from "node:assert/strict";
import { BlockDevice, BlockDriver, BlockStatus } from "../generated/blk/mod.ts";
import {
  emptyVirtioNetHdr,
  NetworkAck,
  NetworkDevice,
  NetworkDriver,
} from "../generated/net/mod.ts";
import { describer } from "./describe.ts";
import { turn } from "./doorbell.ts";
import { EchoDevice, EchoDriver } from "./echo_fixture.ts";
import { loopback } from "./loopback.ts";
import { addBuffer, collectAll, makeRing, serve } from "./ring_fixture.ts";
import { trace, traceDriverQueue } from "./trace.ts";

const model: unknown = JSON.parse(
  Deno.readTextFileSync(new URL("../generated/virtio.json", import.meta.url)),
);

function disk(): BlockDevice {
  return new BlockDevice({
    config: { capacity: 8, writeback: 0 },
    flush: () => Promise.resolve(BlockStatus.OK),
    getId: () => ({ id: "disk" }),
    in: () => BlockStatus.OK,
    out: () => BlockStatus.IOERR,
  });
}

Deno.test("trace() tells requests and answers of a disk by the names of fields", async () => {
  const device = disk();
  const lines: string[] = [];
  trace(device, (line) => lines.push(line.replace(/#\d+$/, "#")), model);
  await using driver = await BlockDriver.open(loopback(device), { ring: { packed: false } });
  const requestq = driver.requestq[0]!;
  await requestq.in({ sector: 7 }, new Uint8Array(512));
  await requestq.out({ sector: 1 }, new Uint8Array(1024));
  await requestq.flush({ sector: 0 });
  await requestq.getId({ sector: 0 });
  assert.deepEqual(lines, [
    "blk requestq[0] > in: type=VIRTIO_BLK_T_IN sector=7 #",
    "blk requestq[0] < in: data=(512 bytes) status=VIRTIO_BLK_S_OK #",
    "blk requestq[0] > out: type=VIRTIO_BLK_T_OUT sector=1 data=(1024 bytes) #",
    "blk requestq[0] < out: status=VIRTIO_BLK_S_IOERR #",
    "blk requestq[0] > flush: type=VIRTIO_BLK_T_FLUSH sector=0 #",
    "blk requestq[0] < flush: status=VIRTIO_BLK_S_OK #",
    "blk requestq[0] > get_id: type=VIRTIO_BLK_T_GET_ID sector=0 #",
    "blk requestq[0] < get_id: id=(20 bytes) status=VIRTIO_BLK_S_OK #",
  ]);
});

Deno.test("trace() finds messages by their tags, and queues by features and configuration", async () => {
  for (const pairs of [1, 3]) {
    const device = new NetworkDevice({
      config: pairs === 1 ? {} : { maxVirtqueuePairs: pairs },
      features: ["GUEST_CSUM"],
      ...(pairs === 1 ? {} : { mqVqPairsSet: () => NetworkAck.OK }),
      transmit: () => {},
      vlanAdd: () => NetworkAck.OK,
      vlanDel: () => NetworkAck.OK,
    });
    const lines: string[] = [];
    trace(device, (line) => lines.push(line.replace(/ #\d+$/, "")), model);
    let received = 0;
    const onReceive = () => void received++;
    await using driver = await NetworkDriver.open(loopback(device), { onReceive });
    await driver.transmitq[pairs - 1]!.transmit({ hdr: emptyVirtioNetHdr() }, new Uint8Array(60));
    await driver.controlq[0]!.vlanDel({ vid: 5 });
    const hdr = { ...emptyVirtioNetHdr(), numBuffers: 1, flags: 2 };
    while (!device.sendReceive({ hdr }, new Uint8Array(99))) await turn();
    while (received === 0) await turn();
    const sent = lines.filter((line) => line.includes("> transmit"));
    assert.equal(sent.length, 1);
    assert.match(
      sent[0]!,
      RegExp(`^net transmitq\\[${pairs - 1}\\] > transmit: flags=.*data=\\(60`),
    );
    const control = lines.filter((line) => line.includes("vlan"));
    assert.deepEqual(control, [
      "net controlq[0] > vlan_del: class=VIRTIO_NET_CTRL_VLAN command=1 vid=5",
      "net controlq[0] < vlan_del: ack=VIRTIO_NET_OK",
    ]);
    assert.ok(lines.includes("net receiveq[0] > a buffer for receive"));
    const come = lines.find((line) => line.startsWith("net receiveq[0] < receive: "));
    assert.match(come!, /num_buffers=1 .*data=\(99 bytes\)/);
  }
});

Deno.test("trace() of a live device begins where it is, and shows bytes without a model", async () => {
  const device = new EchoDevice();
  await using driver = await EchoDriver.open(loopback(device));
  await driver.echo(Uint8Array.of(1));
  const lines: string[] = [];
  trace(device, (line) => lines.push(line));
  await driver.echo(Uint8Array.of(0x0a, 0xff));
  await driver.echo(new Uint8Array(40));
  assert.deepEqual(lines.map((line) => line.replace(/ #\d+$/, "")), [
    "echo queue 0 > 0a ff",
    "echo queue 0 < 0a ff",
    `echo queue 0 > ${Array(32).fill("00").join(" ")} and 8 more bytes`,
    `echo queue 0 < ${Array(32).fill("00").join(" ")} and 8 more bytes`,
  ]);
});

Deno.test("describer() says what it can of nonsense, and refuses a device that the model has not", () => {
  const describe = describer(model, disk());
  assert.equal(describe(0, Uint8Array.of(99), undefined), "requestq[0] > unknown, 1 bytes");
  assert.equal(describe(0, new Uint8Array(0), Uint8Array.of(1)), "requestq[0] < unknown, 1 bytes");
  assert.equal(describe(7, new Uint8Array(4), undefined), "queue 7");
  const cut = Uint8Array.of(0, 0, 0, 0, 0, 0);
  assert.match(describe(0, cut, undefined), /^requestq\[0\] > in: type=VIRTIO_BLK_T_IN/);
  assert.throws(() => describer(model, new EchoDevice()), TypeError);
  assert.throws(() => describer({}, new EchoDevice()), TypeError);
});

for (const format of ["split", "packed"] as const) {
  for (const inOrder of [false, true]) {
    const how = `${format}${inOrder ? ", in order" : ""}`;
    Deno.test(`traceDriverQueue() tells each buffer once, ${how}`, () => {
      const ring = makeRing({ format, inOrder, indirect: true });
      const lines: string[] = [];
      traceDriverQueue(ring.driver, ring.memory, (line) => lines.push(line));
      ring.bytes.fill(7, 0, 2);
      const heads = [addBuffer(ring, [1, 1], [2]), addBuffer(ring, [2], [])];
      assert.deepEqual(lines, heads.map((head) => `queue 3 > 07 07 #${head}`));
      ring.driver.kick();
      serve(ring);
      ring.bytes.fill(9, 2, 4);
      assert.equal(collectAll(ring).length, 2);
      assert.deepEqual(lines.slice(2), [`queue 3 < 09 09 #${heads[0]}`, `queue 3 <  #${heads[1]}`]);
    });
  }
}
