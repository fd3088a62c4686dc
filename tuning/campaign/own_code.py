"""A user's code: run from the bytes that were hashed, and its tables registered.

A file is run only where a user named it: in a campaign file that is launched or planned, or by ``--code``.  Records
name code by its hash, and lead to no import.
"""

import ast
import importlib.util
import linecache
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import data.catalogue
import models.registered
import search_spaces.catalogue
from search_spaces.space import Space
from tuning.campaign import objective
from tuning.campaign.code_files import IN_USE, CodeFile, Source, in_use
from tuning.campaign.code_guard import TimeLimitError, captured_output, time_limit
from tuning.campaign.errors import CampaignError
from tuning.campaign.packages import package_tables

TABLES = ("MODELS", "SPACES", "METRICS", "DATASETS")

IMPORT_S = 120.0
"""Longest time that a file may take to be imported; PyTorch itself takes seconds."""

PREFIX = "seqtune_code_"
"""Of the name in ``sys.modules``; the file's hash follows."""

LONGEST = 200
"""Characters of an error or a line that a message repeats."""

OURS = ("data", "models", "search_spaces", "tuning")

ADVICE = (
    "A code file stands alone: it is kept and run by its content, also on other machines, where its neighbours are "
    "not. Put the code into one file, or install it as a package (docs/own-code.md)"
)


def use(sources: Sequence[Source]) -> list[str]:
    """Register the tables of these files in place of all others; return what the files printed, a line each.

    Raises:
        CampaignError: a file cannot be imported, lacks every table, or an entry of one cannot be used; then nothing is
            registered.
    """
    files = [source.file for source in sources]
    if in_use(files):
        return []
    forget()
    printed: list[str] = []
    try:
        _check_names(files)
        for source in sources:
            tables, lines = _imported(source)
            printed += [f"{source.file.name}: {line}" for line in lines]
            _register(source, tables)
    except BaseException:
        forget()
        raise
    IN_USE[:] = files
    return printed


def forget() -> None:
    """Remove everything that was registered."""
    IN_USE.clear()
    for forget_table in (models.registered.forget, search_spaces.catalogue.forget, data.catalogue.forget):
        forget_table()
    objective.forget()


def tables_of(source: Source) -> dict[str, dict[str, Any]]:
    """Return the tables of a file that was imported."""
    return _tables(source, sys.modules[_module_name(source)])


def _check_names(files: Sequence[CodeFile]) -> None:
    names = [file.name for file in files]
    for name in names:
        if names.count(name) > 1:
            raise CampaignError(f"code: {name} is listed twice, or two files have that name. Rename one")


