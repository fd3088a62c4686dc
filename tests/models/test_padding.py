import pytest
import torch

from models.padding import (
    fitted,
    front_padded,
    halved,
    last_valid,
    max_valid,
    mean_valid,
    reversed_steps,
    valid_steps,
    zeroed,
)

ROWS = torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 0.0, 0.0], [7.0, 0.0, 0.0, 0.0]])[:, :, None]
LENGTHS = torch.tensor([4, 2, 1])


def test_full_sequences_need_no_mask():
    assert valid_steps(torch.tensor([4, 4]), 4) is None


def test_the_mask_ends_where_a_sequence_ends():
    mask = valid_steps(torch.tensor([1, 3]), 3)
    assert mask.tolist() == [[True, False, False], [True, True, True]]


@pytest.mark.parametrize(("length", "expected"), [(1, [-5.0]), (2, [-4.0]), (3, [-4.0]), (4, [-4.0, -2.0])])
@pytest.mark.parametrize("padding", [0, 1, 4])
def test_pooling_of_a_padded_sequence_equals_that_of_the_sequence_alone(length, expected, padding):
    x = torch.zeros(1, 1, length + padding)
    x[0, 0, :length] = torch.tensor([-5.0, -4.0, -3.0, -2.0])[:length]  # below the padding's zeros
    pooled, lengths = halved(x, torch.tensor([length]))
    assert pooled[0, 0, : lengths[0]].tolist() == expected


def test_pooling_leaves_zeros_after_each_end_and_a_finite_gradient():
    x = torch.randn(2, 3, 8, requires_grad=True)
    pooled, lengths = halved(x, torch.tensor([1, 5]))
    pooled.square().sum().backward()
    assert lengths.tolist() == [1, 2]
    assert not pooled[0, :, 1:].any()
    assert not pooled[1, :, 2:].any()
    assert torch.isfinite(x.grad).all()


def test_last_valid_is_the_state_before_each_end():
    states = torch.arange(12.0).reshape(2, 3, 2)
    assert last_valid(states, torch.tensor([1, 3])).tolist() == [[0.0, 1.0], [10.0, 11.0]]


def test_zeroed_clears_what_stands_after_each_end():
    assert zeroed(torch.full((1, 3, 1), 7.0), valid_steps(torch.tensor([1]), 3)).flatten().tolist() == [7.0, 0.0, 0.0]


def test_fitted_cuts_padding_but_no_sequence():
    assert fitted(ROWS[1:], LENGTHS[1:], 3)[:, :, 0].tolist() == [[5.0, 6.0, 0.0], [7.0, 0.0, 0.0]]
    with pytest.raises(ValueError, match="a sequence has 4 steps; this model was built for at most 3"):
        fitted(ROWS, LENGTHS, 3)


def test_reversal_turns_valid_steps_alone():
    expected = [[4.0, 3.0, 2.0, 1.0], [6.0, 5.0, 0.0, 0.0], [7.0, 0.0, 0.0, 0.0]]
    assert reversed_steps(ROWS, LENGTHS)[:, :, 0].tolist() == expected


def test_reversing_twice_changes_nothing():
    x = torch.randn(3, 4, 2)
    assert torch.equal(reversed_steps(reversed_steps(x, LENGTHS), LENGTHS), x)


def test_front_padding_moves_each_sequence_to_the_end():
    expected = [[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 5.0, 6.0], [0.0, 0.0, 0.0, 7.0]]
    assert front_padded(ROWS, LENGTHS)[:, :, 0].tolist() == expected


@pytest.mark.parametrize("moved", [reversed_steps, front_padded])
def test_a_moved_step_s_gradient_goes_back_to_where_it_came_from(moved):
    x = torch.randn(3, 4, 2, requires_grad=True)
    weights = torch.randn(3, 4, 2)
    (moved(x, LENGTHS) * moved(weights, LENGTHS)).sum().backward()
    assert torch.equal(x.grad, weights)


def test_mean_and_maximum_count_valid_steps_only():
    x = -ROWS.transpose(1, 2)  # below the padding's zeros
    assert mean_valid(x, LENGTHS).flatten().tolist() == [-2.5, -5.5, -7.0]
    assert max_valid(x, LENGTHS).flatten().tolist() == [-1.0, -5.0, -7.0]
