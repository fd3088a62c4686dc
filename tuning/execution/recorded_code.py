"""The code of a recorded trial: where it may come from, and the trial as that code defines it.

A record names code by its hash and brings none.  The file comes from ``--code``, or, of a campaign of this home, from
the copy that the home kept when the user launched it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from tuning.campaign import own_code
from tuning.campaign.code_files import CodeFile, Source, copy_path, present_difference, read_source
from tuning.campaign.errors import RecordError
from tuning.campaign.packages import installed, recorded_sources
from tuning.journal.home import Home
from tuning.journal.record import RecordedTrial

T = TypeVar("T", bound=RecordedTrial)


def sources_of(
    files: Sequence[CodeFile], *, what: str, home: Home, given: Sequence[Path], kept: bool
) -> tuple[Source, ...]:
    """Return the code that a record names, in its order.

    what: the record, for messages.  given: files that the user typed.  kept: whether the home's copies may be used,
    because the record is a campaign of this home.

    Raises:
        RecordError: a file is not given, or another one is.
        CampaignError: a given file or a copy cannot be read.
    """
    typed = [read_source(path) if path.suffix == ".py" else installed(str(path)) for path in given]
    wanted = {file.sha256: file for file in files}
    for source, path in zip(typed, given, strict=True):
        if source.file.sha256 not in wanted:
            names = ", ".join(map(str, files)) or "no code"
            raise RecordError(
                f"--code {path}: has sha256 {source.file.sha256[:12]}; {what} was trained with {names}. "
                + ("Name the file as it was then" if files else "Leave --code out")
            )
    found = {source.file.sha256: source for source in typed}
    for file in files:
        if file.sha256 not in found and kept and copy_path(home.code, file).exists():
            (found[file.sha256],) = recorded_sources(home.code, [file])
    if missing := [file for file in files if file.sha256 not in found]:
        raise RecordError(*_refused(missing, what, home))
    return tuple(Source(file=file, content=found[file.sha256].content, path=found[file.sha256].path) for file in files)


def with_code(recorded: T, sources: Sequence[Source]) -> tuple[T, list[str]]:
    """Run the code of a trial; return the trial with the families that it defines, and what the code printed.

    Raises:
        CampaignError: the code cannot be imported.
        RecordError: the trial's values are not those of its family.
    """
    printed = own_code.use(sources)
    try:
        return type(recorded).model_validate(recorded.model_dump()), printed
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise RecordError(
            f"trial {recorded.config.index} of {recorded.config.campaign!r} cannot be trained with this code: {key}: "
            f"{first['msg']}"
        ) from None


def changes(files: Sequence[CodeFile], paths: Sequence[str]) -> list[str]:
    """Return a line for each file that has changed where the launch read it.  Only its bytes are compared."""
    pairs = [(file, path) for file, path in zip(files, paths, strict=False) if file.kind == "file"]
    return [line for file, path in pairs if (line := present_difference(file, Path(path))) is not None]


def _refused(missing: Sequence[CodeFile], what: str, home: Home) -> list[str]:
    lines = [f"{what} was trained with code that is not run unless you name it:"]
    lines += [f"  {file.name} {file.version or ''}".rstrip() + f", sha256 {file.sha256}" for file in missing]
    own = [file for file in missing if file.kind == "file"]
    copies = [copy_path(home.code, file) for file in own]
    kept = all(path.exists() for path in copies)
    named = [str(path) for path in copies] if kept else [f"PATH/{file.name}" for file in own]
    options = [f"--code {name}" for name in (*named, *(file.name for file in missing if file.kind == "package"))]
    reason = "This home has a copy, from a launch of yours. Add" if kept and own else "If you have it and trust it, add"
    return [*lines, f"{reason}: {' '.join(options)}"]
