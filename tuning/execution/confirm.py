"""Confirm a campaign: train its best configurations again with fresh seeds and splits, and evaluate the test part.

A confirmation has a journal and trials of its own, in a folder of its campaign's.  Asked for more configurations, seeds
or splits, it adds the trials that it lacks.  That the test part was opened is in the campaign's journal before any
trial is evaluated on it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from data.config import DataConfig
from data.preparation import Preparation
from data.prepare import Prepared, prepare
from tuning.analysis.selection import best_configurations
from tuning.campaign.config import CampaignConfig
from tuning.campaign.errors import CampaignError, RecordError
from tuning.campaign.resume import changed_resources
from tuning.campaign.variants import variant_of
from tuning.execution.confirmation_trials import ConfirmationTrials, confirmation_trials, confirmed_data
from tuning.execution.driver import Driver, Observer
from tuning.execution.launch import (
    PREPARATIONS,
    check_resources,
    environment,
    lacks_arrays,
    recorded_data,
    run_trials,
)
from tuning.execution.signals import STOP
from tuning.journal.events import ConfirmationRequest, Launched, Opened, OpenedTest
from tuning.journal.home import Home
from tuning.journal.log import Journal
from tuning.journal.record import CampaignRecord, fold

RANDOM_SPLITS = ("stratified", "grouped")
"""Splits that a seed draws."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A campaign and its confirmation; ``finished_at`` of the confirmation is None where it was interrupted."""

    campaign: CampaignRecord
    confirmation: CampaignRecord
    request: ConfirmationRequest


def confirm(
    home: Home,
    name: str,
    *,
    top: int,
    seeds: int,
    splits: int = 0,
    concurrency: int | None = None,
    settings: Sequence[str] = (),
    datasets: Path | None,
    observers: Sequence[Observer] = (),
    progress: Callable[[str], None],
) -> Confirmed:
    """Train the best configurations of a campaign again, and evaluate each training on the test part.

    top: configurations.  seeds: trainings of each, per split.  splits: fresh splits; 0: the campaign's own.
    concurrency: trials at a time; None: as in the campaign's last launch.  settings: changes of the last launch's
    resources, see ``changed_resources``.

    Raises:
        RecordError: no such campaign, or none of its trials has completed.
        CampaignError: the data has changed, has no test part, or its split is not drawn by a seed; the device is
            missing, or the campaign is being run.
        DataError, JournalError, StoreError: data, journal or disk cannot be used.
    """
    home.record(name)  # RecordError before a lock is made
    with home.locked(name):
        record = home.record(name)
        chosen = best_configurations(record, top)
        if not chosen:
            raise RecordError(f"campaign {name!r}: no trial has completed, so there is nothing to confirm")
        config = _launched_config(record, concurrency, settings)
        check_resources(config.resources)
        _check_splits(config, splits)
        request = ConfirmationRequest(
            trials=tuple(trial.index for trial in chosen), seeds=seeds, splits=splits, ended=len(record.ended)
        )
        for _ in range(PREPARATIONS):
            confirmation = _attempt(
                record, request, config=config, home=home, datasets=datasets, observers=observers, progress=progress
            )
            if not lacks_arrays(confirmation):
                break
        return Confirmed(home.record(name), confirmation, request)


def _attempt(
    record: CampaignRecord,
    request: ConfirmationRequest,
    *,
    config: CampaignConfig,
    home: Home,
    datasets: Path | None,
    observers: Sequence[Observer],
    progress: Callable[[str], None],
) -> CampaignRecord:
    """Prepare the data where it is not, and train what a request lacks until it has it or is interrupted."""
    name = record.config.name
    before = fold(entries) if (entries := home.confirmations.entries(name)) else None
    prepared = _prepared(
        record, before, _needed(record, before, request), home=home, datasets=datasets, progress=progress
    )

    def opened() -> None:
        if request not in [asked for _, asked in home.record(name).tests]:
            with Journal(home.journal(name)) as campaign:
                campaign.append(OpenedTest(confirmation=request))

    with STOP.deferred(), Journal(home.confirmations.journal(name)) as journal:
        if not journal.entries:
            journal.append(
                Opened(
                    config=record.config, dimensions=record.dimensions, data=record.data, warm_start=record.warm_start
                )
            )
        home.confirmations.keep_preparations(name, (Preparation.of(entry.manifest) for entry in prepared.values()))
        return _run(
            record,
            journal,
            request,
            prepared,
            opened=opened,
            config=config,
            home=home,
            datasets=datasets,
            observers=observers,
            progress=progress,
        )


