/**
 * Where this program and the descriptions of the standard are.
 *
 * @module
 */

/** The root of the running program: the folder of `cli.ts`, which may be far away. */
export const HOME: URL = new URL("../", import.meta.url);

/**
 * URLs of the modules that describe the standard: a device's is named like it, a transport's
 * (chapter 4, or vhost-user) has a folder.
 */
export async function standardModules(): Promise<string[]> {
  const { devices, layouts } = await import("../spec/mod.ts");
  return [
    ...layouts.map(({ name, section }) =>
      `${/^(?:4\b|vhost-user)/.test(section) ? "transports/" : ""}${name}`
    ),
    ...devices.map(({ name }) => `devices/${name}`),
  ].map((path) => new URL(`spec/${path}.ts`, HOME).href);
}
