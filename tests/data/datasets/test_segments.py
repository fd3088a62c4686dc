"""Labelled recordings are cut into windows, and no recording is in two parts of a split."""

from typing import Any

import numpy as np
import pytest
from data_factories import config, write_csv, write_parquet
from hypothesis import given
from hypothesis import strategies as st

from data import memory
from data.catalogue import resolve
from data.config import DataOptions, Segment
from data.datasets import gestures
from data.datasets.segments import window_labels, window_starts
from data.errors import DataError
from data.prepare import Prepared, prepare
from data.prepared import open_arrays, open_test
from tuning.campaign.config import CampaignData

LONG: dict[str, Any] = {"sequence": "id", "time": "t", "split": "grouped", "duplicates": "keep"}


def recordings(count: int = 12, steps: int = 40, *, switch: int = 20) -> dict[str, list[Any]]:
    """Recordings r0, r1, ...: label a, from step ``switch`` on b; channels: who, the recording's number, and when."""
    table: dict[str, list[Any]] = {"id": [], "t": [], "who": [], "when": [], "label": []}
    for number in range(count):
        for step in range(steps):
            for name, value in {
                "id": f"r{number}",
                "t": step,
                "who": number,
                "when": -step,
                "label": "a" if step < switch else "b",
            }.items():
                table[name].append(value)
    return table


def load(path, **options) -> Any:
    chosen = DataOptions(dataset=str(path), **{"sequence": "id", "time": "t", "split": "grouped", **options})
    data_set = resolve(chosen)
    return data_set.load(chosen, data_set.find(chosen, None))


def prepared(path, tmp_path, **changes) -> Prepared:
    return prepare(config(str(path), **{**LONG, **changes}), datasets=None, store=tmp_path / "store")


def parts_of(ready: Prepared):
    arrays = open_arrays(ready.directory)
    return arrays.train, arrays.valid, open_test(ready.directory)


@pytest.mark.parametrize("step", [1, 5, 10, 13])
def test_windows_of_a_recording_are_in_one_part(tmp_path, step):
    path = write_csv(tmp_path / "t.csv", recordings())
    ready = prepared(path, tmp_path, segment={"length": 10, "step": step})
    who = [part.x[:, :, 0] for part in parts_of(ready)]
    assert all((values == values[:, :1]).all() for values in who), "a window crosses two recordings"
    found = [{*values[:, 0].tolist()} for values in who]
    assert set.union(*found) == set(range(12))
    assert sum(map(len, found)) == 12
    assert sum(len(part.y) for part in parts_of(ready)) == 12 * len(range(0, 31, step))


def test_a_coarser_group_keeps_its_recordings_together(tmp_path):
    table = recordings(24)
    table["subject"] = [f"s{number // 2}" for number in table["who"]]
    path = write_csv(tmp_path / "t.csv", table)
    ready = prepared(path, tmp_path, segment={"length": 10, "step": 5}, group="subject", channels=["who"])
    subjects = [{*(part.x[:, 0, 0] // 2).tolist()} for part in parts_of(ready)]
    assert sum(map(len, subjects)) == len(set.union(*subjects)) == 12


@pytest.mark.datasets
def test_real_recordings_of_users_are_cut_within_their_bounds(tmp_path, datasets):
    """All gestures of a user, one after the other, with the gesture of each sample."""
    options = DataOptions(dataset="gestures")
    rows: Any = gestures.load(options, gestures.find(options, datasets))
    order = np.argsort(rows.groups, kind="stable")
    samples = [rows.rows.x[row, : rows.rows.lengths[row]] for row in order]
    per_row = rows.rows.lengths[order]
    values = np.concatenate(samples)
    user, gesture = np.repeat(rows.groups[order], per_row), np.repeat(rows.rows.y[order], per_row)
    table = {"user": user, "gesture": gesture, **{axis: values[:, k] for k, axis in enumerate("xyz")}}
    path = write_parquet(tmp_path / "t.parquet", table)
    own: dict[str, Any] = {"sequence": "user", "time": None, "label": "gesture", "segment": Segment(length=24, step=12)}
    loaded = load(path, **own)
    starts = [start for one in range(1, 9) for start in range(0, int((user == one).sum()) - 23, 12)]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(user)[1:])])
    first = [offsets[one] + start for one in range(8) for start in range(0, int((user == one + 1).sum()) - 23, 12)]
    assert len(starts) == len(first) == len(loaded.rows.y)
    for window, row in enumerate(first):
        assert loaded.rows.x[window].tobytes() == values[row : row + 24].tobytes()
        counts = np.bincount(gesture[row : row + 24], minlength=20)
        assert loaded.rows.y[window] == counts.argmax()
    ready = prepared(path, tmp_path, **{**own, "duplicates": "drop"})
    windows = [{row.tobytes() for row in part.x} for part in parts_of(ready)]
    whose = [{int(loaded.groups[k]) for k, row in enumerate(loaded.rows.x) if row.tobytes() in w} for w in windows]
    assert sum(map(len, whose)) == 8


