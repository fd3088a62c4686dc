"""The recorded trial, campaign or export that a command line names."""

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from tuning.analysis.export import Export, export
from tuning.analysis.export_file import EXPORT_SUFFIXES, entry, read_export
from tuning.campaign.errors import RecordError, no_such_run
from tuning.journal.home import Home
from tuning.journal.record import CampaignRecord, RecordedTrial, TrialRecord
from tuning.journal.text import trial_name

RUN_ID = re.compile(r"[0-9a-f]{32}")
FORMS = "RUN_ID, NAME --rank R, NAME --trial K, NAME --seed S, or FILE --rank R"
NUMBERED = re.compile(r"(.+):t?(\d{1,7})")
"""A trial in one word: ``NAME:K``, ``NAME:t007`` or ``FILE:R``."""


class Target(NamedTuple):
    """A recorded trial, and the MLflow run that it was read from.

    code_paths: where the latest launch read the user's code; None of a trial that is of no campaign of this home.
    """

    recorded: RecordedTrial
    run_id: str | None = None
    code_paths: tuple[str, ...] | None = None


def find(
    home: Home, target: str, *, trial: int | None = None, seed: int | None = None, rank: int | None = None
) -> Target:
    """Return the trial that ``target`` and at most one of the options name.

    Raises:
        RecordError: it is not there, has not ended, or the form is none of ``FORMS``.
        JournalError: the campaign's journal is damaged.
        StoreError: the MLflow store cannot be reached.
    """
    given = [name for name, value in (("--trial", trial), ("--seed", seed), ("--rank", rank)) if value is not None]
    if len(given) > 1:
        raise RecordError(f"{' and '.join(given)} exclude each other. Write {FORMS}")
    file = Path(target)
    if rank is not None and (file.suffix.lower() in EXPORT_SUFFIXES or file.is_file()):
        return Target(entry(file, rank))
    if not given:
        if file.suffix.lower() in EXPORT_SUFFIXES:
            raise RecordError(f"{target}: which entry? Add --rank R, 1 is the best")
        if RUN_ID.fullmatch(target):
            check_run_id(target, home.tracking_uri)
            from tuning.tracking.read import recorded_trial  # brings MLflow, which takes seconds

            return Target(recorded_trial(target, home.tracking_uri), target)
        known = trial_names(home.record(target).ended)
        raise RecordError(f"campaign {target!r}: which trial? Add --rank R, --trial K or --seed S. It has {known}")
    record = home.record(target)
    if rank is not None:
        found = _by_rank(record, rank)
    elif trial is not None:
        found = _by_index(record, trial)
    else:
        found = _by_seed(record, seed)
    return Target(of_campaign(record, found), code_paths=record.code_paths)


def find_word(home: Home, word: str) -> RecordedTrial | CampaignRecord | Export:
    """Return what one word names: RUN_ID, NAME:K or FILE:R a trial, NAME a campaign, FILE an export.

    Raises:
        RecordError, JournalError, StoreError: as ``find``.
    """
    if RUN_ID.fullmatch(word):
        return find(home, word).recorded
    if numbered := NUMBERED.fullmatch(word):
        place, number = numbered[1], int(numbered[2])
        if Path(place).suffix.lower() in EXPORT_SUFFIXES:
            return find(home, place, rank=number).recorded
        return find(home, place, trial=number).recorded
    if Path(word).suffix.lower() in EXPORT_SUFFIXES:
        return read_export(Path(word))
    return home.record(word)


def check_run_id(run_id: str, uri: str) -> None:
    """Raise RecordError where a SQLite store has no such run; any other doubt is left to MLflow."""
    file = Path(uri.removeprefix("sqlite:///"))
    if not uri.startswith("sqlite:///"):
        return
    if not file.is_file():
        raise RecordError(
            f"MLflow run {run_id}: there is no store {file} yet. Choose one with MLFLOW_TRACKING_URI or --home"
        )
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as store, suppress(sqlite3.Error):
        if store.execute("SELECT 1 FROM runs WHERE run_uuid = ?", (run_id,)).fetchone() is None:
            raise RecordError(no_such_run(f"MLflow run {run_id} in {uri}"))


def of_campaign(record: CampaignRecord, trial: TrialRecord) -> RecordedTrial:
    """Return an ended trial of a campaign, complete.  RecordError: it has not ended, or was not trained itself."""
    name = f"campaign {record.config.name!r}: {trial_name(trial.config.index)}"
    if trial.result is None:
        raise RecordError(f"{name} has not ended yet. Launch the campaign again to finish it")
    if trial.reused and trial.same_as is not None:
        original = trial_name(trial.same_as)
        raise RecordError(f"{name} reuses the result of {original}. Reproduce that one: --trial {trial.same_as}")
    return record.recorded(trial)


def trial_names(trials: Sequence[TrialRecord]) -> str:
    """Return ``t000 to t049``, or the names one by one where they are few or have gaps."""
    indices = [trial.config.index for trial in trials]
    if not indices:
        return "no ended trial yet"
    if len(indices) > 2 and indices[-1] - indices[0] == len(indices) - 1:  # noqa: PLR2004 - two are told one by one
        return f"{trial_name(indices[0])} to {trial_name(indices[-1])}"
    return ", ".join(trial_name(index) for index in indices)


def _by_rank(record: CampaignRecord, rank: int) -> TrialRecord:
    if not record.ranked():
        raise RecordError(f"campaign {record.config.name!r}: no trial has completed, so none has a rank")
    entries = export(record, rank).entries
    if rank > len(entries):
        raise RecordError(f"campaign {record.config.name!r}: no rank {rank}; it has {len(entries)}")
    return record.trials[entries[rank - 1].config.index]


def _by_index(record: CampaignRecord, index: int) -> TrialRecord:
    if index in record.trials:
        return record.trials[index]
    known = trial_names(record.ended)
    raise RecordError(f"campaign {record.config.name!r}: no trial {index}. It has {known}; trials count from 0")


def _by_seed(record: CampaignRecord, seed: int | None) -> TrialRecord:
    found = [trial for trial in record.trials.values() if trial.config.seed == seed]
    name = record.config.name
    if len(found) == 1:
        return found[0]
    if found:
        raise RecordError(
            f"campaign {name!r}: seed {seed} belongs to {trial_names(found)}, replicates of different configurations. "
            "Write --trial K"
        )
    raise RecordError(f"campaign {name!r}: no trial with seed {seed}. `seqtune status {name}` lists the seeds")
