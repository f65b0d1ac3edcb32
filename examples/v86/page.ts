/** The page: Linux boots in the tab, and its console is there to type on. @module */

import { type Guest, startMachine } from "./machine.ts";
import { Terminal, typed } from "./terminal.ts";

/** An element of the page that shows a terminal; it is drawn once for each frame, and scrolled to its end. */
function screen(id: string): { readonly element: HTMLElement; print(text: string): void } {
  const element = document.getElementById(id)!;
  const terminal = new Terminal();
  let drawing = false;
  const draw = () => {
    drawing = false;
    element.textContent = terminal.text;
    element.scrollTop = element.scrollHeight;
  };
  return {
    element,
    print: (text) => {
      terminal.print(text);
      if (!drawing) requestAnimationFrame(draw);
      drawing = true;
    },
  };
}

async function load(name: keyof Guest): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`Cannot load ${name}: ${response.status}`);
  return await response.bytes();
}

const state = document.getElementById("state")!;
const terminal = screen("console");
const serial = screen("serial");
try {
  const [bios, kernel, initrd, wasm] = await Promise.all([
    load("bios"),
    load("kernel"),
    load("initrd"),
    load("wasm"),
  ]);
  const machine = await startMachine({
    ...{ bios, kernel, initrd, wasm },
    disk: new Uint8Array(8 << 20),
    onOutput: terminal.print,
    onSerial: serial.print,
  });
  terminal.element.addEventListener("keydown", (event) => {
    const text = typed(event);
    if (text === undefined) return;
    machine.input(text);
    event.preventDefault();
  });
  terminal.element.focus();
  state.textContent = "(type here)";
} catch (error) {
  state.textContent = String(error);
}
