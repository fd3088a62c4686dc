"""A client of MLflow without its log output.  With ``pages`` the only module that imports it."""

import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.addresses import masked
from tuning.campaign.errors import StoreError
from tuning.tracking.artifact_files import MOST_BYTES, downloaded, read_text
from tuning.tracking.database import check_connection, creating, is_database
from tuning.tracking.error_text import brief
from tuning.tracking.layout import DatasetInput, Row, RunStatus

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow.entities import Run

    from tuning.tracking.models import ModelInterface

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # the publisher retries, and looks for a run before it creates it again
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",  # seconds; an unavailable server must not delay the end of a launch
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",  # errors are raised as well
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""Environment variables of MLflow, set unless the user has set them."""

PAGE = 500
"""Runs or experiments per request."""


@dataclass(slots=True)
class StoredRun:
    """A run in a store.  start, end: Unix time, ms."""

    id: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    status: str
    start: int
    end: int | None
    deleted: bool = False
    """Whether it is in MLflow's bin."""


class Store:
    """A client of one tracking URI.  Call its methods inside ``reachable``, which turns errors into StoreError."""

    def __init__(self, uri: str) -> None:
        """Connect; a SQLite store is created where there is none (1.6 s).  Importing MLflow takes seconds."""
        preload()
        from mlflow.tracking import MlflowClient

        self.uri = uri
        with creating(uri):
            if is_database(uri):
                check_connection(uri)
            self.client = MlflowClient(tracking_uri=uri)

    def find_experiment(self, name: str, *, deleted_is_error: bool = True) -> str | None:
        """Return the id of an experiment, None where there is none of that name.

        Raises:
            StoreError: it was deleted in MLflow; None is returned instead where that is no error.
        """
        experiment = self.client.get_experiment_by_name(name)
        if experiment is None:
            return None
        if experiment.lifecycle_stage != "active":
            if not deleted_is_error:
                return None
            raise StoreError(
                f"{masked(self.uri)}: experiment {name!r} was deleted in MLflow. Restore it with `mlflow experiments "
                f"restore --experiment-id {experiment.experiment_id}`, or launch under another name (--name)"
            )
        return str(experiment.experiment_id)

    def experiments(self, tag: str) -> list[str]:
        """Return the names of the experiments that have a tag."""
        names: list[str] = []
        token: str | None = ""
        while token is not None:
            page = self.client.search_experiments(max_results=PAGE, page_token=token or None)
            names += [experiment.name for experiment in page if tag in experiment.tags]
            token = page.token or None
        return sorted(names)

    def experiment(self, name: str, artifacts: Path, tags: Mapping[str, str]) -> str:
        """Return the id of an experiment, created where there is none.  artifacts: used by stores without a server."""
        if (existing := self.find_experiment(name)) is not None:
            return existing
        location = (artifacts / name).as_uri() if is_database(self.uri) else None
        return str(self.client.create_experiment(name, artifact_location=location, tags=dict(tags)))

    def experiment_tags(self, experiment: str) -> dict[str, str]:
        """Return an experiment's tags."""
        return dict(self.client.get_experiment(experiment).tags)

    def tag_experiment(self, experiment: str, name: str, value: str) -> None:
        """Set one tag of an experiment."""
        self.client.set_experiment_tag(experiment, name, value)

    def untag_experiment(self, experiment: str, name: str) -> None:
        """Remove one tag of an experiment; it must have it."""
        self.client.delete_experiment_tag(experiment, name)

    def runs(self, experiment: str, tags: Mapping[str, str]) -> Iterator[StoredRun]:
        """Yield the runs with these tags, oldest first, including deleted ones."""
        from mlflow.entities import ViewType

        query = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        token: str | None = None
        while True:
            page = self.client.search_runs(
                [experiment], query, ViewType.ALL, PAGE, ["attributes.start_time ASC"], page_token=token
            )
            yield from map(_stored, page)
            token = page.token
            if not token:
                return

    def find_run(self, run: str) -> StoredRun | None:
        """Return one run by its id, None where there is none."""
        from mlflow.exceptions import MlflowException

        try:
            return _stored(self.client.get_run(run))
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise

    def create(self, experiment: str, name: str, tags: Mapping[str, str], start: int) -> StoredRun:
        """Create a run with its tags, which identify it from then on."""
        return _stored(self.client.create_run(experiment, start_time=start, tags=dict(tags), run_name=name))

    def delete(self, run: str) -> None:
        """Move a run to MLflow's bin."""
        self.client.delete_run(run)

    def write(
        self,
        run: str,
        *,
        rows: Sequence[Row] = (),
        parameters: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Write metrics, parameters and tags in one request (MLflow splits beyond 1,000).  Idempotent."""
        from mlflow.entities import Metric, Param, RunTag

        self.client.log_batch(
            run,
            metrics=[Metric(row.key, row.value, row.at, row.step) for row in rows],
            params=[Param(name, value) for name, value in (parameters or {}).items()],
            tags=[RunTag(name, value) for name, value in (tags or {}).items()],
        )

    def log_inputs(self, run: str, datasets: Sequence[DatasetInput]) -> None:
        """Log the data sets that a run used.  Idempotent."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        self.client.log_inputs(
            run,
            [
                DatasetInput(
                    Dataset(dataset.name, dataset.digest, "local", dataset.source, dataset.schema, dataset.profile),
                    [InputTag("mlflow.data.context", "training")],
                )
                for dataset in datasets
            ],
        )

    def log_artifacts(self, run: str, texts: Mapping[str, str]) -> None:
        """Write text files, replacing those of the same name."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in texts.items():
                path = Path(folder) / name
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
            self.client.log_artifacts(run, folder)

    def log_artifact(self, run: str, path: Path) -> None:
        """Write one file, replacing that of the same name."""
        self.client.log_artifact(run, str(path))

    def log_figure(self, run: str, name: str, figure: "Figure") -> None:
        """Write a figure, replacing that of the same name."""
        self.client.log_figure(run, figure, name)

    def log_model(
        self,
        run: str,
        artifacts: Path,
        script: Path,
        interface: "ModelInterface",
        requirements: Sequence[str],
        *,
        name: str,
    ) -> None:
        """Write a model into the folder ``name`` of a run's artifacts, replacing one that is there.

        script: run when the model is loaded; it calls ``set_model``.  artifacts: the folder that it is given.
        """
        import numpy as np
        import pandas as pd
        from mlflow.models import ModelSignature
        from mlflow.pyfunc import save_model
        from mlflow.types import ColSpec, Schema, TensorSpec

        shape = interface.shape
        text, numbers = ColSpec("string", "text"), TensorSpec(np.dtype(np.float32), shape or ())
        inputs = Schema([text if shape is None else numbers])
        example = pd.DataFrame({"text": [interface.example]}) if shape is None else interface.example
        outputs = Schema([ColSpec(kind, column) for column, kind in interface.columns.items()])
        with tempfile.TemporaryDirectory() as folder:
            save_model(
                Path(folder) / name,
                python_model=str(script),
                artifacts={artifacts.name: str(artifacts)},
                signature=ModelSignature(inputs, outputs),
                input_example=example,
                pip_requirements=list(requirements),
            )
            self.client.log_artifacts(run, folder)

    def registered(self, name: str, run: str, tag: tuple[str, str]) -> str | None:
        """Return the version of a registered model that was made from a run and has a tag; None where there is none."""
        for version in self.client.search_model_versions(f"name = '{name}'"):
            if version.run_id == run and version.tags.get(tag[0]) == tag[1]:
                return str(version.version)
        return None

    def register(self, name: str, source: str, run: str, tags: Mapping[str, str]) -> str:
        """Make a run's model a new version of a registered model; return its number."""
        if not self.client.search_registered_models(f"name = '{name}'"):
            self.client.create_registered_model(name)
        return str(self.client.create_model_version(name, source, run, tags=dict(tags)).version)

    def mark_version(self, name: str, version: str, tags: Mapping[str, str], alias: str) -> None:
        """Set tags of a version, and let an alias name it."""
        for key, value in tags.items():
            self.client.set_model_version_tag(name, version, key, value)
        self.client.set_registered_model_alias(name, alias, version)

    def download(self, run: str, name: str, folder: Path, most: int = MOST_BYTES) -> Path | None:
        """Download one file, None where the run has none of that name.  ArtifactError: a link, or too large."""
        return downloaded(self.client, run, name, folder, most)

    def text(self, run: str, name: str) -> str | None:
        """Return a text file's content, None where the run has none of that name.  ArtifactError: it is no text."""
        with tempfile.TemporaryDirectory() as folder:
            file = self.download(run, name, Path(folder))
            return None if file is None else read_text(file)

    def history(self, run: str, key: str) -> list[Row]:
        """Return all rows of a metric, oldest first."""
        rows = [Row(m.key, m.value, m.timestamp, m.step) for m in self.client.get_metric_history(run, key)]
        return sorted(rows, key=lambda row: row.at)

    def set_status(self, run: str, status: RunStatus, end: int | None) -> None:
        """Set a run's status; ``end`` (Unix time, ms) for every status but RUNNING."""
        if end is None:
            self.client.update_run(run, status=status)
        else:
            self.client.set_terminated(run, status=status, end_time=end)


