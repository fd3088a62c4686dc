"""Rows of a series are in order of time: newest first is refused, other disorder is noted."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from data_factories import config, write_csv, write_parquet

from data.config import DataOptions
from data.errors import DataError
from data.inspection import inspect
from data.new_rows import read_rows
from data.preparation import Preparation
from data.prepare import Prepared, prepare

DAYS = [date(2024, 1, 1) + timedelta(days=row) for row in range(60)]
WRITERS = {"csv": write_csv, "parquet": write_parquet}


def series(path: Path, days: Sequence[date | str]) -> Path:
    return WRITERS[path.suffix[1:]](path, {"day": list(days), "y": [row * 0.5 for row in range(len(days))]})


def prepared(path: Path, **changes) -> Prepared:
    options = {"target": "y", "window": 4, "split": "chronological"} | changes
    return prepare(config(str(path), **options), datasets=None, store=path.parent / "store")


@pytest.mark.parametrize("suffix", WRITERS)
def test_the_newest_row_first_is_refused(tmp_path, suffix):
    path = series(tmp_path / f"s.{suffix}", DAYS[::-1])
    with pytest.raises(DataError, match=r'descending order of "day".*sort the file by "day".*data\.ignore = \["day"\]'):
        prepared(path)
    with pytest.raises(DataError, match="descending"):
        prepared(path, columns=["y"])
    assert prepared(path, ignore=["day"]).manifest.notes[0].startswith('the rows are not in order of "day" (row 2 is')


@pytest.mark.parametrize("suffix", WRITERS)
def test_rows_in_order_have_no_note_and_disorder_changes_no_array(tmp_path, suffix):
    mixed = random.Random(0).sample(DAYS, len(DAYS))
    one, other = (prepared(series(tmp_path / f"{n}.{suffix}", days)) for n, days in (("a", DAYS), ("b", mixed)))
    left_out = "columns left out, since they hold no numbers: day."
    assert one.manifest.notes == (left_out,)
    assert other.manifest.notes[0] == left_out
    assert 'the rows are not in order of "day" (row' in other.manifest.notes[1]
    assert one.sha256 == other.sha256


def test_disorder_is_one_finding(tmp_path):
    path = series(tmp_path / "s.csv", [DAYS[1], DAYS[0], *DAYS[2:]])
    seen = inspect(DataOptions(dataset=str(path), window=4), None, split_seed=0)
    (found,) = [one.text for one in seen.findings if "in order of" in one.text]
    assert found.startswith('the rows are not in order of "day" (row 2 is earlier than the one before it; 1 such rows)')


def test_repeated_times_are_noted(tmp_path):
    days = [*DAYS[:10], DAYS[9], *DAYS[10:-1]]
    (_, note) = prepared(series(tmp_path / "s.csv", days)).manifest.notes
    assert note.startswith('row 11 has the same "day" as the row before it (1 such rows)')


@pytest.mark.parametrize("texts", [["low", "high"], ["2024-01-02", "soon"], ["10:30", "9:15"], ["2024-01-02", ""]])
def test_columns_that_are_no_dates_are_not_looked_at(tmp_path, texts):
    rows = {"day": texts * 30, "y": [row * 0.5 for row in range(60)]}
    assert len(prepared(write_csv(tmp_path / "s.csv", rows)).manifest.notes) == 1


def test_a_column_that_is_not_utf_8_is_not_looked_at(tmp_path):
    path = tmp_path / "s.csv"
    lines = [b"2024-01-01,1", b"caf\xe9,2", *[b"x,%d" % row for row in range(60)]]
    path.write_bytes(b"\n".join([b"day,y", *lines]))
    assert len(prepared(path).manifest.notes) == 1


def test_a_blank_line_before_the_first_row_hides_no_dates(tmp_path):
    path = series(tmp_path / "s.csv", DAYS[::-1])
    path.write_text(path.read_text(encoding="utf-8").replace("\n", "\n\n", 1), encoding="utf-8")
    with pytest.raises(DataError, match='descending order of "day"'):
        prepared(path)


def test_a_very_long_text_is_no_date(tmp_path):
    path = series(tmp_path / "s.csv", ["x" * 200_000, *DAYS[1:]])
    assert prepared(path, columns=["y"]).manifest.notes == ()


def test_a_very_long_text_hides_no_dates(tmp_path):
    rows: dict[str, list[Any]] = {
        "comment": ["x" * 200_000, *[""] * 59],
        "day": DAYS[::-1],
        "y": [row * 0.5 for row in range(60)],
    }
    path = write_csv(tmp_path / "s.csv", rows)
    with pytest.raises(DataError, match='descending order of "day"'):
        prepared(path)
    (note,) = prepared(write_csv(path, rows | {"day": DAYS})).manifest.notes
    assert note == "columns left out, since they hold no numbers: comment, day."


def test_new_rows_are_in_order_of_time_too(tmp_path):
    trained = prepared(series(tmp_path / "s.csv", DAYS))
    options = DataOptions(dataset="s.csv", target="y", window=4, split="chronological")
    with pytest.raises(DataError, match='descending order of "day"'):
        read_rows(series(tmp_path / "new.csv", DAYS[::-1]), options, Preparation.of(trained.manifest), labelled=False)
