import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from factories import arrays, train, trial
from kinds import regression, texts, unequal
from sklearn.metrics import recall_score

from data.arrays import Arrays
from tuning.campaign.code_files import CodeFile
from tuning.training.checkpoint import load_checkpoint, save_checkpoint
from tuning.training.determinism import make_deterministic
from tuning.training.loop import DivergedError, Training, weights_sha256
from tuning.training.results import EpochReport, TrialResult

CNN_GRU = {"family": "cnn-gru", "cnn_hidden": 4, "gru_hidden": 4, "blocks": 1, "embedding": 3}
KINDS: dict[str, Callable[..., Arrays]] = {"unequal": unequal, "texts": texts, "regression": regression}


def of(kind, **changes):
    """A trial of CNN-GRU that fits the kind of data."""
    metric = "rmse" if kind == "regression" else "recall_macro"
    return trial(**({"model": CNN_GRU, "objective__metric": metric} | changes))


def run(config, data) -> tuple[list[EpochReport], TrialResult]:
    reports: list[EpochReport] = []
    result = train(config, data, reports=reports)
    return [r.model_copy(update={"seconds": 0.0}) for r in reports], result.model_copy(update={"seconds": 0.0})


@pytest.mark.parametrize("family", ["cnn2d", "cnn-gru"])
def test_the_same_trial_gives_the_same_bits(family):
    model = {"family": family} | ({} if family == "cnn2d" else {"cnn_hidden": 4, "gru_hidden": 4, "blocks": 1})
    config = trial(model=model | ({"hidden": 4} if family == "cnn2d" else {}))
    assert run(config, arrays()) == run(config, arrays())


def test_another_seed_gives_other_weights():
    assert run(trial(seed=1), arrays())[1].weights_sha256 != run(trial(seed=2), arrays())[1].weights_sha256


def test_a_fresh_process_gives_the_same_weights():
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from factories import arrays, train, trial\n"
        "print(train(trial(), arrays()).weights_sha256)"
    )
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert fresh.stdout.strip() == train(trial(), arrays()).weights_sha256


def test_training_learns():
    config = trial(train__epochs=12, model__dropout=0.0)
    reports, result = run(config, arrays(rows=240))
    assert reports[-1].train_loss < reports[0].train_loss / 2
    assert result.objective > 0.8


def test_the_objective_in_training_is_that_of_the_rows_as_they_were_resampled_and_trained_on():
    data = replace(arrays(), order=np.array([0, 3, 6, 1, 1, 1, 2, 5]))
    training = Training(trial(train__epochs=1, train__batch_size=8, model__dropout=0.0), data)
    untrained = deepcopy(training.model).train()  # one batch: all its rows are predicted before the first step
    x, lengths, y = training.train_rows.take(data.order)
    predicted = untrained(x, lengths).argmax(dim=1)
    assert training.run_epoch().train_objective == recall_score(y, predicted, average="macro")


def test_where_the_objective_is_the_loss_training_has_no_other():
    reports, _ = run(trial(objective__metric="loss"), arrays())
    assert {report.train_objective for report in reports} == {None}


@pytest.mark.parametrize("stop", [1, 2, 3])
@pytest.mark.parametrize("scheduler", ["plateau", "cosine", "none"])
def test_going_on_from_a_checkpoint_is_bit_for_bit_as_if_never_stopped(tmp_path, stop, scheduler):
    config = trial(train__epochs=4, train__scheduler=scheduler, train__plateau_patience=0)
    whole, result = run(config, arrays())
    first = Training(config, arrays())
    for _ in range(stop):
        first.run_epoch()
    save_checkpoint(first, tmp_path / "c.pt")
    torch.manual_seed(999)
    second = Training(config, arrays())
    load_checkpoint(second, tmp_path / "c.pt")
    while not second.done:
        second.run_epoch()
    assert [r.model_copy(update={"seconds": 0.0}) for r in second.history] == whole
    assert second.result().model_copy(update={"seconds": 0.0}) == result


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
def test_going_on_is_exact_for_every_kind_of_data_and_batches_by_length(tmp_path, kind, optimizer):
    config = of(kind, train__batching="bucketed", train__optimizer=optimizer, train__epochs=3)
    whole, result = run(config, KINDS[kind]())
    first = Training(config, KINDS[kind]())
    first.run_epoch()
    save_checkpoint(first, tmp_path / "c.pt")
    torch.manual_seed(999)
    second = Training(config, KINDS[kind]())
    load_checkpoint(second, tmp_path / "c.pt")
    while not second.done:
        second.run_epoch()
    assert [r.model_copy(update={"seconds": 0.0}) for r in second.history] == whole
    assert second.result().model_copy(update={"seconds": 0.0}) == result


