"""Archives and .ts files become rows; files that aeon would misread are refused."""

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_factories import config

from data.catalogue import resolve
from data.config import DataOptions
from data.errors import DataError
from data.prepare import prepare
from data.prepared import open_arrays, open_test

aeon = pytest.importorskip("aeon")
SHIPPED = Path(aeon.__file__).parent / "datasets" / "data"
HEADER = "#a comment\n@problemName Tiny\n@timeStamps false\n@univariate {univariate}\n@equalLength {equal}\n"


def text(rows: list[str], *, univariate: bool = True, equal: bool = True, labels: str = "true a b") -> str:
    head = HEADER.format(univariate=str(univariate).lower(), equal=str(equal).lower())
    return f"{head}@classLabel {labels}\n@data\n" + "\n".join(rows) + "\n"


def ts(path: Path, content: str) -> str:
    path.write_text(content, encoding="utf-8")
    return str(path)


def loaded(dataset: str, datasets: Path | None = None, **changes: Any) -> Any:
    options = DataOptions(dataset=dataset, **changes)
    data_set = resolve(options)
    return data_set.load(options, data_set.find(options, datasets))


@pytest.fixture
def archives(tmp_path) -> Path:
    """Three real archives that aeon brings: one channel, several channels, and different lengths."""
    for name in ("GunPoint", "BasicMotions", "JapaneseVowels"):
        (tmp_path / "ucr" / name).mkdir(parents=True)
        for which in ("TRAIN", "TEST"):
            shutil.copy(SHIPPED / name / f"{name}_{which}.ts", tmp_path / "ucr" / name)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "train", "test", "classes"),
    [
        ("GunPoint", (50, 150, 1), (150, 150, 1), 2),
        ("BasicMotions", (40, 100, 6), (40, 100, 6), 4),
        ("JapaneseVowels", (270, 29, 12), (370, 29, 12), 9),
    ],
)
def test_an_archive_has_its_published_shape(archives, name, train, test, classes):
    rows = loaded(f"ucr/{name}", archives)
    assert rows.rows.x.shape == train
    assert rows.test.x.shape == test
    assert len(rows.class_names) == classes


def test_values_are_those_of_the_file(archives):
    rows = loaded("ucr/GunPoint", archives)
    last = (archives / "ucr" / "GunPoint" / "GunPoint_TRAIN.ts").read_text().splitlines()[-1]
    values, label = last.split(":")
    assert rows.rows.x[-1, :, 0].tolist() == np.array(values.split(","), dtype=np.float32).tolist()
    assert rows.class_names[rows.rows.y[-1]] == label


def test_an_archive_prepares_with_its_own_test_part(archives, tmp_path):
    prepared = prepare(config("ucr/JapaneseVowels"), datasets=archives, store=tmp_path / "store")
    arrays = open_arrays(prepared.directory)
    assert len(arrays.train.y) + len(arrays.valid.y) == 270
    assert len(open_test(prepared.directory).y) == 370
    assert arrays.train.lengths.min() < arrays.train.lengths.max() <= 26


def test_lengths_differ_and_the_rest_is_zero(tmp_path):
    rows = loaded(ts(tmp_path / "x.ts", text(["1,2,3:4,5,6:a", "7:8:b"], univariate=False, equal=False)))
    assert rows.rows.x.tolist() == [[[1, 4], [2, 5], [3, 6]], [[7, 8], [0, 0], [0, 0]]]
    assert rows.rows.lengths.tolist() == [3, 1]


def test_a_test_file_longer_than_the_training_file_is_padded_alike(tmp_path):
    train = ts(tmp_path / "x.ts", text(["1,2:a", "3,4:b"]))
    rows = loaded(train, test=ts(tmp_path / "y.ts", text(["1,2,3:b"])))
    assert rows.rows.x.shape == (2, 3, 1)
    assert rows.rows.lengths.tolist() == [2, 2]
    assert rows.test.lengths.tolist() == [3]
    assert rows.test.y.tolist() == [1]


