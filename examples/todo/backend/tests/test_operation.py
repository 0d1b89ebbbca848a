"""Settings, log, metrics, signals, users: what a cluster sees of the program."""

import os
import re
import signal
import subprocess
import threading
import time

import psycopg
import pytest

from .conftest import ROOT, Backend, lines, python
from .postgres import CANARY, Postgres

TASKS = "/api/tasks"
WORD = "password"


def ended(module: str, **environment: str) -> tuple[int, list[dict]]:
    process = python(module, **environment)
    output = process.communicate(timeout=30)[0]
    return process.returncode, lines(output)


@pytest.mark.parametrize("module", ["todo", "todo.migrate"])
def test_td_9_settings_are_checked_at_once_and_never_repeated(module: str) -> None:
    code, log = ended(module)
    assert code == 2 and log[0]["message"].startswith("DATABASE_URL is not set")
    code, log = ended(module, DATABASE_URL="canary-9f3c", DB_POOL_SIZE="ten", LOG_LEVEL="loud", PORT="0", MIGRATE_WAIT="-1")
    said = " ".join(line["message"] for line in log)
    assert code == 2 and len(log) == 5
    assert all(name in said for name in ("DATABASE_URL", "DB_POOL_SIZE", "LOG_LEVEL", "PORT", "MIGRATE_WAIT"))
    assert "loud" not in said and "ten " not in said


@pytest.mark.parametrize("url", [
    # Characters that were not encoded: the driver takes parts of the password for host, port or options, and says so.
    "postgresql://todo:canary-9f3c@canary-9f3c-host@db/todo",
    "postgresql://todo:canary-9f3c:canary-9f3c@db/todo",
    "postgresql://todo:x@canary-9f3c/word@db/todo",
    "postgresql://todo:%zzcanary-9f3c@db/todo",
    f"postgresql://db/todo?{WORD}=canary-9f3c&canary-9f3c=1",
    f"host=db {WORD}=canary-9f3c",
])  # fmt: skip
def test_td_3_no_address_however_wrong_is_in_the_log(url: str) -> None:
    environment = {"DATABASE_URL": url, "MIGRATE_WAIT": "0", "LOG_LEVEL": "debug"}
    code, _ = ended("todo.migrate", **environment)
    assert code in (1, 2)


def test_td_8_the_log_has_a_line_for_each_request_and_no_body(server: Postgres) -> None:
    one = Backend(server.url(), LOG_LEVEL="debug")
    one.ask("POST", TASKS, {"title": "private words"})
    one.ask("GET", f"{TASKS}/9999999?ticket=canary-9f3c")
    one.ask("GET", "/nowhere/%0a{}")
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'todo%'")
    one.ask("GET", TASKS)
    output = one.stop()
    log = lines(output)
    requests = [(line["method"], line["route"], line["status"]) for line in log if line["message"] == "request"]
    assert ("POST", TASKS, 201) in requests and ("GET", f"{TASKS}/{{id}}", 404) in requests
    assert ("GET", "none", 404) in requests and ("GET", "/health", 200) in requests
    assert "private words" not in output and CANARY not in output
    assert log[-1]["message"] != "request" and one.process.returncode == 0


def test_an_error_in_the_program_is_one_line_without_its_words(server: Postgres) -> None:
    server.execute("ALTER TABLE task RENAME COLUMN done TO finished", "todo")
    one = Backend(server.url())
    try:
        answer = one.ask("GET", TASKS)
        assert answer.status == 500 and answer.json == {"detail": "The server failed."}
    finally:
        server.execute("ALTER TABLE task RENAME COLUMN finished TO done", "todo")
        log = lines(one.stop())
    (line,) = [line for line in log if line["level"] == "error" and "stack" in line]
    assert line["error"] == "UndefinedColumn" and line["sqlstate"] == "42703"
    assert any("tasks.py" in frame for frame in line["stack"])


def metric(backend: Backend, name: str) -> dict[str, float]:
    text = backend.ask("GET", "/metrics").text
    return {labels: float(value) for labels, value in re.findall(rf"^{name}(\{{.*\}})? (\S+)$", text, re.M)}


def test_metrics_count_by_the_template_of_the_route(server: Postgres) -> None:
    one = Backend(server.url())
    for number in range(1, 8):
        one.ask("GET", f"{TASKS}/{number}000000")
        one.ask("GET", f"/nowhere/{number}")
    one.ask("BREW", TASKS)
    counts = metric(one, "http_requests_total")
    assert counts[f'{{method="GET",route="{TASKS}/{{id}}",status="404"}}'] == 7
    assert counts['{method="GET",route="none",status="404"}'] == 7
    assert not any("000000" in labels or "nowhere" in labels or "BREW" in labels for labels in counts)
    buckets = metric(one, "http_request_duration_seconds_bucket")
    assert buckets[f'{{le="+Inf",method="GET",route="{TASKS}/{{id}}",status="404"}}'] == 7
    assert metric(one, "process_cpu_seconds_total")[""] > 0
    assert metric(one, "process_resident_memory_bytes")[""] > 1e7
    lines(one.stop())


def test_sigterm_lets_a_request_end(server: Postgres) -> None:
    one = Backend(server.url())
    answers: list = []
    with psycopg.connect(server.url()) as holder:
        holder.execute("LOCK TABLE task")
        thread = threading.Thread(target=lambda: answers.append(one.ask("GET", TASKS)))
        thread.start()
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        end = time.monotonic() + 3
        while server.execute(query) == [(0,)]:
            assert time.monotonic() < end
        one.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert one.process.poll() is None
        holder.rollback()
    thread.join()
    assert answers[0].status == 200
    assert lines(one.stop())[-1]["message"] and one.process.returncode == 0


def can(*command: str) -> bool:
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0


READ_ONLY = ["unshare", "-m", "sh", "-ec", 'mount -o remount,ro,bind /; exec "$@"', "sh"]


@pytest.mark.skipif(not can(*READ_ONLY, "true"), reason="needs root and mount namespaces")
def test_any_user_and_a_read_only_root_will_do(server: Postgres) -> None:
    prefix = [*READ_ONLY, "setpriv", "--reuid=123456", "--regid=0", "--clear-groups", "--no-new-privs"]
    refused = subprocess.run([*prefix, "touch", str(ROOT / "x"), f"/tmp/todo-{os.getpid()}"], capture_output=True, text=True)
    assert refused.stderr.count("Read-only") == 2
    one = Backend(server.url(), prefix=prefix)
    assert one.ask("GET", "/ready").status == 200
    assert one.ask("POST", TASKS, {"title": "from uid 123456"}).status == 201
    lines(one.stop())
    process = python("todo.migrate", prefix=prefix, DATABASE_URL=server.url())
    assert process.wait(30) == 0
    lines(process.communicate()[0])


def test_a_taken_port_is_an_error(server: Postgres, backend: Backend) -> None:
    code, log = ended("todo", DATABASE_URL=server.url(), PORT=str(backend.port))
    assert code != 0 and any("address already in use" in line["message"] for line in log)
