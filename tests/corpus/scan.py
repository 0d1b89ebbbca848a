#!/usr/bin/env python3
"""tests/corpus/scan.py FILE...: every place in manifests that could make a pod dangerous, as JSON lines.

It knows nothing of kinds: it looks at every mapping of every document, wherever it stands. It shares no code with krmor and
reads YAML by `tests/tools/goref`, which is go-yaml; a file that go-yaml refuses is left out. FILE may be `-`: names on stdin.

A line is {file, document, root, kind, apiVersion, name, namespace, local, object, pointer, what}: `document` counts the
documents that are not empty, from 0; `root` is the document's own kind, in GROUP/KIND form; kind, apiVersion, name and
`object` (a pointer) are those of the innermost object around the place; `local` says that an object around it says it is
for local tools only; `pointer` is from the document's root.

With --objects there is a line for every object instead, {file, document, object, kind, apiVersion, name, pod}: `pod` says
whether it holds something that looks like a container (a mapping with `image`, or a list named like one of containers).
"""
import base64
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# A value of goref's dump that JSON writes otherwise; strings come first, so that nothing in them is taken for one.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|i(-?\d+)(:?)|f([0-9a-f]{16}|nan)(:?)|T(\d+-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d))(:?)|\b(true|false|null):')
CONTAINERS = {"containers", "initContainers", "ephemeralContainers", "sidecars", "container", "podSpec", "podTemplate"}
SWITCHES = {"privileged", "hostNetwork", "hostPID", "hostIPC"}


def to_json(dump):
    def one(match):
        text = match.group(0)
        if text.startswith('"'):
            return text
        if match.group(1) is not None:
            return f'"{match.group(1)}":' if match.group(2) else match.group(1)
        if match.group(3) is not None:
            zero = match.group(3) in ("0" * 16, "8" + "0" * 15)
            return f'"{match.group(3)}":' if match.group(4) else "0" if zero else "0.5"
        if match.group(5) is not None:
            return f'"{match.group(5)}"' + match.group(6)
        return f'"{match.group(7)}":'

    return json.loads(TOKEN.sub(one, dump))


def escaped(key):
    return str(key).replace("~", "~0").replace("/", "~1")


def is_object(value):
    return isinstance(value, dict) and isinstance(value.get("apiVersion"), str) and isinstance(value.get("kind"), str)


def hits(value):
    """What is dangerous in one mapping: (pointer below it, what)."""
    for switch in SWITCHES:
        if value.get(switch) is True:
            yield f"/{switch}", f"{switch}: true"
    user = value.get("runAsUser")
    if user == 0 and not isinstance(user, bool) and isinstance(user, (int, float)):
        yield "/runAsUser", "runAsUser: 0"
    path = value.get("hostPath")
    if isinstance(path, dict) and isinstance(path.get("path"), str):
        yield "/hostPath", "hostPath"
    capabilities = value.get("capabilities")
    added = capabilities.get("add") if isinstance(capabilities, dict) else None
    for number, name in enumerate(added if isinstance(added, list) else []):
        if isinstance(name, str) and name != "NET_BIND_SERVICE":
            yield f"/capabilities/add/{number}", f"capability {name}"


class Around:
    """The innermost object around a place."""

    def __init__(self, value, pointer, outer):
        meta = value.get("metadata") if isinstance(value.get("metadata"), dict) else {}
        notes = meta.get("annotations") if isinstance(meta.get("annotations"), dict) else {}
        self.kind, self.api, self.pointer = value["kind"], value["apiVersion"], pointer
        self.name, self.namespace = str(meta.get("name") or meta.get("generateName") or ""), meta.get("namespace")
        self.local = str(notes.get("config.kubernetes.io/local-config")) in ("true", "True") or bool(outer and outer.local)
        self.root = outer.root if outer else (self.api.rpartition("/")[0] + "/" + self.kind)
        self.pod = False

    def fields(self):
        return {"kind": self.kind, "apiVersion": self.api, "name": self.name, "local": self.local, "object": self.pointer, "root": self.root}


def walk(value, pointer, around, objects, found):
    if isinstance(value, dict):
        if is_object(value):
            around = Around(value, pointer, around)
            objects.append(around)
        if around and (isinstance(value.get("image"), str) or CONTAINERS & value.keys()):
            around.pod = True
        # What stands in metadata are names, which may be any word.
        for below, what in hits(value) if not pointer.endswith("/metadata") else ():
            found.append((around, pointer + below, what))
        for key, one in value.items():
            walk(one, f"{pointer}/{escaped(key)}", around, objects, found)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            walk(one, f"{pointer}/{number}", around, objects, found)


def main():
    args = sys.argv[1:]
    every = args[:1] == ["--objects"]
    files = args[1:] if every else args
    if files == ["-"]:
        files = sys.stdin.read().split("\n")
    files = [file for file in files if file]
    goref = subprocess.run([str(HERE.parent / "tools" / "get"), "goref"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    for start in range(0, len(files), 200):
        batch = files[start : start + 200]
        texts = "".join(f"{file}\t{base64.b64encode(pathlib.Path(file).read_bytes()).decode()}\n" for file in batch)
        done = subprocess.run([goref, "-batch", "v3"], input=texts.encode(), check=True, stdout=subprocess.PIPE)
        for line in done.stdout.decode("utf-8", "replace").split("\n"):
            file, _, rest = line.partition("\t")
            state, _, dump = rest.partition("\t")
            if state != "OK":
                continue
            number = -1
            for text in dump.split("\x1e"):
                document = to_json(text) if text else None
                if document is None:
                    continue
                number += 1
                objects, found = [], []
                walk(document, "", None, objects, found)
                lines = [dict(one.fields(), pod=one.pod) for one in objects] if every else [
                    dict(around.fields() if around else {}, pointer=pointer, what=what) for around, pointer, what in found
                ]
                for fields in lines:
                    print(json.dumps(dict({"file": file, "document": number}, **fields)))


main()
