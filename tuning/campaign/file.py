"""Campaign files, or the same as a dictionary: overridden by the command line, checked, and worked out to a plan."""

import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from pydantic import ValidationError

import data.catalogue
import search_spaces.catalogue
from data.catalogue import CATALOGUE, resolve
from data.errors import DataError
from data.messages import nearest
from search_spaces.catalogue import SPACES
from search_spaces.dimensions import Bounds
from search_spaces.errors import SpaceError
from tuning.campaign import documents, messages, objective, own_code
from tuning.campaign.code_files import Source, read_source
from tuning.campaign.config import CampaignConfig
from tuning.campaign.documents import DocumentError
from tuning.campaign.errors import CampaignError
from tuning.campaign.messages import dotted, shown
from tuning.campaign.objective import METRICS
from tuning.campaign.overrides import WIDEST, Keys, override
from tuning.campaign.packages import offered
from tuning.campaign.plan import Plan, first_configurations, plan
from tuning.campaign.space import campaign_space, own_paths

SMALLEST = (
    '    name = "mine"',
    "    seed = 1",
    "    [data]",
    '    dataset = "synthetic"',
    "    [space]",
    '    name = "cnn2d"',
)

ROOMS = ("model", "train", "data")
"""The first words of the paths of fields."""

MOST_BYTES = 2**20
"""Of a campaign file."""

_POSITION = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)")


def ignore(_line: str) -> None:
    """Show no output of the user's code."""


def load(
    path: Path,
    *,
    settings: Sequence[str] = (),
    trials: int | None = None,
    name: str | None = None,
    with_code: bool = False,
    printed: Callable[[str], None] = ignore,
) -> Plan:
    """Read and check a campaign file, and work out its plan.

    settings: ``KEY=VALUE`` each, a dotted key and a TOML value (or a bare text), overriding the file's.
    trials, name: override the file's ``search.trials`` and ``name``.  with_code: run the code that the file names;
    without, such a file is refused.  printed: takes each line that the code prints.

    Raises:
        CampaignError: one message with everything that is wrong: file, key, got, allowed, nearest.
    """
    document = _document(path)
    given = override(document, settings=settings, trials=trials, name=name)
    return _loaded(document, path, given, folder=path.parent, with_code=with_code, printed=printed)


def from_dict(document: Mapping[str, Any], *, printed: Callable[[str], None] = ignore) -> Plan:
    """Check what a campaign file would hold, and work out its plan; code is run, its paths are of the working folder.

    Values may also be NumPy scalars and paths.  printed: takes each line that the code prints.

    Raises:
        CampaignError: as ``load``, with ``campaign`` in place of the file.
    """
    try:
        documents.checked(document)
        whole = documents.checked(_plain(document))
    except DocumentError as error:
        raise CampaignError(f"campaign: {error}") from None
    return _loaded(whole, "campaign", {}, folder=Path(), with_code=True, printed=printed)


