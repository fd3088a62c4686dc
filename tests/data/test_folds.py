"""Folds: every row is validated once, whole groups stay together, and the test part is cut off before."""

import numpy as np
import pytest
from data_factories import columns, config, write_csv
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import DataError
from data.prepare import prepare
from data.prepared import open_arrays, open_test
from data.split import Split, split

NAMES = ("a", "b", "c")


def cut(y, groups=None, *, official_test=False, **changes) -> list[Split]:
    """Every fold."""
    return [
        split(y, groups, config("mine.csv", **changes, fold=k), class_names=NAMES, official_test=official_test)
        for k in range(1, changes["folds"] + 1)
    ]


def check_cross_validation(folds: list[Split], rows: int) -> None:
    test = folds[0].test.tolist()
    assert all(fold.test.tolist() == test for fold in folds)
    rest = sorted(set(range(rows)) - set(test))
    assert sorted(np.concatenate([fold.valid for fold in folds]).tolist()) == rest
    for fold in folds:
        assert sorted([*fold.train.tolist(), *fold.valid.tolist()]) == rest


@settings(deadline=None, max_examples=20)
@given(
    counts=st.lists(st.integers(12, 60), min_size=3, max_size=3),
    folds=st.integers(2, 5),
    test=st.sampled_from([0.0, 0.2]),
    seed=st.integers(0, 2**32 - 1),
)
def test_stratified_folds_validate_each_row_once_with_every_class(counts, folds, test, seed):
    y = np.repeat(np.arange(3), counts)
    every = cut(y, folds=folds, test_fraction=test, split_seed=seed)
    check_cross_validation(every, len(y))
    for fold in every:
        found = np.bincount(y[fold.valid], minlength=3)
        np.testing.assert_allclose(found, np.array(counts) * (1 - test) / folds, atol=2.0)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), test=st.sampled_from([0.0, 0.2]))
def test_grouped_folds_never_cut_a_group(seed, test):
    rng = np.random.default_rng(seed)
    groups, y = rng.integers(15, size=300), rng.integers(3, size=300)
    every = cut(y, groups, split="grouped", folds=4, test_fraction=test, split_seed=seed)
    check_cross_validation(every, len(y))
    for fold in every:
        parts = [set(groups[rows].tolist()) for rows in (fold.train, fold.valid, fold.test)]
        assert sum(map(len, parts)) == len(set(groups.tolist()))
        assert set(y[fold.valid]) == {0, 1, 2}


def test_leave_one_group_out_validates_one_group_after_the_other():
    groups, y = np.repeat([40, 10, 30, 20], 30), np.tile([0, 1, 2], 40)
    every = cut(y, groups, split="leave-one-group-out", folds=4, test_fraction=0.0)
    assert [set(groups[fold.valid].tolist()) for fold in every] == [{10}, {20}, {30}, {40}]
    check_cross_validation(every, len(y))


def test_leave_one_group_out_keeps_whole_groups_for_the_test_part():
    groups, y = np.repeat(np.arange(6), 30), np.tile([0, 1, 2], 60)
    every = cut(y, groups, split="leave-one-group-out", folds=4, test_fraction=0.3)
    check_cross_validation(every, len(y))
    assert len(set(groups[every[0].test].tolist())) == 2


def test_a_left_out_group_may_lack_a_class_but_the_training_part_may_not():
    groups, y = np.repeat(np.arange(3), 30), np.tile([0, 1, 2], 30)
    y[groups == 2] = 0
    every = cut(y, groups, split="leave-one-group-out", folds=3, test_fraction=0.0)
    assert set(y[every[2].valid]) == {0}
    y[groups == 1] = 0  # classes 1 and 2 in group 0 alone
    with pytest.raises(DataError, match="class b occurs in no training row of fold 1"):
        cut(y, groups, split="leave-one-group-out", folds=3, test_fraction=0.0)


def test_an_official_test_part_leaves_all_rows_to_the_folds():
    every = cut(np.repeat(np.arange(3), 20), official_test=True, folds=5)
    assert every[0].test.size == 0
    check_cross_validation(every, 60)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folds": 5}, "data.folds = 5: class c has 3 rows beside the test part"),
        (
            {"folds": 5, "split": "leave-one-group-out"},
            "there are 4 groups, and .* needs one fold for each. Set data.folds = 4",
        ),
        ({"folds": 5, "split": "grouped"}, "there are 4 groups beside the test part. Set data.folds <= 4"),
        ({"folds": 4, "split": "grouped"}, "class c occurs in 1 groups"),
    ],
)
def test_more_folds_than_rows_or_groups_of_a_class_are_refused(changes, message):
    y, groups = np.repeat(np.arange(3), [40, 20, 3]), np.arange(63) % 4
    groups[-3:] = 1
    with pytest.raises(DataError, match=message):
        cut(y, groups, test_fraction=0.0, **changes)


def test_each_fold_is_prepared_once_with_one_test_part(tmp_path):
    table = write_csv(tmp_path / "mine.csv", columns())
    made = [
        prepare(config(str(table), folds=3, fold=fold), datasets=None, store=tmp_path / "arrays") for fold in (1, 2, 3)
    ]
    assert len({one.sha256 for one in made}) == 3
    assert len({open_test(one.directory).x.tobytes() for one in made}) == 1
    assert sum(len(open_arrays(one.directory).valid.y) for one in made) == 52 - len(open_test(made[0].directory).y)
    other = config(str(table), folds=3, fold=1, valid_fraction=0.4)  # unused beside folds
    assert prepare(other, datasets=None, store=tmp_path / "arrays").reused


@pytest.mark.parametrize("split", ["grouped", "leave-one-group-out"])
def test_one_group_has_no_folds(split):
    y = np.tile([0, 1, 2], 20)
    with pytest.raises(DataError, match="there is one group beside the test part, and folds need two"):
        cut(y, np.zeros(60, dtype=np.int64), split=split, folds=2, test_fraction=0.0)
