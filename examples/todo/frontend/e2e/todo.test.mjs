// The whole application as a person meets it: Chromium, the built frontend, the built backend, a real PostgreSQL.
// `../test` sets DATABASE_URL and where things are. The programs run as an unknown user on a read-only root where root may
// make that so.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { after, afterEach, before, test } from "node:test";
import { chromium } from "playwright-core";

const { DATABASE_URL, TODO_BACKEND, TODO_FRONTEND, TODO_SHOTS, TODO_PYTHON, PATH } = process.env;
mkdirSync(TODO_SHOTS, { recursive: true });

const READ_ONLY = ["unshare", "-m", "sh", "-ec", 'mount -o remount,ro,bind /; exec "$@"', "sh"];
const SOMEONE = [...READ_ONLY, "setpriv", "--reuid=123456", "--regid=0", "--clear-groups", "--no-new-privs"];
const run = (command, ...rest) => spawnSync(command[0], [...command.slice(1), ...rest], { encoding: "utf8" });
const prefix = run([...SOMEONE, "test", "-r", `${TODO_FRONTEND}/server.js`]).status === 0 ? SOMEONE : [];
if (!prefix.length) console.log("not as another user on a read-only root: that needs root and mount namespaces");

async function freePort() {
  const one = createServer().listen(0, "127.0.0.1");
  await once(one, "listening");
  const { port } = one.address();
  one.close();
  return port;
}

class Program {
  constructor(cwd, command, environment) {
    const [name, ...rest] = [...prefix, ...command];
    this.output = "";
    this.process = spawn(name, rest, { cwd, env: { PATH, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on("data", (data) => (this.output += data));
    this.ended = once(this.process, "close");
  }

  async answers(url) {
    for (let tries = 0; tries < 200; tries++) {
      if (this.process.exitCode !== null) break;
      if (await fetch(url).then((answer) => answer.ok, () => false)) return;
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error(`${url} does not answer: ${this.output}`);
  }

  async stop() {
    const began = performance.now();
    this.process.kill("SIGTERM");
    const [code] = await this.ended;
    assert.ok(performance.now() - began < 8000, "it took more than 8 s to stop");
    return code;
  }

  /** The log; every line must be one JSON object. */
  lines() {
    return this.output.trim().split("\n").map((line) => {
      const one = JSON.parse(line);
      assert.ok(one.time && one.level && one.message !== undefined, line);
      return one;
    });
  }
}

let backend, frontend, browser, backendPort, base;

async function startBackend() {
  backend = new Program(TODO_BACKEND, [TODO_PYTHON, "-m", "todo"], {
    DATABASE_URL,
    PORT: `${backendPort}`,
    PYTHONPATH: `${TODO_BACKEND}/lib`,
    PYTHONDONTWRITEBYTECODE: "1",
  });
  await backend.answers(`http://127.0.0.1:${backendPort}/ready`);
}

before(async () => {
  const migrated = spawnSync(TODO_PYTHON, ["-m", "todo.migrate"], {
    cwd: TODO_BACKEND,
    env: { PATH, DATABASE_URL, PYTHONPATH: `${TODO_BACKEND}/lib`, PYTHONDONTWRITEBYTECODE: "1" },
    encoding: "utf8",
  });
  assert.equal(migrated.status, 0, migrated.stdout + migrated.stderr);
  backendPort = await freePort();
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  frontend = new Program(TODO_FRONTEND, ["node", "start.mjs"], {
    BACKEND_URL: `http://127.0.0.1:${backendPort}`,
    PORT: `${port}`,
    NODE_ENV: "production",
    // As a pod has it; nothing listens there.
    HOSTNAME: "todo-frontend-5d9c-x7k2p",
  });
  const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  [browser] = await Promise.all([
    chromium.launch({ executablePath: "/usr/bin/chromium", args: [...flags, ...quiet] }),
    startBackend(),
    frontend.answers(`${base}/api/health`),
  ]);
});

after(async () => {
  await browser?.close();
  // Whatever failed before, nothing stays behind.
  for (const program of [backend, frontend]) if (program?.process.exitCode === null) program.process.kill("SIGKILL");
});

/** A page that notes what a person would not want: errors, and calls to any other host. */
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1024, height: 768 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  page.wrong = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && page.wrong.push(message.text()));
  page.on("pageerror", (error) => page.wrong.push(error.message));
  page.on("request", (request) => new URL(request.url()).origin === base || page.wrong.push(request.url()));
  await page.goto(base);
  await page.getByLabel("New task").and(page.locator(":enabled")).waitFor();
  opened.push(page);
  return page;
}

const opened = [];
afterEach(async () => {
  for (const page of opened.splice(0)) {
    assert.deepEqual(page.wrong, []);
    await page.context().close();
  }
});

const api = async (method, path = "", body) => {
  const headers = body ? { "Content-Type": "application/json" } : {};
  const answer = await fetch(`${base}/api/tasks${path}`, { method, headers, body: body && JSON.stringify(body) });
  return answer.status === 204 ? null : answer.json();
};

async function clear() {
  for (let page; (page = await api("GET", "?limit=200")).tasks.length; )
    for (const task of page.tasks) await api("DELETE", `/${task.id}`);
}

const shot = (page, name) => page.screenshot({ path: `${TODO_SHOTS}/${name}.png`, fullPage: true });

async function add(page, title) {
  await page.getByLabel("New task").fill(title);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("checkbox", { name: title }).first().waitFor();
}

test("a task is added, ticked, still ticked after a reload, and deleted", async () => {
  const page = await open();
  await page.getByText("Nothing to do").waitFor();
  await shot(page, "empty");
  for (const title of ["Water the plants", "Send the invoice for October", "Book a table for four on Friday"]) await add(page, title);
  assert.equal(await page.getByLabel("New task").inputValue(), "");
  await page.getByRole("checkbox", { name: "Send the invoice" }).check();
  await page.getByText("“Send the invoice for October” is done").waitFor();
  await page.reload();
  assert.ok(await page.getByRole("checkbox", { name: "Send the invoice" }).isChecked());
  assert.ok(!(await page.getByRole("checkbox", { name: "Water the plants" }).isChecked()));
  await page.getByText("2 open, 1 done").waitFor();
  await shot(page, "light");
  await page.getByRole("button", { name: "Delete “Water the plants”" }).click();
  await page.getByText("1 open, 1 done").waitFor();
  await page.reload();
  assert.equal(await page.getByRole("listitem").count(), 2);
});

test("by the keyboard alone", async () => {
  await clear();
  const page = await open();
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.id);
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "title");
  for (const title of ["first", "second", "third"]) {
    await page.keyboard.type(title);
    await page.keyboard.press("Enter");
    // The focus is in the field again when the task is there.
    await page.getByRole("checkbox", { name: title }).waitFor();
    await page.locator("#title:focus").waitFor();
  }
  // Add, then the box of the newest task.
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.getByText("2 open, 1 done").waitFor();
  assert.ok(await page.getByRole("checkbox", { name: "third" }).isChecked());
  await shot(page, "focus");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Delete “third”");
  for (const next of ["Delete “second”", "Delete “first”", "title"]) {
    await page.keyboard.press("Enter");
    await page.waitForFunction(
      (wanted) => (document.activeElement.getAttribute("aria-label") ?? document.activeElement.id) === wanted,
      next,
    );
  }
  await page.getByText("Nothing to do").waitFor();
});

