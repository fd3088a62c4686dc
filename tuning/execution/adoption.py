"""Adopting a campaign into a home: from a file of its journal here, from its MLflow store in ``tuning.tracking``."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from tuning.campaign import own_code
from tuning.campaign.errors import CampaignError, JournalError, StoreError
from tuning.campaign.file import ignore
from tuning.campaign.space import written_fields
from tuning.execution.recorded_code import sources_of
from tuning.journal import log as journal
from tuning.journal.events import Event, Opened
from tuning.journal.home import Home
from tuning.journal.lines import Entry
from tuning.journal.log import COMPRESSED
from tuning.journal.order import check_order
from tuning.journal.record import CampaignRecord, fold

JOURNAL = ".jsonl"
"""Ending of a file with a campaign's journal."""

CONFIRMATION = ".confirmation.jsonl"
"""Ending of the file with the confirmation's journal, beside the campaign's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What was recovered."""

    campaign: str
    source: str
    """The file, or the store's URI, its secrets masked."""
    target: int
    ended: list[int]
    to_train: list[int]
    """Trials that had not ended, or whose results the store lacks; the next launch trains them from epoch 1."""
    weights: list[int]
    """Trials whose weights were downloaded."""
    notes: list[str]
    """Records and weights in the store that were not used, each with the reason."""
    running: bool
    """Whether a launch is still running, according to the store."""
    others: int
    """Number of older campaigns of this name in the store."""
    file: Path
    """A campaign file that resumes it."""


def adopt_file(
    home: Home, path: Path, *, code: Sequence[Path] = (), printed: Callable[[str], None] = ignore
) -> Adoption:
    """Write the journal in a file, and its campaign file, into a home; after a failure neither of them.

    A confirmation's journal beside it is adopted with it, see ``confirmation_file``.  code: files that the user
    typed, of a campaign with code of its own.  printed: takes each line that they print.

    Raises:
        CampaignError: this home has a campaign of that name, or the code cannot be imported.
        JournalError: the file is absent, damaged or not a journal.
        RecordError: its code is not given.
        StoreError: the home cannot be written.
    """
    entries = _entries(path)
    beside = confirmation_file(path)
    confirmation = journal.read(beside)
    opened = entries[0].event
    if not isinstance(opened, Opened):
        raise JournalError(f"{path}, line 1: a journal begins with the campaign. Is it a journal of seqtune?")
    name = opened.config.name
    check_order(path, entries, name)
    check_order(beside, confirmation, name)
    sources = sources_of(opened.config.code_files, what=f"campaign {name!r}", home=home, given=code, kept=False)
    for line in own_code.use(sources):
        printed(line)
    record = fold(entries)
    with home.locked(name):
        check_absent(home, name)
        with adopting(home, name) as (folder, _):
            home.keep_code(sources)
            for source in (source for source in sources if source.file.kind == "file"):
                (folder / source.file.name).write_bytes(source.content)
            file = folder / "campaign.toml"
            file.write_text(campaign_file(record), encoding="utf-8")
            if confirmation:
                home.confirmations.campaign(name).mkdir(parents=True, exist_ok=True)
                journal.create(home.confirmations.journal(name), _rows(confirmation))
            journal.create(home.journal(name), _rows(entries))
    return Adoption(
        campaign=name,
        source=str(path),
        target=record.target,
        ended=[trial.index for trial in record.ended],
        to_train=sorted(record.unfinished),
        weights=[],
        notes=[],
        running=False,
        others=0,
        file=file,
    )


def is_journal_file(name: str) -> bool:
    """Tell whether a name ends as that of a journal's file, compressed or not."""
    return name.removesuffix(COMPRESSED).endswith(JOURNAL)


def confirmation_file(path: Path) -> Path:
    """Return where the confirmation's journal is: beside ``NAME.jsonl.gz`` it is ``NAME.confirmation.jsonl.gz``."""
    compressed = COMPRESSED if path.suffix == COMPRESSED else ""
    return path.with_name(f"{path.name.removesuffix(JOURNAL + compressed)}{CONFIRMATION}{compressed}")


def _entries(path: Path) -> list[Entry]:
    if not path.is_file():
        raise JournalError(f"{path}: no such file. Name a campaign's journal, a file that ends in .jsonl or .jsonl.gz")
    entries = journal.read(path)
    if not entries:
        raise JournalError(f"{path}: it has no complete line. Is it a journal of seqtune?")
    return entries


def _rows(entries: Sequence[Entry]) -> Iterator[tuple[float, Event]]:
    return ((entry.at, entry.event) for entry in entries)


def check_absent(home: Home, name: str) -> None:
    """Raise CampaignError where a home has a campaign of that name."""
    if home.journal(name).exists():
        raise CampaignError(
            f"{home.path} has a campaign {name!r} already. Adopt into another --home, or move "
            f"{home.campaign(name)} away first"
        )


@contextmanager
def adopting(home: Home, name: str) -> Iterator[tuple[Path, Path]]:
    """Yield the campaign's folder and a temporary folder in it."""
    folder = home.campaign(name)
    temporary = folder / "adopting"
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        yield folder, temporary
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error}. Free some space, or choose another --home") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        with suppress(OSError):
            folder.rmdir()  # succeeds only if the folder is empty


def campaign_file(record: CampaignRecord) -> str:
    """Return the campaign file of a record, with its present number of trials."""
    config = record.config
    fields = written_fields(config, record.dimensions)
    fields.setdefault("search", {})["trials"] = record.target
    fields.pop("code", None)
    if own := [file.name for file in config.code_files if file.kind == "file"]:
        fields["code"] = own  # names alone, as records have them; packages are found by the names of their entries
    fields["data"]["split"] = config.data.split  # the default depends on data.group
    return f"# Written by `seqtune adopt`.\n{tomli_w.dumps(fields)}"
