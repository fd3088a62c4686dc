"""What a table's columns hold, and what they are probably for."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from data_factories import columns, write_csv, write_parquet

from data.column_roles import Roles, guess_roles
from data.config import DataOptions
from data.errors import DataError
from data.table_profile import ColumnProfile, profile

DAYS = [(dt.date(2024, 1, 1) + dt.timedelta(days=day)).isoformat() for day in range(60)]


def profiles(path: Path) -> dict[str, ColumnProfile]:
    return {one.name: one for one in profile(path)}


def roles(path: Path, **options: Any) -> Roles:
    return guess_roles(path, profile(path), DataOptions(dataset=str(path), **options))


def rows(**extra: list[Any]) -> dict[str, list[Any]]:
    """52 sequences of four steps with a label, behind other columns."""
    return {**extra, **columns()}


def wide(**extra: list[Any]) -> dict[str, list[Any]]:
    """52 sequences without a column called label."""
    table = columns()
    return {**extra, **{name: table[name] for name in table if name != "label"}}


@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_a_profile_tells_kinds_and_counts_values(tmp_path, write):
    table: dict[str, list[Any]] = {
        "n": [0.5, 1.5, 2.25, -1.0],
        "i": [3, 1, 3, 2],
        "id": [1, 2, 3, 4],
        "name": ["b", "a", "b", ""],
        "said": ["one two three", "four five", "six seven eight nine", "ten"],
        "day": DAYS[:4],
    }
    found = profiles(write(tmp_path / ("x.csv" if write is write_csv else "x.parquet"), table))
    assert {name: (one.kind, one.distinct, one.missing) for name, one in found.items()} == {
        "n": ("number", None, 0),
        "i": ("integer", 3, 0),
        "id": ("integer", 4, 0),
        "name": ("text", 2, 1),
        "said": ("text", 4, 0),
        "day": ("time", 4, 0),
    }
    assert found["said"].words == 2.5
    assert [name for name, one in found.items() if one.increasing] == ["id", "day"]
    assert found["name"].examples == ("b", "a")


def test_a_profile_counts_missing_numbers_and_those_that_are_none(tmp_path):
    found = profiles(write_csv(tmp_path / "x.csv", {"a": [1, "", "nan", 4], "b": [1.5, 2, "3x", 4]}))
    assert (found["a"].kind, found["a"].missing, found["a"].numbers) == ("integer", 2, 2)
    assert (found["b"].kind, found["b"].numbers) == ("text", 3)


def test_a_column_is_the_same_in_one_piece_and_in_many(tmp_path):
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    table = pa.table({"up": np.arange(1000), "late": [*range(999), 0.5], "few": rng.integers(0, 7, 1000)})
    parquet.write_table(table, tmp_path / "one.parquet")
    parquet.write_table(table, tmp_path / "many.parquet", row_group_size=64)
    assert profile(tmp_path / "one.parquet") == profile(tmp_path / "many.parquet")
    found = profiles(tmp_path / "many.parquet")
    assert [(one.kind, one.distinct, one.increasing) for one in found.values()] == [
        ("integer", 1000, True),
        ("number", None, False),
        ("integer", 7, False),
    ]


@pytest.mark.datasets
def test_real_tables_are_profiled(datasets):
    meta = profiles(datasets / "mitbih_heartbeat/mitbih_test_meta.parquet")
    assert (meta["record"].distinct, meta["symbol"].distinct) == (48, 14)
    tweets = profiles(datasets / "airline_tweets/Tweets.csv")
    assert {one.kind for one in tweets.values()} == {"text", "number", "integer", "time"}
    assert tweets["text"].rows == 14_640


# Labels


def test_a_usual_name_is_the_label(tmp_path):
    found = roles(write_csv(tmp_path / "x.csv", rows(site=["a", "b"] * 26)))
    assert found.options["label"] == "label"
    assert found.reasons["label"] == "a usual name of labels (3: a, b, c)"
    assert found.options["ignore"] == ("site",)


def test_upper_case_is_a_usual_name_too(tmp_path):
    table = wide(Class=["x", "y"] * 26)
    assert roles(write_csv(tmp_path / "x.csv", table)).options["label"] == "Class"


@pytest.mark.parametrize("values", [["x", "y"] * 26, [3, 1] * 26])
def test_the_only_column_with_few_values_is_the_label(tmp_path, values):
    found = roles(write_csv(tmp_path / "x.csv", wide(state=values)))
    assert found.options["label"] == "state"
    assert "the only column of" in found.reasons["label"]


def test_several_candidates_are_listed_and_none_is_taken(tmp_path):
    path = write_csv(tmp_path / "x.csv", wide(state=["x", "y"] * 26, mood=["p", "q"] * 26))
    with pytest.raises(DataError, match=r'2 columns may be the label.*--label.*"state" \(2: x, y\); "mood"'):
        roles(path)
    assert roles(path, label="mood").options["label"] == "mood"


def test_a_table_of_numbers_alone_has_no_label(tmp_path):
    with pytest.raises(DataError, match=r"no label column.*--label.*--target. Columns: t0, t1, t2, t3\."):
        roles(write_csv(tmp_path / "x.csv", wide()))


# Groups, identifiers, times


def test_a_group_is_suggested_and_not_used(tmp_path):
    table = rows(id=list(range(52)), patient=[row // 4 for row in range(52)], day=DAYS[:52])
    found = roles(write_csv(tmp_path / "x.csv", table))
    assert (found.group.name, found.group.distinct) == ("patient", 13)
    assert "group" not in found.options
    assert found.options["ignore"] == ("id", "patient", "day")


def test_a_declared_group_is_no_suggestion(tmp_path):
    path = write_csv(tmp_path / "x.csv", rows(patient=[row // 4 for row in range(52)]))
    found = roles(path, group="patient")
    assert found.group is None
    assert "ignore" not in found.options


def test_a_step_with_a_value_that_is_no_number_is_not_left_out(tmp_path):
    table = rows()
    table["t1"][7] = "1.2.3"
    assert "ignore" not in roles(write_csv(tmp_path / "x.csv", table)).options


def test_columns_of_lists_are_refused(tmp_path):
    path = write_parquet(tmp_path / "x.parquet", {"x": [[1.0, 2.0]] * 6, "label": ["a", "b"] * 3})
    with pytest.raises(DataError, match=r"lists or bytes are not read: x\..*--ignore"):
        roles(path)


# Texts


def test_sentences_are_texts(tmp_path):
    table: dict[str, list[Any]] = {
        "id": list(range(60)),
        "review": [f"it is number {k}" for k in range(60)],
        "stars": [1, 2, 3] * 20,
    }
    found = roles(write_csv(tmp_path / "x.csv", table))
    assert found.options == {"text": "review", "label": "stars"}
    assert found.reasons["text"] == "texts of 4 words on average"


def test_two_columns_of_sentences_are_ambiguous(tmp_path):
    said = [f"it is number {k}" for k in range(60)]
    path = write_csv(tmp_path / "x.csv", {"title": said, "body": said, "label": [1, 2, 3] * 20})
    with pytest.raises(DataError, match=r"2 columns hold texts.*--text.*title, body"):
        roles(path)


# Series


def series(**more: list[Any]) -> dict[str, list[Any]]:
    return {"date": DAYS, "load": np.random.default_rng(0).normal(size=60).tolist(), **more}


def test_times_and_one_column_of_numbers_are_a_series(tmp_path):
    found = roles(write_csv(tmp_path / "x.csv", series(weekday=["Mon", "Tue"] * 30)))
    assert found.options == {"target": "load"}
    assert found.unsorted is None


def test_the_target_of_several_is_asked_for(tmp_path):
    path = write_csv(tmp_path / "x.csv", series(temperature=list(np.linspace(0, 1, 60))))
    with pytest.raises(DataError, match=r"a series.*\"date\".*--target.*load, temperature"):
        roles(path)
    assert roles(path, target="load").options["target"] == "load"


def test_a_series_that_is_not_sorted_by_time_is_found(tmp_path):
    found = roles(write_csv(tmp_path / "x.csv", {name: values[::-1] for name, values in series().items()}))
    assert found.unsorted == "date"


def test_times_as_numbers_are_no_input_of_a_series(tmp_path):
    path = write_csv(tmp_path / "x.csv", {"timestamp": list(range(60)), "load": series()["load"]})
    assert roles(path).options == {"target": "load", "ignore": ("timestamp",)}


def test_sequences_with_a_date_each_are_no_series(tmp_path):
    table = rows(day=DAYS[:52])
    assert "target" not in roles(write_csv(tmp_path / "x.csv", table)).options


def long(*, walks: int = 12, steps: int = 20, **changes: list[Any]) -> dict[str, list[Any]]:
    """A row per time step of two channels; the label of a walk is constant."""
    rows_ = walks * steps
    rng = np.random.default_rng(0)
    return {
        "walk_id": np.repeat(np.arange(walks), steps).tolist(),
        "t": np.tile(np.arange(steps), walks).tolist(),
        "ax": rng.normal(size=rows_).tolist(),
        "ay": rng.normal(size=rows_).tolist(),
        "label": np.repeat([f"c{k % 3}" for k in range(walks)], steps).tolist(),
        **changes,
    }


def test_a_row_per_time_step_is_a_long_table(tmp_path):
    found = roles(write_csv(tmp_path / "x.csv", long()))
    assert found.options == {"sequence": "walk_id", "time": "t", "label": "label"}
    assert found.reasons["sequence"] == "one row per time step, 20 rows per value on average"


def test_the_group_of_a_long_table_is_suggested_and_texts_are_no_channels(tmp_path):
    users, notes = np.repeat([1, 2, 3, 4], 60).tolist(), [f"n{k}" for k in range(240)]
    found = roles(write_csv(tmp_path / "x.csv", long(user=users, note=notes)))
    assert found.group is not None
    assert found.group.name == "user"
    assert found.options["ignore"] == ("user", "note")


def test_labels_that_change_within_a_recording_suggest_windows(tmp_path):
    changing = [("rest", "move")[k // 5 % 2] for k in range(240)]
    found = roles(write_csv(tmp_path / "x.csv", long(label=changing)))
    assert found.options["segment"] == {"length": 2}
    assert "labels change within recordings" in found.reasons["segment"]


def test_a_named_column_of_sequences_needs_no_usual_name(tmp_path):
    table = long()
    table["x1"] = table.pop("walk_id")
    path = write_csv(tmp_path / "x.csv", table)
    assert "sequence" not in roles(path).options
    assert roles(path, sequence="x1").options == {"sequence": "x1", "time": "t", "label": "label"}


@pytest.mark.parametrize("extra", [{"id": list(range(52))}, {"sample": list(range(52)), "date": DAYS[:52]}])
def test_an_id_of_each_row_is_no_sequence(tmp_path, extra):
    assert "sequence" not in roles(write_csv(tmp_path / "x.csv", rows(**extra))).options