def _run(
    campaign: CampaignRecord,
    journal: Journal,
    request: ConfirmationRequest,
    prepared: Mapping[str, Prepared],
    *,
    opened: Callable[[], None],
    config: CampaignConfig,
    home: Home,
    datasets: Path | None,
    observers: Sequence[Observer],
    progress: Callable[[str], None],
) -> CampaignRecord:
    """Train what a request lacks.  opened: called before figures of the test part are evaluated or shown."""
    record = fold(journal.entries)
    wanted = list(confirmation_trials(campaign, record, request, prepared))
    if record.finished_at is not None and all(suggested.trial.index in record.trials for suggested in wanted):
        opened()
        return record
    new_data = {key: data for key, data in recorded_data(prepared).items() if key not in record.data}
    launched = Launched(
        environment=environment(config.resources),
        trials=max(len(record.trials), *(suggested.trial.index + 1 for suggested in wanted)),
        concurrency=config.resources.concurrency,
        datasets=None if datasets is None else str(datasets.expanduser().absolute()),
        confirmation=request,
        data=new_data,
    )
    source = ConfirmationTrials(wanted, seeds=request.seeds)
    driver = Driver(journal, source, launched=launched, observers=observers, progress=progress)
    if driver.complete:
        opened()
    else:
        run_trials(driver, prepared, home=home.confirmations, config=config, progress=progress, before_test=opened)
    return driver.record


def _needed(
    record: CampaignRecord, before: CampaignRecord | None, request: ConfirmationRequest
) -> dict[str, DataConfig]:
    """Return the data of every configuration, split and fold by their keys, and of trials that were begun before.

    before: the confirmation so far.  Trials of a larger request that was interrupted are trained to their end.
    """
    needed: dict[str, DataConfig] = {}
    all_splits = range(1, request.splits + 1) if request.splits else (0,)
    folds = range(min(request.seeds, record.config.data.divisions or 1))
    for split, seed, source in product(all_splits, folds, request.trials):
        data = confirmed_data(record.trials[source].config.data, record.config, seed=seed, split=split)
        needed[variant_of(data, record.config, fresh_split=split > 0)] = data
    if before is not None:
        for index in sorted(before.unfinished):
            config = before.trials[index].config
            needed[before.variant(config)] = config.data
    return needed


def _prepared(
    record: CampaignRecord,
    before: CampaignRecord | None,
    needed: Mapping[str, DataConfig],
    *,
    home: Home,
    datasets: Path | None,
    progress: Callable[[str], None],
) -> dict[str, Prepared]:
    """Prepare the needed data.

    Raises:
        CampaignError: data has changed since the campaign or an earlier request, or there is no test part.
    """
    prepared: dict[str, Prepared] = {}
    known = {key: data.sha256 for key, data in {**record.data, **(before.data if before else {})}.items()}
    for number, (key, data) in enumerate(needed.items(), start=1):
        numbered = _numbered(progress, number, of=len(needed))
        entry = prepared[key] = prepare(data, datasets=datasets, store=home.arrays, progress=numbered)
        if entry.sha256 != known.get(key, entry.sha256):
            raise CampaignError(
                f"campaign {record.config.name!r}: its data has changed: {key!r} has sha256 {entry.sha256[:12]}, "
                f"it had {known[key][:12]}. Restore the old files"
            )
        if not sum(entry.manifest.counts.test.values()):
            raise CampaignError(
                f"campaign {record.config.name!r}: {data.dataset!r} has no test part. Launch it under another name "
                "with a data.test_fraction above 0 or a data.test file"
            )
    return prepared


def _numbered(progress: Callable[[str], None], number: int, *, of: int) -> Callable[[str], None]:
    """Return what says of each step which data it prepares: fresh splits have the same name."""
    return (lambda text: progress(f"data {number} of {of}: {text}")) if of > 1 else progress


def _check_splits(config: CampaignConfig, splits: int) -> None:
    if splits and config.data.split not in RANDOM_SPLITS:
        raise CampaignError(
            f"--splits {splits}: the split of campaign {config.name!r} is {config.data.split!r}, which no seed draws. "
            f"Leave --splits out; it needs data.split = {' or '.join(map(repr, RANDOM_SPLITS))}"
        )


def _launched_config(record: CampaignRecord, concurrency: int | None, settings: Sequence[str]) -> CampaignConfig:
    """Return the campaign's configuration with the resources of this confirmation, and without a time budget."""
    last = record.launches[-1] if record.launches else None
    resources = (last and last.resources) or record.config.resources
    concurrency = concurrency or (last.concurrency if last else resources.concurrency)
    resources = changed_resources(resources.model_copy(update={"concurrency": concurrency}), settings)
    budget = record.config.budget.model_copy(update={"wall_s": None})
    return record.config.model_copy(update={"resources": resources, "budget": budget})
