"""A trial's weights and preparation predict what its training recorded."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from factories import arrays, trial
from kinds import regression, texts, unequal
from torch.nn import functional

from data.arrays import Arrays, Part
from data.preparation import Preparation
from tuning.training import estimators
from tuning.training.begin import begin
from tuning.training.metrics import confusion
from tuning.training.predictor import Predictor

NEURAL: dict[str, dict[str, Any]] = {
    "cnn-gru": {"family": "cnn-gru", "cnn_hidden": 6, "gru_hidden": 8, "gru_layers": 2, "blocks": 2},
    "cnn2d": {"family": "cnn2d", "hidden": 6, "layers": 3, "blocks": 2},
    "cnn1d": {"family": "cnn1d", "hidden": 6, "layers": 2, "blocks": 2},
    "recurrent": {"family": "recurrent", "hidden": 8, "layers": 2},
    "transformer": {"family": "transformer", "conv_hidden": 6, "hidden": 8, "heads": 2},
}
CLASSICAL: dict[str, dict[str, Any]] = {
    "majority": {"family": "majority"},
    "linear": {"family": "linear"},
    "random-forest": {"family": "random-forest", "trees": 7},
    "minirocket": {"family": "minirocket", "kernels": 84},
}
KINDS: dict[str, Callable[..., Arrays]] = {"sequences": unequal, "texts": texts, "series": regression}


def preparation(data: Arrays) -> Preparation:
    return Preparation(
        data_sha256=data.sha256,
        class_names=data.class_names,
        steps=data.steps,
        channels=data.channels,
        tokens=data.tokens,
        scale=data.scale,
    )


def trained(data: Arrays, model: dict[str, Any], **changes: Any) -> Any:
    metric = "loss" if data.regression else "recall_macro"
    run = begin(trial(model=model, objective__metric=metric, **changes), data)
    while not run.done:
        run.run_epoch()
    return run


def predicted(run: Any, data: Arrays, part: Part) -> np.ndarray:
    return Predictor(run.trial, preparation(data), run.best_weights).raw(part)


def counts(data: Arrays, raw: np.ndarray) -> list[list[int]]:
    return confusion(data.valid.y, raw.argmax(axis=1), data.classes).tolist()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", NEURAL)
def test_a_network_predicts_the_recorded_validation_part_exactly(family, kind):
    data = KINDS[kind]()
    run = trained(data, NEURAL[family], train__epochs=2)
    raw = predicted(run, data, data.valid)
    result = run.result()
    if data.regression:
        truth = data.valid.y.astype(float) * data.scale.std + data.scale.mean
        assert np.abs(raw - truth).mean() == pytest.approx(result.best_metrics["mae"], rel=1e-6)
    else:
        assert counts(data, raw) == result.confusion
        loss = functional.cross_entropy(torch.tensor(raw), torch.tensor(data.valid.y))
        assert float(loss) == pytest.approx(result.best_metrics["loss"], rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", CLASSICAL)
def test_a_classical_family_is_restored_from_its_numbers_bit_for_bit(family, kind):
    if (family, kind) == ("minirocket", "texts"):
        pytest.skip("minirocket takes no texts")
    data = KINDS[kind]()
    run = trained(data, CLASSICAL[family])
    raw = predicted(run, data, data.valid)
    fitted = estimators.fit(run.trial.model, data, seed=run.trial.seed, threads=1).predict(data.valid)
    expected = fitted if data.scale is None else fitted * data.scale.std + data.scale.mean
    assert (raw == expected).all()


def test_a_class_without_training_rows_has_no_probability():
    data = arrays()
    seen = np.flatnonzero(data.train.y != 1)
    run = trained(replace(data, order=seen), CLASSICAL["linear"])
    assert (predicted(run, data, data.valid)[:, 1] == 0).all()


def test_bfloat16_predicts_as_it_was_trained():
    data = arrays()
    run = trained(data, NEURAL["cnn1d"], train__precision="bfloat16")
    assert counts(data, predicted(run, data, data.valid)) == run.result().confusion


def test_predicting_leaves_torch_as_it_was():
    data = arrays()
    run = trained(data, NEURAL["cnn1d"])
    torch.use_deterministic_algorithms(mode=False)
    before = torch.get_rng_state()
    predicted(run, data, data.valid)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_of_another_configuration_are_refused():
    data = arrays()
    run = trained(data, NEURAL["cnn1d"])
    with pytest.raises(ValueError, match="the weights do not fit the configuration"):
        Predictor(trial(), preparation(data), run.best_weights)


@pytest.mark.parametrize("family", ["cnn1d", "linear"])
def test_probabilities_sum_to_one_and_follow_the_predicted_class(family):
    data = arrays()
    run = trained(data, (NEURAL | CLASSICAL)[family])
    predictor = Predictor(run.trial, preparation(data), run.best_weights)
    raw = predictor.raw(data.valid)
    found = predictor.probabilities(raw)
    assert np.allclose(found.sum(axis=1), 1)
    assert (found.argmax(axis=1) == raw.argmax(axis=1)).all()
