"""TD-7: a real Prometheus with the chart's own configuration scrapes the real program, and the dashboard's queries return data."""

import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Backend
from .postgres import Postgres, free_port

FILES = Path(__file__).resolve().parents[2] / "helm/todo/files"
# Where `../../test` has unpacked Debian's package.
PROGRAMS = Path(os.environ.get("TODO_PROMETHEUS", "/usr/bin"))
pytestmark = pytest.mark.skipif(not (PROGRAMS / "prometheus").exists(), reason="no prometheus: run examples/todo/test")


def queries() -> list[tuple[str, str]]:
    """Title and query of each line of each panel."""
    panels = json.loads((FILES / "todo.json").read_text())["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]


class Prometheus:
    def __init__(self, folder: Path, config: str) -> None:
        (folder / "prometheus.yml").write_text(config)
        self.port = free_port()
        self.log = (folder / "log").open("w+")
        self.process = subprocess.Popen(
            [
                PROGRAMS / "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            stdout=self.log, stderr=subprocess.STDOUT, cwd=folder,
        )  # fmt: skip

    def ask(self, query: str) -> list[dict]:
        address = f"http://127.0.0.1:{self.port}/api/v1/query?query={urllib.parse.quote(query)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)["data"]["result"]

    def until(self, query: str, seconds: float) -> list[dict]:
        """What it answers as soon as there is a value that is a number; nothing when the time is over."""
        end = time.monotonic() + seconds
        while True:
            try:
                found = [one for one in self.ask(query) if one["value"][1] != "NaN"]
            except urllib.error.HTTPError as error:
                pytest.fail(f"{query}: {error.read().decode()}")
            except OSError:
                # It is starting.
                assert self.process.poll() is None, Path(self.log.name).read_text()
                found = []
            if found or time.monotonic() > end:
                return found
            time.sleep(0.3)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


@pytest.fixture
def scraped(server: Postgres, tmp_path: Path) -> Iterator[tuple[Prometheus, Backend]]:
    config = (FILES / "prometheus.yml").read_text().replace("scrape_interval: 15s", "scrape_interval: 1s")
    one = Backend(server.url())
    # Where the cluster's DNS would say the addresses of the pods.
    target = f'static_configs:\n      - targets: ["127.0.0.1:{one.port}"]\n'
    config, count = re.subn(r"dns_sd_configs:\n      - names: \[todo-backend-pods\]\n        type: A\n        port: 8000\n", target, config)
    assert count == 1, config
    prometheus = Prometheus(tmp_path, config)
    yield prometheus, one
    prometheus.stop()
    one.stop()


def test_td_7_the_charts_configuration_is_one_that_prometheus_takes() -> None:
    command = [PROGRAMS / "promtool", "check", "config", FILES / "prometheus.yml"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and "is valid prometheus config file" in done.stdout, done.stdout + done.stderr


def test_td_7_every_query_of_the_dashboard_returns_data(scraped: tuple[Prometheus, Backend]) -> None:
    prometheus, backend = scraped
    assert prometheus.until('up{job="todo-backend"} == 1', 20)
    # A rate needs two scrapes between which something happened.
    for _ in range(25):
        id = backend.ask("POST", "/api/tasks", {"title": "measured"}).json["id"]
        backend.ask("GET", f"/api/tasks/{id}")
        backend.ask("DELETE", f"/api/tasks/{id}")
        time.sleep(0.1)
    titles = set()
    for title, query in queries():
        found = prometheus.until(query.replace("$__rate_interval", "10s"), 15)
        assert found, f"{title} shows nothing: {query}"
        assert any(float(one["value"][1]) > 0 for one in found), (query, found)
        titles.add(title)
    assert titles == {"Request rate", "Latency", "CPU", "Memory"}
    # Probes and scrapes would hide what people do.
    (rate,) = [query for title, query in queries() if title == "Request rate"]
    routes = {one["metric"]["route"] for one in prometheus.ask(rate.replace("$__rate_interval", "1m"))}
    assert routes == {"/api/tasks", "/api/tasks/{id}"}
    # A name that is wrong would be seen.
    assert not prometheus.until("rate(http_request_total[10s])", 0)
