"""A real PostgreSQL for the time of a test: in a new folder, on a free port of 127.0.0.1, with a password that counts.

`python -m tests.postgres COMMAND…` runs a command with its `DATABASE_URL`.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

# What no log may ever show. It has characters that an address must encode.
CANARY = "canary-9f3c@1/x"
ENCODED = "canary-9f3c%401%2Fx"


def binary(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    path = str(found[-1]) if found else shutil.which(name)
    if not path:
        raise RuntimeError(f"there is no {name}: apt-get install -y --no-install-recommends postgresql")
    return path


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Postgres:
    def __init__(self) -> None:
        # Not below the checkout, which another user may not be able to enter.
        self.folder = Path(tempfile.mkdtemp(prefix="todo-pg-"))
        self.data = self.folder / "data"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root; Debian's package has made a user for it.
        self.as_user: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        given = self.folder / "password"
        given.write_text(CANARY)
        given.chmod(0o644)
        self._run(
            binary("initdb"), "-D", str(self.data), "-U", "todo", "-A", "scram-sha-256", f"--pwfile={given}",
            "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions",
        )  # fmt: skip
        self.start()
        self.execute("CREATE DATABASE todo")

    def url(self, database: str = "todo", port: int | None = None) -> str:
        return f"postgresql://todo:{ENCODED}@127.0.0.1:{port or self.port}/{database}"

    def _run(self, *command: str) -> None:
        done = subprocess.run([*self.as_user, *command], capture_output=True, text=True, cwd="/")
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")

    def execute(self, query: str, database: str = "postgres") -> list[tuple]:
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off",
            "full_page_writes": "off", "shared_buffers": "16MB", "autovacuum": "off", "max_connections": 40,
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with open(self.folder / "log", "ab") as log:
            # A session of its own, so that all of it can be paused.
            self.process = subprocess.Popen(
                [*self.as_user, binary("postgres"), "-D", str(self.data), *options],
                stdout=log, stderr=log, cwd="/", start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + 30
        while True:
            try:
                self.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            # A fast shutdown; it does not wait for clients.
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)

    def _all(self) -> list[int]:
        """The server and its children, each of which has a session of its own."""
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def pause(self) -> None:
        for pid in self._all():
            os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        for pid in self._all():
            os.kill(pid, signal.SIGCONT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    server = Postgres()
    try:
        code = subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": server.url()}).returncode
    finally:
        server.remove()
    sys.exit(code)
