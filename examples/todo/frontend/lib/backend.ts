// The way to the backend. Its address comes from the environment of the running program: one image serves everywhere.

import { AWAY, type Page } from "./tasks";

// The backend answers within 5 seconds also without its database.
const SECONDS = 6;
// As the backend has it.
const LARGEST_BODY = 64 * 1024;

export function address(environment: Record<string, string | undefined> = process.env): string {
  const url = environment.BACKEND_URL?.trim();
  if (!url) throw new Error("BACKEND_URL is not set");
  return url.replace(/\/+$/, "");
}

function problem(status: number, detail: string): Response {
  return Response.json({ detail }, { status, headers: { "Cache-Control": "no-store" } });
}

/** Hands a request on to the backend's `/api/tasks`, and to nothing else there. */
export async function forward(request: Request, path: string[] = [], base = address()): Promise<Response> {
  if (path.length > 1 || path.some((id) => !/^[0-9]{1,19}$/.test(id))) return problem(404, "There is no such task.");
  const writes = request.method === "POST" || request.method === "PATCH";
  // A form of another site cannot send this type without asking first.
  if (writes && request.headers.get("content-type")?.split(";")[0]?.trim() !== "application/json")
    return problem(415, "Send application/json.");
  let body: string | undefined;
  if (writes) {
    if (Number(request.headers.get("content-length") ?? 0) > LARGEST_BODY) return problem(413, "The request is too large.");
    body = await request.text();
    if (body.length > LARGEST_BODY) return problem(413, "The request is too large.");
  }
  const query = new URL(request.url).search;
  try {
    const answer = await fetch(`${base}/api/tasks${path.map((id) => `/${id}`).join("")}${query}`, {
      method: request.method,
      headers: writes ? { "Content-Type": "application/json" } : {},
      body,
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(SECONDS * 1000),
    });
    const headers = new Headers({ "Cache-Control": "no-store" });
    const type = answer.headers.get("content-type");
    if (type) headers.set("Content-Type", type);
    return new Response(answer.status === 204 ? null : await answer.text(), { status: answer.status, headers });
  } catch {
    return problem(503, AWAY);
  }
}

/** The first page of tasks, or nothing when the backend is away. */
export async function load(base = address()): Promise<Page | null> {
  try {
    const answer = await fetch(`${base}/api/tasks`, {
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(SECONDS * 1000),
    });
    return answer.ok ? ((await answer.json()) as Page) : null;
  } catch {
    return null;
  }
}
