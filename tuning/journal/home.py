"""The home: the folder of campaigns, prepared arrays and the default MLflow store."""

import os
import shlex
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from data.messages import nearest
from data.preparation import Preparation
from tuning.campaign.code_files import Source, copy_path
from tuning.campaign.errors import CampaignError, JournalError, RecordError, StoreError
from tuning.campaign.messages import shown
from tuning.campaign.trial import NAME
from tuning.journal.lines import Entry
from tuning.journal.log import read
from tuning.journal.order import check_order
from tuning.journal.record import CampaignRecord, RecordedTrial, fold
from tuning.training.files import write_file

LOCK_S = 1.0
"""Seconds to wait for a campaign's lock: commands that ask whether it runs hold it for a moment."""


def default_home() -> Path:
    """Return the home that commands use without ``--home``."""
    return Path(os.environ.get("SEQTUNE_HOME") or "var").expanduser().absolute()


@dataclass(frozen=True, slots=True)
class Home:
    """``--home``: an absolute folder."""

    path: Path

    @property
    def arrays(self) -> Path:
        """Prepared arrays, shared by all campaigns."""
        return self.path / "arrays"

    @property
    def code(self) -> Path:
        """Code that was launched or named by ``--code`` here, each file under its hash; shared by all campaigns."""
        return self.path / "code"

    def keep_code(self, sources: Sequence[Source]) -> None:
        """Keep a copy of each file, with which its campaigns resume and reproduce.

        Raises:
            StoreError: the folder cannot be written.
        """
        try:
            for source in sources:
                path = copy_path(self.code, source.file)
                if not path.is_file() or path.read_bytes() != source.content:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    write_file(path, source.content)
        except OSError as error:
            raise StoreError(f"{self.code} cannot be written: {error}. Choose another --home") from error

    @property
    def tracking_uri(self) -> str:
        """``MLFLOW_TRACKING_URI``, or a SQLite store in this home."""
        return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{self.path / 'mlflow.db'}"

    @property
    def artifacts(self) -> Path:
        """Where the default store keeps artifacts."""
        return self.path / "mlartifacts"

    def campaign(self, name: str) -> Path:
        """One campaign's folder.

        Raises:
            RecordError: the name is none of a campaign; it might lead out of the home.
        """
        if not NAME.fullmatch(name):
            raise RecordError(
                f"{shown(name)} is not the name of a campaign: letters, digits and . _ - only, a letter or digit "
                "first, at most 100"
            )
        return self.path / "campaigns" / name

    def journal(self, name: str) -> Path:
        """One campaign's journal."""
        return self.campaign(name) / "journal.jsonl"

    @property
    def confirmations(self) -> "Confirmations":
        """The confirmations of this home's campaigns."""
        return Confirmations(self.path)

    @property
    def of_campaigns(self) -> "Home":
        """The home of the campaigns, also from ``confirmations``."""
        return Home(self.path)

    def owner(self, recorded: RecordedTrial) -> "Home":
        """Where a trial's files are: among those of the campaigns, or of their confirmations."""
        return self.of_campaigns if recorded.result.test is None else self.confirmations

    def trial(self, name: str, index: int) -> Path:
        """One trial's folder: its checkpoint while it runs, ``weights.safetensors`` (best epoch) afterwards."""
        return self.campaign(name) / "trials" / f"t{index:03d}"

    def preparation(self, name: str, data_sha256: str) -> Path:
        """How the rows of some of a campaign's trials were prepared: enough to predict where the arrays are not."""
        return self.campaign(name) / "preparations" / f"{data_sha256[:24]}.json"

    def keep_preparations(self, name: str, prepared: Iterable[Preparation]) -> None:
        """Write the preparations of a campaign's data where they are not kept yet.

        Raises:
            StoreError: the folder cannot be written.
        """
        try:
            for one in prepared:
                path = self.preparation(name, one.data_sha256)
                if not path.is_file() or path.read_text(encoding="utf-8") != one.text():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    write_file(path, one.text().encode())
        except OSError as error:
            raise StoreError(f"{self.campaign(name)} cannot be written: {error}. Choose another --home") from error

    def command(self, *words: object, datasets: Path | str | None = None, absolute: bool = False) -> str:
        """Return a command line that runs as pasted, with ``--home`` where the default would name another folder.

        absolute: from any working directory; else from this one.
        """
        parts = ["seqtune", *map(str, words)]
        if datasets is not None:
            parts += ["--datasets", str(datasets)]
        if absolute or self.path != default_home():
            here = Path.cwd()
            near = self.path.relative_to(here) if not absolute and self.path.is_relative_to(here) else self.path
            parts += ["--home", str(near)]
        return shlex.join(parts)

    def names(self) -> list[str]:
        """Every campaign that has a journal."""
        return sorted(p.parent.name for p in (self.path / "campaigns").glob("*/journal.jsonl"))

    def entries(self, name: str) -> list[Entry]:
        """Read a campaign's journal, empty where there is none.

        Raises:
            RecordError: the name is none of a campaign.
            JournalError: it is damaged, or not the journal of this campaign.
        """
        path = self.journal(name)
        entries = read(path)
        check_order(path, entries, name)
        return entries

    def record(self, name: str) -> CampaignRecord:
        """Read one campaign.

        Raises:
            RecordError: there is none of that name.
            JournalError: its journal is damaged.
        """
        return fold(self.known_entries(name))

    def known_entries(self, name: str) -> list[Entry]:
        """Read the journal of a campaign that is there.

        Raises:
            RecordError: there is none of that name.
            JournalError: its journal is damaged.
        """
        entries = self.entries(name) if NAME.fullmatch(name) else []
        if not entries:
            names = self.names()
            known = ", ".join(names) or "none yet"
            raise RecordError(
                f"{self.path}: no campaign {name[:100]!r}. Known: {known}. Launch it first, or name its "
                f"home with --home.{nearest(name, names)}"
            )
        return entries

    def describe(self, name: str) -> str:
        """Return how many trials of a campaign have ended, also where its journal is damaged.

        Raises:
            RecordError: there is none of that name.
        """
        try:
            record = self.record(name)
        except JournalError:
            return "its journal is damaged"
        return f"{record.ended_count} of {record.target} trials ended"

    def delete(self, name: str) -> None:
        """Remove a campaign's folder; hold its lock.

        Raises:
            StoreError: the folder cannot be removed.
        """
        try:
            shutil.rmtree(self.campaign(name))
        except OSError as error:
            raise StoreError(f"{self.campaign(name)} cannot be removed: {error}") from error

    def lock(self, name: str) -> Path:
        """The file whose lock says that a process runs the campaign."""
        return self.path / "locks" / f"{name}.lock"

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold one campaign for this process; the lock dies with its owner.

        Raises:
            CampaignError: another process holds it.
            StoreError: the folder cannot be written.
        """
        path = self.lock(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(path)
            lock.acquire(timeout=LOCK_S)
        except Timeout as error:
            raise CampaignError(
                f"campaign {name!r} is being run by another process (it holds {path}). "
                "Wait for it or end it; the next launch resumes the campaign"
            ) from error
        except OSError as error:
            raise StoreError(f"{path.parent} cannot be written: {error}. Choose another --home") from error
        try:
            yield
        finally:
            gone = not self.journal(name).exists()  # deleted, or a launch that failed before it began: leave nothing
            try:
                if gone:
                    path.unlink(missing_ok=True)  # while it is held: who locks it afterwards notices, and opens another
            finally:
                lock.release()
            for folder in (path.parent, self.arrays, self.path) if gone else ():
                with suppress(OSError):
                    folder.rmdir()  # only where nothing is in it


class Confirmations(Home):
    """The confirmations of a home's campaigns, each in its campaign's folder, with a journal and trials of its own."""

    __slots__ = ()

    def campaign(self, name: str) -> Path:
        """One confirmation's folder.  RecordError: the name is none of a campaign."""
        return self.of_campaigns.campaign(name) / "confirmation"
