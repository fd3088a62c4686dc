"""Columns of a user's table: which become time steps or inputs, and hints for the usual faults."""

from typing import Any

import numpy as np
import pytest
from data_factories import columns, config, write_csv, write_npz, write_parquet

from data.catalogue import resolve
from data.config import DataOptions
from data.datasets.columns import read_columns, read_texts
from data.errors import DataError
from data.prepare import Prepared, prepare


def load(dataset, folder, **options) -> Any:
    chosen = DataOptions(dataset=str(dataset), **options)
    data_set = resolve(chosen)
    return data_set.load(chosen, data_set.find(chosen, folder))


def prepared(path, tmp_path, **changes) -> Prepared:
    return prepare(config(str(path), **changes), datasets=None, store=tmp_path / "store")


def with_ids(rows: int = 52) -> dict[str, list]:
    return {"id": list(range(rows)), **columns()}


def test_ignored_columns_are_not_time_steps(tmp_path):
    table = {"id": [f"r{row}" for row in range(52)], **columns()}
    with_id = load(write_csv(tmp_path / "a.csv", table), None, ignore=["id"])
    without = load(write_csv(tmp_path / "b.csv", columns()), None)
    assert with_id.rows.x.tobytes() == without.rows.x.tobytes()
    assert with_id.notes == ()


def test_columns_are_the_time_steps_in_the_given_order(tmp_path):
    table = columns()
    rows = load(write_csv(tmp_path / "t.csv", table), None, columns=["t2", "t0"])
    expected = np.column_stack([table["t2"], table["t0"]]).astype(np.float32)
    assert rows.rows.x[:, :, 0].tobytes() == expected.tobytes()


def test_the_same_arrays_have_the_same_identity_whichever_way_columns_are_left_out(tmp_path):
    plain = prepared(write_csv(tmp_path / "plain.csv", columns()), tmp_path)
    path = write_csv(tmp_path / "ids.csv", with_ids())
    ignored = prepared(path, tmp_path, ignore=["id"])
    chosen = prepared(path, tmp_path, columns=["t0", "t1", "t2", "t3"])
    assert ignored.sha256 == chosen.sha256 == plain.sha256
    assert prepared(path, tmp_path).sha256 != plain.sha256


def test_an_unnamed_column_can_be_ignored(tmp_path):
    path = write_csv(tmp_path / "t.csv", {"": list(range(52)), **columns()})
    assert load(path, None, ignore=[""]).rows.x.shape[1] == 4
    assert load(path, None, columns=["t0", "t1"]).rows.x.shape[1] == 2


def test_of_two_possible_labels_the_ignored_one_is_left_out(tmp_path):
    table = {**columns(), "class": [str(row % 2) for row in range(52)]}
    assert load(write_csv(tmp_path / "t.csv", table), None, ignore=["class"]).class_names == ("a", "b", "c")


def test_a_test_file_may_lack_the_ignored_columns(tmp_path):
    write_csv(tmp_path / "train.csv", with_ids())
    write_csv(tmp_path / "test.csv", columns((2, 2, 2), seed=1))
    assert load("train.csv", tmp_path, test="test.csv", ignore=["id"]).test.x.shape == (6, 4, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ignore": ["idd"]}, r"data\.ignore = 'idd': no such column\. Columns: .* Did you mean \"id\"\?"),
        ({"columns": ["t0", "T1"]}, r"data\.columns = 'T1': no such column.*Did you mean \"t1\"\?"),
        ({"ignore": ["label"], "label": "label"}, r'data\.ignore = \["label"\]: "label" is the column of data\.label'),
        ({"columns": ["t0", "t1"], "group": "t1"}, r'data\.columns = .*: "t1" is the column of data\.group'),
        ({"ignore": ["id", "t0", "t1", "t2", "t3"]}, "no columns are left"),
    ],
)
def test_column_lists_that_do_not_fit_the_table_are_refused(tmp_path, options, message):
    write_csv(tmp_path / "t.csv", with_ids())
    with pytest.raises(DataError, match=rf"t\.csv: {message}"):
        load("t.csv", tmp_path, **options)


SERIES: dict[str, list[Any]] = {"day": ["mon", "tue", "wed"], "a": [1, 2, 3], "b": [4, 5, 6], "y": [7, 8, 9]}


@pytest.mark.parametrize(
    ("options", "names", "notes"),
    [
        ({"ignore": ["day", "a"]}, ("b", "y"), ()),
        ({"columns": ["b", "y"]}, ("b", "y"), ()),
        ({"columns": ["b"]}, ("b", "y"), ('the target "y" is an input beside data.columns.',)),
    ],
)
def test_columns_of_a_series_are_its_inputs(tmp_path, options, names, notes):
    path = write_csv(tmp_path / "s.csv", SERIES)
    series = load(path, None, target="y", split="chronological", **options)
    assert (series.names, series.names[series.target], series.notes) == (names, "y", notes)


