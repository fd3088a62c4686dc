"""The documents are true: commands, keys, campaign files, code, quoted lines and links in them exist and work."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import tomli_w
import torch
from typer import Exit
from typer.main import get_command
from typer.testing import CliRunner

import models.configs
from tuning.campaign.config import CampaignConfig
from tuning.campaign.errors import CampaignError
from tuning.campaign.file import SMALLEST, json_schema, load
from tuning.campaign.messages import key_paths
from tuning.campaign.resume import MAY_CHANGE
from tuning.cli.app import app

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README_BYTES = 8192
SHELL = ("sh", "bash", "console")
FOLDERS = "data|models|search_spaces|tuning|campaigns|examples|benchmarks|tests|docs"
CODE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KEYS = key_paths(CampaignConfig)
TABLES = {path[:1] for path in KEYS if len(path) > 1}
DIALECT = ("told apart", "asked apart", "goes on", "means nothing beside", "whoever")
"""Phrases that have been replaced by terms of the field."""
EVERYWHERE = {"--help", "--install-completion", "--show-completion"}
"""Options that Typer adds."""


class Found(NamedTuple):
    """Something in a document, and where."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.text}"


def check(findings: Iterable[object]) -> None:
    """Fail with all findings, one per line."""
    if listed := [str(finding) for finding in findings]:
        pytest.fail("\n".join([f"{len(listed)} found:", *listed]), pytrace=False)


# What the documents contain


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    """A document with its code blocks blanked, line numbers kept."""
    return CODE.sub(lambda match: "\n" * match[0].count("\n"), read(path))


def occurrences(path: Path, pattern: str, text: str) -> Iterator[Found]:
    """Every occurrence of a pattern, or of its first group, on one line."""
    for match in re.finditer(pattern, text, re.IGNORECASE):
        yield Found(path, text.count("\n", 0, match.start()) + 1, " ".join(match[match.re.groups].split()))


def blocks(*languages: str) -> list[Found]:
    return [
        Found(path, text.count("\n", 0, match.start()) + 1, match[2])
        for path in DOCUMENTS
        for text in [read(path)]
        for match in CODE.finditer(text)
        if match[1] in languages
    ]


def shell_lines() -> Iterator[Found]:
    for block in blocks(*SHELL):
        whole = re.sub(r" *\\\n *", " ", block.text)  # a command may continue on the next line
        for number, line in enumerate(whole.splitlines(), start=1):
            yield Found(block.path, block.line + number, line.removeprefix("$ "))
    makefile = ROOT / "Makefile"
    for number, line in enumerate(read(makefile).splitlines(), start=1):
        yield Found(makefile, number, line.replace("$(BIN)/", "").strip())


SHELL_LINES = list(shell_lines())
SPANS = [span for path in DOCUMENTS for span in occurrences(path, r"`([^`]+)`", prose(path))]
LINKS = [
    link
    for path in DOCUMENTS
    for link in occurrences(path, r"\]\(([^)]+)\)", prose(path))
    if not link.text.startswith(("http://", "https://"))
]


def starting(start: str, *places: list[Found]) -> list[Found]:
    return [found for place in places for found in place if found.text.startswith(start)]


def linked(path: Path) -> set[Path]:
    return {(link.path.parent / link.text).resolve() for link in LINKS if link.path == path}


# Commands