def _imported(source: Source) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Run a file as a module of its own, once in a process; return its tables and what it printed."""
    if source.file.kind == "package":
        return _of_package(source)
    name = _module_name(source)
    lines: list[str] = []
    if name not in sys.modules:
        _check_imports(source)
        module = ModuleType(name)
        module.__file__ = str(source.path)
        text = source.content.decode("utf-8-sig")
        # Errors and `inspect` show its lines, also where the file is a copy or has changed since.
        linecache.cache[str(source.path)] = (len(text), None, text.splitlines(keepends=True), str(source.path))
        sys.modules[name] = module  # dataclasses and pydantic look their module up there
        try:
            with captured_output() as output, time_limit(IMPORT_S):
                exec(compile(text, str(source.path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - what the user asked for
            lines = output.getvalue().splitlines()
            tables = _tables(source, module)
        except BaseException as error:
            del sys.modules[name]
            if isinstance(error, CampaignError) or _interrupted(source, error):
                raise
            raise _failed(source, error) from None
        return tables, lines
    return _tables(source, sys.modules[name]), lines


def _of_package(source: Source) -> tuple[dict[str, dict[str, Any]], list[str]]:
    try:
        with captured_output() as output, time_limit(IMPORT_S):
            tables = package_tables(source.file.name)
    except BaseException as error:
        if isinstance(error, CampaignError) or _interrupted(source, error):
            raise
        raise _failed(source, error) from None
    return {table: tables.get(table, {}) for table in TABLES}, output.getvalue().splitlines()


def _module_name(source: Source) -> str:
    return f"{PREFIX}{source.file.sha256}"


def _check_imports(source: Source) -> None:
    """Raise CampaignError where a file imports its neighbours, or is no Python."""
    try:
        tree = ast.parse(source.content.decode("utf-8-sig"), str(source.path))
    except UnicodeDecodeError as error:
        line = source.content.count(b"\n", 0, error.start) + 1
        raise CampaignError(f"{source.path}, line {line}: is not UTF-8. Save the file as UTF-8") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _failed(source, error) from None
    for node in ast.walk(tree):
        where = f"{source.path}, line {getattr(node, 'lineno', 1)}"
        if isinstance(node, ast.ImportFrom) and node.level:
            raise CampaignError(f"{where}: a relative import. {ADVICE}")
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        for name in names:
            if (neighbour := _neighbour(source.path.parent, name.partition(".")[0])) is not None:
                raise CampaignError(f"{where}: imports {neighbour.name} beside it. {ADVICE}")


def _neighbour(folder: Path, name: str) -> Path | None:
    """Return the file or package of a folder that an import of this name would mean, if anything."""
    if name in OURS or name in sys.stdlib_module_names:
        return None
    found = [path for path in (folder / f"{name}.py", folder / name / "__init__.py") if path.exists()]
    if not found:
        return None
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # a module without a specification is loaded under this name
        return None
    elsewhere = spec is not None and spec.origin is not None and Path(spec.origin).resolve() != found[0].resolve()
    return None if elsewhere else (found[0] if found[0].name != "__init__.py" else found[0].parent)


def _tables(source: Source, module: ModuleType) -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {}
    for table in TABLES:
        content = module.__dict__.get(table, {})
        if not isinstance(content, dict):
            raise CampaignError(f"{source.path}: {table} must be a dict of names; got {type(content).__name__}")
        tables[table] = content
    if not any(tables.values()):
        raise CampaignError(
            f"{source.path}: defines nothing: none of the tables {', '.join(TABLES)} has an entry. For example "
            'MODELS = {"mine": (MineConfig, Mine)}'
        )
    return tables


def _register(source: Source, tables: Mapping[str, Mapping[str, Any]]) -> None:
    for table, content in tables.items():
        for name, entry in content.items():
            where = f"{source.path}: {table}[{str(name)[:LONGEST]!r}]"
            if not isinstance(name, str) or not models.registered.NAME.fullmatch(name):
                raise CampaignError(f"{where}: a name has letters, digits and . _ - only, at most 64, a letter first")
            try:
                _entry(table, name, entry, source.file.sha256)
            except ValueError as error:
                raise CampaignError(f"{where}: {error}") from None


def _entry(table: str, name: str, entry: object, sha256: str) -> None:
    if table == "MODELS":
        if not isinstance(entry, tuple) or len(entry) != 2:  # noqa: PLR2004 - a pair
            raise ValueError("must be a pair (configuration class, module class)")
        from torch import nn

        if not isinstance(entry[1], type) or not issubclass(entry[1], nn.Module):
            raise ValueError("its second part must be a class derived from torch.nn.Module")
        models.registered.register(name, *entry, sha256=sha256)
        return
    if isinstance(entry, Space):
        for family in entry.models:
            known = family.model_fields["family"].default
            own = models.registered.OWN.get(known)
            if models.registered.BUILT_IN.get(known) is not family and (own is None or own.config is not family):
                raise ValueError(f"its models have {family.__name__}, which no entry of MODELS has")
    registers: dict[str, Callable[[str, object], None]] = {
        "SPACES": search_spaces.catalogue.register,
        "METRICS": objective.register,
        "DATASETS": partial(data.catalogue.register, sha256=sha256),
    }
    registers[table](name, entry)


def _interrupted(source: Source, error: BaseException) -> bool:
    """Return whether the user pressed Ctrl-C, and not the file itself raised KeyboardInterrupt."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, KeyboardInterrupt) and frames[-1].filename != str(source.path)


def _failed(source: Source, error: BaseException) -> CampaignError:
    """Return what a user needs of an error: the last line of their own file that it came through, and its text."""
    if isinstance(error, TimeLimitError):
        return CampaignError(
            f"{source.path}: was not imported within {IMPORT_S:g} s. Move what takes long into the model, the metric "
            "or the data set's `load`"
        )
    if isinstance(error, SyntaxError) and error.filename == str(source.path):
        number, text = error.lineno or 1, f"SyntaxError: {error.msg}"
    else:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(source.path)]
        number = (frames[-1].lineno if frames else None) or 0
        message = next(iter(str(error).splitlines()), "")
        text = f"{type(error).__name__}: {message}" if message else type(error).__name__
    where = f"{source.path}, line {number}" if number else str(source.path)
    lines = [f"{where}: {text[:LONGEST]}"]
    if number and (shown := linecache.getline(str(source.path), number).strip()):
        lines.append(f"    {shown[:LONGEST]}")
    if isinstance(error, ModuleNotFoundError) and error.name:
        lines.append(f"Install the package that has {error.name}, here and on every node of a cluster. {ADVICE}")
    if isinstance(error, SystemExit | KeyboardInterrupt):
        lines.append("A code file only defines classes, functions and tables; it must not end the process")
    return CampaignError(*lines)
