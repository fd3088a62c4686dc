"""The command line: what it prints, how it exits, and what it does not import."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from journals import data_record, journal, table, write
from typer.testing import CliRunner

from search_spaces.catalogue import SPACES
from search_spaces.families import families
from tuning.campaign.file import load
from tuning.cli.app import app
from tuning.journal.home import Home

SEQTUNE = str(Path(sys.executable).with_name("seqtune"))
GOOD = 'name = "mine"\nseed = 1\n[data]\ndataset = "synthetic"\n[space]\nname = "cnn2d"\n'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def run(*words: object, home: Home | None = None) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    given = [*map(str, words), *(["--home", str(home.path)] if home else [])]
    done = CliRunner(env={"SEQTUNE_HOME": "", "SEQTUNE_DATASETS": "", "COLUMNS": "200"}).invoke(app, given)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def refused(*words: object, home: Home | None = None) -> str:
    """The one message of a user's error."""
    code, out, err = run(*words, home=home)
    assert (code, out) == (2, "")
    assert err.count("seqtune: ") == 1
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["launch", "--help"],
        ["top", "tiny", "--home", "HOME"],
        ["status", "--home", "HOME"],
        ["status", "tiny", "--events", "--home", "HOME"],
        ["export", "tiny", "--out", "HOME/top.json", "--home", "HOME"],
        ["compare", "tiny", "--factor", "balance", "--home", "HOME"],
        ["spaces"],
        ["spaces", "cnn2d"],
        ["spaces", "--model", "cnn2d"],
        ["datasets"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_what_only_reads_imports_no_heavy_library(words: list[str], home: Home) -> None:
    journal(home)
    words = [word.replace("HOME", str(home.path)) for word in words]
    script = (
        "import sys; from tuning.cli.app import main; sys.argv = ['seqtune', *sys.argv[1:]]\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "heavy = {'torch', 'ray', 'mlflow', 'sklearn', 'hyperopt', 'imblearn', 'matplotlib'}\n"
        "light = heavy | {'pandas', 'numpy', 'rich.table', 'tuning.campaign.config'}\n"
        "found = (light if '--help' in sys.argv else heavy) & set(sys.modules)\n"
        "assert not found, found"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_takes_less_than_half_a_second_of_the_processor() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([SEQTUNE, "--help"], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_the_version_is_the_packages() -> None:
    assert run("--version")[:2] == (0, "seqtune 0.1.0\n")


def test_a_bad_campaign_file_leaves_nothing_behind(tmp_path: Path, home: Home) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace("cnn2d", "cnn2"))
    assert refused("launch", path, home=home) == (
        f'seqtune: {path}: space.name = "cnn2": no such space. Known: {", ".join(SPACES)}. Did you mean "cnn2d"?\n'
    )
    assert not home.path.exists()


def test_data_that_is_not_there_leaves_no_campaign_behind(tmp_path: Path, home: Home) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace("synthetic", "heartbeats"))
    assert "SEQTUNE_DATASETS" in refused("launch", path, home=home)
    assert not list(home.path.glob("**/*.jsonl"))
    assert not list(home.path.glob("**/mlflow.db"))


def test_a_wrong_option_is_the_users_error() -> None:
    code, _, err = run("top", "tiny", "--best")
    assert code == 2
    assert "No such option" in err


def test_an_unknown_campaign_names_the_known_ones(home: Home) -> None:
    journal(home, name="one")
    for words in (["top", "two"], ["status", "two"], ["export", "two", "--out", "x.json"], ["reproduce", "two"]):
        assert "no campaign 'two'. Known: one" in refused(*words, home=home)


def test_top_prints_the_leaderboard(home: Home) -> None:
    journal(home, scores=(0.5, 0.8, None))
    code, out, _ = run("top", "tiny", home=home)
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines() if line.startswith("   ")][-2:] == [
        ["1", "t001"],
        ["2", "t000"],
    ]
    assert "t002 failed" in out


def test_top_gives_json_with_every_metric(home: Home) -> None:
    journal(home)
    code, out, _ = run("top", "tiny", "-k", 1, "--json", home=home)
    board = json.loads(out)
    assert code == 0
    assert [(row["trial"], row["metrics"]["recall_macro"]) for row in board["ranked"]] == [(1, 0.8)]
    assert (board["metric"], board["finished"], board["completed"]) == ("recall_macro", True, 3)


def test_top_of_a_campaign_where_nothing_completed_exits_with_1(home: Home) -> None:
    journal(home, scores=(None, None))
    code, out, err = run("top", "tiny", home=home)
    assert code == 1
    assert "t001 failed" in out
    assert err == "seqtune: campaign 'tiny': no trial has completed\n"