def subcommands(command: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Each command and each command below it, by the words that select it."""
    for name, subcommand in getattr(command, "commands", {}).items():
        yield f"{before}{name}", subcommand
        yield from subcommands(subcommand, f"{before}{name} ")


COMMAND: Any = get_command(app)
COMMANDS = dict(subcommands(COMMAND))


def options(*commands: Any) -> set[str]:
    return EVERYWHERE | {option for command in commands for parameter in command.params for option in parameter.opts}


def selected(words: list[str]) -> tuple[str, list[str]]:
    """The command that a line begins with, ``launch`` or ``datasets fetch``, and the words after it."""
    name = max((name for name in COMMANDS if words[: len(name.split())] == name.split()), key=len, default="")
    return name, words[len(name.split()) :]


def flags(words: list[str]) -> Iterator[str]:
    """The options among the words, without their values."""
    yield from (word.strip(",").partition("=")[0] for word in words if re.match(r"--?\w", word))


def test_command_lines_are_accepted() -> None:
    def rejected() -> Iterator[str]:
        for line in starting("seqtune ", SHELL_LINES):
            _, *words = takewhile(lambda word: word not in (">", "|"), shlex.split(line.text, comments=True))
            name, arguments = selected(words)
            try:
                with (COMMANDS[name] if name else COMMAND).make_context(name, arguments):
                    pass
            except (Exception, Exit) as error:  # noqa: BLE001 - whatever rejects it is a finding
                yield f"{line}: {type(error).__name__} {error}"

    check(rejected())


def test_commands_in_the_text_exist_with_their_options() -> None:
    def unknown() -> Iterator[str]:
        for span in starting("seqtune ", SPANS):
            _, *words = span.text.split()
            name, _ = selected(words)
            if not name and not words[0].isupper() and not words[0].startswith("-"):
                yield f"{span}: no such command"
            known = options(COMMANDS[name] if name else COMMAND)
            yield from (f"{span}: no option {flag}" for flag in flags(words) if flag not in known)

    check(unknown())


def test_options_named_alone_exist() -> None:
    scripts = " ".join(path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").glob("*.py"))
    known = {*options(COMMAND, *COMMANDS.values()), *re.findall(r'add_argument\("(--[\w-]+)"', scripts)}
    check(span for span in starting("-", SPANS) if not known.issuperset(flags(span.text.split())))


def test_the_readme_names_every_command() -> None:
    spans = " ".join(f"`{span.text}`" for span in SPANS if span.path == README)
    check(name for name in COMMANDS if f"`seqtune {name}" not in spans)


def test_help_texts_are_complete_and_not_cut_off() -> None:
    printed = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    cut = [line.strip() for line in printed.splitlines() if re.match(r"  \w.*\.\.\.$", line)]
    without = [f"{name}: no example" for name, command in COMMANDS.items() if "Example: seqtune" not in command.help]
    silent = [
        f"{name}: {' '.join(parameter.opts)} has no help text"
        for name, command in COMMANDS.items()
        for parameter in command.params
        if not parameter.help
    ]
    assert "launch" in printed
    check([*cut, *without, *silent])


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    check(found for found in starting("make ", SHELL_LINES, SPANS) if found.text.split()[1] not in targets)


def test_benchmarks_exist_with_their_options() -> None:
    def unknown() -> Iterator[str]:
        for found in starting("python benchmarks/", SHELL_LINES, SPANS):
            _, script, *words = found.text.split()
            source = read(ROOT / script) if (ROOT / script).exists() else ""
            if not source:
                yield f"{found}: no such file"
            yield from (f"{found}: no option {flag}" for flag in flags(words) if f'"{flag}"' not in source)

    check(unknown())


# Campaign files


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_key_has_a_description() -> None:
    schema = json_schema()
    tables = {"": schema, **{name: table for name, table in schema["$defs"].items() if name != "Bounds"}}
    check(
        f"{table}.{name}"
        for table, inner in tables.items()
        for name, key in inner["properties"].items()
        if "description" not in key and not re.search(r"\$ref", json.dumps(key))
    )


def test_the_example_with_all_keys_has_them_with_their_defaults(tmp_path: Path) -> None:
    (text,) = (block.text for block in blocks("toml") if block.path.name == "campaign-file.md")
    (tmp_path / "example.toml").write_text(text, encoding="utf-8")
    config = load(tmp_path / "example.toml").config
    required = {("name",), ("seed",), ("data", "dataset"), ("space", "name"), ("comparison", "factor")}
    assert {path for path in keys(config.model_dump(exclude_defaults=True)) if path not in TABLES} == required
    assert set(keys(tomllib.loads(re.sub(r"^# (?=[a-z_]+ = )", "", text, flags=re.MULTILINE)))) == {*KEYS}


def keys(document: dict[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every table and key of a campaign file, as paths."""
    for name, value in document.items():
        yield (*before, name)
        if isinstance(value, dict):
            yield from keys(value, (*before, name))


def test_toml_blocks_load(tmp_path: Path) -> None:
    def broken() -> Iterator[str]:
        whole = tomllib.loads("\n".join(SMALLEST))
        path = tmp_path / "campaign.toml"
        for block in blocks("toml"):
            part = tomllib.loads(block.text)
            filled = {
                key: value | part.get(key, {}) if isinstance(value, dict) else value for key, value in whole.items()
            }
            path.write_text(tomli_w.dumps(part if "name" in part else part | filled), encoding="utf-8")
            try:
                load(path)
            except CampaignError as error:
                yield f"{block.path.relative_to(ROOT)}:{block.line}: {error}"

    check(broken())


def test_campaign_files_name_the_schema_and_follow_it() -> None:
    def wrong() -> Iterator[str]:
        validator = jsonschema.Draft202012Validator(json.loads(read(ROOT / "docs/campaign.schema.json")))
        files = sorted(ROOT.glob("campaigns/**/*.toml"))
        assert files
        for path in files:
            name = path.relative_to(ROOT)
            start, _, schema = read(path).partition("\n")[0].partition(" ")
            if start != "#:schema" or (path.parent / schema).resolve() != ROOT / "docs/campaign.schema.json":
                yield f"{name}: the first line does not name docs/campaign.schema.json"
            for error in validator.iter_errors(tomllib.loads(read(path))):
                yield f"{name}: {error.json_path}: {error.message}"

    check(wrong())


def test_keys_that_may_change_between_launches_are_listed() -> None:
    def different() -> Iterator[str]:
        for name in ("docs/reproducibility.md", "docs/adr/0013-what-may-change.md", "docs/campaign-file.md"):
            paragraphs = [re.findall(r"`([a-z]+\.[a-z_]+)`", text) for text in prose(ROOT / name).split("\n\n")]
            if not any(keys == list(MAY_CHANGE) for keys in paragraphs):
                yield f"{name}: no paragraph lists exactly {', '.join(MAY_CHANGE)}"

    check(different())


# Pages


def test_the_readme_is_short() -> None:
    assert len(README.read_bytes()) <= README_BYTES


def test_every_page_is_linked_from_the_readme() -> None:
    check(
        path.name
        for path in [CONTRIBUTING, ROOT / "CHANGELOG.md", *ROOT.glob("docs/*.md")]
        if path not in linked(README)
    )


def test_every_decision_is_linked_from_the_guide() -> None:
    check(path.name for path in ROOT.glob("docs/adr/*.md") if path not in linked(CONTRIBUTING))


def test_the_changelog_has_an_entry_for_this_version() -> None:
    assert f"## [{PROJECT['version']}]" in read(ROOT / "CHANGELOG.md")


def test_every_required_package_is_listed_with_its_use() -> None:
    section = read(CONTRIBUTING).partition("## Dependencies")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| ([\w\[\]-]+) \|", section, re.MULTILINE))
    check({re.split(r"[>=<]", requirement)[0] for requirement in PROJECT["dependencies"]} - listed)


def test_links_lead_somewhere() -> None:
    def dead() -> Iterator[Found]:
        for link in LINKS:
            name, _, anchor = link.text.partition("#")
            target = (link.path.parent / name).resolve() if name else link.path
            if not target.exists() or not target.is_relative_to(ROOT) or (anchor and anchor not in anchors(target)):
                yield link

    check(dead())


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_files_named_in_the_text_exist() -> None:
    examples = {block.text.partition("\n")[0].removeprefix("# ") for block in blocks("python")}
    named = [span for span in SPANS if re.fullmatch(rf"({FOLDERS})/[\w./-]*", span.text) and "NAME" not in span.text]
    check(span for span in named if not (ROOT / span.text).exists() and span.text not in examples)


def test_tests_named_in_the_text_exist() -> None:
    named = [found for path in DOCUMENTS for found in occurrences(path, r"\[(tests/[\w/]+\.py::\w+)\]", prose(path))]
    assert named

    def unknown() -> Iterator[Found]:
        for found in named:
            file, _, name = found.text.partition("::")
            if not (ROOT / file).exists() or f"def {name}(" not in read(ROOT / file):
                yield found

    check(unknown())


def test_quoted_lines_are_in_their_file() -> None:
    def missing() -> Iterator[str]:
        for block in blocks("diff"):
            head, *lines = block.text.splitlines()
            kept = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
            if not kept or kept not in read(ROOT / head.removeprefix("--- ")):
                yield f"{block.path.relative_to(ROOT)}:{block.line}: {head}"

    check(missing())


def test_the_text_uses_terms_of_the_field() -> None:
    paths = [README, *ROOT.glob("docs/*.md"), *ROOT.glob("tuning/cli/*.py")]
    pattern = "|".join(phrase.replace(" ", r"\s+") for phrase in DIALECT)
    check(found for path in paths for found in occurrences(path, rf"\b(?:{pattern})\b", read(path)))


# Code in the guide


@pytest.fixture
def guide(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the guide's Python blocks define, run one after another."""
    names: dict[str, Any] = {"__name__": "guide"}
    for block in blocks("python"):
        exec(compile(block.text, f"{block.path}:{block.line}", "exec"), names)  # noqa: S102 - our own documents
        monkeypatch.setattr(models.configs, "MeanConfig", names["MeanConfig"], raising=False)
    return names


def test_the_model_in_the_guide_answers_and_ignores_padding(guide: dict[str, Any]) -> None:
    torch.manual_seed(0)
    model = guide["Mean"](guide["MeanConfig"](), steps=6, channels=2, outputs=3)
    x = torch.randn(4, 6, 2)
    lengths = torch.tensor([6, 2, 3, 1])
    dirty = torch.where(torch.arange(6)[None, :, None] < lengths[:, None, None], x, 7.0)
    assert torch.equal(model(x, lengths), model(dirty, lengths))
    assert model(x, lengths).shape == (4, 3)


def test_the_space_and_the_data_set_in_the_guide_work(guide: dict[str, Any]) -> None:
    assert set(guide["WIDE"].dimensions) == {"model.hidden", "model.dropout"}
    assert guide["SINES"].load(None, ()).rows.x.shape == (400, 50, 1)
