"""Parts are disjoint, hold every class, never cut a group, and are a function of the seed."""

import numpy as np
import pytest
from data_factories import config
from hypothesis import given, settings
from hypothesis import strategies as st

from data.duplicates import conflicting, first_of_equals, sequence_digests, verify_rows
from data.errors import DataError
from data.rows import part
from data.split import Split, sample, split

NAMES = ("a", "b", "c")


def labels(*counts: int) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


def cut(y, groups=None, *, official_test=False, **changes) -> Split:
    names = NAMES[: y.max() + 1]
    return split(y, groups, config("mine.csv", **changes), class_names=names, official_test=official_test)


def all_rows(parts: Split) -> list[int]:
    return sorted(np.concatenate([parts.train, parts.valid, parts.test]).tolist())


@settings(deadline=None, max_examples=30)
@given(
    counts=st.lists(st.integers(10, 60), min_size=2, max_size=3),
    valid=st.sampled_from([0.1, 0.2, 0.3]),
    test=st.sampled_from([0.1, 0.2, 0.3]),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_stratified_split_takes_each_row_once_and_every_class_everywhere(counts, valid, test, seed):
    y = labels(*counts)
    parts = cut(y, valid_fraction=valid, test_fraction=test, split_seed=seed)
    assert all_rows(parts) == list(range(len(y)))
    shares = {"valid": valid, "test": test, "train": 1 - valid - test}
    for name, share in shares.items():
        found = np.bincount(y[getattr(parts, name)], minlength=len(counts))
        np.testing.assert_allclose(found, np.array(counts) * share, atol=2.0)
        assert (found > 0).all()


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_grouped_split_never_cuts_a_group(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(12, size=240)
    y = rng.integers(3, size=240)
    parts = cut(y, groups, split="grouped", split_seed=seed)
    assert all_rows(parts) == list(range(240))
    members = [set(groups[rows].tolist()) for rows in (parts.train, parts.valid, parts.test)]
    assert sum(map(len, members)) == len(set(groups.tolist()))
    assert all(len(set(y[rows].tolist())) == 3 for rows in (parts.train, parts.valid, parts.test))


def test_a_class_in_three_groups_is_in_all_three_parts():
    groups = np.repeat(np.arange(10), 20)
    y = np.zeros(200, dtype=np.int64)
    y[[5, 65, 125]] = 1  # in groups 0, 3 and 6
    for seed in range(5):
        parts = cut(y, groups, split="grouped", split_seed=seed)
        assert [int(y[rows].sum()) for rows in (parts.train, parts.valid, parts.test)] == [1, 1, 1]


@pytest.mark.parametrize("groups", [None, np.arange(90) % 9])
def test_a_split_is_a_function_of_its_seed(groups):
    y = labels(60, 20, 10)
    kind = "stratified" if groups is None else "grouped"
    first, again, other = (cut(y, groups, split=kind, split_seed=seed) for seed in (1, 1, 2))
    assert first.valid.tolist() == again.valid.tolist()
    assert first.valid.tolist() != other.valid.tolist()


def test_an_official_test_part_leaves_all_other_rows_to_training_and_validation():
    parts = cut(labels(40, 20), official_test=True)
    assert len(parts.test) == 0
    assert (len(parts.train), len(parts.valid)) == (48, 12)


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_a_class_too_small_to_split_is_refused_with_the_rows_it_needs(rows):
    with pytest.raises(DataError, match=rf"mine\.csv: class b has {rows} rows; .* needs about 10"):
        cut(labels(200, rows), valid_fraction=0.1)


def test_a_class_that_max_rows_made_too_small_says_so():
    with pytest.raises(DataError, match=r"class b has 1 rows \(after max_rows = 20; raise it\)"):
        cut(labels(19, 1), max_rows=20)


def test_too_few_rows_for_any_split_are_refused():
    with pytest.raises(DataError, match=r"mine\.csv"):
        cut(labels(2, 2))


def test_a_grouped_split_without_groups_is_refused():
    with pytest.raises(DataError, match=r"needs groups.*data\.group"):
        cut(labels(30, 30), split="grouped")


def test_a_class_in_too_few_groups_is_refused():
    y = labels(30, 30)
    with pytest.raises(DataError, match="class b occurs in 2 of 6 groups; a grouped split needs it in at least 3"):
        cut(y, np.where(y == 1, np.arange(60) % 2, np.arange(60) % 6), split="grouped")


def test_fractions_that_leave_no_training_rows_are_refused():
    with pytest.raises(DataError, match=r"valid_fraction \+ data\.test_fraction = 0\.5 \+ 0\.5"):
        cut(labels(30, 30), valid_fraction=0.5, test_fraction=0.5)


def test_a_sample_keeps_the_class_shares():
    y = labels(800, 150, 50)
    rows = sample(y, 100, seed=3)
    assert np.bincount(y[rows]).tolist() == [80, 15, 5]
    assert len(set(rows.tolist())) == 100


def test_a_sample_larger_than_the_data_is_the_data():
    assert sample(labels(3, 2), 10, seed=0).tolist() == [0, 1, 2, 3, 4]


def test_of_equal_sequences_the_first_is_kept():
    y = np.array([0, 0, 0, 1])
    digests = sequence_digests(part(np.array([[1, 2], [3, 4], [1, 2], [1, 2]]), y))
    assert first_of_equals(digests).tolist() == [0, 1]
    assert conflicting(digests, y) == 1


def test_sequences_that_differ_in_length_alone_are_not_equal():
    rows = part(np.zeros((2, 3)), np.array([0, 1]), np.array([2, 3]))
    assert len(set(sequence_digests(rows))) == 2


def test_shared_rows_are_counted_in_a_note():
    assert verify_rows({b"1", b"2"}, "test", [b"1", b"1", b"3"], clean=False) == [
        "2 of 3 test rows also occur in training: scores are optimistic."
    ]


def test_shared_rows_after_our_own_cleaning_are_an_error():
    with pytest.raises(DataError, match="1 of 1 validation rows equal training rows"):
        verify_rows({b"1"}, "validation", [b"1"], clean=True)
