// krmor in Node. Reading the module, which lies beside this file, is its only input.
import { readFileSync } from "node:fs";

import { isReady, use } from "./render.js";

export { KrmorError, render } from "./render.js";

if (!isReady()) use(new WebAssembly.Module(readFileSync(new URL("krmor_bg.wasm", import.meta.url))));

/** Nothing is left to do: the module is there with the import. For programs that run in browsers, too. */
export async function init() {}
