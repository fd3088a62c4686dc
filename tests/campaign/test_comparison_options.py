"""``[comparison]`` of a campaign file names two different searched dimensions."""

from pathlib import Path

import pytest

from tuning.campaign.errors import CampaignError
from tuning.campaign.file import load

FILE = """\
name = "cells"
seed = 1
[data]
dataset = "synthetic"
[space]
name = "laboratory"
fix = { hidden = 64 }
"""


def campaign(folder: Path, comparison: str) -> Path:
    path = folder / "campaign.toml"
    path.write_text(f"{FILE}[comparison]\n{comparison}\n", encoding="utf-8")
    return path


def test_two_searched_dimensions_are_accepted(tmp_path: Path) -> None:
    load(campaign(tmp_path, 'factor = "model.cell"\nby = "layers"'))


@pytest.mark.parametrize(
    ("comparison", "message"),
    [
        ('factor = "cel"', r'comparison\.factor: .*Did you mean "model\.cell"\?'),
        ('factor = "cell"\nby = "layer"', r'comparison\.by: .*Did you mean "model\.layers"\?'),
        ('factor = "cell"\nby = "hidden"', r"comparison\.by: .*model\.hidden is fixed to 64"),
        ('factor = "cell"\nby = "cell"', r"comparison\.by: model\.cell is the factor"),
        ('factor = "cell"\nby = "model.cell"', r"comparison\.by: model\.cell is the factor"),
    ],
)
def test_other_dimensions_are_refused_at_launch(tmp_path: Path, comparison: str, message: str) -> None:
    with pytest.raises(CampaignError, match=message):
        load(campaign(tmp_path, comparison))


def test_a_dimension_given_on_the_command_line_is_checked_too(tmp_path: Path) -> None:
    path = campaign(tmp_path, 'factor = "cell"\nby = "layers"')
    with pytest.raises(CampaignError, match=r"--set comparison\.by=cell: comparison\.by: model\.cell is the factor"):
        load(path, settings=["comparison.by=cell"])
