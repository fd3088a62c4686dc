"""A campaign's lock: one process at a time, also while its file is removed or somebody asks whether it is held."""

import time
from pathlib import Path
from threading import Event, Thread

import pytest
from filelock import FileLock, Timeout

from tuning.campaign.errors import CampaignError
from tuning.journal.home import Home


def test_the_lock_file_is_removed_while_it_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removed afterwards, it could be held by one process while another makes and holds a new one."""
    home, remove = Home(tmp_path / "home"), Path.unlink
    removed = []

    def unlink(path: Path, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 (as pathlib has it)
        with pytest.raises(Timeout):
            FileLock(path).acquire(blocking=False)
        remove(path, missing_ok=missing_ok)
        removed.append(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", unlink)
        with home.locked("tiny"):
            pass
    assert removed == [home.lock("tiny")]
    assert not home.path.exists()


def test_a_lock_that_is_held_for_a_moment_refuses_nobody(tmp_path: Path) -> None:
    home, held = Home(tmp_path), Event()
    home.lock("tiny").parent.mkdir()

    def ask() -> None:
        with FileLock(home.lock("tiny")):
            held.set()
            time.sleep(0.2)

    asking = Thread(target=ask)
    asking.start()
    held.wait()
    with home.locked("tiny"):
        pass
    asking.join()


def test_a_lock_that_stays_held_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.locked("tiny"), pytest.raises(CampaignError, match="being run by another process"), home.locked("tiny"):
        pass
