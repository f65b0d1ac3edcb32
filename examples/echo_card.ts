/**
 * A network card that sends back what it is given, and a driver that sees it come back.
 *
 * Run it: `deno run examples/echo_card.ts`.
 *
 * @module
 */

import { emptyVirtioNetHdr, NetworkDevice, NetworkDriver } from "../generated/net/mod.ts";
import { loopback } from "../mod.ts";

const card = new NetworkDevice({
  config: { mac: Uint8Array.of(0x02, 0, 0, 0, 0, 0x01), status: 1 },
  transmit: ({ hdr }, data) => void card.sendReceive({ hdr }, data.bytes(), 0),
});

const arrived = Promise.withResolvers<Uint8Array>();
await using driver = await NetworkDriver.open(loopback(card), {
  onReceive: (_packet, data) => arrived.resolve(data.slice()),
});

const packet = new TextEncoder().encode("an Ethernet frame, if you like");
await driver.transmit({ hdr: emptyVirtioNetHdr() }, packet);
console.log(new TextDecoder().decode(await arrived.promise));
