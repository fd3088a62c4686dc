"""The documents say what is so: commands, campaign files, code, quoted lines and links in them are real."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import pytest
import tomli_w
import torch
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.main import get_command

import models.configs
from tuning.campaign.config import CampaignConfig
from tuning.campaign.file import SMALLEST, load
from tuning.campaign.objective import METRICS
from tuning.campaign.resume import MAY_CHANGE
from tuning.cli.app import app

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
COMMAND = get_command(app)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SHELL = ("sh", "bash", "console")
ROOMS = "data|models|search_spaces|tuning|campaigns|benchmarks|tests|docs"
CODE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Found(NamedTuple):
    """Something in a document, and where."""

    path: Path
    line: int
    text: str


def named(found: list[Found]) -> pytest.MarkDecorator:
    """Run a test once for each, told by document and line."""
    return pytest.mark.parametrize("found", found, ids=[f"{one.path.relative_to(ROOT)}:{one.line}" for one in found])


def found_in(path: Path, pattern: str, text: str | None = None) -> Iterator[Found]:
    """Yield the pattern's first group, everywhere, whitespace made single."""
    whole = path.read_text(encoding="utf-8") if text is None else text
    for match in re.finditer(pattern, whole):
        yield Found(path, whole.count("\n", 0, match.start()) + 1, " ".join(match[1].split()))


def blocks(*languages: str) -> list[Found]:
    return [
        Found(path, text.count("\n", 0, match.start()) + 1, match[2])
        for path in DOCUMENTS
        for text in [path.read_text(encoding="utf-8")]
        for match in CODE.finditer(text)
        if match[1] in languages
    ]


def prose(path: Path) -> str:
    """A document with its code blocks blanked, line numbers kept."""
    return CODE.sub(lambda match: "\n" * match[0].count("\n"), path.read_text(encoding="utf-8"))


def shell_lines() -> Iterator[Found]:
    for block in blocks(*SHELL):
        whole = re.sub(r" *\\\n *", " ", block.text)  # a command may go on in the next line
        for number, line in enumerate(whole.splitlines(), start=1):
            yield Found(block.path, block.line + number, line.removeprefix("$ "))
    makefile = ROOT / "Makefile"
    for number, line in enumerate(makefile.read_text(encoding="utf-8").splitlines(), start=1):
        yield Found(makefile, number, line.replace("$(BIN)/", "").strip())


SHELL_LINES = list(shell_lines())
SPANS = [one for path in DOCUMENTS for one in found_in(path, r"`([^`]+)`", prose(path))]


def readme_campaign() -> str:
    """The block that claims to hold every key."""
    (block,) = (one.text for one in blocks("toml") if one.path == README and one.text.startswith("name ="))
    return block


def uncommented(text: str) -> dict[str, Any]:
    """The keys behind a # as well."""
    return tomllib.loads(re.sub(r"^# (?=[a-z_]+ = )", "", text, flags=re.MULTILINE))


def entry(path: tuple[str, ...]) -> str:
    """A key's line in the README, with the lines that go on with its comment."""
    table = readme_campaign().partition(f"[{path[0]}]\n")[2] if path[1:] else readme_campaign()
    found = re.search(rf"^(# )?{path[-1]} = .*\n( +#.*\n)*", table, re.MULTILINE)
    assert found
    return found[0]


def at(document: dict[str, Any], path: tuple[str, ...]) -> Any:
    for word in path:
        document = document[word]
    return document