def _plain(value: Any) -> Any:
    """Return a copy of a document whose NumPy scalars, tuples and paths are as a file has them."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return list(map(_plain, value))
    if isinstance(value, np.generic):
        return value.item()
    return str(value) if isinstance(value, PurePath) else value


def _loaded(
    document: dict[str, Any],
    path: Path | str,
    given: Mapping[messages.Path, str],
    *,
    folder: Path,
    with_code: bool,
    printed: Callable[[str], None],
) -> Plan:
    """Check a document, and work out its plan.  path: what messages call it.  folder: of the files that it names."""
    _flatten(document)
    try:
        sources = _use_code(document, folder, printed, with_code=with_code)
    except CampaignError as error:
        first, *rest = error.args
        raise CampaignError(f"{_where(('code',), given, path)}: {first}", *rest) from None
    config = _validated(document, path, given)
    return replace(_plan(config, document, path, given), sources=sources, folder=folder)


def check(
    document: Mapping[str, Any], path: Path, given: Mapping[messages.Path, str], recorded: CampaignConfig
) -> None:
    """Check what is to be written as a campaign file; code of the user is not run.

    path: of the file.  given: as ``override`` returns it.  recorded: of the campaign from which the document was made;
    with code of its own, its space and metric are not looked up.

    Raises:
        CampaignError: as ``load``.
    """
    copy = documents.checked(deepcopy(dict(document)))
    if not recorded.code:
        _loaded(copy, path, given, folder=path.parent, with_code=False, printed=ignore)
        return
    _flatten(copy)
    copy["code"] = recorded.model_dump(mode="json")["code"]
    objective = copy.get("objective")
    if isinstance(objective, dict) and objective.get("metric") == recorded.objective.metric:
        objective["own_goal"] = recorded.objective.own_goal
    _validated(copy, path, given)


def _validated(document: dict[str, Any], path: Path | str, given: Mapping[messages.Path, str]) -> CampaignConfig:
    """Return a document's configuration; its space, data set and metric are not looked up yet."""
    try:
        config = CampaignConfig.model_validate(document, strict=True)
    except ValidationError as error:
        wrong = messages.messages(error, document, CampaignConfig)
        lines = [f"{_where(keys, given, path)}: {text}" for keys, text in wrong]
        if any(text.endswith("is missing") for text in lines):
            lines += ["A campaign file needs at least", *SMALLEST]
        raise CampaignError(*lines) from None
    for place, number in _numbers(document):
        if not math.isfinite(number):
            raise CampaignError(f"{_where(place, given, path)}: {dotted(place)} = {number}: must be a finite number")
    return config


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a campaign file."""
    schema = CampaignConfig.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "seqtune campaign file"}


def _use_code(
    document: dict[str, Any], folder: Path, printed: Callable[[str], None], *, with_code: bool
) -> tuple[Source, ...]:
    """Run the files of ``code``, and put their names and hashes into its place."""
    paths = document.get("code", [])
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        if isinstance(paths, list):
            raise CampaignError(f"code = {shown(paths)}: must be a list of paths in quotes")
        paths = []  # told with all other values of a wrong type
    if not with_code:
        if paths:
            raise CampaignError(
                f"code = {shown(paths)}: the file names code, which only `seqtune launch` and `seqtune plan` run"
            )
        return ()
    sources = [read_source(folder / path) for path in paths]
    lines = own_code.use(sources)
    if packages := _packages(document):
        sources += packages
        lines += own_code.use(sources)
    for line in lines:
        printed(line)
    if sources:
        document["code"] = [source.file for source in sources]
    return tuple(sources)


def _packages(document: Mapping[str, Any]) -> list[Source]:
    """Return the installed packages that offer what the file names and neither we nor its code have."""
    unknown = [
        (group, name)
        for (table, key), (group, known) in {
            ("space", "name"): ("seqtune.spaces", (*SPACES, *search_spaces.catalogue.OWN)),
            ("data", "dataset"): ("seqtune.datasets", (*CATALOGUE, *data.catalogue.OWN)),
            ("objective", "metric"): ("seqtune.metrics", (*METRICS, *objective.OWN)),
        }.items()
        if isinstance(values := document.get(table), dict)
        and isinstance(name := values.get(key), str)
        and name not in known
    ]
    return offered(unknown)


def _where(keys: messages.Path, given: Mapping[messages.Path, str], path: Path | str) -> str:
    """Whose value it is: the file's, or an option's."""
    return next((option for start, option in given.items() if keys[: len(start)] == start), str(path))


def _document(path: Path) -> dict[str, Any]:
    try:
        content = documents.read_bytes(path, MOST_BYTES)
    except DocumentError as error:
        raise CampaignError(f"{path}: {error}") from None
    except FileNotFoundError:
        raise CampaignError(f"{path}: no such campaign file{_others(path.parent, path)}") from None
    except IsADirectoryError:
        raise CampaignError(f"{path}: is a folder; name a campaign file{_others(path, path)}") from None
    except OSError as error:
        raise CampaignError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CampaignError(
            f"{path}, line {line}: byte 0x{content[error.start]:02x} is not UTF-8. Save the file as UTF-8"
        ) from None
    try:
        document = documents.parse_toml(text)
    except DocumentError as error:
        raise CampaignError(f"{path}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise CampaignError(*_unreadable(path, text, str(error))) from None
    if not document:
        raise CampaignError(f"{path}: is empty. A campaign file needs at least", *SMALLEST)
    return document


def _others(folder: Path, wanted: Path) -> str:
    """Name the campaign files of the folder, or else of ./campaigns, and the nearest."""
    for place in (folder, Path("campaigns")):
        if there := sorted(str(p) for p in place.glob("*.toml") if p.name != "pyproject.toml"):
            return f". There are: {', '.join(there)}.{nearest(wanted, there)}"
    return f" (looked in {folder.absolute()})"


def _unreadable(path: Path, text: str, complaint: str) -> tuple[str, ...]:
    """Show the line that is no TOML, and a caret under the place."""
    found = _POSITION.fullmatch(complaint)
    if not found:
        return (f"{path}: not TOML: {complaint[:WIDEST]}",)
    what, line, column = found.groups()
    lines = text.splitlines() or [""]
    number = min(int(line), len(lines)) if line else len(lines)
    source = lines[number - 1].replace("\t", " ")
    at = int(column) - 1 if column else len(source)
    what, start = what[:WIDEST], max(0, at - WIDEST // 2)
    source, at = source[start : start + WIDEST], at - start
    return f"{path}, line {number}: not TOML: {what}", f"    {source}", f"    {' ' * at}^"


def _flatten(document: dict[str, Any]) -> None:
    """In ``[space]`` and ``search.first`` an unquoted ``model.dropout = 0.3`` means ``"model.dropout" = 0.3``."""
    search, space = document.get("search"), document.get("space")
    if isinstance(search, dict) and isinstance(search.get("first"), list):
        search["first"] = [_fields(values) if isinstance(values, dict) else values for values in search["first"]]
    if not isinstance(space, dict):
        return
    for key in ("fix", "narrow"):
        if isinstance(space.get(key), dict):
            space[key] = {".".join(words): value for words, value in _leaves(space[key])}
    if isinstance(space.get("dimensions"), dict):
        space["dimensions"] = _fields(space["dimensions"])
        for values in space["dimensions"].values():
            if isinstance(values, dict) and isinstance(values.get("when"), dict):
                values["when"] = _fields(values["when"])


def _fields(table: Mapping[str, Any]) -> dict[str, Any]:
    """Join the words of unquoted paths; the values of a dimension are a table, too."""
    joined: dict[str, Any] = {}
    for word, value in table.items():
        if word in ROOMS and isinstance(value, dict):
            joined |= {f"{word}.{last}": inner for last, inner in value.items()}
        else:
            joined[word] = value
    return joined


def _leaves(table: Mapping[str, Any], before: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    for word, value in table.items():
        if isinstance(value, dict) and not value.keys() & Bounds.model_fields.keys():
            yield from _leaves(value, (*before, word))
        else:
            yield (*before, word), value


def _numbers(value: Any, before: messages.Path = ()) -> Iterator[tuple[messages.Path, float]]:
    if isinstance(value, float):
        yield before, value
    elif isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(inner, (*before, step))


def _plan(
    config: CampaignConfig, document: Mapping[str, Any], path: Path | str, given: Mapping[messages.Path, str]
) -> Plan:
    """Return the plan; data set, space and compared dimensions exist, a grid can be counted, nothing is set twice."""
    with _blamed(path, given, ("data", "dataset")):
        resolve(config.data)
    with _blamed(path, given, ("space", "name")):
        space = campaign_space(config)
    with _blamed(path, given, ("search", "first")):
        first_configurations(config, space)
    with _blamed(path, given, ("search", "trials")):
        made = plan(config)
    if config.comparison is not None:
        searched = {}
        for key in ("factor", "by"):
            if (wanted := getattr(config.comparison, key)) is not None:
                with _blamed(path, given, ("comparison", key), f"comparison.{key}: "):
                    searched[key] = space.searched(wanted)
        if searched.get("by") == searched["factor"]:
            raise CampaignError(
                f"{_where(('comparison', 'by'), given, path)}: comparison.by: {searched['by']} is the factor itself. "
                "Name another dimension, or leave it out"
            )
    own = own_paths(config)
    for word, value in document.get("train", {}).items():
        key = f"train.{word}"
        if key in space.dimensions:
            raise CampaignError(
                f'{path}: {key} = {shown(value)}: space "{space.name}" searches it '
                f"({space.dimensions[key].describe()}). "
                + ("Remove it there" if key in own else f'Fix it there with space.fix = {{ "{key}" = {shown(value)} }}')
                + ", or leave it out"
            )
        if key in space.constants:
            raise CampaignError(
                f"{path}: {key} = {shown(value)}: space.fix already sets it to {shown(space.constants[key])}. Keep one"
            )
    return made


@contextmanager
def _blamed(path: Path | str, given: Mapping[messages.Path, str], keys: Keys, prefix: str = "") -> Iterator[None]:
    """Put the file or the option that set a key in front of an error about it."""
    try:
        yield
    except (CampaignError, DataError, SpaceError) as error:
        raise CampaignError(f"{_where(keys, given, path)}: {prefix}{error}") from None