def test_status_of_an_empty_home_says_what_starts_a_campaign(home: Home) -> None:
    assert run("status", home=home)[:2] == (
        0,
        f"no campaigns in {home.path} yet; `seqtune launch CAMPAIGN.toml` starts one\n",
    )


def test_status_lists_campaigns_with_their_state(home: Home) -> None:
    journal(home, name="done")
    journal(home, name="stopped", running=1)
    journal(home, name="torn")
    home.journal("torn").write_bytes(home.journal("torn").read_bytes().replace(b'"seed":11', b'"seed":12'))
    with home.locked("stopped"):
        rows = json.loads(run("status", "--json", home=home)[1])
    assert {row["name"]: row["state"] for row in rows} == {"done": "finished", "stopped": "running", "torn": "damaged"}
    out = run("status", home=home)[1]
    assert "interrupted" in out
    assert "line 1: damaged" in out


def test_a_campaign_whose_process_vanished_has_crashed(home: Home) -> None:
    journal(home, running=1)
    lines = home.journal("tiny").read_bytes().splitlines(keepends=True)
    home.journal("tiny").write_bytes(b"".join(lines[:-1]))
    assert json.loads(run("status", "--json", home=home)[1])[0]["state"] == "crashed"


def test_status_of_one_campaign_lists_its_trials(home: Home) -> None:
    journal(home, scores=(0.5, None), running=1)
    found = json.loads(run("status", "tiny", "--json", home=home)[1])
    assert [(row["trial"], row["status"], row["remark"]) for row in found["trials"]] == [
        (0, "completed", None),
        (1, "failed", "loss is nan in epoch 1"),
        (2, "running", None),
    ]
    out = run("status", "tiny", home=home)[1]
    assert out.startswith("tiny: interrupted, 2 of 3 trials ended, best 0.5000 (t000)\n")


def test_status_prints_the_journal(home: Home) -> None:
    journal(home, scores=(0.5, None))
    out = run("status", "tiny", "--events", home=home)[1]
    told = [line.strip().split("  ", 2)[-1] for line in out.splitlines()]
    assert told[0].startswith(f'opened: space "cnn2d", seed 11, data raw {data_record().sha256[:12]}')
    assert any(line.endswith("t000 epoch 2: recall_macro 0.5000, 2 s") for line in told)
    assert any(line.endswith("t001 failed: loss is nan in epoch 1") for line in told)
    assert told[-1].endswith("finished with 2 trials")


def test_export_writes_what_it_says(home: Home, tmp_path: Path) -> None:
    journal(home)
    path = tmp_path / "top.toml"
    code, out, _ = run("export", "tiny", "-k", 5, "--out", path, home=home)
    assert code == 0
    assert out.splitlines()[0] == (
        f"{path}: the best 3 trials of tiny by recall_macro, validation split (no more than 3 completed)"
    )
    assert path.exists()


def test_export_of_replicates_says_that_it_holds_configurations(home: Home, tmp_path: Path) -> None:
    write(home.journal("tiny"), table({"gru": [0.5, 0.8], "lstm": [0.6, 0.9]}), search__replicates=2)
    file = tmp_path / "top.json"
    code, out, _ = run("export", "tiny", "--out", file, home=home)
    assert code == 0
    assert out.splitlines() == [
        f"{file}: the best 2 configurations of tiny by mean recall_macro, validation split (no more than 2 completed)",
        f"train one again: seqtune reproduce {file} --rank 1 --home {home.path}",
    ]


def test_export_to_an_unknown_format_is_refused_before_anything_is_read(home: Home) -> None:
    assert "Allowed: .json, .toml, .csv" in refused("export", "nobody", "--out", "top.yaml", home=home)