@pytest.mark.parametrize(
    ("label", "kept", "labels"),
    [("majority", [0, 1, 2, 3], [0, 0, 1, 1]), ("last", [0, 1, 2, 3], [0, 1, 1, 1]), ("all", [0, 2, 3], [0, 1, 1])],
)
def test_the_label_of_a_window(label, kept, labels):
    """Windows of 4 at 0, 4, 6 and 8 of a a a a a a b b b b b b, of which the second has two of each."""
    first = np.array([0, 4, 6, 8])
    found = window_labels(np.repeat([0, 1], 6), first, Segment(length=4, label=label), "t.csv")
    assert (found[0].tolist(), found[1].tolist()) == (kept, labels)
    assert len(found[2]) == (label == "all")


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(1, 8), st.integers(1, 5))
def test_majority_is_that_of_a_count(labels, length, step):
    codes = np.array(labels)
    if len(codes) < length:
        with pytest.raises(DataError, match="longer than every recording"):
            window_starts(np.array([0]), np.array([len(codes)]), Segment(length=length, step=step), "t.csv")
        return
    first, _, _ = window_starts(np.array([0]), np.array([len(codes)]), Segment(length=length, step=step), "t.csv")
    assert first.tolist() == list(range(0, len(codes) - length + 1, step))
    _, majority, _ = window_labels(codes, first, Segment(length=length, label="majority"), "t.csv")
    _, last, _ = window_labels(codes, first, Segment(length=length, label="last"), "t.csv")
    windows = [codes[start : start + length] for start in first]
    assert majority.tolist() == [int(np.bincount(window).argmax()) for window in windows]
    assert last.tolist() == [int(window[-1]) for window in windows]
    one = [int(window[0]) for window in windows if len(set(window.tolist())) == 1]
    if one:
        assert window_labels(codes, first, Segment(length=length, label="all"), "t.csv")[1].tolist() == one
    else:
        with pytest.raises(DataError, match="has only one label"):
            window_labels(codes, first, Segment(length=length, label="all"), "t.csv")


def test_windows_follow_each_other_without_overlap_by_default(tmp_path):
    rows = load(write_csv(tmp_path / "t.csv", recordings()), segment={"length": 16})
    assert rows.rows.x[:2, :, 1].tolist() == [[-step for step in range(16)], [-step for step in range(16, 32)]]
    assert len(rows.rows.y) == 24


def test_short_recordings_and_windows_of_several_labels_are_noted(tmp_path):
    table = recordings()
    for step in range(5):
        for name, value in {"id": "short", "t": step, "who": 99, "when": step, "label": "a"}.items():
            table[name].append(value)
    rows = load(write_csv(tmp_path / "t.csv", table), segment={"length": 8, "label": "all"})
    assert rows.notes == (
        "1 of 13 recordings are shorter than a window of 8 steps and are left out.",
        "12 of 60 windows have several labels and are left out (data.segment.label).",
    )
    assert 99 not in rows.rows.x[:, :, 0]


def test_a_window_longer_than_every_recording_is_refused(tmp_path):
    path = write_csv(tmp_path / "t.csv", recordings())
    with pytest.raises(DataError, match=r"data\.segment\.length = 41: longer than every recording; the longest of 12"):
        load(path, segment={"length": 41})


def test_windows_of_one_recording_per_class_cannot_be_split(tmp_path):
    table = recordings(2)
    table["label"] = ["a" if number == 0 else "b" for number in table["who"]]
    path = write_csv(tmp_path / "t.csv", table)
    with pytest.raises(DataError, match=r"class a occurs in 1 of 2 recordings; .* at least 3\. Record more, or drop"):
        prepared(path, tmp_path, segment={"length": 10})


def test_a_stratified_split_of_windows_is_refused_with_the_reason():
    with pytest.raises(DataError, match=r'"stratified": not for t\.csv: windows of one recording .* "grouped"'):
        resolve(DataOptions(dataset="t.csv", sequence="id", segment=Segment(length=8)))


def test_the_split_of_windows_is_grouped_by_default():
    data: dict[str, Any] = {"dataset": "t.csv", "sequence": "id", "segment": {"length": 8}}
    before = CampaignData.model_validate(data, strict=True)
    assert before.split == "grouped"
    for exclude_defaults in (False, True):
        plain = before.model_dump(mode="json", exclude_defaults=exclude_defaults)
        assert CampaignData.model_validate(plain, strict=True) == before


def test_windows_are_refused_before_they_take_too_much_memory(tmp_path, monkeypatch):
    path = write_csv(tmp_path / "t.csv", recordings(4, 1000, switch=500))
    monkeypatch.setattr(memory, "machine_bytes", lambda: 10 * 2**20)
    with pytest.raises(DataError, match=r"t\.csv, 2,004 windows of 500 steps: takes 7\.6 MiB in memory"):
        load(path, segment={"length": 500, "step": 1})


def test_another_segment_is_another_key_and_hash(tmp_path):
    path = write_csv(tmp_path / "t.csv", recordings())
    cut = [{"length": 8}, {"length": 8, "step": 4}, {"length": 12}, {"length": 12, "label": "last"}]
    ready = [prepared(path, tmp_path, segment=segment) for segment in cut]
    assert len({one.directory for one in ready}) == len({one.sha256 for one in ready}) == 4
