"""Where everything that is produced lies: campaigns, prepared arrays, the default MLflow store."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from tuning.errors import CampaignError, RecordError, StoreError
from tuning.journal import read
from tuning.record import CampaignRecord, fold

CHECKPOINT = "checkpoint.pt"
WEIGHTS = "weights.safetensors"
WEIGHTS_KEPT = 10
"""Weights of this many trials, the best, stay on disk; those of the others come back with `seqtune reproduce`."""


@dataclass(frozen=True, slots=True)
class Home:
    """``--home``: an absolute folder."""

    path: Path

    @property
    def arrays(self) -> Path:
        """Prepared arrays, shared by all campaigns."""
        return self.path / "arrays"

    @property
    def tracking_uri(self) -> str:
        """``MLFLOW_TRACKING_URI``, or a SQLite store in this home."""
        return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{self.path / 'mlflow.db'}"

    @property
    def artifacts(self) -> Path:
        """Where the default store keeps artifacts."""
        return self.path / "mlartifacts"

    def campaign(self, name: str) -> Path:
        """One campaign's folder."""
        return self.path / "campaigns" / name

    def journal(self, name: str) -> Path:
        """One campaign's journal."""
        return self.campaign(name) / "journal.jsonl"

    def trial(self, name: str, index: int) -> Path:
        """One trial's folder: its checkpoint while it runs, ``weights.safetensors`` (best epoch) afterwards."""
        return self.campaign(name) / "trials" / f"t{index:03d}"

    def names(self) -> list[str]:
        """Every campaign that has a journal."""
        return sorted(p.parent.name for p in (self.path / "campaigns").glob("*/journal.jsonl"))

    def record(self, name: str) -> CampaignRecord:
        """Read one campaign.

        Raises:
            RecordError: there is none of that name.
            JournalError: its journal is damaged.
        """
        entries = read(self.journal(name)) if self.journal(name).exists() else []
        if not entries:
            known = ", ".join(self.names()) or "none yet"
            raise RecordError(
                f"{self.path}: no campaign {name!r}. Known: {known}. Launch it first, or name its folder with --home"
            )
        return fold(entries)

    def tidy(self, record: CampaignRecord, index: int) -> None:
        """After a trial's end: remove its checkpoint, and the weights of trials that are not among the best."""
        name = record.config.name
        (self.trial(name, index) / CHECKPOINT).unlink(missing_ok=True)
        ranked = [trial.config.index for trial in record.ranked()]
        # This trial may have pushed another one out, or be none of the best itself.
        for other in {index, *ranked[WEIGHTS_KEPT : WEIGHTS_KEPT + 1]} - set(ranked[:WEIGHTS_KEPT]):
            (self.trial(name, other) / WEIGHTS).unlink(missing_ok=True)

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
            lock.acquire(blocking=False)
        except Timeout as error:
            raise CampaignError(
                f"campaign {name!r} is being run by another process (it holds {path}). "
                "Wait for it or end it; a second launch then continues it"
            ) from error
        except OSError as error:
            raise StoreError(f"{path.parent} cannot be written: {error}. Choose another --home") from error
        try:
            yield
        finally:
            lock.release()
