"""What users' files and scripts rely on, as snapshots: commands, keys of campaign files, JSON that commands print."""

import difflib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from journals import journal, table, write
from typer.main import get_command
from typer.testing import CliRunner

from tuning.campaign.file import json_schema
from tuning.cli.app import app
from tuning.journal.home import Home

ROOT = Path(__file__).parent.parent
SNAPSHOTS = Path(__file__).parent / "snapshots"
WRITE = os.environ.get("SEQTUNE_SNAPSHOTS") == "write"
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
CAMPAIGNS = ("single", "replicated")
CONTENT = ("assignment", "data_sha256", "fix", "packages", "settings")
"""Objects whose keys are the campaign's own, written as ``packages.*``."""
TOP_LEVEL = sorted({name.partition(".")[0] for name in PACKAGES})


def snapshot(name: str, lines: Iterable[str]) -> None:
    """Compare lines with a file of ``tests/snapshots``, or write them to it."""
    path = SNAPSHOTS / name
    now = [f"{line}\n" for line in lines]
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(now), encoding="utf-8")
        return
    before = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    if now != before:
        difference = "".join(difflib.unified_diff(before, now, "recorded", "now", n=1))
        pytest.fail(
            f"tests/snapshots/{name} differs:\n\n{difference}\nUsers rely on this. If the change is intended, run "
            "`SEQTUNE_SNAPSHOTS=write pytest tests/test_interfaces.py` and add a line to CHANGELOG.md",
            pytrace=False,
        )


def test_a_difference_from_a_snapshot_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "SNAPSHOTS", tmp_path)
    monkeypatch.setitem(globals(), "WRITE", False)
    (tmp_path / "some.txt").write_text("same\nold\n", encoding="utf-8")
    with pytest.raises(pytest.fail.Exception, match=r"-old\n\+new\n"):
        snapshot("some.txt", ["same", "new"])


# Commands


def commands(command: Any, words: str = "seqtune") -> Iterator[str]:
    """Yield each command with its arguments and options."""
    parameters = [
        "/".join(parameter.opts) if parameter.param_type_name == "option" else parameter.name.upper()
        for parameter in command.params
    ]
    yield " ".join([words, *parameters])
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{words} {name}")


def test_commands_and_options() -> None:
    snapshot("commands.txt", commands(get_command(app)))


# Keys of a campaign file


def keys(schema: dict[str, Any], whole: dict[str, Any], before: str = "") -> Iterator[str]:
    """Yield each key with its default and the values that it is limited to."""
    for name, key in schema["properties"].items():
        options = [key, *key.get("anyOf", ())]
        tables = [whole["$defs"][option["$ref"].rpartition("/")[2]] for option in options if "$ref" in option]
        if tables:
            yield from keys(tables[0], whole, f"{before}{name}.")
        else:
            values = next((option["enum"] for option in options if "enum" in option), None)
            default = json.dumps(key["default"]) if "default" in key else "required"
            yield f"{before}{name}: {default}{f', one of {json.dumps(values)}' if values else ''}"


def test_keys_of_a_campaign_file() -> None:
    schema = json_schema()
    snapshot("campaign-file.txt", keys(schema, schema))


# JSON


def paths(value: Any, before: str = "") -> Iterator[str]:
    """Yield the path of each key, as ``entries[].config.seed``; of null and of an empty list or object too."""
    if isinstance(value, list) and value:
        yield from (path for inner in value for path in paths(inner, f"{before}[]"))
    elif isinstance(value, dict) and value:
        for name, inner in value.items():
            word = "*" if before.rpartition(".")[2] in CONTENT else name
            yield from paths(inner, f"{before}.{word}" if before else word)
    else:
        yield before


def distinct(*documents: Any) -> list[str]:
    """Return the paths of all documents, each once."""
    return list(dict.fromkeys(path for document in documents for path in paths(document)))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a finished campaign of single trials, one of them failed, and a comparison with replicates."""
    place = Home(tmp_path_factory.mktemp("home"))
    journal(place, name="single", scores=(0.5, 0.8, None, 0.65))
    write(
        place.journal("replicated"),
        table({"gru": (0.8, 0.83, 0.84), "rnn": (0.6, 0.62, 0.61)}),
        name="replicated",
        search__replicates=3,
        comparison={"factor": "model.cell"},
    )
    return place.path


def seqtune(*words: object) -> str:
    result = CliRunner().invoke(app, [*map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json_of_an_export(home: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.json" for name in CAMPAIGNS]
    for file in files:
        seqtune("export", file.stem, "--out", file, "--home", home)
    snapshot("export.txt", distinct(*(json.loads(file.read_text(encoding="utf-8")) for file in files)))


@pytest.mark.parametrize("command", ["top", "status"])
def test_json_of_a_campaign(home: Path, command: str) -> None:
    printed = [json.loads(seqtune(command, name, "--json", "--home", home)) for name in CAMPAIGNS]
    snapshot(f"{command}.txt", distinct(*printed))


def test_json_of_all_campaigns(home: Path) -> None:
    snapshot("campaigns.txt", distinct(json.loads(seqtune("status", "--json", "--home", home))))


def test_json_of_a_comparison(home: Path) -> None:
    snapshot("compare.txt", distinct(json.loads(seqtune("compare", "replicated", "--json", "--home", home))))


# Packages


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_a_package_with_a_common_name_is_ours(name: str) -> None:
    found = importlib.import_module(name).__file__
    assert found is not None
    assert Path(found) == ROOT / name / "__init__.py"


def test_every_package_is_listed_in_pyproject() -> None:
    folders = {path.parent for name in TOP_LEVEL for path in (ROOT / name).rglob("*.py")}
    assert sorted(str(path.relative_to(ROOT)).replace(os.sep, ".") for path in folders) == sorted(PACKAGES)


def test_the_wheel_holds_our_packages_whole_and_nothing_else(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in TOP_LEVEL:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("docs", "benchmarks"):
        shutil.copytree(ROOT / name, source / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = "from setuptools.build_meta import build_wheel; import sys; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, tmp_path], cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        archive.extractall(tmp_path / "installed")
    assert sorted(names) == sorted(
        str(path.relative_to(ROOT))
        for package in TOP_LEVEL
        for path in (ROOT / package).rglob("*")
        if path.suffix == ".py" or path.parent.name == "templates"
    )
    where = f"import {', '.join(PACKAGES)}; print({', '.join(f'{name}.__file__' for name in PACKAGES)})"
    done = subprocess.run(
        [sys.executable, "-c", where],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(Path(file).is_relative_to(tmp_path / "installed") for file in done.stdout.split())
