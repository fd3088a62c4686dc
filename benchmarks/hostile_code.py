"""Hostile files of code, and records that name code: nothing of a record is run, and no file ends the command's way."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile_case import DEEP, NAME, OUTSIDE, Case, Sandbox, special, zeros

MARK = "open('../ran', 'w')\n"
"""A change outside of the home, which fails a row."""

SHA256 = hashlib.sha256(MARK.encode()).hexdigest()
OWN = {"code": [{"name": "mine.py", "sha256": SHA256}], "model": {"family": "mine", "hidden": 3}}
"""A trial of a family that only the code knows."""


def code(content: bytes | str) -> Callable[[Sandbox], list[str]]:
    def make(box: Sandbox) -> list[str]:
        return launch(box, box.file("mine.py", content))

    return make


def launch(box: Sandbox, path: str) -> list[str]:
    name = box.campaign()
    file = box.work / name
    file.write_text(f'code = ["{path}"]\n{file.read_text()}')
    return ["launch", name, "--json"]


def linked(make: Callable[[Path], object]) -> Callable[[Sandbox], list[str]]:
    return lambda box: special("mine.py", launch(box, "mine.py"), make)(box)


def suggestion(fields: dict[str, Any], *arguments: str) -> Callable[[Sandbox], list[str]]:
    """Let the first trial of the journal name code; the file lies beside it."""

    def make(box: Sandbox) -> list[str]:
        box.file("mine.py", MARK)
        box.event("suggestion", lambda event: event["trial"].update(fields))
        return list(arguments)

    return make


def exported(fields: dict[str, Any], *arguments: str) -> Callable[[Sandbox], list[str]]:
    def make(box: Sandbox) -> list[str]:
        box.file("mine.py", MARK)
        return [*box.export(lambda document: document["entries"][0]["config"].update(fields)), *arguments]

    return make


def stored(box: Sandbox) -> list[str]:
    box.file("mine.py", MARK)
    return box.artifact_json("campaign.json", lambda event: event["config"].update(code=OWN["code"]))


def named(name: str) -> dict[str, Any]:
    return OWN | {"code": [{"name": name, "sha256": SHA256}]}


FILES = [
    ("a path of no .py file", lambda box: launch(box, "/etc/passwd")),
    ("a link to /dev/zero", linked(zeros)),
    ("a FIFO", linked(os.mkfifo)),
    ("a folder", linked(Path.mkdir)),
    ("60 MB", lambda box: launch(box, box.file("mine.py", "# " + "x" * 60_000_000))),
    ("not UTF-8", code(b"x = '\xff'\n")),
    ("NUL bytes", code(b"x = 1\0\n")),
    ("200,000 nested brackets", code("x = " + "[" * DEEP + "]" * DEEP)),
    ("a sum of 200,000 terms", code("x = 1" + " + 1" * DEEP)),
    ("sys.exit(0)", code("import sys\nsys.exit(0)\n")),
    ("raise KeyboardInterrupt", code("raise KeyboardInterrupt\n")),
    ("recursion without end", code("def f():\n    f()\nf()\n")),
    ("escape sequences in an error", code("raise ValueError('\\x1b[2J\\nseqtune: all is well')\n")),
    ("a name of ours", code("SPACES = {'cnn2d': 1}\n")),
    ("100,000 lines printed", code("print('x\\n' * 100_000)\n")),
]
NAMED = [
    ("of a journal, unknown here", suggestion(OWN, "reproduce", NAME, "--trial", "0"), (2,)),
    ("of a journal, listed", suggestion(OWN, "top", NAME), (0,)),
    ("of a journal, exported", suggestion(OWN, "export", NAME, "--out", "out.json"), (0,)),
    ("of a journal, called ../../../mine.py", suggestion(named(f"{OUTSIDE}/mine.py"), "top", NAME), (2,)),
    ("of a journal, called journal.jsonl", suggestion(named("journal.jsonl"), "top", NAME), (2,)),
    ("of an export", exported(OWN), (2,)),
    ("of an export, another file named", exported(named("mine.py") | {"code": [{"name": "mine.py", "sha256": "0" * 64}]}, "--code", "mine.py"), (2,)),
    ("of an export, 100,000 files", exported(OWN | {"code": [OWN["code"][0]] * 100_000}), (2,)),
    ("of an export, an installed package", exported(OWN | {"code": [{"name": "pytest", "sha256": SHA256, "kind": "package"}]}), (2,)),
    ("of an export, a family without code", exported({"model": OWN["model"]}), (2,)),
    ("of a store", stored, (2,)),
]  # fmt: skip

CODE = [
    *(Case(area="own code", tried=tried, make=make) for tried, make in FILES),
    *(Case(area="named code", tried=tried, make=make, codes=codes) for tried, make, codes in NAMED),
]
