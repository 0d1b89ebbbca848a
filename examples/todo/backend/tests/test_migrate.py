import psycopg
from pathlib import Path

from .conftest import ROOT, lines, migrate, python
from .postgres import Postgres, free_port

FILES = sorted(path.stem for path in (ROOT / "todo/migrations").glob("*.sql"))


def applied(log: list[dict]) -> list[str]:
    return [line["migration"] for line in log if line["message"] == "applied"]


def test_twice_is_as_once(fresh: str) -> None:
    code, log = migrate(fresh)
    assert code == 0 and applied(log) == FILES
    code, log = migrate(fresh)
    assert code == 0 and applied(log) == [] and log[-1]["version"] == len(FILES)


def test_three_at_once_apply_each_step_once(fresh: str) -> None:
    processes = [python("todo.migrate", DATABASE_URL=fresh) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert sorted(step for output in outputs for step in applied(lines(output))) == FILES


def test_one_waits_for_the_lock_of_another(fresh: str) -> None:
    with psycopg.connect(fresh, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", [0x746F646F])
        process = python("todo.migrate", DATABASE_URL=fresh)
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while holder.execute(query).fetchone() == (0,):
            assert process.poll() is None
        assert holder.execute("SELECT to_regclass('task')").fetchone() == (None,)
    assert process.wait(30) == 0
    lines(process.communicate()[0])


def test_a_step_that_was_changed_later_is_refused(fresh: str) -> None:
    migrate(fresh)
    with psycopg.connect(fresh, autocommit=True) as other:
        other.execute("UPDATE schema_version SET sum = 'x' WHERE version = 1")
    code, log = migrate(fresh)
    assert code == 1 and "was changed after it was applied" in log[-1]["message"]


def test_an_older_program_leaves_a_newer_schema_alone(fresh: str) -> None:
    """As in `helm rollback`."""
    migrate(fresh)
    with psycopg.connect(fresh, autocommit=True) as other:
        other.execute("INSERT INTO schema_version VALUES (99, '0099_later', 'x')")
    code, log = migrate(fresh)
    assert code == 0 and any(line["message"] == "the schema is newer than this program" for line in log)


def test_a_failing_step_leaves_nothing(fresh: str, tmp_path: Path) -> None:
    with psycopg.connect(fresh, autocommit=True) as other:
        # The second file cannot make its index: the first one stays, the second can be tried again.
        other.execute("CREATE TABLE task_open (x int)")
        code, log = migrate(fresh)
        assert code == 1 and applied(log) == FILES[:1] and log[-1]["sqlstate"] == "42P07"
        other.execute("DROP TABLE task_open")
    code, log = migrate(fresh)
    assert code == 0 and applied(log) == FILES[1:]


def test_it_waits_for_a_database_that_starts(server: Postgres) -> None:
    nowhere = server.url(port=free_port())
    code, log = migrate(nowhere, MIGRATE_WAIT="1")
    assert code == 1 and log[0]["message"] == "waiting for the database"
    assert log[-1]["reason"] == "nothing listens at the address of the database"
