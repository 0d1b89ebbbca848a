// Real Chromium on a folder that is served on 127.0.0.1: `const { page, close } = await open(folder, headers)`.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";

const tools = createRequire(new URL("../../.tools/npm/package.json", import.meta.url));
const { chromium } = tools("playwright-core");

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
// It talks to nobody but the server.
const args = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** `headers` come with every answer; `types` are other content types by extension. What the page logs as errors is collected. */
export async function open(folder, { headers = {}, types = {} } = {}) {
  const asked = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    asked.push(path);
    const answer = (content, type) => {
      response.writeHead(200, { ...(type && { "content-type": type }), ...headers }).end(content);
    };
    if (path === "/blank") return answer("<!doctype html>", "text/html");
    if (path === "/favicon.ico") return answer("", "image/x-icon");
    const file = join(folder, normalize(path === "/" ? "/index.html" : path));
    if (!existsSync(file)) return response.writeHead(404).end();
    answer(readFileSync(file), { ...TYPES, ...types }[extname(file)]);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${server.address().port}`;
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args });
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { page, url, asked, errors, version: browser.version(), close };
}
