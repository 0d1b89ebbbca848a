import json

import pytest

from .conftest import Backend

TASKS = "/api/tasks"


def add(backend: Backend, title: str) -> dict:
    answer = backend.ask("POST", TASKS, {"title": title})
    assert answer.status == 201, answer
    return answer.json


def test_a_task_from_its_beginning_to_its_end(backend: Backend) -> None:
    task = add(backend, "  buy milk ")
    assert task["title"] == "buy milk" and task["done"] is False and task["created"].startswith("20")
    at = f"{TASKS}/{task['id']}"
    assert backend.ask("GET", at).json == task
    assert backend.ask("PATCH", at, {"done": True}).json == {**task, "done": True}
    assert backend.ask("PATCH", at, {"title": "buy oat milk"}).json["title"] == "buy oat milk"
    assert backend.ask("GET", at).json["done"] is True
    gone = backend.ask("DELETE", at)
    assert (gone.status, gone.text) == (204, "")
    for method, body in (("GET", None), ("PATCH", {"done": True}), ("DELETE", None)):
        answer = backend.ask(method, at, body)
        assert answer.status == 404 and answer.json == {"detail": "There is no such task."}


def test_the_list_has_pages_and_a_filter(backend: Backend) -> None:
    ids = [add(backend, f"page {number}")["id"] for number in range(5)]
    backend.ask("PATCH", f"{TASKS}/{ids[0]}", {"done": True})
    first = backend.ask("GET", f"{TASKS}?limit=2").json
    assert [task["id"] for task in first["tasks"]] == ids[:2:-1] and first["more"] is True
    second = backend.ask("GET", f"{TASKS}?limit=2&before={ids[3]}").json
    assert [task["id"] for task in second["tasks"]] == [ids[2], ids[1]]
    assert ids[0] in [task["id"] for task in backend.ask("GET", f"{TASKS}?done=true").json["tasks"]]
    assert ids[0] not in [task["id"] for task in backend.ask("GET", f"{TASKS}?done=false").json["tasks"]]


@pytest.mark.parametrize("title", ["x", "x" * 200, "ümläut 🎉", "'; DROP TABLE task; --", "<script>alert(1)</script>"])
def test_titles_come_back_as_they_were(backend: Backend, title: str) -> None:
    assert add(backend, title)["title"] == title


WRONG = [
    ("POST", TASKS, {}),
    ("POST", TASKS, {"title": ""}),
    ("POST", TASKS, {"title": "   "}),
    ("POST", TASKS, {"title": "secret-" + "x" * 200}),
    ("POST", TASKS, {"title": None}),
    ("POST", TASKS, {"title": 5}),
    ("POST", TASKS, {"title": "nul \0"}),
    ("POST", TASKS, {"title": "two\nlines"}),
    ("POST", TASKS, {"title": "half a pair \ud800"}),
    ("POST", TASKS, {"title": "x", "half \ud800": 1}),
    ("POST", TASKS, {"title": "x", "done": "yes"}),
    ("POST", TASKS, {"title": "x", "id": 7}),
    ("POST", TASKS, ["x"]),
    ("PATCH", f"{TASKS}/1", {}),
    ("PATCH", f"{TASKS}/1", {"done": None}),
    ("PATCH", f"{TASKS}/1", {"title": ""}),
    ("GET", f"{TASKS}/milk", None),
    ("GET", f"{TASKS}/0", None),
    ("GET", f"{TASKS}/9223372036854775808", None),
    ("GET", f"{TASKS}?limit=0", None),
    ("GET", f"{TASKS}?limit=201", None),
    ("GET", f"{TASKS}?before=x", None),
]


@pytest.mark.parametrize(("method", "path", "body"), WRONG)
def test_what_is_wrong_is_said_as_json_and_not_repeated(backend: Backend, method: str, path: str, body: object) -> None:
    answer = backend.ask(method, path, body)
    assert answer.status == 422, answer
    assert answer.headers["content-type"] == "application/json"
    assert all({"loc", "msg", "type"} == set(problem) for problem in answer.json["detail"])
    assert "secret-" not in answer.text


def test_what_is_no_request_of_this_api(backend: Backend) -> None:
    as_json = {"Content-Type": "application/json"}
    assert backend.ask("GET", "/nowhere").json == {"detail": "Not Found"}
    assert backend.ask("PUT", TASKS, {"title": "x"}).status == 405
    assert backend.ask("POST", TASKS, raw=b"{", headers=as_json).status == 422
    assert backend.ask("POST", TASKS, raw=b"\xff\xfe", headers=as_json).status in (400, 422)
    assert backend.ask("POST", TASKS, raw=b"[" * 60_000, headers=as_json).status in (400, 422)
    assert backend.ask("POST", TASKS, raw=b"title=x", headers={"Content-Type": "text/plain"}).status == 422
    assert backend.ask("GET", "/docs").status == 404


def test_a_large_body_is_refused_with_and_without_a_length(backend: Backend) -> None:
    large = json.dumps({"title": "x" * 70_000}).encode()
    as_json = {"Content-Type": "application/json"}
    assert backend.ask("POST", TASKS, raw=large, headers=as_json).status == 413
    # http.client sends an iterator in chunks.
    assert backend.ask("POST", TASKS, raw=iter([large]), headers=as_json).status == 413  # type: ignore[arg-type]
    small = json.dumps({"title": "in chunks"}).encode()
    assert backend.ask("POST", TASKS, raw=iter([small[:5], small[5:]]), headers=as_json).status == 201  # type: ignore[arg-type]
