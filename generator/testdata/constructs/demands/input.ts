/** What the standard demands of senders and receivers, and of fields of the configuration among each other. */

import assert from "node:assert/strict";
import { array, type Device, le32, le64, payload, u8 } from "../../../../spec/dsl.ts";
import { answered, call, construct, get, type Sides, STATUS, type Vector } from "../construct.ts";

const page = { lowestBit: { config: "pages" } } as const;

/** The device. */
export const device: Device = construct("demands", {
  features: { FAR: { bit: 0, doc: "Far places", by: "option" } },
  enums: {
    TONE: {
      doc: "Tones",
      name: "Tone",
      reserved: [[0x10, 0x1f]],
      members: { LOW: { value: 1, doc: "Low" }, MID: 2, HIGH: { value: 4, doc: "High" } },
    },
  },
  structs: { pair: { doc: "A pair", fields: { low: u8("Low"), high: u8("High") } } },
  config: {
    struct: "c",
    section: "none",
    checks: [
      { doc: "at least used", of: { config: "size" }, atLeast: { config: "used" } },
      { doc: "a multiple of the lowest page", of: { config: "size" }, multipleOf: page },
    ],
    noLess: [{ field: "size", while: "used" }],
    fields: {
      pages: le64("Sizes of pages"),
      size: le64("Bytes"),
      used: le32("Bytes of them in use"),
    },
  },
  messages: {
    ask: {
      doc: "A request",
      readable: {
        at: le64("Where"),
        kind: u8("What for"),
        tone: u8("How", { enum: "TONE" }),
        count: u8("Pairs"),
        pairs: array({ struct: "pair" }, "Pairs", { field: "count" }),
        data: payload("Data"),
      },
      writable: answered.writable,
      status: STATUS,
      checks: [
        {
          doc: "It starts a page",
          of: { field: "at" },
          multipleOf: page,
          otherwise: "BAD",
          driver: "1.2",
        },
        {
          doc: "It is there",
          unless: "FAR",
          of: { field: "at" },
          atMost: { config: "size" },
          driver: "1.3",
        },
        { doc: "A kind that there is", of: { field: "kind" }, atMost: 2, otherwise: "UNKNOWN" },
        {
          doc: "Low is below high",
          each: "pairs",
          of: { field: "low" },
          atMost: { field: "high" },
          driver: "1.4",
        },
        {
          doc: "No 1 in the upper half",
          of: { masked: [{ field: "kind" }, 0xf0] },
          differs: 0x10,
          driver: "1.6",
        },
        { doc: "Few bytes", of: { length: "data" }, atMost: 4, driver: "1.5" },
        { doc: "A tone with a name", of: { field: "tone" }, named: true, driver: "1.7" },
      ],
    },
    word: {
      doc: "What the driver says without being answered",
      readable: { kind: u8("What about"), text: payload("The text") },
      checks: [{ doc: "A kind that there is", of: { field: "kind" }, atMost: 2, dropped: "2.1" }],
    },
    event: {
      doc: "What the device says",
      writable: {
        kind: u8("What about"),
        count: u8("Pairs"),
        pairs: array({ struct: "pair" }, "Pairs", { field: "count" }),
        text: payload("The text"),
      },
      checks: [
        {
          doc: "Near without FAR",
          unless: "FAR",
          of: { field: "kind" },
          atMost: 2,
          device: "3.1",
          dropped: "3.2",
        },
        { doc: "It is in use", of: { length: "text" }, atMost: { config: "used" }, device: "3.3" },
        {
          doc: "Low is below high",
          each: "pairs",
          of: { field: "low" },
          atMost: { field: "high" },
          device: "3.4",
        },
        { doc: "No 7", of: { field: "kind" }, differs: 7, dropped: "3.5" },
        { doc: "Few bytes", of: { length: "text" }, atMost: 4, dropped: "3.6" },
      ],
    },
  },
  queues: {
    requestq: { doc: "Requests", role: "request", carries: "ask", index: 0 },
    wordq: { doc: "Words", role: "transmit", carries: "word", index: 1 },
    eventq: { doc: "Events", role: "receive", carries: "event", index: 2 },
  },
});

/** Its vectors. */
export const vectors: Vector[] = [];

const config = { pages: 0x3000n, size: 0x8000n, used: 5 };
const good = { at: 0x1000n, kind: 1, tone: 2, pairs: [{ low: 1, high: 2 }] };

/** Each side with what it must not do. */
export async function run(sides: Sides): Promise<void> {
  await asking(sides);
  await telling(sides);
}

