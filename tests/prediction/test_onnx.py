"""Networks as ONNX files: outputs are torch's, for every family and kind of data."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from factories import arrays, trial
from journals import data_record
from kinds import regression, texts, unequal
from trained import run

from data.arrays import Arrays
from data.preparation import Preparation, read_preparation
from tuning.campaign.errors import CampaignError, RecordError
from tuning.journal.record import RecordedTrial
from tuning.prediction.kept import KeptTrial
from tuning.prediction.onnx_file import write_onnx
from tuning.training.begin import begin
from tuning.training.predictor import Predictor

FAMILIES: dict[str, dict[str, Any]] = {
    "cnn-gru": {"cnn_hidden": 6, "gru_hidden": 8, "gru_layers": 2, "blocks": 2},
    "cnn-gru, options": {
        "family": "cnn-gru",
        "cnn_hidden": 6,
        "gru_hidden": 8,
        "blocks": 2,
        "residual": False,
        "squeeze_excite": True,
        "dilation": 2,
        "layer_norm": True,
        "attention_heads": 2,
    },
    "cnn2d": {"hidden": 6, "layers": 3, "blocks": 2},
    "cnn1d": {"hidden": 6, "layers": 2, "blocks": 2},
    "recurrent": {"hidden": 8, "layers": 2},
    "recurrent, front": {"family": "recurrent", "cell": "rnn", "hidden": 8, "padding": "front", "bidirectional": True},
    "recurrent, one-hot": {"family": "recurrent", "cell": "lstm", "hidden": 8, "one_hot": True, "tanh_output": True},
    "transformer": {"conv_hidden": 6, "hidden": 8, "heads": 2},
}
KINDS: dict[str, Callable[..., Arrays]] = {"sequences": unequal, "texts": texts, "series": regression}


def kept(data: Arrays, model: dict[str, Any]) -> KeptTrial:
    """A trial of one epoch."""
    run = begin(trial(model=model, train__epochs=1, objective__metric="loss"), data)
    run.run_epoch()
    preparation = Preparation(
        data_sha256=data.sha256,
        class_names=data.class_names,
        steps=data.steps,
        channels=data.channels,
        tokens=data.tokens,
        scale=data.scale,
    )
    config = trial(model=model, train__epochs=1)
    recorded = RecordedTrial(config=config, assignment={}, epochs=(), result=run.result(), data=data_record())
    predictor = Predictor(config, preparation, run.best_weights)
    return KeptTrial(recorded=recorded, preparation=preparation, predictor=predictor)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_outputs_are_torchs_for_any_number_of_rows_and_any_lengths(family, kind, tmp_path):
    data = KINDS[kind]()
    model = kept(data, {"family": family.partition(",")[0], **FAMILIES[family]})
    assert write_onnx(model, tmp_path / "model.onnx") < 1e-4
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for rows in (slice(0, 1), slice(0, 7)):
        x, lengths = data.valid.x[rows], data.valid.lengths[rows]
        (found,) = session.run(None, {"x": x, "lengths": lengths})
        with torch.no_grad():
            expected = model.predictor.network(torch.tensor(x), torch.tensor(lengths)).numpy()
        assert np.allclose(found, expected, atol=1e-5)
    document = onnx.load(tmp_path / "model.onnx")
    (entry,) = document.metadata_props
    (tmp_path / "preparation.json").write_text(entry.value, encoding="utf-8")
    assert entry.key == "seqtune.preparation"
    assert read_preparation(tmp_path / "preparation.json") == model.preparation


def test_the_command_writes_the_network_of_a_rank(beats, tmp_path):
    home, *_ = beats
    out = tmp_path / "best.onnx"
    printed = run(home, "export", "tiny", "--format", "onnx", "--rank", 2, "--out", out)
    assert "of tiny; outputs equal torch's up to a relative difference of" in printed
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == ["x", "lengths"]
    assert session.get_inputs()[0].shape == ["rows", 16, 1]
    for words, message in (
        (["--format", "onnx", "--out", tmp_path / "best.json"], "unknown suffix. Allowed: .onnx"),
        (["--rank", 1, "--out", tmp_path / "top.json"], "--rank is for --format onnx"),
        (["--format", "onnx", "--rank", 9, "--out", tmp_path / "nine.onnx"], "no rank 9; it has 2"),
    ):
        assert message in run(home, "export", "tiny", *words, code=2)
    assert [path.name for path in tmp_path.iterdir()] == ["best.onnx"]


def test_a_classical_family_has_no_onnx_form(tmp_path):
    data = arrays()
    with pytest.raises(RecordError, match="linear is no neural family"):
        write_onnx(kept(data, {"family": "linear"}), tmp_path / "model.onnx")
    model = kept(data, {"family": "cnn1d", **FAMILIES["cnn1d"]})
    with pytest.raises(CampaignError, match="unknown suffix"):
        write_onnx(model, tmp_path / "model.pt")
