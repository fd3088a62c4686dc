"""``data.folds`` and ``data.splits`` in a campaign file: replicates over them, paired across configurations."""

import pytest
from factories import campaign
from simulated import on_random, simulate

from data.catalogue import resolve
from data.errors import DataError
from tuning.campaign.errors import CampaignError
from tuning.campaign.file import load
from tuning.campaign.plan import plan
from tuning.campaign.resume import resumed
from tuning.campaign.variants import variants
from tuning.journal.home import Home

FILE = """\
name = "mine"
seed = 1
[data]
dataset = "synthetic"
folds = 5
{}
[space]
name = "cnn2d"
[search]
{}
"""


def loaded(folder, data="", search=""):
    path = folder / "mine.toml"
    path.write_text(FILE.format(data, search), encoding="utf-8")
    return load(path)


def folded(**changes):
    fields = {"data__folds": 3, "search__replicates": 6, "search__trials": 24, "data__balance": "raw"}
    return campaign(**fields | changes)


def test_each_configuration_has_a_replicate_for_each_fold(tmp_path):
    planned = loaded(tmp_path)
    assert planned.config.search.replicates == 5
    assert planned.trials == 50
    assert loaded(tmp_path, search="replicates = 10").config.search.replicates == 10
    assert "search.replicates = 1 is no multiple of" in refusal(tmp_path, search="replicates = 1")


def refusal(folder, **tables):
    with pytest.raises(CampaignError) as raised:
        loaded(folder, **tables)
    return str(raised.value).partition("mine.toml: ")[2]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"search": "replicates = 7"}, "search.replicates = 7 is no multiple of data.folds = 5"),
        ({"search": "trials = 12"}, "search.trials = 12 is no multiple of search.replicates = 5"),
        ({"data": 'split = "chronological"'}, "data.folds = 5: a series is split in order of time"),
    ],
)
def test_what_does_not_go_with_folds_is_refused(tmp_path, tables, message):
    assert message in refusal(tmp_path, **tables)


def test_leaving_out_groups_needs_the_number_of_folds():
    with pytest.raises(ValueError, match=r"needs data\.folds, the number of groups"):
        campaign(data__dataset="gestures", data__split="leave-one-group-out")


def test_variants_are_named_by_their_fold():
    assert list(variants(campaign(data__folds=2, search__replicates=2))) == [
        "raw fold=1",
        "raw fold=2",
        "oversample fold=1",
        "oversample fold=2",
    ]
    assert list(variants(campaign())) == ["raw", "oversample"]


def test_replicate_r_of_every_configuration_has_seed_r_and_fold_r(tmp_path):
    record = simulate(Home(tmp_path), on_random(folded()))
    folds = [record.trials[k].config.data.fold for k in range(24)]
    assert folds == [1, 2, 3, 1, 2, 3] * 4
    seeds = [record.trials[k].config.seed for k in range(24)]
    assert seeds[:6] == seeds[6:12] == seeds[18:]
    assert len(set(seeds)) == 6
    for trial in record.trials.values():
        assert record.variant(trial.config) == f"raw fold={trial.config.data.fold}"


def test_splits_are_numbered_like_folds(tmp_path):
    splits = {"data__splits": 3, "data__balance": "raw"}
    assert list(variants(campaign(**splits, search__replicates=6, search__trials=24))) == [
        "raw split=1",
        "raw split=2",
        "raw split=3",
    ]
    record = simulate(Home(tmp_path), on_random(campaign(**splits, search__replicates=6, search__trials=24)))
    assert [record.trials[k].config.data.fold for k in range(8)] == [1, 2, 3, 1, 2, 3, 1, 2]
    assert len({record.trials[k].config.data.split_seed for k in range(24)}) == 1
    assert campaign(**splits, search={}).search.replicates == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data__folds": 3}, r"data\.folds = 3 and data\.splits = 5 exclude each other"),
        ({"search__replicates": 7}, r"search\.replicates = 7 is no multiple of data\.splits = 5"),
        ({"data__split": "chronological"}, r"data\.splits = 5: .* nothing to draw at random"),
    ],
)
def test_what_does_not_go_with_splits_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        campaign(**{"data__splits": 5, "search__replicates": 5, "search__trials": 10} | changes)


def test_folds_may_not_change_between_launches():
    before = plan(folded()).complete
    changed = plan(folded(data__folds=2))
    with pytest.raises(CampaignError, match=r"data\.folds: 3 -> 2"):
        resumed(changed, before, trials=24)


def test_data_sets_without_groups_cannot_leave_one_out():
    with pytest.raises(DataError, match=r'data\.split = "leave-one-group-out": not for ucr/GunPoint'):
        resolve(campaign(data__dataset="ucr/GunPoint", data__split="leave-one-group-out", data__folds=3).data)
