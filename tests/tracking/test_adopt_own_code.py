"""A campaign with code of its own, recovered from its MLflow store: by the file that the user names alone."""

import pytest
from own_code_files import MODEL, load, write_campaign
from simulated import simulate, story
from tracking_stores import home_with_store

from tuning.campaign import own_code
from tuning.campaign.errors import RecordError
from tuning.journal.home import Home
from tuning.tracking.adopt import adopt
from tuning.tracking.publisher import sync

pytestmark = pytest.mark.server


def quiet(*_):
    pass


@pytest.fixture
def old(tmp_path):
    """A home with a finished campaign, published; and its record."""
    plan = load(write_campaign(tmp_path, {"mine.py": MODEL}))
    home = home_with_store(tmp_path / "old")
    home.keep_code(plan.sources)
    record = simulate(home, plan.config)
    sync(home, "own")
    own_code.forget()
    yield home, record
    own_code.forget()


def test_the_store_s_copy_is_never_run(old, tmp_path):
    home, _ = old
    copies = list(home.artifacts.rglob("code/mine.py"))
    assert copies
    for copy in copies:
        copy.write_text(f"open({str(tmp_path / 'mark')!r}, 'w')\n")
    with pytest.raises(RecordError, match=r"is not run unless you name it(.|\n)*--code PATH/mine\.py"):
        adopt(Home(tmp_path / "new"), "own", home.tracking_uri, quiet)
    assert not (tmp_path / "mark").exists()
    assert not (tmp_path / "new" / "campaigns").exists()


def test_a_campaign_is_recovered_with_the_file_that_the_user_names(old, tmp_path):
    home, record = old
    new = Home(tmp_path / "new")
    adopted = adopt(new, "own", home.tracking_uri, quiet, code=[tmp_path / "mine.py"])
    assert story(new.record("own")) == story(record)
    plan = load(adopted.file)
    assert plan.config.code == record.config.code
    assert plan.sources[0].path.parent == adopted.file.parent
    assert new.code.exists()
