/**
 * The outside packages of the generator, by exact versions: the one place that names them.
 *
 * @module
 */

export { default as Handlebars } from "npm:handlebars@4.7.10";
export { createFromWasmModule, type Formatter } from "npm:@dprint/formatter@0.6.0";
export { getPath as typescriptPluginPath } from "npm:@dprint/typescript@0.96.1";
