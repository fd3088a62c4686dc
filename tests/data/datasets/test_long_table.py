"""Long tables: one row per time step, sorted and grouped into the sequences that a native loader would return."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from data_factories import config, write_csv, write_parquet
from hypothesis import given
from hypothesis import strategies as st

from data import memory
from data.catalogue import resolve
from data.config import DataOptions
from data.datasets import gestures
from data.errors import DataError
from data.prepare import Prepared, prepare
from data.prepared import open_arrays, open_test

LONG = {"sequence": "id", "time": "t"}
XYZ = {**LONG, "channels": ["x", "y"]}


def load(path, **options) -> Any:
    chosen = DataOptions(dataset=str(path), **options)
    data_set = resolve(chosen)
    return data_set.load(chosen, data_set.find(chosen, None))


def prepared(path, tmp_path, **changes) -> Prepared:
    return prepare(config(str(path), **changes), datasets=None, store=tmp_path / "store")


def long(count: int = 30, *, seed: int = 0) -> dict[str, list[Any]]:
    """Sequences s0, s1, ... of 2 to 6 steps in two channels, labels a, b, c in turn."""
    rng = np.random.default_rng(seed)
    table: dict[str, list[Any]] = {"id": [], "t": [], "x": [], "y": [], "label": []}
    for number in range(count):
        for step in range(2 + number % 5):
            values = (f"s{number}", step, *rng.normal(size=2).astype(np.float32).tolist(), "abc"[number % 3])
            for column, value in zip(table.values(), values, strict=True):
                column.append(value)
    return table


def reordered(table: dict[str, list[Any]], order) -> dict[str, list[Any]]:
    return {name: [column[row] for row in order] for name, column in table.items()}


def refused(tmp_path, table, message: str, **options) -> None:
    for suffix, write in ((".csv", write_csv), (".parquet", write_parquet)):
        with pytest.raises(DataError, match=message):
            load(write(tmp_path / f"t{suffix}", table), **{**LONG, **options})


# Real data


def write_gestures(datasets: Path, folder: Path, suffix: str) -> Path:
    """Write the real gestures as a long table, its rows in any order."""
    options = DataOptions(dataset="gestures")
    rows: Any = gestures.load(options, gestures.find(options, datasets))
    part = rows.rows
    inside = np.arange(part.x.shape[1]) < part.lengths[:, None]
    recording, step = np.nonzero(inside)
    first = np.flatnonzero(step == 0)  # ids keep the order of the recordings, which the split depends on
    order = np.concatenate([first, np.random.default_rng(0).permutation(np.flatnonzero(step))])
    table = {
        "recording": [f"r{number}" for number in recording[order]],
        "t": (step[order] * 110).tolist(),
        "user": rows.groups[recording[order]].tolist(),
        "gesture": (part.y[recording[order]] + 1).tolist(),
        **{axis: part.x[:, :, place][inside][order] for place, axis in enumerate("xyz")},
    }
    if suffix == ".parquet":
        return write_parquet(folder / "long.parquet", table)
    return write_csv(folder / "long.csv", {**table, **{axis: table[axis].tolist() for axis in "xyz"}})


@pytest.mark.datasets
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_gestures_as_a_long_table_are_the_native_arrays_bit_for_bit(tmp_path, datasets, suffix):
    path = write_gestures(datasets, tmp_path, suffix)
    columns = {"sequence": "recording", "time": "t", "label": "gesture", "group": "user"}
    for options in ({"split": "stratified"}, {"split": "grouped"}, {"split": "grouped", "scale": "standard"}):
        native = prepare(config("gestures", **options), datasets=datasets, store=tmp_path / "store")
        ready = prepared(path, tmp_path, **columns, **options)
        arrays = [dict(one.manifest.arrays) for one in (ready, native)]
        numbered = [one.pop("test_groups", None) for one in arrays]  # users from 1, places among the names from 0
        assert arrays[0] == arrays[1]
        assert all(numbered) == (options["split"] == "grouped")
        assert (ready.sha256, ready.manifest.test_sha256) == (native.sha256, native.manifest.test_sha256)
        assert ready.manifest.scaling == native.manifest.scaling


# Rows become sequences


def test_sequences_have_their_own_length_in_order_of_their_first_rows(tmp_path):
    rows = load(write_csv(tmp_path / "t.csv", long()), **LONG)
    assert rows.rows.x.shape == (30, 6, 2)
    assert rows.rows.lengths[:6].tolist() == [2, 3, 4, 5, 6, 2]
    assert rows.class_names == ("a", "b", "c")
    assert rows.channels == ("x", "y")
    table = long()
    assert rows.rows.x[1, :3, 1].tolist() == [np.float32(value) for value in table["y"][2:5]]
    assert not rows.rows.x[1, 3:].any()


@given(st.randoms(use_true_random=False))
def test_rows_are_sorted_by_time_whatever_their_order(tmp_path_factory, random):
    table, folder = long(), tmp_path_factory.mktemp("long")
    order = list(range(len(table["id"])))
    random.shuffle(order)
    there = load(write_parquet(folder / "t.parquet", reordered(table, order)), **LONG)
    here = load(write_parquet(folder / "u.parquet", table), **LONG)
    assert {row.tobytes() for row in there.rows.x} == {row.tobytes() for row in here.rows.x}


def test_csv_and_parquet_have_the_same_hash(tmp_path):
    one = prepared(write_csv(tmp_path / "t.csv", long()), tmp_path, **LONG)
    other = prepared(write_parquet(tmp_path / "t.parquet", long()), tmp_path, **LONG)
    assert one.sha256 == other.sha256


TIMES: dict[str, list[Any]] = {
    "decimals": [0.5, 10.25, 9.0],
    "dates": ["2024-01-31", "2024-10-01", "2024-09-30"],
    "ISO 8601": ["2024-01-01 00:00:00.5", "2024-01-01 10:00:00", "2024-01-01 09:59:59"],
    "ISO 8601 with a zone": ["2024-01-01T00:00:00Z", "2024-01-01T10:00:00Z", "2024-01-01T09:59:59Z"],
    "nanoseconds since 1970": [1_700_000_000_000_000_000, 1_700_000_000_000_000_002, 1_700_000_000_000_000_001],
}


@pytest.mark.parametrize("case", TIMES)
@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_times_are_sorted_by_what_they_mean(tmp_path, case, write):
    ids, labels = ["p"] * 3 + ["q"] * 3, ["a"] * 3 + ["b"] * 3
    table: dict[str, list[Any]] = {"id": ids, "t": TIMES[case] * 2, "x": [0, 2, 1] * 2, "label": labels}
    path = tmp_path / ("t.csv" if write is write_csv else "t.parquet")
    assert load(write(path, table), **LONG).rows.x[:, :, 0].tolist() == [[0, 1, 2]] * 2


@pytest.mark.parametrize("kind", [pa.timestamp("ns"), pa.date32(), pa.time32("s"), pa.duration("s"), pa.float32()])
def test_times_of_parquet_s_types_are_sorted(tmp_path, kind):
    times = pa.array([5, 9, 7] * 2, pa.int32()).cast(pa.int64() if kind == pa.duration("s") else pa.int32())
    if kind == pa.timestamp("ns"):
        times = times.cast(pa.int64())
    table = {"id": ["p"] * 3 + ["q"] * 3, "t": times.cast(kind), "x": [0, 2, 1] * 2, "label": ["a"] * 3 + ["b"] * 3}
    assert load(write_parquet(tmp_path / "t.parquet", table), **LONG).rows.x[:, :, 0].tolist() == [[0, 1, 2]] * 2


def test_without_a_time_rows_keep_their_order(tmp_path):
    table: dict[str, list[Any]] = {"id": ["p", "q"] * 3, "x": [5, 1, 4, 2, 6, 3], "label": ["a", "b"] * 3}
    rows = load(write_csv(tmp_path / "t.csv", table), sequence="id")
    assert rows.rows.x[:, :, 0].tolist() == [[5, 4, 6], [1, 2, 3]]


def test_ids_are_texts_or_numbers(tmp_path):
    table = {**long(), "id": [int(name[1:]) for name in long()["id"]]}
    numbers = load(write_parquet(tmp_path / "t.parquet", table), **LONG)
    texts = load(write_csv(tmp_path / "t.csv", long()), **LONG)
    assert numbers.rows.x.tobytes() == texts.rows.x.tobytes()


def test_channels_columns_and_ignore_select_the_channels(tmp_path):
    table = {"day": ["mon"] * len(long()["id"]), **long()}
    path = write_csv(tmp_path / "t.csv", table)
    chosen = load(path, **LONG, channels=["y", "x"])
    assert chosen.channels == ("y", "x")
    for options in ({"columns": ["y", "x"]}, {"ignore": ["day"]}):
        assert {*load(path, **LONG, **options).channels} == {"x", "y"}
    assert load(path, **LONG, columns=["y", "x"]).rows.x.tobytes() == chosen.rows.x.tobytes()


def test_groups_split_sequences_of_one_user_together(tmp_path):
    table = long(60)
    table["user"] = [f"u{int(name[1:]) // 3 % 10}" for name in table["id"]]
    table["who"] = [int(name[1:]) // 3 % 10 for name in table["id"]]
    ready = prepared(
        write_csv(tmp_path / "t.csv", table), tmp_path, **LONG, group="user", channels=["who"], split="grouped",
        duplicates="keep",
    )  # fmt: skip
    arrays = open_arrays(ready.directory)
    users = [{*part.x[:, 0, 0].tolist()} for part in (arrays.train, arrays.valid, open_test(ready.directory))]
    assert set.union(*users) == set(range(10))
    assert sum(map(len, users)) == 10


def test_an_official_test_part_is_padded_to_the_longest_of_both(tmp_path):
    train = write_csv(tmp_path / "train.csv", long())
    longer = long(12, seed=1)
    for value in range(6):
        for name, entry in {"id": "s0", "t": 2 + value, "x": 0.5, "y": 0.25, "label": "a"}.items():
            longer[name].append(entry)
    rows = load(train, **LONG, test=str(write_csv(tmp_path / "test.csv", longer)))
    assert rows.rows.x.shape == (30, 8, 2)
    assert rows.test.x.shape == (12, 8, 2)
    assert rows.test.lengths[0] == 8


# Faults


def test_a_label_that_changes_names_sequence_rows_and_values(tmp_path):
    table = long()
    table["label"][3] = "c"
    refused(tmp_path, table, r"sequence 's1', column 'label': 'b' in row 3, 'c' in row 4 \(1 such .*data\.segment = ")


def test_a_group_that_changes_names_sequence_rows_and_values(tmp_path):
    table = {**long(), "user": ["u"] * len(long()["id"])}
    table["user"][4] = "v"
    refused(tmp_path, table, r"sequence 's1', column 'user': 'u' in row 4, 'v' in row 5 .* one group", group="user")


def test_equal_labels_in_two_spellings_are_one_label(tmp_path):
    ids, labels = ["p", "p", "q", "q"], ["1", "1.0", "2", "2.00"]
    table: dict[str, list[Any]] = {"id": ids, "t": [0, 1, 0, 1], "x": [1, 2, 3, 4], "label": labels}
    assert load(write_csv(tmp_path / "t.csv", table), **LONG).class_names == ("1", "2")


def test_a_repeated_time_names_sequence_and_rows(tmp_path):
    table = long()
    table["t"][4] = 0
    refused(tmp_path, table, r"sequence 's1': rows 3 and 5 have the same \"t\", 0 \(1 such pairs\)")


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["0", "1", "soon"], r"row 3, column 't': got 'soon'; data\.time needs numbers, or dates"),
        (["2024-01-01", "2024-01-02", "7"], r"row 3, column 't': got '7'; data\.time needs"),
        (["0", "", "1"], r"row 2, column 't': no time \(1 such rows\)"),
    ],
)
def test_times_that_cannot_be_sorted_name_the_row(tmp_path, times, message):
    table = {"id": ["p"] * 3, "t": times, "x": [1, 2, 3], "label": ["a"] * 3}
    refused(tmp_path, table, message)


def test_times_of_a_type_that_has_no_order_are_refused(tmp_path):
    table = {"id": ["p"] * 2, "t": [[1], [2]], "x": [1, 2], "label": ["a", "b"]}
    with pytest.raises(DataError, match=r"column 't' holds list<.*data\.time needs numbers, dates or times"):
        load(write_parquet(tmp_path / "t.parquet", table), **LONG)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_names_row_and_column(tmp_path, bad):
    table = long()
    table["y"][7] = bad
    refused(tmp_path, table, r"row 8, column 'y': got (nan|inf) .*fill it in, or drop the row")


def test_an_empty_cell_of_a_channel_names_row_and_column(tmp_path):
    table = long()
    table["y"][7] = ""
    with pytest.raises(DataError, match=r"row 8, column 'y': got nan .*fill it in, or drop the row"):
        load(write_csv(tmp_path / "t.csv", table), **LONG)


@pytest.mark.parametrize(("column", "noun"), [("id", "id of a sequence"), ("label", "label")])
def test_a_missing_id_or_label_names_row_and_column(tmp_path, column, noun):
    table = long()
    table[column][7] = ""
    refused(tmp_path, table, rf"row 8, column '{column}': no {noun} \(1 such rows\)")
    table[column][7] = None
    path = write_parquet(tmp_path / "t.parquet", table)
    with pytest.raises(DataError, match=rf"row 8, column '{column}': no {noun}"):
        load(path, **LONG)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sequence": "idd"}, r"data\.sequence = 'idd': no such column\. Columns: .* Did you mean \"id\"\?"),
        ({"time": "T"}, r"data\.time = 'T': no such column.*Did you mean \"t\"\?"),
        ({"channels": ["x", "Y"]}, r"data\.channels = 'Y': no such column.*Did you mean \"y\"\?"),
        ({"group": "user"}, r"data\.group = 'user': no such column"),
        ({"time": "id"}, r'data\.time = "id": it is the column of data\.sequence'),
        ({"label": "t"}, r'data\.label = "t": it is the column of data\.time'),
        ({"channels": ["x", "t"]}, r'data\.channels = \["x", "t"\]: "t" is the column of data\.time'),
        ({"ignore": ["id"]}, r'data\.ignore = \["id"\]: "id" is the column of data\.sequence'),
        ({"ignore": ["x", "y"]}, "no columns are left to train on"),
        ({"channels": ["x"], "columns": ["y"]}, r"data\.channels and data\.columns: use one of them"),
        ({"channels": ["x"], "ignore": ["y"]}, r"data\.channels and data\.ignore: use one of them"),
        ({"channels": ["x", "x"]}, r'data\.channels = \["x", "x"\]: a column occurs more than once'),
        ({"text": "x"}, r"data\.text and data\.sequence: a table holds texts"),
        ({"target": "x", "split": "chronological"}, r"data\.target and data\.sequence: a table holds"),
    ],
)
def test_columns_that_do_not_fit_are_refused(tmp_path, options, message):
    refused(tmp_path, long(), message, **options)


@pytest.mark.parametrize("key", [{"time": "t"}, {"channels": ["x"]}, {"segment": {"length": 3}}])
def test_options_of_long_tables_need_a_sequence(key):
    (name,) = key
    for dataset, message in (
        ("t.csv", rf"data\.{name} is for long tables.*data\.sequence"),
        ("gestures", rf"data\.{name}: gestures has its own columns"),
        ("ucr/GunPoint", rf"data\.{name}: a \.ts file has no columns"),
    ):
        with pytest.raises(DataError, match=message):
            resolve(DataOptions(dataset=dataset, **key))


def test_an_npz_is_no_long_table():
    with pytest.raises(DataError, match=r"data\.sequence: an \.npz file has no columns"):
        resolve(DataOptions(dataset="t.npz", sequence="id"))


def test_a_text_channel_suggests_to_ignore_it(tmp_path):
    table = {"day": ["mon"] * len(long()["id"]), **long()}
    refused(
        tmp_path, table, r"row 1, column 'day': got 'mon', needs a number\..*data\.ignore = \[\"day\"\].*data\.chann"
    )


def test_an_id_that_numbers_the_rows_is_refused(tmp_path):
    table = {**long(), "id": list(range(len(long()["id"])))}
    refused(tmp_path, table, r'data\.sequence = "id": each of its 120 values occurs in one row.*the right column')


def test_sequences_of_one_step_are_noted(tmp_path):
    table = long()
    for name, value in {"id": "s99", "t": 0, "x": 1.0, "y": 2.0, "label": "a"}.items():
        table[name].append(value)
    assert load(write_csv(tmp_path / "t.csv", table), **LONG).notes == ("1 of 31 sequences (id) have one time step.",)


def test_a_time_among_the_channels_is_noted(tmp_path):
    path = write_csv(tmp_path / "t.csv", long())
    (note,) = load(path, sequence="id").notes
    assert note == (
        'column "t" increases in every sequence and is used as a channel. If it is the time, use data.time = "t", or '
        'leave it out with data.ignore = ["t"].'
    )
    assert load(path, sequence="id", channels=["t", "x"]).notes == ()


def test_a_table_of_one_class_is_refused(tmp_path):
    refused(tmp_path, {**long(), "label": ["a"] * len(long()["id"])}, r"all 30 rows have the label 'a'")


def test_many_different_labels_are_refused(tmp_path):
    rows = 4000
    table = {"id": [row // 2 for row in range(rows)], "x": [0] * rows, "label": [row // 2 for row in range(rows)]}
    refused(tmp_path, table, "2,000 different labels; at most 1,000 classes", time=None)


def test_one_long_sequence_among_many_short_ones_is_refused_before_it_is_padded(tmp_path, monkeypatch):
    rows = 4000
    ids = [0] * rows + [number for number in range(1, rows) for _ in range(2)]
    table = {"id": ids, "x": [0.0] * len(ids), "label": [str(number % 2) for number in ids]}
    path = write_parquet(tmp_path / "t.parquet", table)
    monkeypatch.setattr(memory, "machine_bytes", lambda: 200 * 2**20)
    with pytest.raises(DataError, match=r"t\.parquet, 4,000 sequences of up to 4,000 steps: takes 61\.0 MiB in memory"):
        load(path, sequence="id")


def test_a_long_id_does_not_multiply_by_the_rows(tmp_path):
    """One text of 1,000 characters among 100,000 rows would be 400 MB as an array of texts."""
    import tracemalloc

    ids = ["p" * 1000] * 50_000 + ["q"] * 50_000
    table = {"id": ids, "x": np.zeros(100_000), "label": [name[0] for name in ids]}
    path = write_parquet(tmp_path / "t.parquet", table)
    tracemalloc.start()
    try:
        load(path, sequence="id")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 50 * 2**20


def test_a_value_too_long_for_an_id_is_refused(tmp_path):
    table = {"id": ["p" * 1001, "q"] * 2, "x": [1, 2, 3, 4], "label": ["a", "b"] * 2}
    refused(tmp_path, table, "column 'id' has a value of 1,001 bytes", time=None)


def test_a_configuration_of_a_long_table_is_another_key(tmp_path):
    path = write_csv(tmp_path / "t.csv", long())
    for options in ({"sequence": "id"}, LONG, {**LONG, "channels": ["x"]}):
        assert not prepared(path, tmp_path, **options).reused
