/** The one dependency of this example. @module */

export { V86 } from "npm:v86@0.5.462";

/** Where Deno keeps the emulator's own program, once it is installed. */
export const WASM: string = import.meta.resolve("npm:v86@0.5.462/build/v86.wasm");
