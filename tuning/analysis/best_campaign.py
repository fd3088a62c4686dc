"""A campaign of the best configurations of another: to train them for longer, or on more rows."""

from pathlib import Path
from typing import Any

from tuning.analysis.selection import best_configurations
from tuning.campaign.code_files import copy_path
from tuning.campaign.errors import RecordError
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import short_names

KEPT = ("replicates", "window")
"""The keys of ``[search]`` that such a campaign shares; the others choose configurations."""

STOPPING = ("early_stopping", "grace_epochs", "reduction_factor")
"""The keys that end trials by comparison with others."""


def best_campaign(record: CampaignRecord, k: int, code: Path) -> tuple[dict[str, Any], list[TrialRecord]]:
    """Return a campaign that trains the ``k`` best configurations, as its file has it, and the trials of these.

    Data, space, seed and training are those of the campaign, so that the parts of the data are, too.  Trials are not
    stopped early by successive halving; limits of size, budget and comparison are left out.

    code: folder of the copies of the user's code.

    Raises:
        RecordError: no trial has completed.
    """
    best = best_configurations(record, k)
    if not best:
        raise RecordError(f"campaign {record.config.name!r}: no trial has completed yet, so there is nothing to export")
    resources = record.launches[-1].resources if record.launches else None
    config = record.config.model_copy(update={"resources": resources or record.config.resources})
    whole = config.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    search, train = whole.get("search", {}), whole.get("train", {})
    objective = {key: value for key, value in whole.get("objective", {}).items() if key != "own_goal"}
    names = short_names(record.dimensions)
    first = [{names[path]: value for path, value in trial.assignment.items()} for trial in best]
    document: dict[str, Any] = {
        "name": f"{config.name[:95]}-best",
        "seed": config.seed,
        "code": [str(copy_path(code, file).absolute()) for file in config.code_files if file.kind == "file"],
        "data": whole["data"],
        "space": whole["space"],
        "search": {
            "algorithm": "random",
            "trials": len(best) * config.search.replicates,
            **{key: search[key] for key in KEPT if key in search},
            "first": [values for values in first if values],
        },
        "train": {key: value for key, value in train.items() if key not in STOPPING},
        "objective": objective,
        "resources": whole.get("resources", {}),
    }
    for table, key in ((document, "code"), (document["search"], "first")):
        if not table[key]:
            del table[key]
    return document, best
