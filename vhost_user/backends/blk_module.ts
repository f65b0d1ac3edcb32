/**
 * A disk over a file as a module; the query of its URL has the choices.
 *
 * @module
 */

import type { BlockDevice } from "../../generated/blk/mod.ts";
import { fileDisk } from "./blk.ts";

const { searchParams } = new URL(import.meta.url);

/** The disk; its file stays open as long as the thread. */
const device: BlockDevice = fileDisk(JSON.parse(searchParams.get("options") ?? "{}")).device;

export default device;
