"""What every test room shares: one thread, and where the real data are."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy or torch is imported: thread counts change bits

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("seqtune", deadline=None)  # two workers share the processor with whatever else runs
settings.load_profile("seqtune")

GROUPED = ("ray", "server", "browser")
"""Markers of tests that one pytest-xdist worker runs after one another: all of one, or of ``ray`` those of a module."""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        for marker in GROUPED:
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.xdist_group(item.path.stem if marker == "ray" else marker))
                break


def pytest_make_parametrize_id(val: object) -> str | None:
    """Shorten a test's name: hostile inputs have up to 70 million characters."""
    return f"{val[:50]!r}..." if isinstance(val, str | bytes) and len(val) > 60 else None


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Return the folder of the real data sets, or skip; mark such a test with ``datasets``."""
    folder = os.environ.get("SEQTUNE_DATASETS")
    if not folder:
        pytest.skip("SEQTUNE_DATASETS is not set: the real data are not here")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"SEQTUNE_DATASETS = {folder}: no such folder")
    return path