/** A word that fails is completed unheard; an event that fails is not sent, or reported instead of told. */
async function telling({ makeDevice, openDriver }: Sides): Promise<void> {
  const heard: unknown[] = [];
  const told: unknown[] = [];
  const device = makeDevice({
    config,
    features: ["FAR"],
    word: ({ kind }: { kind: number }) => void heard.push(kind),
  });
  const options = {
    onEvent: ({ kind }: { kind: number }, text: Uint8Array) => told.push([kind, text.length]),
    onError: ({ message }: Error) => told.push(message),
  };
  const send = (driver: object, kind: number) => call(driver, "word", { kind }, new Uint8Array(2));
  const event = { kind: 2, pairs: [{ low: 1, high: 2 }] };
  const tell = (change: object, bytes = 3) =>
    call(device, "sendEvent", { ...event, ...change }, new Uint8Array(bytes));
  const turn = () => new Promise((resolve) => setTimeout(resolve, 2));
  {
    await using near = await openDriver(device, { features: [], ...options });
    for (const kind of [2, 3, 1]) await send(near, kind);
    assert.deepEqual(heard, [2, 1]);
    await turn();
    const refused: [object, number, RegExp][] = [
      [{ kind: 3 }, 3, /^Cannot send event: it breaks the rule: Near without FAR \(.*3\.1\)$/],
      [{}, 6, /3\.3/],
      [{ pairs: [{ low: 1, high: 1 }, { low: 2, high: 1 }] }, 3, /3\.4/],
    ];
    for (const [change, bytes, message] of refused) {
      assert.throws(() => tell(change, bytes), { name: "RangeError", message });
    }
    assert.equal(tell({}), true);
    assert.equal(tell({}, 5), true);
    await turn();
    assert.deepEqual(told.splice(0), [
      [2, 3],
      "Cannot read the message: text must be as in the rule: Few bytes (VIRTIO 1.4, 3.6), found 5",
    ]);
  }
  await using _far = await openDriver(device, { features: ["FAR"], ...options });
  await turn();
  for (const kind of [3, 7, 8]) assert.equal(tell({ kind }), true);
  await turn();
  assert.deepEqual(told, [
    [3, 3],
    "Cannot read the message: kind must be as in the rule: No 7 (VIRTIO 1.4, 3.5), found 7",
    [8, 3],
  ]);
}

async function asking({ makeDevice, openDriver }: Sides): Promise<void> {
  for (const wrong of [{ used: 0x8001 }, { size: 0x8800n }, { size: 0n }]) {
    const expected = { name: "RangeError", message: /Cannot write size: .* is wanted$/ };
    assert.throws(() => makeDevice({ config: { ...config, ...wrong } }), expected);
  }
  const made = () => makeDevice({ config, features: ["FAR"], ask: () => 0 });
  const growing = made();
  const message = "Cannot write size: 28672 was given, no less than 32768 is wanted";
  const less = { name: "RangeError", message };
  assert.throws(() => call(growing, "configure", { size: 0x7000n }), less);
  for (const size of [0x8000n, 0x9000n]) call(growing, "configure", { size });
  call(growing, "configure", { size: 0x7000n, used: 0 });
  await using driver = await openDriver(made(), { features: [] });
  const ask = async (change: object, bytes = 4): Promise<number> => {
    const answer = await call(driver, "ask", { ...good, ...change }, new Uint8Array(bytes));
    return (answer as { status: number }).status;
  };
  assert.equal(await ask({}), 0);
  assert.equal(await ask({ kind: 3 }), 2, "the driver leaves that to the device");
  for (const tone of [1, 2, 4, 0x10, 0x1f]) assert.equal(await ask({ tone }), 0);
  const refused: [object, number, RegExp][] = [
    [{ at: 0x1800n }, 4, /^Cannot send ask: it breaks the rule: It starts a page \(.*1\.2\)$/],
    [{ at: 0x9000n }, 4, /1\.3/],
    [{ pairs: [{ low: 1, high: 1 }, { low: 2, high: 1 }] }, 4, /1\.4/],
    [{}, 5, /1\.5/],
    [{ kind: 0x12 }, 4, /1\.6/],
    ...[0, 3, 5, 0x0f, 0x20, 0xff].map((tone): [object, number, RegExp] => [{ tone }, 4, /1\.7/]),
  ];
  for (const [change, bytes, message] of refused) {
    await assert.rejects(ask(change, bytes), { name: "RangeError", message });
    const [queue] = get(driver, "requestq") as object[];
    const data = new Uint8Array(bytes);
    assert.throws(() => call(queue!, "submitAsk", { ...good, ...change }, data), { message });
  }
  assert.equal(await ask({}), 0, "no request takes up room that was not sent");
  await using far = await openDriver(made(), { features: ["FAR"] });
  const answer = await call(far, "ask", { ...good, at: 0x9000n }, new Uint8Array(0));
  assert.deepEqual(answer, { status: 0 });
  const device = made();
  device.config.view.setUint32(16, 0x8001, true);
  const contradiction = { name: "PeerError", field: "size", wanted: "at least used" };
  await assert.rejects(openDriver(device), contradiction);
}
