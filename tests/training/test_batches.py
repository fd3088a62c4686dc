"""Which rows share a batch."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from kinds import unequal

from data.arrays import Arrays, Part
from tuning.campaign.trial import TrainConfig
from tuning.training.batches import CHUNK, epoch_batches, evaluation_batches


def generator(seed=3):
    return torch.Generator().manual_seed(seed)


def sized(lengths) -> Arrays:
    part = Part(x=np.zeros((len(lengths), 1, 1), np.float32), lengths=lengths, y=np.zeros(len(lengths), np.int64))
    return replace(unequal(), train=part, order=np.arange(len(lengths)))


def by_length(arrays, size=8, seed=3):
    train = TrainConfig(batch_size=size, batching="bucketed")
    return [batch.tolist() for batch in epoch_batches(arrays, train, generator(seed))]


def padded_share(lengths, batches):
    steps = sum(len(batch) * lengths[batch].max() for batch in batches)
    return 1 - sum(lengths[batch].sum() for batch in batches) / steps


@given(st.lists(st.integers(1, 50), min_size=1, max_size=200), st.integers(1, 40))
def test_by_length_sees_every_row_once_in_batches_of_the_size(lengths, size):
    batches = by_length(sized(np.array(lengths)), size)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert sorted(map(len, batches))[1:] == [size] * (len(batches) - 1)


def test_rows_that_the_epoch_repeats_are_repeated():
    arrays = sized(np.arange(1, 11))
    batches = by_length(replace(arrays, order=np.array([0, 0, 0, 5, 9])), size=2)
    assert sorted(row for batch in batches for row in batch) == [0, 0, 0, 5, 9]


def test_by_length_is_a_function_of_the_generator():
    arrays = unequal(rows=100)
    assert by_length(arrays) == by_length(arrays)
    assert by_length(arrays, seed=4) != by_length(arrays)


def test_two_epochs_differ():
    arrays, shared = unequal(rows=100), generator()
    train = TrainConfig(batch_size=8, batching="bucketed")
    first, second = ([batch.tolist() for batch in epoch_batches(arrays, train, shared)] for _ in range(2))
    assert first != second
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in second}


def test_by_length_pads_little_and_its_batches_come_in_no_order_of_length():
    lengths = np.random.default_rng(0).integers(10, 52, 2000)
    arrays = sized(lengths)
    shuffled = list(epoch_batches(arrays, TrainConfig(batch_size=8), generator()))
    sorted_ = [np.array(batch) for batch in by_length(arrays)]
    assert padded_share(lengths, sorted_) < padded_share(lengths, shuffled) / 5
    longest = np.array([lengths[batch].max() for batch in sorted_])
    assert abs(np.corrcoef(longest, np.arange(len(longest)))[0, 1]) < 0.2


def test_beyond_a_chunk_rows_of_one_length_are_apart():
    lengths = np.repeat([1, 2], CHUNK * 4)
    batches = by_length(sized(lengths), size=4)
    mixed = [batch for batch in batches if len(set(lengths[batch])) == 2]
    assert len(batches) == CHUNK * 2
    assert 1 <= len(mixed) <= 2


def test_shuffled_is_one_permutation_cut_into_batches():
    arrays = unequal()
    batches = list(epoch_batches(arrays, TrainConfig(batch_size=7), generator()))
    order = arrays.order[torch.randperm(len(arrays.order), generator=generator()).numpy()]
    assert np.concatenate(batches).tolist() == order.tolist()


def test_evaluation_takes_the_shortest_first_and_equals_in_their_order():
    part = sized(np.array([3, 1, 3, 2, 1])).train
    assert [batch.tolist() for batch in evaluation_batches(part, 2)] == [[1, 4], [3, 0], [2]]


def test_evaluation_of_equal_lengths_keeps_the_rows_order():
    part = sized(np.full(5, 9)).train
    assert [batch.tolist() for batch in evaluation_batches(part, 3)] == [[0, 1, 2], [3, 4]]


# --- epochs of so many rows


def epochs(arrays, rows, count, **changes):
    """The rows of each epoch."""
    train = TrainConfig(batch_size=8, epoch_rows=rows, **changes)
    shared = generator()
    return [
        np.concatenate(list(epoch_batches(arrays, train, shared, seed=5, epoch=epoch))).tolist()
        for epoch in range(1, count + 1)
    ]


@given(st.integers(1, 60), st.integers(1, 90), st.integers(1, 6))
def test_epochs_of_so_many_rows_continue_one_order(count, rows, wanted):
    arrays = sized(np.full(count, 3))
    seen = [row for epoch in epochs(arrays, rows, wanted) for row in epoch]
    assert len(seen) == rows * wanted
    for start in range(0, len(seen), count):
        chunk = seen[start : start + count]
        assert len(set(chunk)) == len(chunk)


def test_balanced_and_raw_data_have_equally_many_batches():
    raw = sized(np.full(40, 3))
    balanced = replace(raw, order=np.concatenate([np.arange(40), np.arange(5).repeat(16)]))
    train = TrainConfig(batch_size=8, epoch_rows=24)
    for arrays in (raw, balanced):
        batches = [len(batch) for batch in epoch_batches(arrays, train, generator(), seed=1, epoch=9)]
        assert batches == [8, 8, 8]


def test_the_rows_of_an_epoch_do_not_depend_on_the_epochs_before():
    arrays = sized(np.full(20, 3))
    whole = epochs(arrays, 14, 5)
    train = TrainConfig(batch_size=8, epoch_rows=14)
    fourth = np.concatenate(list(epoch_batches(arrays, train, generator(), seed=5, epoch=4)))
    assert fourth.tolist() == whole[3]
    assert sorted(epochs(arrays, 14, 5, batching="bucketed")[3]) == sorted(whole[3])
