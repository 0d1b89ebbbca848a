"""TD-5: what the Dockerfiles say, and what their last stages hold."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))
import images  # noqa: E402

APPS = ["backend", "frontend"]


@pytest.fixture(params=APPS)
def app(request: pytest.FixtureRequest) -> Path:
    return HERE / request.param


def stages(app: Path) -> list:
    return images.parse((app / "Dockerfile").read_text())


def test_td_5_bases_have_a_version(app: Path) -> None:
    for stage in stages(app):
        name, _, tag = stage.base.partition(":")
        assert re.match(r"\d+\.\d+\.\d+", tag), stage.base
        assert "latest" not in tag and "/" not in name
    assert len({stage.base for stage in stages(app)}) == 1
    assert stages(app)[-1].base in images.BASES


def test_the_last_stage_only_copies(app: Path) -> None:
    last = stages(app)[-1]
    words = [word for word, _ in last.steps]
    assert "RUN" not in words and len(stages(app)) == 2
    (user,) = [rest for word, rest in last.steps if word == "USER"]
    assert re.fullmatch(r"[1-9]\d*(:\d+)?", user)
    assert words.index("USER") > max(place for place, word in enumerate(words) if word == "COPY")
    (command,) = [rest for word, rest in last.steps if word == "CMD"]
    # A shell in between would not hand on SIGTERM.
    assert isinstance(json.loads(command), list)


def test_td_5_nothing_is_fetched_by_address_and_no_secret_is_set(app: Path) -> None:
    text = (app / "Dockerfile").read_text()
    assert not re.search(r"https?://|^ADD\b|^ARG\b|curl|wget|apt-get|apk ", text, re.M)
    for stage in stages(app):
        for word, rest in stage.steps:
            assert not (word == "ENV" and re.search(r"PASSWORD|SECRET|TOKEN|KEY|_URL", rest))


@pytest.mark.parametrize(
    "text",
    ["", "RUN x", "FROM a\nADD x y", "FROM a\nARG x", "FROM a AS", "FROM a\nHEALTHCHECK x", "FROM --platform=x a"],
)
def test_what_the_reader_does_not_know_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        images.parse(text)


def test_the_context_has_no_tests_and_no_dev_files(app: Path) -> None:
    found = images.context(app)
    assert found and not [name for name in found if re.search(r"test|dev|e2e|node_modules|\.env|__pycache__", name)]
    # What the Dockerfile copies is there, and nothing beside it.
    copied = [
        name for stage in stages(app) for word, rest in stage.steps
        if word == "COPY" and not rest.startswith("--from") for name in rest.split()[:-1]
    ]  # fmt: skip
    assert {name.split("/")[0] for name in found} == set(copied)


def test_td_5_the_images_hold_no_dev_dependency(app: Path) -> None:
    root = images.build(app) / "app"
    modules = root / ("lib" if app.name == "backend" else "node_modules")
    names = {path.name for folder in (root, modules) for path in folder.iterdir()}
    assert not names & {"pytest", "_pytest", "pluggy", "pip", "typescript", "playwright-core", "@types", "@img", "sharp", "tests", "e2e"}
    # Nothing in it is compiled for one machine: built on Debian, it runs on Alpine.
    if app.name == "frontend":
        assert not list(root.rglob("*.node"))
        assert {"next", "react", "react-dom"} <= {path.name for path in (root / "node_modules").iterdir()}


def test_the_backend_holds_what_is_pinned_and_no_more() -> None:
    pinned = set(re.findall(r"^([a-z0-9-]+)==(\S+)", (HERE / "backend/requirements.txt").read_text(), re.M))
    lib = images.build(HERE / "backend") / "app/lib"
    there = set()
    for folder in lib.glob("*.dist-info"):
        name, version = folder.name.removesuffix(".dist-info").split("-")
        there.add((name.lower().replace("_", "-"), version))
    assert there == pinned


def test_every_pin_has_hashes() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (HERE / "backend" / name).read_text()
        for block in re.split(r"\n(?=\S)", text):
            if not block.startswith("#"):
                assert "==" in block and "--hash=sha256:" in block, block
    lock = json.loads((HERE / "frontend/package-lock.json").read_text())
    for name, package in lock["packages"].items():
        assert not name or "integrity" in package, name
    package = json.loads((HERE / "frontend/package.json").read_text())
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())


def files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "."], cwd=HERE, capture_output=True, text=True)
    return [HERE / name for name in listed.stdout.splitlines()]


def test_no_file_names_a_registry_or_a_place_of_one_machine() -> None:
    found = files()
    if not found:
        pytest.skip("not a git checkout")
    root = str(HERE.parents[1])
    hosts = ["registry" + ".npmjs", "pypi" + ".org", "pythonhosted" + ".org", '"reso' + 'lved":', "--find" + "-links", "fonts.goo" + "gle"]
    for path in found:
        text = path.read_text("utf-8")
        assert not [host for host in hosts if host in text], path
        assert root not in text, path


def test_td_5_what_is_over_the_limit_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert images.main() == 0
    monkeypatch.setattr(images, "LIMITS", {"backend": 500 * images.MB, "frontend": 150 * images.MB})
    assert images.main() == 1
    assert "TOO LARGE" in capsys.readouterr().out


def test_a_change_builds_anew(tmp_path: Path) -> None:
    app = tmp_path / "app"
    (app / "code").mkdir(parents=True)
    (app / ".dockerignore").write_text("*\n!code\n")
    (app / "Dockerfile").write_text("FROM a:1.0.0\nWORKDIR /x\nCOPY code code\nRUN cat code/* > all\n")
    (app / "code/one").write_text("1")
    before = images.digest(app)
    os.utime(app / "code/one", (0, 0))
    assert images.digest(app) == before
    (app / "code/one").write_text("2")
    assert images.digest(app) != before
