"""`seqtune inspect`: what is printed, drawn and refused."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from data_factories import columns, write_csv
from matplotlib.image import imread
from typer.testing import CliRunner

from tuning.cli.app import app

HOSTILE = "[red]x\x1b[2J\nFORGED $x^2$ \\frac 日本"
SEQTUNE = str(Path(sys.executable).with_name("seqtune"))


def inspect(*words: object) -> tuple[int, str, str]:
    environment = {"SEQTUNE_DATASETS": "", "COLUMNS": "200"}
    done = CliRunner(env=environment).invoke(app, ["inspect", *map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def test_a_table_is_shown_with_its_parts(tmp_path):
    path = write_csv(tmp_path / "x.csv", columns((300, 300, 100), steps=8))
    code, out, err = inspect(path)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"{path}: 700 sequences, 3 classes, 8 x 1"
    assert lines[2] == 'read with data.label = "label"'
    assert [line.split() for line in lines[4:9]] == [
        ["class", "rows", "share", "training", "validation", "test"],
        ["a", "300", "42.9%", "180", "60", "60"],
        ["b", "300", "42.9%", "180", "60", "60"],
        ["c", "100", "14.3%", "60", "20", "20"],
        ["all", "700", "420", "140", "140"],
    ]
    assert "missing     none; every value is a finite number" in lines


def test_many_classes_are_summarised(tmp_path):
    x = np.random.default_rng(0).normal(size=(40 * 30, 8))
    np.savez(tmp_path / "x.npz", x=x, y=np.repeat(np.arange(40), 30))
    out = inspect(tmp_path / "x.npz")[1]
    assert "... 30 classes of 30 rows each" in out
    assert len(json.loads(inspect(tmp_path / "x.npz", "--json")[1])["overview"]["classes"]) == 40


def test_json_has_everything(tmp_path):
    path = write_csv(tmp_path / "x.csv", {"patient": [row // 4 for row in range(52)], **columns()})
    printed = json.loads(inspect(path, "--json")[1])
    assert printed["data"]["ignore"] == ["patient"]
    assert printed["overview"]["parts"]["rows"]["training"] == 30
    assert [finding["topic"] for finding in printed["findings"]] == [
        "classes",
        "classes",
        "rows",
        "rows",
        "groups",
        "columns",
    ]
    assert printed["columns"][0]["distinct"] == 13
    assert printed["error"] is None


def test_a_wrong_value_is_refused_below_the_columns(tmp_path):
    table = columns()
    table["t2"][3] = "n/a"
    path = write_csv(tmp_path / "x.csv", table)
    code, out, err = inspect(path)
    assert code == 2
    assert err.startswith(f"seqtune: {path}: row 4, column 't2': got nan")
    assert out.splitlines()[4].split()[:3] == ["t2", "numbers", "1"]
    printed = json.loads(inspect(path, "--json")[1])
    assert printed["overview"] is None
    assert "row 4" in printed["error"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", b"", "the file is empty"),
        ("x.csv", b"a,b,label\n", "the file has no rows"),
        ("x.csv", b"a,a,label\n1,2,x\n", "occur more than once"),
        ("x.csv", b"a;b;label\n1;2;x\n", "separated by semicolons"),
        (
            "x.csv",
            "a,label\n1,é\n".encode("latin-1"),
            'UTF-8 text. If it is Latin-1, convert it: pandas.read_csv("x.csv"',
        ),
        ("x.csv", b"a,b,label\n1,2,x\n1,2,x,4\n", "row 2 has 4 columns, the first line has 3"),
        ("x.parquet", b"PAR1 and no more", "cannot be read as Parquet"),
        ("x.npz", b"PK and no more", "cannot be read as NPZ"),
        ("x.txt", b"a", ".txt files cannot be read"),
        ("x.toml", b"name = 1", "name = 1: must be a text in quotes"),
    ],
)
def test_unreadable_files_are_refused_without_output(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    code, out, err = inspect(tmp_path / name)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("seqtune: ") == 1


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    assert "this is a folder" in inspect(tmp_path)[2]
    assert "no such file" in inspect(tmp_path / "x.csv")[2]
    assert inspect("heartbeat")[0] == 2


def test_a_bom_is_no_part_of_a_name(tmp_path):
    path = write_csv(tmp_path / "x.csv", columns())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert json.loads(inspect(path, "--json")[1])["columns"][0]["name"] == "t0"


def test_of_a_campaign_file_its_data_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "x.csv", {"patient": [row // 4 for row in range(52)], **columns()})
    (tmp_path / "c.toml").write_text(
        'name = "c"\nseed = 5\n[data]\ndataset = "x.csv"\ncolumns = ["t0", "t1"]\nbalance = ["raw", "smote"]\n'
        '[space]\nname = "cnn1d"\n'
    )
    code, out, _ = inspect("c.toml")
    assert code == 0
    assert out.splitlines()[0] == "x.csv: 52 sequences, 3 classes, 2 x 1"
    assert "has its own [data]" in inspect("c.toml", "--label", "label")[2]


def test_names_command_no_terminal(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 8))
    np.savez(tmp_path / "x.npz", x=x, y=np.array([HOSTILE, "b"] * 30))
    code, out, err = inspect(tmp_path / "x.npz", "--plot", tmp_path / "x.png")
    assert (code, err) == (0, "")
    assert out.replace("\n", "").isprintable()
    assert not [line for line in out.splitlines() if line.startswith("FORGED")]
    assert r"[red]x\x1b[2J\nFORGED $x^2$ \frac 日本" in out


@pytest.mark.parametrize("shape", [(40, 12), (40, 12, 3), (40, 12, 6), (40, 1)])
def test_sequences_are_drawn(tmp_path, shape):
    np.savez(tmp_path / "x.npz", x=np.random.default_rng(0).normal(size=shape), y=np.arange(40) % 4)
    code, out, _ = inspect(tmp_path / "x.npz", "--plot", tmp_path / "x.png")
    assert code == 0
    assert out.splitlines()[-1] == f"plot: {tmp_path / 'x.png'}"
    picture = imread(tmp_path / "x.png")
    assert picture.shape[1] == 1440
    assert picture.std() > 0


def test_a_series_is_drawn_and_texts_are_printed(tmp_path):
    assert inspect("mackey-glass", "--plot", tmp_path / "s.png")[0] == 0
    assert (tmp_path / "s.png").exists()
    table = {"said": [f"this is text {k}" for k in range(60)], "label": ["a", "b"] * 30}
    out = inspect(write_csv(tmp_path / "x.csv", table), "--plot", tmp_path / "t.png")[1]
    assert "a: this is text 0" in out
    assert "not written, since texts have no curves" in out
    assert not (tmp_path / "t.png").exists()


def test_another_format_of_a_plot_is_refused_before_anything_is_read():
    assert "unknown suffix" in inspect("nobody.csv", "--plot", "x.gif")[2]


def test_nothing_heavy_is_imported():
    script = (
        "import sys; from tuning.cli.app import main; sys.argv = ['seqtune', 'inspect', 'mackey-glass']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "found = {'torch', 'ray', 'mlflow', 'hyperopt', 'matplotlib'} & set(sys.modules)\n"
        "assert not found, found"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
