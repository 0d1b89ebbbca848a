"""What the environment sets. Everything that is wrong with it is said at once, and no value is repeated: it may be a secret."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from . import logs

LEVELS = ("debug", "info", "warning", "error")


class Wrong(Exception):
    """The environment does not say what the program needs. The argument is a list of lines."""


@dataclass(frozen=True)
class Settings:
    # Never printed, also not by a debugger's `repr`.
    database_url: str = field(repr=False)
    pool_size: int
    log_level: str
    port: int
    migrate_wait: int


def read(environment: Mapping[str, str]) -> Settings:
    problems = []

    def number(name: str, default: int, least: int, most: int) -> int:
        text = environment.get(name, "").strip() or str(default)
        if text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most:
            return int(text)
        problems.append(f"{name} must be a number from {least} to {most}")
        return default

    url = environment.get("DATABASE_URL", "").strip()
    if not url:
        problems.append("DATABASE_URL is not set: the address of the database, postgresql://user:password@host:5432/name")
    elif not _is_address(url):
        problems.append("DATABASE_URL is no address like postgresql://user:password@host:5432/name; encode special characters")
    level = environment.get("LOG_LEVEL", "").strip().lower() or "info"
    if level not in LEVELS:
        problems.append(f"LOG_LEVEL must be one of {', '.join(LEVELS)}")
    settings = Settings(
        database_url=url,
        # One of them belongs to the readiness probe, so two is the least.
        pool_size=number("DB_POOL_SIZE", 5, 2, 100),
        log_level=level,
        port=number("PORT", 8000, 1, 65535),
        migrate_wait=number("MIGRATE_WAIT", 60, 0, 3600),
    )
    if problems:
        raise Wrong(problems)
    return settings


def _is_address(url: str) -> bool:
    if not url.startswith(("postgresql://", "postgres://")):
        return False
    try:
        conninfo_to_dict(url)
    except ProgrammingError:
        return False
    return True


def from_environment() -> Settings:
    """The settings, with the log set up by them; ends the program with code 2 when they are wrong."""
    logs.hide(os.environ.get("DATABASE_URL", ""))
    try:
        settings = read(os.environ)
    except Wrong as wrong:
        logs.start("info")
        for problem in wrong.args[0]:
            logs.log.error(problem)
        sys.exit(2)
    logs.start(settings.log_level)
    return settings
