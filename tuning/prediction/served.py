"""A kept trial as a folder of its own: what an MLflow model contains, and how it predicts arrays and texts.

The folder has ``trial.json``, ``preparation.json`` and ``weights.safetensors``; ``code`` with the user's code, which
loading it runs.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.arrays import Part
from data.errors import DataError
from data.messages import listed, nearest
from data.preparation import Preparation, read_preparation
from data.rows import part
from data.texts import Vocabulary, texts
from tuning.campaign import own_code
from tuning.campaign.code_files import Source, copy_path
from tuning.campaign.packages import recorded_sources
from tuning.journal.record import RecordedTrial
from tuning.prediction.kept import KeptTrial, kept
from tuning.training.files import WEIGHTS

TRIAL = "trial.json"
PREPARATION = "preparation.json"
CODE = "code"
TEXT = "text"
"""The column of texts in a table that is predicted."""

# N rows, T time steps, C channels


def write_folder(
    folder: Path, *, trial: str, preparation: Preparation, weights: Path, sources: Iterable[Source]
) -> None:
    """Write a kept trial into an empty folder.  trial: its JSON.  sources: the user's code."""
    (folder / TRIAL).write_text(trial, encoding="utf-8")
    (folder / PREPARATION).write_text(preparation.text(), encoding="utf-8")
    shutil.copyfile(weights, folder / WEIGHTS)
    for source in sources:
        if source.file.kind == "file":
            path = copy_path(folder / CODE, source.file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.content)


class ServedModel:
    """A kept trial that predicts without files: arrays of sequences or windows, or texts."""

    def __init__(self, model: KeptTrial) -> None:
        self.model = model
        self.preparation = model.preparation

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a folder that ``write_folder`` wrote; run the code in it.

        Raises:
            RecordError, DataError, ValueError: the folder is damaged.
            CampaignError: the code cannot be run.
        """
        text = (folder / TRIAL).read_text(encoding="utf-8")
        recorded = RecordedTrial.from_json(text)
        if recorded.config.code:
            own_code.use(recorded_sources(folder / CODE, recorded.config.code))
            recorded = RecordedTrial.from_json(text)  # with the families of the code
        return cls(kept(recorded, read_preparation(folder / PREPARATION), folder / WEIGHTS))

    def predict(self, rows: Any) -> pd.DataFrame:
        """Return a row per prediction: ``class`` and the probability of each class, or ``forecast``.

        rows: (N, T, C) numbers in the units of the data; after the end of a shorter sequence NaN.  T is at most the
        steps of training; of a series it is the window.  Of one channel also (N, T) with the steps of training, or a
        table with a row per sequence, whose columns are found by the names that the model was trained on.  Texts are a
        table with a column ``text``, or a list.

        Raises:
            DataError: rows of another shape, with values that are no numbers, or without a word.
        """
        preparation, predictor = self.preparation, self.model.predictor
        prepared = self._texts(rows) if preparation.kind == "texts" else self._sequences(rows)
        raw = predictor.raw(prepared)
        if preparation.scale is not None:
            return pd.DataFrame({"forecast": raw})
        names, probabilities = preparation.class_names, predictor.probabilities(raw)
        columns: dict[str, Any] = {"class": [names[k] for k in raw.argmax(axis=1).tolist()]}
        return pd.DataFrame(columns | {f"probability_{name}": probabilities[:, k] for k, name in enumerate(names)})

    def _texts(self, rows: Any) -> Part:
        raw = rows[TEXT].tolist() if isinstance(rows, pd.DataFrame) else list(rows)
        words = texts(raw, np.zeros(len(raw), dtype=np.int64), "texts")
        return Vocabulary(words=self.preparation.words, rule=self.preparation.rule).encode(
            words, self.preparation.steps
        )

    def _sequences(self, rows: Any) -> Part:
        steps, channels = self.preparation.steps, self.preparation.channels
        try:
            values = np.asarray(self._columns(rows) if isinstance(rows, pd.DataFrame) else rows, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise DataError(f"rows must be numbers: {error}.") from error
        if channels == 1 and values.shape[1:] == (steps,):
            values = values[:, :, None]
        shape_fits = values.ndim == 3 and values.shape[2] == channels and 1 <= values.shape[1] <= steps and len(values)  # noqa: PLR2004 - (N, T, C)
        if not shape_fits or (self.preparation.kind == "series" and values.shape[1] != steps):
            raise DataError(f"rows have shape {values.shape}; the model takes (N, {steps}, {channels}).")
        lengths = _lengths(values)
        x = np.zeros((len(values), steps, channels), dtype=np.float32)
        x[:, : values.shape[1]] = np.nan_to_num(values)
        whole = part(x, np.zeros(len(x), dtype=np.int64), lengths)
        if self.preparation.scaling is None:
            return whole
        return Part(
            x=self.preparation.scaling.apply(np.asarray(whole.x, np.float32), lengths), lengths=lengths, y=whole.y
        )

    def _columns(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the columns of a table with a row per sequence, by name where the training table had them."""
        inputs, steps = self.preparation.inputs, self.preparation.steps
        if self.preparation.kind == "series" or self.preparation.channels != 1 or len(inputs) not in {0, steps}:
            raise DataError(
                f"a data frame holds a sequence of one channel per row; the model takes (N, {steps}, "
                f"{self.preparation.channels}). Give an array, or the path of a file."
            )
        rows = rows.rename(columns=str)
        names = [str(name) for name in rows.columns]
        if missing := [name for name in inputs if name not in names]:
            raise DataError(
                f"{len(missing):,} of the {len(inputs):,} columns that the model was trained on are missing: "
                f"{listed(missing)}. Columns: {listed(names)}.{nearest(missing[0], names)}"
            )
        return rows[list(inputs)] if inputs else rows


def _lengths(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """(N, T, C) -> (N,) steps before the first of those at the end that are NaN.  DataError: NaN elsewhere."""
    numbers = np.isfinite(values).all(axis=2)
    lengths: NDArray[np.int64] = values.shape[1] - np.argmax(~np.isnan(values[:, ::-1]).all(axis=2), axis=1)
    wrong = ~(numbers | (np.arange(values.shape[1]) >= lengths[:, None])).all(axis=1) | np.isnan(values).all(
        axis=(1, 2)
    )
    if wrong.any():
        raise DataError(
            f"row {int(wrong.argmax()) + 1}: needs finite numbers, then NaN in all channels after a shorter sequence's "
            f"end ({wrong.sum():,} such rows)."
        )
    return lengths
