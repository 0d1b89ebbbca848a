// krmor in browsers, their workers, and whatever else has `fetch`. Its only input is the module, by `init`.
import { isReady, use } from "./render.js";

export { KrmorError, render } from "./render.js";

let loading;

/** Loads the module that lies beside this file, or takes one that is given: once, however often it is called. */
export function init(module) {
  loading ??= load(module).catch((error) => {
    loading = undefined; // the next call tries again
    throw error;
  });
  return loading;
}

async function load(module) {
  if (isReady()) return;
  if (module instanceof WebAssembly.Module) return use(module);
  if (module !== undefined) return use(await WebAssembly.compile(module));
  // Bundlers know this form: they copy the file and put its address here.
  const response = await fetch(new URL("krmor_bg.wasm", import.meta.url));
  if (!response.ok) throw new Error(`krmor: ${response.url}: ${response.status} ${response.statusText}`);
  // Streaming, which browsers keep the compiled code of, wants the type; a server that does not say it does no harm.
  const streams = response.headers.get("content-type")?.startsWith("application/wasm");
  use(await (streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer())));
}
