"""The Ray actor that trains trials, on this machine or on a node of a cluster."""

from tuning.search import ray_settings

ray_settings.configure()  # before ray is imported

# isort: split

import shutil
from pathlib import Path
from typing import Any

import ray
from ray import tune

from data.errors import DataError
from tuning.campaign import own_code
from tuning.campaign.packages import recorded_sources
from tuning.campaign.trial import TrialConfig
from tuning.execution.node_files import pack_trial, unpack_trial, unpacked_arrays, unpacked_code
from tuning.execution.worker import TrialWorker, WorkerMessage

FILE = "file:"
"""Prefix of the keys under which a result from another node has the trial's files."""


class TrialTrainable(tune.Trainable):  # type: ignore[misc]
    """A Ray actor that trains one trial after another."""

    run: TrialWorker
    node_folder: Path | None
    """The trial's folder on a node of a cluster, whose files travel to the driver; None on one machine."""

    def setup(
        self, config: dict[str, Any], arrays: dict[str, Any] | None = None, code: dict[str, bytes] | None = None
    ) -> None:
        """Take the first trial.

        arrays: prepared directory -> Ray's reference to its files, on a cluster.  code: there the user's code, hash ->
        content.
        """
        trial = TrialConfig.model_validate_json(config["trial"])
        directory, folder = Path(config["arrays"]), Path(config["folder"])
        self.node_folder = None
        self.problem: WorkerMessage | None = None
        if trial.code:
            try:
                copies = Path(config["code"]) if code is None else unpacked_code(code)
                own_code.use(recorded_sources(copies, trial.code))
                trial = TrialConfig.model_validate_json(config["trial"])  # with the families that it defines
            except (ValueError, OSError) as error:
                self.problem = WorkerMessage(blocked="code", note=str(error))
        if arrays is not None:
            checkpoint = config["checkpoint"]
            try:
                directory = unpacked_arrays(ray.get(arrays[config["arrays"]]), directory.name)
                folder = self.node_folder = unpack_trial(None if checkpoint is None else ray.get(checkpoint))
            except DataError as error:
                self.problem = self.problem or WorkerMessage(blocked="data", note=str(error))
            except OSError as error:
                self.problem = WorkerMessage(blocked="storage", note=str(error))
        self.run = TrialWorker(trial, directory, folder, wall_s=config["wall_s"], test=config["test"])

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial."""
        self.cleanup()
        self.setup(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Train one epoch."""
        progress = self.problem or self.run.step()
        over = progress.result is not None or progress.blocked is not None
        files = {} if self.node_folder is None else pack_trial(self.node_folder)
        named = {f"{FILE}{name}": content for name, content in files.items()}
        return {"progress": progress.model_dump_json(), "done": over, **named}

    def cleanup(self) -> None:
        """Remove the trial's folder on this node."""
        if self.node_folder is not None:
            shutil.rmtree(self.node_folder, ignore_errors=True)
