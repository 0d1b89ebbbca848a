"""The log: one JSON object per line on stdout.

Of an error only its class, a reason out of a fixed list and the places in the code are written. The driver's own words
may hold parts of the address of the database, and those of a validation hold what a user sent.
"""

import json
import logging
import sys
import traceback
from datetime import datetime, timezone
from urllib.parse import quote

import psycopg
import psycopg_pool
from psycopg.conninfo import conninfo_to_dict

log = logging.getLogger("todo")

# A second net below the fixed list: what stands here is in no line. Shorter texts would blot out half the log.
_hidden: list[str] = []
_SHORTEST = 6

# What the driver says, and what that means. It has no code for most errors of a connection.
_REASONS = (
    ("password authentication failed", "the database refused user and password"),
    ("no password supplied", "the database wants a password"),
    ("no pg_hba.conf entry", "the database does not let this client in"),
    ("does not exist", "the database, user or table does not exist"),
    ("connection refused", "nothing listens at the address of the database"),
    ("could not translate host name", "the name of the database's host is unknown"),
    ("name or service not known", "the name of the database's host is unknown"),
    ("failed to resolve host", "the name of the database's host is unknown"),
    ("timeout", "the database did not answer in time"),
    ("timed out", "the database did not answer in time"),
    ("no route to host", "there is no route to the database"),
    ("starting up", "the database is starting"),
    ("shutting down", "the database is shutting down"),
    ("too many", "the database has no connection left"),
    ("remaining connection slots", "the database has no connection left"),
    ("ssl", "TLS with the database failed"),
    ("certificate", "TLS with the database failed"),
    ("terminat", "the database closed the connection"),
    ("closed", "the connection is closed"),
    ("lost", "the connection is lost"),
)


def reason(error: BaseException) -> str:
    """Why the database could not be asked, in words that are ours."""
    if isinstance(error, psycopg_pool.PoolTimeout):
        return "no connection to the database was free in time"
    if isinstance(error, psycopg_pool.TooManyRequests):
        return "too many requests wait for a connection to the database"
    if isinstance(error, psycopg.errors.UndefinedTable):
        return "the schema is not there: run python -m todo.migrate"
    said = str(error).lower()
    return next((ours for theirs, ours in _REASONS if theirs in said), "the database failed")


def hide(url: str) -> None:
    """Takes care that neither the address nor its password is in any line."""
    found = {url}
    try:
        word = str(conninfo_to_dict(url).get("password") or "")
        found |= {word, quote(word, safe=""), quote(word)}
    except psycopg.ProgrammingError:
        # Not readable as a whole: what a careful eye would take for the password.
        found.add(url.rpartition("@")[0].rpartition(":")[2])
    _hidden[:] = sorted((text for text in found if len(text) >= _SHORTEST), key=len, reverse=True)


def _clean(value: object) -> object:
    if isinstance(value, str):
        for secret in _hidden:
            value = value.replace(secret, "***")
        return value
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._message(record),
        }
        line.update(getattr(record, "fields", {}))
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["error"] = type(error).__name__
            if isinstance(error, psycopg.Error):
                line["reason"] = reason(error)
                line["sqlstate"] = error.sqlstate
            frames = traceback.extract_tb(error.__traceback__)
            line["stack"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
        return json.dumps({key: _clean(value) for key, value in line.items()})

    @staticmethod
    def _message(record: logging.LogRecord) -> str:
        if record.name.startswith("psycopg"):
            args = record.args if isinstance(record.args, tuple) else ()
            errors = [reason(arg) for arg in args if isinstance(arg, BaseException)]
            return errors[0] if errors else "a connection to the database was given up"
        # Further lines of a library's message repeat the error.
        return record.getMessage().strip().partition("\n")[0]


def start(level: str) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Json())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    # On a lower level the driver tells hosts and users.
    logging.getLogger("psycopg").setLevel(max(logging.WARNING, root.level))
    sys.excepthook = lambda kind, error, trace: log.critical("the program failed", exc_info=(kind, error, trace))
