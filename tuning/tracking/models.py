"""A kept trial as an MLflow model: its files, and what goes in and comes out.

The model is a script that MLflow runs, JSON and safetensors; nothing is pickled.
"""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from data.errors import DataError
from data.preparation import Preparation, find_prepared, read_preparation
from tuning.campaign.code_files import read_copies
from tuning.campaign.errors import CampaignError
from tuning.journal.home import Home
from tuning.journal.record import RecordedTrial
from tuning.tracking.artifacts import trial_json
from tuning.tracking.layout import MODEL

if TYPE_CHECKING:
    from tuning.tracking.client import Store

FOLDER = "trial"
"""The folder of the model's own artifacts with the kept trial."""

SCRIPT = '''\
"""A trial of seqtune as an MLflow model.  MLflow runs this file where the package seqtune is installed."""

from tuning.tracking.client import set_model

set_model()
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInterface:
    """What a model takes and returns.

    shape: of the array of numbers that it takes, -1 for any; None of texts, a table with a column ``text``.  columns:
    of the table that it returns, name -> ``string`` or ``double``.  example: of an input.
    """

    shape: tuple[int, ...] | None
    columns: dict[str, str]
    example: Any


def interface(preparation: Preparation) -> ModelInterface:
    """Return the interface of a trial's model.  The example is made up: no row of the data is in a store."""
    names = preparation.class_names
    columns = {"class": "string", **{f"probability_{name}": "double" for name in names}}
    if preparation.kind == "texts":
        return ModelInterface(shape=None, columns=columns, example=" ".join(preparation.words[:5]))
    series = preparation.kind == "series"
    return ModelInterface(
        shape=(-1, preparation.steps if series else -1, preparation.channels),
        columns={"forecast": "double"} if series else columns,
        example=np.zeros((1, preparation.steps, preparation.channels), dtype=np.float32),
    )


def requirements() -> list[str]:
    """Return the packages that a model needs, in the versions of this process."""
    return [f"{name}=={version(name)}" for name in ("seqtune", "mlflow", "torch")]


def kept_preparation(home: Home, campaign: str, data_sha256: str) -> Preparation | None:
    """Return the preparation of a trial's data, None where the home has none of it."""
    try:
        return read_preparation(home.preparation(campaign, data_sha256))
    except DataError:
        found = find_prepared(home.of_campaigns.arrays, data_sha256)
        return None if found is None else Preparation.of(found[1])


def log_model(store: "Store", run: str, recorded: RecordedTrial, *, home: Home, weights: Path) -> bool:
    """Add a trial's model to its run, replacing one that is there.

    Return whether it was added: not without the preparation of its data, or the user's code.
    """
    from tuning.prediction.served import write_folder

    trial = recorded.config
    preparation = kept_preparation(home, trial.campaign, trial.data_sha256)
    try:
        sources = read_copies(home.of_campaigns.code, [file for file in trial.code if file.kind == "file"])
    except CampaignError:
        return False
    if preparation is None:
        return False
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / FOLDER
        folder.mkdir()
        write_folder(folder, trial=trial_json(recorded), preparation=preparation, weights=weights, sources=sources)
        script = Path(temporary) / "model.py"
        script.write_text(SCRIPT, encoding="utf-8")
        store.log_model(run, folder, script, interface(preparation), requirements(), name=MODEL)
    return True
