"""The same DataConfig gives the same arrays, prepared once; balancing touches the training part alone."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from data_factories import columns, config, write_csv, write_npz

from data.errors import DataError
from data.manifest import ArrayFile, identity
from data.prepare import Prepared, prepare
from data.prepared import open_arrays, open_test

PREPARE = """
import json, sys
from pathlib import Path
from data.config import DataConfig
from data.prepare import prepare
config = DataConfig.model_validate_json(sys.argv[1])
print(prepare(config, datasets=None, store=Path(sys.argv[2])).manifest.model_dump_json())
"""


@pytest.fixture
def mine(tmp_path) -> Path:
    return write_csv(tmp_path / "mine.csv", columns((60, 30, 25)))


def prepared(dataset, tmp_path, *, store="store", **changes) -> Prepared:
    return prepare(config(str(dataset), **changes), datasets=None, store=tmp_path / store)


def sequences(part) -> set[bytes]:
    return {row.tobytes() for row in part.x}


def test_a_fresh_process_prepares_the_same_bytes(tmp_path, mine):
    here = prepared(mine, tmp_path, balance="smote")
    arguments = [config(str(mine), balance="smote").model_dump_json(), str(tmp_path / "other")]
    run = subprocess.run([sys.executable, "-c", PREPARE, *arguments], capture_output=True, text=True, check=True)
    there = type(here.manifest).model_validate_json(run.stdout)
    assert there.arrays == here.manifest.arrays
    assert (there.sha256, there.test_sha256) == (here.sha256, here.manifest.test_sha256)


def test_a_second_call_finds_it_and_loads_nothing(tmp_path, mine):
    first = prepared(mine, tmp_path)
    lines: list[str] = []
    again = prepare(config(str(mine)), datasets=None, store=tmp_path / "store", progress=lines.append)
    assert not first.reused
    assert again.reused
    assert [line.split(": ")[1] for line in lines] == ["hashing mine.csv"]
    assert again.manifest == first.manifest


def test_a_table_that_moved_is_found_again(tmp_path, mine):
    first = prepared(mine, tmp_path)
    moved = mine.rename(tmp_path / "renamed.csv")
    assert prepared(moved, tmp_path).directory == first.directory


def test_a_changed_table_is_prepared_anew(tmp_path, mine):
    first = prepared(mine, tmp_path)
    write_csv(mine, columns((60, 30, 25), seed=5))
    assert prepared(mine, tmp_path).sha256 != first.sha256


def test_the_hash_is_of_the_content_not_of_the_file_format(tmp_path, mine):
    as_npz = write_npz(tmp_path / "mine.npz", columns((60, 30, 25)))
    assert prepared(mine, tmp_path).sha256 == prepared(as_npz, tmp_path).sha256


@pytest.mark.parametrize("change", [{"split_seed": 3}, {"valid_fraction": 0.3}, {"balance": "weighted"}])
def test_another_split_or_balance_is_another_hash(tmp_path, mine, change):
    assert prepared(mine, tmp_path).sha256 != prepared(mine, tmp_path, **change).sha256


def test_other_class_names_are_another_hash(tmp_path, mine):
    other = write_csv(tmp_path / "other.csv", columns((60, 30, 25), names="xyz"))
    assert prepared(mine, tmp_path).sha256 != prepared(other, tmp_path).sha256


UNUSED = [
    {"balance_seed": 9},
    {"smote_neighbors": 2},
    {"majority_kept": 0.5},
    {"vocabulary": 9},
    {"max_length": 9},
    {"window": 9},
    {"horizon": 9},
]


@pytest.mark.parametrize("change", UNUSED)
def test_a_field_that_raw_does_not_look_at_changes_nothing(tmp_path, mine, change):
    prepared(mine, tmp_path)
    assert prepared(mine, tmp_path, **change).reused


def test_the_hash_of_sequences_is_that_of_the_first_version():
    """Written down before there were texts and series: recorded trials name their data by it."""
    files = {"train_x": ArrayFile(sha256="1", bytes=2)}
    assert identity(("a", "b"), files, ["train_x"]).startswith("6e5096b23b917bf92b1cb3e3")


def test_what_is_opened_is_the_split_of_the_table(tmp_path, mine):
    ready = prepared(mine, tmp_path)
    arrays, test = open_arrays(ready.directory), open_test(ready.directory)
    assert (arrays.steps, arrays.channels, arrays.class_names) == (4, 1, ("a", "b", "c"))
    assert [len(part.y) for part in (arrays.train, arrays.valid, test)] == [69, 23, 23]
    assert sequences(arrays.train) | sequences(arrays.valid) | sequences(test) == {
        np.array(row, dtype=np.float32).tobytes()
        for row in zip(*[values for name, values in columns((60, 30, 25)).items() if name != "label"], strict=True)
    }
    assert arrays.order.tolist() == list(range(69))
    assert arrays.class_weights is None
    assert arrays.sha256 == ready.sha256


def test_what_is_opened_cannot_be_written_to(tmp_path, mine):
    with pytest.raises(ValueError, match="read-only"):
        open_arrays(prepared(mine, tmp_path).directory).train.x[0] = 1.0


@pytest.mark.parametrize("balance", ["oversample", "semi-oversample", "smote", "weighted"])
def test_a_balance_leaves_validation_and_test_untouched(tmp_path, mine, balance):
    raw, balanced = prepared(mine, tmp_path), prepared(mine, tmp_path, balance=balance)
    before, after = open_arrays(raw.directory), open_arrays(balanced.directory)
    assert after.valid.x.tobytes() == before.valid.x.tobytes()
    assert after.valid.y.tolist() == before.valid.y.tolist()
    assert open_test(balanced.directory).x.tobytes() == open_test(raw.directory).x.tobytes()
    assert balanced.manifest.test_sha256 == raw.manifest.test_sha256


@pytest.mark.parametrize("balance", ["raw", "oversample", "semi-oversample", "weighted"])
def test_all_but_smote_train_on_the_training_rows_alone(tmp_path, mine, balance):
    raw = open_arrays(prepared(mine, tmp_path).directory)
    balanced = open_arrays(prepared(mine, tmp_path, balance=balance).directory)
    epoch = {row.tobytes() for row in balanced.train.x[balanced.order]}
    assert epoch <= sequences(raw.train)


@pytest.mark.parametrize("first", ["oversample", "semi-oversample", "smote", "weighted"])
def test_raw_is_the_same_whichever_balance_was_prepared_first(tmp_path, mine, first):
    alone = prepared(mine, tmp_path, store="alone")
    prepared(mine, tmp_path, balance=first)
    assert prepared(mine, tmp_path).manifest.arrays == alone.manifest.arrays


def test_smote_adds_rows_after_the_training_rows(tmp_path, mine):
    raw, ready = open_arrays(prepared(mine, tmp_path).directory), prepared(mine, tmp_path, balance="smote")
    smote = open_arrays(ready.directory)
    assert smote.train.x[: len(raw.train.y)].tobytes() == raw.train.x.tobytes()
    assert np.bincount(smote.train.y).tolist() == [36, 36, 36]
    assert ready.manifest.counts.epoch == {"a": 36, "b": 36, "c": 36}
    assert smote.order.tolist() == list(range(108))


def test_weights_are_those_of_the_training_part(tmp_path, mine):
    weights = open_arrays(prepared(mine, tmp_path, balance="weighted").directory).class_weights
    np.testing.assert_allclose(weights, 69 / (3 * np.array([36, 18, 15])), rtol=1e-6)


def test_what_a_balance_does_not_change_is_on_disk_once(tmp_path, mine):
    raw, balanced = prepared(mine, tmp_path), prepared(mine, tmp_path, balance="oversample")
    for name in ("train_x.npy", "valid_x.npy", "test_x.npy"):
        assert (raw.directory / name).samefile(balanced.directory / name)


def test_counts_are_of_every_part_and_of_an_epoch(tmp_path, mine):
    counts = prepared(mine, tmp_path, balance="oversample").manifest.counts
    assert counts.train == {"a": 36, "b": 18, "c": 15}
    assert counts.valid == counts.test == {"a": 12, "b": 6, "c": 5}
    assert counts.epoch == {"a": 36, "b": 36, "c": 36}


def test_duplicates_are_dropped_before_the_split_and_noted(tmp_path):
    table = columns((60, 30, 25))
    twice = {name: values + values[:10] for name, values in table.items()}
    ready = prepared(write_csv(tmp_path / "t.csv", twice), tmp_path)
    assert ready.manifest.notes == ("10 of 125 rows equal an earlier one; dropped (data.duplicates).",)
    assert sum(map(len, map(sequences, parts_of(ready)))) == 115


def test_kept_duplicates_are_flagged_where_they_cross_the_split(tmp_path):
    table = columns((30, 30, 30))
    twice = {name: values * 2 for name, values in table.items()}
    ready = prepared(write_csv(tmp_path / "t.csv", twice), tmp_path, duplicates="keep")
    train, valid, test = parts_of(ready)
    in_valid = sum(row.tobytes() in sequences(train) for row in valid.x)
    in_test = sum(row.tobytes() in sequences(train) for row in test.x)
    assert ready.manifest.notes == (
        "90 of 180 rows equal an earlier one; kept (data.duplicates).",
        f"{in_valid} of 36 validation rows also occur in training: scores are optimistic.",
        f"{in_test} of 36 test rows also occur in training: scores are optimistic.",
    )


def test_equal_sequences_of_two_classes_are_noted(tmp_path):
    table = columns((30, 30, 30))
    twice = {name: [*values, values[0] if name != "label" else "b"] for name, values in table.items()}
    notes = prepared(write_csv(tmp_path / "t.csv", twice), tmp_path).manifest.notes
    assert notes[1] == "1 sequence occurs with more than one class."


def test_test_rows_that_also_occur_in_training_are_counted(tmp_path, mine):
    table = columns((60, 30, 25))
    write_csv(tmp_path / "test.csv", {name: values[:40] for name, values in table.items()})
    ready = prepared(mine, tmp_path, test=str(tmp_path / "test.csv"))
    known = sequences(open_arrays(ready.directory).train)
    shared = sum(row.tobytes() in known for row in open_test(ready.directory).x)
    assert ready.manifest.notes == (
        f"{shared} of 40 test rows also occur in training: scores are optimistic.",
        "the test part has no rows of class b.",
        "the test part has no rows of class c.",
    )


def test_an_official_test_part_stays_whole_when_rows_are_sampled(tmp_path, mine):
    test = write_csv(tmp_path / "test.csv", columns((20, 20, 20), seed=4))
    ready = prepared(mine, tmp_path, test=str(test), max_rows=50)
    assert [len(part.y) for part in parts_of(ready)] == [40, 10, 60]


def test_the_source_file_is_recorded_by_name_and_hash(tmp_path, mine):
    import hashlib

    (source,) = prepared(mine, tmp_path).manifest.sources
    assert source.name == "mine.csv"
    assert source.sha256 == hashlib.sha256(mine.read_bytes()).hexdigest()


def test_progress_says_what_is_done(tmp_path, mine):
    lines: list[str] = []
    prepare(config(str(mine), balance="smote"), datasets=None, store=tmp_path, progress=lines.append)
    assert [line.rsplit(": ", 1)[1].split()[0] for line in lines] == [
        "hashing",
        "reading",
        "splitting",
        "writing",
        "SMOTE,",
    ]


def test_smote_on_a_class_without_neighbours_is_refused_and_leaves_no_entry_of_it(tmp_path):
    path = write_csv(tmp_path / "t.csv", columns((60, 30, 8)))
    with pytest.raises(DataError, match=r"class c has 4 training rows; SMOTE with k_neighbors=5 needs at least 6"):
        prepared(path, tmp_path, balance="smote")
    assert [entry.name.split("-")[0] for entry in (tmp_path / "store").iterdir()] == ["raw"]


def test_a_worker_that_opens_arrays_imports_no_library_of_preparation(tmp_path, mine):
    code = (
        "import sys; from pathlib import Path; from data.prepared import open_arrays; open_arrays(Path(sys.argv[1]));"
        "print({'pandas', 'sklearn', 'imblearn', 'pyarrow', 'scipy', 'torch'} & set(sys.modules))"
    )
    directory = str(prepared(mine, tmp_path).directory)
    run = subprocess.run([sys.executable, "-c", code, directory], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def parts_of(ready: Prepared):
    arrays = open_arrays(ready.directory)
    return arrays.train, arrays.valid, open_test(ready.directory)