test("on a phone, in the dark", async () => {
  await clear();
  const page = await open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, colorScheme: "dark" });
  await add(page, "Call the landlord about the heating, which has been cold since Tuesday, and ask for a date in writing");
  await add(page, "<img src=x onerror=alert(1)>");
  await add(page, "x".repeat(200));
  await add(page, "Return the library books");
  await page.getByRole("checkbox", { name: "Return" }).tap();
  await page.getByText("3 open, 1 done").waitFor();
  const { scroll, width } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, width: innerWidth }));
  assert.ok(scroll <= width, `it scrolls sideways: ${scroll} > ${width}`);
  for (const one of await page.locator("button, #title, li label").all()) {
    const box = await one.boundingBox();
    assert.ok(box.height >= 44 && box.width >= 44, `too small for a finger: ${await one.innerText()}`);
  }
  await shot(page, "phone-dark");
  const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), dark);
  await shot(page, "phone-light");
});

test("text can be read: contrast of 4.5 at least, light and dark", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await open({ colorScheme });
    const low = await page.evaluate(() => {
      const rgb = (text) => text.match(/[\d.]+/g).map(Number);
      const light = ([r, g, b]) => {
        const part = (value) => ((value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
      };
      const back = (node) => {
        const colour = rgb(getComputedStyle(node).backgroundColor);
        return colour[3] === 0 && node.parentElement ? back(node.parentElement) : colour;
      };
      const texts = [...document.querySelectorAll("main *")].filter((node) =>
        [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim()),
      );
      return texts.map((node) => {
        const [a, b] = [light(rgb(getComputedStyle(node).color)), light(back(node))].sort((one, other) => other - one);
        return [node.textContent.slice(0, 30), (a + 0.05) / (b + 0.05)];
      }).filter(([, contrast]) => contrast < 4.5);
    });
    assert.deepEqual(low, [], colorScheme);
  }
});

