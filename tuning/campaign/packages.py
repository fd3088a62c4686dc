"""Models, spaces, metrics and data sets of installed packages, by their entry points.

A package is known by its distribution's name and version and by the content of the modules that its entry points name.
Records do not choose what is imported: a package is loaded where a launched campaign names an entry of it, or by
``--code``.
"""

import importlib.util
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, EntryPoints, PackageNotFoundError, distribution, entry_points
from pathlib import Path
from typing import Any

from tuning.campaign.code_files import NAME, CodeFile, Source, read_copies, sha256
from tuning.campaign.errors import CampaignError

GROUPS = {
    "seqtune.models": "MODELS",
    "seqtune.spaces": "SPACES",
    "seqtune.metrics": "METRICS",
    "seqtune.datasets": "DATASETS",
}
"""Group of entry points -> the table whose entries they are."""


def offered(names: Iterable[tuple[str, str]]) -> list[Source]:
    """Return the packages that offer entries.  names: group and entry of each; those that nobody offers are left out.

    Raises:
        CampaignError: several packages offer one entry, or a package's module is not found.
    """
    found: dict[str, Source] = {}
    for group, name in names:
        offers = sorted({entry.dist.name for entry in entry_points(group=group, name=name) if entry.dist})
        if len(offers) > 1:
            raise CampaignError(
                f"{name!r}: several installed packages offer it: {', '.join(offers)}. Uninstall all but one"
            )
        found |= {offer: installed(offer) for offer in offers}
    return list(found.values())


def entries(group: str) -> dict[str, str]:
    """Return the entries of a group that installed packages offer: name -> package.  Nothing is imported."""
    return {entry.name: entry.dist.name for entry in entry_points(group=group) if entry.dist}


def installed(name: str) -> Source:
    """Return an installed package; nothing of its entry points' modules is run.

    Raises:
        CampaignError: there is none of that name, it has no entry points of ours, or a module of them is not found.
    """
    entries = _entries(name)
    contents = {module: _module_file(name, module) for module in sorted({entry.module for entry in entries})}
    if len(contents) == 1:
        ((path, content),) = contents.values()
    else:
        path = next(iter(contents.values()))[0]
        content = "".join(f"{module} {sha256(text)}\n" for module, (_, text) in contents.items()).encode()
    version = distribution(name).version
    file = CodeFile(name=name, sha256=sha256(content), kind="package", version=version[:100])
    return Source(file=file, content=content, path=path)


def package_tables(name: str) -> dict[str, dict[str, Any]]:
    """Import what a package's entry points name; return it as tables."""
    tables: dict[str, dict[str, Any]] = {}
    for entry in _entries(name):
        tables.setdefault(GROUPS[entry.group], {})[entry.name] = entry.load()
    return tables


def recorded_sources(folder: Path, files: Sequence[CodeFile]) -> list[Source]:
    """Return recorded code: files from their copies in a folder, packages as they are installed.

    Raises:
        CampaignError: a copy is missing or damaged, or a package is missing or another one than recorded.
    """
    return [
        same(installed(file.name), file) if file.kind == "package" else read_copies(folder, [file])[0] for file in files
    ]


def same(source: Source, file: CodeFile) -> Source:
    """Return an installed package that is the recorded one.  CampaignError: it is another."""
    if source.file.sha256 != file.sha256:
        raise CampaignError(
            f"the installed package {file.name} {source.file.version} has sha256 {source.file.sha256[:12]}; recorded "
            f"is {file.version} with {file.sha256[:12]}. Install that version"
        )
    return source


def _entries(name: str) -> list[EntryPoint]:
    try:
        found: EntryPoints = distribution(name).entry_points if re.fullmatch(NAME, name) else EntryPoints()
    except PackageNotFoundError:
        raise CampaignError(f"the package {name!r} is not installed here. Install it") from None
    entries = [entry for entry in found if entry.group in GROUPS]
    if not entries:
        raise CampaignError(f"the package {name!r} has no entry points of the groups {', '.join(GROUPS)}")
    return entries


def _module_file(name: str, module: str) -> tuple[Path, bytes]:
    try:
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            raise ImportError("not found")  # noqa: TRY301 - one message
        path = Path(spec.origin)
        return path, path.read_bytes()
    except (ImportError, OSError, ValueError) as error:
        raise CampaignError(f"the package {name}: its module {module} cannot be read: {error}") from None
