/**
 * The Worker behind `generate --watch`: one task, one answer.
 *
 * @module
 */

import { once, type Outcome, type Task } from "./once.ts";

interface Scope {
  onmessage: (event: MessageEvent<Task>) => void;
  postMessage(outcome: Outcome): void;
}

const scope = globalThis as unknown as Scope;
scope.onmessage = async ({ data }) => scope.postMessage(await once(data));