def test_the_target_of_a_series_cannot_be_ignored(tmp_path):
    path = write_csv(tmp_path / "s.csv", SERIES)
    with pytest.raises(DataError, match=r'data\.ignore = \["y"\]: "y" is the column of data\.target'):
        load(path, None, target="y", split="chronological", ignore=["y"])


IDENTIFIERS = {
    "in order": {"n": list(range(52))},
    "named, shuffled": {"sample_id": np.random.default_rng(0).permutation(52).tolist()},
    "of pandas": {"Unnamed: 0": list(range(52))},
    "large": {"recordId": [900_000_000 + 7 * (row * 31 % 52) for row in range(52)]},
}


@pytest.mark.parametrize("case", IDENTIFIERS)
def test_a_row_identifier_among_the_time_steps_is_noted(tmp_path, case):
    table = {**IDENTIFIERS[case], **columns()}
    (name,) = IDENTIFIERS[case]
    note, *_ = prepared(write_csv(tmp_path / "t.csv", table), tmp_path).manifest.notes  # then one about its scale
    assert note == (
        f'column "{name}" looks like a row identifier and is used as time step 0. '
        f'Leave it out with data.ignore = ["{name}"].'
    )


def test_a_named_identifier_is_noted_at_any_step_and_beside_ignored_columns(tmp_path):
    table = {"day": ["mon"] * 52, **columns(), "id": list(range(52))}
    (note,) = load(write_csv(tmp_path / "t.csv", table), None, ignore=["day"]).notes
    assert note == (
        'column "id" looks like a row identifier and is used as time step 4. '
        'Leave it out with data.ignore = ["day", "id"].'
    )


