/**
 * `generate`: writes both sides of devices, once or whenever a description changes.
 *
 * @module
 */

import { type Command, parse, type Terminal, UsageError } from "./command.ts";
import { once, type Outcome, type Task } from "./once.ts";
import { changes } from "./watch.ts";

/** The command. */
export const command: Command = {
  help: `Generates both sides of devices from their descriptions.

Usage: virtio-ts generate [--spec FILE…] [--out DIR] [--runtime SPECIFIER|copy] [--check] [--watch]

For each device: its wire format, driver, device, a loopback test and a reference page; for all, a
model in JSON. Only files that differ are written; what an earlier run left is removed; files that
were not generated are never touched. When anything is wrong, nothing is written.

Options:
  --spec FILE…    Modules that export descriptions; all devices of the standard when not given
  --out DIR       The output folder, "generated" when not given
  --runtime WHICH What the output imports: a URL, a package, a path that starts with a dot, or "copy"
                  for a copy beside the output; the runtime of this program when not given
  --check         Writes nothing, and fails when the output folder is not as it would be written
  --watch         Goes on, and generates again whenever a description changes

Permissions: --allow-read, --allow-write for the output folder, and --allow-import where modules come
from the network.

Exit codes: 0 the output is as it should be; 1 a description is wrong, or --check found a difference;
2 the command line was not understood.
`,
  async run(args, io) {
    const { values, positionals } = parse(args, {
      spec: { type: "string", multiple: true },
      out: { type: "string" },
      runtime: { type: "string" },
      check: { type: "boolean" },
      watch: { type: "boolean" },
    });
    const { spec, out, runtime, check, watch } = values;
    if (spec === undefined && positionals.length > 0) {
      throw new UsageError(
        `what is ${JSON.stringify(positionals[0])}? Descriptions go with --spec`,
      );
    }
    for (const [name, value] of Object.entries({ out, runtime })) {
      if (value === "") throw new UsageError(`--${name} is empty`);
    }
    const task: Task = {
      colors: io.colors,
      options: {
        ...(spec === undefined ? {} : { spec: [...spec, ...positionals] }),
        ...(out === undefined ? {} : { out }),
        ...(runtime === undefined ? {} : { runtime }),
        ...(check === undefined ? {} : { check }),
      },
    };
    return watch === true ? await forever(task, io) : tell(await once(task), io);
  },
};

function tell({ ok, text }: Outcome, io: Terminal): number {
  if (ok) return io.print(text);
  io.complain(text);
  return 1;
}

/** Goes on until the process is stopped. */
async function forever(task: Task, io: Terminal): Promise<number> {
  for await (const _ of changes(task.options)) tell(await anew(task), io);
  return 0;
}

/** Does the task in a Worker of its own: only there are changed modules loaded again. */
function anew(task: Task): Promise<Outcome> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  worker.onmessage = ({ data }: MessageEvent<Outcome>) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    resolve({ ok: false, text: `error: ${event.message}\n` });
  };
  worker.postMessage(task);
  return promise.finally(() => worker.terminate());
}
