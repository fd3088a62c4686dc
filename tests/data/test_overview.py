"""What is told about a data set agrees with its arrays, and with the split that a launch would prepare."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_factories import columns, write_csv

from data.config import DataOptions
from data.errors import DataError
from data.findings import Finding
from data.inspection import Inspection, inspect
from data.prepare import prepare


def inspected(path: Path | str, datasets: Path | None = None, **options: Any) -> Inspection:
    return inspect(DataOptions(dataset=str(path), **options), datasets, split_seed=1)


def npz(path: Path, x: Any, y: Any, **more: Any) -> Path:
    np.savez(path, x=x, y=y, **more)
    return path


def topics(seen: Inspection) -> list[str]:
    return [finding.topic for finding in seen.findings]


def only(seen: Inspection, topic: str) -> Finding:
    (found,) = [finding for finding in seen.findings if finding.topic == topic]
    return found


def check_parts(seen: Inspection, tmp_path: Path) -> None:
    """The parts are those that a launch prepares."""
    counts = prepare(seen.opened.config, datasets=None, store=tmp_path / "store").manifest.counts
    prepared = {"training": counts.train, "validation": counts.valid, "test": counts.test}
    assert {part: {one.name: one.parts[part] for one in seen.overview.classes} for part in prepared} == prepared


def test_parts_are_those_that_a_launch_prepares(tmp_path):
    check_parts(inspected(write_csv(tmp_path / "x.csv", columns((60, 30, 25)))), tmp_path)


def test_grouped_parts_are_those_that_a_launch_prepares(tmp_path):
    table = {"patient": [f"p{row % 12}" for row in range(120)], **columns((60, 60))}
    seen = inspected(write_csv(tmp_path / "x.csv", table), group="patient")
    assert (seen.overview.parts.method, seen.overview.groups.count) == ("grouped", 12)
    assert seen.overview.groups.rows.median == 10
    check_parts(seen, tmp_path)


def test_an_official_test_part_is_counted_apart(tmp_path):
    train, test = (write_csv(tmp_path / f"{name}.csv", columns((30, 20), seed=seed)) for seed, name in enumerate("ab"))
    seen = inspected(train, test=str(test))
    assert seen.overview.parts.official_test
    assert seen.overview.parts.rows == {"training": 40, "validation": 10, "test": 50}


def test_channels_are_those_of_numpy_without_padding(tmp_path):
    rng = np.random.default_rng(0)
    x, lengths = rng.normal(3, 2, size=(5000, 9, 2)), rng.integers(1, 10, 5000)
    inside = np.arange(9) < lengths[:, None]
    seen = inspected(npz(tmp_path / "x.npz", np.where(inside[:, :, None], x, 99), np.arange(5000) % 2, lengths=lengths))
    for c, channel in enumerate(seen.overview.channels):
        values = x[inside][:, c]
        found = (channel.smallest, channel.largest, channel.mean, channel.std)
        assert found == pytest.approx((values.min(), values.max(), values.mean(), values.std()), rel=1e-5)
    assert (seen.overview.lengths.smallest, seen.overview.lengths.largest) == (1, 9)


def test_duplicates_with_contradicting_labels_are_counted(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 8))
    x[1], x[2] = x[0], x[0]
    seen = inspected(npz(tmp_path / "x.npz", x, np.arange(60) % 2))
    assert (seen.overview.duplicates.rows, seen.overview.duplicates.conflicts) == (2, 1)
    assert "more than one class" in only(seen, "duplicates").text


def test_constant_sequences_channels_and_zeros_at_the_end_are_found(tmp_path):
    x = np.random.default_rng(0).normal(size=(200, 20, 2))
    x[:, :, 1], x[5] = 4.0, 4.0
    x[10:, 15:] = 0.0
    x[:, :, 1] = 4.0
    seen = inspected(npz(tmp_path / "x.npz", x, np.arange(200) % 2))
    assert [channel.constant for channel in seen.overview.channels] == [False, True]
    assert seen.overview.constant_rows == 1
    tails = inspected(npz(tmp_path / "y.npz", x[:, :, :1], np.arange(200) % 2))
    assert (tails.overview.zero_tails.rows, tails.overview.zero_tails.median) == (190, 5)
    assert any("end with zeros" in finding.text for finding in tails.findings)


@pytest.mark.parametrize(
    ("scale", "shift", "far"), [(1, 0, False), (800, 32_768, True), (1e-3, 0, True), (1, 50, True)]
)
def test_raw_units_are_found(tmp_path, scale, shift, far):
    x = np.random.default_rng(0).normal(size=(300, 8)) * scale + shift
    assert ("scale" in topics(inspected(npz(tmp_path / "x.npz", x, np.arange(300) % 2)))) is far


def test_raw_units_that_a_campaign_scales_are_not_found(tmp_path):
    x = np.random.default_rng(0).normal(size=(300, 8)) * 800 + 32_768
    path = npz(tmp_path / "x.npz", x, np.arange(300) % 2)
    assert "scale" not in topics(inspected(path, scale="standard"))


def test_a_channel_that_dominates_is_found(tmp_path):
    x = np.random.default_rng(0).normal(size=(300, 8, 3)) * [0.3, 0.5, 9]
    found = only(inspected(npz(tmp_path / "x.npz", x, np.arange(300) % 2)), "scale")
    assert found.text.startswith("One channel dominates: channel 3 varies 18 times as much as the next, channel 2")


def test_imbalance_and_rare_classes_are_found(tmp_path):
    seen = inspected(write_csv(tmp_path / "x.csv", columns((900, 90, 10), steps=8)))
    rare, imbalanced = (finding.text for finding in seen.findings if finding.topic == "classes")
    assert rare == "Classes with fewer than 5 validation rows: c; one row of class c changes recall_macro by 0.17."
    assert imbalanced.startswith("Imbalanced: a has 90 times the rows of c; always answering a has an accuracy of 0.90")


def test_a_split_that_is_not_possible_is_a_finding(tmp_path):
    seen = inspected(write_csv(tmp_path / "x.csv", columns((60, 60, 2), steps=8)))
    assert seen.error is None
    assert "class c has 2 rows" in seen.overview.parts.fault
    assert only(seen, "split").text.endswith(seen.overview.parts.fault)
    assert seen.overview.classes[2].parts == {}


def test_balanced_data_of_unit_scale_has_no_findings(tmp_path):
    assert inspected(write_csv(tmp_path / "x.csv", columns((400, 400), steps=8))).findings == ()


def test_rows_that_cannot_be_loaded_leave_the_columns(tmp_path):
    table = columns()
    table["t1"][4] = ""
    seen = inspected(write_csv(tmp_path / "x.csv", table))
    assert "row 5, column 't1'" in str(seen.error)
    assert {one.name: one.missing for one in seen.columns}["t1"] == 1
    assert seen.overview is None


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        inspected(tmp_path / "x.csv")


def test_a_series_has_forecasts_in_each_part():
    seen = inspected("mackey-glass")
    assert seen.overview.parts.rows == {"training": 2368, "validation": 800, "test": 800}
    assert seen.overview.channels[0].name == "x"


@pytest.mark.datasets
def test_real_texts(datasets):
    seen = inspected(datasets / "bbc/bbc-text.csv")
    assert (seen.keys["text"], seen.keys["label"]) == ("text", "category")
    assert (seen.overview.rows, seen.overview.duplicates.rows) == (2225, 103)
    assert seen.overview.words.long == 2224


@pytest.mark.datasets
def test_real_gestures(datasets):
    seen = inspected("gestures", datasets)
    assert (seen.overview.groups.count, seen.overview.groups.classes.smallest) == (8, 20)
    assert (seen.overview.duplicates.rows, seen.overview.duplicates.conflicts) == (1, 1)
    assert {"duplicates", "groups"} <= set(topics(seen))
