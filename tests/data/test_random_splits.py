"""``data.splits``: one test part, random divisions of the other rows, none of complete groups twice."""

import numpy as np
import pytest
from data_factories import columns, config, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st

from data.config import DataOptions
from data.errors import DataError
from data.inspection import inspect
from data.prepare import prepare
from data.prepared import open_test
from data.split import Split, split

NAMES = ("a", "b", "c")


def one(y, groups=None, *, official_test=False, **changes) -> Split:
    return split(y, groups, config("mine.csv", **changes), class_names=NAMES, official_test=official_test)


def every(y, groups=None, *, official_test=False, **changes) -> list[Split]:
    return [one(y, groups, official_test=official_test, **changes, fold=r) for r in range(1, changes["splits"] + 1)]


@settings(deadline=None, max_examples=20)
@given(
    counts=st.lists(st.integers(20, 60), min_size=3, max_size=3),
    test=st.sampled_from([0.0, 0.2]),
    seed=st.integers(0, 2**32 - 1),
)
def test_stratified_splits_share_the_test_part_and_differ_in_the_others(counts, test, seed):
    y = np.repeat(np.arange(3), counts)
    plain = one(y, test_fraction=test, split_seed=seed)
    splits = every(y, splits=4, test_fraction=test, split_seed=seed)
    assert len({tuple(sorted(cut.valid.tolist())) for cut in splits}) == 4
    for cut in splits:
        assert cut.test.tolist() == plain.test.tolist()
        assert sorted([*cut.train, *cut.valid, *cut.test]) == list(range(len(y)))
        np.testing.assert_allclose(np.bincount(y[cut.valid]), np.array(counts) * 0.2, atol=2.0)


def test_the_rth_split_does_not_depend_on_how_many_there_are():
    y, groups = np.tile(np.arange(3), 40), np.repeat(np.arange(12), 10)
    for changes in ({}, {"split": "grouped"}):
        few, many = (every(y, groups, splits=number, **changes) for number in (2, 5))
        for a, b in zip(few, many, strict=False):
            assert (a.train.tolist(), a.valid.tolist()) == (b.train.tolist(), b.valid.tolist())


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_grouped_splits_validate_on_other_complete_groups_every_time(seed):
    rng = np.random.default_rng(seed)
    groups, y = rng.integers(12, size=300), rng.integers(3, size=300)
    plain = one(y, groups, split="grouped", split_seed=seed)
    splits = every(y, groups, split="grouped", splits=6, split_seed=seed)
    chosen = [set(groups[cut.valid].tolist()) for cut in splits]
    assert len(set(map(frozenset, chosen))) == 6
    for cut, validated in zip(splits, chosen, strict=True):
        assert cut.test.tolist() == plain.test.tolist()
        assert not validated & (set(groups[cut.train].tolist()) | set(groups[cut.test].tolist()))
        assert set(y[cut.valid]) == set(y[cut.train]) == {0, 1, 2}


def test_more_splits_than_divisions_of_the_groups_are_refused():
    y, groups = np.tile(np.arange(3), 20), np.repeat(np.arange(4), 15)
    changes = {"split": "grouped", "test_fraction": 0.25, "valid_fraction": 0.25}  # one of three groups validates
    assert len(every(y, groups, splits=3, **changes)) == 3
    with pytest.raises(DataError, match=r"data.splits = 4: the groups beside the test part have 3 different divisions"):
        one(y, groups, splits=4, fold=4, **changes)


def test_beside_an_official_test_part_all_rows_are_divided():
    for cut in every(np.repeat(np.arange(3), 20), official_test=True, splits=3):
        assert (len(cut.train), len(cut.valid), len(cut.test)) == (48, 12, 0)


def test_splits_are_prepared_with_one_test_part_and_reused_by_more_of_them(tmp_path):
    table = write_csv(tmp_path / "mine.csv", columns())
    made = [prepare(config(str(table), splits=3, fold=r), datasets=None, store=tmp_path / "arrays") for r in (1, 2, 3)]
    assert len({split.sha256 for split in made}) == 3
    assert len({open_test(split.directory).x.tobytes() for split in made}) == 1
    assert prepare(config(str(table), splits=7, fold=2), datasets=None, store=tmp_path / "arrays").reused


@pytest.mark.parametrize("changes", [{"splits": 3}, {"folds": 3}])
def test_inspecting_data_with_several_validation_parts_shows_the_first(tmp_path, changes):
    table = write_csv(tmp_path / "mine.csv", columns())
    seen = inspect(DataOptions(dataset=str(table), **changes), None, split_seed=1)
    assert seen.error is None
    assert all(row.parts["validation"] for row in seen.overview.classes)
