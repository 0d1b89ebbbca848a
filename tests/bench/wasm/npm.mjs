// The npm package in node, as a process: `node npm.mjs PACKAGE CONFIG`.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [path, config] = process.argv.slice(2);
const { render } = await import(pathToFileURL(path));
process.stdout.write(render(readFileSync(0, "utf8"), readFileSync(config, "utf8")).output);
