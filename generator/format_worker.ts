/**
 * A thread that formats files.
 *
 * @module
 */

import {
  begin,
  type Done,
  formatted,
  type Job,
  type Start,
  TypeScriptFormatter,
} from "./format.ts";

interface Scope {
  onmessage: (event: MessageEvent<Start | Job>) => void;
  postMessage(done: Done): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data }) => {
  if ("module" in data) serve(data);
};

function serve({ module, begun }: Start): void {
  const formatter = new TypeScriptFormatter(module);
  scope.onmessage = ({ data }) => {
    if (!("index" in data) || !begin(begun, data.index)) return;
    scope.postMessage(formatted(formatter, data.index, data.file));
  };
}
