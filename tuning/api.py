"""seqtune from Python: launch a campaign, load one, and use its trials.

The public interface for scripts and notebooks; other modules may change without notice.  ``docs/python.md`` describes
it, ``docs/quickstart.ipynb`` shows it.

    from tuning import api

    campaign = api.launch("campaigns/demo.toml", on_event=print)
    campaign.trials.sort_values("objective").tail()
    campaign.best.configuration
"""

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuning.analysis.best_campaign import best_campaign
from tuning.analysis.export import ExportedTrial
from tuning.analysis.export import export as export_of
from tuning.analysis.export_file import EXPORT_SUFFIXES, write
from tuning.analysis.trials import trial_columns, trial_rows
from tuning.campaign.config import CampaignConfig
from tuning.campaign.errors import CampaignError, RecordError, StoreError
from tuning.campaign.file import from_dict, ignore
from tuning.campaign.file import load as load_file
from tuning.campaign.plan import Plan
from tuning.campaign.trial import TrialConfig
from tuning.journal.events import Event
from tuning.journal.home import Home, default_home
from tuning.journal.lines import Entry
from tuning.journal.record import CampaignRecord, fold
from tuning.journal.text import settings, trial_name
from tuning.tracking.observer import Tracking
from tuning.training.files import check_suffix, write_output

if TYPE_CHECKING:
    import pandas as pd

REPORT_SUFFIXES = (".html", ".htm")

