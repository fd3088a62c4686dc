"""A user's code in a campaign file: what is loaded, and what is refused with which message."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from own_code_files import METRICS, MODEL, load, write_campaign

from data.config import DataConfig
from data.prepare import prepare
from data.prepared import open_arrays
from models.catalogue import build
from tuning.campaign import file, own_code
from tuning.campaign.code_files import IN_USE, read_copies, read_source
from tuning.campaign.errors import CampaignError
from tuning.campaign.resume import resumed
from tuning.campaign.trial import TrialConfig
from tuning.journal.home import Home
from tuning.search.ordered import Suggestion
from tuning.search.suggest import trial_config

SEQTUNE = str(Path(sys.executable).with_name("seqtune"))


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    own_code.forget()


def refused(tmp_path: Path, text: str, name: str = "mine.py") -> str:
    """Return the message about a file."""
    path = write_campaign(tmp_path, {name: text})
    with pytest.raises(CampaignError) as refusal:
        load(path)
    assert IN_USE == []
    return str(refusal.value).replace(f"{tmp_path}/", "")


def trial(plan, **changes):
    suggestion = Suggestion(index=0, assignment={"model.hidden": 4})
    made = trial_config(plan.complete, plan.space, suggestion, data_sha256={"raw": "0" * 64})
    return made.model_copy(update=changes)


def test_a_file_brings_its_model_space_and_metric(tmp_path):
    plan = load(write_campaign(tmp_path, {"mine.py": MODEL, "metrics.py": METRICS}, metric="brier"))
    assert [file.name for file in plan.config.code_files] == ["mine.py", "metrics.py"]
    assert plan.config.objective.goal == "min"
    made = trial(plan)
    assert type(made.model).__name__ == "MeanConfig"
    assert build(made.model, steps=5, channels=1, outputs=2).first.out_features == 4


def test_a_model_of_one_s_own_needs_no_space(tmp_path):
    path = write_campaign(tmp_path, {"mine.py": MODEL})
    path.write_text(
        path.read_text().replace('name = "means"', 'model = "mean"\ndimensions = { "model.hidden" = [3, 5] }')
    )
    plan = load(path)
    assert list(plan.space.dimensions) == ["model.hidden"]
    assert plan.space.models[0].__name__ == "MeanConfig"


def test_a_trial_survives_json_with_its_code_and_without(tmp_path):
    made = trial(load(write_campaign(tmp_path, {"mine.py": MODEL})))
    text = made.model_dump_json()
    assert TrialConfig.model_validate_json(text) == made
    own_code.forget()
    unloaded = TrialConfig.model_validate_json(text)
    assert unloaded.model.hidden == 4
    assert unloaded.model_dump_json() == text
    assert TrialConfig.model_validate_json(unloaded.model_dump_json()) == unloaded
    with pytest.raises(TypeError, match="the code that defines the family 'mean' is not loaded"):
        build(unloaded.model, steps=5, channels=1, outputs=2)


def test_the_same_family_of_another_file_is_not_taken_for_it(tmp_path):
    text = trial(load(write_campaign(tmp_path, {"mine.py": MODEL}))).model_dump_json()
    load(write_campaign(tmp_path, {"mine.py": MODEL + "# changed\n"}))
    assert type(TrialConfig.model_validate_json(text).model).__name__ == "UnregisteredConfig"


def test_a_family_that_no_code_explains_is_refused(tmp_path):
    fields = json.loads(trial(load(write_campaign(tmp_path, {"mine.py": MODEL}))).model_dump_json())
    del fields["code"]
    with pytest.raises(ValueError, match="Input tag 'mean'"):
        TrialConfig.model_validate(fields)


def test_a_trial_without_code_is_written_as_before(tmp_path):
    plan = load(write_campaign(tmp_path, {}, space="cnn2d"))
    assert "code" not in plan.config.model_dump(mode="json")
    assert "own_goal" not in plan.config.model_dump(mode="json")["objective"]


def test_only_a_launch_runs_code(tmp_path):
    path = write_campaign(tmp_path, {"mine.py": f"open({str(tmp_path / 'mark')!r}, 'w')\n" + MODEL})
    with pytest.raises(CampaignError, match="the file names code, which only `seqtune launch` and `seqtune plan` run"):
        file.load(path)
    assert not (tmp_path / "mark").exists()


def test_paths_are_relative_to_the_campaign_file(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = write_campaign(tmp_path, {"mine.py": MODEL})
    monkeypatch.chdir(elsewhere)
    assert load(path).sources[0].path == tmp_path / "mine.py"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "defines nothing: none of the tables MODELS, SPACES, METRICS, DATASETS has an entry"),
        ("MODELS = [1]\n", "MODELS must be a dict of names; got list"),
        ("MODELS = {'mine': 3}\n", "MODELS['mine']: must be a pair (configuration class, module class)"),
        (MODEL.replace('"mean"', '"cnn2d"'), "MODELS['cnn2d']: is a family of this package. Choose another name"),
        (MODEL.replace('name="means"', 'name="other"'), "SPACES['means']: its Space has name='other'"),
        ("SPACES = {'cnn2d': 1}\n", "SPACES['cnn2d']: is a space of this package"),
        ("METRICS = {'loss': 1}\n", "METRICS['loss']: is a metric of this package"),
        ("METRICS = {'mine': len}\n", "METRICS['mine']: must be a tuning.campaign.objective.Metric"),
        ("DATASETS = {'synthetic': 1}\n", "DATASETS['synthetic']: is a data set of this package"),
        ("DATASETS = {'mine.csv': 1}\n", "DATASETS['mine.csv']: would mean a file"),
        ("MODELS = {'../x': 1}\n", "MODELS['../x']: a name has letters, digits and . _ - only"),
        (MODEL.replace(' = "mean"', ""), 'MeanConfig needs the field family: Literal["mean"] = "mean"'),
        (MODEL.replace("default=6, ", ""), "MeanConfig.hidden has no default"),
        ("a = 1\nprint(b)\n", "mine.py, line 2: NameError: name 'b' is not defined\n    print(b)"),
        ("a = 1\nb = (\n", "mine.py, line 2: SyntaxError: '(' was never closed"),
        ("import sys\nsys.exit(0)\n", "mine.py, line 2: SystemExit: 0"),
        ("raise KeyboardInterrupt\n", "mine.py, line 1: KeyboardInterrupt"),
        ("import surely_not_installed\n", "Install the package that has surely_not_installed"),
        ("from . import other\n", "mine.py, line 1: a relative import. A code file stands alone"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(tmp_path, text, message):
    assert message in refused(tmp_path, text)


def test_an_import_of_a_neighbour_is_refused_before_anything_runs(tmp_path):
    (tmp_path / "layers.py").write_text("", encoding="utf-8")
    message = refused(tmp_path, f"open({str(tmp_path / 'ran')!r}, 'w')\ndef f():\n    from layers import Layer\n")
    assert "mine.py, line 3: imports layers.py beside it. A code file stands alone" in message
    assert not (tmp_path / "ran").exists()


def test_a_folder_of_a_common_name_is_no_neighbour(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "__init__.py").write_text("raise RuntimeError", encoding="utf-8")
    assert load(write_campaign(tmp_path, {"mine.py": MODEL})).sources


def test_a_file_that_never_ends_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(own_code, "IMPORT_S", 0.3)
    message = refused(tmp_path, "while True:\n    try:\n        pass\n    except Exception:\n        pass\n")
    assert "was not imported within 0.3 s" in message


def test_what_a_file_prints_is_handed_over_and_not_printed(tmp_path, capfd):
    lines: list[str] = []
    text = "import os\nprint('hello')\nos.write(1, b'past Python\\n')\n" + MODEL
    load(write_campaign(tmp_path, {"mine.py": text}), printed=lines.append)
    assert lines == ["mine.py: hello"]
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "past Python\n"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ('["gone.py"]', "gone.py: no such file. Paths in `code` are relative to the campaign file"),
        ('["own.toml"]', "must be the path of a .py file"),
        ('["/dev/zero.py"]', "no such file"),
        ('["mine.py", "mine.py"]', "code: mine.py is listed twice"),
        ("[3]", "code = [3]: must be a list of paths in quotes"),
        ('[{ name = "mine.py" }]', "must be a list of paths in quotes"),
        ('"mine.py"', 'code = "mine.py": must be a list'),
    ],
)
def test_code_that_names_no_file_is_refused(tmp_path, code, message):
    path = write_campaign(tmp_path, {"mine.py": MODEL})
    path.write_text(path.read_text().replace("['mine.py']", code))
    with pytest.raises(CampaignError, match=r"[^$]") as refusal:
        load(path)
    assert message in str(refusal.value)


def test_a_link_to_a_device_is_not_read(tmp_path):
    (tmp_path / "mine.py").symlink_to("/dev/zero")
    path = write_campaign(tmp_path, {})
    path.write_text(path.read_text().replace("code = []", 'code = ["mine.py"]'))
    with pytest.raises(CampaignError, match="not a regular file but a pipe or a device"):
        load(path)


def test_two_files_with_one_entry_are_refused(tmp_path):
    with pytest.raises(CampaignError, match=r"MODELS\['mean'\]: is defined twice"):
        load(write_campaign(tmp_path, {"mine.py": MODEL, "again.py": MODEL + "\n"}))
    assert IN_USE == []


def test_an_unknown_space_lists_those_of_the_code(tmp_path):
    with pytest.raises(CampaignError, match=r'Known: .*baselines, means\. Did you mean "means"'):
        load(write_campaign(tmp_path, {"mine.py": MODEL}, space="meens"))


def test_a_file_that_changed_between_launches_is_named_with_both_hashes(tmp_path):
    first = load(write_campaign(tmp_path, {"mine.py": MODEL}))
    second = load(write_campaign(tmp_path, {"mine.py": MODEL + "# changed\n"}))
    with pytest.raises(CampaignError, match="was launched with other code") as refusal:
        resumed(second, first.complete, trials=3)
    before, now = (plan.config.code_files[0].sha256[:12] for plan in (first, second))
    assert f"mine.py: sha256 {before} -> {now}" in str(refusal.value)
    assert "Restore the file" in str(refusal.value)


def test_a_file_that_moved_is_the_same(tmp_path):
    first = load(write_campaign(tmp_path, {"mine.py": MODEL}))
    (tmp_path / "moved").mkdir()
    moved = load(write_campaign(tmp_path / "moved", {"mine.py": MODEL}))
    assert resumed(moved, first.complete, trials=3) == moved


def test_a_damaged_copy_is_not_run(tmp_path):
    home = Home(tmp_path / "home")
    source = read_source(write_campaign(tmp_path, {"mine.py": MODEL}).with_name("mine.py"))
    home.keep_code([source])
    assert read_copies(home.code, [source.file])[0].content == source.content
    (home.code / f"{source.file.sha256}.py").write_text("raise SystemExit", encoding="utf-8")
    with pytest.raises(CampaignError, match="is damaged"):
        read_copies(home.code, [source.file])


DATA_SET = """\
import numpy as np
from data.rows import DataSet, Rows, part