def leaves(model: type[BaseModel], before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every key that holds a value, with its field; those of a table that may be left out as well."""
    for name, field in model.model_fields.items():
        alternatives = get_args(field.annotation) or (field.annotation,)
        tables = [one for one in alternatives if isinstance(one, type) and issubclass(one, BaseModel)]
        if tables:
            yield from leaves(tables[0], (*before, name))
        else:
            yield (*before, name), field


def literals(annotation: Any) -> Iterator[str]:
    """The texts that an annotation allows."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for inner in get_args(annotation):
            yield from literals(inner)


KEYS = dict(leaves(CampaignConfig))
ALLOWED = {path: list(literals(field.annotation)) for path, field in KEYS.items()} | {
    ("objective", "metric"): list(METRICS)
}


def every_command(command: Any = COMMAND, before: str = "") -> Iterator[tuple[str, Any]]:
    """Each verb, and each verb below a verb, with its command."""
    for name, one in getattr(command, "commands", {}).items():
        yield f"{before}{name}", one
        yield from every_command(one, f"{before}{name} ")


COMMANDS = dict(every_command())


def verb_of(words: list[str]) -> tuple[str, list[str]]:
    """The verb that a command line begins with, `launch` or `datasets fetch`, and what follows it."""
    verb = max((verb for verb in COMMANDS if words[: len(verb.split())] == verb.split()), key=len, default="")
    return verb, words[len(verb.split()) :]


@named([one for one in SHELL_LINES if one.text.startswith("seqtune ")])
def test_a_command_line_in_a_document_is_accepted(found: Found) -> None:
    _, *words = shlex.split(found.text, comments=True)
    verb, arguments = verb_of(words)
    with COMMANDS[verb].make_context(verb, arguments):
        pass


@named([one for one in SPANS if one.text.startswith("seqtune ")])
def test_a_command_in_the_text_has_a_verb_and_options_that_exist(found: Found) -> None:
    _, *words = found.text.split()
    options = {option for parameter in COMMAND.params for option in parameter.opts} | {"--help"}
    if not words[0].startswith("-") and words[0] != "VERB":
        verb, words = verb_of(words)
        assert verb in COMMANDS
        options |= {option for parameter in COMMANDS[verb].params for option in parameter.opts}
    for word in words:
        if word.startswith("-"):
            assert word.partition("=")[0] in options


@named([one for one in SPANS if one.text.startswith("-")])
def test_an_option_named_alone_is_one_of_some_command(found: Found) -> None:
    commands = [COMMAND, *COMMANDS.values()]
    options = {option for command in commands for parameter in command.params for option in parameter.opts}
    words = {word for word in found.text.split() if word.startswith("-") and word != "-"}
    assert words <= options | {"-small"}


def test_every_verb_stands_in_the_readme() -> None:
    spans = " ".join(f"`{one.text}`" for one in SPANS if one.path == README)
    missing = [verb for verb in COMMANDS if f"`seqtune {verb}" not in spans]
    assert missing == []


@named([one for one in [*SHELL_LINES, *SPANS] if one.text.startswith("make ")])
def test_a_make_target_exists(found: Found) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{found.text.split()[1]}:", makefile, re.MULTILINE)


@named([one for one in [*SHELL_LINES, *SPANS] if one.text.startswith("python benchmarks/")])
def test_a_benchmark_exists_and_knows_its_options(found: Found) -> None:
    _, script, *words = found.text.split()
    source = (ROOT / script).read_text(encoding="utf-8")
    for word in words:
        if word.startswith("-"):
            assert f'"{word}"' in source


@named(blocks("toml"))
def test_a_campaign_or_a_part_of_one_loads(found: Found, tmp_path: Path) -> None:
    part = tomllib.loads(found.text)
    whole = tomllib.loads(SMALLEST)
    merged = {key: value | part.get(key, {}) if isinstance(value, dict) else value for key, value in whole.items()}
    path = tmp_path / "campaign.toml"
    path.write_text(tomli_w.dumps(part if "name" in part else part | merged), encoding="utf-8")
    load(path)


def test_the_readme_names_every_key_of_a_campaign_file() -> None:
    document = uncommented(readme_campaign())
    CampaignConfig.model_validate(document)
    keys = [(a, b) for a, t in document.items() if isinstance(t, dict) for b in t]
    assert {*keys, *((word,) for word in document)} == {*KEYS, *(path[:1] for path in KEYS)}


@pytest.mark.parametrize("path", KEYS, ids=".".join)
def test_a_key_has_in_the_readme_the_default_that_it_has(path: tuple[str, ...]) -> None:
    field = KEYS[path]
    if field.is_required():
        assert "required" in entry(path)
    elif field.default is None:
        assert entry(path).startswith("# ")
    else:
        assert at(uncommented(readme_campaign()), path) == field.default


@pytest.mark.parametrize("path", [path for path in KEYS if ALLOWED[path]], ids=".".join)
def test_the_values_that_a_key_allows_are_named_beside_it(path: tuple[str, ...]) -> None:
    assert [value for value in ALLOWED[path] if f'"{value}"' not in entry(path)] == []


@pytest.mark.parametrize("name", ["docs/reproducibility.md", "docs/adr/0013-what-may-change.md"])
def test_the_keys_that_may_change_between_launches_are_listed(name: str) -> None:
    (paragraph,) = (text for text in prose(ROOT / name).split("\n\n") if "these keys" in text.lower())
    assert re.findall(r"`([a-z]+\.[a-z_]+)`", paragraph) == list(MAY_CHANGE)


def test_every_decision_is_listed_in_the_guide() -> None:
    linked = {(one.path.parent / one.text).resolve() for one in LINKS if one.path == ROOT / "CONTRIBUTING.md"}
    assert set(ROOT.glob("docs/adr/*.md")) <= linked


def test_the_changelog_has_an_entry_for_this_version() -> None:
    assert f"## [{PROJECT['version']}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_required_package_stands_in_the_readme() -> None:
    table = README.read_text(encoding="utf-8").partition("## Packages")[2]
    names = [re.split(r"[>=<]", requirement)[0] for requirement in PROJECT["dependencies"]]
    assert [name for name in names if not re.search(rf"^\|[^|]*\b{re.escape(name)}[, ]", table, re.MULTILINE)] == []


LINKS = [
    one
    for path in DOCUMENTS
    for one in found_in(path, r"\]\(([^)]+)\)", prose(path))
    if not one.text.startswith(("http://", "https://"))
]


@named(LINKS)
def test_a_link_leads_somewhere(found: Found) -> None:
    name, _, anchor = found.text.partition("#")
    target = (found.path.parent / name).resolve() if name else found.path
    assert target.exists()
    assert target.is_relative_to(ROOT)
    if anchor:
        heads = re.findall(r"^#+ (.+)$", prose(target), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


FILES = [one for one in SPANS if re.fullmatch(rf"({ROOMS})/[\w./-]*", one.text) and "NAME" not in one.text]


@named(FILES)
def test_a_file_named_in_a_document_exists(found: Found) -> None:
    examples = {block.text.partition("\n")[0].removeprefix("# ") for block in blocks("python")}
    assert (ROOT / found.text).exists() or found.text in examples


@named(blocks("diff"))
def test_lines_quoted_from_a_file_are_in_it(found: Found) -> None:
    head, *lines = found.text.splitlines()
    source = (ROOT / head.removeprefix("--- ")).read_text(encoding="utf-8")
    kept = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
    assert kept
    assert kept in source


def test_the_model_in_the_guide_answers_and_ignores_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    guide = guide_code(monkeypatch)
    torch.manual_seed(0)
    model = guide["Mean"](guide["MeanConfig"](), steps=6, channels=2, outputs=3)
    x = torch.randn(4, 6, 2)
    lengths = torch.tensor([6, 2, 3, 1])
    dirty = torch.where(torch.arange(6)[None, :, None] < lengths[:, None, None], x, 7.0)
    assert torch.equal(model(x, lengths), model(dirty, lengths))
    assert model(x, lengths).shape == (4, 3)


def test_the_space_and_the_data_set_in_the_guide_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    guide = guide_code(monkeypatch)
    assert set(guide["WIDE"].dimensions) == {"model.hidden", "model.dropout"}
    assert guide["SINES"].load(None, ()).rows.x.shape == (400, 50, 1)


def guide_code(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run the guide's Python, one block after another."""
    names: dict[str, Any] = {"__name__": "guide"}
    for block in blocks("python"):
        exec(compile(block.text, f"{block.path}:{block.line}", "exec"), names)  # noqa: S102 - our own documents
        monkeypatch.setattr(models.configs, "MeanConfig", names["MeanConfig"], raising=False)
    return names
