"""The application: probes, metrics, the API, and errors as JSON."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from . import tasks
from .database import Database, Unavailable
from .logs import log
from .settings import Settings
from .watch import Watch


def answer(status: int, content: object, headers: dict[str, str] | None = None) -> Response:
    # In ASCII, since what a user sent need not be encodable.
    return Response(json.dumps(content), status, headers, "application/json")


def make(settings: Settings) -> FastAPI:
    database = Database(settings.database_url, settings.pool_size)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await database.open()
        log.info("started", extra={"fields": {"port": settings.port, "pool_size": settings.pool_size}})
        yield
        await database.close()
        log.info("stopped")

    # The pages of documentation would load scripts from a CDN; `/openapi.json` stays.
    app = FastAPI(title="todo", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.database = database
    app.add_middleware(Watch)
    app.include_router(tasks.router)

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Alive. It does not look at the database: a restart of this program would not bring that back."""
        return {"status": "ok"}

    @app.get("/ready")
    async def ready() -> dict[str, str]:
        await database.ready()
        return {"status": "ready"}

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.exception_handler(Unavailable)
    async def unavailable(_: Request, error: Unavailable) -> Response:
        return answer(503, {"detail": "The database is away.", "reason": str(error)}, {"Retry-After": "5"})

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        # Without FastAPI's `input`, which repeats what was sent.
        found = [
            {"loc": [str(part)[:50] for part in one["loc"]], "msg": one["msg"], "type": one["type"]}
            for one in error.errors()[:20]
        ]
        return answer(422, {"detail": found})

    @app.exception_handler(Exception)
    async def broken(_: Request, __: Exception) -> Response:
        return answer(500, {"detail": "The server failed."})

    return app
