"""What is seen of every request: a line of the log, a count and a duration. And the limit of its size."""

import time
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .logs import log

LARGEST_BODY = 64 * 1024
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# Called by machines all day; a line for each would hide the others.
QUIET = {"/health", "/ready", "/metrics"}

LABELS = ("method", "route", "status")
REQUESTS = Counter("http_requests_total", "Requests answered.", LABELS)
SECONDS = Histogram(
    "http_request_duration_seconds",
    "Time until the answer was sent.",
    LABELS,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


class Watch:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            body = await _small_enough(scope, receive)
            if body is None:
                await JSONResponse({"detail": "The request is too large."}, 413)(scope, receive, sent)
            else:
                await self.app(scope, body, sent)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    @staticmethod
    def _note(scope: Scope, status: int, seconds: float) -> None:
        # The template and never the path: an id in a label would make a series for each task.
        route = getattr(scope.get("route"), "path", None) or "none"
        method = scope["method"] if scope["method"] in METHODS else "other"
        labels = (method, route, str(status))
        REQUESTS.labels(*labels).inc()
        SECONDS.labels(*labels).observe(seconds)
        fields: dict[str, Any] = {
            "method": method,
            "path": scope["path"][:200],
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
        }
        level = 40 if status >= 500 else 10 if route in QUIET else 20
        log.log(level, "request", extra={"fields": fields})


async def _small_enough(scope: Scope, receive: Receive) -> Receive | None:
    """What the body is read from; nothing when it is larger than any request of this API."""
    headers = dict(scope["headers"])
    if length := headers.get(b"content-length"):
        # The server cuts a body at its declared length.
        return receive if int(length) <= LARGEST_BODY else None
    if headers.get(b"transfer-encoding") is None:
        return receive
    messages, size = [], 0
    while True:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if size > LARGEST_BODY:
            return None
        if not message.get("more_body"):
            break
    kept = iter(messages)

    async def again() -> Message:
        return next(kept, None) or await receive()

    return again
