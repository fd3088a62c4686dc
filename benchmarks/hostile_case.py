"""One hostile input: what is tried, how it is made, and the command that meets it."""

import json
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME = "good"
"""The campaign of the template: two trials of one epoch, finished and published."""

CAMPAIGN = f"""\
name = "{NAME}"
seed = 7
[data]
dataset = "table.csv"
[space]
name = "cnn2d"
fix = {{ hidden = 62, blocks = 1, layers = 2 }}
[search]
trials = 2
window = 2
startup_trials = 2
[train]
epochs = 1
"""


DEEP = 200_000
OUTSIDE = "../../.."
HUGE = 10**12
LONG = "9" * 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The working directory of one command, a copy of the template.  Beside it nothing may be written."""

    work: Path

    @property
    def home(self) -> Path:
        """The home."""
        return self.work / "home"

    @property
    def journal(self) -> Path:
        """The journal of the finished campaign."""
        return self.home / "campaigns" / NAME / "journal.jsonl"

    @property
    def store(self) -> Path:
        """A copy of the home's MLflow store."""
        return self.home / "mlflow.db"

    def file(self, name: str, content: bytes | str) -> str:
        """Write a file; return its name."""
        (self.work / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def campaign(self, text: str = "", **replaced: str) -> str:
        """Write a campaign file of another name: lines of the good one replaced, lines added.  Return its name."""
        whole = CAMPAIGN.replace(f'"{NAME}"', '"hostile"')
        for key, value in replaced.items():
            line = next(line for line in whole.splitlines() if line.startswith(f"{key} ="))
            whole = whole.replace(line, f"{key} = {value}")
        return self.file("hostile.toml", whole + text)

    def data(self, name: str, content: bytes | str, options: str = "") -> list[str]:
        """Write a data file and a campaign on it; return the launch."""
        return self.on(self.file(name, content), options)

    def on(self, dataset: str, options: str = "") -> list[str]:
        """Write a campaign on a data set; return the launch."""
        return ["launch", self.campaign(dataset=f'"{dataset}"\n{options}')]

    def events(self) -> list[dict[str, Any]]:
        """Return the events of the good journal."""
        events = [json.loads(line) for line in self.journal.read_text().splitlines()]
        return [{key: value for key, value in event.items() if key != "crc"} for event in events]

    def write_events(self, events: list[Any]) -> None:
        """Write a journal whose checksums match."""
        self.journal.write_text("".join(sealed(json.dumps(event)) for event in events))

    def event(self, kind: str, change: Callable[[dict[str, Any]], object], *, unfinished: bool = False) -> None:
        """Change the first event of a kind.  unfinished: drop what follows the second trial's start."""
        events = self.events()
        if unfinished:
            starts = [n for n, event in enumerate(events) if event["kind"] == "start"]
            events = events[: starts[-1] + 1]
        change(next(event for event in events if event["kind"] == kind))
        self.write_events(events)

    def append(self, event: dict[str, Any]) -> None:
        """Append one event to the good journal."""
        events = self.events()
        self.write_events([*events, {"n": len(events), "at": events[-1]["at"], **event}])

    def export(self, change: Callable[[dict[str, Any]], object], name: str = "export.json") -> list[str]:
        """Change the good export; return the command that reproduces its first entry."""
        document = json.loads((self.work / "export.json").read_text())
        change(document)
        self.file(name, json.dumps(document))
        return reproduce(name)

    def sql(self, *statements: str) -> list[str]:
        """Change the MLflow store; return the command that adopts the campaign from it."""
        connection = sqlite3.connect(self.store)
        with connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()
        return self.adopt()

    def adopt(self) -> list[str]:
        """Return the command that adopts the campaign into an empty home."""
        shutil.move(self.home / "campaigns", self.work / "campaigns-before")
        return ["adopt", NAME, "--tracking-uri", f"sqlite:///{self.store}"]

    def tag(self, key: str, value: str | None) -> list[str]:
        """Set or remove a tag of every run that has it; return the adoption."""
        where = f"WHERE key = 'seqtune.{key}'"
        if value is None:
            return self.sql(f"DELETE FROM tags {where}")
        return self.sql(f"UPDATE tags SET value = '{value}' {where}")

    def artifact(self, name: str) -> Path:
        """Return one of the first trial's (or the campaign's) files in the store."""
        return min(self.home.glob(f"mlartifacts/**/{name}"))

    def artifact_json(self, name: str, change: Callable[[dict[str, Any]], object]) -> list[str]:
        """Change a JSON file of the store; return the adoption."""
        path = self.artifact(name)
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))
        return self.adopt()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row of the table.

    make: write the input into a sandbox, return the command's arguments without ``--home``.  codes: the exit codes
    that are right; 2 is a refusal with a message.
    """

    area: str
    tried: str
    make: Callable[[Sandbox], list[str]]
    codes: tuple[int, ...] = field(default=(2,))


def sealed(line: str) -> str:
    """Return a journal's line: a JSON object, and its checksum as the last key."""
    body = line.removesuffix("}")
    return f'{body},"crc":"{zlib.crc32(body.encode()):08x}"}}\n'


def reproduce(name: str) -> list[str]:
    """Return the command that reproduces an export's first entry."""
    return ["reproduce", name, "--rank", "1"]


def special(name: str, arguments: list[str], make: Callable[[Path], object]) -> Callable[[Sandbox], list[str]]:
    """Put something that is no file in the place of one."""

    def made(box: Sandbox) -> list[str]:
        path = box.work / name
        path.unlink(missing_ok=True)
        make(path)
        return arguments

    return made


def zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def nested(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for _ in range(levels):
        document = {"a": document}
    return document
