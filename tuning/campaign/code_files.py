"""Files of a user's code: bounded, known by their content, and kept in the home under their hash.

Nothing here runs them; ``tuning.campaign.own_code`` does.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from tuning.campaign import documents
from tuning.campaign.documents import DocumentError
from tuning.campaign.errors import CampaignError
from tuning.campaign.frozen import Frozen

MOST_BYTES = 2**20
"""Of a file of code."""

MOST_FILES = 20
"""Of a campaign."""

NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$"
"""Of a file or a distribution: leads to no other folder."""


class CodeFile(Frozen):
    """One file of a user's code as records name it; the name is for people, the hash says which file it is."""

    name: Annotated[str, StringConstraints(pattern=NAME)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    kind: Literal["file", "package"] = Field(default="file", exclude_if=lambda kind: kind == "file")
    """``package``: installed; the name is that of its distribution, the hash that of its module."""
    version: str | None = Field(default=None, max_length=100, exclude_if=lambda version: version is None)
    """Of the distribution."""

    @model_validator(mode="after")
    def _python(self) -> Self:
        if self.kind == "file" and not self.name.endswith(".py"):
            raise ValueError("a file of code is called NAME.py")
        return self

    def __str__(self) -> str:
        return f"{self.name} (sha256 {self.sha256[:12]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file of code and its content.  path: where it was read, which tracebacks name."""

    file: CodeFile
    content: bytes
    path: Path


IN_USE: list[CodeFile] = []
"""The code whose tables are registered in this process."""


def in_use(files: Sequence[CodeFile]) -> bool:
    """Return whether exactly this code is registered in this process."""
    return [file.sha256 for file in files] == [file.sha256 for file in IN_USE]


def read_source(path: Path) -> Source:
    """Read a file of code.

    Raises:
        CampaignError: it is missing, no regular Python file, too large, or its name cannot be recorded.
    """
    if path.suffix != ".py" or not re.fullmatch(NAME, path.name):
        raise CampaignError(
            f"code = {str(path)!r}: must be the path of a .py file, its name of letters, digits and . _ - only"
        )
    try:
        content = documents.read_bytes(path, MOST_BYTES)
    except DocumentError as error:
        raise CampaignError(f"{path}: {error}") from None
    except FileNotFoundError:
        raise CampaignError(f"{path}: no such file. Paths in `code` are relative to the campaign file") from None
    except OSError as error:
        raise CampaignError(f"{path}: cannot be read: {error.strerror or error}") from None
    return Source(file=CodeFile(name=path.name, sha256=sha256(content)), content=content, path=path.absolute())


def copy_path(folder: Path, file: CodeFile) -> Path:
    """Return where a folder has the copy of a file."""
    return folder / f"{file.sha256}.py"


def read_copies(folder: Path, files: Sequence[CodeFile]) -> list[Source]:
    """Return the copies of files that a folder keeps; the content is that of the hash.

    Raises:
        CampaignError: a copy is missing or damaged.
    """
    sources = []
    for file in files:
        path = copy_path(folder, file)
        try:
            content = documents.read_bytes(path, MOST_BYTES)
        except (DocumentError, OSError) as error:
            raise CampaignError(
                f"{path}: the copy of {file} is missing or cannot be read ({error}). Name the file with --code FILE"
            ) from None
        if sha256(content) != file.sha256:
            raise CampaignError(f"{path}: the copy of {file} is damaged. Remove it, and name the file with --code FILE")
        sources.append(Source(file=file, content=content, path=path))
    return sources


def present_difference(file: CodeFile, path: Path) -> str | None:
    """Return a line where the file at a path is not the recorded one any more; None where it is, or is gone."""
    try:
        found = sha256(documents.read_bytes(path, MOST_BYTES))
    except (DocumentError, OSError):
        return None
    if found == file.sha256:
        return None
    return f"{path} has changed since: sha256 {file.sha256[:12]} recorded, {found[:12]} now. The recorded copy is used"


def sha256(content: bytes) -> str:
    """Return the hash of a file's content as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
