"""A store that several processes want first."""

import subprocess
import sys
from pathlib import Path

import pytest

from tuning.tracking.client import Store

pytestmark = pytest.mark.server

CREATE = """\
import sys
from pathlib import Path
from tuning.tracking.client import Store
print(Store(sys.argv[1]).experiment(sys.argv[2], Path(sys.argv[3]), {}))
"""


def test_processes_that_create_one_sqlite_store_at_once_all_succeed(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'new' / 'mlflow.db'}"
    names = ["first", "second", "third"]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CREATE, uri, name, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for process in started:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    store = Store(uri)
    assert len({store.find_experiment(name) for name in names} - {None}) == len(names)
