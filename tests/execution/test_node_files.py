"""What a node of a cluster does with files that are not what was sent."""

from pathlib import Path

import numpy as np
import pytest
from factories import trial

from data.errors import DataError
from tuning.execution import trainable
from tuning.execution.node_files import node_folder
from tuning.training.files import CHECKPOINT

pytestmark = pytest.mark.ray


def test_damaged_arrays_block_a_trial_and_leave_the_driver_s_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ray.get", lambda value: value)  # no cluster: references are what they refer to
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    home = tmp_path / "t000"
    home.mkdir()
    (home / CHECKPOINT).write_bytes(b"of the driver, on the same machine")
    worker = trainable.TrialTrainable.__new__(trainable.TrialTrainable)
    sent = {"manifest.json": np.frombuffer(b"damaged", dtype=np.uint8)}
    config = {"trial": trial().model_dump_json(), "arrays": "/arrays/raw-1", "folder": str(home)}
    worker.setup(config | {"checkpoint": None, "wall_s": None, "test": False}, arrays={"/arrays/raw-1": sent})
    result = worker.step()
    worker.cleanup()
    assert '"blocked":"data"' in result["progress"]
    assert set(result) == {"progress", "done"}
    assert (home / CHECKPOINT).exists()


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    node_folder().chmod(0o755)
    with pytest.raises(DataError, match="others may enter it"):
        node_folder()
