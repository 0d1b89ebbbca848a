"""The database and the program, both real. No test looks into the program: it is asked over HTTP, as a pod is."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .postgres import CANARY, ENCODED, Postgres, free_port

# The sources, or the folder that the image's last stage copies: `test` sets it.
ROOT = Path(os.environ.get("TODO_BACKEND", Path(__file__).parents[1]))
# Nothing of the caller's environment, as in a container.
CLEAN = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "PYTHONDONTWRITEBYTECODE": "1"}


_started: list[subprocess.Popen[str]] = []


def pytest_sessionfinish() -> None:
    # What a failed test has left.
    for process in _started:
        if process.poll() is None:
            process.kill()


def python(*arguments: str, prefix: list[str] | None = None, **environment: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*(prefix or []), sys.executable, "-m", *arguments],
        cwd=ROOT, env={**CLEAN, **environment}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    _started.append(process)
    return process


class Answer(NamedTuple):
    status: int
    text: str
    seconds: float
    headers: Any

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Backend:
    def __init__(self, url: str, prefix: list[str] | None = None, **environment: str) -> None:
        self.port = free_port()
        settings = {"DATABASE_URL": url, "PORT": str(self.port), "DB_POOL_SIZE": "4", **environment}
        self.process = python("todo", prefix=prefix, **settings)
        self.output: str | None = None
        self.until(lambda: self.ask("GET", "/health").status == 200, 20)

    def ask(self, method: str, path: str, body: Any = None, raw: bytes | None = None, headers: Any = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        if body is not None:
            raw, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        began = time.perf_counter()
        try:
            connection.request(method, path, raw, headers or {})
            got = connection.getresponse()
            return Answer(got.status, got.read().decode(), time.perf_counter() - began, got.headers)
        finally:
            connection.close()

    def until(self, wanted: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                if wanted():
                    return
            except OSError:
                if self.process.poll() is not None:
                    pytest.fail(f"the program ended: {self.stop()}")
            assert time.monotonic() < end, f"not within {seconds} s"
            time.sleep(0.1)

    def stop(self) -> str:
        """Ends it as a kubelet does; returns all that it wrote."""
        if self.output is None:
            self.process.send_signal(signal.SIGTERM)
            self.output = self.process.communicate(timeout=30)[0]
        return self.output


def lines(output: str) -> list[dict[str, Any]]:
    """The log; each line must be one JSON object with the usual fields, and without a secret."""
    assert output
    for secret in (CANARY, ENCODED, "canary-9f3c", "postgresql://"):
        assert secret not in output.replace("postgresql://user:password@host:5432/name", "")
    found = [json.loads(line) for line in output.splitlines()]
    for line in found:
        assert {"time", "level", "logger", "message"} <= line.keys(), line
    return found


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    postgres = Postgres()
    try:
        assert migrate(postgres.url())[0] == 0
        yield postgres
    finally:
        postgres.remove()


def migrate(url: str, **environment: str) -> tuple[int, list[dict[str, Any]]]:
    process = python("todo.migrate", DATABASE_URL=url, **environment)
    output = process.communicate(timeout=60)[0]
    return process.returncode, lines(output)


@pytest.fixture(scope="session")
def backend(server: Postgres) -> Iterator[Backend]:
    one = Backend(server.url(), LOG_LEVEL="debug")
    yield one
    lines(one.stop())


@pytest.fixture
def fresh(server: Postgres) -> Iterator[str]:
    """The address of an empty database."""
    server.execute("CREATE DATABASE fresh")
    yield server.url("fresh")
    server.execute("DROP DATABASE fresh WITH (FORCE)")
