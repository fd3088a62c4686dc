"""Launch a campaign, or go on with it: prepare the data, open the journal, run the driver's trials on Ray."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from data.prepare import Prepared, prepare
from search_spaces.space import Space
from tuning.config import CampaignConfig
from tuning.driver import Driver, Observer
from tuning.environment import current
from tuning.errors import CampaignError
from tuning.events import DataRecord, Launched, Opened
from tuning.home import Home
from tuning.journal import Journal, read
from tuning.record import CampaignRecord, fold
from tuning.replay import ordered_search
from tuning.task import refuse_other_task
from tuning.trials import campaign_space, planned_trials
from tuning.variants import variants

MAY_CHANGE = (
    "search.trials",
    "resources.concurrency",
    "resources.max_retries",
    "resources.trial_wall_s",
    "budget.wall_s",
    "study.question",
    "study.factor",
    "study.measure",
)
"""Keys that a campaign's file may change between launches: no trial depends on them."""


def launch(
    config: CampaignConfig,
    *,
    home: Home,
    datasets: Path | None,
    observers: Sequence[Observer] = (),
    progress: Callable[[str], None],
) -> CampaignRecord:
    """Run a campaign to its end, from wherever its journal stands.

    An interrupted launch returns too: ``finished_at`` is None then, and ``interruptions`` says why.

    Raises:
        SpaceError, DataError, CampaignError: the file asks for what is not there, or differs from the campaign's own.
        JournalError, StoreError: the journal cannot be read or written.
    """
    space = campaign_space(config)
    planned = planned_trials(config, space)
    with home.locked(config.name):
        path = home.journal(config.name)
        if before := read(path):
            _refuse_other(config, planned, fold(before), home)
        prepared: dict[str, Prepared] = {
            variant: prepare(data, datasets=datasets, store=home.arrays, progress=progress)
            for variant, data in variants(config).items()
        }
        for entry in prepared.values():
            refuse_other_task(config, entry.manifest.class_names)
        with Journal(path) as journal:
            if not journal.entries:
                whole = config.model_copy(update={"search": config.search.model_copy(update={"trials": planned})})
                journal.append(Opened(config=whole, dimensions=_described(space), data=_recorded(prepared)))
            record = fold(journal.entries)
            _refuse_other_data(record, prepared)
            over = record.finished_at is not None and len(record.ended) >= planned
            if over and config.study in (None, record.config.study):
                return record
            arrays = {variant: entry.directory for variant, entry in prepared.items()}
            return _run(config, planned, space, journal, arrays=arrays, home=home, observers=observers)


def _run(
    config: CampaignConfig,
    planned: int,
    space: Space,
    journal: Journal,
    *,
    arrays: Mapping[str, Path],
    home: Home,
    observers: Sequence[Observer],
) -> CampaignRecord:
    launched = Launched(
        environment=current(config.resources.device),
        trials=planned,
        concurrency=config.resources.concurrency,
        study=config.study,
    )
    driver = Driver(journal, space, ordered_search(config, space), launched=launched, observers=observers)
    if driver.complete:  # nothing but the study is new
        return driver.record
    from tuning.ray_adapter import Interrupted, run

    try:
        run(driver, arrays, home, config)
    except Interrupted as interruption:
        driver.interrupted(interruption.cause, str(interruption))
    return driver.record


def _described(space: Space) -> dict[str, str]:
    return {path: dimension.describe() for path, dimension in space.dimensions.items()}


def _recorded(prepared: Mapping[str, Prepared]) -> dict[str, DataRecord]:
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


def _refuse_other(config: CampaignConfig, planned: int, record: CampaignRecord, home: Home) -> None:
    """Raise CampaignError where the campaign of this name was another one."""
    before, now = _flat(record.config.model_dump(mode="json")), _flat(config.model_dump(mode="json"))
    changed = [key for key in {**before, **now} if before.get(key) != now.get(key) and key not in MAY_CHANGE]
    if changed:
        lines = "".join(f"\n  {key}: {before.get(key, 'absent')} -> {now.get(key, 'absent')}" for key in changed)
        raise CampaignError(
            f"campaign {config.name!r} in {home.path} was launched from another file:{lines}\n"
            "Undo the change, or give the campaign another name (--name). "
            f"Only {', '.join(MAY_CHANGE)} may change"
        )
    if planned < record.target:
        raise CampaignError(
            f"campaign {config.name!r} already has {record.target} trials; search.trials = {planned} "
            "would take some away. Set it to at least as many"
        )


def _refuse_other_data(record: CampaignRecord, prepared: Mapping[str, Prepared]) -> None:
    for variant, entry in prepared.items():
        before = record.data[variant].sha256
        if before != entry.sha256:
            raise CampaignError(
                f"campaign {record.config.name!r}: the data {variant!r} is not what it was "
                f"(sha256 {before[:12]} then, {entry.sha256[:12]} now). Bring the old files back, "
                "or give the campaign another name (--name)"
            )


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    return {
        path: leaf
        for key, inner in value.items()
        for path, leaf in _flat(inner, f"{prefix}.{key}" if prefix else key).items()
    }
