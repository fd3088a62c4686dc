"""The saved view "Leaderboard" of a campaign: MLflow's runs table with metrics and searched values, best trial first.

MLflow's default table shows neither.  A saved view is a tag of the experiment; MLflow lists it under "Views" and opens
it by its key in the page's address.  MLflow nests trials under the campaign's own run only where the table is sorted by
time; that run is pinned above them where the view is the experiment's own table, and else below them.
"""

import json

from tuning.campaign.objective import BESIDE, metrics_of
from tuning.journal.record import CampaignRecord
from tuning.tracking.layout import LAYOUT, Tag, milliseconds, single_key

NAME = "Leaderboard"

PREFIX = "mlflow.sharedViewState."
"""Of the tag; the view's key follows, here the campaign's id."""

TRAINING = "workflowType=machine_learning"
"""Of a page's address: MLflow's pages for model training, not those for language models."""

TRIALS = f"tags.`{Tag.RUN_KIND}` = 'trial'"
"""A filter of runs."""

RUN = "attributes.`Run Name`"

RUN_WIDTH = 120
"""In pixels, as every width."""


def view_tag(campaign_id: str) -> str:
    """Return the name of the experiment's tag."""
    return f"{PREFIX}{campaign_id}"


def leaderboard_view(record: CampaignRecord, campaign_id: str, parent: str, layout: int = LAYOUT) -> str:
    """Return the tag's value.  parent: id of the campaign's own run.  layout: of the names of its metrics."""
    columns = _columns(record, layout)
    widths = {RUN: RUN_WIDTH} | {column: _width(column) for column in columns}
    objective = record.config.objective
    state = {
        # With the campaign's own run: MLflow does not fetch the pinned runs of a saved view.
        "searchFilter": f"tags.`{Tag.CAMPAIGN_ID}` = '{campaign_id}' and tags.`{Tag.RUN_KIND}` != 'reproduce'",
        "orderByKey": _metric(objective.metric, layout),
        "orderByAsc": objective.goal == "min",
        "selectedColumns": columns,
        "columnOrder": list(widths),
        "columnWidths": widths,
        "runsPinned": [parent],
    }
    created = milliseconds(record.opened_at)
    return json.dumps({"name": NAME, "createdAt": created, "updatedAt": created, "state": json.dumps(state)})


def view_page(url: str, experiment: str, campaign_id: str) -> str:
    """Return the view's address.  url: the server's."""
    return f"{url}/#/experiments/{experiment}/runs?viewStateShareKey={campaign_id}&compareRunsMode=TABLE&{TRAINING}"


def _columns(record: CampaignRecord, layout: int) -> list[str]:
    """Return the columns from the left: objective, accuracy or rmse, searched values, other metrics, epoch, status."""
    objective = record.config.objective.metric
    regression = not any(data.classes for data in record.data.values())
    names = set(metrics_of(regression=regression))
    others = [name for name in BESIDE if name in names - {objective}]
    first, later = ([_metric(name, layout) for name in group] for group in ([objective, *others[:1]], others[1:]))
    searched = [f"params.`{path}`" for path in record.dimensions]
    return [*first, *searched, *later, _metric("epoch", layout), f"tags.`{Tag.STATUS}`"]


def _metric(name: str, layout: int) -> str:
    return f"metrics.`{single_key('best', name, layout)}`"


def _width(column: str) -> int:
    """Return a width that shows the column's head and about seven digits."""
    return max(84, 7 * len(column.split("`")[1]) + 28)
