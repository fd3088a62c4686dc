"""The saved view "Leaderboard" of a campaign: MLflow's runs table with metrics and searched values, best trial first.

MLflow's default table shows neither.  A saved view is a tag of the experiment; MLflow lists it under "Views" and opens
it by its key in the page's address.
"""

import json

from tuning.campaign.objective import metrics_of
from tuning.journal.record import CampaignRecord
from tuning.tracking.layout import Tag, metric_key, milliseconds

NAME = "Leaderboard"

PREFIX = "mlflow.sharedViewState."
"""Of the tag; the view's key follows, here the campaign's id."""

TRAINING = "workflowType=machine_learning"
"""Of a page's address: MLflow's pages for model training, not those for language models."""

RUN = "attributes.`Run Name`"

RUN_WIDTH = 100
"""In pixels, as every width."""

BESIDE = ("accuracy", "recall_macro", "f1_macro", "rmse", "mae", "r2")
"""Metrics shown beside the objective, where the task has them."""


def view_tag(campaign_id: str) -> str:
    """Return the name of the experiment's tag."""
    return f"{PREFIX}{campaign_id}"


def leaderboard_view(record: CampaignRecord, campaign_id: str) -> str:
    """Return the tag's value."""
    columns = _columns(record)
    widths = {RUN: RUN_WIDTH} | {column: _width(column) for column in columns}
    objective = record.config.objective
    state = {
        "searchFilter": f"tags.`{Tag.RUN_KIND}` = 'trial' and tags.`{Tag.CAMPAIGN_ID}` = '{campaign_id}'",
        "orderByKey": _metric(objective.metric),
        "orderByAsc": objective.goal == "min",
        "selectedColumns": columns,
        "columnOrder": list(widths),
        "columnWidths": widths,
    }
    created = milliseconds(record.opened_at)
    return json.dumps({"name": NAME, "createdAt": created, "updatedAt": created, "state": json.dumps(state)})


def view_page(url: str, experiment: str, campaign_id: str) -> str:
    """Return the view's address.  url: the server's."""
    return f"{url}/#/experiments/{experiment}/runs?viewStateShareKey={campaign_id}&compareRunsMode=TABLE&{TRAINING}"


def _columns(record: CampaignRecord) -> list[str]:
    """Return the columns from the left: objective, other metrics, best epoch, searched values, status."""
    objective = record.config.objective.metric
    regression = not any(data.classes for data in record.data.values())
    names = set(metrics_of(regression=regression))
    metrics = [objective, *(name for name in BESIDE if name in names - {objective}), "epoch"]
    params = [f"params.`{path}`" for path in record.dimensions]
    return [*map(_metric, metrics), *params, f"tags.`{Tag.STATUS}`"]


def _metric(name: str) -> str:
    return f"metrics.`{metric_key(f'best/{name}')}`"


def _width(column: str) -> int:
    """Return a width that shows the column's head and about seven digits."""
    return max(84, 7 * len(column.split("`")[1]) + 28)
