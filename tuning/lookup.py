"""The recorded trial that a user means: a run's id, a campaign's trial or seed, an export's rank."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tuning.errors import RecordError
from tuning.export import fields
from tuning.export_file import SUFFIXES, entry
from tuning.home import Home
from tuning.leaderboard import trial_name
from tuning.record import CampaignRecord, TrialRecord
from tuning.recorded import RecordedTrial

RUN_ID = re.compile(r"[0-9a-f]{32}")
FORMS = "RUN_ID, NAME --trial K, NAME --seed S, or FILE --rank R"


class Found(NamedTuple):
    """A recorded trial, and the MLflow run it was read from, if it was."""

    recorded: RecordedTrial
    run_id: str | None = None


def find(
    home: Home, target: str, *, trial: int | None = None, seed: int | None = None, rank: int | None = None
) -> Found:
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
    if rank is not None:
        return Found(entry(file, rank))
    if trial is None and seed is None:
        if file.suffix.lower() in SUFFIXES:
            raise RecordError(f"{target}: which entry? Add --rank R, 1 is the best")
        if RUN_ID.fullmatch(target):
            from tuning.tracking_read import recorded_trial

            return Found(recorded_trial(target, home.tracking_uri), target)
        known = trial_names(home.record(target).ended)
        raise RecordError(f"campaign {target!r}: which trial? Add --trial K or --seed S. It has {known}")
    record = home.record(target)
    return Found(of_campaign(record, _by_index(record, trial) if trial is not None else _by_seed(record, seed)))


def of_campaign(record: CampaignRecord, trial: TrialRecord) -> RecordedTrial:
    """Return an ended trial of a campaign, complete.  RecordError: it has not ended, or was not trained itself."""
    name = f"campaign {record.config.name!r}: {trial_name(trial.config.index)}"
    if trial.result is None:
        raise RecordError(f"{name} has not ended yet. Launch the campaign again to finish it")
    if trial.reused and trial.same_as is not None:
        original = trial_name(trial.same_as)
        raise RecordError(f"{name} took over the result of {original}. Reproduce that: --trial {trial.same_as}")
    return RecordedTrial(**fields(record, trial))


def trial_names(trials: Sequence[TrialRecord]) -> str:
    """Return ``t000 to t049``, or the names one by one where they are few or have gaps."""
    indices = [trial.config.index for trial in trials]
    if not indices:
        return "no ended trial yet"
    if len(indices) > 2 and indices[-1] - indices[0] == len(indices) - 1:  # noqa: PLR2004 - two are told one by one
        return f"{trial_name(indices[0])} to {trial_name(indices[-1])}"
    return ", ".join(trial_name(index) for index in indices)


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
            f"campaign {name!r}: seed {seed} is that of {trial_names(found)}, replicates of different configurations. "
            "Write --trial K"
        )
    raise RecordError(f"campaign {name!r}: no trial with seed {seed}. `seqtune status {name}` lists the seeds")
