"""A campaign of the best configurations of another: to train them for longer, or on more rows."""

from pathlib import Path
from typing import Any

from tuning.analysis.selection import best_configurations
from tuning.campaign.code_files import copy_path, read_copies
from tuning.campaign.errors import RecordError
from tuning.campaign.space import campaign_space, written_fields
from tuning.journal.record import CampaignRecord, TrialRecord
from tuning.journal.text import short_names

KEPT = ("replicates", "window")
"""The keys of ``[search]`` that such a campaign shares; the others choose configurations."""

STOPPING = ("early_stopping", "grace_epochs", "reduction_factor")
"""The keys that end trials by comparison with others."""


def best_campaign(record: CampaignRecord, k: int, code: Path) -> tuple[dict[str, Any], list[TrialRecord]]:
    """Return a campaign that trains the ``k`` best configurations, as its file has it, and the trials of these.

    Data, space, seed and training are those of the campaign, so that the parts of the data are, too.  Successive
    halving, limits of size and of time, and the comparison are left out.

    code: folder of the copies of the user's code.

    Raises:
        CampaignError: a copy is missing or damaged.
        RecordError: no trial has completed.
    """
    best = best_configurations(record, k)
    if not best:
        raise RecordError(f"campaign {record.config.name!r}: no trial has completed yet, so there is nothing to export")
    resources = (record.launches[-1].resources if record.launches else None) or record.config.resources
    config = record.config.model_copy(update={"resources": resources.model_copy(update={"trial_wall_s": None})})
    files = [file for file in config.code_files if file.kind == "file"]
    read_copies(code, files)
    whole = written_fields(config, record.dimensions)
    search, train = whole.get("search", {}), whole.get("train", {})
    objective = {key: value for key, value in whole.get("objective", {}).items() if key != "own_goal"}
    names = _names(record)
    first = [{names[path]: value for path, value in trial.assignment.items()} for trial in best]
    document: dict[str, Any] = {
        "name": f"{config.name[:95]}-best",
        "seed": config.seed,
        "code": [str(copy_path(code, file).absolute()) for file in files],
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


def _names(record: CampaignRecord) -> dict[str, str]:
    """Return what each searched path is called in ``search.first``: its last word where no other path ends so."""
    if record.config.code:  # whose spaces and models are not loaded
        return {path: path for path in record.dimensions}
    space = campaign_space(record.config)
    return short_names([*space.dimensions, *space.optional, *space.constants])
