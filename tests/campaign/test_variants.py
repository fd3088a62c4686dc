"""Data variants: what a campaign lists of its data is prepared, searched, trained on and recorded under one key."""

from itertools import product

import pytest
from factories import campaign
from hypothesis import given
from hypothesis import strategies as st
from simulated import crash, on_random, simulate, story
from tracking_stores import contents, home_with_store

from data.config import Balance
from search_spaces.dimensions import Choice
from tuning.campaign.space import campaign_space
from tuning.campaign.variants import dimensions, key, variants
from tuning.journal.home import Home
from tuning.tracking.adopt import adopt
from tuning.tracking.publisher import sync

BALANCES = ("raw", "oversample", "smote", "weighted")


def listing(balance, window, **changes):
    return campaign(data__balance=balance, data__window=window, **changes)


TWO_BY_TWO = on_random(listing(["raw", "oversample"], [16, 32], search__trials=8))


@pytest.mark.parametrize(
    ("balance", "window", "keys"),
    [
        ("raw", 32, ["raw"]),
        (["raw"], [16], ["raw"]),
        (["raw", "smote"], 16, ["raw", "smote"]),
        ("raw", [16, 32], ["raw window=16", "raw window=32"]),
        (
            ["smote", "raw"],
            [32, 16],
            ["smote window=32", "smote window=16", "raw window=32", "raw window=16"],
        ),
    ],
)
def test_every_combination_of_what_is_listed_is_a_variant(balance, window, keys):
    assert list(variants(listing(balance, window))) == keys


def test_what_is_listed_several_times_over_is_a_dimension():
    assert dimensions(listing("raw", [16, 32]).data) == {"data.window": Choice(16, 32)}
    assert dimensions(listing(["raw"], [16]).data) == {}
    space = campaign_space(TWO_BY_TWO)
    assert [path for path in space.dimensions if path.startswith("data.")] == ["data.balance", "data.window"]


@given(
    st.lists(st.sampled_from(BALANCES), min_size=1, unique=True),
    st.lists(st.integers(1, 64), min_size=1, max_size=4, unique=True),
)
def test_a_variant_is_known_again_by_its_configuration(balances: list[Balance], windows: list[int]) -> None:
    config = listing(balances, windows)
    found = variants(config)
    assert [(data.balance, data.window) for data in found.values()] == list(product(balances, windows))
    assert [key(data, dimensions(config.data)) for data in found.values()] == list(found)


def test_variants_differ_in_nothing_but_what_is_listed():
    shared = [data.model_dump(exclude={"balance", "window"}) for data in variants(TWO_BY_TWO).values()]
    assert all(one == shared[0] for one in shared)


def test_every_trial_has_the_data_that_its_assignment_says(tmp_path):
    record = simulate(Home(tmp_path), TWO_BY_TWO)
    for trial in record.trials.values():
        data = trial.config.data
        assert (trial.assignment["data.balance"], trial.assignment["data.window"]) == (data.balance, data.window)
        variant = f"{data.balance} window={data.window}"
        assert trial.config.data_sha256 == record.data[variant].sha256
        assert record.recorded(trial).data == record.data[variant]
    assert len({trial.config.data_sha256 for trial in record.trials.values()}) > 2


@pytest.mark.server
def test_a_campaign_of_windows_that_crashed_is_adopted_and_goes_on(tmp_path, monkeypatch):
    undisturbed = simulate(Home(tmp_path / "undisturbed"), TWO_BY_TWO)
    old = home_with_store(tmp_path / "old")
    crash(old, TWO_BY_TWO, 7)
    sync(old, "tiny")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", old.tracking_uri)
    new = Home(tmp_path / "new")
    adopt(new, "tiny", old.tracking_uri, lambda *_: None)
    assert story(simulate(new, TWO_BY_TWO)) == story(undisturbed)
    sync(new, "tiny")
    names = {
        run["name"].partition(" ")[0]: [name for name, *_ in run["inputs"]]
        for run in contents(old.tracking_uri, "tiny")
    }
    first = undisturbed.trials[0].config.data
    assert names["t000"] == [f"synthetic, {first.balance} window={first.window}"]
    assert names["tiny"] == sorted(f"synthetic, {variant}" for variant in variants(TWO_BY_TWO))
