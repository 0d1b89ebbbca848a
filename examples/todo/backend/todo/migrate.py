"""`python -m todo.migrate` brings the schema up to date: a Job runs it before a new version of the program is used.

It may run again, and twice at a time: an advisory lock lets one do the work, and the other find it done.
"""

import hashlib
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import Connection

from . import settings
from .logs import log, reason

FOLDER = Path(__file__).parent / "migrations"
# Any number that nothing else in this database takes: "todo" in ASCII.
LOCK = 0x746F646F
# Longer than a step takes; who waits for more than that sees an error and not a Job without end.
LOCK_WAIT = "5min"


class Refused(Exception):
    """The schema in the database is not one that these files made."""


@dataclass(frozen=True)
class Step:
    version: int
    name: str
    text: str

    @property
    def sum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def steps(folder: Path = FOLDER) -> list[Step]:
    """The files `0001_name.sql` and so on, without a gap."""
    found = [
        Step(int(path.name[:4]), path.stem, path.read_text("utf-8")) for path in sorted(folder.glob("[0-9]*.sql"))
    ]
    if [step.version for step in found] != list(range(1, len(found) + 1)):
        raise Refused("the versions of the migrations have a gap")
    return found


def connect(url: str, wait: int) -> Connection[tuple]:
    """Waits for a database that is just starting."""
    end = time.monotonic() + wait
    told = None
    while True:
        try:
            return psycopg.connect(url, autocommit=True, connect_timeout=5, application_name="todo-migrate")
        except psycopg.OperationalError as error:
            if time.monotonic() >= end:
                raise
            if told != (told := reason(error)):
                log.warning("waiting for the database", extra={"fields": {"reason": told}})
            time.sleep(0.5)


def apply(connection: Connection[tuple], wanted: list[Step]) -> int:
    """How many steps were taken."""
    connection.execute(f"SET lock_timeout = '{LOCK_WAIT}'")
    # Held by the session, so it is free again when the program dies.
    connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        return _apply(connection, wanted)
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _apply(connection: Connection[tuple], wanted: list[Step]) -> int:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_version"
        " (version int PRIMARY KEY, name text NOT NULL, sum text NOT NULL, applied timestamptz NOT NULL DEFAULT now())"
    )
    there = dict(connection.execute("SELECT version, sum FROM schema_version").fetchall())
    taken = 0
    for step in wanted:
        if step.version in there:
            if there[step.version] != step.sum:
                raise Refused(f"{step.name} was changed after it was applied: add a new file instead")
            continue
        with connection.transaction():
            connection.execute(step.text)
            connection.execute(
                "INSERT INTO schema_version (version, name, sum) VALUES (%s, %s, %s)",
                [step.version, step.name, step.sum],
            )
        log.info("applied", extra={"fields": {"migration": step.name}})
        taken += 1
    if newer := [version for version in there if version > len(wanted)]:
        # As after a rollback of the program. Migrations only add, so the older program runs on the newer schema.
        log.warning("the schema is newer than this program", extra={"fields": {"version": max(newer)}})
    return taken


def main() -> int:
    found = settings.from_environment()
    try:
        with connect(found.database_url, found.migrate_wait) as connection:
            wanted = steps()
            taken = apply(connection, wanted)
    except psycopg.Error as error:
        log.error("the migration failed", exc_info=error)
        return 1
    except Refused as refused:
        log.error(str(refused))
        return 1
    log.info("the schema is up to date", extra={"fields": {"version": len(wanted), "applied": taken}})
    return 0


if __name__ == "__main__":
    sys.exit(main())