def test_batches_by_length_change_the_training():
    weights = {run(of("unequal", train__batching=b), unequal())[1].weights_sha256 for b in ("shuffled", "bucketed")}
    assert len(weights) == 2


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
def test_every_optimizer_learns(optimizer):
    rate = 0.1 if optimizer == "sgd" else 1e-2
    config = trial(train__optimizer=optimizer, train__learning_rate=rate, train__epochs=6, model__dropout=0.0)
    reports, _ = run(config, arrays(rows=120))
    assert reports[-1].train_loss < reports[0].train_loss / 2


def test_a_validation_in_order_of_length_judges_every_row_by_its_own_target():
    data = unequal()
    training = Training(of("unequal"), data)
    training.run_epoch()
    metrics, counts = training.evaluate(training.valid_rows)
    training.model.eval()
    with torch.no_grad():
        logits = training.model(torch.tensor(data.valid.x), torch.tensor(data.valid.lengths))
    truth = torch.tensor(data.valid.y)
    assert metrics["accuracy"] == pytest.approx(float((logits.argmax(1) == truth).float().mean()))
    assert metrics["loss"] == pytest.approx(float(torch.nn.functional.cross_entropy(logits, truth)), rel=1e-5)
    assert counts.sum(axis=1).tolist() == torch.bincount(truth, minlength=3).tolist()


def test_texts_are_learned():
    config = of("texts", train__epochs=15, train__learning_rate=1e-2, model=CNN_GRU | {"gru_hidden": 16})
    _, result = run(config, texts(rows=150))
    assert result.objective > 0.8


def test_a_regression_learns_and_speaks_the_datas_own_unit():
    data = regression(rows=200)
    config = of("regression", train__epochs=15, train__learning_rate=1e-2, model=CNN_GRU | {"gru_hidden": 16})
    reports, result = run(config, data)
    figures = result.best_metrics
    assert set(figures) == {"loss", "mae", "rmse", "r2"}
    assert result.objective == min(report.metrics["rmse"] for report in reports)
    assert figures["r2"] > 0.7
    assert figures["rmse"] == pytest.approx(figures["loss"] ** 0.5 * data.scale.std, rel=1e-5)
    assert result.confusion == []


def test_a_regression_that_diverges_is_an_error():
    with pytest.raises(DivergedError, match="loss is"):
        train(of("regression", train__learning_rate=1e30, train__optimizer="sgd"), regression())


def test_a_checkpoint_of_another_configuration_is_refused(tmp_path):
    training = Training(trial(), arrays())
    training.run_epoch()
    save_checkpoint(training, tmp_path / "c.pt")
    with pytest.raises(ValueError, match="another trial configuration"):
        load_checkpoint(Training(trial(seed=8), arrays()), tmp_path / "c.pt")


def test_divergence_is_an_error_with_its_epoch():
    data = arrays()
    with pytest.raises(DivergedError, match=r"loss is (nan|inf) in epoch 1"):
        train(trial(train__learning_rate=1e30), data)


def test_patience_ends_a_trial_and_the_best_epoch_counts():
    config = trial(train__epochs=40, train__early_stopping_patience=2, train__learning_rate=1e-7)
    reports, result = run(config, arrays())
    assert len(reports) < 40
    assert len(reports) - result.best_epoch == 2
    objectives = [r.metrics["recall_macro"] for r in reports]
    assert result.objective == max(objectives)
    assert result.best_epoch == objectives.index(max(objectives)) + 1
    assert result.weights_sha256 == reports[result.best_epoch - 1].weights_sha256


def test_a_loss_objective_takes_the_lowest():
    reports, result = run(trial(objective__metric="loss", train__epochs=5), arrays())
    assert result.objective == min(r.metrics["loss"] for r in reports)


def test_class_weights_change_the_training():
    assert run(trial(), arrays())[0] != run(trial(), arrays(weights=True))[0]


def test_best_weights_are_those_that_the_hash_names():
    training = Training(trial(), arrays())
    while not training.done:
        training.run_epoch()
    assert weights_sha256(training.best_weights) == training.result().weights_sha256


def test_bfloat16_trains_and_repeats():
    config = trial(train__precision="bfloat16")
    assert run(config, arrays()) == run(config, arrays())
    assert run(config, arrays())[1].weights_sha256 != run(trial(), arrays())[1].weights_sha256


@pytest.mark.parametrize(("code", "filled"), [((), False), ((CodeFile(name="mine.py", sha256="0" * 64),), True)])
def test_only_models_of_the_users_own_get_new_tensors_filled(code, filled):
    make_deterministic(trial().model_copy(update={"code": code}))
    assert torch.utils.deterministic.fill_uninitialized_memory == filled  # type: ignore[attr-defined]
