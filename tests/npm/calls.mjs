// What the package does with wrong calls, wrong inputs and traps, and what it can reach: `node calls.mjs FOLDER`, in which
// it is installed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";

// The most memory that an instance may have: a trap is then cheap to come by.
const LIMIT = 64 << 20;
setFlagsFromString(`--wasm-max-mem-pages=${LIMIT >> 16}`);

const folder = join(resolve(process.argv[2]), "node_modules/krmor");
const { KrmorError, init, render } = await import(pathToFileURL(join(folder, "node.js")));

const stream = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: nginx}]}\n";
const text = "{apiVersion: krmor.dev/v1alpha1, kind: SecurityContext, spec: {level: restricted}}";
const config = { apiVersion: "krmor.dev/v1alpha1", kind: "SecurityContext", spec: { level: "restricted" } };

function refused(...args) {
  try {
    render(...args);
  } catch (error) {
    return error;
  }
  assert.fail("it was not refused");
}

test("a config is text or an object", () => {
  const rendered = render(stream, text);
  assert.deepEqual(Object.keys(rendered), ["output", "results", "patches"]);
  assert.match(rendered.output, /runAsNonRoot: true/);
  assert.deepEqual(render(stream, config), rendered);
  assert.deepEqual(render(stream, { ...config, metadata: undefined }), rendered);
  assert.equal(init() instanceof Promise, true);
});

test("text of an object arrives as it is, whatever YAML would make of it", () => {
  const value = "a\u0085b\u2028c\u2029d\ufeffe\u007ff\u009fg\u0000h\"i\\j\uffffk: # l\n\ttrue";
  const set = { apiVersion: "krmor.dev/v1alpha1", kind: "Environment", spec: { env: { A: value, B: "on", C: "1e3" } } };
  const { output } = render(stream, set);
  const again = render(output, set);
  assert.equal(again.output, output);
  assert.deepEqual(again.patches, []);
  const other = render(output, { ...set, spec: { overwrite: true, env: { A: value.replace("\u2028", "\n") } } });
  assert.equal(other.patches.length, 1);
});

test("wrong calls are TypeErrors", () => {
  const cycle = {};
  cycle.self = cycle;
  for (const args of [
    [], [undefined, text], [null, text], [1, text], [Buffer.from(stream), text], [[stream], text], [new String(stream), text],
    [stream, 1], [stream, null], [stream, true], [stream, []], [stream, [config]], [stream, () => config], [stream, new Map()],
    [stream, { ...config, spec: new Map() }], [stream, { ...config, spec: { runAsUser: NaN } }],
    [stream, { ...config, spec: { runAsUser: 1n } }], [stream, { ...config, spec: () => 1 }], [stream, cycle],
    [stream, text, null], [stream, text, "SecurityContext"], [stream, text, { allow_empty: true }],
    [stream, text, { allowEmpty: 1 }], [stream, text, { function: 1 }], [stream, text, { function: null }],
    ["a: \ud800", text], [stream, "a: \udc00"], [stream, undefined, { function: "\ud800" }],
  ]) {
    const error = refused(...args);
    assert.ok(error instanceof TypeError, `${args.map(String)}: ${error}`);
  }
});

test("what krmor refuses is a KrmorError", () => {
  for (const [args, code, message] of [
    [["", text], 2, "error: the input holds no objects; pass --allow-empty to accept this\n"],
    [["# nothing\n", config], 2, "error: the input holds no objects; pass --allow-empty to accept this\n"],
    [["", ""], 2, "error: config config: it is empty\n"],
    [[stream], 2, /^error: standard input is not a ResourceList/],
    [[""], 2, /^error: standard input is empty/],
    [[stream, { ...config, spec: { levels: 1 } }], 2, /`levels`[^]*level/],
    [["a: [", text], 2, /^error: this is never closed\n --> standard input:1:4\n/],
    [[stream.replace("nginx", "nginx, securityContext: {privileged: true}"), text], 1, /nothing was written\n$/],
  ]) {
    const error = refused(...args);
    assert.ok(error instanceof KrmorError && error instanceof Error, String(error));
    assert.equal(error.name, "KrmorError");
    assert.equal(error.code, code);
    assert.equal(error.output, "");
    assert.ok(error.results.length > 0 && error.results.every(({ message }) => message !== ""));
    assert.ok(error.results.some(({ severity }) => severity === "error"));
    message instanceof RegExp ? assert.match(error.message, message) : assert.equal(error.message, message);
  }
});

