"""Groups and labels that are probably one, written in several ways, are noted, and change no array."""

from typing import Any

import numpy as np
import pytest
from data_factories import columns, config, write_csv, write_parquet

from data.manifest import Manifest
from data.prepare import prepare
from data.spellings import group_spelling_notes


def manifest(tmp_path, table: dict[str, list[Any]], *, write=write_csv, suffix: str = "csv", **changes) -> Manifest:
    path = write(tmp_path / f"t.{suffix}", table)
    options = {"group": "patient", "split": "grouped"} | changes
    return prepare(config(str(path), **options), datasets=None, store=tmp_path / "store").manifest


def patients(spelled: dict[int, str]) -> dict[str, list[Any]]:
    """90 rows of ten patients; those of some rows are written in another way."""
    return {"patient": [spelled.get(row, str(row % 10)) for row in range(90)], **columns((30, 30, 30))}


@pytest.mark.parametrize(
    ("one", "other"), [("7", "7.0"), ("p1", "p1 "), ("P1", "p1"), ("07", "7"), ("100", "1e2"), ("STRASSE", "Straße")]
)
def test_the_same_group_in_two_spellings_is_noted_with_an_example(one, other):
    (note,) = group_spelling_notes([other, one, "x", one], "patient")
    assert note.startswith(
        "3 groups (patient) are 2 if spaces, case or the form of a number do not count, for example "
        f'"{one}" and "{other}".'
    )


@pytest.mark.parametrize("groups", [(7, 7.5), ("a", "b"), ("nan", "inf"), ("1_0", "10")])
def test_different_groups_are_not_noted(groups):
    assert group_spelling_notes(groups, "patient") == ()


def test_long_numbers_are_compared_exactly():
    assert group_spelling_notes(["9007199254740992", "9007199254740993"], "patient") == ()


@pytest.mark.parametrize(("write", "suffix"), [(write_csv, "csv"), (write_parquet, "parquet")])
def test_groups_of_a_table_are_noted(tmp_path, write, suffix):
    (note,) = manifest(tmp_path, patients({17: "7.0", 27: "7 "}), write=write, suffix=suffix).notes
    assert note.startswith("12 groups (patient) are 10 if")
    (tmp_path / "plain").mkdir()
    assert manifest(tmp_path / "plain", patients({}), write=write, suffix=suffix).notes == ()


def test_groups_of_texts_are_noted(tmp_path):
    table = {"text": [f"word{row}" for row in range(90)], **patients({17: "7.0"})}
    assert any(
        note.startswith("11 groups (patient) are 10 if") for note in manifest(tmp_path, table, text="text").notes
    )


@pytest.mark.parametrize("changes", [{}, {"group": None, "segment": {"length": 3}, "ignore": ["patient"]}])
def test_groups_of_long_tables_are_noted(tmp_path, changes):
    ids = [row // 3 for row in range(180)]
    table = {
        "patient": [f"p{number % 10}" for number in ids],
        "id": [f"s{number}" for number in ids],
        "x": np.random.default_rng(0).normal(size=180).tolist(),
        "label": ["abc"[number // 10 % 3] for number in ids],
    }
    changed = "id" if changes else "patient"
    table[changed][:3] = [f"{table[changed][3 * 10]} "] * 3
    notes = manifest(tmp_path, table, sequence="id", **changes).notes
    assert any(f"groups ({changed}) are" in note for note in notes)


@pytest.mark.parametrize(
    "changes", [{"ignore": ["id", "text"]}, {"text": "text"}, {"sequence": "id", "ignore": ["text"]}]
)
def test_labels_with_spaces_are_noted(tmp_path, changes):
    ids, words = [row // 2 for row in range(104)], [f"word{row}" for row in range(104)]
    table: dict[str, list[Any]] = {"id": ids, "text": words, **columns((60, 44))}
    table["label"] = [f" {label}" if row < 12 else label for row, label in enumerate(table["label"])]
    found = manifest(tmp_path, table, group=None, split="stratified", **changes)
    assert found.class_names == (" a", "a", "b")
    note = '3 labels are 2 if spaces do not count, for example " a" and "a". If they are the same, write them alike: '
    assert any(one.startswith(note) for one in found.notes)
