// Starts the server that Next.js built, with what a cluster wants of it: settings that are checked, and a log of one JSON
// object per line. Queries and bodies are in no line.

import http from "node:http";
import { formatWithOptions, stripVTControlCharacters } from "node:util";

function write(level, message, fields = {}) {
  const line = { time: new Date().toISOString(), level, logger: "frontend", message, ...fields };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

for (const [name, level] of Object.entries({ debug: "debug", log: "info", info: "info", warn: "warning", error: "error" }))
  console[name] = (...words) => {
    const message = stripVTControlCharacters(formatWithOptions({ colors: false }, ...words)).trim();
    if (message) write(level, message);
  };

function end(...problems) {
  for (const problem of problems) write("error", problem);
  process.exit(2);
}

const problems = [];
const backend = process.env.BACKEND_URL?.trim();
if (!backend) problems.push("BACKEND_URL is not set: the address of the backend, http://host:8000");
else if (!URL.canParse(backend) || !["http:", "https:"].includes(new URL(backend).protocol))
  problems.push("BACKEND_URL is no address like http://host:8000");
const port = process.env.PORT?.trim() || "3000";
if (!/^[0-9]{1,5}$/.test(port) || +port < 1 || +port > 65535) problems.push("PORT must be a number from 1 to 65535");
if (problems.length) end(...problems);

process.env.PORT = port;
// A cluster sets HOSTNAME to the name of the pod, and Next.js would listen on that address alone.
process.env.HOSTNAME = "0.0.0.0";
process.env.NEXT_TELEMETRY_DISABLED = "1";

const create = http.createServer;
http.createServer = (...given) =>
  create(...given).prependListener("request", (request, response) => {
    const began = performance.now();
    const path = request.url.split("?")[0].slice(0, 200);
    response.once("close", () => {
      // Called by the kubelet all day; a line for each would hide the others.
      if (path === "/api/health" && response.statusCode < 400) return;
      const milliseconds = Math.round((performance.now() - began) * 10) / 10;
      write(response.statusCode >= 500 ? "error" : "info", "request", {
        method: request.method,
        path,
        status: response.statusCode,
        milliseconds,
      });
    });
  });

await import("./server.js");
