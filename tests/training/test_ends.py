"""When patience ends a training, on curves written down here and on a real training."""

import pytest
from factories import arrays, train, trial

from tuning.campaign.objective import ObjectiveConfig
from tuning.campaign.trial import TrainConfig
from tuning.training.ends import out_of_patience
from tuning.training.results import EpochReport

RARE = {"recall": [0.2, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3, 0.3], "loss": [9, 8, 7, 6, 5, 4, 3, 2]}
"""The loss falls from the start, the recall moves once, in epoch 5."""


def ends(recall, loss, *, warmup, patience=2, metric="recall_macro"):
    """Return the epochs that are trained."""
    train = TrainConfig(early_stopping_patience=patience, early_stopping_warmup=warmup)
    history = []
    for epoch, (value, lowest) in enumerate(zip(recall, loss, strict=True), start=1):
        history.append(
            EpochReport(
                epoch=epoch,
                train_loss=0,
                metrics={metric: value, "loss": lowest},
                learning_rate=0,
                weights_sha256="",
                seconds=0,
            )
        )
        if out_of_patience(history, ObjectiveConfig(metric=metric), train):
            break
    return len(history)


def test_without_a_warmup_the_loss_does_not_matter():
    assert ends(**RARE, warmup=False) == 3


def test_with_a_warmup_the_loss_counts_until_the_objective_moves_and_no_longer():
    assert ends(**RARE, warmup=True) == 7


def test_a_warmup_ends_where_the_loss_does_not_fall_either():
    assert ends([0.2] * 8, [9, 8, 8, 9, 7, 6, 5, 4], warmup=True) == 4


def test_an_objective_that_falls_back_below_its_first_value_has_not_moved():
    recall = [0.26, 0.21, 0.20, 0.20, 0.34, 0.33, 0.33, 0.33]  # of an untrained network, then of the majority class
    assert ends(recall, RARE["loss"], warmup=False) == 3
    assert ends(recall, RARE["loss"], warmup=True) == 7


def test_an_objective_that_moves_at_once_has_no_warmup():
    recall = [0.2, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]
    assert ends(recall, RARE["loss"], warmup=True) == ends(recall, RARE["loss"], warmup=False) == 4


@pytest.mark.parametrize("warmup", [False, True])
def test_an_objective_that_is_minimised_moves_downwards(warmup):
    rmse = [3, 2, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5]
    assert ends(rmse, RARE["loss"], warmup=warmup, metric="rmse") == 4


def test_a_training_goes_on_while_its_loss_falls():
    # With so small a learning rate the loss falls for epochs before a prediction changes.
    slow = {"train__epochs": 6, "train__early_stopping_patience": 2, "train__learning_rate": 1e-6}
    short, long = (train(trial(**slow, train__early_stopping_warmup=on), arrays()) for on in (False, True))
    assert (short.epochs, long.epochs) == (3, 6)


def test_trials_recorded_before_the_option_have_no_warmup():
    recorded = trial().model_dump(mode="json")
    del recorded["train"]["early_stopping_warmup"]
    assert type(trial()).model_validate(recorded) == trial()
