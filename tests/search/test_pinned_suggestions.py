"""The heartbeat campaigns' first 30 suggestions, as they were when the first ones were recorded.

A campaign on disk resumes only where its search suggests again what its journal says.  The values beside this
file were written at 0.1.0, before there were other studies, grids and replicates.
"""

import json
from pathlib import Path

import pytest

from tuning.campaign.file import load
from tuning.search.proposers import Outcome
from tuning.search.suggest import ordered_search

PINNED = json.loads(Path(__file__).with_name("pinned_suggestions.json").read_text())


@pytest.mark.parametrize("name", sorted(PINNED))
def test_the_heartbeat_campaigns_suggest_what_they_always_did(name):
    campaign, _, algorithm = name.partition(", ")
    settings = [f"search.algorithm={algorithm}"] if algorithm else []
    plan = load(Path("campaigns", f"{campaign}.toml"), settings=settings)
    space = plan.space
    search = ordered_search(plan.complete, space)
    assert list(space.dimensions) == PINNED[name]["dimensions"]
    for k, pinned in enumerate(PINNED[name]["suggestions"]):
        values = search.suggest().assignment
        expected = dict(zip(space.dimensions, pinned, strict=True))
        assert values == {p: pytest.approx(v, rel=1e-9) if isinstance(v, float) else v for p, v in expected.items()}
        objective = float(values["train.plateau_factor"]) + float(values["model.blocks"]) / 10
        search.record(k, Outcome(None if k % 7 == 3 else objective))
