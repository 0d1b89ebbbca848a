// The package as a browser gets it: `node pages.mjs FOLDER`, in which it is installed. A page and a worker that Vite has
// built, under a strict Content-Security-Policy; the same without a bundler; servers and calls that are wrong.
import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { open } from "./browser.mjs";

const folder = resolve(process.argv[2]);
const tools = createRequire(new URL("../../.tools/npm/package.json", import.meta.url));
const { build, createServer } = await import(pathToFileURL(join(tools.resolve("vite/package.json"), "../dist/node/index.js")));

const stream = "apiVersion: v1\nkind: Pod\nmetadata: {name: web} # \u{1f6aa} \u00e9\nspec: {containers: [{name: a, image: b}]}\n";
const config = { apiVersion: "krmor.dev/v1alpha1", kind: "SecurityContext", spec: { level: "restricted" } };
const hash = `#${encodeURIComponent(JSON.stringify([stream, config]))}`;
const { render } = await import(pathToFileURL(join(folder, "node_modules/krmor/node.js")));
const expected = JSON.stringify(render(stream, config));
assert.match(expected, /runAsNonRoot/);

const POLICY = "default-src 'none'; connect-src 'self'; worker-src 'self'; ";
const STRICT = { "content-security-policy": `${POLICY}script-src 'self' 'wasm-unsafe-eval'` };

async function visit(url, page) {
  await page.goto(url + "/" + hash);
  const text = async (id) => {
    await page.waitForFunction((id) => document.getElementById(id).textContent !== "", id, { timeout: 20_000 });
    return page.textContent(`#${id}`);
  };
  return [await text("page"), await text("worker")];
}

const app = join(folder, "app");
cpSync(new URL("app", import.meta.url), app, { recursive: true });
await build({ root: app, logLevel: "warn", build: { outDir: "dist" } });
const dist = join(app, "dist");
const modules = readdirSync(join(dist, "assets")).filter((name) => name.endsWith(".wasm"));
assert.equal(modules.length, 1, "one module for the page and the worker");

for (const [what, options] of [
  ["Vite's build", { headers: STRICT }],
  ["Vite's build, a server that knows no WASM", { headers: STRICT, types: { ".wasm": "application/octet-stream" } }],
]) {
  const { page, url, asked, errors, close } = await open(dist, options);
  assert.deepEqual(await visit(url, page), [expected, expected], what);
  assert.deepEqual(errors, [], what);
  // The page, its code, the module: nothing else was asked for.
  assert.deepEqual(asked.filter((path) => !existsSync(join(dist, path))), [], what);
  await close();
  console.log(`ok: ${what}`);
}

{
  const { page, url, close } = await open(dist, { headers: { "content-security-policy": `${POLICY}script-src 'self'` } });
  await page.goto(url + "/" + hash);
  await page.waitForFunction(() => document.getElementById("page").textContent !== "");
  assert.match(await page.textContent("#page"), /Content Security Policy|unsafe-eval/);
  await close();
  console.log("ok: a policy that forbids WASM is an error that says so");
}

{
  const server = await createServer({
    root: app, logLevel: "warn", optimizeDeps: { exclude: ["krmor"] }, server: { host: "127.0.0.1", port: 0, ws: false },
  });
  await server.listen();
  const { page, close } = await open(dist);
  const url = `http://127.0.0.1:${server.httpServer.address().port}`;
  assert.deepEqual(await visit(url, page), [expected, expected]);
  await close();
  await server.close();
  console.log("ok: Vite's development server");
}

{
  const bare = join(folder, "node_modules/krmor");
  const { page, url, errors, close } = await open(bare);
  await page.goto(`${url}/blank`);
  const answers = await page.evaluate(async ({ stream, config }) => {
    const krmor = await import("/index.js");
    const tell = (call) => call().then((answer) => JSON.stringify(answer), (error) => `${error.name}: ${error.message}`);
    const before = await tell(async () => krmor.render(stream, config));
    const wrong = await tell(async () => krmor.init(new Uint8Array([1, 2, 3])));
    // What failed is tried again, here with bytes.
    const bytes = await (await fetch("/krmor_bg.wasm")).arrayBuffer();
    await krmor.init(new Uint8Array(bytes));
    await krmor.init(bytes);
    const after = await tell(async () => krmor.render(stream, config));
    // Another copy of the code, with a compiled module.
    const copy = await import("/index.js?copy");
    await copy.init(await WebAssembly.compile(bytes));
    return [before, wrong, after, await tell(async () => copy.render(stream, config))];
  }, { stream, config });
  assert.equal(answers[0], "Error: krmor: await init() before the first render()");
  assert.match(answers[1], /^CompileError: /);
  assert.deepEqual(answers.slice(2), [expected, expected]);
  assert.deepEqual(errors, []);
  await close();
  console.log("ok: without a bundler, from bytes and from a module");
}

{
  const gone = join(folder, "gone");
  cpSync(join(folder, "node_modules/krmor"), gone, { recursive: true, filter: (path) => !path.endsWith(".wasm") });
  const { page, url, close } = await open(gone);
  await page.goto(`${url}/blank`);
  const answer = await page.evaluate(() => import("/index.js").then(({ init }) => init()).catch(String));
  assert.equal(answer, `Error: krmor: ${url}/krmor_bg.wasm: 404 Not Found`);
  await close();
  console.log("ok: a module that is not there is an error that says where");
}
