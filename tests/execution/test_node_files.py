"""What a node of a cluster does with files that are not what was sent."""

from pathlib import Path

import numpy as np
import pytest
from factories import campaign, csv_table, trial

from data.errors import DataError
from data.prepare import prepare
from data.prepared import open_arrays, open_test
from tuning.campaign.variants import variants
from tuning.execution import trainable
from tuning.execution.node_files import node_folder, packed_arrays, unpacked_arrays
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


def test_a_part_that_a_node_lacks_is_added_beside_arrays_that_others_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    data = variants(campaign(data__dataset=str(csv_table(tmp_path / "table.csv")), data__balance="raw"))["raw"]
    prepared = prepare(data, datasets=None, store=tmp_path / "arrays")
    directory = unpacked_arrays(packed_arrays(prepared.directory), "raw-1")
    before = {path.name: path.stat().st_ino for path in directory.iterdir()}
    with pytest.raises(DataError):
        open_test(directory)
    assert unpacked_arrays(packed_arrays(prepared.directory, test=True), "raw-1") == directory
    after = {path.name: path.stat().st_ino for path in directory.iterdir()}
    assert before.items() < after.items()
    assert len(open_test(directory).y) == sum(prepared.manifest.counts.test.values())
    (directory / "train_x.npy").write_bytes(b"damaged")
    unpacked_arrays(packed_arrays(prepared.directory), "raw-1")
    open_arrays(directory)