def set_model() -> None:
    """Define the MLflow model of the script that is running: a kept trial, read from the model's artifacts."""
    import pandas as pd
    from mlflow.models import set_model as define
    from mlflow.pyfunc.model import PythonModel

    from tuning.prediction.served import ServedModel

    class TrialModel(PythonModel):
        """See ``tuning.prediction.served``."""

        def load_context(self, context: Any) -> None:
            """Read the trial."""
            (folder,) = context.artifacts.values()
            self.served = ServedModel.load(Path(folder))

        # MLflow warns of a hint of another kind, and checks by the signature either way.
        def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
            """Return a row per prediction."""
            return self.served.predict(model_input)

    define(TrialModel())


def preload() -> None:
    """Import MLflow, which takes seconds, with its log output off."""
    os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})
    # MLflow 3.17 on SQLAlchemy 2.1.  The filter stays: a temporary one is not thread-safe.
    warnings.filterwarnings("ignore", message="The ``noload`` loader strategy", category=DeprecationWarning)
    warnings.filterwarnings("ignore", message=".*Any type hint is inferred", category=UserWarning)  # mlflow.pyfunc
    import mlflow.tracking  # noqa: F401 - imported for later


@contextmanager
def reachable(uri: str) -> Iterator[None]:
    """Turn what MLflow, its databases and its transport raise into a StoreError."""
    preload()
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except StoreError:
        raise
    except ModuleNotFoundError as error:
        raise StoreError(
            f"{masked(uri)}: the driver of this database is not installed: {error.name}. "
            f"Install it (pip install {error.name}), or choose another store with MLFLOW_TRACKING_URI"
        ) from error
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise StoreError(
            f"{masked(uri)}: the MLflow store cannot be used: {brief(error)}. "
            "Check MLFLOW_TRACKING_URI (unset: a SQLite file under --home)"
        ) from error


def _stored(run: "Run") -> StoredRun:
    info = run.info
    return StoredRun(
        id=info.run_id,
        parameters=run.data.params,
        tags=run.data.tags,
        status=info.status,
        start=info.start_time,
        end=info.end_time,
        deleted=info.lifecycle_stage != "active",
    )