test("old tasks come page by page", async () => {
  await clear();
  for (let number = 1; number <= 103; number++) await api("POST", "", { title: `number ${number}` });
  const page = await open();
  assert.equal(await page.getByRole("listitem").count(), 100);
  await page.getByRole("button", { name: "Show older tasks" }).click();
  await page.getByRole("checkbox", { name: "number 1", exact: true }).waitFor();
  assert.equal(await page.getByRole("listitem").count(), 103);
  assert.equal(await page.getByRole("button", { name: "Show older tasks" }).count(), 0);
  await clear();
});

test("what another window has deleted is said", async () => {
  const task = await api("POST", "", { title: "shared" });
  const page = await open();
  await api("DELETE", `/${task.id}`);
  await page.getByRole("checkbox", { name: "shared" }).click();
  await page.getByRole("alert").filter({ hasText: "That task is gone" }).waitFor();
  assert.ok(!(await page.getByRole("checkbox", { name: "shared" }).isChecked()));
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("Nothing to do").waitFor();
  // The browser itself notes an answer of 404.
  assert.match(page.wrong.splice(0).join(), /^Failed to load resource[^,]*404[^,]*$/);
});

test("without the backend there is a plain message, and a way back", async () => {
  await api("POST", "", { title: "outlives the backend" });
  const open1 = await open();
  assert.equal(await backend.stop(), 0);
  backend.lines();
  // A page that was open keeps its list and what was typed.
  await open1.getByLabel("New task").fill("typed meanwhile");
  await open1.keyboard.press("Enter");
  await open1.getByRole("alert").filter({ hasText: "cannot be reached" }).waitFor();
  assert.equal(await open1.getByLabel("New task").inputValue(), "typed meanwhile");
  assert.equal(await open1.getByRole("listitem").count(), 1);
  assert.match(open1.wrong.splice(0).join(), /^Failed to load resource[^,]*503[^,]*$/);
  // One that comes now has no list, and does not claim that it is empty.
  const page = await open();
  await page.getByRole("alert").filter({ hasText: "cannot be reached" }).waitFor();
  assert.equal(await page.getByText("The list is empty").count(), 0);
  await shot(page, "away");
  assert.equal((await fetch(`${base}/api/health`)).status, 200);
  await startBackend();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("checkbox", { name: "outlives the backend" }).waitFor();
  assert.equal(await page.locator("main").getByRole("alert").count(), 0);
  await open1.getByRole("button", { name: "Add", exact: true }).click();
  await open1.getByRole("checkbox", { name: "typed meanwhile" }).waitFor();
});

test("headers, and what cannot be reached through the frontend", async () => {
  const answer = await fetch(base);
  assert.match(answer.headers.get("content-security-policy"), /frame-ancestors 'none'/);
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
  assert.equal(answer.headers.get("x-powered-by"), null);
  for (const path of ["/metrics", "/ready", "/api/tasks/..%2f..%2fmetrics", "/api/tasks/1/2", "/api/metrics"])
    assert.equal((await fetch(base + path)).status, 404, path);
  assert.ok(!(await answer.text()).includes(`${backendPort}`), "a page tells the address of the backend");
});

test("the frontend says what it lacks", async () => {
  for (const [BACKEND_URL, words] of [[undefined, "BACKEND_URL is not set"], ["backend", "BACKEND_URL is no address"]]) {
    const one = new Program(TODO_FRONTEND, ["node", "start.mjs"], BACKEND_URL ? { BACKEND_URL } : {});
    const [code] = await one.ended;
    assert.equal(code, 2);
    assert.ok(one.lines()[0].message.startsWith(words), one.output);
  }
});

test("it ends by SIGTERM, and its log was JSON all the time", async () => {
  await frontend.stop();
  const lines = frontend.lines();
  const requests = lines.filter((line) => line.message === "request");
  assert.ok(requests.some((line) => line.method === "PATCH" && /^\/api\/tasks\/\d+$/.test(line.path) && line.status === 200));
  assert.ok(!frontend.output.includes("outlives the backend"));
  // Nothing failed but the requests that found no backend; a write to the read-only root would be here.
  const errors = lines.filter((line) => ["error", "warning"].includes(line.level) && line.status !== 503);
  assert.deepEqual(errors, []);
  backend.lines();
});