def find(options, datasets):
    return ()

def load(options, paths):
    y = np.arange(60) % 2
    return Rows(rows=part(np.ones((60, 7)) * y[:, None] + np.arange(60)[:, None] * {step}, y), class_names=("a", "b"))

DATASETS = {{"ramps": DataSet(about="ramps", size="60 rows", find=find, load=load)}}
"""


def prepared(tmp_path, text):
    plan = load(write_campaign(tmp_path, {"mine.py": text}, dataset="ramps", space="cnn1d"))
    config = DataConfig(dataset=plan.config.data.dataset, split_seed=1, balance_seed=2)
    return prepare(config, datasets=None, store=tmp_path / "arrays")


def test_arrays_of_a_data_set_belong_to_the_file_that_defines_it(tmp_path):
    first = prepared(tmp_path, DATA_SET.format(step=0.1))
    assert prepared(tmp_path, DATA_SET.format(step=0.1)).reused
    second = prepared(tmp_path, DATA_SET.format(step=0.2))
    assert not second.reused
    assert not np.array_equal(open_arrays(first.directory).train.x, open_arrays(second.directory).train.x)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("return Rows", "raise KeyError('x')\n    return Rows", "ramps: load raised KeyError: 'x'"),
        ("return ()", "return 3", "ramps: find must return a tuple of paths; got 3"),
        ("return Rows(", "return dict(", "ramps: load must return Rows of kind 'sequences'; got dict"),
        ("np.ones((60, 7))", "np.full((60, 7), np.nan)", "ramps: rows: x holds NaN or infinite values"),
        ('("a", "b")', '("a",)', "ramps: rows: y must be int64 classes from 0 to 0"),
        ("% 2", "% 2 * 1.0", "ramps: rows: y must be int64 classes"),
        ('("a", "b"))', '("a", "b"), channels=("x", "y"))', "ramps: channels has 2 names; rows has 1 channels."),
    ],
)
def test_rows_that_a_data_set_may_not_return_are_refused(tmp_path, before, after, message):
    with pytest.raises(ValueError, match=r"[^$]") as refusal:
        prepared(tmp_path, DATA_SET.format(step=0.1).replace(before, after))
    assert message in str(refusal.value)


def test_a_launch_with_code_that_fails_ends_with_one_message_and_leaves_nothing(tmp_path):
    path = write_campaign(tmp_path, {"mine.py": "print('to nobody')\nimport sys\nsys.exit(0)\n"})
    home = tmp_path / "home"
    done = subprocess.run(
        [SEQTUNE, "launch", path, "--home", home, "--json"], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("seqtune: ")
    assert f"{tmp_path / 'mine.py'}, line 3: SystemExit: 0\n    sys.exit(0)\nA code file only" in done.stderr
    assert not home.exists()
