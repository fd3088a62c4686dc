"""One campaign, and what it comes to on one machine, for the tests of clusters."""

from pathlib import Path

import pytest
from cluster_launches import contents, finished, launch, write_campaign

from tuning.journal.home import Home


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_campaign(tmp_path_factory.mktemp("campaign"))


@pytest.fixture(scope="session")
def alone(file: Path, tmp_path_factory: pytest.TempPathFactory) -> object:
    home = tmp_path_factory.mktemp("alone")
    finished(launch(file, home))
    return contents(Home(home).record("spread"))
