"""The connections: a pool of a declared size, and a time limit for whatever is asked of the database."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from .logs import log, reason

Result = TypeVar("Result")

# A request may take this long, and a probe that long: it must be answered within a second.
REQUEST_SECONDS = 4.0
PROBE_SECONDS = 0.7
# The driver's limit for a new connection; it takes no less than 2.
CONNECT_SECONDS = 3
# A probe that hangs keeps its connection for so long, since a database that only paused goes on with it.
GIVE_UP_SECONDS = 5.0


class Unavailable(Exception):
    """The database cannot be asked. The argument says why, and holds nothing of the driver."""


class Database:
    def __init__(self, url: str, pool_size: int) -> None:
        self._url = url
        self._pool: AsyncConnectionPool[AsyncConnection[dict[str, Any]]] = AsyncConnectionPool(
            url,
            # The one that is missing is the probe's, so that a busy pool does not make a pod unready.
            min_size=1,
            max_size=pool_size - 1,
            max_waiting=200,
            timeout=REQUEST_SECONDS - 1,
            # Attempts get rarer until then; after it, the next request makes a fresh one. So a database that is back is found at once.
            reconnect_timeout=5,
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "todo",
            },
            configure=_configure,
            # Connections that a restart of the database broke are found here, and not by a user.
            check=AsyncConnectionPool.check_connection,
            open=False,
        )
        self._probe: asyncio.Task[None] | None = None
        self._probe_began = 0.0
        self._probe_connection: AsyncConnection[Any] | None = None
        self._was_ready: bool | None = None
        self._abandoned: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        # It does not wait: without a database the program lives, and is not ready.
        await self._pool.open(wait=False)

    async def close(self) -> None:
        if self._probe:
            self._probe.cancel()
        if self._probe_connection:
            await self._probe_connection.close()
        await self._pool.close(timeout=2)

    async def run(self, work: Callable[[AsyncConnection[dict[str, Any]]], Awaitable[Result]]) -> Result:
        async def ask() -> Result:
            async with self._pool.connection() as connection:
                return await work(connection)

        try:
            return await self._within(REQUEST_SECONDS, ask())
        except psycopg.OperationalError as error:
            raise Unavailable(reason(error)) from error
        except psycopg.errors.UndefinedTable as error:
            raise Unavailable(reason(error)) from error

    async def ready(self) -> None:
        """Returns when the database answers; raises `Unavailable` otherwise, in less than a second in any case."""
        # Probes that overlap share one question.
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(self._ask())
            self._probe_began = time.monotonic()
        probe = self._probe
        await asyncio.wait({probe}, timeout=PROBE_SECONDS)
        if not probe.done():
            if time.monotonic() - self._probe_began > GIVE_UP_SECONDS:
                probe.cancel()
            self._tell("the database did not answer in time")
        elif probe.cancelled():
            self._tell("the connection is closed")
        elif error := probe.exception():
            if not isinstance(error, psycopg.Error):
                raise error
            self._tell(reason(error))
        else:
            self._tell(None)

    def _tell(self, why_not: str | None) -> None:
        if self._was_ready is not (ready := why_not is None):
            self._was_ready = ready
            if ready:
                log.info("the database answers")
            else:
                log.warning("not ready", extra={"fields": {"reason": why_not}})
        if why_not:
            raise Unavailable(why_not)

    async def _ask(self) -> None:
        kept = self._probe_connection
        if kept and not kept.closed:
            try:
                await kept.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                # It may be the connection alone, as after a restart of the database.
                pass
        if kept:
            self._probe_connection = None
            await kept.close()
        self._probe_connection = await AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=CONNECT_SECONDS, application_name="todo-ready"
        )
        await self._probe_connection.execute("SELECT 1")

    async def _within(self, seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
        """As `asyncio.wait_for`, which would wait for the end of the cancelled work: a hanging database never lets it end."""
        task = asyncio.create_task(work)
        self._abandoned.add(task)
        task.add_done_callback(self._forget)
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            return task.result()
        task.cancel()
        raise Unavailable("the database did not answer in time")

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.discard(task)
        # Asked for, so that asyncio does not print it.
        if not task.cancelled():
            task.exception()


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.execute(f"SET statement_timeout = {int(REQUEST_SECONDS * 1000)}")
