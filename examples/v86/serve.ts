/**
 * Serves the page: `deno task v86`, with the folder that packages.sh filled in VIRTIO_I386.
 *
 * @module
 */

import { i386Missing, readGuest } from "./guest.ts";
import type { Guest } from "./machine.ts";

const HOSTNAME = "127.0.0.1";
const PORT = 8086;

function response(body: string | Uint8Array<ArrayBuffer>, type: string): Response {
  return new Response(body, { headers: { "content-type": type, "cache-control": "no-store" } });
}

async function bundle(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", path],
    env: { NO_COLOR: "1" },
  }).output();
  if (code !== 0) throw new Error(`Cannot bundle ${path}: ${new TextDecoder().decode(stderr)}`);
  return stdout;
}

/** Serves the page with a guest on a port of 127.0.0.1, 0 for any. */
export async function servePage(
  guest: Guest,
  port: number,
): Promise<Deno.HttpServer<Deno.NetAddr>> {
  const page = await Deno.readTextFile(new URL("index.html", import.meta.url));
  const script = await bundle(new URL("page.ts", import.meta.url).href);
  const parts = new Map<string, Uint8Array<ArrayBuffer>>(Object.entries(guest));
  return Deno.serve({ hostname: HOSTNAME, port, onListen: () => {} }, (request) => {
    const name = new URL(request.url).pathname.slice(1);
    if (name === "") return response(page, "text/html");
    if (name === "page.js") return response(script, "text/javascript");
    const part = parts.get(name);
    if (part === undefined) return new Response("not found", { status: 404 });
    return response(part, "application/octet-stream");
  });
}

if (import.meta.main) {
  const missing = i386Missing();
  if (missing !== undefined) {
    console.error(`Cannot start a guest: there is no ${missing}`);
    Deno.exit(1);
  }
  const { addr: { hostname, port } } = await servePage(readGuest(), PORT);
  console.log(`Linux boots on http://${hostname}:${port}/`);
}
