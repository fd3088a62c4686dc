"""Log reproductions to MLflow: a run of kind reproduce beside the original trial's run."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from tuning.campaign.variants import key
from tuning.journal.record import RecordedTrial
from tuning.journal.text import trial_name
from tuning.tracking.artifacts import trial_json
from tuning.tracking.client import Store, StoredRun, reachable
from tuning.tracking.environment_tags import environment_tags
from tuning.tracking.layout import (
    Row,
    Tag,
    common_tags,
    dataset_input,
    epoch_rows,
    experiment_tags,
    milliseconds,
    parameters,
    result_rows,
    result_tags,
    trial_tags,
)
from tuning.tracking.read import trial_run

if TYPE_CHECKING:
    from tuning.execution.reproduce import Reproduction


def log_reproduction(
    recorded: RecordedTrial, again: "Reproduction", *, uri: str, artifacts: Path, run_id: str | None = None
) -> str:
    """Log a reproduction and return its run's id.

    run_id: of the original trial; default: searched by campaign and index.  Where the store has no such run (a trial
    from an export file), the reproduction has no parent.

    Raises:
        StoreError: the store cannot be used.
    """
    with reachable(uri):
        store = Store(uri)
        config = recorded.config
        original = store.find_run(run_id) if run_id else trial_run(store, config.campaign, config.index)
        experiment = store.experiment(config.campaign, artifacts, experiment_tags(config.campaign))
        end = milliseconds(time.time())
        start = end - milliseconds(again.result.seconds)
        run = store.create(
            experiment,
            f"{trial_name(config.index)} {again.verdict}",
            _tags(recorded, again, original),
            start,
        )
        rows: list[Row] = []
        at = float(start)
        for report in again.epochs:
            at += report.seconds * 1000
            rows += epoch_rows(report, config.objective.metric, round(at))
        rows += result_rows(again.result, end)
        store.write(run.id, rows=rows, parameters=parameters(config, recorded.assignment))
        store.log_inputs(
            run.id, [dataset_input(config.data.dataset, key(config.data, recorded.assignment), recorded.data)]
        )
        store.log_artifacts(run.id, {"trial.json": _trial_json(recorded, again)})
        store.set_status(run.id, "FINISHED", end)
        return run.id


def _tags(recorded: RecordedTrial, again: "Reproduction", original: StoredRun | None) -> dict[str, str]:
    config = recorded.config
    campaign_id = original.tags.get(Tag.CAMPAIGN_ID) if original else None
    tags = common_tags("reproduce", config.campaign, campaign_id) | trial_tags(config) | result_tags(again.result)
    tags |= environment_tags(again.environment)
    tags[Tag.REPRODUCES] = original.id if original else f"{config.campaign} trial {config.index}"
    tags[Tag.VERDICT] = again.verdict
    tags[Tag.NOTE] = f"Trial {config.index} trained again: **{again.verdict}**."
    if again.first_difference is not None:
        tags[Tag.DIFFERS_AT] = str(again.first_difference)
        tags[Tag.NOTE] += f"  The first difference is in epoch {again.first_difference}."
    if again.environment_differences:
        tags[Tag.ENVIRONMENT_DIFFERENCES] = "; ".join(again.environment_differences)
        tags[Tag.NOTE] += "".join(f"\n- {line}" for line in again.environment_differences)
    if original and (parent := original.tags.get(Tag.PARENT)):
        tags[Tag.PARENT] = parent
    return tags


def _trial_json(recorded: RecordedTrial, again: "Reproduction") -> str:
    trained = recorded.model_copy(
        update={"epochs": tuple(again.epochs), "result": again.result, "environment": again.environment}
    )
    return trial_json(trained)
