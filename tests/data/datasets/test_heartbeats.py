"""Heartbeats are found in three layouts and are the same in each."""

import numpy as np
import pytest
from data_factories import beats, config, records, write_parquet

from data.catalogue import describe, resolve
from data.config import DataOptions
from data.datasets.heartbeats import find, load
from data.errors import DataError
from data.prepare import prepare
from data.rows import Rows

STRATIFIED = DataOptions(dataset="heartbeats")
GROUPED = DataOptions(dataset="heartbeats", split="grouped")
LAYOUTS = ("parquet", "csv", "parq")


def loaded(folder, options=STRATIFIED) -> Rows:
    return load(options, find(options, folder))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("subfolder", [".", "mitbih_heartbeat"])
def test_every_layout_is_found_and_gives_the_same_rows(tmp_path, layout, subfolder):
    beats(tmp_path / subfolder, layout)
    rows = loaded(tmp_path)
    expected = np.random.default_rng(0).random((30, 188)).astype(np.float32)[:, :187]
    assert rows.rows.x[:, :, 0].tobytes() == expected.tobytes()
    assert rows.rows.y.tolist() == [row % 5 for row in range(30)]
    assert rows.test.x.shape == (30, 187, 1)
    assert rows.class_names == ("N", "S", "V", "F", "Q")


def test_every_layout_prepares_to_the_same_hash(tmp_path):
    hashes = set()
    for layout in LAYOUTS:
        folder = beats(tmp_path / layout, layout)
        prepared = prepare(config("heartbeats"), datasets=folder, store=tmp_path / "store" / layout)
        hashes.add((prepared.sha256, prepared.manifest.test_sha256))
    assert len(hashes) == 1


def test_a_grouped_split_pools_the_official_parts_by_patient(tmp_path):
    records(beats(tmp_path, "parquet"))
    rows = loaded(tmp_path, GROUPED)
    assert len(rows.rows.y) == 60
    assert rows.test is None
    assert sorted(set(rows.groups.tolist())) == [100, 101, 103, 105, 201]  # 202 is the patient of 201


def test_a_grouped_split_without_records_says_which_file_is_needed(tmp_path):
    beats(tmp_path, "csv")
    with pytest.raises(DataError, match=r"patient.*mitbih_train_meta\.parquet does not exist"):
        loaded(tmp_path, GROUPED)


def test_records_of_other_rows_are_refused(tmp_path):
    records(beats(tmp_path, "parquet"), rows=20)
    with pytest.raises(DataError, match=r"mitbih_train_meta\.parquet: 20 rows; .* has 30"):
        loaded(tmp_path, GROUPED)


def test_an_empty_folder_says_where_it_looked_for_what(tmp_path):
    with pytest.raises(DataError) as error:
        find(STRATIFIED, tmp_path)
    for word in (str(tmp_path / "mitbih_heartbeat"), "mitbih_train.csv", "heart_big_test.parq"):
        assert word in str(error.value)


def test_no_folder_says_how_to_name_one():
    with pytest.raises(DataError, match="SEQTUNE_DATASETS"):
        find(STRATIFIED, None)


def test_half_of_a_layout_is_refused(tmp_path):
    beats(tmp_path, "csv")
    (tmp_path / "mitbih_test.csv").unlink()
    with pytest.raises(DataError, match=r"mitbih_test\.csv is missing beside"):
        find(STRATIFIED, tmp_path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_another_number_of_columns_is_refused(tmp_path, layout):
    beats(tmp_path, layout, width=187)
    with pytest.raises(DataError, match=r"train\.\w+: 187 columns; needs 188"):
        loaded(tmp_path)


def test_an_unknown_class_says_its_row(tmp_path):
    beats(tmp_path, "parquet")
    table = {str(step): np.ones(2, dtype=np.float32) for step in range(187)}
    write_parquet(tmp_path / "mitbih_train.parquet", {**table, "target": [0.0, 7.0]})
    with pytest.raises(DataError, match=r"mitbih_train\.parquet: row 2 has the label '7'.*0, 1, 2, 3, 4"):
        loaded(tmp_path)


def test_the_list_of_data_sets_says_what_was_found_where(tmp_path):
    beats(tmp_path, "csv")
    found = {line.name: line for line in describe(tmp_path)}
    assert found["heartbeats"].found
    assert str(tmp_path / "mitbih_train.csv") in found["heartbeats"].where
    assert found["synthetic"].where == "built in"
    assert not {line.name: line for line in describe(tmp_path / "none")}["heartbeats"].found


@pytest.mark.datasets
def test_the_real_beats_have_the_published_class_counts(datasets):
    rows = loaded(datasets)
    assert np.bincount(rows.rows.y).tolist() == [72471, 2223, 5788, 641, 6431]
    assert np.bincount(rows.test.y).tolist() == [18118, 556, 1448, 162, 1608]


@pytest.mark.datasets
def test_a_real_slice_prepares_to_the_same_hash_from_every_layout(datasets, tmp_path):
    """Every 40th row, written as Kaggle writes its CSV, and as the two Parquet layouts."""
    from pyarrow import parquet

    hashes = set()
    slices = {}
    for name in ("train", "test"):
        table = parquet.read_table(datasets / "mitbih_heartbeat" / f"mitbih_{name}.parquet")
        slices[name] = table.take(list(range(0, table.num_rows, 40)))
    for layout in LAYOUTS:
        folder = tmp_path / layout
        folder.mkdir()
        for name, table in slices.items():
            if layout == "csv":
                values = np.column_stack([column.to_numpy() for column in table.columns])
                np.savetxt(folder / f"mitbih_{name}.csv", values, delimiter=",", fmt="%.18e")
            else:
                stem = f"mitbih_{name}.parquet" if layout == "parquet" else f"heart_big_{name}.parq"
                parquet.write_table(table, folder / stem)
        prepared = prepare(config("heartbeats", balance="smote"), datasets=folder, store=tmp_path / "store" / layout)
        hashes.add((prepared.sha256, prepared.manifest.test_sha256))
    assert len(hashes) == 1


@pytest.mark.datasets
def test_no_real_patient_is_in_two_parts(datasets):
    from data.split import split

    chosen = config("heartbeats", split="grouped")
    data_set = resolve(chosen)
    rows = data_set.load(chosen, data_set.find(chosen, datasets))
    parts = split(rows.rows.y.astype(np.int64), rows.groups, chosen, class_names=rows.class_names, official_test=False)
    patients = [set(rows.groups[part].tolist()) for part in (parts.train, parts.valid, parts.test)]
    assert sum(map(len, patients)) == len(set.union(*patients)) == 47
