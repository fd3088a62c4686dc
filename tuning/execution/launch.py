"""Launch a campaign or resume it: prepare the data, open the journal, run the driver's trials on Ray."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from data.preparation import Preparation
from data.prepare import Prepared, prepare
from tuning.campaign import own_code
from tuning.campaign.config import CampaignConfig, LimitOptions, ResourceOptions
from tuning.campaign.errors import CampaignError
from tuning.campaign.plan import Plan, check_task
from tuning.campaign.resume import resumed
from tuning.campaign.variants import variants
from tuning.execution.driver import Driver, LaunchInterrupted, Observer
from tuning.execution.search_trials import SearchTrials
from tuning.execution.signals import STOP
from tuning.execution.warm_start import earlier_results
from tuning.journal.events import DataRecord, Launched, Opened
from tuning.journal.home import Home
from tuning.journal.log import Journal
from tuning.journal.record import CampaignRecord, fold
from tuning.search.ray_settings import chosen_address, configure
from tuning.search.suggest import ordered_search
from tuning.training.environment import Environment, check_device, check_threads, current, share_commit

PREPARATIONS = 3
"""Times that one launch prepares arrays that are damaged or deleted while trials need them."""


def launch(
    plan: Plan,
    *,
    home: Home,
    datasets: Path | None,
    observers: Sequence[Observer] = (),
    progress: Callable[[str], None],
) -> CampaignRecord:
    """Run a campaign to its end, from wherever its journal ends.

    An interrupted launch returns too: ``finished_at`` is None then, and ``interruptions`` says why.

    Raises:
        DataError, CampaignError: the data is missing or unsuitable, the device is missing, there are too many threads
            for this machine, or the file differs from the one that the campaign was first launched with.
        JournalError, StoreError: the journal cannot be read or written.
    """
    config = plan.config
    own_code.use(plan.sources)
    check_resources(config.resources)
    path = home.journal(config.name)
    with home.locked(config.name):
        entries = home.entries(config.name)
        if entries:
            before = fold(entries)
            plan = resumed(plan, before.config, trials=before.target)
        for attempt in range(PREPARATIONS):
            new = not entries and attempt == 0
            record = _attempt(plan, path, new=new, home=home, datasets=datasets, observers=observers, progress=progress)
            if not lacks_arrays(record):
                break
        return record


def lacks_arrays(record: CampaignRecord) -> bool:
    """Return whether a launch ended because arrays were damaged or deleted."""
    return record.finished_at is None and record.interruptions[-1].cause == "data"


def _attempt(
    plan: Plan,
    path: Path,
    *,
    new: bool,
    home: Home,
    datasets: Path | None,
    observers: Sequence[Observer],
    progress: Callable[[str], None],
) -> CampaignRecord:
    """Prepare the data where it is not, and run until the campaign ends or is interrupted.

    new: whether it has no journal yet; what is wrong then must leave no campaign.
    """
    config = plan.config
    prepared = {
        variant: prepare(data, datasets=datasets, store=home.arrays, progress=progress)
        for variant, data in variants(config).items()
    }
    for arrays in prepared.values():
        check_task(config, arrays.manifest.class_names)
    if chosen_address(config.resources.address) and new:
        from tuning.execution.ray_tune import check_cluster

        check_cluster(config.resources)
    data = recorded_data(prepared)
    warm_start = earlier_results(plan, home, data) if new else ()
    if config.limits != LimitOptions() and new:
        progress("looking for a configuration within the limits")
        ordered_search(plan.complete, plan.space, data, warm_start).suggest()
    with STOP.deferred(), Journal(path) as journal:
        home.keep_code(plan.sources)
        if not journal.entries:
            journal.append(
                Opened(config=plan.complete, dimensions=plan.space.described(), data=data, warm_start=warm_start)
            )
        record = fold(journal.entries)
        _check_same_data(record, prepared)
        home.keep_preparations(config.name, (Preparation.of(entry.manifest) for entry in prepared.values()))
        over = record.finished_at is not None and len(record.ended) >= plan.trials
        if over and config.comparison in (None, record.config.comparison):
            return record
        return _run(plan, journal, prepared, home=home, datasets=datasets, observers=observers, progress=progress)


def _run(
    plan: Plan,
    journal: Journal,
    prepared: Mapping[str, Prepared],
    *,
    home: Home,
    datasets: Path | None,
    observers: Sequence[Observer],
    progress: Callable[[str], None],
) -> CampaignRecord:
    config = plan.config
    launched = Launched(
        environment=environment(config.resources),
        trials=plan.trials,
        concurrency=config.resources.concurrency,
        resources=config.resources,
        datasets=None if datasets is None else str(datasets.expanduser().absolute()),
        comparison=config.comparison,
        code=tuple(str(source.path) for source in plan.sources),
    )
    warm_start = fold(journal.entries[:1]).warm_start
    new_search = partial(ordered_search, plan.complete, plan.space, recorded_data(prepared), warm_start)
    source = SearchTrials(plan.space, new_search)
    driver = Driver(journal, source, launched=launched, observers=observers, progress=progress)
    if not driver.complete:  # else only the comparison is new
        run_trials(driver, prepared, home=home, config=config, progress=progress)
    return driver.record


def environment(resources: ResourceOptions) -> Environment:
    """Return that of this process, for the record of a launch; let the workers know its commit."""
    share_commit()
    on_cluster = chosen_address(resources.address) is not None  # whose GPUs are not the driver's
    return current("cpu" if on_cluster else resources.device)


def run_trials(
    driver: Driver,
    prepared: Mapping[str, Prepared],
    *,
    home: Home,
    config: CampaignConfig,
    progress: Callable[[str], None],
    before_test: Callable[[], None] | None = None,
) -> None:
    """Run a driver's trials on Ray until it has no more, or is interrupted, which is recorded.

    config: of this launch.  before_test: evaluate each trial on the test part, too; called before the first one.
    """
    progress("starting Ray")
    from tuning.execution.ray_tune import run

    arrays = {variant: entry.directory for variant, entry in prepared.items()}
    try:
        run(driver, arrays, home, config, before_test=before_test)
    except LaunchInterrupted as interruption:
        driver.interrupted(interruption.cause, str(interruption))
    else:
        if driver.source.none_left:
            driver.interrupted("limits", driver.source.none_left)


def check_resources(resources: ResourceOptions) -> None:
    """Check device and threads before anything is written; on a cluster its nodes are asked later.

    Raises:
        CampaignError: the device is missing, or there are too many threads for this machine.
    """
    address = chosen_address(resources.address)
    configure(address)
    if address is None:
        check_device(resources.device)
        check_threads(resources.threads, concurrency=resources.concurrency)


def recorded_data(prepared: Mapping[str, Prepared]) -> dict[str, DataRecord]:
    """Return what a journal keeps of prepared data, by variant."""
    return {
        variant: DataRecord(
            sha256=entry.sha256,
            classes=entry.manifest.class_names,
            steps=entry.manifest.steps,
            channels=entry.manifest.channels,
            train=dict(entry.manifest.counts.train),
            valid=dict(entry.manifest.counts.valid),
            test=dict(entry.manifest.counts.test),
            epoch=dict(entry.manifest.counts.epoch),
            notes=entry.manifest.notes,
            tokens=entry.manifest.tokens,
        )
        for variant, entry in prepared.items()
    }


def _check_same_data(record: CampaignRecord, prepared: Mapping[str, Prepared]) -> None:
    for variant, entry in prepared.items():
        before = record.data[variant].sha256
        if before != entry.sha256:
            raise CampaignError(
                f"campaign {record.config.name!r}: its data has changed: {variant!r} has sha256 "
                f"{entry.sha256[:12]}, it had {before[:12]}. Restore the old files, or choose another name (--name)"
            )
