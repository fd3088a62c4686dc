"""The files of a kept trial in its run: downloaded and checked, never run."""

from pathlib import Path
from tempfile import TemporaryDirectory

from data.addresses import masked
from data.errors import DataError
from data.preparation import Preparation, read_preparation
from tuning.campaign.errors import RecordError
from tuning.journal.record import RecordedTrial
from tuning.prediction.kept import KeptTrial, kept
from tuning.tracking.artifact_files import MOST_BYTES, ArtifactError
from tuning.tracking.client import Store, reachable
from tuning.tracking.layout import MODEL
from tuning.tracking.models import FOLDER
from tuning.training.files import WEIGHTS

BYTES_PER_PARAMETER = 16
"""Of a file of weights; buffers and names come on top."""
KEPT_WEIGHTS = f"{MODEL}/artifacts/{FOLDER}/{WEIGHTS}"
KEPT_PREPARATION = f"{MODEL}/artifacts/{FOLDER}/preparation.json"


def download_weights(store: Store, run: str, folder: Path, most: int) -> Path | None:
    """Download the weights of a run's model, or those alone of a run without a model; None where it has none.

    Raises:
        ArtifactError: a link, or more than ``most`` bytes.
    """
    return store.download(run, KEPT_WEIGHTS, folder, most) or store.download(run, WEIGHTS, folder, most)


def download_preparation(store: Store, run: str, folder: Path) -> Preparation | None:
    """Download how the rows of a run's model were prepared; None of a run without a model.

    Raises:
        ArtifactError: a link, or a file that is too large.
        DataError: it is damaged.
    """
    file = store.download(run, KEPT_PREPARATION, folder)
    return None if file is None else read_preparation(file)


def kept_trial(recorded: RecordedTrial, run_id: str, uri: str) -> KeptTrial | None:
    """Return the model of a trial's run with what the store keeps of it; None where it keeps no model.

    Raises:
        RecordError: the files are damaged, or of another trial.
        StoreError: the store cannot be used.
    """
    where = f"MLflow run {run_id} in {masked(uri)}"
    most = MOST_BYTES + BYTES_PER_PARAMETER * (recorded.result.parameters or 0)
    with TemporaryDirectory() as temporary, reachable(uri):
        store, folder = Store(uri), Path(temporary)
        try:
            preparation = download_preparation(store, run_id, folder)
            weights = store.download(run_id, KEPT_WEIGHTS, folder, most)
        except (ArtifactError, DataError) as error:
            raise RecordError(f"{where}: its model cannot be used: {error}") from None
        if preparation is None or weights is None:
            return None
        if preparation.data_sha256 != recorded.config.data_sha256:
            raise RecordError(f"{where}: its model was prepared for other data than the trial's")
        return kept(recorded, preparation, weights)
