import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, test } from "node:test";
import { address, forward, load } from "../lib/backend";
import { AWAY, summary, type Task, words } from "../lib/tasks";

let server: http.Server | undefined;
afterEach(() => server?.close());

type Seen = { method?: string; url?: string; type?: string; cookie?: string; body: string };

/** A backend that answers the same to everything, and what it was asked. */
async function backend(status: number, text: string): Promise<{ base: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const started = http.createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const { "content-type": type, cookie } = request.headers;
    seen.push({ method: request.method, url: request.url, type, cookie, body });
    response.writeHead(status, { "Content-Type": "application/json", "X-Inner": "1", Connection: "close" }).end(status === 204 ? undefined : text);
  });
  server = started;
  await new Promise<void>((done) => started.listen(0, "127.0.0.1", done));
  return { base: `http://127.0.0.1:${(started.address() as AddressInfo).port}`, seen };
}

const request = (method: string, query = "", body?: string, type = "application/json") =>
  new Request(`http://front/api/tasks${query}`, { method, body, headers: { "Content-Type": type, Cookie: "private=1" } });

test("a request is handed on, without cookies", async () => {
  const { base, seen } = await backend(201, '{"id":1}');
  const answer = await forward(request("POST", "", '{"title":"x"}'), [], base);
  assert.equal(answer.status, 201);
  assert.deepEqual(await answer.json(), { id: 1 });
  assert.equal(answer.headers.get("x-inner"), null);
  assert.deepEqual(seen, [{ method: "POST", url: "/api/tasks", type: "application/json", cookie: undefined, body: '{"title":"x"}' }]);
});

test("ids, queries, and answers without a body", async () => {
  const { base, seen } = await backend(204, "");
  assert.equal((await forward(request("DELETE"), ["12"], base)).status, 204);
  await forward(request("GET", "?before=3&limit=2"), [], base);
  assert.deepEqual(seen.map((one) => one.url), ["/api/tasks/12", "/api/tasks?before=3&limit=2"]);
});

test("nothing but tasks can be reached", async () => {
  const { base, seen } = await backend(200, "{}");
  for (const path of [["..", "metrics"], [".."], ["1", "2"], ["x"], ["1".repeat(20)], ["%2e%2e"]])
    assert.equal((await forward(request("GET"), path, base)).status, 404, path.join("/"));
  assert.equal(seen.length, 0);
});

test("forms of other sites and large bodies are refused", async () => {
  const { base, seen } = await backend(200, "{}");
  assert.equal((await forward(request("POST", "", "title=x", "text/plain"), [], base)).status, 415);
  assert.equal((await forward(request("POST", "", "x".repeat(70_000)), [], base)).status, 413);
  assert.equal(seen.length, 0);
});

test("without a backend there is a plain answer", async () => {
  const { base } = await backend(200, "{}");
  await new Promise((done) => server?.close(done));
  const answer = await forward(request("GET"), [], base);
  assert.equal(answer.status, 503);
  assert.deepEqual(await answer.json(), { detail: AWAY });
  assert.equal(await load(base), null);
});

test("a backend that fails gives no page", async () => {
  const { base } = await backend(503, "{}");
  assert.equal(await load(base), null);
});

test("the address comes from the environment", () => {
  assert.equal(address({ BACKEND_URL: " http://backend:8000/ " }), "http://backend:8000");
  assert.throws(() => address({}), /BACKEND_URL is not set/);
});

test("words", () => {
  const task = (done: boolean): Task => ({ id: 1, title: "x", done, created: "" });
  assert.equal(summary([]), "Nothing to do");
  assert.equal(summary([task(true), task(false), task(false)]), "2 open, 1 done");
  assert.match(summary([task(true)], true), /older/);
  assert.match(words(422), /1 to 200/);
  assert.match(words(404), /gone/);
  assert.equal(words(500), AWAY);
});