test("a refused ResourceList comes with its items and the reason", () => {
  const list = `apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- ${stream.trim().replaceAll("\n", "\n  ")}\n`;
  for (const [args, code] of [[[list], 2], [[list, undefined, { function: "Nothing" }], 2], [[list, { ...config, spec: 1 }], 2]]) {
    const error = refused(...args);
    assert.equal(error.code, code);
    assert.ok(error.output.startsWith(list.trimEnd()), error.output);
    assert.ok(error.output.includes("results:"), error.output);
  }
  assert.match(render(list, undefined, { function: "SecurityContext" }).output, /runAsNonRoot: true/);
  assert.match(render(list, config).output, /runAsNonRoot: true/);
});

test("an empty stream is accepted where that is asked for", () => {
  assert.deepEqual(render("# nothing\n", text, { allowEmpty: true }), { output: "# nothing\n", results: [], patches: [] });
});

test("bytes come back as they went in", () => {
  const with_bom = `\ufeff${stream.replaceAll("\n", "\r\n")}# \u{1f6aa} \u00e9\r\n`;
  const { output } = render(with_bom, text);
  assert.ok(output.startsWith("\ufeffapiVersion: v1\r\n") && output.endsWith("# \u{1f6aa} \u00e9\r\n"), JSON.stringify(output));
  assert.equal(render(output, text).output, output);
});

test("after a trap the next call is right", () => {
  const expected = render(stream, text);
  const secret = "s3cr3t";
  const large = stream.replace("image: nginx", `image: nginx, env: [{name: A, value: ${secret}}]`) + `# ${"x".repeat(LIMIT)}\n`;
  for (let round = 0; round < 3; round++) {
    const error = refused(large, text);
    assert.ok(error instanceof KrmorError, String(error));
    assert.deepEqual([error.code, error.output], [3, ""]);
    assert.match(error.message, /^error: internal error: unreachable; please report it with the input that shows it\n$/);
    assert.deepEqual(error.results, [{ message: error.message.slice("error: ".length).trimEnd(), severity: "error" }]);
    assert.ok(error.cause instanceof WebAssembly.RuntimeError);
    assert.ok(![error.stack, error.cause.stack].some((text) => text.includes(secret)));
    assert.deepEqual(render(stream, text), expected);
  }
});

test("without stack a call throws, and the next one is right", () => {
  const expected = render(stream, text);
  const caught = [];
  const deep = () => {
    try {
      return deep();
    } catch (error) {
      caught.push(error);
      return render(stream, text);
    }
  };
  assert.deepEqual(deep(), expected);
  assert.ok(caught.length > 0 && caught.every((error) => error instanceof RangeError || error.code === 3));
  assert.deepEqual(render(stream, text), expected);
});

test("calls leave nothing behind", () => {
  // Together they need more memory than one instance may have.
  const large = `${stream}# ${"x".repeat(LIMIT >> 4)}\n`;
  for (let round = 0; round < 20; round++) assert.equal(render(large, text).patches.length, 4);
});

test("the module can reach nothing", () => {
  const module = new WebAssembly.Module(readFileSync(join(folder, "krmor_bg.wasm")));
  const imports = WebAssembly.Module.imports(module).map(({ module, name }) => `${module} ${name.replace(/_[0-9a-f]{16}$/, "")}`);
  const glue = ["./krmor_bg.js __wbindgen_init_externref_table", "./krmor_bg.js __wbg___wbindgen_throw"];
  assert.deepEqual(imports.filter((name) => !glue.includes(name)), []);
  assert.ok(imports.length > 0);
});

test("the code reads the module and nothing else", () => {
  const source = (name) => readFileSync(join(folder, name), "utf8").replace(/^\s*\/\/.*$/gm, "");
  const io = /\b(fetch|readFile\w*|XMLHttpRequest|WebSocket|import\s*\(|require|process|Deno|Bun|Date|performance|random|crypto|console|localStorage|indexedDB|navigator|eval|Function)\b/g;
  const named = (name) => [...source(name).matchAll(io)].map(([word]) => word);
  assert.deepEqual(named("render.js"), []);
  assert.deepEqual(named("index.js"), ["fetch"]);
  assert.deepEqual([...new Set(named("node.js"))], ["readFileSync"]);
  // wasm-bindgen's own loader, which none of ours calls.
  assert.deepEqual([...new Set(named("krmor.js"))].sort(), ["console", "fetch"]);
  const imports = ["render.js", "index.js", "node.js", "krmor.js"].flatMap((name) => [...source(name).matchAll(/from "(.*?)"/g)].map(([, from]) => from));
  assert.deepEqual([...new Set(imports)].sort(), ["./krmor.js", "./render.js", "node:fs"]);
  assert.match(source("render.js"), /import \{ __wbg_reset_state, initSync, render as call \} from "\.\/krmor\.js"/);
});