def test_export_of_nothing_exits_with_1_and_writes_nothing(home: Home, tmp_path: Path) -> None:
    journal(home, scores=(None,))
    code, _, err = run("export", "tiny", "--out", tmp_path / "top.json", home=home)
    assert code == 1
    assert "no trial has completed" in err
    assert not (tmp_path / "top.json").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tiny"], "campaign 'tiny': which trial? Add --rank R, --trial K or --seed S. It has t000 to t002"),
        (["tiny", "--trial", "9"], "campaign 'tiny': no trial 9. It has t000 to t002; trials count from 0"),
        (["tiny", "--trial", "3"], "campaign 'tiny': t003 has not ended yet. Launch the campaign again to finish it"),
        (["tiny", "--trial", "2"], "campaign 'tiny': t002 reuses the result of t000. Reproduce that one: --trial 0"),
        (["tiny", "--seed", "5"], "campaign 'tiny': no trial with seed 5. `seqtune status tiny` lists the seeds"),
        (["tiny", "--trial", "1", "--seed", "5"], "--trial and --seed exclude each other."),
        (["top.json"], "top.json: which entry? Add --rank R, 1 is the best"),
        (["top.json", "--rank", "1"], "top.json: no such export."),
        (["tiny", "--rank", "4"], "campaign 'tiny': no rank 4; it has 2"),
    ],
)
def test_a_trial_that_cannot_be_reproduced_is_told_as_such(home: Home, words: list[str], message: str) -> None:
    journal(home, scores=(0.5, 0.8, 0.5), reused=[2], running=1)
    assert refused("reproduce", *words, home=home).startswith(f"seqtune: {message}")


def test_spaces_are_listed_with_advice() -> None:
    rows = {row["name"]: row for row in json.loads(run("spaces", "--json")[1])}
    assert list(rows) == list(SPACES)
    assert all(row["advice"] for row in rows.values())
    assert (rows["cnn2d"]["dimensions"], rows["cnn2d"]["models"]) == (6, ["cnn2d"])
    lines = run("spaces")[1].splitlines()
    assert [line.split()[0] for line in lines[1 : 1 + len(SPACES)]] == list(SPACES)


def test_a_space_shows_bounds_optional_dimensions_and_their_meaning() -> None:
    space = json.loads(run("spaces", "cnn2d", "--json")[1])
    dimensions = {d["path"]: (d["values"], d["optional"], d["about"]) for d in space["dimensions"]}
    assert dimensions["model.hidden"] == (
        "62 to 256",
        False,
        "Channels of the convolutions, and units of the dense layer",
    )
    assert dimensions["train.optimizer"] == ("adam, adamw", True, "Optimizer")
    shown = run("spaces", "cnn2d")[1]
    assert "62 to 256" in shown
    assert 'fix = { "train.batch_size" = 16 }' in shown
    assert "constant: model.hidden = 32, model.dense_hidden = 32" in run("spaces", "tweets")[1]


def test_a_model_shows_its_fields_with_default_and_limits() -> None:
    fields = {field["path"]: field for field in json.loads(run("spaces", "--model", "cnn1d", "--json")[1])["fields"]}
    assert (fields["model.kernel"]["allowed"], fields["model.kernel"]["default"]) == ("3, 5, 7", 3)
    assert fields["model.dropout"]["allowed"] == "number >= 0, < 1"
    assert "whole number >= 1, <= 65536" in run("spaces", "--model", "cnn1d")[1]


@pytest.mark.parametrize("words", [[name] for name in SPACES] + [["--model", name] for name in families()])
def test_the_example_of_a_space_and_of_a_model_is_a_campaign(words: list[str], tmp_path: Path) -> None:
    example = json.loads(run("spaces", *words, "--json")[1])["example"]
    (tmp_path / "mine.toml").write_text(f'name = "mine"\nseed = 1\n[data]\ndataset = "synthetic"\n{example}\n')
    space = load(tmp_path / "mine.toml").space
    assert "[space.dimensions]" not in example or space.dimensions


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cnn2"], 'Did you mean "cnn2d"?'),
        (["--model", "cnn2"], 'Did you mean "cnn2d"?'),
        (["cnn2d", "--model", "cnn2d"], "exclude each other"),
    ],
)
def test_an_unknown_space_or_model_is_the_users_error(words: list[str], message: str) -> None:
    assert message in refused("spaces", *words)


def test_datasets_say_where_they_are(tmp_path: Path) -> None:
    rows = {row["name"]: row for row in json.loads(run("datasets", "--datasets", tmp_path, "--json")[1])}
    assert rows["synthetic"]["found"]
    assert not rows["heartbeats"]["found"]
    assert str(tmp_path) in run("datasets", "--datasets", tmp_path)[1]


def test_a_reader_that_leaves_early_is_no_error(home: Home) -> None:
    journal(home, scores=[0.5] * 60)
    command = f"{SEQTUNE} status tiny --events --home {home.path} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_an_error_that_nobody_foresaw_says_that_it_is_a_bug(home: Home) -> None:
    journal(home)
    script = (
        "import sys; import tuning.analysis.status; from tuning.cli.app import main\n"
        "tuning.analysis.status.campaigns = lambda home: 1 / 0\n"
        "sys.argv = ['seqtune', 'status']; main()"
    )
    environment = os.environ | {"SEQTUNE_HOME": str(home.path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "This is a bug in seqtune." in done.stderr
