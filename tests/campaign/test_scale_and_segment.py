"""Scales and segments in a campaign file: a list of scales is a dimension, a segment is a table of its own."""

from pathlib import Path

import pytest
from factories import campaign
from simulated import on_random, simulate

from tuning.campaign.config import CampaignConfig
from tuning.campaign.errors import CampaignError
from tuning.campaign.file import load
from tuning.campaign.resume import resumed
from tuning.campaign.space import campaign_space
from tuning.campaign.trial import TrialConfig
from tuning.campaign.variants import dimensions, key, variants
from tuning.journal.home import Home

SCALES = ["none", "standard", "per-sequence"]
LONG = """\
name = "mine"
seed = 1
[data]
dataset = "mine.csv"
sequence = "id"
segment = {}
[space]
name = "cnn1d"
"""


def written(folder: Path, segment: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(LONG.replace("{}", segment), encoding="utf-8")
    return path


def test_a_list_of_scales_is_a_dimension_after_balance_and_window():
    config = campaign(data__scale=SCALES)
    assert list(variants(config)) == [
        f"{balance} scale={scale}" for balance in ("raw", "oversample") for scale in SCALES
    ]
    paths = [path for path in campaign_space(config).dimensions if path.startswith("data.")]
    assert paths == ["data.balance", "data.scale"]
    for name, data in variants(config).items():
        assert key(data, dimensions(config.data)) == name


@pytest.mark.parametrize("scale", [None, "standard", ["standard"]])
def test_one_scale_is_no_dimension(scale):
    config = campaign(data__scale=scale, data__balance="raw")
    assert list(variants(config)) == ["raw"]
    assert dimensions(config.data) == {}
    assert variants(config)["raw"].scale == (scale and "standard")


def test_every_trial_has_the_scale_of_its_assignment(tmp_path):
    config = on_random(campaign(data__scale=SCALES, data__balance="raw", search__trials=8))
    record = simulate(Home(tmp_path), config)
    assert {trial.config.data.scale for trial in record.trials.values()} > {"none"}
    for trial in record.trials.values():
        assert trial.config.data.scale == trial.assignment["data.scale"]
        assert trial.config.data_sha256 == record.data[f"raw scale={trial.config.data.scale}"].sha256


def test_a_trial_recorded_before_there_were_scales_loads(tmp_path):
    record = simulate(Home(tmp_path), on_random(campaign(search__trials=2)))
    trial = record.trials[0].config
    fields = trial.model_dump(mode="json")
    for name in ("scale", "sequence", "time", "channels", "segment"):
        del fields["data"][name]
    assert TrialConfig.model_validate(fields) == trial


def test_a_campaign_recorded_before_there_were_scales_resumes(tmp_path):
    plan = load(written(tmp_path, "{ length = 8 }"))
    fields = plan.complete.model_dump(mode="json")
    del fields["data"]["scale"]
    opened = CampaignConfig.model_validate(fields)
    assert resumed(plan, opened, trials=0) == plan


@pytest.mark.parametrize(
    ("segment", "message"),
    [
        ("8", "data.segment = 8: must be a table of keys and values"),
        ("{ step = 8 }", "data.segment.length is missing"),
        ("{ length = 0 }", "data.segment.length = 0: must be >= 1"),
        ("{ length = 8, step = 0 }", "data.segment.step = 0: must be >= 1"),
        ("{ length = 8.5 }", "data.segment.length = 8.5: must be a whole number"),
        ('{ length = 8, label = "mode" }', 'data.segment.label = "mode": allowed are "majority", "last", "all"'),
        ("{ length = 8, steps = 4 }", "data.segment.steps: no such key. Known in [data.segment]: length, step, label."),
        ('{ length = 8 }\nsplit = "stratified"', '"stratified": not for mine.csv: windows of one recording'),
        ('{ length = 8 }\nscale = "standart"', 'data.scale = "standart": allowed are "none", "standard", "robust"'),
        ('{ length = 8 }\nscale = ["none", "none"]', "a list needs at least one value, and none twice"),
        ("{ length = 8 }\nscale = []", "a list needs at least one value, and none twice"),
    ],
)  # fmt: skip
def test_wrong_values_are_named_with_what_is_allowed(tmp_path, segment, message):
    with pytest.raises(CampaignError) as caught:
        load(written(tmp_path, segment))
    assert message in str(caught.value)


def test_a_segment_is_part_of_every_trials_configuration(tmp_path):
    config = load(written(tmp_path, "{ length = 8, step = 4 }")).config
    (data,) = variants(config).values()
    assert data.split == "grouped"
    assert data.segment is not None
    assert (data.segment.length, data.segment.step, data.segment.label) == (8, 4, "majority")
    assert type(data).model_validate_json(data.model_dump_json(), strict=True) == data