BROKEN = {
    "no @data": (text(["1,2:a", "3,4:b"]).replace("@data\n", ""), r"line 7: got '1,2:a'; above the line @data"),
    "cut off in the header": (HEADER, r"broken header: no line @data"),
    "empty": ("", r"broken header: no line @data"),
    "a tag without its value": (
        text(["1,2:a"]).replace("@univariate true", "@univariate"),
        r"@univariate tag requires a boolean value",
    ),
    "classes without names": (text(["1,2:a"], labels="true"), r"class values must be supplied"),
    "no classes": (text(["1,2:a"], labels="false"), r"broken header: no line @classLabel true"),
    "time stamps": (
        text(["(0,1),(1,-2):a"]).replace("@timeStamps false", "@timeStamps true"),
        r"rows with time stamps are not read",
    ),
    "a regression": (
        text(["1,2:0.5"]).replace("@classLabel true a b", "@targetLabel true"),
        r"@targetLabel true: a regression problem",
    ),
    "no rows": (text([])[:-1], r"no rows after @data"),
    "rows without a class": (text(["1,2", "3,4"]), r"row 1 has no class: it must follow the last colon"),
    "a class that the header does not name": (text(["1,2:a", "3,4:c"]), r"row 2 has the label 'c', none of the known"),
    "one class": (text(["1,2:a", "3,4:a"]), r"all 2 rows have the label 'a'"),
    "a missing value": (
        text(["1,2:3,4:a", "5,6:?,8:b"], univariate=False),
        r"row 2, channel 2, time step 1 of 2: got nan \(missing.*1 such values",
    ),
    "an infinite value": (text(["1,2:a", "1e99,2:b"]), r"row 2, channel 1, time step 1 of 2: got inf"),
    "a word for a number": (text(["1,two:a"]), r"cannot be read as a \.ts file: could not convert .*'two'"),
    "an empty series": (text([":a", "1:b"], equal=False), r"cannot be read as a \.ts file"),
    "lengths that differ though declared equal": (text(["1,2:a", "3:b"]), r"different number of observations"),
    "channels that differ": (
        text(["1,2:1,2:a", "3,4:b"], univariate=False),
        r"Inconsistent number of dimensions in case 2",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_is_one_message_with_its_path(tmp_path, fault):
    content, message = BROKEN[fault]
    path = ts(tmp_path / "x.ts", content)
    with pytest.raises(DataError, match=rf"^{re.escape(path)}: .*{message}") as error:
        loaded(path)
    assert "TextIOWrapper" not in str(error.value)


def test_a_file_that_is_no_text_is_one_message(tmp_path):
    (tmp_path / "x.ts").write_bytes(bytes(range(128, 256)))
    with pytest.raises(DataError, match=r"x\.ts: cannot be read as a \.ts file: 'utf-8' codec"):
        loaded(str(tmp_path / "x.ts"))


def test_a_test_file_of_other_channels_is_refused(tmp_path):
    train = ts(tmp_path / "x.ts", text(["1,2:a", "3,4:b"]))
    test = ts(tmp_path / "y.ts", text(["1,2:3,4:a", "1,2:3,5:b"], univariate=False))
    with pytest.raises(DataError, match=r"y\.ts: 2 channels; the training file has 1"):
        loaded(train, test=test)


def test_a_test_file_of_another_kind_is_refused(tmp_path):
    train = ts(tmp_path / "x.ts", text(["1,2:a", "3,4:b"]))
    with pytest.raises(DataError, match=r"y\.csv: a \.ts file's test part is a \.ts file too"):
        loaded(train, test=ts(tmp_path / "y.csv", "a,b\n"))


def test_an_archive_that_is_not_there_says_how_to_get_it(tmp_path):
    with pytest.raises(DataError, match=r"GunPoint_TRAIN\.ts does not exist\. `seqtune datasets fetch ucr/GunPoint`"):
        loaded("ucr/GunPoint", tmp_path)


def test_half_an_archive_is_not_there(archives):
    (archives / "ucr" / "GunPoint" / "GunPoint_TEST.ts").unlink()
    with pytest.raises(DataError, match=r"GunPoint_TEST\.ts does not exist"):
        loaded("ucr/GunPoint", archives)


@pytest.mark.parametrize("dataset", ["ucr/", "ucr/../secret", "ucr/a b"])
def test_a_name_that_is_none_is_refused(tmp_path, dataset):
    with pytest.raises(DataError, match="not an archive"):
        loaded(dataset, tmp_path)


@pytest.mark.parametrize("key", ["label", "group", "text", "target"])
def test_options_for_columns_are_refused_for_a_ts_file(tmp_path: Path, key: str) -> None:
    with pytest.raises(DataError, match=rf"data\.{key}: a \.ts file has no columns"):
        loaded(ts(tmp_path / "x.ts", text(["1,2:a", "3,4:b"])), None, **{key: "y"})


def test_an_archive_has_its_own_test_part(archives):
    with pytest.raises(DataError, match=r"data\.test: ucr/GunPoint has its own test part"):
        loaded("ucr/GunPoint", archives, test="more.ts")


def test_without_aeon_the_message_says_what_to_install(archives, monkeypatch):
    monkeypatch.setitem(sys.modules, "aeon.datasets", None)
    with pytest.raises(DataError, match=r'pip install "seqtune\[ucr\]"'):
        loaded("ucr/GunPoint", archives)
