"""What happens when the database goes, hangs or comes back; TD-2 wants an answer within a second."""

import socket
import threading

import pytest

from .conftest import Backend, lines
from .postgres import ENCODED, Postgres

TASKS = "/api/tasks"


def not_ready(backend: Backend) -> str:
    for _ in range(3):
        answer = backend.ask("GET", "/ready")
        assert answer.status == 503 and answer.seconds < 1, answer
        assert backend.ask("GET", "/health").seconds < 1
    return answer.json["reason"]


def test_td_2_ready_follows_the_database(server: Postgres, backend: Backend) -> None:
    assert backend.ask("GET", "/ready").json == {"status": "ready"}
    task = backend.ask("POST", TASKS, {"title": "outlives a restart"}).json
    server.stop()
    try:
        assert not_ready(backend) == "nothing listens at the address of the database"
        assert backend.ask("GET", "/health").json == {"status": "ok"}
        answer = backend.ask("GET", TASKS)
        assert answer.status == 503 and answer.seconds < 5 and answer.json["detail"] == "The database is away."
    finally:
        server.start()
    # At the first question: the kept connection is dead, and the database is not.
    assert backend.ask("GET", "/ready").status == 200
    backend.until(lambda: backend.ask("GET", f"{TASKS}/{task['id']}").status == 200, 10)


def test_a_restart_between_two_requests_is_not_seen(server: Postgres, backend: Backend) -> None:
    backend.until(lambda: backend.ask("GET", TASKS).status == 200, 10)
    server.stop()
    server.start()
    assert backend.ask("GET", "/ready").status == 200
    assert backend.ask("GET", TASKS).status == 200


def test_td_2_a_database_that_hangs(server: Postgres, backend: Backend) -> None:
    assert backend.ask("GET", "/ready").status == 200
    server.pause()
    try:
        assert not_ready(backend) == "the database did not answer in time"
        # More of them than the pool has connections.
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(backend.ask("GET", TASKS))) for _ in range(6)]
        for thread in threads:
            thread.start()
        assert not_ready(backend)
        for thread in threads:
            thread.join()
        assert all(answer.status == 503 and answer.seconds < 5 for answer in answers), answers
    finally:
        server.resume()
    backend.until(lambda: backend.ask("GET", "/ready").status == 200, 15)
    backend.until(lambda: backend.ask("GET", TASKS).status == 200, 15)


def test_a_busy_pool_is_no_reason_to_be_unready(server: Postgres, backend: Backend) -> None:
    import psycopg

    with psycopg.connect(server.url()) as holder:
        holder.execute("LOCK TABLE task")
        threads = [threading.Thread(target=backend.ask, args=("GET", TASKS)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            assert backend.ask("GET", "/ready").status == 200
        (open_now,) = server.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('todo', 'todo-ready')"
        )[0]
        # DB_POOL_SIZE, which is 4 here, counts all of them.
        assert open_now <= 4
        for thread in threads:
            thread.join()
    backend.until(lambda: backend.ask("GET", TASKS).status == 200, 15)


@pytest.fixture
def silent() -> socket.socket:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen(64)
        yield one


def test_td_9_the_program_starts_without_a_database(server: Postgres, silent: socket.socket) -> None:
    nobody = f"postgresql://todo:{ENCODED}@127.0.0.1:{silent.getsockname()[1]}/todo"
    # An `@` of the password that was not encoded: what follows it is the host, which the driver names in its errors.
    unknown = "postgresql://todo:x@canary-9f3c@no-such-host.invalid/todo"
    for url, reasons in (
        (nobody, {"the database did not answer in time"}),
        (unknown, {"the name of the database's host is unknown", "the database did not answer in time"}),
        (server.url().replace(ENCODED, "canary-9f3c-wrong"), {"the database refused user and password"}),
        (server.url("absent"), {"the database, user or table does not exist"}),
    ):
        one = Backend(url)
        try:
            assert not_ready(one) in reasons, url
            if url == nobody:
                assert one.ask("GET", TASKS).status == 503
        finally:
            log = lines(one.stop())
        assert [line for line in log if line["message"] == "not ready"][0]["reason"] in reasons
        assert one.process.returncode == 0


def test_before_the_migration_the_api_says_so(fresh: str) -> None:
    one = Backend(fresh)
    try:
        # Ready all the same: a hook that runs after the pods are ready could otherwise never run.
        assert one.ask("GET", "/ready").status == 200
        answer = one.ask("GET", TASKS)
        assert answer.status == 503 and "todo.migrate" in answer.json["reason"]
    finally:
        lines(one.stop())
