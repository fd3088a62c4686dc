"""Installed packages: found by the names of their entry points, known by the content of their modules."""

import importlib
import sys
from pathlib import Path

import pytest
from own_code_files import MODEL, load, write_campaign
from typer.testing import CliRunner

from tuning.campaign import own_code
from tuning.campaign.errors import CampaignError
from tuning.campaign.packages import installed, recorded_sources
from tuning.cli.app import app
from tuning.execution.recorded_code import sources_of
from tuning.journal.home import Home

ENTRIES = """\
[seqtune.models]
mean = mean_package:MEAN
[seqtune.spaces]
means = mean_package:MEANS
"""
MODULE = MODEL + 'MEAN = MODELS["mean"]\nMEANS = SPACES["means"]\n'


def install(folder: Path, name: str = "mean-package", *, module: str = MODULE, version: str = "1.2") -> None:
    """Put a package into a folder of ``sys.path``, as pip does."""
    (folder / "mean_package.py").write_text(module)
    info = folder / f"{name.replace('-', '_')}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    importlib.invalidate_caches()


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of installed packages, with one in it."""
    folder = tmp_path / "site"
    folder.mkdir()
    install(folder)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    own_code.forget()
    sys.modules.pop("mean_package", None)


@pytest.mark.usefixtures("site")
def test_a_campaign_that_names_an_entry_records_the_package(tmp_path):
    plan = load(write_campaign(tmp_path, {}))
    (file,) = plan.config.code_files
    assert (file.name, file.kind, file.version) == ("mean-package", "package", "1.2")
    assert file.sha256 == installed("mean-package").file.sha256
    assert plan.space.models[0].__module__ == "mean_package"


@pytest.mark.usefixtures("site")
def test_a_campaign_that_names_nothing_of_it_does_not_import_it(tmp_path):
    assert load(write_campaign(tmp_path, {}, space="cnn2d")).config.code == []
    assert "mean_package" not in sys.modules


def test_two_packages_with_one_entry_are_refused(site, tmp_path):
    install(site, "other-package")
    with pytest.raises(CampaignError, match="several installed packages offer it: mean-package, other-package"):
        load(write_campaign(tmp_path, {}))


def test_another_content_than_the_recorded_one_is_refused(site, tmp_path):
    (file,) = load(write_campaign(tmp_path, {})).config.code_files
    assert recorded_sources(tmp_path, [file])[0].file == file
    install(site, module=MODULE + "# changed\n", version="1.3")
    with pytest.raises(CampaignError, match=r"mean-package 1\.3 has sha256 .* Install that version"):
        recorded_sources(tmp_path, [file])


@pytest.mark.usefixtures("site")
def test_a_record_imports_a_package_only_after_a_launch_here_or_by_its_name(tmp_path):
    plan = load(write_campaign(tmp_path, {}))
    home, what = Home(tmp_path / "home"), "trial 0 of 'own'"
    files = plan.config.code_files
    for kept in (True, False):
        with pytest.raises(LookupError, match=r"add: --code mean-package$"):
            sources_of(files, what=what, home=home, given=(), kept=kept)
    assert sources_of(files, what=what, home=home, given=[Path("mean-package")], kept=False) == plan.sources
    home.keep_code(plan.sources)
    assert sources_of(files, what=what, home=home, given=(), kept=True) == plan.sources


def test_a_package_without_entry_points_is_none_of_ours():
    with pytest.raises(CampaignError, match=r"has no entry points of the groups seqtune\.models"):
        installed("numpy")
    with pytest.raises(CampaignError, match="is not installed here"):
        installed("surely-not-installed")


@pytest.mark.usefixtures("site")
def test_spaces_of_installed_packages_are_listed_and_shown() -> None:
    listed = CliRunner().invoke(app, ["spaces"])
    assert "means (mean-package)" in listed.output
    assert "mean_package" not in sys.modules
    shown = CliRunner().invoke(app, ["spaces", "means"])
    assert shown.exit_code == 0, shown.output
    assert "models: mean" in shown.output
