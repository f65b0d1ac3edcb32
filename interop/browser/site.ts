/** A site on which each module of the repository is a bundle that browsers run. @module */

const ROOT = new URL("../../", import.meta.url);
const HARNESS = "/interop/browser/harness.ts";

/** What lets a page have a SharedArrayBuffer, and never an old module. */
export const HEADERS = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cache-control": "no-store",
};

/** A server on 127.0.0.1. Its page knows nothing but the harness; modules keep their paths, so that Workers are found. */
export function serveSite(): Deno.HttpServer<Deno.NetAddr> {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  return Deno.serve(options, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/") {
      const page = `<!DOCTYPE html><script type="module" src="${HARNESS}"></script>`;
      return new Response(page, { headers: { ...HEADERS, "content-type": "text/html" } });
    }
    const code = await bundle(pathname);
    if (code === undefined) return new Response("not found", { status: 404, headers: HEADERS });
    return new Response(code, { headers: { ...HEADERS, "content-type": "text/javascript" } });
  });
}

/** The module with all that it imports, as JavaScript; undefined when there is none. */
async function bundle(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (!/^(?:\/\w+)+\.ts$/.test(path)) return undefined;
  const module = new URL(`.${path}`, ROOT);
  try {
    await Deno.stat(module);
  } catch {
    return undefined;
  }
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--platform", "browser"],
      ...["--import-map", new URL("import_map.json", import.meta.url).href, module.href],
    ],
    env: { NO_COLOR: "1" },
  }).output();
  if (code !== 0) throw new Error(`Cannot bundle ${path}: ${new TextDecoder().decode(stderr)}`);
  return stdout;
}
