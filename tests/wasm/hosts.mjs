// Runs many calls of a WASM module in one node: `node hosts.mjs HOST MODULE CALLS [SCRIPT]`.
//
// HOST is `wasi` (node's WASI, a module of wasm32-wasip1), `kpt` (SCRIPT is the one that kpt runs in node, as kpt has
// written it), or `npm` and `chromium` (MODULE is the npm package's folder; the only argument is the config). CALLS is a file
// of JSON lines, {args, stdin}; each answer is a line {stdout, stderr, code} on standard output, of the npm package with
// {results, patches}. Every call has an instance of its own, as it has when node is started for it.
import { closeSync, openSync, readFileSync, rmSync, mkdtempSync, writeFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { WASI } from "node:wasi";

const [host, path, calls, script] = process.argv.slice(2);
const isPackage = host === "npm" || host === "chromium";
const module = isPackage ? undefined : await WebAssembly.compile(readFileSync(path));
const folder = mkdtempSync(join(tmpdir(), "krmor-wasm-"));

async function wasi({ args, stdin }) {
  const file = (name) => join(folder, name);
  writeFileSync(file("in"), stdin);
  const fds = [openSync(file("in"), "r"), openSync(file("out"), "w"), openSync(file("err"), "w")];
  const options = { version: "preview1", args: ["krmor", ...args], env: {}, preopens: {}, returnOnExit: true };
  const system = new WASI({ ...options, stdin: fds[0], stdout: fds[1], stderr: fds[2] });
  const instance = await WebAssembly.instantiate(module, system.getImportObject());
  let code;
  try {
    code = system.start(instance);
  } catch (error) {
    writeSync(fds[2], String(error));
    code = 134; // a trap: what a process that aborts exits with
  }
  fds.forEach(closeSync);
  return { stdout: readFileSync(file("out"), "utf8"), stderr: readFileSync(file("err"), "utf8"), code };
}

const source = script && new vm.Script(readFileSync(script, "utf8"));

// The script as kpt has written it, in a global object of its own; only the module is not compiled again.
function kpt({ stdin }) {
  return new Promise((resolve) => {
    const answer = { stdout: "", stderr: "" };
    const print = (to) => (text) => (answer[to] += text + "\n");
    const system = createRequire(import.meta.url);
    const fs = { readFileSync: (file) => (file === 0 ? stdin : new Uint8Array()) };
    const fake = { env: { KPT_FN_WASM_PATH: "module" }, exitCode: 0 };
    const end = (error) => {
      if (error) answer.stderr += String(error); // an unhandled rejection: node exits with 1
      resolve({ ...answer, code: fake.exitCode || (error ? 1 : 0) });
    };
    const context = {
      require: (name) => (name === "fs" ? fs : system(name)),
      process: fake,
      console: { log: print("stdout"), error: print("stderr"), warn: print("stderr") },
      TextEncoder, TextDecoder, Uint8Array, Uint8ClampedArray, setTimeout, clearTimeout,
      WebAssembly: {
        Instance: WebAssembly.Instance,
        instantiate: (_, imports) => ({
          then: (next) => WebAssembly.instantiate(module, imports).then((instance) => next({ instance })).then(() => end(), end),
        }),
      },
    };
    source.runInNewContext(context);
  });
}

// What the package gives or throws, as a command would tell it.
function ask({ args: [config], stdin }) {
  const { KrmorError, render } = globalThis.krmor;
  try {
    const { output, results, patches } = render(stdin, config);
    return { stdout: output, stderr: "", code: 0, results, patches };
  } catch (error) {
    if (!(error instanceof KrmorError)) return { stdout: "", stderr: String(error?.stack ?? error), code: -1 };
    return { stdout: error.output, stderr: error.message, code: error.code, results: error.results };
  }
}

let browser;
if (host === "npm") globalThis.krmor = await import(pathToFileURL(join(path, "node.js")));
if (host === "chromium") {
  const { open } = await import("../npm/browser.mjs");
  browser = await open(path);
  await browser.page.goto(`${browser.url}/blank`);
  await browser.page.evaluate(async () => {
    globalThis.krmor = await import("/index.js");
    await globalThis.krmor.init();
  });
}
const chromium = (call) => browser.page.evaluate(ask, call);

const run = { wasi, kpt, npm: ask, chromium }[host];
for (const line of readFileSync(calls, "utf8").split("\n").filter(Boolean)) {
  process.stdout.write(JSON.stringify(await run(JSON.parse(line))) + "\n");
}
rmSync(folder, { recursive: true });
await browser?.close();
