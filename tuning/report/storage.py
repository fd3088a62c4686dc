"""A campaign as Optuna's storage, a SQLite file that optuna-dashboard and Optuna open."""

import tempfile
from pathlib import Path

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from sqlalchemy.exc import SQLAlchemyError

from tuning.campaign.errors import CampaignError, StoreError
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import first_line
from tuning.report.study import study
from tuning.search.optuna import quiet
from tuning.training.files import write_file

STORAGE_SUFFIXES = (".db", ".sqlite3")


def check_storage(path: Path) -> None:
    """Raise CampaignError unless the path's suffix is that of a SQLite file."""
    if path.suffix.lower() not in STORAGE_SUFFIXES:
        raise CampaignError(
            f"--out {path}: unknown suffix. Allowed with --format optuna: {', '.join(STORAGE_SUFFIXES)}"
        )


def write_storage(record: CampaignRecord, path: Path) -> int:
    """Write all ended trials as one study of the campaign's name; return how many.

    The file is complete or absent; an older one is replaced.  A trial's number is its index where every trial has
    ended.  Intermediate values are the objective's metric by epoch; user attributes are the trial's name, its index,
    seed and status, and the metrics of its best epoch.

    Raises:
        CampaignError: another suffix.
        StoreError: the file cannot be written.
    """
    check_storage(path)
    ended = record.ended
    trials = study(record, ended).get_trials(deepcopy=True)
    for frozen, trial in zip(trials, ended, strict=True):
        metric = trial.config.objective.metric
        frozen.intermediate_values = {
            report.epoch: report.metrics[metric] for report in trial.epochs if metric in report.metrics
        }
        frozen.user_attrs = _attributes(trial)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
            file = Path(folder) / path.name
            with quiet():
                storage = RDBStorage(f"sqlite:///{file.absolute()}")
                goal = record.config.objective.goal
                direction = StudyDirection.MAXIMIZE if goal == "max" else StudyDirection.MINIMIZE
                made = optuna.create_study(storage=storage, study_name=record.config.name, direction=direction)
                made.set_metric_names([record.config.objective.metric])
                made.add_trials(trials)
                storage.remove_session()
                storage.engine.dispose()
            write_file(path, file.read_bytes())
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}. Choose another --out") from error
    except (SQLAlchemyError, StorageInternalError) as error:  # a full disk, as SQLite reports it
        cause = error.__cause__ if isinstance(error, StorageInternalError) else error
        reason = getattr(cause, "orig", None) or first_line(error)
        raise StoreError(f"{path}: cannot be written: {reason}. Choose another --out") from error
    return len(trials)


def _attributes(trial: TrialRecord) -> dict[str, object]:
    result = trial.result
    return {
        "trial": trial.name,
        "index": trial.index,
        "seed": trial.config.seed,
        "status": trial.status,
        **({} if result is None else {"best_epoch": result.best_epoch, "reason": result.reason, **result.best_metrics}),
    }
