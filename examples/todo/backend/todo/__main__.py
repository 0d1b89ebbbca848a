"""`python -m todo` serves until SIGTERM, and lets requests that have begun end."""

import signal
import sys

import uvicorn

from . import app, settings


def main() -> int:
    found = settings.from_environment()
    config = uvicorn.Config(
        app.make(found),
        host="0.0.0.0",
        port=found.port,
        # The log is ours, lines of requests too (watch.py).
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=20,
    )
    # uvicorn raises the signal again when it has stopped; by then the work is done, and the exit code is 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