__all__ = ["Campaign", "Event", "RankedTrial", "WrittenReport", "launch", "load"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RankedTrial:
    """One of a campaign's best trials; with replicates, the first completed trial of one of its best configurations.

    recorded: the trial as an export has it.  home: where its weights are.
    """

    recorded: ExportedTrial
    home: Home

    @property
    def rank(self) -> int:
        """Rank; 1 is the best."""
        return self.recorded.rank

    @property
    def trial(self) -> int:
        """Index of the trial in its campaign, from 0."""
        return self.recorded.config.index

    @property
    def configuration(self) -> TrialConfig:
        """The complete configuration: model, training, data and seed."""
        return self.recorded.config

    @property
    def settings(self) -> dict[str, Any]:
        """The searched values, path -> value."""
        return dict(self.recorded.assignment)

    @property
    def objective(self) -> float | None:
        """The objective at the best epoch, on the validation part."""
        return self.recorded.result.objective

    @property
    def metrics(self) -> dict[str, float]:
        """All metrics at the best epoch, on the validation part."""
        return dict(self.recorded.result.best_metrics)

    def predict(self, rows: Any) -> "pd.DataFrame":
        """Return a frame with a row per prediction: ``class`` and the probability of each class, or ``forecast``.

        rows: path of a file, as for ``seqtune predict``; or (N, T, C) numbers in the units of the data, NaN after the
        end of a shorter sequence, of one channel also (N, T) or a frame with the training table's columns; or a list of
        texts.

        Raises:
            RecordError: the weights are not kept, or damaged.
            DataError: the rows are not such as the trial was trained on.
        """
        import pandas as pd

        from tuning.execution.recorded_code import sources_of, with_code
        from tuning.prediction.kept import kept_in_home  # brings torch
        from tuning.prediction.predictions import predict
        from tuning.prediction.served import ServedModel
        from tuning.prediction.table import columns

        config = self.configuration
        what = f"{trial_name(self.trial)} of {config.campaign!r}"
        sources = sources_of(config.code, what=what, home=self.home, given=[], kept=True)
        recorded, _ = with_code(self.recorded, sources)
        model = kept_in_home(self.home, recorded, datasets=_datasets(None), progress=ignore)
        if isinstance(rows, str | Path):
            return pd.DataFrame(columns(predict([model], Path(rows), {})))
        return ServedModel(model).predict(rows)

    def __repr__(self) -> str:
        metric = self.configuration.objective.metric
        return (
            f"<RankedTrial {self.rank}: {trial_name(self.trial)} {metric}={self.objective:.4f} "
            f"{settings(self.recorded.assignment)}>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenReport:
    """A report on disk.  in_mlflow: whether it was added to the campaign's run, too.  problem: why the store failed."""

    path: Path
    size_bytes: int
    in_mlflow: bool
    problem: str | None = None


class Campaign:
    """A campaign as its journal recorded it when this object was made; ``load`` it again to see later trials."""

    def __init__(self, home: Home, entries: list[Entry]) -> None:
        """Read the entries of a journal, at least one.  Use ``load`` or ``launch`` instead."""
        self.home = home
        self.record: CampaignRecord = fold(entries)
        """The journal's content; its fields are no public interface."""
        self._entries = entries

    @property
    def name(self) -> str:
        """The campaign's name."""
        return self.record.config.name

    @property
    def config(self) -> CampaignConfig:
        """The campaign file, complete."""
        return self.record.config

    @property
    def finished(self) -> bool:
        """Whether all planned trials have ended; if not, launching the same campaign resumes it."""
        return self.record.finished_at is not None

    @property
    def trials(self) -> "pd.DataFrame":
        """All trials, one per row, indexed by ``trial``.

        Columns: ``status`` (waiting, running, completed, stopped, failed), ``objective``, the metrics of the best
        epoch on the validation part, ``best_epoch``, ``epochs``, ``budget`` (epochs that it may train), ``seconds``,
        ``seed``, the searched values by path, and the ``reason`` of a failure or stop.
        """
        import pandas as pd

        rows = trial_rows(self.record, (trial for _, trial in sorted(self.record.trials.items())))
        columns = dict.fromkeys([*(name for row in rows for name in row), *trial_columns(self.record)])
        return pd.DataFrame(rows, columns=list(columns)).set_index("trial")

    @property
    def curves(self) -> "pd.DataFrame":
        """All epochs of all trials, indexed by ``trial`` and ``epoch``.

        Columns: ``train_loss``, ``learning_rate``, ``seconds``, and the metrics on the validation part.
        """
        import pandas as pd

        rows = [
            {
                "trial": index,
                "epoch": report.epoch,
                **report.metrics,
                "train_loss": report.train_loss,
                "learning_rate": report.learning_rate,
                "seconds": report.seconds,
            }
            for index, trial in sorted(self.record.trials.items())
            for report in trial.epochs
        ]
        columns = list(dict.fromkeys(name for row in rows for name in row)) or ["trial", "epoch"]
        return pd.DataFrame(rows, columns=columns).set_index(["trial", "epoch"])

    @property
    def best(self) -> RankedTrial:
        """The best trial.  RecordError: none has completed."""
        if not (found := self.top(1)):
            raise RecordError(f"campaign {self.name!r}: no trial has completed yet")
        return found[0]

    def top(self, k: int = 10) -> list[RankedTrial]:
        """Return the best ``k`` trials, or fewer; with replicates one trial of each of the best configurations."""
        if k < 1 or not self.record.ranked():
            return []
        return [RankedTrial(recorded=entry, home=self.home) for entry in export_of(self.record, k).entries]

    def export(self, path: Path | str, k: int = 10) -> Path:
        """Write the best ``k`` trials to a .json, .toml or .csv file, as ``seqtune export`` does; return its path.

        Raises:
            CampaignError: another suffix, or ``k`` is below 1.
            RecordError: no trial has completed.
            StoreError: the file cannot be written.
        """
        if k < 1:
            raise CampaignError(f"k = {k}: must be at least 1")
        file = Path(path)
        check_suffix(file, EXPORT_SUFFIXES, "path")
        write(export_of(self.record, k), file, "path")
        return file

    def best_campaign(self, k: int = 10) -> dict[str, Any]:
        """Return a campaign of the best ``k`` configurations, to change and to ``launch``: for more epochs, or rows.

        It has the keys of a campaign file, as ``seqtune export --format campaign`` writes it.

        Raises:
            CampaignError: ``k`` is below 1.
            RecordError: no trial has completed.
        """
        if k < 1:
            raise CampaignError(f"k = {k}: must be at least 1")
        return best_campaign(self.record, k, self.home.code)[0]

    def report(self, path: Path | str | None = None) -> WrittenReport:
        """Write the report, one HTML file, and add it to the campaign's run in MLflow.  path: default ``NAME.html``.

        A store that is away is a warning of the result, no error.

        Raises:
            CampaignError: another suffix.
            RecordError: no trial has ended.
            StoreError: the file cannot be written.
        """
        from tuning.report.calibration import calibrated  # brings torch
        from tuning.report.page import page  # brings Optuna and plotly

        file = Path(path or f"{self.name}.html")
        check_suffix(file, REPORT_SUFFIXES, "path")
        if not self.record.ended:
            raise RecordError(f"campaign {self.name!r}: no trial has ended yet")
        confirmations = self.home.confirmations
        confirmed = confirmations.journal(self.name).exists()
        confirmation = confirmations.record(self.name) if confirmed else None
        text = page(self._entries, confirmation, calibrated(self.home, self.record, confirmation))
        content = text.encode()
        write_output(file, content, "path")
        from tuning.tracking.campaign_files import add_to_campaign  # brings MLflow

        try:
            added = add_to_campaign(self.home, self._entries[0], {"report.html": text})
        except StoreError as error:
            return WrittenReport(path=file, size_bytes=len(content), in_mlflow=False, problem=str(error))
        return WrittenReport(path=file, size_bytes=len(content), in_mlflow=added)

    def __repr__(self) -> str:
        return f"<Campaign {self.name}: {self.record.ended_count} of {self.record.target} trials ended>"


def load(name: str, *, home: Path | str | None = None) -> Campaign:
    """Return a campaign that was launched.  home: its folder; default ``SEQTUNE_HOME``, or ``var``.

    Raises:
        RecordError: there is none of that name.
        JournalError: its journal is damaged.
    """
    place = _home(home)
    return Campaign(place, place.known_entries(name))


def launch(
    campaign: Path | str | Mapping[str, Any],
    *,
    home: Path | str | None = None,
    datasets: Path | str | None = None,
    on_event: Callable[[Event], object] | None = None,
) -> Campaign:
    """Start or resume a campaign, as ``seqtune launch`` does; return it when it ends.

    campaign: a campaign file, or a dictionary with the same keys.  home: as for ``load``.  datasets: folder of data
    sets; default ``SEQTUNE_DATASETS``.  on_event: called with each event once it is in the journal, such as an epoch's
    or a trial's end; an exception that it raises ends the launch.

    A launch that ends early, for example at ``budget.wall_s``, returns too: the campaign is then not ``finished``, and
    the same call resumes it.  The reason is a warning, except for the budget.

    Raises:
        CampaignError, DataError, SpaceError: what is asked for cannot be run.
        JournalError, StoreError: the journal cannot be read or written.
        KeyboardInterrupt: Ctrl-C; finished epochs are kept.
    """
    plan = _plan(campaign)
    place, name = _home(home), plan.config.name
    from tuning.execution.launch import launch as run  # brings torch and Ray

    def observe(_: CampaignRecord, entry: Entry) -> None:
        if on_event is not None:
            on_event(entry.event)

    with Tracking(place, name) as tracking:
        record = run(
            plan,
            home=place,
            datasets=_datasets(datasets),
            observers=[tracking, observe],
            progress=ignore,
        )
    if tracking.behind:
        warnings.warn(f"MLflow is behind the journal: {tracking.behind}. `seqtune sync {name}` mends it", stacklevel=2)
    if record.finished_at is None:
        interruption = record.interruptions[-1]
        if interruption.cause == "user":
            raise KeyboardInterrupt(interruption.reason)
        if interruption.cause != "budget":
            warnings.warn(f"campaign {name!r} ended early: {interruption.reason}", stacklevel=2)
    return load(name, home=place.path)


def _plan(campaign: Path | str | Mapping[str, Any]) -> Plan:
    if isinstance(campaign, Mapping):
        return from_dict(campaign, printed=print)
    return load_file(Path(campaign), with_code=True, printed=print)


def _datasets(folder: Path | str | None) -> Path | None:
    chosen = folder or os.environ.get("SEQTUNE_DATASETS")
    return None if chosen is None else Path(chosen)


def _home(folder: Path | str | None) -> Home:
    return Home(default_home() if folder is None else Path(folder).expanduser().absolute())
