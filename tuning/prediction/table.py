"""Predictions as a CSV or Parquet file, complete or absent."""

import io
from pathlib import Path
from typing import Any

from tuning.campaign.errors import CampaignError
from tuning.prediction.predictions import Predictions
from tuning.training.files import check_suffix, write_output

SUFFIXES = (".csv", ".parquet", ".parq")


def check_out(path: Path, rows: Path) -> None:
    """Raise CampaignError for an unknown suffix, a missing folder, or the file of rows itself."""
    check_suffix(path, SUFFIXES)
    if not path.absolute().parent.is_dir():
        raise CampaignError(f"--out {path}: the folder {path.absolute().parent} does not exist. Create it first")
    if path.exists() and rows.exists() and path.samefile(rows):
        raise CampaignError(f"--out {path}: is the file of rows, which predictions would replace. Choose another --out")


def write(predictions: Predictions, path: Path) -> None:
    """Write a row per prediction: its ids, then its class and the probability of each class, or its forecast.

    Raises:
        StoreError: the folder cannot be written.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    table = pa.table(columns(predictions))
    content = io.BytesIO()
    if path.suffix.lower() == ".csv":
        csv.write_csv(table, content)
    else:
        parquet.write_table(table, content)
    write_output(path, content.getbuffer())


def columns(predictions: Predictions) -> dict[str, Any]:
    """Return name -> (N,) values of each column."""
    found: dict[str, Any] = dict(predictions.ids)
    if predictions.probabilities is None:
        return found | {"forecast": predictions.values}
    names = predictions.class_names
    found["class"] = [names[number] for number in predictions.values.tolist()]
    return found | {f"probability_{name}": predictions.probabilities[:, k] for k, name in enumerate(names)}