NO_IDENTIFIERS = {
    "a measurement in order": {"n": [row + 0.5 for row in range(52)]},
    "integers in any order": {"n": np.random.default_rng(0).permutation(52).tolist()},
    "repeated integers": {"id": [row // 2 for row in range(52)]},
}


@pytest.mark.parametrize("case", NO_IDENTIFIERS)
def test_other_columns_are_not_noted_as_identifiers(tmp_path, case):
    assert load(write_csv(tmp_path / "t.csv", {**NO_IDENTIFIERS[case], **columns()}), None).notes == ()


def test_an_identifier_that_is_chosen_as_a_time_step_is_not_noted(tmp_path):
    assert load(write_csv(tmp_path / "t.csv", with_ids()), None, columns=["id", "t0"]).notes == ()


def with_users(users: int) -> dict[str, list]:
    return {"user": [f"u{row % users}" for row in range(90)], **columns((30, 30, 30))}


LEAK = (
    "rows of one group (user) are in several parts of the split: scores are optimistic for new groups. "
    'Use data.split = "grouped".'
)


def test_groups_in_several_parts_are_noted(tmp_path):
    path = write_csv(tmp_path / "t.csv", with_users(9))
    assert prepared(path, tmp_path, group="user").manifest.notes == (LEAK,)
    assert prepared(path, tmp_path, group="user", balance="oversample").manifest.notes == (LEAK,)
    assert prepared(path, tmp_path, group="user", split="grouped").manifest.notes == ()


def test_groups_of_one_row_each_are_not_noted(tmp_path):
    path = write_csv(tmp_path / "t.csv", with_users(90))
    assert prepared(path, tmp_path, group="user").manifest.notes == ()


def test_groups_of_texts_in_several_parts_are_noted(tmp_path):
    table: dict[str, list[Any]] = {
        "text": [f"w{row}" for row in range(90)],
        "label": ["a", "b"] * 45,
        "user": [row % 9 for row in range(90)],
    }
    notes = prepared(write_csv(tmp_path / "t.csv", table), tmp_path, text="text", group="user").manifest.notes
    assert LEAK in notes


def test_groups_of_an_npz_in_several_parts_are_noted(tmp_path):
    path = write_npz(tmp_path / "t.npz", columns((30, 30, 30)))
    with np.load(path) as arrays:
        np.savez(path, **arrays, group=np.arange(90) % 9)
    assert prepared(path, tmp_path).manifest.notes == (LEAK.replace("user", "group"),)


def test_the_catalogue_s_own_groups_are_not_noted(tmp_path):
    assert prepared("synthetic", tmp_path, max_rows=1000).manifest.notes == ()


@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_a_text_column_suggests_group_text_or_ignore(tmp_path, write):
    path = write(tmp_path / ("t.csv" if write is write_csv else "t.parquet"), with_users(9))
    with pytest.raises(DataError) as error:
        load(path, None)
    assert "row 1, column 'user': got 'u0', needs a number." in str(error.value)
    assert str(error.value).endswith(
        'If "user" is no time step, name it as data.group = "user" or data.text = "user", or leave it out with '
        'data.ignore = ["user"].'
    )


def test_a_bad_input_of_a_series_may_be_ignored(tmp_path):
    table = {**SERIES, "a": [1, "?", 3]}
    with pytest.raises(DataError, match=r"row 2, column 'a': got '\?', needs a number\..*data\.ignore = \[\"a\"\]"):
        load(write_csv(tmp_path / "s.csv", table), None, target="y", split="chronological")


@pytest.mark.parametrize(("separator", "plural"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_is_named_with_the_conversion(tmp_path, separator, plural):
    path = write_csv(tmp_path / "t.csv", columns())
    path.write_text(path.read_text().replace(",", separator))
    with pytest.raises(
        DataError, match=rf"separated by {plural}; .*Convert it: pandas\.read_csv\(\"t\.csv\", sep="
    ) as error:
        load(path, None)
    assert '.to_csv("t-commas.csv", index=False)' in str(error.value)
    assert ('decimal=","' in str(error.value)) == (separator == ";")


def test_a_wide_header_is_not_taken_for_another_separator(tmp_path):
    table: dict[str, list[Any]] = {**{f"step;{step:05}": [step, 1] for step in range(20_000)}, "label": ["a", "b"]}
    assert load(write_csv(tmp_path / "t.csv", table), None).rows.x.shape[1] == 20_000


@pytest.mark.parametrize("first", ["0.5,0.25,1", "1,2,4"])
def test_a_first_line_of_numbers_is_a_missing_header(tmp_path, first):
    (tmp_path / "t.csv").write_text(f"{first}\n0.1,0.2,0\n")
    with pytest.raises(DataError, match=r"t\.csv: the first line holds only numbers .* the header is missing"):
        load("t.csv", tmp_path)


def test_a_first_line_of_numbers_and_a_text_label_asks_for_the_header(tmp_path):
    (tmp_path / "t.csv").write_text("0.5,0.25,N\n0.1,0.2,V\n")
    with pytest.raises(DataError, match=r"no label column\. .*Is the header missing\?"):
        load("t.csv", tmp_path)


def test_columns_numbered_by_pandas_are_a_header(tmp_path):
    (tmp_path / "t.csv").write_text("0,1,2\n0.1,0.2,a\n0.3,0.4,b\n")
    assert load("t.csv", tmp_path, label="2").class_names == ("a", "b")


def test_a_label_column_by_another_spelling_is_suggested(tmp_path):
    (tmp_path / "t.csv").write_text("t0,Labels\n0.1,a\n0.3,b\n")
    with pytest.raises(DataError, match=r'Did you mean data\.label = "Labels"\?'):
        load("t.csv", tmp_path)


def one_column(path, lines: bytes, **options):
    path.write_bytes(lines)
    return read_columns(path, numbers=["y"], **options)[0][:, 0].tolist()


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_blank_line_in_a_file_of_one_column_is_a_missing_value(tmp_path, end):
    for lines, line in (([b"y", b"1", b"2", b"", b"3"], 4), ([b"y", b"", b"", b"3", b""], 2)):
        with pytest.raises(DataError, match=rf"s\.csv: line {line} is blank, and values follow: a missing value"):
            one_column(tmp_path / "s.csv", end.join(lines))
    for tail in ([], [b""], [b"", b"", b""]):
        assert one_column(tmp_path / "s.csv", end.join([b"y", b"1", b"2", *tail])) == [1, 2]


def test_blank_lines_of_a_file_with_several_columns_are_no_rows(tmp_path):
    assert one_column(tmp_path / "s.csv", b"y,x\n1,2\n\n3,4\n") == [1, 3]


def test_texts_of_one_column_keep_their_lines(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('text\n"one\n\nvalue"\nit\'s 5" wide\n"a ""b""\n\n"" c"\nlast\n\n', encoding="utf-8")
    assert read_texts(path, "text", [])[0] == ["one\n\nvalue", "it's 5\" wide", 'a "b"\n\n" c', "last"]
    path.write_text('text\n"one\n\nvalue"\n\nlast\n', encoding="utf-8")
    with pytest.raises(DataError, match="line 5 is blank"):
        read_texts(path, "text", [])
