"""``data.classes``: rows of the other classes are in no part, and the rest is as if they had never been there."""

import numpy as np
import pytest
from data_factories import beats, columns, config, write_csv

from data.chosen_classes import load
from data.config import DataOptions
from data.datasets.heartbeats import HEARTBEATS
from data.errors import DataError
from data.inspection import inspect
from data.prepare import prepare
from data.prepared import open_arrays, open_test


def test_chosen_classes_give_the_arrays_of_a_table_with_those_rows_alone(tmp_path):
    whole = columns((30, 12, 10))
    kept = {name: values[:30] + values[42:] for name, values in whole.items()}  # without b
    made = []
    for name, table, chosen in (("whole", whole, ("c", "a")), ("kept", kept, ())):
        path = write_csv(tmp_path / f"{name}.csv", table)
        made.append(prepare(config(str(path), classes=chosen), datasets=None, store=tmp_path / "arrays"))
    assert made[0].sha256 == made[1].sha256
    assert made[0].manifest.class_names == ("a", "c")
    assert "12 of 52 rows are of other classes and left out (data.classes)." in made[0].manifest.notes
    assert made[1].manifest.notes == ()


def test_chosen_classes_are_those_of_an_official_test_part_too(tmp_path):
    beats(tmp_path, "csv")
    chosen = prepare(config("heartbeats", classes=("N", "F")), datasets=tmp_path, store=tmp_path / "arrays")
    y = [open_arrays(chosen.directory).train.y, open_test(chosen.directory).y]
    assert [set(part.tolist()) for part in y] == [{0, 1}, {0, 1}]
    assert chosen.manifest.counts.test == {"N": 6, "F": 6}


def test_texts_can_be_chosen(tmp_path):
    path = tmp_path / "texts.csv"
    rows = [f"word{k} word{k % 7},{'abc'[k % 3]}" for k in range(60)]
    path.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    made = prepare(config(str(path), text="text", classes=("a", "b")), datasets=None, store=tmp_path / "arrays")
    arrays = open_arrays(made.directory)
    assert set(np.concatenate([arrays.train.y, arrays.valid.y]).tolist()) == {0, 1}


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (("a", "x"), "data.classes = \\['a', 'x'\\]: no class 'x'. Classes: a, b, c"),
        (("a", "a"), "at least two different classes"),
    ],
)
def test_classes_that_cannot_be_chosen_are_refused(tmp_path, chosen, message):
    path = write_csv(tmp_path / "mine.csv", columns())
    with pytest.raises(DataError, match=message):
        prepare(config(str(path), classes=chosen), datasets=None, store=tmp_path / "arrays")


def test_a_series_has_no_classes_to_choose(tmp_path):
    options = config("mackey-glass", split="chronological", classes=("a", "b"))
    with pytest.raises(DataError, match="a series has no classes"):
        prepare(options, datasets=None, store=tmp_path / "arrays")


def test_inspection_shows_the_chosen_classes(tmp_path):
    path = write_csv(tmp_path / "mine.csv", columns())
    seen = inspect(DataOptions(dataset=str(path), classes=("a", "c")), None, split_seed=1)
    assert [(of.name, of.rows) for of in seen.overview.classes] == [("a", 30), ("c", 10)]


def test_every_class_is_loaded_by_default(tmp_path):
    beats(tmp_path, "csv")
    options = config("heartbeats")
    assert load(HEARTBEATS, options, HEARTBEATS.find(options, tmp_path)).class_names == ("N", "S", "V", "F", "Q")
