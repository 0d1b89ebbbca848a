"""Carries out the Dockerfiles of this folder without an engine: what their last stages copy lands in `target/todo/APP/root`,
and the tests run it from there. Run as a program it prints the sizes, and fails over the limits of TD-5.

Measured: every file that the last stage has beside its base image, made by the Dockerfile's own commands with this machine's
python, pip, node and npm. Taken as known: the sizes of the base images, unpacked, rounded up; no registry of images was asked.
"""

import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "target" / "todo"
MB = 1_000_000
LIMITS = {"backend": 500 * MB, "frontend": 200 * MB}
# Debian slim with Python is about 130 MB, Alpine with Node 20, npm and yarn about 135 MB.
BASES = {"python:3.11.14-slim-bookworm": 140 * MB, "node:20.20.2-alpine": 140 * MB}


@dataclass
class Stage:
    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)


def parse(text: str) -> list[Stage]:
    """The part of the language that these Dockerfiles use; what is beyond it is an error."""
    joined = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    stages: list[Stage] = []
    for line in filter(None, map(str.strip, joined.replace("\\\n", " ").splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            parts = rest.split()
            if len(parts) not in (1, 3) or (len(parts) == 3 and parts[1] != "AS"):
                raise ValueError(f"not understood: {line}")
            stages.append(Stage(parts[0], parts[2] if len(parts) == 3 else ""))
        elif word in {"WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "CMD"} and rest and stages:
            stages[-1].steps.append((word, rest.strip()))
        else:
            raise ValueError(f"not understood: {line}")
    if not stages:
        raise ValueError("there is no FROM")
    return stages


def context(app: Path) -> list[str]:
    """The files that an engine is handed: `*` and then what `.dockerignore` lets in."""
    rules = [line for line in (app / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    if rules[0] != "*":
        raise ValueError("the first rule of .dockerignore must leave out everything")
    let_in = [rule[1:] for rule in rules if rule.startswith("!")]
    never = [rule.removeprefix("**/") for rule in rules if rule.startswith("**/")]
    if len(let_in) + len(never) + 1 != len(rules):
        raise ValueError("a rule of .dockerignore is not understood")
    found = []
    for name in let_in:
        top = app / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and not set(path.relative_to(app).parts) & set(never):
                found.append(str(path.relative_to(app)))
    return found


def digest(app: Path) -> str:
    """Of all that a build depends on."""
    tools = [platform.python_version(), subprocess.check_output(["node", "--version"], text=True), platform.machine()]
    sums = [json.dumps(tools), hashlib.sha256(Path(__file__).read_bytes()).hexdigest()]
    for name in ["Dockerfile", ".dockerignore", *context(app)]:
        sums.append(f"{name} {hashlib.sha256((app / name).read_bytes()).hexdigest()}")
    return hashlib.sha256("\n".join(sums).encode()).hexdigest()


def inside(root: Path, workdir: str, path: str) -> Path:
    return root / os.path.normpath(os.path.join(workdir, path)).lstrip("/")


def build(app: Path) -> Path:
    """The folder that stands for the root of the image; a build that nothing has changed since is taken as it is."""
    work = TARGET / app.name
    marker, wanted = work / "built", digest(app)
    if marker.exists() and marker.read_text() == wanted:
        return work / "root"
    shutil.rmtree(work, ignore_errors=True)
    given = work / "context"
    for name in context(app):
        (given / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(app / name, given / name)
    stages = parse((app / "Dockerfile").read_text())
    roots: dict[str, Path] = {}
    for number, stage in enumerate(stages):
        root = work / ("root" if number == len(stages) - 1 else f"stage-{stage.name}")
        roots[stage.name] = root
        _stage(stage, root, roots, given)
    marker.write_text(wanted)
    return work / "root"


def _stage(stage: Stage, root: Path, roots: dict[str, Path], given: Path) -> None:
    workdir = "/"
    environment = dict(os.environ)
    for word, rest in stage.steps:
        if word == "WORKDIR":
            workdir = os.path.join(workdir, rest)
            inside(root, workdir, ".").mkdir(parents=True, exist_ok=True)
        elif word == "ENV":
            environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        elif word == "RUN":
            # Relative to WORKDIR, so the same command makes the same files here as in an image.
            if any(part.startswith("/") for part in shlex.split(rest)):
                raise ValueError(f"an absolute path: {rest}")
            done = subprocess.run(
                ["sh", "-ec", rest], cwd=inside(root, workdir, "."), env=environment, capture_output=True, text=True
            )
            if done.returncode:
                raise RuntimeError(f"{rest}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        elif word == "COPY":
            parts = shlex.split(rest)
            source_root = given
            if parts[0].startswith("--from="):
                source_root = roots[parts.pop(0).removeprefix("--from=")]
            *sources, target = parts
            to = inside(root, workdir, target)
            for source in sources:
                _copy(source_root / source.lstrip("/"), to, into=target.endswith("/"))


def _copy(source: Path, to: Path, into: bool) -> None:
    if source.is_dir():
        # As an engine does it: what is in the folder, and not the folder itself.
        shutil.copytree(source, to, symlinks=True, dirs_exist_ok=True)
    else:
        to = to / source.name if into else to
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, to)


def size(root: Path) -> int:
    return sum(path.lstat().st_size for path in root.rglob("*") if path.is_symlink() or path.is_file())


def main() -> int:
    failed = 0
    for name, limit in LIMITS.items():
        root = build(HERE / name)
        base = parse((HERE / name / "Dockerfile").read_text())[-1].base
        own, known = size(root), BASES[base]
        verdict = "fits" if own + known < limit else "TOO LARGE"
        failed += verdict != "fits"
        print(
            f"{name}: {own / MB:.1f} MB measured + {known // MB} MB known of {base}"
            f" = {(own + known) / MB:.0f} MB of {limit // MB} MB: {verdict}"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
