// A WASI module in node, as a process: `node wasi.mjs MODULE ARG…`.
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const [path, ...args] = process.argv.slice(2);
const system = new WASI({ version: "preview1", args: ["krmor", ...args], env: {}, preopens: {} });
const { instance } = await WebAssembly.instantiate(readFileSync(path), system.getImportObject());
system.start(instance);
