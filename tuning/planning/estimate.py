"""What a campaign will cost, before it is launched: counted from its file, and timed on its own arrays."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import psutil

from data.prepare import Prepared, prepare
from data.prepared import open_arrays
from models.configs import Classical
from search_spaces.dimensions import Dimension, Value
from search_spaces.space import Assignment
from tuning.analysis.selection import WEIGHTS_KEPT
from tuning.campaign import own_code
from tuning.campaign.errors import CampaignError
from tuning.campaign.plan import Plan, check_task, first_configurations
from tuning.campaign.seeds import derive
from tuning.campaign.trial import TrialConfig
from tuning.campaign.variants import dimensions, key, variants
from tuning.execution.launch import recorded_data
from tuning.execution.warm_start import earlier_results
from tuning.journal.events import DataRecord, WarmStart
from tuning.journal.home import Home
from tuning.journal.record import fold
from tuning.journal.text import warm_start_text
from tuning.planning.duration import Disk, Estimate, Search, Timed, findings, wall_range
from tuning.planning.timing import epoch_seconds
from tuning.search.ordered import INFEASIBLE_LIMIT, Suggestion
from tuning.search.repeats import expected_repeats
from tuning.search.suggest import beyond_limits, trial_config
from tuning.training.environment import check_device
from tuning.training.size import count_weights, memory_bytes

LIMIT_S = 60.0
"""About how long timing may take."""

ALWAYS = 3
"""Configurations that are timed however long it takes, the smallest first."""

POINTS = 8
"""Random configurations that are timed, beside the smallest and the largest; of given ones as many in all."""

CHECKPOINT = 4
"""Numbers per weight in a checkpoint: itself, two moments, its value at the best epoch."""


def estimate(
    plan: Plan, *, home: Home, datasets: Path | None, quick: bool = False, progress: Callable[[str], None]
) -> Estimate:
    """Prepare the data, draw configurations, time them (unless ``quick``) and predict.

    The arrays remain in the home, where a launch finds them.

    Raises:
        DataError, CampaignError: the data is missing or unsuitable.
    """
    config = plan.config
    own_code.use(plan.sources)
    prepared = {
        variant: prepare(data, datasets=datasets, store=home.arrays, progress=progress)
        for variant, data in variants(config).items()
    }
    for arrays in prepared.values():
        check_task(config, arrays.manifest.class_names)
    data = recorded_data(prepared)
    entries = home.entries(config.name) if config.search.warm_start else []
    warm_start = fold(entries[:1]).warm_start if entries else earlier_results(plan, home, data)
    drawn, feasible = _configurations(plan, data)
    resident = _resident_bytes()
    timed = [_described(plan, which, assignment, data) for which, assignment in drawn]
    reason = _no_device(plan)
    if not quick and reason is None:
        timed = _timed(plan, timed, prepared, data, progress)
    needed = [one.memory_bytes for one in timed if one.memory_bytes is not None]
    found = Estimate(
        campaign=config.name,
        data=data,
        search=_search(plan, feasible, warm_start),
        epochs=config.train.epochs,
        epoch_rows=config.train.epoch_rows,
        concurrency=config.resources.concurrency,
        precision=config.train.precision,
        timed=timed,
        wall_s=wall_range(plan, [(one.epochs, one.float32_s) for one in timed if one.likely]),
        bfloat16_wall_s=wall_range(plan, [(one.epochs, one.bfloat16_s) for one in timed if one.likely]),
        process_bytes=resident + max(needed) if needed else None,
        disk=_disk(plan, timed, prepared, home),
        findings=[],
    )
    found.findings.extend(findings(plan, found, reason))
    return found


def _search(plan: Plan, feasible: float, warm_start: Sequence[WarmStart]) -> Search:
    search = plan.config.search
    given, configurations = len(search.first), plan.configurations
    random = max(0, plan.random_suggestions(sum(len(source.results) for source in warm_start)) - given)
    return Search(
        trials=plan.trials,
        configurations=configurations,
        size=plan.space.size,
        given=given,
        random=random,
        model_based=0 if search.algorithm == "grid" else configurations - random - given,
        repeats=0.0 if search.algorithm == "grid" or plan.all_given else expected_repeats(plan.space, configurations),
        feasible=feasible,
        warm_start=warm_start_text(warm_start) or None,
    )


def _configurations(plan: Plan, data: Mapping[str, DataRecord]) -> tuple[list[tuple[str, Assignment]], float]:
    """Return configurations, and the share of random ones that is within the limits.

    Those that the file gives, where it gives all; else the two ends of the space and random ones within the limits.
    """
    infeasible = beyond_limits(plan.config, plan.space, data)
    rng = np.random.default_rng(derive(plan.config.seed, "plan"))
    if plan.all_given:
        first = first_configurations(plan.config, plan.space)
        return [(f"given {number}", values) for number, values in enumerate(first, start=1)], 1.0
    found: list[tuple[str, Assignment]] = []
    draws = within = 0
    while len(found) < POINTS and draws < INFEASIBLE_LIMIT:
        draws += 1
        assignment = plan.space.sample(rng)
        if infeasible(assignment) is not None:
            continue
        within += 1
        if ("random", assignment) not in found:
            found.append(("random", assignment))
        elif draws > 10 * POINTS:  # a small space
            break
    dims = plan.space.dimensions
    ends = [("smallest", 0), ("largest", -1)]
    corners = [(which, plan.space.active({path: _end(d, at) for path, d in dims.items()})) for which, at in ends]
    return [corners[0], *found, corners[1]], within / draws


def _end(dimension: Dimension, at: int) -> Value:
    values = dimension.values()
    if values is not None:
        return values[at]
    return getattr(dimension, "high" if at else "low")  # type: ignore[no-any-return]


def _trial(plan: Plan, assignment: Assignment, data: Mapping[str, DataRecord]) -> TrialConfig:
    suggestion = Suggestion(index=0, assignment=assignment)
    return trial_config(
        plan.config, plan.space, suggestion, data_sha256={variant: one.sha256 for variant, one in data.items()}
    )


def _described(plan: Plan, which: str, assignment: Assignment, data: Mapping[str, DataRecord]) -> Timed:
    trial = _trial(plan, assignment, data)
    sizes = data[key(trial.data, dimensions(plan.config.data))]
    parameters = memory = None
    problem = beyond_limits(plan.config, plan.space, data)(assignment)
    if not isinstance(trial.model, Classical):
        try:
            parameters = count_weights(trial.model, sizes)
            if problem is None:
                memory = memory_bytes(trial, sizes)
        except Exception as error:  # noqa: BLE001 - what a user's model raises is shown
            problem = f"{type(error).__name__}: {error}"
    return Timed(
        which=which,
        settings=assignment,
        parameters=parameters,
        memory_bytes=memory,
        epochs=_epochs(plan, trial),
        problem=problem,
    )


def _epochs(plan: Plan, trial: TrialConfig) -> tuple[int, int]:
    """Fewest and most epochs: patience or the first rung may end a trial."""
    if isinstance(trial.model, Classical):
        return 1, 1
    most = trial.train.epochs
    fewest = min(most, 1 + trial.train.early_stopping_patience)
    if plan.config.train.early_stopping != "none":
        fewest = min(fewest, plan.config.train.grace_epochs)
    return fewest, most


def _timed(
    plan: Plan,
    described: Sequence[Timed],
    prepared: Mapping[str, Prepared],
    data: Mapping[str, DataRecord],
    progress: Callable[[str], None],
) -> list[Timed]:
    """Time the configurations in their order, as far as the time allows."""
    begin_s = time.monotonic()
    share = LIMIT_S / (2 * min(len(described), POINTS + 2))
    done: list[Timed] = []
    for number, one in enumerate(described, start=1):
        late = len(done) >= ALWAYS and time.monotonic() - begin_s > LIMIT_S
        late = late or len(done) >= POINTS + 2  # of many given ones
        if one.problem is not None or late:
            done.append(one)
            continue
        progress(f"timing configuration {number} of {len(described)}")
        trial = _trial(plan, one.settings, data)
        arrays = open_arrays(prepared[key(trial.data, dimensions(plan.config.data))].directory)
        seconds: dict[str, float] = {}
        problem = None
        try:
            for precision in ("float32", "bfloat16"):
                if precision == "bfloat16" and isinstance(trial.model, Classical):
                    seconds[precision] = seconds["float32"]
                    continue
                train = trial.train.model_copy(update={"precision": precision})
                seconds[precision] = epoch_seconds(trial.model_copy(update={"train": train}), arrays, limit_s=share)
        except Exception as error:  # noqa: BLE001 - what a user's model raises is shown
            problem = f"{type(error).__name__}: {error}"
        done.append(replace(one, float32_s=seconds.get("float32"), bfloat16_s=seconds.get("bfloat16"), problem=problem))
    return done


def _disk(plan: Plan, timed: Sequence[Timed], prepared: Mapping[str, Prepared], home: Home) -> Disk:
    files = {
        (status.st_dev, status.st_ino): status.st_size  # variants share files
        for arrays in prepared.values()
        for path in arrays.directory.iterdir()
        if (status := path.stat())
    }
    weights = [4 * one.parameters for one in timed if one.parameters is not None and one.likely]
    mean = round(fmean(weights)) if weights else 0
    return Disk(
        arrays=sum(files.values()),
        weights=min(plan.trials, WEIGHTS_KEPT) * mean,
        checkpoints=CHECKPOINT * plan.config.resources.concurrency * mean,
        free=shutil.disk_usage(home.arrays).free,
    )


def _no_device(plan: Plan) -> str | None:
    try:
        check_device(plan.config.resources.device)
    except CampaignError as error:
        return str(error)
    return None


def _resident_bytes() -> int:
    """Memory of this process, which has loaded what a worker loads."""
    return int(psutil.Process().memory_info().rss)
