"""A kept trial's network as an ONNX file, checked against torch before it is written.

Extra ``onnx``.  The file takes prepared rows: ``x`` (N, T, C) scaled and padded with zeros to the T steps of training,
or tokens (N, T, 1), and ``lengths`` (N,).  It returns ``outputs``: logits (N, K), or standardised forecasts (N, 1).
What prepares rows and reads outputs is in the file's metadata, under ``seqtune.preparation``.
"""

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tuning.campaign.errors import CampaignError, RecordError
from tuning.journal.text import trial_name
from tuning.prediction.kept import KeptTrial
from tuning.training.files import check_suffix, write_output

OPSET = 17
TOLERANCE = 1e-4
"""Largest difference of an output from torch's, relative to the largest output."""
CHECKED_ROWS = 5

# N rows, T time steps, C channels, K classes


def write_onnx(model: KeptTrial, path: Path) -> float:
    """Write a network; return the largest difference of its outputs from torch's, relative to the largest of them.

    Raises:
        CampaignError: another suffix than .onnx, or the extra is not installed.
        RecordError: a classical family, one that cannot be converted, or whose outputs differ.
        StoreError: the file cannot be written.
    """
    check_suffix(path, (".onnx",))
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise CampaignError(
            f'--format onnx needs the package {error.name}. Install it: pip install "seqtune[onnx]"'
        ) from error
    trial = model.recorded.config
    name = f"{trial_name(trial.index)} of campaign {trial.campaign!r}"
    network = model.predictor.network
    if network is None:
        raise RecordError(f"{name}: {trial.model.family} is no neural family, so it has no ONNX form")
    x, lengths = _rows(model)
    try:
        content = _converted(network, x, lengths)
        document = onnx.load_from_string(content)
        entry = document.metadata_props.add()
        entry.key, entry.value = "seqtune.preparation", model.preparation.text()
        content = document.SerializeToString()
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        (found,) = session.run(["outputs"], {"x": x.numpy(), "lengths": lengths.numpy()})
    except Exception as error:  # an operation of a user's model may have no counterpart in ONNX
        raise RecordError(f"{name} cannot be converted to ONNX: {str(error)[:300]}") from error
    with torch.no_grad():
        expected = network(x, lengths).numpy()
    difference = float(np.abs(found - expected).max() / max(1e-12, np.abs(expected).max()))
    if not difference <= TOLERANCE:
        raise RecordError(f"{name}: the outputs of its ONNX form differ from torch's by {difference:.1e}")
    write_output(path, content)
    return difference


def _rows(model: KeptTrial) -> tuple[torch.Tensor, torch.Tensor]:
    """Return made-up rows of different lengths, one of them whole."""
    steps, channels, tokens = model.preparation.steps, model.preparation.channels, model.preparation.tokens
    generator = torch.Generator().manual_seed(0)
    if tokens is None:
        x = torch.randn(CHECKED_ROWS, steps, channels, generator=generator)
    else:
        x = torch.randint(1, tokens, (CHECKED_ROWS, steps, 1), dtype=torch.int32, generator=generator)
    lengths = torch.linspace(steps, 1, CHECKED_ROWS).round().long().clamp(min=1)
    x[torch.arange(steps) >= lengths[:, None]] = 0
    return x, lengths


def _converted(network: torch.nn.Module, x: torch.Tensor, lengths: torch.Tensor) -> bytes:
    """Return a network as ONNX, for any number of rows.

    By tracing two rows, one of them shorter than T: the padding of rows is then part of the graph.
    """
    file: Any = io.BytesIO()
    names = ("x", "lengths", "outputs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values that tracing fixes: those of T and C, which are fixed
        torch.onnx.export(
            network,
            (x[:2], lengths[:2]),
            file,
            dynamo=False,  # torch's other exporter needs onnxscript, and fixes the branches on lengths
            input_names=list(names[:2]),
            output_names=[names[2]],
            dynamic_axes={name: {0: "rows"} for name in names},
            opset_version=OPSET,
        )
    return bytes(file.getvalue())
