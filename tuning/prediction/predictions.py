"""Predictions of one model, or of the average of several, for the rows of a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.arrays import Part, Scale
from data.config import DataOptions
from data.new_rows import NewRows, read_rows
from tuning.prediction.calibration import Calibration, calibrate, tempered
from tuning.prediction.kept import KeptTrial

# N rows, K classes, M models


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What was predicted for N rows.

    ids: name of a column -> (N,).  probabilities: (N, K), None of a regression.  values: (N,) predicted classes,
    0..K-1, or forecasts in the target's own unit.  truth: (N,) true classes or targets in its unit; without meaning
    where the file was read without them.  part: the rows as the first model takes them.  scale: of its target.
    """

    class_names: tuple[str, ...]
    ids: dict[str, NDArray[Any]]
    probabilities: NDArray[np.float64] | None
    values: NDArray[Any]
    truth: NDArray[Any]
    part: Part
    scale: Scale | None
    notes: tuple[str, ...]


def predict(
    models: Sequence[KeptTrial],
    path: Path,
    changes: dict[str, str],
    *,
    temperature: float = 1.0,
    labelled: bool = False,
) -> Predictions:
    """Return the mean prediction of the models for the rows of a file.

    changes: fields of ``DataOptions`` in which the file differs from the campaign's data, for example another name of
    the text column.  temperature: of ``calibration``.  Windows of a series are those that every model has.

    Raises:
        DataError: the file is not one of rows that the models were trained on.
    """
    rows = _read(models, path, changes, labelled=labelled)
    first = rows[0]
    chosen = [np.arange(len(one.part.y)) for one in rows]
    if first.part.y.dtype == np.float32:  # a longer window has fewer rows
        common = first.ids["row"]
        for one in rows[1:]:
            common = np.intersect1d(common, one.ids["row"])
        chosen = [np.flatnonzero(np.isin(one.ids["row"], common)) for one in rows]
    scale = models[0].preparation.scale
    parts = [_taken(one.part, places) for one, places in zip(rows, chosen, strict=True)]
    raws = [model.predictor.raw(part) for model, part in zip(models, parts, strict=True)]
    part = parts[0]
    if scale is not None:
        probabilities, values = None, np.mean(np.stack(raws), axis=0)
        truth: NDArray[Any] = part.y.astype(np.float64) * scale.std + scale.mean
    else:
        probabilities, truth = tempered(_mean(models, raws), temperature), part.y
        values = (raws[0] if len(models) == 1 else probabilities).argmax(axis=1)  # as a training counts them
    return Predictions(
        class_names=models[0].preparation.class_names,
        ids={name: column[chosen[0]] for name, column in first.ids.items()},
        probabilities=probabilities,
        values=values,
        truth=truth,
        part=part,
        scale=scale,
        notes=tuple(dict.fromkeys(note for one in rows for note in one.notes)),
    )


def calibration(models: Sequence[KeptTrial], valid: Sequence[Part]) -> Calibration:
    """Fit a temperature to the mean prediction of models.  valid: the validation part of each, the same rows.

    Of the mean, not of each: the mean of calibrated models is too cautious (Rahaman and Thiery, NeurIPS 2021,
    arXiv:2007.08792).
    """
    raws = [model.predictor.raw(part) for model, part in zip(models, valid, strict=True)]
    return calibrate(_mean(models, raws), valid[0].y.astype(np.int64))


def _mean(models: Sequence[KeptTrial], raws: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return (N, K) the mean of the models' probabilities."""
    each = [model.predictor.probabilities(raw) for model, raw in zip(models, raws, strict=True)]
    return np.asarray(np.mean(np.stack(each), axis=0))


def _read(models: Sequence[KeptTrial], path: Path, changes: dict[str, str], *, labelled: bool) -> list[NewRows]:
    """Return the file's rows for each model; those of equal preparation are read once."""
    found: dict[tuple[str, int, int], NewRows] = {}
    rows = []
    for model in models:
        data = model.recorded.config.data
        key = (model.preparation.model_copy(update={"data_sha256": ""}).text(), data.window, data.horizon)
        if key not in found:
            options = DataOptions.model_validate({**data.model_dump(include=set(DataOptions.model_fields)), **changes})
            found[key] = read_rows(path, options, model.preparation, labelled=labelled)
        rows.append(found[key])
    return rows


def _taken(part: Part, rows: NDArray[np.int64]) -> Part:
    return part if len(rows) == len(part.y) else part.take(rows)
